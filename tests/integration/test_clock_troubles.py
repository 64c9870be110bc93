"""The clock in unusual moments: unanswered requests, missing holidays, calendars that change, long waits."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select, text

from engine import cases, tasks
from engine.cases import incidents, recalculation
from engine.cases.clock_recalculation import recompute_batch
from engine.models import ROOT, Incident, Task
from engine.organisation import calendars, units
from engine.organisation.calendars import NewVersion, editing
from engine.platform.db import Database, UnitOfWork
from engine.tasks.corrections import Marks
from tests import bpmn, clocks, factories
from tests.clocks import clock_of, kinds, logged
from tests.integration import test_recalculation
from tests.integration.test_recalculation import CLOSED, TUESDAY, At, closure, finish, z
from tests.integration.test_working_terms import ACCEPTED
from tests.organisation import a_member

at = test_recalculation.at  # an installation with the shipped calendars, and commands at any instant


def found(database: Database, case_id: UUID) -> Any:
    clock = clock_of(database, case_id)
    assert clock is not None
    return clock


def correctable(**attributes: Any) -> dict[str, bytes]:
    """A process whose applicant can be asked for a correction."""
    files = clocks.deciding(**attributes)
    files["s.json"] = orjson.dumps(factories.form(shop={"type": "string"}))
    files["p.bpmn"] = files["p.bpmn"].replace(b'id="start"', b'id="start" camunda:formKey="s.json"', 1)
    return files


def test_an_expired_correction_ends_the_pause(database: Database, at: At) -> None:
    factories.deploy(database, correctable(statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"shop": "x"}), "portal")
    task = case.tasks[0]["id"]
    at(ACCEPTED, lambda uow: tasks.claim(uow, task), "caseworker")
    marks = Marks([("/shop", "Write the name.")], due_at=z("2026-12-08 10:00"))
    at(z("2026-12-07 10:00"), lambda uow: tasks.request_correction(uow, task, marks), "caseworker")
    assert at(z("2026-12-08 10:01"), tasks.expire_requests, None)
    assert kinds(database, case.id) == ["clock.started", "clock.paused", "clock.resumed"]
    clock = found(database, case.id)
    assert (clock.state, clock.reasons) == ("running", {})


def test_work_after_a_message_of_the_clock_is_due_in_working_days(database: Database, at: At) -> None:
    caught = '<bpmn:messageEventDefinition messageRef="breach"/>'
    late = [
        bpmn.node("boundaryEvent", "late", caught, attachedToRef="decide", cancelActivity="false"),
        bpmn.node("userTask", "hurry", parvandeh__due="P2WD"),
        bpmn.node("endEvent", "over"),
        bpmn.flow("late", "hurry"),
        bpmn.flow("hurry", "over"),
    ]
    files = clocks.deciding(*late, statutory="P5WD")
    message = b'<bpmn:message id="breach" name="clock.breach"/><bpmn:process '
    files["p.bpmn"] = files["p.bpmn"].replace(b"<bpmn:process ", message, 1)
    factories.deploy(database, files)
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    do_all(at, case, z("2026-12-09 16:00"))
    with database.transaction() as session:
        assert session.scalars(select(Incident.code)).all() == []
        hurry = select(Task.due_at).where(Task.element == "hurry")
        assert session.scalars(hurry).all() == [z("2026-12-13 16:00")]


def do_all(at: At, case: UUID, instant: Any) -> None:
    """What a worker does with the clock of a case at an instant."""
    while at(instant, lambda uow: cases.do_due(uow, case), None):
        pass


def years(uow: UnitOfWork, *known: int) -> None:
    """The calendar of the unit has the holidays of these years from now on, and of no others."""
    view = editing.get(uow, "iran")
    document = replace(view.document, years=frozenset(known), holidays=())
    calendars.change(uow, "iran", NewVersion(document), based_on=len(view.versions))
    calendars.forget()


def codes(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(code, status) for code, status in session.execute(select(Incident.code, Incident.status))]


@pytest.fixture
def uncounted(database: Database, at: At) -> UUID:
    """A case with five working days whose calendar lost its years before the warning."""
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="grant"))
    case: UUID = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    at(ACCEPTED, lambda uow: years(uow, 1400))
    return case


def test_a_step_that_cannot_be_counted_is_an_incident_and_blocks_nothing(
    database: Database, at: At, uncounted: UUID
) -> None:
    later = z("2026-12-08 15:30")
    at(later, lambda uow: cases.cancel(uow, uncounted))
    assert kinds(database, uncounted) == ["clock.started", "clock.stopped"]
    with database.transaction() as session:
        assert session.scalars(select(Incident.code)).all() == ["no-holidays"]


def test_a_clock_that_could_not_be_counted_runs_when_its_incident_is_retried(
    database: Database, at: At, uncounted: UUID
) -> None:
    do_all(at, uncounted, z("2026-12-08 15:30"))
    assert found(database, uncounted).next_at is None
    at(z("2026-12-08 15:31"), lambda uow: years(uow, 1405))
    with database.transaction() as session:
        incident = session.scalars(select(Incident.id)).one()
    at(z("2026-12-08 15:32"), lambda uow: incidents.retry(uow, incident))
    assert codes(database) == [("no-holidays", "resolved")]
    do_all(at, uncounted, z("2026-12-09 16:00"))
    assert kinds(database, uncounted)[-1] == "clock.deemed"


def test_a_clock_that_could_not_be_counted_is_part_of_the_recalculation(
    database: Database, at: At, uncounted: UUID
) -> None:
    do_all(at, uncounted, z("2026-12-08 15:30"))
    at(z("2026-12-08 15:31"), lambda uow: years(uow, 1405))
    unit = at(ACCEPTED, lambda uow: units.get(uow, "root")["id"])
    (order,) = at(z("2026-12-08 15:32"), lambda uow: recalculation.order(uow, [unit]))
    finish(at, z("2026-12-08 15:32"), order)
    assert found(database, uncounted).next_at is not None


def test_a_worker_resumes_a_clock_that_it_cannot_count(database: Database, at: At) -> None:
    factories.deploy(database, correctable(statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"shop": "x"}), "portal")
    task = case.tasks[0]["id"]
    at(ACCEPTED, lambda uow: tasks.claim(uow, task), "caseworker")
    marks = Marks([("/shop", "Write the name.")], due_at=z("2026-12-08 10:00"))
    at(z("2026-12-07 10:00"), lambda uow: tasks.request_correction(uow, task, marks), "caseworker")
    at(z("2026-12-07 11:00"), lambda uow: years(uow, 1400))
    assert at(z("2026-12-08 10:01"), tasks.expire_requests, None)
    clock = found(database, case.id)
    assert (clock.state, clock.next_at) == ("running", None)
    assert codes(database) == [("no-holidays", "open")]


def test_a_term_whose_calendar_changed_moves_before_its_step_is_done(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="grant"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    do_all(at, case, z("2026-12-09 15:00"))
    at(z("2026-12-09 15:50"), closure)  # of this day; its recalculation has not run
    calendars.forget()
    do_all(at, case, z("2026-12-09 16:00"))
    assert kinds(database, case) == ["clock.started", "clock.warned", "clock.recomputed"]
    facts = dict(logged(database, case))["clock.recomputed"]
    assert (facts["code"], facts["due_at"][:10]) == ("calendar", "2026-12-12")
    clock = found(database, case)
    assert (clock.state, clock.due_at) == ("running", z("2026-12-12 16:00"))


def test_a_term_that_a_revoked_closure_shortened_during_a_pause_does_not_end_at_once(
    database: Database, at: At
) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="grant"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    closed = at(TUESDAY, lambda uow: calendars.declare(uow, "root", CLOSED, CLOSED, "air"))
    calendars.forget()
    assert at(TUESDAY, lambda uow: recompute_batch(uow, ROOT, None, dry=False)).changed == 1
    at(z("2026-12-12 09:00"), lambda uow: cases.suspend(uow, case))
    at(z("2026-12-12 10:00"), lambda uow: calendars.revoke(uow, closed[0]))
    calendars.forget()
    at(z("2026-12-12 11:00"), lambda uow: cases.resume(uow, case))
    do_all(at, case, z("2026-12-12 11:01"))
    assert kinds(database, case)[:2] == ["clock.started", "clock.recomputed"]
    assert found(database, case).due_at == z("2026-12-13 16:00")
    assert "clock.breached" not in kinds(database, case)
    assert kinds(database, case).count("clock.recomputed") == 2


def suspend(at: At, begin: str, end: str) -> None:
    """Suspend and resume the definition; its jobs have not run yet."""
    at(z(begin), lambda uow: cases.suspend_definition(uow, "p"))
    at(z(end), lambda uow: cases.resume_definition(uow, "p"))


def add_pause(at: At, case: UUID, instant: str) -> None:
    at(z(instant), lambda uow: cases.add_pause(uow, case), None)


def test_every_suspension_of_a_definition_is_a_pause(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    suspend(at, "2026-12-05 10:00", "2026-12-06 10:00")
    suspend(at, "2026-12-07 10:00", "2026-12-08 10:00")
    for _ in range(2):
        add_pause(at, case, "2026-12-08 10:01")
    assert kinds(database, case) == ["clock.started", *["clock.paused", "clock.resumed"] * 2]
    assert found(database, case).due_at == z("2026-12-13 16:00")


def test_a_step_that_is_due_waits_for_the_pause_of_a_suspension(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="grant"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    suspend(at, "2026-12-05 10:00", "2026-12-12 10:00")
    do_all(at, case, z("2026-12-12 10:01"))
    assert kinds(database, case) == ["clock.started", "clock.paused", "clock.resumed"]
    add_pause(at, case, "2026-12-12 10:02")
    assert kinds(database, case) == ["clock.started", "clock.paused", "clock.resumed"]


def test_a_suspension_counts_though_the_clock_is_paused_again(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    suspend(at, "2026-12-05 10:00", "2026-12-06 10:00")
    at(z("2026-12-06 10:01"), lambda uow: cases.suspend(uow, case))
    add_pause(at, case, "2026-12-06 10:02")
    at(z("2026-12-06 10:03"), lambda uow: cases.resume(uow, case))
    assert found(database, case).due_at == z("2026-12-12 16:00")
    assert kinds(database, case).count("clock.recomputed") == 0
    with database.transaction() as session:
        due = select(Task.due_at).where(Task.case_id == case)
        assert session.scalars(due).all() == [z("2026-12-12 16:00")]


ACCEPT = [bpmn.node("userTask", "accept", parvandeh__clock="start")]


def test_a_suspension_lengthens_the_time_to_accept(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPT, acceptWithin="P2WD", statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    assert found(database, case).next_at == z("2026-12-06 16:00")
    suspend(at, "2026-12-05 10:00", "2026-12-07 10:00")
    do_all(at, case, z("2026-12-07 10:01"))
    assert kinds(database, case) == []
    clock = found(database, case)
    assert (clock.next_at, clock.woken_at) == (z("2026-12-08 16:00"), None)
    do_all(at, case, z("2026-12-08 16:00"))
    assert found(database, case).started_at == ACCEPTED


def test_a_resumed_definition_finds_all_steps_again(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPT, acceptWithin="P2WD", statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    at(z("2026-12-06 15:00"), lambda uow: cases.suspend_definition(uow, "p"))
    assert at(z("2026-12-06 16:00"), lambda uow: cases.sweep_clocks(uow, 10)) == 1
    at(z("2026-12-06 16:01"), lambda uow: cases.do_due(uow, case), None)
    at(z("2026-12-06 16:02"), lambda uow: cases.resume_definition(uow, "p"))
    assert at(z("2026-12-06 16:03"), lambda uow: cases.sweep_clocks(uow, 10)) == 1


def test_suspending_a_case_does_not_move_the_day_of_filing(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(before=ACCEPT, acceptWithin="P2WD", statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    at(z("2026-12-05 10:00"), lambda uow: cases.suspend(uow, case))
    at(z("2026-12-06 10:00"), lambda uow: cases.resume(uow, case))
    clock = found(database, case)
    assert (clock.filed_at, clock.next_at) == (ACCEPTED, z("2026-12-07 16:00"))
    do_all(at, case, z("2026-12-07 16:00"))
    clock = found(database, case)
    assert (clock.started_at, clock.due_at) == (ACCEPTED, z("2026-12-12 16:00"))


def test_a_term_that_is_repaired_late_counts_from_when_it_should_have_started(
    database: Database, at: At
) -> None:
    files = clocks.deciding(statutory="'P' + str(days) + 'WD' if days else ''", onSilence="grant")
    factories.deploy(database, files)
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"days": 0}), "caseworker")
    with database.transaction() as session:
        session.execute(text("""UPDATE cases SET data = '{"days": 5}'"""))
    at(z("2026-12-08 10:00"), lambda uow: incidents.retry(uow, case.incidents[0]["id"]))
    clock = found(database, case.id)
    assert (clock.started_at, clock.due_at) == (ACCEPTED, z("2026-12-09 16:00"))
    assert dict(logged(database, case.id))["clock.started"]["code"] == "filed"


def test_a_term_that_is_repaired_after_its_end_leaves_a_working_day(database: Database, at: At) -> None:
    files = clocks.deciding(statutory="'P' + str(days) + 'WD' if days else ''", onSilence="grant")
    factories.deploy(database, files)
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"days": 0}), "caseworker")
    with database.transaction() as session:
        session.execute(text("""UPDATE cases SET data = '{"days": 1}'"""))
    at(z("2026-12-08 10:00"), lambda uow: incidents.retry(uow, case.incidents[0]["id"]))
    clock = found(database, case.id)
    assert (clock.started_at, clock.due_at) == (ACCEPTED, z("2026-12-09 16:00"))


def test_a_task_that_is_due_with_the_term_moves_with_an_extension(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    head = a_member(database, "head", "root", "supervisor")
    database.run(lambda session, _: cases.extend(UnitOfWork(session, head, TUESDAY), case, reason="volume"))
    with database.transaction() as session:
        due = session.scalars(select(Task.due_at).where(Task.case_id == case)).all()
    assert due == [found(database, case).due_at]


def test_the_first_holidays_of_a_calendar_stop_no_term_that_runs(database: Database, at: At) -> None:
    factories.deploy(database, clocks.deciding(statutory="P5WD"))
    at(ACCEPTED, lambda uow: calendars.choose(uow, "root", "plain"))
    calendars.forget()
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")

    def enter(uow: UnitOfWork) -> None:
        document = editing.get(uow, "plain").document.with_year(2027, [])
        calendars.change(uow, "plain", NewVersion(document), based_on=1)
        calendars.forget()

    at(TUESDAY, enter)
    do_all(at, case, z("2026-12-10 10:00"))
    assert codes(database) == []
    assert found(database, case).stage != "none"


def test_a_correction_before_acceptance_starts_the_time_to_accept_again(database: Database, at: At) -> None:
    factories.deploy(database, correctable(before=ACCEPT, acceptWithin="P2WD", statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"shop": "x"}), "portal")
    task = case.tasks[0]["id"]
    at(ACCEPTED, lambda uow: tasks.claim(uow, task), "caseworker")
    marks = Marks([("/shop", "Write the name.")])
    asked = at(z("2026-12-05 10:00"), lambda uow: tasks.request_correction(uow, task, marks), "caseworker")
    at(z("2026-12-06 10:00"), lambda uow: tasks.complete(uow, asked, {"shop": "y"}), "portal")
    clock = found(database, case.id)
    assert (clock.filed_at, clock.next_at) == (z("2026-12-06 10:00"), z("2026-12-08 16:00"))


def test_a_withdrawn_correction_does_not_move_the_day_of_filing(database: Database, at: At) -> None:
    factories.deploy(database, correctable(before=ACCEPT, acceptWithin="P2WD", statutory="P5WD"))
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"shop": "x"}), "portal")
    task = case.tasks[0]["id"]
    at(ACCEPTED, lambda uow: tasks.claim(uow, task), "caseworker")
    marks = Marks([("/shop", "Write the name.")])
    asked = at(z("2026-12-05 10:00"), lambda uow: tasks.request_correction(uow, task, marks), "caseworker")
    at(z("2026-12-05 10:01"), lambda uow: tasks.withdraw_request(uow, asked), "caseworker")
    clock = found(database, case.id)
    assert (clock.filed_at, clock.next_at) == (ACCEPTED, z("2026-12-06 16:00"))
