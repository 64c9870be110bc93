"""What event sub-processes wait for reaches them like everything else that cases wait for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.bpmn import CallFailure
from engine.cases import external_calls, messages
from engine.models import Call, Event, Incident, Message, Task, Wait
from engine.platform.db import Database, UnitOfWork
from tests import bpmn, factories
from tests.factories import whole
from tests.integration.conftest import look

DEFINITIONS = (
    '<bpmn:message id="m" name="paid"/><bpmn:signal id="s" name="alarm"/><bpmn:error id="e" errorCode="BAD"/>'
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="s"/>'
ERROR = '<bpmn:errorEventDefinition errorRef="e"/>'
WEEKLY = "<bpmn:timerEventDefinition><bpmn:timeCycle>R3/P7D</bpmn:timeCycle></bpmn:timerEventDefinition>"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

Act = Callable[..., Any]


def handler(definition: str, *, beside: bool = False, **attributes: str) -> str:
    """An event sub-process `h` with a user task `ht`."""
    stays = {"isInterrupting": "false"} if beside else {}
    start = bpmn.node("startEvent", "hs", definition, **stays, **attributes)
    end = bpmn.node("endEvent", "he", parvandeh__outcome="handled")
    inner = start + bpmn.node("userTask", "ht") + end + bpmn.flow("hs", "ht") + bpmn.flow("ht", "he")
    return bpmn.node("subProcess", "h", inner, triggeredByEvent="true")


@pytest.fixture
def begun(database: Database, act: Act) -> Callable[..., cases.CaseView]:
    """A case of a process with these elements and the user task `u`."""

    def begin(*elements: str, **data: Any) -> cases.CaseView:
        process = bpmn.process_element(*bpmn.in_line("userTask u"), *elements)
        factories.deploy(database, {"p.bpmn": bpmn.definitions(DEFINITIONS, process)})
        return started(act, **data)

    return begin


def started(act: Act, **data: Any) -> cases.CaseView:
    view: cases.CaseView = act("caseworker", lambda uow: cases.start(uow, "p", data))
    return view


def opened(act: Act, case: cases.CaseView) -> list[str]:
    return [task["element"] for task in look(act, case).tasks]


def complete(act: Act, case: cases.CaseView, element: str) -> None:
    task = next(task["id"] for task in look(act, case).tasks if task["element"] == element)
    act("caseworker", lambda uow: tasks.complete(uow, task, {}))


def send(act: Act, keys: dict[str, Any], **data: Any) -> messages.Sent:
    sent: messages.Sent = act("service", lambda uow: messages.send(uow, "paid", keys, data))
    return sent


def waits(database: Database) -> list[tuple[str, str, bool]]:
    """Each wait: its element, its kind, and whether it is over."""
    with database.transaction() as session:
        rows = session.execute(select(Wait.element, Wait.kind, Wait.closed_at).order_by(Wait.id)).all()
    return [(element, kind, closed is not None) for element, kind, closed in rows]


def log(database: Database) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        rows = session.execute(select(Event.kind, Event.element).order_by(Event.case_id, Event.seq)).all()
    return [(kind, element) for kind, element in rows]


def test_message_interrupts_and_the_case_ends_behind_it(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    keys: dict[str, Any] = {"parvandeh__correlation": "{'order': order}", "parvandeh__result": "payment"}
    case = begun(handler(MESSAGE, **keys), bpmn.node("dataObject", "payment"), order=7)
    assert waits(database) == [("hs", "message", False)]
    assert [number for _, number in send(act, {"order": 7}, sum=1).cases] == [case.number]
    assert opened(act, case) == ["ht"]
    assert waits(database) == [("hs", "message", True)]
    with database.transaction() as session:
        assert session.scalars(select(Task.status).where(Task.element == "u")).one() == "cancelled"
    complete(act, case, "ht")
    shown = look(act, case)
    assert (shown.status, shown.outcome, shown.data["payment"]) == ("completed", "handled", {"sum": 1})
    assert whole(database)
    told = log(database)
    assert told.index(("message.received", "hs")) < told.index(("task.cancelled", "u"))
    assert ("element.entered", "h") in told


def test_message_that_does_not_interrupt_comes_twice(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    case = begun(handler(MESSAGE, beside=True))
    for _ in range(2):
        send(act, {"case_number": case.number})
    assert opened(act, case) == ["u", "ht", "ht"]
    assert waits(database) == [("hs", "message", False)]
    complete(act, case, "u")
    complete(act, case, "ht")
    assert look(act, case).status == "active"
    complete(act, case, "ht")
    assert look(act, case).status == "completed"
    assert waits(database) == [("hs", "message", True)]
    assert whole(database)


def test_messages_that_came_before_all_reach_what_takes_every_one(
    act: Act, begun: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    first = begun(handler(MESSAGE, beside=True, parvandeh__correlation="{'order': order}"), order=1)
    for _ in range(3):
        act("service", lambda uow: messages.send(uow, "paid", {"order": 7}, {}, keep=DAY))
    case = started(act, order=7)
    work()
    assert opened(act, case) == ["u", "ht", "ht", "ht"]
    assert opened(act, first) == ["u"]


def test_only_one_of_the_messages_that_came_before_interrupts(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    begun(handler(MESSAGE, parvandeh__correlation="{'order': order}"), order=1)
    for _ in range(2):
        act("service", lambda uow: messages.send(uow, "paid", {"order": 7}, {}, keep=DAY))
    case = started(act, order=7)
    act("administrator", lambda uow: messages.offer(uow, case.id))
    assert opened(act, case) == ["ht"]
    with database.transaction() as session:
        assert sorted(session.scalars(select(Message.status))) == ["delivered", "kept"]


@pytest.mark.parametrize("beside", [False, True])
def test_signal_reaches_it_each_time(
    database: Database,
    act: Act,
    begun: Callable[..., cases.CaseView],
    work: Callable[..., None],
    beside: bool,
) -> None:
    case = begun(handler(SIGNAL, beside=beside))
    thrower = bpmn.process_element(*bpmn.in_line(bpmn.node("intermediateThrowEvent", "t", SIGNAL)), key="q")
    factories.deploy(database, {"q.bpmn": bpmn.definitions(DEFINITIONS, thrower)})
    for _ in range(2):
        act("caseworker", lambda uow: cases.start(uow, "q", {}))
    work()
    assert opened(act, case) == (["u", "ht", "ht"] if beside else ["ht"])


def test_timer_wakes_the_case_each_time(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    case = begun(handler(WEEKLY, beside=True))
    for days in (7, 14, 21):
        assert act("administrator", lambda uow: cases.wake(uow, case.id), days * DAY + HOUR) == 1
    assert opened(act, case) == ["u", "ht", "ht", "ht"]
    assert waits(database) == [("hs", "timer", True)]
    assert log(database).count(("timer.fired", "hs")) == 3


def test_timer_that_interrupts_closes_what_was_open(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    late = WEEKLY.replace("timeCycle", "timeDuration").replace("R3/P7D", "P7D")
    case = begun(handler(late))
    assert act("administrator", lambda uow: cases.wake(uow, case.id), 8 * DAY) == 1
    assert opened(act, case) == ["ht"]


def test_failed_call_and_what_stands_beside_it_are_ended_by_an_error(database: Database, act: Act) -> None:
    service = bpmn.node("serviceTask", "svc", parvandeh__topic="registry")
    other = bpmn.node("serviceTask", "svc2", parvandeh__topic="registry")
    wrong = bpmn.script("wrong", "x = 1 // 0")
    parts = [bpmn.node("startEvent", "start"), bpmn.node("parallelGateway", "f"), service, other, wrong]
    parts += [bpmn.flow("start", "f"), *(bpmn.flow("f", name) for name in ("svc", "svc2", "wrong"))]
    process = bpmn.process_element(*parts, handler(ERROR))
    factories.deploy(database, {"p.bpmn": bpmn.definitions(DEFINITIONS, process)})
    case = started(act)
    assert [incident["element"] for incident in look(act, case).incidents] == ["wrong"]
    [call] = [work for work in act("service", _taken) if work.element == "svc"]
    failure = CallFailure("refused", "no", "BAD", {})
    act("service", lambda uow: cases.fail_call(uow, call.id, failure, 1))
    assert opened(act, case) == ["ht"]
    with database.transaction() as session:
        assert session.scalars(select(Incident.status)).one() == "resolved"
        assert sorted(session.scalars(select(Call.status))) == ["cancelled", "failed"]
    assert whole(database)


def _taken(uow: UnitOfWork) -> Any:
    return external_calls.lease_calls(uow, ["registry"], 5, HOUR, "w")


def test_cancelled_case_closes_its_waits(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    case = begun(handler(MESSAGE), handler(WEEKLY, beside=True).replace('"h', '"k'))
    act("caseworker", lambda uow: cases.cancel(uow, case.id))
    assert [closed for _, _, closed in waits(database)] == [True, True]


def test_condition_that_comes_true_begins_one_with_the_answer_that_made_it_true(
    database: Database, act: Act, begun: Callable[..., cases.CaseView]
) -> None:
    condition = "<bpmn:conditionalEventDefinition><bpmn:condition>risk == 'high'</bpmn:condition>"
    parts = handler(f"{condition}</bpmn:conditionalEventDefinition>", beside=True)
    case = begun(bpmn.node("userTask", "v"), bpmn.flow("start", "v"), parts, risk="low")
    assert waits(database) == [("hs", "condition", False)]
    [first] = [task["id"] for task in look(act, case).tasks if task["element"] == "u"]
    act("caseworker", lambda uow: tasks.complete(uow, first, {"risk": "high"}))
    assert opened(act, case) == ["v", "ht"]
    complete(act, case, "v")
    complete(act, case, "ht")
    assert (look(act, case).status, waits(database)) == ("completed", [("hs", "condition", True)])
    assert ("element.passed", "hs") in log(database)
    assert whole(database)
