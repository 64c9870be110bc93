"""Idempotency keys: the same write sent again is done once, and answered alike."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.identity import accounts
from engine.models import Case, Event, IdempotencyKey
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.requests import idempotency
from tests import factories, installed
from tests.installed import NOWHERE

Send = Callable[..., TestResponse]


@pytest.fixture
def app(database: Database) -> APIFlask:
    return installed.application(Settings.read({"DATABASE_URL": NOWHERE}), database)


@pytest.fixture
def send(app: APIFlask, database: Database) -> Send:
    """`send("/cases", {...}, key="k", name="a")`: a POST of that caseworker."""
    tokens: dict[str, str] = {}

    def post(path: str, body: Any = None, *, key: str | None = None, name: str = "worker") -> TestResponse:
        if name not in tokens:
            with database.transaction() as session:
                tokens[name] = accounts.create_token(session, datetime.now(UTC), name=name, role="caseworker")
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return app.test_client().post(
            f"/api/v1{path}", data=orjson.dumps(body or {}), content_type="application/json", headers=headers
        )

    post("/cases", {"definition": "none"})  # makes the account before any thread asks for it
    return post


def cases_of(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(Case)).one()


def keys_of(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(IdempotencyKey)).one()


START = {"definition": "p", "data": {"x": 1}}


def test_same_key_and_body_get_the_same_answer_and_one_case(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    first, second = (send("/cases", START, key="k") for _ in range(2))
    assert (second.status_code, second.data) == (201, first.data)
    for name in ("Location", "ETag", "Content-Type"):
        assert second.headers[name] == first.headers[name]
    assert cases_of(database) == 1


def test_answers_are_stored_for_a_day(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    send("/cases", START, key="k")
    for hours, gone in ((23, 0), (25, 1)):
        with database.transaction() as session:
            later = datetime.now(UTC) + timedelta(hours=hours)
            uow = UnitOfWork(session, accounts.system(session, later), later)
            assert idempotency.forget(uow) == gone


def test_digest_of_a_request_is_the_same_in_every_release(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    send("/cases", START, key="k")
    fingerprint = repr(
        ("POST", "/api/v1/cases?", [None, None], b'{"definition":"p","data":{"x":1}}')
    ).encode()
    with database.transaction() as session:
        digest = session.scalars(select(IdempotencyKey.request_digest)).one()
    assert digest == hashlib.sha256(fingerprint).digest()


def test_answer_stays_though_the_case_has_moved_on(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    first = send("/cases", START, key="k")
    send(f"/tasks/{first.get_json()['tasks'][0]['id']}/complete")
    assert send("/cases", START, key="k").data == first.data


def test_same_body_under_another_key_is_done_again(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    assert send("/cases", START, key="k").data != send("/cases", START, key="l").data
    assert cases_of(database) == 2


def test_same_body_without_a_key_is_done_again(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    assert send("/cases", START).data != send("/cases", START).data


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cases", {**START, "data": {"x": 2}}),
        ("/cases", {**START, "applicant": "a"}),
        ("/cases", {"definition": "p"}),
        ("/cases/{case}/cancel", {}),
    ],
)
def test_same_key_with_another_request_is_refused(
    database: Database, send: Send, path: str, body: dict[str, Any]
) -> None:
    factories.deploy(database, factories.one_task())
    case = send("/cases", START, key="k").get_json()["id"]
    response = send(path.format(case=case), body, key="k")
    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    assert cases_of(database) == 1


def test_keys_of_two_people_have_nothing_to_do_with_each_other(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    first, second = (send("/cases", START, key="k", name=name) for name in ("one", "two"))
    assert first.get_json()["id"] != second.get_json()["id"]


def test_twenty_simultaneous_requests_make_one_case(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    answers = factories.at_once(20, lambda _: send("/cases", START, key="k"))
    assert {answer.status_code for answer in answers if isinstance(answer, TestResponse)} == {201}
    assert len({answer.data for answer in answers if isinstance(answer, TestResponse)}) == 1
    assert cases_of(database) == 1


def test_simultaneous_completions_under_one_key_are_all_answered(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    task = send("/cases", START).get_json()["tasks"][0]["id"]
    answers = factories.at_once(8, lambda _: send(f"/tasks/{task}/complete", {"data": {"y": 1}}, key="k"))
    assert [answer.status_code for answer in answers if isinstance(answer, TestResponse)] == [200] * 8
    with database.transaction() as session:
        assert session.scalars(select(func.count()).where(Event.kind == "task.completed")).one() == 1


@pytest.mark.parametrize("command", ["claim", "release", "complete"])
def test_command_on_a_task_is_answered_again(database: Database, send: Send, command: str) -> None:
    factories.deploy(database, factories.one_task())
    task = send("/cases", START).get_json()["tasks"][0]["id"]
    if command == "release":
        send(f"/tasks/{task}/claim")
    first, second = (send(f"/tasks/{task}/{command}", key="k") for _ in range(2))
    assert (first.status_code, second.status_code, second.data) == (200, 200, first.data)
    assert second.headers["ETag"] == first.headers["ETag"]


def test_cancellation_is_answered_again(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    case = send("/cases", START).get_json()["id"]
    first, second = (send(f"/cases/{case}/cancel", key="k") for _ in range(2))
    assert (first.status_code, second.data) == (200, first.data)


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        ({"definition": "none"}, 404),
        ({"definition": "p", "odd": 1}, 422),
        ({"definition": "p", "data": {"x": "\0"}}, 422),
    ],
)
def test_refused_request_does_not_use_up_its_key(
    database: Database, send: Send, refused: dict[str, Any], status: int
) -> None:
    factories.deploy(database, factories.one_task())
    assert send("/cases", refused, key="k").status_code == status
    assert keys_of(database) == 0
    assert send("/cases", START, key="k").status_code == 201


def test_conflict_does_not_use_up_its_key(database: Database, send: Send) -> None:
    factories.deploy(database, factories.one_task())
    task = send("/cases", START).get_json()["tasks"][0]["id"]
    send(f"/tasks/{task}/claim", name="other")
    assert send(f"/tasks/{task}/complete", key="k").status_code == 409
    send(f"/tasks/{task}/release", name="other")
    assert send(f"/tasks/{task}/complete", key="k").status_code == 200


def test_key_of_two_hundred_characters_is_taken_and_a_longer_one_is_not(
    database: Database, send: Send
) -> None:
    factories.deploy(database, factories.one_task())
    assert send("/cases", START, key="k" * 200).status_code == 201
    assert send("/cases", START, key="k" * 201).status_code == 422


def test_deployment_under_one_key_is_answered_again(database: Database, app: APIFlask) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="d", role="designer")
    content = factories.one_task()["p.bpmn"]

    def deploy(boundary: str, name: str) -> TestResponse:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        return app.test_client().post(
            "/api/v1/deployments",
            data=part.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"},
        )

    first, second, other = deploy("one", "p.bpmn"), deploy("two", "p.bpmn"), deploy("one", "q.bpmn")
    assert (first.status_code, second.data) == (201, first.data)
    assert other.status_code == 409


def test_key_on_a_read_changes_nothing(database: Database, app: APIFlask, send: Send) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="d", role="designer")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    assert app.test_client().get("/api/v1/definitions", headers=headers).status_code == 200
    assert keys_of(database) == 0
