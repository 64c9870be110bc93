"""The statutory term over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from engine.platform.db import Database
from tests import clocks, factories
from tests.api.conftest import Clients
from tests.api.contract import body


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case without a statutory term."""
    factories.deploy(database, factories.one_task())
    return body(client("caseworker").post("/cases", {"definition": "p"}))


@pytest.fixture
def timed(client: Clients, database: Database) -> dict[str, Any]:
    """A case with a statutory term of ten hours."""
    factories.deploy(database, clocks.deciding(onSilence="escalate"))
    return body(client("caseworker").post("/cases", {"definition": "p"}))


def test_a_service_without_a_term_says_so(client: Clients, case: dict[str, Any]) -> None:
    answer = client("caseworker").get(f"/cases/{case['id']}/clock")
    assert (answer.status_code, body(answer)["state"], body(answer)["due_at"]) == (200, "none", None)


def test_the_clock_of_a_case(client: Clients, timed: dict[str, Any]) -> None:
    answer = client("caseworker").get(f"/cases/{timed['id']}/clock")
    assert answer.status_code == 200
    found = body(answer)
    assert (found["state"], found["term"], found["on_silence"]) == ("running", "PT10H", "escalate")
    assert 0 <= found["remaining_seconds"] <= 36_000  # of office hours
    assert found["warn_at"] < found["due_at"]


def test_an_unknown_case_is_not_found(client: Clients, timed: dict[str, Any]) -> None:
    assert client("caseworker").get("/cases/00000000-0000-7000-8000-000000000001/clock").status_code == 404


def test_a_term_is_extended_once(client: Clients, timed: dict[str, Any]) -> None:
    path, worker = f"/cases/{timed['id']}/clock", client("caseworker")
    before = body(worker.get(path))["due_at"]
    answer = worker.post(f"{path}/extend", {"reason": "volume", "term": "PT5H"})
    assert (answer.status_code, body(answer)["extension"]) == (200, "PT5H")
    assert body(answer)["due_at"] > before
    again = worker.post(f"{path}/extend", {"reason": "volume"})
    assert (again.status_code, body(again)["code"]) == (409, "term-extended")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"reason": "because"}, "/reason"),
        ({}, "/reason"),
        ({"reason": "volume", "term": "P0D"}, "/term"),
        ({"reason": "volume", "term": "P50Y"}, "/term"),
        ({"reason": "volume", "term": "soon"}, "/term"),
        ({"reason": "volume", "term": "PT30000WH"}, "/term"),
    ],
)
def test_a_wrong_extension_is_refused(
    client: Clients, timed: dict[str, Any], given: dict[str, str], pointer: str
) -> None:
    answer = client("caseworker").post(f"/cases/{timed['id']}/clock/extend", given)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in body(answer)["errors"]] == [pointer]


def test_a_case_without_a_term_is_not_extended(client: Clients, case: dict[str, Any]) -> None:
    answer = client("caseworker").post(f"/cases/{case['id']}/clock/extend", {"reason": "volume"})
    assert (answer.status_code, body(answer)["code"]) == (409, "no-running-term")


def test_a_term_of_an_ended_case_is_not_extended(client: Clients, timed: dict[str, Any]) -> None:
    worker = client("caseworker")
    worker.post(f"/tasks/{timed['tasks'][0]['id']}/complete", {"data": clocks.DECISION})
    answer = worker.post(f"/cases/{timed['id']}/clock/extend", {"reason": "volume"})
    assert answer.status_code == 409
    assert body(worker.get(f"/cases/{timed['id']}/clock"))["state"] == "stopped"


def test_nothing_awaits_release(client: Clients, timed: dict[str, Any]) -> None:
    administrator = client("administrator")
    assert body(administrator.get("/deemed-decisions")) == {"items": []}
    assert body(administrator.post("/deemed-decisions/release", {})) == {"released": 0}


def test_the_list_of_tasks_has_the_mark_and_the_remaining_time(
    client: Clients, database: Database, timed: dict[str, Any]
) -> None:
    worker, path = client("caseworker"), f"/tasks?case={timed['id']}"
    (task,) = body(worker.get(path))["items"]
    assert task["clock"] is None
    assert 0 <= task["remaining_seconds"] <= 36_000
    clocks.silence(database, UUID(timed["id"]))
    for listed in (path, "/tasks"):
        assert {one["clock"] for one in body(worker.get(listed))["items"]} == {"over"}
