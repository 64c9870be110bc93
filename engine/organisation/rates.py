"""Cost rates and capacities: what an hour of work in a role costs, and how many hours a week a role has.

Each applies from a day on, so that work is counted by the rate of its time. A cost is inherited by the units
below, a capacity is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import RowMapping, Select, or_, select
from sqlalchemy.dialects.postgresql import insert

from engine import access
from engine.bpmn import NotMoney, money
from engine.events import administration_log
from engine.models import RateKind, Unit, UnitLine, UnitRate
from engine.organisation import held_roles, units
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

KINDS: tuple[RateKind, ...] = get_args(RateKind)
YEARS = range(1990, 2200)
MAX_HOURS = 1_000_000
LISTED = 1_000


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to set: money an hour, or hours a week, which have no currency."""

    unit: str
    role: str
    kind: str
    amount: int | str | float
    currency: str | None
    valid_from: date | None


def set_rate(uow: UnitOfWork, new: NewRate) -> UUID:
    """Sets a rate of a unit that the actor administers. Returns its id.

    Raises NotFound for the unit, Invalid, and Conflict if there is one from the same day on.
    """
    access.require(uow.actor, "rates.manage")
    own = units.administered(uow, new.unit)
    if own is None:
        raise units.unknown(new.unit)
    amount, day = _checked(uow, new)
    kind: RateKind = "cost" if new.kind == "cost" else "capacity"
    named = {"unit_id": own.id, "role": new.role, "kind": kind, "valid_from": day}
    stated = {"amount": amount, "currency": new.currency, "set_by": uow.actor.id, "set_at": uow.now}
    # Waits for another command that sets the same rate at this moment.
    made = insert(UnitRate).values(id=uuid7(), **named, **stated).on_conflict_do_nothing()
    rate = uow.session.scalars(made.returning(UnitRate)).one_or_none()
    if rate is None:
        detail = f"There is a rate of this role from {day} on. Remove it first, or choose another day."
        raise Conflict(detail, code="rate-exists", rate={"unit": new.unit, "role": new.role})
    administration_log.note(uow, "rate.set", own.id, _stated(rate))
    return rate.id


def remove_rate(uow: UnitOfWork, rate_id: UUID) -> RowMapping:
    """Removes a rate of a unit that the actor administers, and returns it. Raises NotFound."""
    access.require(uow.actor, "rates.manage")
    found = select(UnitRate).where(UnitRate.id == rate_id, access.covers(UnitRate.unit_id))
    rate = uow.session.scalars(found.with_for_update(), access.seen_by(uow)).one_or_none()
    if rate is None:
        raise NotFound(f"The rate {rate_id} does not exist.")
    shown = uow.connection.execute(_shown().where(UnitRate.id == rate_id)).mappings().one()
    stated = _stated(rate)
    uow.session.delete(rate)
    uow.session.flush()
    administration_log.note(uow, "rate.removed", rate.unit_id, stated)
    return shown


def list_rates(uow: UnitOfWork, unit: str) -> Sequence[RowMapping]:
    """Returns the rates that apply in a unit of the actor: its own, and the costs of units above it.

    By role, the newest first. Raises NotFound.
    """
    access.require(uow.actor, "rates.read")
    known = select(Unit.id).where(Unit.key == unit, access.covers(Unit.id))
    unit_id = uow.connection.execute(known, access.seen_by(uow)).scalar_one_or_none()
    if unit_id is None:
        raise units.unknown(unit)
    found = (
        _shown()
        .join(UnitLine, UnitLine.ancestor_id == UnitRate.unit_id)
        .where(UnitLine.unit_id == unit_id)
        .where(or_(UnitRate.kind == "cost", UnitRate.unit_id == unit_id))
        .order_by(UnitRate.kind, UnitRate.role, UnitRate.valid_from.desc(), UnitRate.id)
        .limit(LISTED)
    )
    return uow.connection.execute(found).mappings().all()


def _shown() -> Select[Any]:
    columns = (UnitRate.id, UnitRate.role, UnitRate.kind, UnitRate.valid_from, UnitRate.amount)
    more: tuple[Any, ...] = (UnitRate.currency, UnitRate.set_at, Unit.key.label("unit"))
    return select(*columns, *more).join(Unit, Unit.id == UnitRate.unit_id)


def _checked(uow: UnitOfWork, new: NewRate) -> tuple[Decimal, date]:
    amount, faults = _measured(new)
    day = new.valid_from
    if day is None or day.year not in YEARS:
        faults.append(Fault("/valid_from", "must be a day between 1990 and 2199", "rate-day"))
    if new.role not in (access.CASEWORKER, access.SUPERVISOR) and not held_roles.is_held(uow, new.role):
        faults.append(Fault("/role", "is not a role that anybody has in your units", "rate-role"))
    if faults or day is None:
        raise Invalid("The rate can't be saved.", faults)
    return amount, day


def _measured(new: NewRate) -> tuple[Decimal, list[Fault]]:
    """Returns the amount, and what is wrong in amount, kind and currency."""
    amount, faults = Decimal(0), []
    try:
        amount = money.amount(new.amount)
    except NotMoney as error:
        faults.append(Fault("/amount", error.reason, "rate-amount"))
    if new.kind not in KINDS:
        options = ", ".join(KINDS)
        faults.append(Fault("/kind", f"must be one of: {options}", "enum", {"options": options}))
    if new.kind == "cost" and new.currency not in money.CURRENCIES:
        faults.append(Fault("/currency", "must be a currency code of ISO 4217, such as IRR", "rate-currency"))
    if new.kind == "capacity" and new.currency is not None:
        faults.append(Fault("/currency", "is only for costs", "rate-no-currency"))
    if new.kind == "capacity" and amount > MAX_HOURS:
        limit = {"limit": MAX_HOURS}
        faults.append(Fault("/amount", f"must be at most {MAX_HOURS} hours", "maximum", limit))
    return amount, faults


def _stated(rate: UnitRate) -> dict[str, object]:
    """Returns what the administration log states of a rate."""
    return {
        "rate": rate.id,
        "role": rate.role,
        "of": rate.kind,
        "amount": f"{rate.amount:f}",
        "currency": rate.currency,
        "valid_from": rate.valid_from,
    }
