"""Handlers of a compensation are work like any other: tasks, calls and incidents, recorded in the log."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from engine import cases, events, tasks
from engine.cases import external_calls, incidents
from engine.models import Call, Event, Incident
from engine.platform.db import Database
from tests import bpmn, factories
from tests.integration.conftest import look

Act = Callable[..., Any]
LEASE = timedelta(hours=1)
CANCEL = "<bpmn:cancelEventDefinition/>"


def undone(host: str, handler: str) -> str:
    """A compensation event on a border, and its handler."""
    name = handler.split('id="')[1].split('"', maxsplit=1)[0]
    event = bpmn.node("boundaryEvent", f"{host}.c", "<bpmn:compensateEventDefinition/>", attachedToRef=host)
    return f'{event}{handler}<bpmn:association sourceRef="{host}.c" targetRef="{name}"/>'


def transaction() -> bytes:
    """Tasks `a`, `b` and `c`; without a yes, it is cancelled."""
    parts = [
        bpmn.node("startEvent", "in"),
        *(bpmn.node("userTask", name) for name in ("a", "b", "c")),
        bpmn.node("exclusiveGateway", "good", default="good-out"),
        bpmn.node("endEvent", "out"),
        bpmn.node("endEvent", "bad", CANCEL),
        *(bpmn.flow(*pair) for pair in (("in", "a"), ("a", "b"), ("b", "c"), ("c", "good"), ("good", "out"))),
        bpmn.flow("good", "bad", "not yes"),
        undone("a", bpmn.node("userTask", "undo_a", isForCompensation="true")),
        undone("b", bpmn.node("serviceTask", "undo_b", isForCompensation="true", parvandeh__topic="t")),
    ]
    late = [
        bpmn.node("boundaryEvent", "x", CANCEL, attachedToRef="t"),
        bpmn.node("endEvent", "refused", parvandeh__outcome="refused"),
        bpmn.flow("x", "refused"),
    ]
    return bpmn.process(*bpmn.in_line(bpmn.node("transaction", "t", "".join(parts))), *late)


def begun(database: Database, act: Act) -> cases.CaseView:
    """A case whose transaction is about to be cancelled."""
    factories.deploy(database, {"p.bpmn": transaction()})
    case: cases.CaseView = act("caseworker", lambda uow: cases.start(uow, "p", {}))
    for element in ("a", "b"):
        complete(act, case, element)
    complete(act, case, "c", yes=False)
    return case


def complete(act: Act, case: cases.CaseView, element: str, **data: Any) -> None:
    task = next(task["id"] for task in look(act, case).tasks if task["element"] == element)
    act("caseworker", lambda uow: tasks.complete(uow, task, data))


def opened(act: Act, case: cases.CaseView) -> list[str]:
    return [task["element"] for task in look(act, case).tasks]


def log(database: Database) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        assert events.verify(session) == []
        rows = session.execute(select(Event.kind, Event.element).order_by(Event.seq)).all()
    return [(kind, element) for kind, element in rows]


def taken(act: Act) -> Any:
    """The call of the handler, leased."""
    [call] = act("service", lambda uow: external_calls.lease_calls(uow, ["t"], 5, LEASE, "w"))
    return call


def test_cancelled_transaction_waits_for_a_system_and_a_person_and_ends_the_case(
    database: Database, act: Act
) -> None:
    case = begun(database, act)
    assert opened(act, case) == []
    call = taken(act)
    act("service", lambda uow: external_calls.complete(uow, call["id"], call["fence"], {"freed": True}))
    assert opened(act, case) == ["undo_a"]
    assert look(act, case).data["freed"] is True
    complete(act, case, "undo_a")
    shown = look(act, case)
    assert (shown.status, shown.outcome) == ("completed", "refused")
    told = [element for kind, element in log(database) if kind == "task.completed"]
    assert told == ["a", "b", "c", "undo_a"]


def test_handler_whose_call_fails_is_an_incident_and_can_be_passed_over(database: Database, act: Act) -> None:
    case = begun(database, act)
    call = taken(act)
    act("service", lambda uow: external_calls.fail(uow, call["id"], call["fence"], "nobody answers"))
    with database.transaction() as session:
        incident = session.scalars(select(Incident)).one()
    assert incident.element == "undo_b"
    act("administrator", lambda uow: incidents.skip(uow, incident.id, {}, "freed by telephone"))
    assert opened(act, case) == ["undo_a"]


def test_cancelling_the_case_ends_the_work_of_handlers(database: Database, act: Act) -> None:
    case = begun(database, act)
    act("caseworker", lambda uow: cases.cancel(uow, case.id))
    with database.transaction() as session:
        assert session.scalars(select(Call)).one().status == "cancelled"
    assert look(act, case).status == "cancelled"
