"""The clock in unusual moments: unanswered requests, missing holidays, calendars that change, long waits."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from engine import cases, tasks
from engine.models import Incident, Task
from engine.platform.db import Database
from engine.tasks.corrections import Marks
from tests import bpmn, clocks, factories
from tests.clocks import clock_of, kinds
from tests.integration import test_recalculation
from tests.integration.test_recalculation import At, z
from tests.integration.test_working_terms import ACCEPTED

at = test_recalculation.at  # an installation with the shipped calendars, and commands at any instant


def found(database: Database, case_id: UUID) -> Any:
    clock = clock_of(database, case_id)
    assert clock is not None
    return clock


def correctable(**attributes: str) -> dict[str, bytes]:
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
