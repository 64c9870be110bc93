"""The end of a term while the workers have not reported: the time is doubtful before an outage is logged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import cases, tasks
from engine.cases.clock import interruptions
from engine.cases.clock_recalculation import Counted, recompute_batch
from engine.models import ROOT, CaseClock, Heartbeat, Task
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict
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
    database: Database, start: Callable[..., cases.CaseView], act: Act, last: timedelta
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    reported(database, case.started_at + last)  # the worker was killed; or the clock was set back
    with pytest.raises(Conflict) as refused:
        act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), LATE)
    assert refused.value.code == "awaits-release"
    assert kinds(database, case.id) == ["clock.started", "clock.warned"]
    assert [row["case_id"] for row in act("administrator", cases.list_awaiting, LATE)] == [case.id]


def test_the_end_is_postponed_once_the_outage_is_known(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    begin, end = case.started_at + TERM - MINUTE, case.started_at + LATE
    reported(database, begin)
    sweep(act, work, LATE)
    assert act("administrator", cases.release, LATE) == 1
    sweep(act, work, LATE)  # no worker has reported yet: it is held again
    assert len(act("administrator", cases.list_awaiting, LATE)) == 1
    interrupted(database, begin, end)
    reported(database, end)
    assert act("administrator", cases.release, LATE) == 1
    sweep(act, work, LATE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.recomputed"]
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), LATE)
    assert kinds(database, case.id)[-1] == "clock.stopped"


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


def test_a_term_without_decision_that_ends_in_the_present_outage_moves(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="escalate"))
    case = start()
    reported(database, case.started_at + TERM - MINUTE)
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), LATE)
    assert kinds(database, case.id)[1:] == ["clock.warned", "clock.recomputed", "clock.stopped"]
    assert dict(logged(database, case.id))["clock.recomputed"]["code"] == "outage"


def test_an_interruption_logged_by_a_wrong_clock_is_seen_by_its_number(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    act("administrator", cases.release, TERM)  # it has seen everything so far
    case = start()
    interrupted(
        database, case.started_at + MINUTE, case.started_at + MINUTE * 2
    )  # after it, by an earlier time
    sweep(act, work, LATE)
    clock = clock_of(database, case.id)
    assert clock is not None
    assert clock.awaits_release


@pytest.fixture
def held(database: Database, start: Callable[..., cases.CaseView], act: Act) -> list[cases.CaseView]:
    """Two cases whose terms ended at a doubtful time."""
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    found = [start(), start()]
    reported(database, found[0].started_at + TERM - MINUTE)
    for _ in ("warned", "held"):
        assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), LATE) == 2
    reported(database, found[0].started_at + LATE + MINUTE)
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
        assert kinds(database, case.id) == ["clock.started", "clock.warned"]
    act("administrator", cases.release, later)
    act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later)
    # Now the suspension has moved its end.
    assert kinds(database, held[0].id)[2:] == ["clock.paused", "clock.resumed"]


def test_held_cases_that_are_stored_as_due_stop_no_others(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    work: Callable[..., None],
    held: list[cases.CaseView],
) -> None:
    with database.transaction() as session:
        session.execute(update(CaseClock).values(next_at=CaseClock.due_at))
    other, later = start(), TERM + MINUTE * 20
    reported(database, other.started_at + later)
    for _ in ("warned", "breached", "deemed"):
        assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later) == 1
    assert act("administrator", lambda uow: cases.do_due_clocks(uow, 2), later) == 0
    assert kinds(database, other.id)[-1] == "clock.deemed"
    with pytest.raises(Conflict) as refused:
        act("caseworker", lambda uow: tasks.complete(uow, held[0].tasks[0]["id"], DECISION), later)
    assert refused.value.code == "awaits-release"
    sweep(act, work, later)
    assert [clock.next_at for case in held if (clock := clock_of(database, case.id))] == [None, None]


def test_the_supervisors_task_ends_with_the_case_though_the_list_was_seen_meanwhile(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    interrupted(database, case.started_at + MINUTE, case.started_at + MINUTE * 2)
    reported(database, case.started_at + LATE)
    for _ in ("warned", "breached"):
        act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert act("administrator", cases.release, LATE) == 0  # between the breach and the decision
    act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert act("caseworker", lambda uow: cases.get(uow, case.id)).outcome == "deemed_granted"
    with database.transaction() as session:
        found = session.execute(select(Task.kind, Task.status).where(Task.case_id == case.id)).all()
    assert sorted(found) == [("escalation", "cancelled"), ("step", "cancelled")]
    assert "task.cancelled" in kinds(database, case.id, "task.")


@pytest.mark.parametrize(("silence", "last"), [("escalate", "recomputed"), ("grant", "breached")])
def test_an_outage_is_seen_though_it_is_logged_between_two_reads(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    monkeypatch: pytest.MonkeyPatch,
    silence: str,
    last: str,
) -> None:
    factories.deploy(database, clocks.deciding(onSilence=silence))
    case = start()
    begin, end = case.started_at + TERM - MINUTE, case.started_at + LATE
    reported(database, end)
    for _ in ("warned", "breached") if silence == "grant" else ("warned",):
        act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    reported(database, begin)
    read = UnitOfWork.rows

    def reading(uow: UnitOfWork, statement: Any, values: Any) -> Any:
        found = read(uow, statement, values)
        if statement in (interruptions._REPORT, interruptions._ENDED, interruptions._UNSEEN):
            monkeypatch.setattr(UnitOfWork, "rows", read)
            interrupted(database, begin, end)
            reported(database, end)
        return found

    monkeypatch.setattr(UnitOfWork, "rows", reading)
    act("administrator", lambda uow: cases.do_due(uow, case.id), LATE)
    assert kinds(database, case.id)[-1] == f"clock.{last}"
