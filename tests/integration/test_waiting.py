"""Cases that wait: for time, for messages and signals, for other systems, for people to fix what failed."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from engine import cases, tasks
from engine.cases import external_calls, incidents, messages
from engine.cases.case_numbers import numbering
from engine.models import Call, Case, Event, Incident, Message, OrganisationRecord, Task, Wait
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Busy, Conflict, NotFound
from tests import bpmn, factories
from tests.factories import count, whole
from tests.integration.conftest import look

T = TypeVar("T")
Act = Callable[..., Any]
DEFINITIONS = (
    '<bpmn:message id="m" name="paid"/>',
    '<bpmn:signal id="s" name="alarm"/>',
    '<bpmn:error id="e" errorCode="BAD"/>',
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="s"/>'
CATCH = bpmn.node("intermediateCatchEvent", "c", MESSAGE, parvandeh__correlation="{'order': order}")
SERVICE = bpmn.node(
    "serviceTask",
    "svc",
    parvandeh__topic="registry",
    parvandeh__request="{'id': national_id}",
    parvandeh__result="reply",
)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def timer(kind: str, when: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{when}</bpmn:{kind}></bpmn:timerEventDefinition>"


def deploy(database: Database, *body: str, attributes: str = 'isExecutable="true"') -> None:
    process = bpmn.process_element(*body, attributes=attributes)
    factories.deploy(database, {"p.bpmn": bpmn.definitions(*DEFINITIONS, process)})


def jobs(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT task_name FROM procrastinate_jobs ORDER BY id")))


def wake(act: Act, case: cases.CaseView, later: timedelta) -> int:
    fired: int = act("administrator", lambda uow: cases.wake(uow, case.id), later)
    return fired


def offer(act: Act, case: cases.CaseView, later: timedelta = timedelta(0)) -> None:
    act("administrator", lambda uow: messages.offer(uow, case.id), later)


def begin(act: Act, wait: UUID, later: timedelta) -> None:
    act("administrator", lambda uow: messages.begin(uow, wait), later)


def payloads(database: Database, kind: str) -> list[Any]:
    with database.transaction() as session:
        return list(
            session.scalars(
                select(Event.payload).where(Event.kind == kind).order_by(Event.case_id, Event.seq)
            )
        )


# Timers


def reminded(database: Database) -> None:
    deploy(
        database,
        *bpmn.in_line("userTask u"),
        bpmn.node(
            "boundaryEvent", "r", timer("timeCycle", "R3/P7D"), attachedToRef="u", cancelActivity="false"
        ),
        bpmn.node("userTask", "h"),
        bpmn.flow("r", "h"),
    )


def test_timer_fires_when_it_is_due_and_not_before(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    assert wake(act, case, 6 * DAY) == 0
    assert wake(act, case, 7 * DAY + MINUTE) == 1
    assert wake(act, case, 7 * DAY + MINUTE) == 0


def test_cycle_catches_up_once_and_says_how_many_were_missed(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    assert wake(act, case, 60 * DAY) == 1
    assert payloads(database, "timer.fired") == [{"missed": 2}]
    assert count(database, Wait, Wait.closed_at.is_(None)) == 0
    assert count(database, Task) == 2


def test_deadline_moved_by_one_update_is_kept(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    with database.transaction() as session:
        session.execute(text("UPDATE waits SET due_at = due_at + interval '30 days'"))
    assert wake(act, case, 8 * DAY) == 0
    assert wake(act, case, 38 * DAY) == 1


def test_deadline_moved_after_it_was_due_is_due_again(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    assert act("administrator", lambda uow: cases.wake_due(uow, 10), 8 * DAY) == 1
    with database.transaction() as session:
        session.execute(text("UPDATE waits SET due_at = due_at + interval '30 days'"))
    assert wake(act, case, 8 * DAY) == 0
    assert act("administrator", lambda uow: cases.wake_due(uow, 10), 38 * DAY) == 1


def test_completing_the_task_ends_its_reminders_and_keeps_what_they_opened(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    wake(act, case, 8 * DAY)
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    shown = look(act, case)
    assert [task["element"] for task in shown.tasks] == ["h"]
    assert count(database, Wait, Wait.closed_at.is_(None)) == 0
    assert whole(database)


def test_timer_start_begins_cases_and_stops_after_the_last(database: Database, act: Act) -> None:
    begins = bpmn.node("startEvent", "ts", timer("timeCycle", "R3/PT1H"))
    deploy(database, begins, bpmn.node("userTask", "u"), bpmn.flow("ts", "u"))
    with database.transaction() as session:
        wait = session.scalars(select(Wait.id)).one()
    begun = []
    for hours in (0.5, 1.1, 9, 99):
        begin(act, wait, hours * HOUR)
        begun.append(count(database, Case))
    assert begun == [0, 1, 2, 2]  # the second time one start had been missed
    assert payloads(database, "timer.fired") == [None, {"missed": 1}]


def hourly(database: Database, task: str) -> None:
    begins = bpmn.node("startEvent", "ts", timer("timeCycle", "R/PT1H"))
    deploy(database, begins, bpmn.node("userTask", task), bpmn.flow("ts", task))


def test_start_that_is_due_when_a_new_version_is_published_begins_a_case_of_that(
    database: Database, act: Act, work: Callable[..., None]
) -> None:
    hourly(database, "u")
    with database.transaction() as session:
        session.execute(text("UPDATE waits SET due_at = due_at - interval '61 minutes'"))
    hourly(database, "mended")
    for _ in range(2):
        work()
    with database.transaction() as session:
        assert session.scalars(select(Task.element)).all() == ["mended"]
    work(61 * MINUTE)
    assert count(database, Case) == 2


def test_new_version_takes_over_the_start_events(database: Database) -> None:
    for hours in (1, 2):
        begins = bpmn.node("startEvent", "ts", timer("timeCycle", f"R/PT{hours}H"))
        deploy(database, begins, bpmn.node("userTask", "u"), bpmn.flow("ts", "u"))
    assert (count(database, Wait), count(database, Wait, Wait.closed_at.is_(None))) == (2, 1)


# Messages


def send(act: Act, keys: dict[str, Any], **more: Any) -> messages.Sent:
    sent: messages.Sent = act("service", lambda uow: messages.send(uow, "paid", keys, {"sum": 1}, **more))
    return sent


def test_message_finds_its_case_by_key(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    one, two = start(order=7), start(order="8")
    assert [number for _, number in send(act, {"order": "7"}).cases] == [one.number]
    assert [number for _, number in send(act, {"order": 8}).cases] == [two.number]
    assert look(act, one).data["sum"] == 1
    assert whole(database)


@pytest.mark.parametrize("keys", [{"order": "9"}, {}, {"other": "7"}, {"order": "7", "other": "7"}])
def test_message_with_other_keys_reaches_nobody(
    database: Database, act: Act, start: Callable[..., cases.CaseView], keys: dict[str, Any]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    start(order=7)
    with pytest.raises(NotFound):
        send(act, keys)


def test_case_number_is_a_key_of_every_message(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    one, _ = start(order=7), start(order=8)
    assert send(act, {"case_number": one.number}).cases == [(one.id, one.number)]


def test_message_without_keys_is_refused_where_several_wait(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(bpmn.node("intermediateCatchEvent", "c", MESSAGE)))
    start(), start()
    with pytest.raises(Conflict, match="2 cases"):
        send(act, {})


def both(*waits: str) -> list[str]:
    """A process that waits at several elements at once."""
    ids = [wait.split('id="', 1)[1].split('"', 1)[0] for wait in waits]
    ends = [f"end_{one}" for one in ids]
    return [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        *waits,
        *(bpmn.node("endEvent", end) for end in ends),
        bpmn.flow("start", "fork"),
        *(bpmn.flow("fork", one) for one in ids),
        *(bpmn.flow(one, end) for one, end in zip(ids, ends, strict=True)),
    ]


def receives(name: str, message: str = "m", correlation: str = "{}") -> str:
    return bpmn.node("receiveTask", name, messageRef=message, parvandeh__correlation=correlation)


def test_message_that_fits_several_waits_of_one_case_is_refused_and_names_them(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *both(receives("a"), receives("b")))
    case = start()
    for keys in ({}, {"case_number": case.number}):
        with pytest.raises(Conflict, match="at a, b") as refused:
            send(act, keys)
        assert refused.value.state["case"] == {"id": case.id, "waits": ["a", "b"]}
    assert count(database, Wait, Wait.closed_at.is_(None)) == 2


def test_message_with_the_keys_of_one_wait_reaches_that_alone(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    waits = [receives("a", correlation="{'order': 1}"), receives("b", correlation="{'order': 2}")]
    deploy(database, *both(*waits))
    case = start()
    with pytest.raises(Conflict):
        send(act, {"case_number": case.number})
    send(act, {"case_number": case.number, "order": 1})
    send(act, {"order": 2})
    assert look(act, case).status == "completed"


def test_kept_message_that_fits_several_waits_stays_until_one_is_left(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    early = bpmn.node("boundaryEvent", "late", timer("timeDuration", "PT1H"), attachedToRef="a")
    deploy(
        database,
        *both(receives("a"), receives("b")),
        early,
        "<bpmn:endEvent id='gone'/>",
        bpmn.flow("late", "gone"),
    )
    sent = send(act, {}, keep=DAY)
    case = start()
    offer(act, case)
    assert act("administrator", lambda uow: messages.deliver_kept(uow, sent.id)) == 0
    [row] = act("administrator", messages.unclaimed)
    assert (row["name"], row["count"]) == ("paid", 1)
    before = jobs(database).count("deliver")
    act("administrator", messages.offer_again)
    assert jobs(database).count("deliver") == before
    wake(act, case, HOUR)
    act("administrator", messages.offer_again)
    assert jobs(database).count("deliver") == before + 1
    assert act("administrator", lambda uow: messages.deliver_kept(uow, sent.id)) == 1
    assert look(act, case).status == "completed"


def test_kept_message_that_fits_several_waits_holds_up_no_other(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *both(receives("a"), receives("b"), receives("c", correlation="{'order': 1}")))
    start()
    number = act("administrator", lambda uow: numbering(uow).number(uow.now, 2))  # of the next case
    send(act, {"case_number": number}, keep=DAY)
    send(act, {"order": 1})  # the first case's
    send(act, {"order": 1}, keep=DAY)
    second = start()
    assert second.number == number
    offer(act, second)
    found = select(Wait.element).where(Wait.case_id == second.id, Wait.closed_at.is_(None))
    with database.transaction() as session:
        assert sorted(session.scalars(found)) == ["a", "b"]


def test_withdrawal_reaches_all_that_wait(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    name = "case.withdraw"
    process = bpmn.process_element(*both(receives("a"), receives("b")))
    message = f'<bpmn:message id="m" name="{name}"/>'
    factories.deploy(database, {"p.bpmn": bpmn.definitions(message, process)})
    case = start()
    act("service", lambda uow: messages.send(uow, name, {}, {}))
    assert look(act, case).status == "completed"


def test_message_comes_too_late_after_it_was_taken_or_the_case_has_ended(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    one, two = start(order=7), start(order=8)
    send(act, {"order": 7})
    act("caseworker", lambda uow: cases.cancel(uow, two.id))
    for keys in ({"order": 7}, {"order": 8}, {"case_number": one.number}):
        with pytest.raises(NotFound):
            send(act, keys)


def test_early_message_is_kept_and_taken_once(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    assert send(act, {"order": 7}, keep=HOUR).status == "kept"
    first = start(order=7)
    offer(act, first)
    second = start(order=7)
    offer(act, second)
    assert (look(act, first).status, look(act, second).status) == ("completed", "active")
    assert jobs(database) == ["deliver", "offer", "offer", "offer"]
    assert count(database, Message, Message.status == "delivered") == 1


def test_kept_message_that_the_case_cannot_hold_is_an_incident_and_holds_up_no_other(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    half = "x" * (600 << 10)
    act("service", lambda uow: messages.send(uow, "paid", {"order": 7}, {"b": half}, keep=HOUR))
    send(act, {"order": 7}, keep=HOUR)
    case = start(order=7, a=half)
    work()
    shown = look(act, case)
    assert (shown.status, shown.data["sum"]) == ("completed", 1)
    opened = payloads(database, "incident.opened")
    assert [(told["code"], "'paid'" in told["message"]) for told in opened] == [("given-up", True)]


def test_kept_messages_are_taken_in_the_order_in_which_they_came(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    boundary = bpmn.node("boundaryEvent", "b", MESSAGE, attachedToRef="u", cancelActivity="false")
    deploy(database, *bpmn.in_line("userTask u"), boundary, bpmn.node("userTask", "h"), bpmn.flow("b", "h"))
    sent = [str(send(act, {}, keep=HOUR).id) for _ in range(5)]
    work()
    start()
    work()
    assert [told["message"] for told in payloads(database, "message.received")] == sent


def test_message_waits_behind_those_that_are_kept_for_its_case(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    two = bpmn.node("intermediateCatchEvent", "d", MESSAGE, parvandeh__correlation="{'order': order}")
    deploy(database, *bpmn.in_line(CATCH, two))
    first = send(act, {"order": 7}, keep=HOUR)
    case = start(order=7)
    with pytest.raises(Busy):
        send(act, {"order": 7})
    second = send(act, {"case_number": case.number}, keep=HOUR)
    assert second.status == "kept"
    act("administrator", lambda uow: messages.deliver_kept(uow, second.id))
    assert [told["message"] for told in payloads(database, "message.received")] == [str(first.id)]
    work()
    assert look(act, case).status == "completed"


def test_kept_message_that_fits_several_cases_holds_up_none_that_names_one(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    twice = (bpmn.node("intermediateCatchEvent", name, MESSAGE) for name in "cd")
    deploy(database, *bpmn.in_line("userTask u", *twice))
    one, two = start(), start()
    send(act, {}, keep=HOUR)
    send(act, {"case_number": one.number}, keep=HOUR)
    work()
    for case in (one, two):
        act("caseworker", lambda uow, case=case: tasks.complete(uow, case.tasks[0]["id"], {}))
    work()
    assert [told["name"] for told in payloads(database, "message.received")] == ["paid"]
    act("caseworker", lambda uow: cases.cancel(uow, two.id))
    act("administrator", messages.offer_again)
    work()
    assert look(act, one).status == "completed"


def test_message_that_was_kept_begins_a_case_once_something_begins_by_it(
    database: Database, act: Act, work: Callable[..., None]
) -> None:
    send(act, {}, keep=HOUR)
    work()
    deploy(database, bpmn.node("startEvent", "ms", MESSAGE), bpmn.node("userTask", "u"), bpmn.flow("ms", "u"))
    work()
    assert count(database, Case) == 1
    with database.transaction() as session:
        assert session.execute(select(Message.status, Message.data)).all() == [("delivered", {})]


def test_thrown_message_that_names_a_case_begins_none(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    keys = {"parvandeh__correlation": "{'case_number': '1404-999999'}"}
    throw = bpmn.node("intermediateThrowEvent", "t", MESSAGE, **keys)
    begins = bpmn.node("startEvent", "ms", MESSAGE)
    deploy(database, *bpmn.in_line(throw), begins, bpmn.node("userTask", "u"), bpmn.flow("ms", "u"))
    start()
    work()
    assert count(database, Case) == 1


def test_message_for_a_case_that_is_suspended_begins_no_other(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    begins = bpmn.node("startEvent", "ms", MESSAGE)
    deploy(database, *bpmn.in_line(CATCH), begins, bpmn.node("userTask", "u"), bpmn.flow("ms", "u"))
    case = start(order=7)
    act("administrator", lambda uow: cases.suspend(uow, case.id))
    assert send(act, {"order": 7}, keep=HOUR).status == "kept"
    work()
    assert count(database, Case) == 1


def test_expired_message_is_not_taken(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    sent = send(act, {"order": 7}, keep=HOUR)
    case = start(order=7)
    offer(act, case, 2 * HOUR)
    assert act("administrator", lambda uow: messages.deliver_kept(uow, sent.id), 2 * HOUR) == 0
    assert look(act, case).status == "active"
    assert [act("administrator", messages.expire, hours * HOUR) for hours in (0, 2)] == [0, 1]
    assert count(database, Message, Message.status == "expired", Message.data == {}) == 1
    assert count(database, OrganisationRecord, OrganisationRecord.kind == "message.unmatched") == 1
    assert count(database, Event, Event.kind == "message.unmatched") == 0


def test_message_does_not_wait_behind_one_that_has_expired(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    send(act, {"order": 7}, keep=HOUR)
    case = start(order=7)
    sent = act("service", lambda uow: messages.send(uow, "paid", {"order": 7}, {}), 2 * HOUR)
    assert (sent.status, look(act, case).status) == ("delivered", "completed")


def test_two_hundred_messages_at_once_for_one_case_are_taken_one_by_one(
    database: Database,
    act: Act,
    start: Callable[..., cases.CaseView],
    actor: Callable[..., Actor],
) -> None:
    boundary = bpmn.node("boundaryEvent", "b", MESSAGE, attachedToRef="u", cancelActivity="false")
    deploy(
        database,
        *bpmn.in_line("userTask u"),
        boundary,
        bpmn.node("userTask", "h"),
        bpmn.flow("b", "h"),
    )
    case = start()
    actor("service")  # made before any thread asks for it
    sent = [
        result
        for _ in range(10)
        for result in factories.at_once(20, lambda _: send(act, {"case_number": case.number}))
    ]
    assert {getattr(result, "status", result) for result in sent} == {"delivered"}
    assert count(database, Task, Task.element == "h") == 200
    assert whole(database)


def test_message_begins_a_case_and_its_definition_takes_no_other_start(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(
        database,
        bpmn.node("startEvent", "ms", MESSAGE),
        bpmn.node("userTask", "u"),
        bpmn.flow("ms", "u"),
    )
    sent = send(act, {})
    assert sent.status == "started"
    assert act("caseworker", lambda uow: cases.get(uow, sent.cases[0][0])).data == {"sum": 1}
    with pytest.raises(Conflict):
        start()


def test_thrown_message_finds_its_receiver_in_another_case(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    throw = bpmn.node(
        "intermediateThrowEvent",
        "t",
        MESSAGE,
        parvandeh__correlation="{'order': order}",
        parvandeh__data="{'sum': 5}",
    )
    gate = bpmn.node("exclusiveGateway", "g", default="g-t")
    deploy(
        database,
        bpmn.node("startEvent", "start"),
        gate,
        CATCH,
        throw,
        bpmn.flow("start", "g"),
        bpmn.flow("g", "c", "waits"),
        bpmn.flow("g", "t"),
    )
    receiver = start(order=7, waits=True)
    start(order=7, waits=False)
    with database.transaction() as session:
        thrown = session.scalars(select(Message.id)).one()
    assert act("administrator", lambda uow: messages.deliver_kept(uow, thrown)) == 1
    shown = look(act, receiver)
    assert (shown.status, shown.data["sum"]) == ("completed", 5)
    assert act("administrator", lambda uow: messages.deliver_kept(uow, thrown)) == 0


def test_signal_reaches_all_who_wait(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    parts = (
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        bpmn.node("intermediateCatchEvent", "c", SIGNAL),
        bpmn.node("userTask", "u"),
        bpmn.node("intermediateThrowEvent", "t", SIGNAL),
    )
    flows = (("start", "f"), ("f", "c"), ("f", "u"), ("u", "t"))
    deploy(database, *parts, *(bpmn.flow(*pair) for pair in flows))
    one, two = start(), start()
    act("caseworker", lambda uow: tasks.complete(uow, one.tasks[0]["id"], {}))
    assert look(act, one).status == "completed"  # in the same command
    with database.transaction() as session:
        thrown = session.scalars(select(Message.id)).one()
        log = select(Event.kind).where(Event.case_id == one.id).order_by(Event.seq)
        kinds = list(session.scalars(log))
    assert kinds[kinds.index("signal.sent") :] == ["signal.sent", "signal.received", "case.completed"]
    assert act("administrator", lambda uow: messages.deliver_to_others(uow, thrown)) == 1
    work()
    assert [task["element"] for task in look(act, two).tasks] == ["u"]
    assert whole(database)


def test_signal_of_an_earlier_release_still_reaches_its_own_case(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    deploy(database, *bpmn.in_line(bpmn.node("intermediateCatchEvent", "c", SIGNAL)))
    case = start()
    with database.transaction() as session:
        now = session.scalars(select(Wait.opened_at)).one()
        row = {"kind": "signal", "name": "alarm", "correlation": "{}", "data": {}, "thrown_element": "t"}
        times = {"sent_at": now, "expires_at": now + DAY, "closed_at": None, "wait_id": None}
        thrown = Message(id=case.id, thrown_by=case.id, status="kept", **row, **times)
        session.add(thrown)
    act("administrator", lambda uow: messages.deliver_kept(uow, case.id))
    work()
    assert look(act, case).status == "completed"


def test_message_reaches_the_own_wait_at_once_and_other_cases_later(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    keys = {"parvandeh__correlation": "{'order': order}"}
    parts = (
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        bpmn.node("intermediateCatchEvent", "c", MESSAGE, **keys),
        bpmn.node("userTask", "u"),
        bpmn.node("sendTask", "t", messageRef="m", parvandeh__data="{'sum': order + 1}", **keys),
    )
    flows = (("start", "f"), ("f", "c"), ("f", "u"), ("u", "t"))
    deploy(database, *parts, *(bpmn.flow(*pair) for pair in flows))
    one, two, other = start(order=7), start(order=7), start(order=8)
    act("caseworker", lambda uow: tasks.complete(uow, one.tasks[0]["id"], {}))
    shown = look(act, one)
    assert (shown.status, shown.data["sum"]) == ("completed", 8)
    assert count(database, Message, Message.status == "delivered") == 1
    work()
    assert look(act, two).data["sum"] == 8
    assert "sum" not in look(act, other).data
    assert count(database, Message, Message.closed_at.is_(None)) == 0
    work()
    assert count(database, Case, Case.status == "completed") == 1


def test_message_that_the_own_case_has_received_starts_none(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    begun = [
        bpmn.node("startEvent", "by_message", MESSAGE),
        bpmn.node("userTask", "later"),
        bpmn.flow("by_message", "later"),
    ]
    own = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        bpmn.node("intermediateCatchEvent", "c", MESSAGE),
        bpmn.node("userTask", "u"),
        bpmn.node("sendTask", "t", messageRef="m"),
        *(bpmn.flow(*pair) for pair in (("start", "f"), ("f", "c"), ("f", "u"), ("u", "t"))),
    ]
    other = bpmn.process_element(*begun, key="other")
    factories.deploy(
        database,
        {
            "p.bpmn": bpmn.definitions(*DEFINITIONS, bpmn.process_element(*own)),
            "other.bpmn": bpmn.definitions(*DEFINITIONS, other),
        },
    )
    one = start()
    act("caseworker", lambda uow: tasks.complete(uow, one.tasks[0]["id"], {}))
    work()
    assert count(database, Case) == 1


def test_event_that_stays_receives_its_own_signal_once(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    boundary = bpmn.node("boundaryEvent", "b", SIGNAL, attachedToRef="long", cancelActivity="false")
    parts = (
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        bpmn.node("userTask", "long"),
        boundary,
        bpmn.node("userTask", "noted"),
        bpmn.node("userTask", "u"),
        bpmn.node("intermediateThrowEvent", "t", SIGNAL),
    )
    flows = (("start", "f"), ("f", "long"), ("f", "u"), ("u", "t"), ("b", "noted"))
    deploy(database, *parts, *(bpmn.flow(*pair) for pair in flows))
    case = start()
    task = next(task for task in case.tasks if task["element"] == "u")
    act("caseworker", lambda uow: tasks.complete(uow, task["id"], {}))
    work()
    assert [one["element"] for one in look(act, case).tasks].count("noted") == 1


def test_signal_does_not_reach_what_only_begins_to_wait_after_it(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    throw = bpmn.node("intermediateThrowEvent", "t", SIGNAL)
    deploy(database, *bpmn.in_line(throw, bpmn.node("intermediateCatchEvent", "c", SIGNAL)))
    one = start()
    work()
    assert look(act, one).status == "active"
    start()
    work()
    assert look(act, one).status == "completed"


def test_signal_reaches_a_branch_that_waited_before_it_in_the_same_command(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Callable[..., None]
) -> None:
    parts = (
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        bpmn.node("intermediateCatchEvent", "c", SIGNAL),
        bpmn.script("x", "x = 1"),
        bpmn.node("intermediateThrowEvent", "t", SIGNAL),
    )
    flows = (("start", "f"), ("f", "c"), ("f", "x"), ("x", "t"))
    deploy(database, *parts, *(bpmn.flow(*pair) for pair in flows))
    case = start()
    work()
    assert look(act, case).status == "completed"


# Work of other systems


@pytest.fixture
def take(act: Act) -> Callable[..., Any]:
    return lambda later=timedelta(0): act(
        "service", lambda uow: external_calls.lease_calls(uow, ["registry"], 5, MINUTE, "w"), later
    )


def test_work_is_handed_out_once_until_its_lease_runs_out(
    database: Database, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    start(national_id="1")
    (work,) = take()
    assert (work["request"], work["attempts"], take()) == ({"id": "1"}, 1, [])
    (again,) = take(2 * MINUTE)
    assert (again["id"], again["fence"]) == (work["id"], work["fence"] + 1)


def test_late_and_strange_answers_are_refused(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    start(national_id="1")
    (work,) = take()

    def done(uow: UnitOfWork) -> None:
        external_calls.complete(uow, work["id"], work["fence"], {"ok": True})

    with pytest.raises(Conflict, match="lease"):
        act("service", done, 2 * MINUTE)
    with pytest.raises(NotFound):
        act("service", done, name="another")
    act("service", done)
    with pytest.raises(Conflict, match="done"):
        act("service", done)
    assert whole(database)


def test_failed_work_is_an_incident_that_repair_or_skip_ends(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE, "userTask u"))
    case = start(national_id="1")
    (work,) = take()
    act("service", lambda uow: external_calls.fail(uow, work["id"], 1, "down", retry_in=timedelta(0)))
    (work,) = take()
    act("service", lambda uow: external_calls.fail(uow, work["id"], 2, "down"))
    (incident,) = act("administrator", lambda uow: incidents.page(uow, incidents.Which(element="svc")))
    assert (incident["attempts"], incident["code"]) == (2, "work-failed")
    (told,) = act("administrator", lambda uow: cases.get(uow, case.id)).incidents
    assert told["message"] == "down"
    again = act(
        "administrator", lambda uow: incidents.retry(uow, incident["id"], repair={"national_id": "2"})
    )
    assert again.data["national_id"] == "2"
    (repaired,) = take()
    assert repaired["request"] == {"id": "2"}
    assert repaired["id"] != work["id"]
    act("service", lambda uow: external_calls.complete(uow, repaired["id"], repaired["fence"], {"ok": True}))
    shown = look(act, case)
    assert (shown.data["reply"], len(shown.tasks), shown.incidents) == ({"ok": True}, 1, [])
    assert payloads(database, "data.repaired")[0]["changes"] == {"national_id": "2"}
    assert whole(database)


def test_same_request_is_made_again_under_the_same_id(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    start(national_id="1")
    (work,) = take()
    act("service", lambda uow: external_calls.fail(uow, work["id"], 1, "down"))
    with database.transaction() as session:
        incident = session.scalars(select(Incident.id)).one()
    act("administrator", lambda uow: incidents.retry(uow, incident))
    (again,) = take()
    assert (again["id"], again["fence"] > work["fence"]) == (work["id"], True)


def test_error_of_the_process_goes_to_its_boundary_event(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    attributes = {"attachedToRef": "svc", "parvandeh__result": "why"}
    caught = bpmn.node("boundaryEvent", "b", '<bpmn:errorEventDefinition errorRef="e"/>', **attributes)
    deploy(
        database, *bpmn.in_line(SERVICE), caught, bpmn.node("userTask", "manual"), bpmn.flow("b", "manual")
    )
    case = start(national_id="1")
    (work,) = take()
    act("service", lambda uow: external_calls.throw(uow, work["id"], 1, "BAD", {}))
    shown = look(act, case)
    assert ([task["element"] for task in shown.tasks], shown.incidents) == (["manual"], [])
    assert shown.data["why"] == {
        "code": "BAD",
        "detail": "The program that did the work returned the error BAD.",
    }


def test_work_that_nobody_brings_back_ends_as_an_incident(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    start(national_id="1")
    for number in range(external_calls.MAX_TRIES):
        assert len(take(2 * number * MINUTE)) == 1
    assert take(99 * MINUTE) == []
    act("administrator", external_calls.give_up_lost, 99 * MINUTE)
    assert count(database, Incident, Incident.code == cases.GIVEN_UP) == 1


def test_work_that_fails_as_often_as_it_may_ends_as_an_incident(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    case = start(national_id="1")
    for number in range(external_calls.MAX_TRIES):
        (work,) = take(2 * number * MINUTE)
        assert look(act, case).incidents == []
        again = partial(
            external_calls.fail, call_id=work["id"], fence=number + 1, detail="no", retry_in=MINUTE
        )
        act("service", again, 2 * number * MINUTE)
    assert [incident["code"] for incident in look(act, case).incidents] == ["work-failed"]


def test_cancelled_case_takes_its_work_back(
    database: Database, act: Act, start: Callable[..., cases.CaseView], take: Callable[..., Any]
) -> None:
    deploy(database, *bpmn.in_line(SERVICE))
    case = start(national_id="1")
    (work,) = take()
    act("caseworker", lambda uow: cases.cancel(uow, case.id))
    with pytest.raises(Conflict, match="cancelled"):
        act("service", lambda uow: external_calls.complete(uow, work["id"], 1, {}))
    assert count(database, Call, Call.status == "open") == 0


# Suspending and repairing


def test_suspended_case_refuses_commands_and_keeps_what_falls_due(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    act("administrator", lambda uow: cases.suspend(uow, case.id, reason="court order"))
    with pytest.raises(Conflict, match="suspended"):
        act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    assert wake(act, case, 8 * DAY) == 0
    act("administrator", lambda uow: cases.resume(uow, case.id))
    assert wake(act, case, 8 * DAY) == 1


def test_suspended_definition_begins_and_moves_nothing(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line("userTask u"))
    case = start()
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"))
    with pytest.raises(Conflict):
        start()
    with pytest.raises(Conflict):
        act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    act("administrator", lambda uow: cases.resume_definition(uow, "p"))
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    assert start().status == "active"


def test_skipped_script_leaves_what_it_would_have_set(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line(bpmn.script("broken", "x = 1 / 0"), "userTask u"))
    case = start()
    skipped = act(
        "administrator", lambda uow: incidents.skip(uow, case.incidents[0]["id"], {"x": 3}, "known fault")
    )
    assert (skipped.data["x"], len(skipped.tasks), skipped.incidents) == (3, 1, [])
    with pytest.raises(Conflict):
        act("administrator", lambda uow: incidents.skip(uow, case.incidents[0]["id"], {}, "again"))


def test_gateway_cannot_be_skipped(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(
        database,
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "g"),
        bpmn.node("endEvent", "a"),
        bpmn.node("endEvent", "b"),
        bpmn.flow("start", "g"),
        bpmn.flow("g", "a", "x > 1"),
        bpmn.flow("g", "b", "x &lt; 1"),
    )
    case = start(x=1)
    with pytest.raises(Conflict):
        act("administrator", lambda uow: incidents.skip(uow, case.incidents[0]["id"], {}, "r"))
    assert look(act, case).incidents


def test_given_up_work_is_one_incident_and_begins_again_on_retry(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    reminded(database)
    case = start()
    with database.transaction() as session:
        session.execute(text("UPDATE waits SET woken_at = now()"))
    for _ in range(2):
        act("administrator", lambda uow: cases.give_up(uow, case.id, "it takes its worker with it"))
    (incident,) = look(act, case).incidents
    assert not act("administrator", lambda uow: incidents.retry(uow, incident["id"])).incidents
    assert count(database, Wait, Wait.woken_at.is_not(None)) == 0


def test_case_that_ends_leaves_nothing_for_a_person_to_mend(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    deploy(database, *bpmn.in_line("userTask u"))
    case = start()
    act("administrator", lambda uow: cases.give_up(uow, case.id, "it takes its worker with it"))
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    assert count(database, Incident, Incident.status == "open") == 0
    assert payloads(database, "incident.closed") != []


def test_business_key_runs_once_at_a_time_where_the_process_says_so(database: Database, act: Act) -> None:
    deploy(
        database,
        *bpmn.in_line("userTask u"),
        attributes='isExecutable="true" parvandeh:businessKey="unique"',
    )

    def again() -> cases.CaseView:
        case: cases.CaseView = act(
            "caseworker", lambda uow: cases.start(uow, "p", {}, cases.Application(business_key="k"))
        )
        return case

    first = again()
    with pytest.raises(IntegrityError):
        again()
    act("caseworker", lambda uow: cases.cancel(uow, first.id))
    assert again().id != first.id
