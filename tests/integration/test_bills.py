"""Bills of cases: issued with the step, compared with each payment, closed when nothing awaits them."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.cases import incidents, messages
from engine.models import Bill, Case, Event, Message
from engine.platform.db import Database
from engine.platform.errors import Busy, Conflict, Invalid, NotFound, PaymentMismatch
from tests import bpmn, factories
from tests.unit.test_check_bills import AWAIT, ISSUE

Act = Callable[..., Any]
FEE = {"fee_rials": 5_000_000, "fee_reference": "Licence fee"}
REPLY = {
    "bill": "B-1",
    "amount_rials": 5_000_000,
    "due_on": "2100-01-06",
    "pay_at": "https://pay.example/bills/B-1",
}
RIGHT = {"amount_rials": 5_000_000, "currency": "IRR"}
OTHER = {"amount_rials": 4_000_000, "currency": "IRR"}


@pytest.fixture
def owing(database: Database, act: Act) -> cases.CaseView:
    """A case that awaits the payment of the bill B-1."""
    factories.deploy_shipped(database, "collect-fee")
    return owe(database, act)


def owe(database: Database, act: Act, **reply: Any) -> cases.CaseView:
    """A case of the fee, whose bill was answered with this."""
    case: cases.CaseView = act("portal", lambda uow: cases.start(uow, "collect-fee", FEE))
    factories.answer_calls(database, issue_bill={**REPLY, **reply})
    return see(act, case)


def see(act: Act, case: cases.CaseView, role: str = "administrator") -> cases.CaseView:
    found: cases.CaseView = act(role, lambda uow: cases.get(uow, case.id))
    return found


def pay(act: Act, data: dict[str, Any] = RIGHT, bill: Any = "B-1", **more: Any) -> messages.Sent:
    """What the payment service announces."""
    keys = {"bill": bill, **more}
    sent: messages.Sent = act("service", lambda uow: messages.send(uow, "payment.confirmed", keys, data))
    return sent


def logged(database: Database, case: cases.CaseView, beginning: str = "bill.") -> list[str]:
    with database.transaction() as session:
        found = select(Event.kind).where(Event.case_id == case.id).order_by(Event.seq)
        return [kind for kind in session.scalars(found) if kind.startswith(beginning)]


def test_a_bill_is_issued_with_the_step(database: Database, owing: cases.CaseView, act: Act) -> None:
    (bill,) = see(act, owing, "portal").bills
    assert (bill.reference, bill.amount, bill.currency, bill.status) == (
        "B-1",
        Decimal(5_000_000),
        "IRR",
        "open",
    )
    assert (bill.purpose, str(bill.due_on), bill.link) == ("Licence fee", "2100-01-06", REPLY["pay_at"])
    assert logged(database, owing) == ["bill.issued"]


def test_the_office_sees_the_bill_without_the_link_to_pay(owing: cases.CaseView) -> None:
    assert owing.bills[0].link is None


def test_the_right_payment_moves_the_case(database: Database, owing: cases.CaseView, act: Act) -> None:
    assert pay(act).status == "delivered"
    paid = see(act, owing)
    assert (paid.status, paid.data["payment"], paid.bills[0].status) == ("completed", RIGHT, "paid")
    assert logged(database, owing) == ["bill.issued", "bill.paid"]


@pytest.mark.parametrize("data", [OTHER, {**RIGHT, "currency": "EUR"}, {**RIGHT, "amount_rials": 5_000_001}])
def test_another_amount_or_currency_is_an_incident_and_moves_nothing(
    database: Database, owing: cases.CaseView, act: Act, data: dict[str, Any]
) -> None:
    for _ in range(2):
        with pytest.raises(PaymentMismatch, match=f"5000000 IRR; {data['amount_rials']} {data['currency']}"):
            pay(act, data)
    waits = see(act, owing)
    assert (waits.status, waits.bills[0].status) == ("active", "open")
    assert [one["code"] for one in waits.incidents] == ["payment-mismatch"]
    assert f"{data['amount_rials']} {data['currency']}" in waits.incidents[0]["message"]
    assert logged(database, owing) == ["bill.issued", "bill.mismatch"]
    assert pay(act).status == "delivered"


@pytest.mark.parametrize(
    "data",
    [{}, {"amount_rials": 5_000_000},
     {**RIGHT, "amount_rials": "five"}, {**RIGHT, "amount_rials": -5_000_000},
     {**RIGHT, "amount_rials": 0.5}, {**RIGHT, "amount_rials": True}, {**RIGHT, "currency": "rial"},
     {**RIGHT, "amount_rials": 10**30}, {**RIGHT, "currency": ["IRR"]}],
)  # fmt: skip
def test_a_message_without_amount_or_currency_is_refused(
    owing: cases.CaseView, act: Act, data: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        pay(act, data)
    assert refused.value.faults[0].pointer in ("/data/amount_rials", "/data/currency")
    assert see(act, owing).revision == owing.revision


def test_fifty_announcements_at_once_are_one_payment(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    done = factories.at_once(50, lambda _: pay(act))
    assert {(sent.status, tuple(sent.cases)) for sent in done if isinstance(sent, messages.Sent)} == {
        ("delivered", ((owing.id, owing.number),))
    }
    assert len(done) == 50
    assert not [sent for sent in done if isinstance(sent, Exception)]
    assert logged(database, owing) == ["bill.issued", "bill.paid"]


def test_a_payment_after_the_deadline_is_recorded_and_does_not_move_the_case(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    act("administrator", lambda uow: cases.wake(uow, owing.id), timedelta(days=22))
    assert (see(act, owing).status, see(act, owing).bills[0].status) == ("completed", "expired")
    assert [pay(act).status for _ in range(2)] == ["late", "late"]
    case = see(act, owing)
    assert (case.outcome, case.bills[0].status) == ("UNPAID", "expired")
    late = case.bills[0].late
    assert late is not None
    assert (late.amount, late.currency) == (Decimal(5_000_000), "IRR")
    assert [one["code"] for one in case.incidents] == ["payment-late"]
    assert logged(database, owing) == ["bill.issued", "bill.expired", "bill.late"]


def test_a_withdrawn_case_cancels_its_bill_and_records_what_is_paid_all_the_same(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    act("portal", lambda uow: cases.withdraw(uow, owing.id))
    (bill,) = see(act, owing, "portal").bills
    assert (bill.status, bill.link) == ("cancelled", None)
    assert pay(act, OTHER).status == "late"
    assert logged(database, owing) == ["bill.issued", "bill.cancelled", "bill.late"]


def test_late_payments_announced_again_are_recorded_once_each(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    act("administrator", lambda uow: cases.wake(uow, owing.id), timedelta(days=22))
    for data in (RIGHT, OTHER, RIGHT, OTHER):
        assert pay(act, data).status == "late"
    assert logged(database, owing) == ["bill.issued", "bill.expired", "bill.late", "bill.late"]


@pytest.mark.parametrize(("days", "status"), [(2, "cancelled"), (3, "expired")])
def test_a_bill_expires_after_its_last_day(database: Database, act: Act, days: int, status: str) -> None:
    factories.deploy_shipped(database, "collect-fee")
    last: date = act("portal", lambda uow: uow.now.date(), timedelta(days=2))
    case = owe(database, act, due_on=last.isoformat())
    shown: cases.CaseView = act("portal", lambda uow: cases.get(uow, case.id), timedelta(days=days))
    assert shown.bills[0].status == ("open" if days == 2 else "overdue")
    act("portal", lambda uow: cases.withdraw(uow, case.id), timedelta(days=days))
    assert see(act, case).bills[0].status == status


def test_a_bill_that_expires_leaves_the_other_bills_of_its_case_open(database: Database, act: Act) -> None:
    nodes = [bpmn.node("startEvent", "start"), bpmn.node("parallelGateway", "fork")]
    flows = [bpmn.flow("start", "fork")]
    for name in ("one", "two"):
        await_it = {**AWAIT, "parvandeh__correlation": f"{{'bill': {name}['number']}}"}
        nodes += [
            bpmn.node("serviceTask", f"issue_{name}", **{**ISSUE, "parvandeh__result": name}),
            bpmn.node("receiveTask", f"await_{name}", **await_it),
            bpmn.node("endEvent", f"end_{name}"),
        ]
        flows += [
            bpmn.flow("fork", f"issue_{name}"),
            bpmn.flow(f"issue_{name}", f"await_{name}"),
            bpmn.flow(f"await_{name}", f"end_{name}"),
        ]
    day = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    nodes += [
        bpmn.node("boundaryEvent", "late", day, attachedToRef="await_one"),
        bpmn.node("endEvent", "over"),
    ]
    flows += [bpmn.flow("late", "over")]
    process = bpmn.process_element(*nodes, *flows)
    factories.deploy(database, {"p.bpmn": bpmn.definitions('<bpmn:message id="m" name="paid"/>', process)})
    case = act("portal", lambda uow: cases.start(uow, "p", {}))
    replies = {f"issue_{name}": {"number": name, "amount": 5} for name in ("one", "two")}
    factories.answer_calls(database, **replies)
    act("administrator", lambda uow: cases.wake(uow, case.id), timedelta(days=2))
    assert {bill.reference: bill.status for bill in see(act, case).bills} == {"one": "expired", "two": "open"}


def test_a_second_payment_of_another_amount_is_recorded(owing: cases.CaseView, act: Act) -> None:
    pay(act)
    assert pay(act, OTHER).status == "late"
    assert see(act, owing).bills[0].status == "paid"


def test_an_administrator_closes_the_notice_of_a_case_that_has_ended(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    act("portal", lambda uow: cases.withdraw(uow, owing.id))
    pay(act)
    (notice,) = see(act, owing).incidents
    with pytest.raises(Conflict):
        act("administrator", lambda uow: incidents.skip(uow, notice["id"], {}, "none"))
    assert not act("administrator", lambda uow: incidents.retry(uow, notice["id"])).incidents


@pytest.mark.parametrize("keys", [{"bill": "B-2"}, {"bill": "B-1", "case_number": "1405-999999"}])
def test_a_payment_of_an_unknown_bill_or_of_another_case_is_refused(
    owing: cases.CaseView, act: Act, keys: dict[str, Any]
) -> None:
    with pytest.raises(NotFound):
        pay(act, **keys)
    assert see(act, owing).revision == owing.revision


def test_a_payment_by_the_case_number_alone_is_compared_with_the_bill(
    database: Database, owing: cases.CaseView, act: Act
) -> None:
    keys = {"case_number": owing.number}
    with pytest.raises(PaymentMismatch):
        act("service", lambda uow: messages.send(uow, "payment.confirmed", keys, OTHER))
    assert see(act, owing).status == "active"


def test_a_payment_that_came_before_its_bill_is_compared_when_it_is_delivered(
    database: Database, act: Act
) -> None:
    factories.deploy_shipped(database, "collect-fee")
    keys, day = {"bill": "B-1"}, timedelta(days=1)
    act("service", lambda uow: messages.send(uow, "payment.confirmed", keys, OTHER, keep=day))
    case = owe(database, act)
    act("administrator", lambda uow: messages.offer(uow, case.id))
    assert [one["code"] for one in see(act, case).incidents] == ["payment-mismatch"]
    with database.transaction() as session:
        assert (
            session.scalars(select(Message.status).where(Message.name == "payment.confirmed")).one()
            == "delivered"
        )


def test_other_messages_with_the_number_of_a_bill_are_no_payments(owing: cases.CaseView, act: Act) -> None:
    with pytest.raises(NotFound):
        act("service", lambda uow: messages.send(uow, "payment.failed", {"bill": "B-1"}, OTHER))
    assert see(act, owing).revision == owing.revision


def test_the_number_of_another_bill_is_refused(database: Database, owing: cases.CaseView, act: Act) -> None:
    with pytest.raises(Invalid):
        owe(database, act)
    with database.transaction() as session:
        assert len(session.scalars(select(Bill)).all()) == 1
        assert session.scalars(select(Case.status)).all() == ["active", "active"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"amount_rials": 5_000}, "bill-mismatch"),
        ({"amount_rials": None}, "bill-invalid"),
        ({"bill": ""}, "bill-invalid"),
        ({"pay_at": "javascript:alert(1)"}, "bill-invalid"),
        ({"due_on": "soon"}, "bill-invalid"),
        ({"due_on": "9999-12-31"}, "bill-invalid"),
        ({"due_on": "9999-12-31T23:59:59Z"}, "bill-invalid"),
    ],
)
def test_a_bill_that_was_not_asked_for_is_an_incident_and_none_is_issued(
    database: Database, act: Act, reply: dict[str, Any], code: str
) -> None:
    factories.deploy_shipped(database, "collect-fee")
    case = owe(database, act, **reply)
    assert ([one["code"] for one in case.incidents], list(case.bills)) == ([code], [])


def test_a_suspended_case_takes_its_payment_after_it_was_resumed(owing: cases.CaseView, act: Act) -> None:
    act("administrator", lambda uow: cases.suspend(uow, owing.id))
    with pytest.raises(Exception, match="suspended"):
        pay(act)
    act("administrator", lambda uow: cases.resume(uow, owing.id))
    assert pay(act).status == "delivered"


def test_a_payment_that_is_not_awaited_yet_is_asked_for_again(database: Database, act: Act) -> None:
    """A person has a task between the bill and the wait: the money is not late, and not lost."""
    nodes = (
        bpmn.node("serviceTask", "issue", **ISSUE),
        bpmn.node("userTask", "look"),
        bpmn.node("receiveTask", "wait", **AWAIT),
    )
    paid = '<bpmn:message id="m" name="paid"/>'
    content = bpmn.definitions(paid, bpmn.process_element(*bpmn.in_line(*nodes), key="p"))
    factories.deploy(database, {"p.bpmn": content})
    case = act("portal", lambda uow: cases.start(uow, "p", {}))
    factories.answer_calls(database, issue={"number": "B-2", "amount": 5})

    def pay_early() -> messages.Sent:
        data = {"amount": 5, "currency": "IRR"}
        sent: messages.Sent = act("service", lambda uow: messages.send(uow, "paid", {"bill": "B-2"}, data))
        return sent

    with pytest.raises(Busy):
        pay_early()
    assert (see(act, case).incidents, see(act, case).bills[0].status) == ([], "open")
    act("caseworker", lambda uow: tasks.claim(uow, see(act, case).tasks[0]["id"]))
    act("caseworker", lambda uow: tasks.complete(uow, see(act, case).tasks[0]["id"], {}))
    assert pay_early().status == "delivered"
    assert see(act, case).bills[0].status == "paid"
