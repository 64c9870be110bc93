"""Payments of bills, as a payment service confirms them; each is first compared with its bill.

The case continues only if amount and currency are those of the bill. Any other payment is recorded and opens
an incident, and the case does not continue: no money may be lost unnoticed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.postgresql import JSONB

from engine import access, bpmn
from engine.bpmn import BILL
from engine.cases.bills import money, plain
from engine.cases.catch_events import fire, incident
from engine.cases.locking import (
    LockedCase,
    fetch_locked,
    locked_case,
    require_size,
    select_for_locking,
    unknown,
)
from engine.cases.persistence import INSERT_INCIDENTS, note
from engine.events import Fact, Kind
from engine.models import Bill, Case, Event, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound

MISMATCH, LATE = "payment-mismatch", "payment-late"  # codes of incidents that concern the whole case
NOTICES = frozenset({MISMATCH, LATE})

Verdict = Literal["paid", "repeated", "mismatch", "late", "early", "suspended"]

_COLUMNS = (
    *(
        Bill.id,
        Bill.case_id,
        Bill.element,
        Bill.reference,
        Bill.amount,
        Bill.currency,
        Bill.status,
        Bill.message,
    ),
    *(Bill.paid_amount, Bill.paid_currency, Bill.late_at, Bill.late_amount, Bill.late_currency),
)


@dataclass(frozen=True, slots=True)
class Payment:
    """The result of a payment: `detail` explains why one was not booked."""

    verdict: Verdict
    case_id: UUID
    number: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Paid:
    """The amount paid for a bill, according to a message."""

    bill: RowMapping
    amount: Decimal
    currency: str

    @property
    def fits(self) -> bool:
        """Returns whether it is the amount and currency of the bill."""
        return (self.amount, self.currency) == (self.bill["amount"], self.bill["currency"])

    @property
    def words(self) -> str:
        """Returns both amounts, for the person who has to check."""
        asked = f"{plain(self.bill['amount'])} {self.bill['currency']}"
        paid = f"{plain(self.amount)} {self.currency}"
        return f"The bill {self.bill['reference']} is about {asked}; {paid} were paid"

    def payload(self) -> dict[str, Any]:
        """Returns the facts for the log."""
        named = {"bill": self.bill["id"], "reference": self.bill["reference"]}
        asked = plain(self.bill["amount"]), self.bill["currency"]
        return {
            **named,
            **money(self.amount, self.currency),
            "billed_amount": asked[0],
            "billed_currency": asked[1],
        }


def find_bill(
    uow: UnitOfWork, message: str, keys: Mapping[str, Any], number: str | None = None
) -> RowMapping | None:
    """Returns the bill whose payment a message confirms, in the actor's units.

    `number` narrows the search to one case. Messages without the key of a bill cost no statement.
    """
    if BILL not in keys:
        return None
    found = select(*_COLUMNS).join(Case, Case.id == Bill.case_id)
    found = found.where(
        Bill.reference == str(keys[BILL]), Bill.message == message, access.covers(Case.unit_id)
    )
    if number is not None:
        found = found.where(Case.number == number)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()


def pay(uow: UnitOfWork, bill: RowMapping, data: Mapping[str, Any], payload: Mapping[str, Any]) -> Payment:
    """Settles a payment of a bill. `payload` is the message as logged.

    Raises Invalid for data without an amount or currency.
    """
    row = fetch_locked(uow, select_for_locking().where(Case.id == bill["case_id"]).with_for_update(of=Case))
    if row is None:
        raise unknown(bill["case_id"])
    return _settle(uow, locked_case(row), bill["reference"], data, payload)


def pay_awaited(
    uow: UnitOfWork, case: LockedCase, reference: str, data: Mapping[str, Any], payload: Mapping[str, Any]
) -> Payment:
    """Settles the payment of a bill with this number that a locked case awaits.

    Raises Invalid as `pay` does, and NotFound if no bill with this number was issued for the case.
    """
    return _settle(uow, case, reference, data, payload)


def _settle(
    uow: UnitOfWork, case: LockedCase, reference: str, data: Mapping[str, Any], payload: Mapping[str, Any]
) -> Payment:
    found = select(*_COLUMNS).where(Bill.case_id == case.id, Bill.reference == reference)
    bill = uow.connection.execute(found).mappings().one_or_none()  # the case is locked now
    if bill is None:
        raise NotFound(f"The case {case.number} has no bill with the number {reference!r}.")
    paid = _read(bill, data)
    if bill["status"] == "paid" and paid.fits:
        return Payment("repeated", case.id, case.number)
    tokens = _awaiting(uow, bill) if bill["status"] != "paid" and case.status == "active" else ()
    if case.status == "suspended":
        return Payment("suspended", case.id, case.number)
    if not tokens and bill["status"] == "open" and case.status == "active":
        return Payment("early", case.id, case.number)
    if not tokens:
        return _late(uow, case, paid)
    if not paid.fits:
        return _mismatch(uow, case, paid)
    require_size({**case.data, **data})
    booked = update(Bill).where(Bill.id == bill["id"])
    uow.connection.execute(booked.values(status="paid", paid_at=uow.now, closed_at=None))
    fact = Fact("bill.paid", bill["element"], payload=paid.payload())
    fire(uow, case, dict.fromkeys(tokens, data), payload, [fact])
    return Payment("paid", case.id, case.number)


def _read(bill: RowMapping, data: Mapping[str, Any]) -> _Paid:
    """Reads the amount and currency of a payment. Raises Invalid."""
    parts = bpmn.Paid(bill["paid_amount"], bill["paid_currency"])
    try:
        return _Paid(bill, *bpmn.received(parts, data))
    except bpmn.NotMoney as error:
        fault = Fault(f"/data/{error.part}", error.reason, "not-money")
        raise Invalid("The message doesn't contain the amount that was paid.", [fault]) from error


def _awaiting(uow: UnitOfWork, bill: RowMapping) -> list[UUID]:
    """Returns the tokens of its case that await the payment of a bill."""
    number = Wait.correlation.cast(JSONB)[BILL].astext
    found = select(Wait.id).where(Wait.case_id == bill["case_id"], Wait.kind == "message")
    found = found.where(Wait.name == bill["message"], Wait.closed_at.is_(None), number == bill["reference"])
    return list(uow.connection.execute(found.order_by(Wait.id)).scalars())


def _mismatch(uow: UnitOfWork, case: LockedCase, paid: _Paid) -> Payment:
    """Records a different amount or currency: the case still awaits the right one."""
    detail = f"{paid.words}. The payment was not booked."
    if not _noted(uow, case, "bill.mismatch", paid):
        _notice(uow, case, paid, "bill.mismatch", detail)
    return Payment("mismatch", case.id, case.number, detail)


def _late(uow: UnitOfWork, case: LockedCase, paid: _Paid) -> Payment:
    """Records a payment that is no longer awaited on the bill; the office decides about the money."""
    bill = paid.bill
    status = "is already paid" if bill["status"] == "paid" else "is no longer awaited"
    detail = f"{paid.words}, but the bill {status}. The payment was recorded; the case did not continue."
    known = (bill["late_amount"], bill["late_currency"]) == (paid.amount, paid.currency)
    if not known and not _noted(uow, case, "bill.late", paid):
        late = {"late_at": uow.now, "late_amount": paid.amount, "late_currency": paid.currency}
        uow.connection.execute(update(Bill).where(Bill.id == bill["id"]).values(**late))
        _notice(uow, case, paid, "bill.late", detail)
    return Payment("late", case.id, case.number, detail)


def _noted(uow: UnitOfWork, case: LockedCase, kind: Kind, paid: _Paid) -> bool:
    """Returns whether the log already contains this payment: it was announced again."""
    stored = Event.payload.cast(JSONB)
    same = [stored[name].astext == str(value) for name, value in paid.payload().items()]
    found = select(Event.seq).where(Event.case_id == case.id, Event.kind == kind, *same).limit(1)
    return uow.connection.execute(found).first() is not None


def _notice(uow: UnitOfWork, case: LockedCase, paid: _Paid, kind: Kind, detail: str) -> None:
    """Opens an incident for the office, also in a case that has ended."""
    row, opened = incident(uow, case, MISMATCH if kind == "bill.mismatch" else LATE, detail)
    if case.erased_at is not None:  # nothing can be added to its log, but the money was received
        uow.write(INSERT_INCIDENTS, {"incidents": [row]})
        return
    fact = Fact(kind, paid.bill["element"], payload=paid.payload())
    note(uow, case, [fact, opened], incidents=[row])
