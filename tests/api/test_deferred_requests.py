"""`Prefer: respond-async`: 202 at once, a worker, and the response that the caller would have got."""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from werkzeug.test import TestResponse

from api import case_batches
from api.replay import replayer
from engine.cases import erasure
from engine.identity import accounts, login
from engine.models import Case, DeferredRequest, IdempotencyKey, Membership, Token
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Busy
from engine.requests import deferral
from engine.requests.idempotency import Answer
from engine.worker.command_runner import CommandRunner
from engine.worker.deferred_requests import Replayer
from tests import factories, waiting, working
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused

ASYNC = {"Prefer": "wait=10, Respond-Async; x=1"}
PERSON = {"X-On-Behalf-Of": "0499370899", "X-Purpose": "counter"}


class Here:
    """A runner that works in this thread."""

    def __init__(self, database: Database) -> None:
        self.database, self.settings = database, Settings.read({"DATABASE_URL": working_url(database)})

    def run(self, command: Callable[[UnitOfWork], Any], _view: str = "write") -> Any:
        return self.database.run(
            lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now))
        )


def working_url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def path_of(response: TestResponse) -> str:
    assert response.status_code == 202, response.text
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.headers["Retry-After"] == "1"
    return response.headers["Location"].removeprefix("/api/v1")


def start(portal: Client, data: Mapping[str, Any], **headers: str) -> TestResponse:
    return portal.post("/cases", {"definition": "p", "data": data}, headers={**ASYNC, **headers})


def scalar(database: Database, query: str) -> Any:
    with database.transaction("single") as session:
        return session.execute(text(query)).scalar_one()


def test_worker_does_what_was_requested_and_its_response_is_read_later(
    client: Clients, database: Database, tmp_path: Path
) -> None:
    factories.deploy(database, factories.with_form(factories.form(x={"type": "string"})))
    portal, sara = client("portal"), client("caseworker")
    sent = {**PERSON, "Idempotency-Key": "1"}
    first, again = start(portal, {}, **sent), start(portal, {}, **sent)
    path = path_of(first)
    assert (path_of(again), body(again)) == (path, body(first))
    batch = path_of(portal.post("/cases/batch", {"items": [{"key": "b", "definition": "p"}]}, headers=ASYNC))
    assert body(portal.get(path, headers=PERSON)) == body(first)
    assert factories.count(database, Case) == 0
    with working.serving(working_url(database), tmp_path, "--queue", "cases"):
        waiting.until(lambda: body(portal.get(batch))["status"] == "done")
        response = body(portal.get(path, headers=PERSON))["response"]
        case = response["body"]
        assert (response["status"], response["headers"]["Location"]) == (201, f"/api/v1/cases/{case['id']}")
        _complete(sara, case["tasks"][0]["id"])
        left = "SELECT count(*) FROM deferred_requests WHERE body IS NOT NULL OR envelope IS NOT NULL"
        waiting.until(lambda: scalar(database, left) == 0)  # the worker's last step
    status = client(None).post("/status", {"case_number": case["case_number"], "secret": case["secret"]})
    assert status.status_code == 200
    (item,) = body(portal.get(batch))["response"]["body"]["items"]
    assert (item["status"], factories.count(database, Case)) == (201, 2)
    _require_recorded_and_private(client, path, case["id"])
    # Erasing the case deletes its requests: not the batch, nor refusals that name nothing of it.
    Here(database).run(lambda uow: erasure.erase(uow, case["id"], "Retention schedule 4.2", "root"))
    refused(portal.get(path, headers=PERSON), 404, "not-found")
    assert body(portal.get(batch))["status"] == "done"
    assert scalar(database, "SELECT count(*) FROM deferred_requests") == 3


def _complete(sara: Client, task: str) -> None:
    """Refused in the language of the request, or completed."""
    wrong = sara.complete(task, {"x": 1}, headers={**ASYNC, "Accept-Language": "fa"})
    stale = sara.complete(task, {"x": "a"}, headers={**ASYNC, "If-Match": '"7"'})
    right = sara.complete(task, {"x": "a"}, headers=ASYNC)
    waiting.until(lambda: body(sara.get(path_of(right)))["status"] == "done")
    done, late, told = (body(sara.get(path_of(one)))["response"] for one in (right, stale, wrong))
    assert (done["status"], done["body"]["task"]["status"]) == (200, "completed")
    assert done["headers"]["ETag"]
    assert late["status"] == 412
    assert (told["status"], told["headers"]["Content-Language"]) == (422, "fa")
    assert pointers(told["body"]) == ["/data/x"]


def _require_recorded_and_private(client: Clients, path: str, case_id: str) -> None:
    """The log has the person and the purpose; nobody else sees the request, nor the portal for another."""
    begun = body(client("administrator").get(f"/cases/{case_id}/events"))["items"][0]
    assert (begun["actor"]["name"], begun["on_behalf_of"]) == ("portal", PERSON["X-On-Behalf-Of"])
    assert begun["purpose"] == PERSON["X-Purpose"]
    for role, name, headers in (
        ("portal", None, {}),
        ("portal", "another", PERSON),
        ("caseworker", None, {}),
    ):
        refused(client(role, name).get(path, headers=headers), 404, "not-found")


def test_what_can_be_refused_at_once_is_and_other_preferences_are_ignored(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    portal = client("portal")
    refused(client("service").post("/cases", {"definition": "p"}, headers=ASYNC), 403, "forbidden")
    refused(client(None).post("/cases", {"definition": "p"}, headers=ASYNC), 401, "unauthorized")
    refused(portal.post("/cases", {"definition": "q"}, headers=ASYNC), 404, "not-found")
    refused(portal.post("/cases", {"definitions": "p"}, headers=ASYNC), 422, "invalid")
    refused(portal.post("/cases", data="<a/>", headers=ASYNC), 415, "unsupported-media-type")
    refused(portal.complete(str(UUID(int=1)), headers=ASYNC), 404, "not-found")
    twice = {"items": [{"key": "1", "definition": "p"}] * 2}
    refused(portal.post("/cases/batch", twice, headers=ASYNC), 422, "invalid")
    assert factories.count(database, DeferredRequest) == 0
    for preference in ("wait=5", "return=minimal", 'note="respond-async, later"', "respond-asynchronously"):
        answer = portal.post("/cases", {"definition": "p"}, headers={"Prefer": preference})
        assert answer.status_code == 201, preference
        assert "Preference-Applied" not in answer.headers
    monkeypatch.setattr(deferral, "MOST", 1)
    path_of(start(portal, {}))
    refused(start(portal, {}), 503, "busy")
    path_of(start(client("portal", "another"), {}))


def test_nothing_is_done_twice_or_for_a_closed_account(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    portal, other = client("portal"), client("portal", "another")
    here = Here(database)
    worker = Replayer(cast(CommandRunner, here))
    # kill -9 after the command: its response is stored with it.
    path = path_of(start(portal, {}))
    request_id = UUID(path.rpartition("/")[2])
    work = here.run(lambda uow: deferral.find_work(uow, request_id))
    done = replayer(here.settings, database)(work)
    assert isinstance(done, tuple)
    assert done[1].status == 201
    first = body(portal.get(path))
    assert (first["status"], first["response"]["status"]) == ("done", 201)
    worker._carry_out(request_id)
    worker._carry_out(request_id)
    assert (body(portal.get(path)), factories.count(database, Case)) == (first, 1)
    # A response that is not there any more, since its case was erased.
    with database.transaction() as session:
        session.execute(text("DELETE FROM idempotency_keys"))
    refused(portal.get(path), 404, "not-found")
    # The account is closed before a worker comes.
    late = path_of(start(other, {}))
    with database.transaction() as session:
        login.deactivate(session, datetime.now(UTC), "another")
    worker._carry_out(UUID(late.rpartition("/")[2]))
    with database.transaction("single") as session:
        stored = session.execute(select(IdempotencyKey.status).where(IdempotencyKey.key.like("%request %")))
        assert stored.scalars().all() == [401]
    assert factories.count(database, Case) == 1


def test_response_is_only_for_its_key_and_for_who_may_see_its_case(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.with_form(factories.form(x={"type": "string"})))
    portal, sara = client("portal"), client("caseworker")
    worker = Replayer(cast(CommandRunner, Here(database)))
    path = path_of(start(portal, {}))
    request_id = path.rpartition("/")[2]
    other = portal.post("/cases", {"definition": "p"}, headers={"Idempotency-Key": f"request {request_id}"})
    assert (other.status_code, body(portal.get(path))["status"]) == (201, "pending")
    late = path_of(start(portal, {}))
    case = body(other)
    completed = path_of(sara.complete(case["tasks"][0]["id"], {"x": "a"}, headers=ASYNC))
    worker._carry_out(UUID(completed.rpartition("/")[2]))
    assert body(sara.get(completed))["response"]["status"] == 200
    readers = body(client("administrator").get(f"/cases/{case['id']}/access-log"))["items"]
    assert [one["reader"]["name"] for one in readers] == ["caseworker"]
    with database.transaction() as session:
        session.execute(update(Membership).values(valid_to=datetime.now(UTC)))
        session.execute(update(Token).values(revoked_at=datetime.now(UTC)))
    for unseen in (f"/cases/{case['id']}", completed):
        refused(client("caseworker").get(unseen), 404, "not-found")
    worker._carry_out(UUID(late.rpartition("/")[2]))
    assert body(client("portal").get(late))["response"]["status"] == 401


def test_worker_does_a_batch_in_parts(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    portal, worker = client("portal"), Replayer(cast(CommandRunner, Here(database)))
    items = [{"key": key, "definition": "p" if key != "2" else "q"} for key in "123"]
    path = path_of(portal.post("/cases/batch", {"items": items}, headers=ASYNC))
    clock = itertools.count(0, 0.6)
    monkeypatch.setattr(case_batches, "monotonic", lambda: next(clock) * case_batches.SLICE)
    for started in (1, 1, 2):
        assert body(portal.get(path))["status"] == "pending"
        worker._carry_out(UUID(path.rpartition("/")[2]))
        clock = itertools.count(0, 0.6)
        assert factories.count(database, Case) == started
    results = body(portal.get(path))["response"]["body"]["items"]
    assert [one["status"] for one in results] == [201, 404, 201]
    assert scalar(database, "SELECT count(*) FROM procrastinate_jobs WHERE priority = -1") == 3


def test_request_that_cannot_be_done_now_is_tried_again_and_ends(client: Clients, database: Database) -> None:
    portal, here = client("portal"), Here(database)
    factories.deploy(database, factories.one_task())
    path = path_of(start(portal, {}))
    request_id = UUID(path.rpartition("/")[2])
    worker = Replayer(cast(CommandRunner, here))
    worker.__dict__["_replay"] = lambda _: (b"", Answer(503, {}, b"{}"))
    with pytest.raises(Busy):
        worker._carry_out(request_id)
    assert body(portal.get(path))["status"] == "pending"
    assert here.run(deferral.forget) == 0
    here.run(lambda uow: deferral.give_up(uow, request_id, ""))
    assert body(portal.get(path))["status"] == "failed"
    worker._carry_out(request_id)
    old = update(DeferredRequest).values(requested_at=datetime.now(UTC) - timedelta(days=2))
    with database.transaction() as session:
        session.execute(old)
    assert here.run(deferral.forget) == 1
    refused(portal.get(path), 404, "not-found")
