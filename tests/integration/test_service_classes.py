"""Classes of services: the order of the inbox ages, so that a low class is served within its bound."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine import cases, tasks
from engine.cases import recalculation
from engine.models import DefinitionVersion, Task
from engine.organisation import calendars
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Invalid, NotFound
from engine.worker.command_runner import CommandRunner
from engine.worker.jobs import of_checks
from tests import bpmn, factories
from tests.organisation import a_member, a_unit

At = Callable[..., Any]
HOUR = timedelta(hours=1)
OPENS = datetime(2026, 12, 7, 8, tzinfo=UTC)  # a Monday


@pytest.fixture
def at(database: Database, actor: Callable[..., Actor]) -> At:
    """`at(OPENS, command, "caseworker")`: a command at this instant. `slow` and `fast` are services."""
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    for key in ("slow", "fast"):
        task = bpmn.node("userTask", "review", name=key)
        factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task), key=key)))

    def run(instant: datetime, command: Callable[[UnitOfWork], Any], role: str | None = None) -> Any:
        who = actor(role or "administrator")
        return database.run(lambda session, _: command(UnitOfWork(session, who, instant)))

    return run


def classify(at: At, key: str, service_class: str | None, bound: str | None = None) -> None:
    at(OPENS, lambda uow: cases.set_class(uow, key, service_class, bound))


def begin(at: At, key: str, instant: datetime = OPENS) -> UUID:
    case: UUID = at(instant, lambda uow: cases.start(uow, key, {}).id, "caseworker")
    return case


def names(at: At, instant: datetime = OPENS) -> list[str]:
    """The names of the tasks in the inbox, in its order."""
    return [row["name"] for row in at(instant, lambda uow: tasks.page(uow, tasks.Inbox()), "caseworker")]


def bounds(database: Database) -> list[datetime | None]:
    with database.transaction() as session:
        return list(session.scalars(select(Task.serve_by).order_by(Task.id)))


def test_a_low_task_is_served_at_its_bound_while_urgent_work_arrives(at: At) -> None:
    classify(at, "slow", "low", "PT5WH")
    classify(at, "fast", "urgent")
    begin(at, "slow")
    served = []
    for hour in range(8):
        now = OPENS + hour * HOUR + timedelta(minutes=1)
        begin(at, "fast", now)  # one arrives, and one is done, in each hour
        (first, *_) = at(now, lambda uow: tasks.page(uow, tasks.Inbox()), "caseworker")
        served.append(first["name"])
        at(now, lambda uow, task=first["id"]: tasks.complete(uow, task, {}), "caseworker")
    assert served.count("slow") == 1
    assert served[:4] == ["fast"] * 4  # and not before its bound comes near
    assert served.index("slow") <= 5


def test_tasks_are_sorted_by_their_bound_or_due_date(database: Database, at: At) -> None:
    due = bpmn.node("userTask", "review", name="due", parvandeh__due="'2026-12-08T08:00:00Z'")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(due), key="due")))
    classify(at, "slow", "low")
    classify(at, "fast", "ordinary")
    begin(at, "slow")
    begin(at, "fast")
    begin(at, "due")
    assert names(at) == ["due", "fast", "slow"]
    classify(at, "due", "urgent")
    begin(at, "due")
    assert names(at) == ["due", "due", "fast", "slow"]
    pages = [row["id"] for row in at(OPENS, lambda uow: tasks.page(uow, tasks.Inbox()), "caseworker")]
    after = at(OPENS, lambda uow: tasks.page(uow, tasks.Inbox(after=pages[1])), "caseworker")
    assert [row["id"] for row in after] == pages[2:]
    assert [row["name"] for row in at(OPENS, lambda uow: tasks.page(uow, tasks.Inbox(overdue=True)))] == []


def test_without_a_class_nothing_is_computed(database: Database, at: At) -> None:
    begin(at, "slow")
    assert bounds(database) == [None]


def test_a_class_sorts_open_tasks_again(
    database: Database, at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin(at, "slow")
    begin(at, "fast")
    assert names(at) == ["slow", "fast"]
    classify(at, "fast", "ordinary", "P1WD")
    with database.transaction() as session:
        jobs = session.execute(text("SELECT queue_name, task_name, args FROM procrastinate_jobs")).all()
        version = session.scalars(select(DefinitionVersion.id).where(DefinitionVersion.key == "fast")).one()
    assert ("checks", "reorder", {"version_id": str(version)}) in [tuple(job) for job in jobs]
    monkeypatch.setattr(calendars, "SECONDS", 0)

    class Here:
        """A runner that works at once."""

        settings = Settings.read({"PARVANDEH_VAR": str(tmp_path)})

        async def submit(self, command: Callable[[UnitOfWork], Any]) -> Any:
            return at(OPENS, command)

    handlers = of_checks(cast(CommandRunner, Here()))
    asyncio.run(cast(Any, handlers["reorder"].run(version)))
    assert names(at) == ["fast", "slow"]
    closes = OPENS + timedelta(days=1, hours=8)  # the end of the next working day
    assert bounds(database) == [None, closes]
    classify(at, "fast", None)
    asyncio.run(cast(Any, handlers["reorder"].run(version)))
    assert bounds(database) == [None, None]


def test_a_changed_calendar_counts_bounds_again(database: Database, at: At) -> None:
    classify(at, "fast", "ordinary", "P1WD")
    begin(at, "fast")
    (before,) = bounds(database)
    day = (OPENS + timedelta(days=1)).date()

    def close(uow: UnitOfWork) -> list[UUID]:
        return recalculation.order(uow, [calendars.declare(uow, "root", day, day, "air")[1]])

    (order,) = at(OPENS, close)
    progress: recalculation.Progress | None = recalculation.Progress()
    while progress is not None:
        now = progress
        progress = at(OPENS, lambda uow, p=now: recalculation.continue_order(uow, order, p))
    (after,) = bounds(database)
    assert before is not None
    assert after == before + timedelta(days=1)


def test_a_year_without_holidays_does_not_stop_the_work(database: Database, at: At) -> None:
    classify(at, "slow", "low", "P2WD")
    late = datetime(2150, 1, 1, 8, tzinfo=UTC)
    begin(at, "slow", late)
    assert bounds(database) == [late + timedelta(days=2)]


@pytest.mark.parametrize(
    ("service_class", "bound", "pointer"),
    [
        ("best", None, "/class"),
        ("low", "P5D", "/bound"),
        ("low", "P0WD", "/bound"),
        ("low", "soon", "/bound"),
        (None, "P5WD", "/bound"),
    ],
)
def test_a_wrong_class_is_refused(at: At, service_class: str | None, bound: str | None, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        classify(at, "slow", service_class, bound)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_services_of_others_do_not_exist(database: Database, at: At) -> None:
    a_unit(database, "far", kind="agency")
    stranger = a_member(database, "far-away", "far", "*", "administrator")
    with pytest.raises(NotFound):
        factories.as_actor(database, stranger, lambda uow: cases.set_class(uow, "slow", "low"))
