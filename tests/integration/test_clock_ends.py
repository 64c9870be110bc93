"""What else may happen to a term: acceptance, reassignment, an expression without a value, an outage."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine import cases, tasks
from engine.cases import incidents
from engine.events import administration_log
from engine.identity import accounts
from engine.models import Incident, Task
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid
from tests import bpmn, clocks, factories
from tests.clocks import DECISION, MINUTE, TERM, clock_of, kinds, logged
from tests.integration.conftest import Act
from tests.organisation import a_member

ACCEPTED = [bpmn.node("userTask", "accept", parvandeh__clock="start")]
LATE = TERM + MINUTE


def sweep(act: Act, work: Callable[..., None], later: timedelta) -> None:
    act("administrator", lambda uow: cases.sweep_clocks(uow, 10), later)
    work(later)


def found(database: Database, case_id: UUID) -> Any:
    clock = clock_of(database, case_id)
    assert clock is not None
    return clock


def test_the_term_starts_when_the_application_is_complete(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPTED))
    case = start()
    assert (found(database, case.id).state, kinds(database, case.id)) == ("pending", [])
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}), MINUTE * 60)
    facts = dict(logged(database, case.id))["clock.started"]
    assert facts["code"] == "complete"
    assert found(database, case.id).started_at > case.started_at


def test_without_acceptance_it_starts_on_the_day_of_filing(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPTED, acceptWithin="PT2H"))
    case = start()
    sweep(act, work, MINUTE * 119)
    assert kinds(database, case.id) == []
    sweep(act, work, MINUTE * 121)
    facts = dict(logged(database, case.id))["clock.started"]
    assert facts["code"] == "accept-within"
    assert found(database, case.id).started_at == case.started_at
    # Accepting it afterwards starts nothing again.
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}), MINUTE * 122)
    assert kinds(database, case.id) == ["clock.started"]


def test_an_office_that_never_accepts_does_not_prevent_silence(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPTED, acceptWithin="PT2H", onSilence="grant"))
    case = start()
    sweep(act, work, LATE)
    assert act("caseworker", lambda uow: cases.get(uow, case.id)).outcome == "deemed_granted"


def test_at_its_end_the_tasks_lose_their_assignees(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="escalate", onBreach="reassign"))
    case = start()
    act("caseworker", lambda uow: tasks.claim(uow, case.tasks[0]["id"]))
    sweep(act, work, LATE)
    with database.transaction() as session:
        assert session.scalars(select(Task.assignee_id).where(Task.case_id == case.id)).all() == [None, None]
    released = dict(logged(database, case.id))["task.released"]
    assert released["reason"] == "overdue"


def test_a_term_without_a_value_is_an_incident_and_starts_when_it_is_repaired(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(statutory="'PT' + str(days) + 'H' if days else ''"))
    case = start(days=0)
    (incident,) = case.incidents
    assert incident["code"] == cases.NO_TERM
    assert kinds(database, case.id) == []
    with database.transaction() as session:
        session.execute(text("""UPDATE cases SET data = '{"days": 7}'"""))
    act("administrator", lambda uow: incidents.retry(uow, incident["id"]))
    assert kinds(database, case.id) == ["clock.started"]
    assert found(database, case.id).term == "PT7H"
    with database.transaction() as session:
        assert session.scalars(select(Incident.status)).all() == ["resolved"]


def test_data_that_no_element_would_read_is_refused_by_a_retry(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(statutory="'PT' + str(days) + 'H' if days else ''"))
    case = start(days=0)
    (incident,) = case.incidents
    with pytest.raises(Invalid) as refusal:
        act("administrator", lambda uow: incidents.retry(uow, incident["id"], repair={"days": 7}))
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/data", "whole-case")]
    assert kinds(database, case.id) == []
    with database.transaction() as session:
        assert session.scalars(select(Incident.status)).all() == ["open"]


def test_a_paused_term_can_be_extended_after_its_former_end(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(
        database, clocks.deciding(before=[bpmn.node("userTask", "wait", parvandeh__clock="pause")])
    )
    case = start()
    assert found(database, case.id).state == "paused"
    act("caseworker", lambda uow: cases.extend(uow, case.id, reason="volume"), LATE)
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}), LATE)
    assert found(database, case.id).due_at > case.started_at + TERM * 2.9


def test_a_term_that_ends_within_an_outage_moves(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    due = case.started_at + TERM
    interrupted(database, due - MINUTE, due + MINUTE)
    sweep(act, work, LATE)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.recomputed"]
    facts = dict(logged(database, case.id))["clock.recomputed"]
    assert facts["code"] == "outage"
    assert found(database, case.id).due_at > due


def interrupted(database: Database, begin: datetime, end: datetime) -> None:
    """The administration log has an outage."""
    payload = {"from_at": begin, "to_at": end, "seconds": round((end - begin).total_seconds())}
    database.run(
        lambda session, now: administration_log.note(
            UnitOfWork(session, accounts.system(session, now), end), "installation.outage", None, payload
        )
    )


@pytest.fixture
def held(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> cases.CaseView:
    """A case whose decision by silence awaits release, after an outage."""
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    interrupted(database, case.started_at + MINUTE, case.started_at + MINUTE * 2)
    sweep(act, work, LATE)
    return case


def test_after_an_outage_silence_waits_for_an_administrator(
    database: Database, held: cases.CaseView, act: Act, work: Callable[..., None]
) -> None:
    assert kinds(database, held.id)[-1] == "clock.breached"
    (listed,) = act("administrator", cases.list_awaiting, LATE)
    assert (listed["case_id"], listed["on_silence"]) == (held.id, "grant")
    assert act("administrator", cases.release, LATE) == 1
    sweep(act, work, LATE + MINUTE)
    assert kinds(database, held.id)[-1] == "clock.deemed"
    assert act("administrator", cases.list_awaiting, LATE) == []


def test_until_then_nothing_else_decides(database: Database, held: cases.CaseView, act: Act) -> None:
    commands: list[Callable[[UnitOfWork], Any]] = [
        lambda uow: tasks.complete(uow, held.tasks[0]["id"], DECISION),
        lambda uow: cases.cancel(uow, held.id),
        lambda uow: cases.withdraw(uow, held.id),
    ]
    for command in commands:
        with pytest.raises(Conflict) as refused:
            act("caseworker", command, LATE + MINUTE)
        assert refused.value.code == "awaits-release"


def test_what_an_administrator_has_seen_holds_nothing_again(
    database: Database, held: cases.CaseView, act: Act, work: Callable[..., None]
) -> None:
    act("administrator", cases.release, LATE)
    sweep(act, work, LATE)
    case = act("caseworker", lambda uow: cases.start(uow, "p", {}), LATE)
    sweep(act, work, LATE * 2)
    assert kinds(database, case.id)[-1] == "clock.deemed"


def test_only_administrators_of_all_units_release(database: Database, held: cases.CaseView) -> None:
    head = a_member(database, "head", "root", "supervisor")
    with pytest.raises(Exception, match="permission"):
        database.run(lambda session, now: cases.release(UnitOfWork(session, head, now)))
