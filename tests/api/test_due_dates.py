"""Due dates in days over HTTP: at the close of office or at midnight, never on a closed day."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.deadlines import OfficeDay
from engine.models import ROOT
from engine.organisation import calendars
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body
from tests.bpmn import in_line, node, process

SECOND = timedelta(seconds=1)


def started(client: Clients, database: Database, due: str, role: str) -> dict[str, Any]:
    """The case of a process with one task, started over HTTP."""
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    task = node("userTask", "a", parvandeh__due=due, parvandeh__role=role)
    factories.deploy(database, factories.files(process(*in_line(task))))
    case: dict[str, Any] = client("portal").start()
    return case


def due_of(client: Clients, case: dict[str, Any], role: str) -> datetime:
    mine = f"/tasks?case={case['id']}" if role == "applicant" else "/tasks"
    (task,) = body(client("portal" if role == "applicant" else "caseworker").get(mine))["items"]
    return datetime.fromisoformat(task["due_at"])


def office_day(database: Database, instant: datetime) -> OfficeDay | None:
    with database.transaction() as session:
        calendar = calendars.find(session.connection(), ROOT, instant).calendar
    return calendar.office_day((instant - SECOND).astimezone(calendar.zone).date())


@pytest.mark.parametrize("number", range(18, 25))
@pytest.mark.parametrize("role", ["applicant", "caseworker"])
def test_task_in_days_is_due_at_the_end_of_an_open_day(
    client: Clients, database: Database, role: str, number: int
) -> None:
    """Of seven days in a row, some are of a weekend."""
    case = started(client, database, f"P{number}D", role)
    due = due_of(client, case, role)
    day = office_day(database, due)
    assert day is not None, "the office is closed on that day"
    begun = datetime.fromisoformat(case["started_at"])
    assert timedelta(days=number - 1) < due - begun < timedelta(days=number + 12)
    if role == "caseworker":
        assert due == day.closes
    else:
        assert (due.time().isoformat(), day.date) == ("00:00:00", (due - SECOND).date())


@pytest.mark.parametrize("role", ["applicant", "caseworker"])
def test_task_in_hours_is_due_after_elapsed_time(client: Clients, database: Database, role: str) -> None:
    case = started(client, database, "PT48H", role)
    assert due_of(client, case, role) - datetime.fromisoformat(case["started_at"]) == timedelta(hours=48)
