"""The clock of a case: when it starts, pauses and stops, and what is done at the end of its term."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import cases, tasks
from engine.cases import erasure
from engine.oversight import replay
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict
from tests import bpmn, clocks, factories
from tests.clocks import DECISION, MINUTE, TERM, clock_of, kinds, logged
from tests.integration.conftest import Act
from tests.organisation import a_member

ALMOST = TERM * 9 / 10


def deploy(database: Database, *more: str, **attributes: Any) -> None:
    factories.deploy(database, clocks.deciding(*more, **attributes))


def sweep(act: Act, work: Callable[..., None], later: Any) -> None:
    act("administrator", lambda uow: cases.sweep_clocks(uow, 10), later)
    work(later)


def replay_finds(database: Database) -> list[str]:
    """Differences between the tables and the events alone."""
    found = database.run(lambda session, _: replay.compare(session), "snapshot")
    assert found.judged
    return [str(one) for one in found.differences]


def decide(act: Act, case: cases.CaseView, later: Any = MINUTE * 0) -> tasks.Completed:
    found: tasks.Completed = act(
        "caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION), later
    )
    return found


def test_a_case_without_a_term_has_no_clock(database: Database, start: Callable[..., cases.CaseView]) -> None:
    factories.deploy(database, factories.one_task())
    case = start()
    assert clock_of(database, case.id) is None
    assert kinds(database, case.id) == []


def test_the_clock_starts_with_the_case(database: Database, start: Callable[..., cases.CaseView]) -> None:
    deploy(database)
    case = start()
    clock = clock_of(database, case.id)
    assert clock is not None
    assert clock.started_at == case.started_at
    assert (clock.state, clock.term, clock.due_at) == ("running", "PT10H", case.started_at + TERM)
    (facts,) = [facts for kind, facts in logged(database, case.id) if kind == "clock.started"]
    assert (facts["code"], facts["term"]) == ("filed", "PT10H")


def test_a_task_without_a_due_time_is_due_with_the_term(
    database: Database, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database)
    case = start()
    assert case.tasks[0]["due_at"] == case.started_at + TERM


def test_a_decision_stops_it(database: Database, start: Callable[..., cases.CaseView], act: Act) -> None:
    deploy(database)
    case = start()
    decide(act, case)
    assert kinds(database, case.id) == ["clock.started", "clock.stopped"]
    clock = clock_of(database, case.id)
    assert clock is not None
    assert (clock.state, clock.next_at) == ("stopped", None)


def test_it_warns_once(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    deploy(database)
    case = start()
    for _ in range(2):
        sweep(act, work, ALMOST)
    assert kinds(database, case.id) == ["clock.started", "clock.warned"]


def test_its_end_opens_a_supervisors_task(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    deploy(database, onSilence="escalate")
    case = start()
    for _ in range(2):
        sweep(act, work, TERM + MINUTE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.breached"]
    found = act("caseworker", lambda uow: cases.get(uow, case.id), TERM + MINUTE)
    (task,) = [task for task in found.tasks if task["kind"] == "escalation"]
    answer = {"measure": "Two more people work on it."}
    head = a_member(database, "head", "root", "supervisor")
    done = database.run(
        lambda session, now: tasks.complete(
            UnitOfWork(session, head, now + TERM + MINUTE), task["id"], answer
        )
    )
    assert done.case_status == "active"
    assert replay_finds(database) == []


def test_silence_grants(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    deploy(database, onSilence="grant")
    case = start()
    sweep(act, work, TERM + MINUTE)
    found = act("caseworker", lambda uow: cases.get(uow, case.id), TERM + MINUTE)
    assert (found.status, found.outcome, found.tasks) == ("completed", "deemed_granted", [])
    deemed = dict(logged(database, case.id))["clock.deemed"]
    assert (deemed["outcome"], deemed["units"]) == ("deemed_granted", case.unit)
    ended = dict(logged(database, case.id))["case.completed"]
    assert (ended["outcome"], ended["effect"], ended["by"]) == ("deemed_granted", "grants", "silence")
    assert replay_finds(database) == []
    act("administrator", lambda uow: erasure.erase(uow, str(case.id), "Act 1", "root"), TERM + MINUTE)
    assert replay_finds(database) == []
    (decision,) = act("caseworker", lambda uow: tasks.decisions(uow, case.id))
    assert (decision["outcome"], decision["silent_units"]) == ("deemed_granted", [case.unit])


def test_a_decision_after_the_end_is_refused_though_no_worker_ran(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    deploy(database, onSilence="refuse")
    case = start()
    with pytest.raises(Conflict):
        decide(act, case, TERM + MINUTE)
    assert kinds(database, case.id)[-1] == "clock.deemed"


def test_silence_never_decides_about_safety(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    deploy(database, onSilence="escalate", safety="true")
    case = start()
    decide(act, case, TERM + MINUTE)
    assert kinds(database, case.id)[-2:] == ["clock.breached", "clock.stopped"]


def test_a_process_that_waits_for_the_decision_by_silence_continues(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    caught = '<bpmn:messageEventDefinition messageRef="deemed"/>'
    late = [
        bpmn.node("boundaryEvent", "late", caught, attachedToRef="decide"),
        bpmn.node("userTask", "after"),
        bpmn.node("endEvent", "over"),
        bpmn.flow("late", "after"),
        bpmn.flow("after", "over"),
    ]
    files = clocks.deciding(*late, onSilence="grant")
    deemed = b'<bpmn:message id="deemed" name="clock.deemed"/><bpmn:process '
    files["p.bpmn"] = files["p.bpmn"].replace(b"<bpmn:process ", deemed, 1)
    factories.deploy(database, files)
    case = start()
    sweep(act, work, TERM + MINUTE)
    found = act("caseworker", lambda uow: cases.get(uow, case.id), TERM + MINUTE)
    assert (found.status, [task["element"] for task in found.tasks]) == ("active", ["after"])
    assert kinds(database, case.id)[-1] == "clock.deemed"


def test_suspension_pauses_it_and_moves_the_tasks(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    deploy(database)
    case = start()
    act("administrator", lambda uow: cases.suspend(uow, case.id))
    act("administrator", lambda uow: cases.resume(uow, case.id), TERM)
    assert kinds(database, case.id) == ["clock.started", "clock.paused", "clock.resumed"]
    clock = clock_of(database, case.id)
    assert clock is not None
    assert clock.due_at is not None
    assert clock.due_at > case.started_at + TERM * 1.99
    task = act("caseworker", lambda uow: tasks.get(uow, case.tasks[0]["id"]))
    assert task["due_at"] == clock.due_at
    assert replay_finds(database) == []


def test_it_stays_paused_until_the_last_of_two_reasons_has_ended(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    waits = bpmn.node("userTask", "wait", parvandeh__clock="pause")
    factories.deploy(database, clocks.deciding(before=[waits]))
    case = start()
    act("administrator", lambda uow: cases.suspend(uow, case.id))
    act("administrator", lambda uow: cases.resume(uow, case.id), TERM)
    assert kinds(database, case.id) == ["clock.started", "clock.paused"]
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}), TERM * 2)
    assert kinds(database, case.id) == ["clock.started", "clock.paused", "clock.resumed"]
    assert clocks.due(database, case.id) > case.started_at + TERM * 2.9
    assert replay_finds(database) == []


def test_instants_of_its_events_are_in_utc(database: Database, start: Callable[..., cases.CaseView]) -> None:
    """Whatever the zone of the installation is: they are compared as texts, too."""
    deploy(database)
    case, head = start(), factories.an_actor(database, "administrator")
    for command, hours in ((cases.suspend, 1), (cases.resume, 2)):

        def run(session: Session, now: datetime, command: Any = command, hours: int = hours) -> None:
            later = now.astimezone(ZoneInfo("Asia/Tehran")) + MINUTE * 60 * hours
            command(UnitOfWork(session, head, later), case.id)

        database.run(run)
    (resumed,) = [facts for kind, facts in logged(database, case.id) if kind == "clock.resumed"]
    assert [resumed[name][-6:] for name in ("paused_at", "due_at")] == ["+00:00", "+00:00"]


def test_suspending_a_definition_is_a_pause(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    deploy(database, onSilence="grant")
    case = start()
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), MINUTE)
    sweep(act, work, TERM * 2)
    assert kinds(database, case.id) == ["clock.started"]
    act("administrator", lambda uow: cases.resume_definition(uow, "p"), TERM * 2)
    for _ in range(2):
        sweep(act, work, TERM * 2 + MINUTE)
    assert kinds(database, case.id) == ["clock.started", "clock.paused", "clock.resumed"]
    clock = clock_of(database, case.id)
    assert clock is not None
    assert clock.due_at is not None
    assert clock.due_at > case.started_at + TERM * 2.9
    assert replay_finds(database) == []
    decide(act, case, TERM * 2 + MINUTE)
    assert replay_finds(database) == []


def test_suspending_a_definition_moves_due_dates_as_suspending_a_case(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    late = bpmn.node("userTask", "a", parvandeh__due="PT216H")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(late))))
    case, held = start(), start()
    act("administrator", lambda uow: cases.suspend(uow, held.id), MINUTE)
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), MINUTE * 10)
    act("administrator", lambda uow: cases.resume_definition(uow, "p"), MINUTE * 40)
    act("administrator", lambda uow: cases.resume(uow, held.id), MINUTE * 60)
    for one, minutes in ((case, 30), (held, 59)):
        task = act("caseworker", lambda uow, one=one: tasks.get(uow, one.tasks[0]["id"]))
        moved = task["due_at"] - one.tasks[0]["due_at"]
        assert abs(moved - MINUTE * minutes) < MINUTE
    assert replay_finds(database) == []


@pytest.mark.parametrize(
    "forged", ["due_at = due_at + interval '1 day'", "state = 'stopped'", "term = 'P1D'"]
)
def test_a_forged_clock_is_found(
    database: Database, start: Callable[..., cases.CaseView], forged: str
) -> None:
    deploy(database)
    start()
    with database.transaction() as session:
        session.execute(text(f"UPDATE clocks SET {forged}"))
    assert [one.split(", ")[1].split()[0] for one in replay_finds(database)] == ["clocks"]
