"""Patterns in logs that the engine itself has written; searching again; which periods are searched."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from engine import cases, tasks
from engine.cases import Application, proposals
from engine.events import administration_log
from engine.models import Event, Flag, FlagCase, FlagSearch, OrganisationRecord, Pattern, Task
from engine.oversight import access_log, figures, flags
from engine.oversight.access_log import Opened
from engine.oversight.flags import searching
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork, connection
from engine.platform.errors import FourEyes
from engine.platform.red_flags import USUAL, read
from engine.worker.command_runner import CommandRunner
from engine.worker.sweeps import search_for_patterns
from tests import bpmn, clocks, factories
from tests.histories import ZONE
from tests.organisation import a_member, a_person

T = TypeVar("T")
# A Saturday, a working day in Iran, in the month that begins on 22 April.
MORNING = datetime(2026, 4, 25, 9, 0, tzinfo=ZONE)
LATER = datetime(2026, 6, 10, 3, 0, tzinfo=ZONE)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
COUNT = 6
PERIOD = date(2026, 4, 21)


@pytest.fixture
def at(database: Database) -> Callable[..., Any]:
    """`at(instant, who, command, …)`: a command at an instant."""

    def run(instant: datetime, who: Actor, command: Callable[..., T], *given: Any, **more: Any) -> T:
        return database.run(lambda session, _: command(UnitOfWork(session, who, instant), *given, **more))

    return run


@pytest.fixture
def sara(database: Database) -> Actor:
    return a_member(database, "sara", "root")


@pytest.fixture
def runner(database_url: str, tmp_path: Path) -> Iterator[CommandRunner]:
    environ = {"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url}
    opened = CommandRunner(Settings.read(environ), database_url, 2)
    yield opened
    opened.close()


def searched(at: Callable[..., Any], database: Database, now: datetime = LATER) -> list[Any]:
    """The patterns that a worker finds until a day, with whom they concern, how often of what, and cases."""
    system = factories.an_actor(database, "administrator", "the worker")
    while at(now, system, flags.search_next, USUAL):
        pass
    with database.transaction() as session:
        found = select(Flag.pattern, Flag.subject_id, Flag.numerator, Flag.base).order_by(Flag.pattern)
        return [tuple(row) for row in session.execute(found)]


def task_of(database: Database, case: UUID) -> UUID:
    with database.transaction() as session:
        open_ones = select(Task.id).where(Task.case_id == case, Task.status == "open")
        return session.scalars(open_ones.order_by(Task.id)).one()


def started(at: Callable[..., Any], database: Database, instant: datetime, **more: Any) -> UUID:
    portal = factories.an_actor(database, "portal")
    made: UUID = at(instant, portal, cases.start, "p", {"x": 0}, Application(**more)).id
    return made


def decided(at: Callable[..., Any], database: Database, case: UUID, who: Actor, instant: datetime) -> None:
    task = task_of(database, case)
    at(instant, who, tasks.claim, task)
    at(instant + timedelta(seconds=6), who, tasks.complete, task, {"decision": "granted"})


def patterns(found: Sequence[Any], who: Actor) -> dict[Pattern, tuple[int, int]]:
    assert {one[1] for one in found} <= {who.id}
    return {pattern: (numerator, base) for pattern, _, numerator, base in found}


def test_decisions_in_the_night_within_seconds_are_found_once(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    omid = a_member(database, "omid", "root")
    factories.deploy(database, clocks.deciding(statutory="P20D"))
    company = a_person("company")
    for number in range(COUNT):
        night = MORNING + number * timedelta(days=1) + 13 * HOUR
        mine = started(at, database, MORNING, applicant=company)
        decided(at, database, mine, sara, night)
        other = started(at, database, MORNING)
        task, begun = task_of(database, other), MORNING + (number + 1) * 10 * MINUTE
        at(begun, omid, tasks.claim, task)
        at(begun + 5 * MINUTE, omid, tasks.complete, task, {"decision": "granted"})
    found = searched(at, database)
    assert patterns(found, sara) == dict.fromkeys(
        ("one-applicant", "outside-hours", "quick-decisions"), (COUNT, COUNT)
    )
    with database.transaction() as session:
        assert len(session.scalars(select(FlagCase.case_id).distinct()).all()) == COUNT
        assert [(str(row.period), str(row.until)) for row in session.scalars(select(FlagSearch))] == [
            *(("2026-04-21", "2026-05-21"),)
        ]
    assert searched(at, database) == found  # nothing to search
    at(LATER, sara, flags.search, PERIOD, USUAL)
    assert searched(at, database) == found
    with database.transaction() as session:
        told = select(OrganisationRecord.kind).where(OrganisationRecord.kind == "flag.raised")
        assert len(session.scalars(told).all()) == 3
        assert administration_log.verify(session) == []


def test_a_pattern_that_is_switched_off_is_not_looked_for(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    factories.deploy(database, clocks.deciding(statutory="P20D"))
    for number in range(COUNT):
        case = started(at, database, MORNING)
        decided(at, database, case, sara, MORNING + number * timedelta(days=1) + 13 * HOUR)
    while at(LATER, sara, flags.search_next, read("quick-decisions=off,outside-hours.least=7")):
        pass
    with database.transaction() as session:
        assert session.scalars(select(Flag.id)).all() == []


def test_attempts_to_decide_alone_are_found(database: Database, at: Callable[..., Any], sara: Actor) -> None:
    marks = [bpmn.node("userTask", name, parvandeh__sod="A") for name in ("a", "b")]
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(*marks))))
    for _ in range(COUNT):
        case = started(at, database, MORNING)
        at(MORNING + HOUR, sara, tasks.complete, task_of(database, case), {})
        with pytest.raises(FourEyes):
            at(MORNING + 2 * HOUR, sara, tasks.claim, task_of(database, case))
    assert patterns(searched(at, database), sara) == {"four-eyes-refusals": (COUNT, COUNT)}


def test_drawn_tasks_that_end_with_one_official_are_found(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    inspector = a_member(database, "inspector", "root", "inspector")
    head = a_member(database, "head", "root", "supervisor")
    marks = {"parvandeh__assignment": "random", "parvandeh__role": "inspector"}
    drawn = bpmn.process(*bpmn.in_line(bpmn.node("userTask", "a", **marks)))
    factories.deploy(database, factories.files(drawn))
    drawn_ones = [started(at, database, MORNING) for _ in range(COUNT)]  # only one can be drawn yet
    a_member(database, "sara", "root", "inspector")
    for case in drawn_ones:
        task = task_of(database, case)
        at(MORNING + HOUR, head, tasks.assign, task, "sara", reason="workload")
        at(MORNING + 2 * HOUR, sara, tasks.complete, task, {})
    assert inspector.id != sara.id
    assert patterns(searched(at, database), sara) == {"reassigned-until": (COUNT, COUNT)}


def test_reads_of_cases_without_a_part_in_them_are_found_and_others_are_not(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    omid = a_member(database, "omid", "root")
    factories.deploy(database, factories.one_task())
    read_ones = []
    for number in range(10):
        case = started(at, database, MORNING)
        at(MORNING + HOUR, omid, tasks.complete, task_of(database, case), {})
        for who in (sara, omid):
            at(MORNING + 2 * HOUR + number * MINUTE, who, access_log.append, Opened("case", case))
        read_ones.append(case)
    stated = Opened("case", read_ones[0], purpose="a complaint")
    at(MORNING + 3 * HOUR, sara, access_log.append, stated)
    assert patterns(searched(at, database), sara) == {"reads-without-part": (9, 10)}


def test_data_that_an_administrator_changed_are_found(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    one = factories.an_actor(database, "administrator", "one")
    second = factories.an_actor(database, "administrator", "second")
    factories.deploy(database, factories.one_task())
    for number in range(COUNT):
        case = started(at, database, MORNING)
        change = at(MORNING + HOUR, one, proposals.propose_variables, case, {"x": number + 1}, "a correction")
        at(MORNING + 2 * HOUR, second, proposals.confirm, change)
        at(MORNING + 3 * HOUR, sara, tasks.complete, task_of(database, case), {})
    assert patterns(searched(at, database), one) == {"changed-variables": (COUNT, COUNT)}


def test_pauses_over_a_closing_are_found(database: Database, at: Callable[..., Any]) -> None:
    administrator = factories.an_actor(database, "administrator", "one")
    factories.deploy(database, clocks.deciding(statutory="P20D"))
    for _ in range(COUNT):
        case = started(at, database, MORNING)
        at(MORNING + 13 * HOUR, administrator, cases.suspend, case)
        at(MORNING + 20 * HOUR, administrator, cases.resume, case)
    found = patterns(searched(at, database), administrator)
    assert found == {"pauses-at-the-end": (COUNT, COUNT)}


def test_tasks_that_are_taken_out_of_turn_are_found(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    omid = a_member(database, "omid", "root")
    factories.deploy(database, factories.one_task())
    waiting = [started(at, database, MORNING + number * timedelta(days=1)) for number in range(20)]
    for number in range(COUNT):
        now = MORNING + timedelta(days=21, hours=number)
        at(now, omid, tasks.claim, task_of(database, waiting[number]))
        at(now + MINUTE, sara, tasks.claim, task_of(database, waiting[-1 - number]))
    assert patterns(searched(at, database), sara) == {"queue-jumping": (COUNT, COUNT)}


def test_cases_that_are_returned_again_and_again_are_found(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    nodes = [
        *(bpmn.node("startEvent", "start"), bpmn.node("exclusiveGateway", "again")),
        *(bpmn.node("userTask", "a"), bpmn.node("exclusiveGateway", "enough", default="back")),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        *(bpmn.flow("start", "again"), bpmn.flow("again", "a"), bpmn.flow("a", "enough")),
        *(bpmn.flow("enough", "again", name="back"), bpmn.flow("enough", "end", "done")),
    ]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows)))
    for _ in range(COUNT):
        case = started(at, database, MORNING)
        for number in range(4):
            now = MORNING + (number + 1) * HOUR
            at(now, sara, tasks.complete, task_of(database, case), {"done": number == 3})
    assert patterns(searched(at, database), sara) == {"returned-often": (COUNT, COUNT)}


def test_a_pause_on_the_last_day_of_a_long_term_is_found(database: Database, at: Callable[..., Any]) -> None:
    administrator = factories.an_actor(database, "administrator", "one")
    factories.deploy(database, clocks.deciding(statutory="P80D"))
    for _ in range(COUNT):
        case = started(at, database, MORNING)
        with database.transaction() as session:
            facts = session.scalars(
                select(Event.facts).where(Event.case_id == case, Event.kind == "clock.started")
            ).one()
        due = datetime.fromisoformat((facts or {})["due_at"])
        at(due - HOUR, administrator, cases.suspend, case)
        at(due + timedelta(days=5), administrator, cases.resume, case)
    assert due > LATER
    found = patterns(searched(at, database, due + timedelta(days=40)), administrator)
    assert found == {"pauses-at-the-end": (COUNT, COUNT)}


def test_a_month_is_searched_once_and_after_its_end(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    factories.deploy(database, factories.one_task())
    started(at, database, MORNING)
    end = datetime(2026, 5, 21, 23, 59, tzinfo=ZONE)  # of the last day of the month
    for now in (end - timedelta(days=20), end, end + timedelta(days=1)):
        assert at(now, sara, flags.next_period) is None
    assert at(end + HOUR + timedelta(days=1), sara, flags.search_next, USUAL) is True
    assert at(end + timedelta(days=9), sara, flags.search_next, USUAL) is False


def test_a_history_that_was_written_at_once_is_searched_from_its_earliest_month(
    database: Database, at: Callable[..., Any], sara: Actor
) -> None:
    """Its events have one transaction, in no order: those of a month in between come first here."""
    factories.deploy(database, factories.one_task())
    portal = factories.an_actor(database, "portal")

    def write(session: Session, _: datetime) -> None:
        for begun in (MORNING + timedelta(days=40), MORNING, MORNING + timedelta(days=40)):
            cases.start(UnitOfWork(session, portal, begun), "p", {"x": 0}, Application())

    database.run(write)
    assert at(LATER + timedelta(days=60), sara, flags.next_period) == PERIOD


def test_a_month_that_fails_stops_no_other_and_is_tried_again_a_day_later(
    database: Database,
    runner: CommandRunner,
    at: Callable[..., Any],
    sara: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(ZONE)
    factories.deploy(database, factories.one_task())
    started(at, database, now - timedelta(days=100))
    tried: list[date] = []

    def search(uow: UnitOfWork, period: date, wanted: Any) -> int:
        tried.append(period)
        if period == tried[0]:
            raise RuntimeError("out of memory")
        return real(uow, period, wanted)

    real = flags.search
    monkeypatch.setattr(flags, "search", search)
    with capture_logs() as told:
        while asyncio.run(search_for_patterns(runner)):
            pass
    assert 2 <= len(tried) == len({*tried}) <= 4
    (line,) = told
    assert (line["event"], line["period"]) == ("flags.search-failed", tried[0].isoformat())
    with database.transaction() as session:
        session.execute(update(FlagSearch).values(searched_at=now - timedelta(hours=2)))
        assert figures.read(connection(session), now, []).unsearched == 1
    assert at(now + timedelta(hours=20), sara, flags.next_period) is None
    assert at(now + timedelta(hours=25), sara, flags.next_period) == tried[0]


def test_a_month_with_an_entry_that_no_pattern_understands_counts_as_not_searched(
    database: Database, at: Callable[..., Any], sara: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    case = started(at, database, MORNING)
    at(MORNING + HOUR, sara, tasks.complete, task_of(database, case), {})

    def breaks(_: Any, __: Any) -> Any:
        raise ValueError("an odd entry")

    known = flags.OF_PLACES
    monkeypatch.setattr(searching, "OF_PLACES", {**known, "queue-jumping": breaks})
    assert at(LATER, sara, flags.search_next, USUAL) is True
    with database.transaction() as session:
        assert session.scalars(select(FlagSearch.until)).one() == PERIOD - timedelta(days=1)
    inspector = factories.an_actor(database, "auditor")
    assert at(LATER, inspector, flags.searched_until) is None
    monkeypatch.setattr(searching, "OF_PLACES", known)
    assert at(LATER + timedelta(days=1), sara, flags.search_next, USUAL) is True
    assert at(LATER, inspector, flags.searched_until)["until"] == date(2026, 5, 21)
