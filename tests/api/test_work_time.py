"""Work time over HTTP: what is measured by reading and answering tasks, and who sees what of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine.cases import work_notes
from engine.platform.db import Actor, Database
from engine.tasks.work_time import Week
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body
from tests.organisation import a_member, a_unit

Sweep = Callable[[], None]


@pytest.fixture
def sweep(database: Database, actor: Callable[..., Actor]) -> Sweep:
    """What the worker does."""
    system = actor("administrator")

    def run() -> None:
        while factories.as_actor(database, system, work_notes.note_ended):
            pass

    return run


def _earlier(database: Database, minutes: int) -> None:
    """As if everything that is being measured had begun so much earlier."""
    with database.transaction() as session:
        session.execute(
            text("UPDATE work_stretches SET from_at = from_at - :by").bindparams(
                by=timedelta(minutes=minutes)
            )
        )


def test_reading_and_answering_a_task_is_measured(client: Clients, database: Database, sweep: Sweep) -> None:
    factories.deploy(database, factories.one_task())
    worker = client("caseworker")
    case = client("portal").start()
    task = case["tasks"][0]["id"]
    worker.get(f"/tasks/{task}")  # nobody's yet
    assert body(worker.get(f"/tasks/{task}/work-time")) == {"task": task, "seconds": None}
    worker.post(f"/tasks/{task}/claim")
    worker.get(f"/tasks/{task}")
    _earlier(database, 10)
    worker.post(f"/tasks/{task}/complete", {"data": {}})
    sweep()
    (event,) = _noted(worker, case["id"])
    assert event["facts"]["source"] == "answer,api"
    assert (event["actor"]["role"], event["actor"]["unit"], event["task"]) == ("caseworker", "root", task)
    assert 600 <= body(worker.get(f"/tasks/{task}/work-time"))["seconds"] < 660
    week = body(worker.get("/account/work-time"))
    (day, *_) = week["items"]
    assert sum(one["seconds"] for one in week["items"]) >= 600
    assert day["tasks"][0] | {"seconds": 0} == {
        "task": task,
        "name": "a",
        "case": case["id"],
        "case_number": case["case_number"],
        "seconds": 0,
    }


def test_others_see_nothing_of_it(client: Clients, database: Database, sweep: Sweep) -> None:
    factories.deploy(database, factories.one_task())
    worker = client("caseworker")
    case = client("portal").start()
    task = case["tasks"][0]["id"]
    worker.post(f"/tasks/{task}/claim")
    worker.get(f"/tasks/{task}")
    _earlier(database, 10)
    worker.post(f"/tasks/{task}/complete", {"data": {}})
    sweep()
    another, administrator = client("caseworker", "another"), client("administrator")
    assert _noted(worker, case["id"])
    assert not _noted(another, case["id"]) + _noted(administrator, case["id"])
    assert body(another.get(f"/tasks/{task}/work-time"))["seconds"] is None
    assert body(another.get("/account/work-time"))["items"] == []
    feed = body(administrator.get("/events"))["items"]
    assert {"task.completed"} <= {one["kind"] for one in feed}
    assert "work.noted" not in {one["kind"] for one in feed}


def test_a_program_that_never_reads_the_task_is_not_measured(
    client: Clients, database: Database, sweep: Sweep
) -> None:
    factories.deploy(database, factories.one_task())
    worker = client("caseworker")
    case = client("portal").start()
    task = case["tasks"][0]["id"]
    worker.post(f"/tasks/{task}/complete", {"data": {}})
    sweep()
    assert body(worker.get(f"/tasks/{task}/work-time"))["seconds"] is None
    assert not _noted(worker, case["id"])


def _noted(reader: Any, case: str) -> list[dict[str, Any]]:
    return [one for one in body(reader.get(f"/cases/{case}/events"))["items"] if one["kind"] == "work.noted"]


@pytest.mark.parametrize(
    "week", ["", "x", "0001-01-01", "9999-12-31", "2026-13-01", "1999-12-31", "2026-11-28T10:00:00Z"]
)
@pytest.mark.parametrize("path", ["/account/work-time", "/units/root/work-time"])
def test_a_week_that_is_none_is_refused(client: Clients, path: str, week: str) -> None:
    assert client("caseworker").get(f"{path}?week={week}").status_code == 422


def test_only_those_who_lead_a_unit_see_its_sums(client: Clients, database: Database) -> None:
    a_unit(database, "tax")
    a_unit(database, "north", "tax")
    a_unit(database, "fire")
    a_member(database, "boss", "tax", "supervisor")
    a_member(database, "clerk", "tax")
    boss, clerk = client("caseworker", "boss"), client("caseworker", "clerk")
    for unit in ("tax", "north"):
        found = body(boss.get(f"/units/{unit}/work-time"))
        assert (found["unit"], found["seconds"], found["items"], found["left_out"]) == (unit, None, [], False)
        first, last = (datetime.fromisoformat(found[name]) for name in ("first_day", "last_day"))
        assert (last - first).days == 6
        assert clerk.get(f"/units/{unit}/work-time").status_code == 403
    assert boss.get("/units/fire/work-time").status_code == 403
    assert boss.get("/units/none-such/work-time").status_code == 404


def test_a_week_that_has_not_ended_is_not_summed(client: Clients, database: Database) -> None:
    a_unit(database, "tax")
    a_member(database, "boss", "tax", "supervisor")
    boss = client("caseworker", "boss")
    today = database.run(lambda _, now: now).date()
    (fault,) = body(boss.get(f"/units/tax/work-time?week={today}"))["errors"]
    assert (fault["pointer"], fault["code"]) == ("/week", "week")
    before = Week.of(today).before.before
    assert body(boss.get(f"/units/tax/work-time?week={before.last}"))["first_day"] == str(before.first)
