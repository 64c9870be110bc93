"""The end of a term while the workers have not reported: the time is doubtful before an outage is logged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from engine import cases, tasks
from engine.cases.clock import interruptions
from engine.cases.clock_recalculation import Counted, recompute_batch
from engine.models import ROOT, CaseClock, Heartbeat
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Busy, Conflict
from tests import clocks, factories
from tests.clocks import DECISION, MINUTE, TERM, clock_of, kinds, logged
from tests.integration.conftest import Act
from tests.integration.test_clock_ends import interrupted, sweep

LATE = TERM + MINUTE * 5


def reported(database: Database, at: datetime) -> None:
    """The workers have last reported then."""
    with database.transaction() as session:
        session.execute(update(Heartbeat).values(at=at))


@pytest.mark.parametrize("last", [TERM - MINUTE, LATE + MINUTE * 60])
def test_nothing_is_decided_by_silence_while_the_time_is_doubtful(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    work: Callable[..., None],
    last: timedelta,
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    reported(database, case.started_at + last)  # the worker was killed; or the clock was set back
    with pytest.raises(Busy):
        act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), LATE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned"]
    assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), LATE) == 0
    sweep(act, work, LATE)
    assert act("administrator", cases.list_awaiting, LATE) == []


def test_once_a_worker_has_reported_silence_decides_by_itself(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    begin, end = case.started_at + TERM - MINUTE, case.started_at + LATE
    reported(database, begin)
    act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned"]
    interrupted(database, begin, end)  # the office had time before it
    reported(database, end)
    sweep(act, work, LATE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.breached", "clock.deemed"]


def test_a_recent_report_is_no_doubt(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    sweep(act, work, TERM - MINUTE)
    due = case.started_at + TERM
    reported(database, due)
    sweep(act, work, TERM + MINUTE / 2)
    assert kinds(database, case.id)[-1] == "clock.deemed"


def test_a_term_without_decision_whose_last_day_the_present_outage_took_moves(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="escalate"))
    case = start()
    due = clocks.due(database, case.id)
    reported(database, due - MINUTE * 60 * 9)
    later = due - case.started_at + MINUTE
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), later)
    assert kinds(database, case.id)[1:] == ["clock.warned", "clock.recomputed", "clock.stopped"]
    assert dict(logged(database, case.id))["clock.recomputed"]["code"] == "outage"


def test_a_jump_logged_by_a_wrong_clock_is_seen_by_its_number(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    act("administrator", cases.release, TERM)  # it has seen everything so far
    case = start()
    jumped(database, case)  # after it, by an earlier time
    sweep(act, work, LATE)
    clock = clock_of(database, case.id)
    assert clock is not None
    assert clock.awaits_release


def jumped(database: Database, case: cases.CaseView) -> None:
    """The clock was set back by a minute, soon after a case began."""
    interrupted(database, case.started_at + MINUTE * 2, case.started_at + MINUTE, "clock.jumped")


@pytest.fixture
def held(database: Database, start: Callable[..., cases.CaseView], act: Act) -> list[cases.CaseView]:
    """Two cases whose decisions by silence await release."""
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    found = [start(), start()]
    jumped(database, found[1])
    for _ in ("warned", "breached", "held"):
        assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), LATE) == 2
    return found


def test_nothing_is_due_in_a_held_case_until_it_is_released(
    database: Database, act: Act, work: Callable[..., None], held: list[cases.CaseView]
) -> None:
    later = LATE + MINUTE
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), LATE)
    act("administrator", lambda uow: cases.resume_definition(uow, "p"), later)
    work(later)  # its clock isn't counted again
    assert act("administrator", lambda uow: recompute_batch(uow, ROOT, None, dry=False), later) == Counted()
    assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later) == 0
    for case in held:
        clock = clock_of(database, case.id)
        assert clock is not None
        assert (clock.next_at, clock.awaits_release) == (None, True)
        assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.breached"]
    act("administrator", cases.release, later)
    act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later)
    assert kinds(database, held[0].id)[3:] == ["clock.deemed"]  # its term had ended before the suspension


def test_held_cases_that_are_stored_as_due_stop_no_others(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    work: Callable[..., None],
    held: list[cases.CaseView],
) -> None:
    with database.transaction() as session:
        session.execute(update(CaseClock).values(next_at=CaseClock.due_at))
    other = act("caseworker", lambda uow: cases.start(uow, "p", {}), MINUTE * 3)  # after the jump
    later = TERM + MINUTE * 20
    reported(database, held[0].started_at + later)
    for _ in ("warned", "breached", "deemed"):
        assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later) == 1
    assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later) == 0
    assert kinds(database, other.id)[-1] == "clock.deemed"
    with pytest.raises(Conflict) as refused:
        act("caseworker", lambda uow: tasks.complete(uow, held[0].tasks[0]["id"], DECISION), later)
    assert refused.value.code == "awaits-release"
    sweep(act, work, later)
    assert [clock.next_at for case in held if (clock := clock_of(database, case.id))] == [None, None]


def test_a_case_is_not_held_if_the_list_was_seen_between_breach_and_decision(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    jumped(database, case)
    for _ in ("warned", "breached"):
        act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert act("administrator", cases.release, LATE) == 0
    act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert act("caseworker", lambda uow: cases.get(uow, case.id)).outcome == "deemed_granted"


def test_an_outage_is_seen_though_it_is_logged_between_two_reads(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="escalate"))
    case = start()
    due = clocks.due(database, case.id)
    begin, end, later = due - MINUTE * 60 * 9, due + MINUTE, due - case.started_at + MINUTE * 2
    reported(database, end)
    act("administrator", lambda uow: cases.do_due(uow, case.id), later)
    reported(database, begin)
    read = UnitOfWork.rows

    def reading(uow: UnitOfWork, statement: Any, values: Any) -> Any:
        found = read(uow, statement, values)
        if statement in (interruptions._REPORT, interruptions._OUTAGES):
            monkeypatch.setattr(UnitOfWork, "rows", read)
            interrupted(database, begin, end)
            reported(database, end)
        return found

    monkeypatch.setattr(UnitOfWork, "rows", reading)
    act("administrator", lambda uow: cases.do_due(uow, case.id), later)
    assert kinds(database, case.id)[-1] == "clock.recomputed"
