"""What falls due while a case or its definition is suspended waits, and then happens, once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases
from engine.cases import CaseView, external_calls, messages
from engine.models import Case, Event
from engine.platform.db import Database, UnitOfWork
from tests import bpmn, factories
from tests.factories import count
from tests.integration.conftest import Act

Work = Callable[..., None]
HOUR = timedelta(hours=1)
DEFINITIONS = ('<bpmn:message id="m" name="paid"/>', '<bpmn:signal id="s" name="alarm"/>')
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="s"/>'
CATCH = bpmn.node("intermediateCatchEvent", "c", MESSAGE, parvandeh__correlation="{'order': order}")


def timer(kind: str, when: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{when}</bpmn:{kind}></bpmn:timerEventDefinition>"


def deploy(database: Database, *body: str, key: str = "p") -> None:
    process = bpmn.process_element(*body, key=key)
    factories.deploy(database, {f"{key}.bpmn": bpmn.definitions(*DEFINITIONS, process)})


def begun_by(database: Database, definition: str, key: str = "p") -> None:
    """A definition whose cases begin by this event."""
    start = bpmn.node("startEvent", "begins", definition)
    deploy(database, start, bpmn.node("userTask", "u"), bpmn.flow("begins", "u"), key=key)


def look(act: Act, case: CaseView) -> CaseView:
    shown: CaseView = act("caseworker", lambda uow: cases.get(uow, case.id))
    return shown


def send(act: Act, keys: dict[str, Any], keep: timedelta | None = HOUR, **data: Any) -> messages.Sent:
    sent: messages.Sent = act("service", lambda uow: messages.send(uow, "paid", keys, data, keep=keep))
    return sent


@pytest.fixture
def do(act: Act) -> Callable[..., None]:
    """`do("suspend")` or `do("resume")`: with the definition, or with a case that is named."""

    def run(what: str, case: CaseView | None = None) -> None:
        if case is None:
            act("administrator", lambda uow: getattr(cases, f"{what}_definition")(uow, "p"))
        else:
            act("administrator", lambda uow: getattr(cases, what)(uow, case.id))

    return run


@pytest.fixture(params=["case", "definition"])
def which(request: pytest.FixtureRequest) -> Callable[[CaseView], tuple[CaseView, ...]]:
    """What is suspended, as the further arguments of `do`."""
    return lambda case: (case,) if request.param == "case" else ()


def test_timer_start_that_fell_due_meanwhile_begins_one_case_afterwards(
    database: Database, work: Work, do: Callable[..., None]
) -> None:
    begun_by(database, timer("timeCycle", "R/PT1H"))
    do("suspend")
    for hours in (1.5, 2.5, 3.5):
        work(hours * HOUR)
    assert count(database, Case) == 0
    do("resume")
    work(3.6 * HOUR)
    assert count(database, Case) == 1
    with database.transaction() as session:
        fired = session.scalars(select(Event.payload).where(Event.kind == "timer.fired")).all()
    assert fired == [{"missed": 2}]
    work(4.5 * HOUR)
    assert count(database, Case) == 2


def test_message_kept_meanwhile_begins_its_case_afterwards(
    database: Database, act: Act, work: Work, do: Callable[..., None]
) -> None:
    begun_by(database, MESSAGE)
    do("suspend")
    assert send(act, {}, sum=1).status == "kept"
    work()
    assert count(database, Case) == 0
    do("resume")
    work()
    work()
    with database.transaction() as session:
        assert session.scalars(select(Case.data)).all() == [{"sum": 1}]


def test_timer_that_fell_due_meanwhile_fires_afterwards(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    work: Work,
    do: Callable[..., None],
    which: Callable[[CaseView], Any],
) -> None:
    deploy(
        database,
        *bpmn.in_line(bpmn.node("intermediateCatchEvent", "t", timer("timeDuration", "PT1H")), "userTask u"),
    )
    case = start()
    do("suspend", *which(case))
    work(2 * HOUR)
    assert look(act, case).tasks == []
    do("resume", *which(case))
    work(2 * HOUR)
    assert [task["element"] for task in look(act, case).tasks] == ["u"]


def test_work_of_a_suspended_case_is_leased_after_it_was_resumed(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    do: Callable[..., None],
    which: Callable[[CaseView], Any],
) -> None:
    def leased() -> int:
        return len(act("service", lambda uow: external_calls.lease_calls(uow, ["registry"], 5, HOUR, "w")))

    deploy(database, *bpmn.in_line(bpmn.node("serviceTask", "svc", parvandeh__topic="registry")))
    case = start()
    do("suspend", *which(case))
    assert leased() == 0
    do("resume", *which(case))
    assert leased() == 1


def test_timer_that_falls_due_just_as_its_definition_is_resumed_fires(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    work: Work,
    do: Callable[..., None],
    unit_of_work: Callable[..., AbstractContextManager[UnitOfWork]],
) -> None:
    deploy(
        database,
        *bpmn.in_line(bpmn.node("intermediateCatchEvent", "t", timer("timeDuration", "PT1H")), "userTask u"),
    )
    case = start()
    do("suspend")
    with unit_of_work("administrator") as resuming:
        cases.resume_definition(resuming, "p")
        work(2 * HOUR)  # does not see yet that it is resumed
    work(2 * HOUR)
    assert [task["element"] for task in look(act, case).tasks] == ["u"]


def test_message_for_a_suspended_case_is_kept_until_it_goes_on(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    work: Work,
    do: Callable[..., None],
    which: Callable[[CaseView], Any],
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    case = start(order=7)
    do("suspend", *which(case))
    assert send(act, {"order": 7}).status == "kept"
    work()
    do("resume", *which(case))
    work()
    assert look(act, case).status == "completed"


def test_case_suspended_by_itself_stays_so_when_its_definition_is_resumed(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    work: Work,
    do: Callable[..., None],
) -> None:
    deploy(database, *bpmn.in_line(CATCH))
    case = start(order=7)
    do("suspend", case)
    do("suspend")
    send(act, {"order": 7})
    do("resume")
    work()
    assert look(act, case).status == "suspended"
    do("resume", case)
    work()
    assert look(act, case).status == "completed"


def throwing(database: Database) -> None:
    """A definition whose cases throw the signal at once."""
    deploy(database, *bpmn.in_line(bpmn.node("intermediateThrowEvent", "t", SIGNAL)), key="thrower")


def throw(act: Act) -> None:
    act("caseworker", lambda uow: cases.start(uow, "thrower", {}))


def test_signal_thrown_meanwhile_reaches_the_case_afterwards(
    database: Database,
    act: Act,
    start: Callable[..., CaseView],
    work: Work,
    do: Callable[..., None],
    which: Callable[[CaseView], Any],
) -> None:
    deploy(database, *bpmn.in_line(bpmn.node("intermediateCatchEvent", "c", SIGNAL)))
    throwing(database)
    case = start()
    do("suspend", *which(case))
    throw(act)
    work()
    assert look(act, case).status != "completed"
    do("resume", *which(case))
    work()
    assert look(act, case).status == "completed"


def test_signal_thrown_meanwhile_begins_its_case_afterwards(
    database: Database, act: Act, work: Work, do: Callable[..., None]
) -> None:
    begun_by(database, SIGNAL)
    throwing(database)
    do("suspend")
    throw(act)
    work()
    begun_by(database, SIGNAL.replace("/>", ' id="mended"/>'))
    assert count(database, Case) == 1
    for _ in range(2):
        do("resume")
        work()
    assert count(database, Case) == 2


def test_signal_happens_once_to_each_who_waits_although_they_wait_on(
    database: Database, act: Act, start: Callable[..., CaseView], work: Work, do: Callable[..., None]
) -> None:
    stays = bpmn.node("boundaryEvent", "b", SIGNAL, attachedToRef="u", cancelActivity="false")
    handler = (stays, bpmn.node("userTask", "h"), bpmn.flow("b", "h"))
    deploy(database, *bpmn.in_line("userTask u"), *handler)
    throwing(database)
    some = [start() for _ in range(3)]
    do("suspend", some[1])
    throw(act)
    work()
    assert [len(look(act, case).tasks) for case in some] == [2, 1, 2]
    do("resume", some[1])
    work()
    assert [len(look(act, case).tasks) for case in some] == [2, 2, 2]
