"""A changed calendar moves the deadlines of open cases, and nothing else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine import cases
from engine.cases import recalculation
from engine.cases.clock_recalculation import Counted
from engine.cases.recalculation import Progress
from engine.cli import migrate
from engine.identity import accounts
from engine.models import ROOT, Recalculation, Task, Wait
from engine.organisation import calendars, units
from engine.organisation.calendars import NewVersion, editing
from engine.organisation.units import NewUnit
from engine.oversight import replay
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import NotFound
from engine.worker.command_runner import CommandRunner
from engine.worker.jobs import of_checks
from tests import bpmn, factories
from tests.integration.test_working_terms import ACCEPTED, timer
from tests.waiting import until

At = Callable[..., Any]
CLOSED = date(2026, 12, 9)
TUESDAY = datetime(2026, 12, 8, 9, tzinfo=UTC)
_TOUCHED = text("UPDATE tasks SET revision = revision + 1 WHERE case_id = :case")
# Whether another connection waits for this one.
_WAITS = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


@pytest.fixture
def at(database: Database, actor: Callable[..., Actor]) -> At:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))

    def run(
        instant: datetime, command: Callable[[UnitOfWork], Any], role: str | None = "administrator"
    ) -> Any:
        who = actor(role, None) if role else database.run(accounts.system)
        return database.run(lambda session, _: command(UnitOfWork(session, who, instant)))

    review = bpmn.node("userTask", "review", parvandeh__due="P5WD")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(review))))
    waiting = bpmn.process(*bpmn.in_line(timer("P5WD")), key="q")
    factories.deploy(database, factories.files(waiting))
    return run


def begin(at: At, key: str = "p") -> UUID:
    case: UUID = at(ACCEPTED, lambda uow: cases.start(uow, key, {}).id, "caseworker")
    return case


def closure(uow: UnitOfWork, first: date = CLOSED, unit: str = "root") -> list[UUID]:
    return [calendars.declare(uow, unit, first, first, "air")[1]]


def declare(at: At, instant: datetime = TUESDAY, first: date = CLOSED, unit: str = "root") -> None:
    """Declare a closure and do what the worker does."""
    orders = at(instant, lambda uow: recalculation.order(uow, closure(uow, first, unit)))
    for one in orders:
        finish(at, instant, one)


def ordered(database: Database) -> UUID:
    """The one order that is not done."""
    with database.transaction() as session:
        return session.scalars(select(Recalculation.id).where(Recalculation.done_at.is_(None))).one()


def finish(at: At, instant: datetime, order: UUID) -> int:
    progress: Progress | None = Progress()
    batches = 0
    while progress is not None:
        before = progress
        progress = at(instant, lambda uow, p=before: recalculation.continue_order(uow, order, p), None)
        batches += 1
    return batches


def dues(database: Database, model: Any = Task) -> list[tuple[datetime, datetime | None, str]]:
    columns = (model.due_at, model.term_end_at, model.calendar)
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(model.id))]


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_closure_declared_the_day_before_moves_the_end_by_a_day(database: Database, at: At) -> None:
    begin(at)
    begin(at, "q")
    assert dues(database) == [(z("2026-12-09 16:00"), None, "iran/1")]
    declare(at)
    assert dues(database) == dues(database, Wait) == [(z("2026-12-12 16:00"), None, "iran/1")]
    with database.transaction() as session:
        order = session.scalars(select(Recalculation)).one()
        assert (order.changed, order.failed, order.done_at) == (2, 0, TUESDAY)


@pytest.mark.parametrize(
    ("role", "before", "after"),
    [
        ("caseworker", "2026-12-09 16:00", "2026-12-12 16:00"),
        ("applicant", "2026-12-10 00:00", "2026-12-13 00:00"),
    ],
)
def test_closure_moves_a_term_in_days_that_ends_on_its_day(
    database: Database, at: At, role: str, before: str, after: str
) -> None:
    """The next two days are a weekend. The events have the first end, which is no difference."""
    work = bpmn.node("userTask", "work", parvandeh__due="P7D", parvandeh__role=role)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(work), key="days")))
    begin(at, "days")
    assert dues(database) == [(z(before), None, "iran/1")]
    declare(at)
    assert dues(database) == [(z(after), None, "iran/1")]
    found = database.run(lambda session, _: replay.compare(session), "snapshot")
    assert (found.judged, found.differences) == (1, [])


def test_doing_it_again_changes_nothing(database: Database, at: At) -> None:
    begin(at)
    (order,) = at(TUESDAY, lambda uow: recalculation.order(uow, closure(uow)))
    finish(at, TUESDAY, order)
    before = dues(database)
    assert finish(at, TUESDAY + timedelta(days=1), order) == 1
    again = at(TUESDAY, lambda uow: recalculation.affected(uow, [units.get(uow, "root")["id"]]))
    assert (again, dues(database)) == (Counted(), before)


def test_dry_run_counts_and_writes_nothing(database: Database, at: At) -> None:
    for key in ("p", "p", "q"):
        begin(at, key)
    counted = at(TUESDAY, lambda uow: recalculation.rehearse(uow, lambda: closure(uow)))
    assert (counted.changed, counted.failed) == (3, 0)
    assert {due for due, _, _ in dues(database)} == {z("2026-12-09 16:00")}
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM closures")).scalar_one() == 0
        assert (
            session.execute(
                text("SELECT count(*) FROM organisation_log WHERE kind LIKE 'calendar.%'")
            ).scalar_one()
            == 0
        )
    with pytest.raises(NotFound):
        at(TUESDAY, lambda uow: recalculation.rehearse(uow, lambda: closure(uow, unit="nowhere")))


def test_recalculation_leaves_time_until_the_close_of_the_next_working_day(
    database: Database, at: At
) -> None:
    begin(at)
    late = datetime(2026, 12, 15, 18, tzinfo=UTC)  # a Tuesday; the task was due on the 9th
    declare(at, late, date(2026, 12, 7))
    assert dues(database) == [(z("2026-12-16 16:00"), z("2026-12-12 16:00"), "iran/1")]
    declare(at, late + timedelta(days=20), date(2026, 12, 23))
    assert dues(database)[0][0] == z("2026-12-16 16:00"), "another change doesn't move it once more"


def test_what_is_closed_is_not_touched(database: Database, at: At) -> None:
    case = begin(at)
    at(ACCEPTED, lambda uow: cases.cancel(uow, case))
    counted = at(TUESDAY, lambda uow: recalculation.rehearse(uow, lambda: closure(uow)))
    declare(at)
    assert counted.changed == 0
    assert dues(database) == [(z("2026-12-09 16:00"), None, "iran/1")]


def test_only_units_below_the_closed_one_are_concerned(database: Database, at: At) -> None:
    begin(at)
    at(ACCEPTED, lambda uow: units.create(uow, NewUnit("office", "اداره", "unit")))
    declare(at, unit="office")
    assert dues(database) == [(z("2026-12-09 16:00"), None, "iran/1")]


def test_a_task_of_the_applicant_is_due_at_midnight_also_when_it_is_counted_again(
    database: Database, at: At
) -> None:
    task = bpmn.node("userTask", "pay", parvandeh__due="P5WD", parvandeh__role="applicant")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task))))
    begin(at)
    midnight = z("2026-12-09 16:00") + timedelta(hours=8)
    assert dues(database)[0][0] == midnight
    declare(at)
    assert dues(database)[0][0] == midnight + timedelta(days=3)


@pytest.mark.parametrize("what", ["case", "definition"])
def test_a_suspension_is_counted_and_a_later_closure_does_not_undo_it(
    database: Database, at: At, what: str
) -> None:
    case = begin(at)
    if what == "case":
        at(z("2026-12-05 10:00"), lambda uow: cases.suspend(uow, case))
        at(z("2026-12-20 10:00"), lambda uow: cases.resume(uow, case))
    else:
        at(z("2026-12-05 10:00"), lambda uow: cases.suspend_definition(uow, "p"))
        at(z("2026-12-20 10:00"), lambda uow: cases.resume_definition(uow, "p"))
        finish(at, z("2026-12-20 10:00"), ordered(database))
    # Sunday 20, Monday, Tuesday, Saturday, Sunday: Wednesday 23 is a holiday.
    moved = z("2026-12-27 16:00")
    assert dues(database)[0][0] == moved
    declare(at, z("2026-12-21 09:00"), CLOSED)
    assert dues(database)[0][0] == moved
    declare(at, z("2026-12-21 09:00"), date(2026, 12, 22))
    assert dues(database)[0][0] == z("2026-12-28 16:00")


def test_a_unit_that_moves_has_the_deadlines_of_its_new_place(database: Database, at: At) -> None:
    begin(at)
    for key in ("office", "branch"):
        at(ACCEPTED, lambda uow, key=key: units.create(uow, NewUnit(key, "اداره", "unit")))
    with database.transaction() as session:
        session.execute(text("UPDATE cases SET unit_id = (SELECT id FROM units WHERE key = 'branch')"))
    declare(at, unit="office")
    assert dues(database)[0][0] == z("2026-12-09 16:00")
    at(TUESDAY, lambda uow: units.change(uow, "branch", {"parent": "office"}))
    finish(at, TUESDAY, ordered(database))
    assert dues(database)[0][0] == z("2026-12-12 16:00")


def test_deadline_whose_year_has_no_holidays_stays_and_is_counted(database: Database, at: At) -> None:
    begin(at)

    def forget_years(uow: UnitOfWork) -> list[UUID]:
        document = editing.get(uow, "iran").document
        bare = calendars.Document(document.week, True, frozenset({1404}))
        return calendars.change(uow, "iran", NewVersion(bare), based_on=1)

    orders = at(TUESDAY, lambda uow: recalculation.order(uow, forget_years(uow)))
    finish(at, TUESDAY, orders[0])
    assert dues(database) == [(z("2026-12-09 16:00"), None, "iran/1")]
    assert at(TUESDAY, lambda uow: recalculation.get(uow, orders[0]))["failed"] == 1


def test_many_are_done_in_batches(database: Database, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculation, "BATCH", 2)
    for _ in range(5):
        begin(at)
    begin(at, "q")
    (order,) = at(TUESDAY, lambda uow: recalculation.order(uow, closure(uow)))
    assert finish(at, TUESDAY, order) == 6, "three of tasks, one of timers, statutory terms, the inbox"
    assert {due for due, _, _ in dues(database)} == {z("2026-12-12 16:00")}
    assert at(TUESDAY, lambda uow: recalculation.get(uow, order))["changed"] == 6


def test_a_batch_and_a_command_on_several_cases_do_not_wait_for_each_other(
    database: Database, at: At, actor: Callable[..., Actor]
) -> None:
    first, second = begin(at), begin(at)
    at(TUESDAY, closure)
    who = actor("administrator")

    def recalculate() -> int:
        calendars.forget()
        with database.transaction() as session:  # isn't tried again
            return recalculation.TASKS(UnitOfWork(session, who, TUESDAY), ROOT, None, dry=False).changed

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            cases.lock_all(UnitOfWork(session, who, TUESDAY), [first, second])
            session.execute(_TOUCHED, {"case": second})
            counted = other.submit(recalculate)
            until(lambda: counted.done() or session.execute(_WAITS).scalar_one() > 0)
            session.execute(_TOUCHED, {"case": first})
        assert counted.result() == 2


def test_worker_does_what_was_ordered(
    database: Database, at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin(at)
    (order,) = at(TUESDAY, lambda uow: recalculation.order(uow, closure(uow)))
    with database.transaction() as session:
        jobs = session.execute(text("SELECT queue_name, task_name, args FROM procrastinate_jobs")).all()
    assert ("checks", "recalculate", {"recalculation_id": str(order)}) in [tuple(job) for job in jobs]
    monkeypatch.setattr(calendars, "SECONDS", 0)

    class Here:
        """A runner that works at once."""

        settings = Settings.read({"PARVANDEH_VAR": str(tmp_path)})

        async def submit(self, command: Callable[[UnitOfWork], Any]) -> Any:
            return at(TUESDAY, command, None)

    handlers = of_checks(cast(CommandRunner, Here()))
    asyncio.run(cast(Any, handlers["recalculate"].run(order)))
    assert dues(database)[0][0] == z("2026-12-12 16:00")


def test_migrating_stores_the_shipped_calendars_once(database: Database, database_url: str) -> None:
    for _ in range(2):
        migrate.upgrade(database_url)
    with database.transaction() as session:
        found = "SELECT key FROM calendars JOIN unit_calendars ON calendar_id = calendars.id"
        assert session.execute(text(found)).scalars().all() == ["iran"]
