"""What else may happen to a term: acceptance, reassignment, an expression without a value, an outage."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from engine import cases, tasks
from engine.cases import incidents
from engine.deadlines import close_of_next_day
from engine.events import administration_log
from engine.identity import accounts
from engine.models import CandidateGroupRole, Case, Incident, OrganisationKind, Task, Unit
from engine.organisation.calendars import shipped
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid
from engine.platform.language import Reader
from engine.portal.status import explain
from engine.portal.status.lookup import find_status
from engine.tasks import Inbox
from tests import bpmn, clocks, factories
from tests.clocks import DECISION, MINUTE, TERM, clock_of, kinds, logged
from tests.integration.conftest import Act
from tests.organisation import a_member, a_unit

ACCEPTED = [bpmn.node("userTask", "accept", parvandeh__clock="start")]
LATE = TERM + MINUTE
HOUR = MINUTE * 60
ZONE = UTC


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


def interrupted(
    database: Database, begin: datetime, end: datetime, kind: OrganisationKind = "installation.outage"
) -> None:
    """The administration log has an outage, or a jump of the clock."""
    payload = {"from_at": begin, "to_at": end, "seconds": round((end - begin).total_seconds())}
    database.run(
        lambda session, now: administration_log.note(
            UnitOfWork(session, accounts.system(session, now), max(begin, end)), kind, None, payload
        )
    )


def in_days(database: Database, start: Callable[..., cases.CaseView], term: str) -> cases.CaseView:
    """A case with a term in working days, which ends at the close of office: then silence grants."""
    factories.deploy(database, clocks.deciding(statutory=term, onSilence="grant"))
    return start()


def next_close(after: datetime) -> datetime:
    """The close of the office day after an instant, by the calendar of the tests."""
    return close_of_next_day(shipped.calendars()[0].document.calendar(ZONE, (), None), after)


# From the close of office on the last day, in hours: from when to when the installation was down.
@pytest.mark.parametrize("down", [[(-9, 1)], [(-9, -4), (-4, 1)], [(-30, -4), (-5, 0.1)]])
def test_a_term_whose_last_day_outages_took_moves_and_silence_decides_by_itself(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    work: Callable[..., None],
    down: list[tuple[float, float]],
) -> None:
    case = in_days(database, start, "P5WD")
    due = clocks.due(database, case.id)
    for begin, end in down:
        interrupted(database, due + HOUR * begin, due + HOUR * end)
    sweep(act, work, due - case.started_at + HOUR * 2)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.recomputed"]
    facts = dict(logged(database, case.id))["clock.recomputed"]
    moved = clocks.due(database, case.id)
    lost = [day for begin, _ in down for day in [(due + HOUR * begin).astimezone(ZONE).date()]]
    assert facts["code"] == "outage"
    assert due.astimezone(ZONE).date().isoformat() in facts["days"].split(",")
    assert set(facts["days"].split(",")) <= {due.astimezone(ZONE).date().isoformat(), *map(str, lost)}
    assert moved >= next_close(due)
    sweep(act, work, moved - case.started_at + MINUTE)
    assert kinds(database, case.id)[-1] == "clock.deemed"
    assert act("administrator", cases.list_awaiting, moved - case.started_at) == []


@pytest.mark.parametrize(
    "down", [[(-9, -0.02)], [(-7.9, 1)], [(-9, -4), (-3.9, 1)], [(0.1, 12)], [(-23, -8)], [(-104, -9)]]
)
def test_an_outage_that_leaves_office_time_on_the_last_day_changes_nothing(
    database: Database,
    start: Callable[..., cases.CaseView],
    act: Act,
    work: Callable[..., None],
    down: list[tuple[float, float]],
) -> None:
    case = in_days(database, start, "P5WD")
    due = clocks.due(database, case.id)
    for begin, end in down:
        interrupted(database, due + HOUR * begin, due + HOUR * end)
    sweep(act, work, due - case.started_at + HOUR * 13)
    assert kinds(database, case.id) == ["clock.started", "clock.warned", "clock.breached", "clock.deemed"]


def test_an_outage_that_ends_after_the_term_takes_each_office_day(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    case = in_days(database, start, "P5WD")
    due = clocks.due(database, case.id)
    after = next_close(due)
    interrupted(database, due - HOUR * 9, after + HOUR)
    sweep(act, work, after - case.started_at + HOUR * 2)
    # Both the last day of the term and the next one: of the two after it, the second is left.
    assert clocks.due(database, case.id) == next_close(after)


def test_a_second_outage_takes_the_day_that_the_first_one_gave(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    case = in_days(database, start, "P5WD")
    due = clocks.due(database, case.id)
    for _ in range(2):
        interrupted(database, due - HOUR * 9, due + HOUR)
        sweep(act, work, due - case.started_at + HOUR * 2)
        due = next_close(due)
        assert clocks.due(database, case.id) == due
    assert kinds(database, case.id, "clock.recomputed") == ["clock.recomputed"] * 2


def test_an_outage_writes_nothing_in_cases_that_it_does_not_move(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    moved, other = in_days(database, start, "P5WD"), in_days(database, start, "P9WD")
    due = clocks.due(database, moved.id)
    interrupted(database, due - HOUR * 9, due + MINUTE)
    sweep(act, work, due - moved.started_at + HOUR)
    assert kinds(database, moved.id).count("clock.recomputed") == 1
    assert kinds(database, other.id) == ["clock.started"]


def restored(database: Database) -> None:
    database.run(administration_log.note_restored)


def test_after_a_restored_backup_silence_waits_in_the_cases_that_were_open_then(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    restored(database)
    later = start()
    sweep(act, work, LATE)
    assert (kinds(database, case.id)[-1], kinds(database, later.id)[-1]) == ("clock.breached", "clock.deemed")
    assert [row["case_id"] for row in act("administrator", cases.list_awaiting, LATE)] == [case.id]


@pytest.fixture
def held(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> cases.CaseView:
    """A case whose decision by silence awaits release, after a jump of the clock."""
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    interrupted(database, case.started_at + MINUTE * 2, case.started_at + MINUTE, "clock.jumped")
    sweep(act, work, LATE)
    return case


def test_after_a_jump_of_the_clock_silence_waits_for_an_administrator(
    database: Database, held: cases.CaseView, act: Act, work: Callable[..., None]
) -> None:
    assert kinds(database, held.id)[-1] == "clock.breached"
    (listed,) = act("administrator", cases.list_awaiting, LATE)
    assert (listed["case_id"], listed["on_silence"]) == (held.id, "grant")
    assert act("administrator", cases.release, LATE) == 1
    sweep(act, work, LATE + MINUTE)
    assert kinds(database, held.id)[-1] == "clock.deemed"
    assert act("administrator", cases.list_awaiting, LATE) == []


def test_a_task_reminds_the_administrator_until_the_decision_is_released(
    database: Database, held: cases.CaseView, act: Act, work: Callable[..., None]
) -> None:
    (task,) = [
        row
        for row in act("administrator", lambda uow: tasks.page(uow, Inbox()), LATE)
        if row["kind"] == "escalation"
    ]
    assert (task["case_id"], task["name"].partition(" | ")[2]) == (
        held.id,
        "A decision by silence awaits release",
    )
    assert task["due_at"] is not None
    act("administrator", cases.release, LATE)
    sweep(act, work, LATE + MINUTE)
    assert "escalation" not in {
        row["kind"] for row in act("administrator", lambda uow: tasks.page(uow, Inbox()), LATE + MINUTE)
    }


def test_the_applicant_is_told_why_the_decision_waits(held: cases.CaseView, act: Act) -> None:
    found = act("portal", lambda uow: find_status(uow.session, held.id, uow.now), LATE)
    told = explain(found, Reader.of("en", ZONE))
    assert told.awaits is not None
    assert "isn’t made yet" in told.awaits
    assert (told.expected, told.latest, told.decision) == (None, None, None)


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


def test_an_administrator_releases_what_waits_in_the_own_units(
    database: Database, held: cases.CaseView, act: Act, work: Callable[..., None]
) -> None:
    north, _ = a_unit(database, "north"), a_unit(database, "south")
    move_to(database, held.id, north)

    def release(unit: str) -> int:
        own = a_member(database, f"head-{unit}", unit, "*", "administrator")
        return database.run(
            lambda session, now: cases.release(UnitOfWork(session, own, now + LATE), [held.id])
        )

    assert (release("south"), release("north")) == (0, 1)
    sweep(act, work, LATE + MINUTE)
    assert kinds(database, held.id)[-1] == "clock.deemed"


def test_what_one_administrator_has_seen_is_still_held_in_other_units(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    found = {unit: start() for unit in ("north", "south")}
    for unit, case in found.items():
        move_to(database, case.id, a_unit(database, unit))
    at = found["south"].started_at
    interrupted(database, at + MINUTE * 2, at + MINUTE, "clock.jumped")
    own = a_member(database, "head", "north", "*", "administrator")
    assert database.run(lambda session, now: cases.release(UnitOfWork(session, own, now))) == 0
    sweep(act, work, LATE)
    assert kinds(database, found["north"].id)[-1] == "clock.deemed"
    assert kinds(database, found["south"].id)[-1] == "clock.breached"


def move_to(database: Database, case_id: UUID, unit_id: UUID) -> None:
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == case_id).values(unit_id=unit_id))


def test_who_administers_nothing_releases_nothing(database: Database, held: cases.CaseView) -> None:
    head = a_member(database, "head", "root", "supervisor")
    with pytest.raises(Exception, match="permission"):
        database.run(lambda session, now: cases.release(UnitOfWork(session, head, now)))


def test_a_supervisors_task_that_nobody_does_goes_to_the_unit_above_at_most_twice(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    for key, above in (("a", None), ("b", "a"), ("c", "b"), ("d", "c")):
        lowest = a_unit(database, key, above)
    factories.deploy(database, clocks.deciding(onSilence="escalate"))
    case = start()
    move_to(database, case.id, lowest)
    sweep(act, work, LATE)
    later = LATE
    for rung in (1, 2, 3):
        (task,) = escalations(database, case.id)
        assert task.asked["rung"] == rung
        assert task.due_at > case.started_at + later
        later = task.due_at - case.started_at
        before = later - MINUTE
        assert act("administrator", cases.raise_escalation, before) is None
        raised = act("administrator", cases.raise_escalation, later + MINUTE)
        assert raised == (task.id if rung < 3 else None)
    with database.transaction() as session:
        role = select(CandidateGroupRole.role, Unit.key).join(Unit, Unit.id == CandidateGroupRole.unit_id)
        places = role.where(CandidateGroupRole.candidate_group_id == task.candidate_group_id)
        assert session.execute(places).all() == [("supervisor", "b")]
    assert kinds(database, case.id, "task.") == [
        *("task.created", "task.created"),
        *("task.cancelled", "task.created") * 2,
    ]


def escalations(database: Database, case_id: UUID) -> Any:
    with database.transaction() as session:
        found = select(Task.id, Task.asked, Task.due_at, Task.candidate_group_id)
        return session.execute(
            found.where(Task.case_id == case_id, Task.kind == "escalation", Task.status == "open")
        ).all()


def test_a_supervisors_task_that_was_done_goes_nowhere(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="escalate"))
    case = start()
    move_to(database, case.id, a_unit(database, "a"))
    sweep(act, work, LATE)
    (task,) = escalations(database, case.id)
    chief = a_member(database, "chief", "a", "supervisor")
    database.run(lambda session, now: tasks.claim(UnitOfWork(session, chief, now + LATE), task.id))
    done = {"measure": "decided"}
    database.run(lambda session, now: tasks.complete(UnitOfWork(session, chief, now + LATE), task.id, done))
    assert act("administrator", cases.raise_escalation, task.due_at - case.started_at + MINUTE) is None
