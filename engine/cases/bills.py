"""The rows of a case's bills: those that a step issued, those that are no longer awaited, and their views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, Select, Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine import access
from engine.bpmn import Spec, Step
from engine.events import Fact, mark
from engine.models import Bill, Case
from engine.platform.db import UnitOfWork, recordset, table
from engine.platform.errors import Fault, Invalid
from engine.platform.ids import uuid7

BillStatus = Literal["open", "overdue", "paid", "expired", "cancelled"]

_BILLS = 18  # separates these locks from others on the same text
INSERT = recordset(table(Bill), "bills")


@dataclass(frozen=True, slots=True)
class Late:
    """A payment that came too late to continue the case."""

    amount: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as its readers see it. `link` is the page where it is paid; only the applicant's side has it."""

    id: UUID
    reference: str
    amount: Decimal
    currency: str
    purpose: str | None
    due_on: date | None
    status: BillStatus
    link: str | None
    issued_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None
    late: Late | None

    @property
    def payable(self) -> bool:
        """Returns whether the case still awaits its payment."""
        return self.status in ("open", "overdue")


def rows_of(uow: UnitOfWork, case_id: UUID, step: Step) -> list[dict[str, Any]]:
    """Returns the rows of the bills that a step issued."""
    return [
        {
            "id": uuid7(),
            "case_id": case_id,
            "element": bill.element,
            "reference": bill.reference,
            "amount": str(bill.amount),
            "currency": bill.currency,
            "purpose": bill.purpose,
            "due_on": bill.due,
            "link": bill.link,
            "status": "open",
            "issued_at": uow.now,
            "message": bill.message,
            "paid_amount": bill.paid_amount,
            "paid_currency": bill.paid_currency,
        }
        for bill in step.bills
    ]


def issued(rows: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """Returns the facts for the log about issued bills."""
    return [
        Fact("bill.issued", row["element"], payload={**_named(row), **_owed(row), "terms": terms(row)})
        for row in rows
    ]


def _owed(row: Mapping[str, Any]) -> dict[str, str]:
    return money(row["amount"], row["currency"])


def terms(row: Mapping[str, Any]) -> str:
    """Returns the mark of what the log does not have of a bill otherwise."""
    return mark(
        *(row[name] for name in ("purpose", "due_on", "link", "message", "paid_amount", "paid_currency"))
    )


def money(amount: Decimal | str, currency: str) -> dict[str, str]:
    """Returns an amount as stored in the log: as text, because readers may round a JSON number."""
    return {"amount": plain(amount), "currency": currency}


def plain(amount: Decimal | str) -> str:
    """Returns an amount without trailing zeros after the decimal point."""
    whole, _, decimals = f"{Decimal(amount):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0')}".rstrip(".")


def _named(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    return {"bill": row["id"], "reference": row["reference"]}


def require_new(uow: UnitOfWork, step: Step) -> None:
    """Raises Invalid if another bill has the same number: their payments could not be distinguished."""
    for number in sorted(bill.reference for bill in step.bills):
        # Waits here for another transaction that is issuing the same number at this moment.
        uow.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number, _BILLS))))
        if uow.connection.execute(select(Bill.id).where(Bill.reference == number)).first() is not None:
            fault = Fault("/reply", f"has the number {number!r}, which another bill has", "bill-taken")
            raise Invalid(f"Another bill has the number {number!r}.", [fault])


def close(uow: UnitOfWork, case_id: UUID, spec: Spec, step: Step) -> list[Fact]:
    """Closes the bills that are no longer awaited after a step, or all of them if the case has ended.

    Returns the facts for the log. Processes without bills cost no statement.
    """
    if not spec.bills or not (step.ended or step.unpaid):
        return []
    found = select(Bill.id, Bill.element, Bill.reference, Bill.due_on)
    found = found.where(Bill.case_id == case_id, Bill.status == "open").order_by(Bill.id)
    if not step.ended:
        found = found.where(Bill.reference.in_(step.unpaid))
    timed = any(fired.kind == "timer" for fired in step.fired)
    facts = []
    for row in uow.connection.execute(found).mappings().all():
        over = timed or (row["due_on"] is not None and row["due_on"] < uow.now.date())
        status = "expired" if over else "cancelled"
        closed = update(Bill).where(Bill.id == row["id"]).values(status=status, closed_at=uow.now)
        uow.connection.execute(closed)
        kind: Literal["bill.expired", "bill.cancelled"] = "bill.expired" if over else "bill.cancelled"
        facts.append(Fact(kind, row["element"], payload=_named(row)))
    return facts


_TEXTS = (
    *(Bill.id, Bill.reference, Bill.currency, Bill.purpose, Bill.due_on, Bill.status, Bill.link),
    *(Bill.issued_at, Bill.paid_at, Bill.closed_at, Bill.late_at, Bill.late_currency),
)
_AMOUNTS = (Bill.amount, Bill.late_amount)


def list_bills() -> Select[Any]:
    """Returns a select of the bills of a case as one value, so that it costs no statement of its own.

    Most cases have none.
    """
    parts: list[Any] = [part for column in _TEXTS for part in (column.key, column)]
    # As text: a JSON number would be read as a float.
    parts += [part for column in _AMOUNTS for part in (column.key, cast(column, Text))]
    one = func.json_build_object(*parts)
    return select(func.json_agg(aggregate_order_by(one, Bill.id))).where(Bill.case_id == Case.id)


def views_of(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> tuple[BillView, ...]:
    """Returns the bills that `listed` found, as the actor may see them."""
    found = bills_of_case(rows, uow.now)
    if access.for_applicants(uow.actor):
        return found
    return tuple(replace(bill, link=None) for bill in found)


def bills_of_case(rows: Sequence[Mapping[str, Any]] | None, now: datetime) -> tuple[BillView, ...]:
    """Returns the bills that `listed` found, for their applicant."""
    return tuple(_view(row, now) for row in rows or ())


def _view(row: Mapping[str, Any], now: datetime) -> BillView:
    due = date.fromisoformat(row["due_on"]) if row["due_on"] else None
    overdue = row["status"] == "open" and due is not None and due < now.date()
    late_at = _instant(row["late_at"])
    return BillView(
        id=UUID(row["id"]),
        reference=row["reference"],
        amount=Decimal(plain(row["amount"])),
        currency=row["currency"],
        purpose=row["purpose"],
        due_on=due,
        status="overdue" if overdue else row["status"],
        link=row["link"] if row["status"] == "open" else None,
        issued_at=datetime.fromisoformat(row["issued_at"]),
        paid_at=_instant(row["paid_at"]),
        closed_at=_instant(row["closed_at"]),
        late=Late(Decimal(plain(row["late_amount"])), row["late_currency"], late_at) if late_at else None,
    )


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
