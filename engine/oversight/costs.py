"""What cases cost: noted work by the rates of its time, and calls of other systems.

Counts facts of events alone. Work without a rate is not measured, and never counted as nothing. The result is
for sums over many cases: the cost of one case would show how long one person worked (docs/costs.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engine import access
from engine.models import Unit, UnitLine, UnitRate
from engine.platform.db import UnitOfWork

_HOUR = Decimal(3600)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Logged:
    """What is counted of an event."""

    kind: str
    task_id: UUID | None
    actor_id: UUID | None
    actor_unit: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rates:
    """All cost rates: `dated` by unit and role, the newest first; `above` are a unit's, the nearest first."""

    dated: Mapping[tuple[str, str], Sequence[tuple[date, Decimal, str]]]
    above: Mapping[str, Sequence[str]]

    def at(self, unit: str, roles: Sequence[str], day: date) -> tuple[Decimal, str] | None:
        """Returns the amount per hour and the currency for the first of these roles that has a rate on a day.

        Of a role, the rate of the nearest unit applies.
        """
        for role in roles:
            for one in self.above.get(unit, (unit,)):
                for valid_from, amount, currency in self.dated.get((one, role), ()):
                    if valid_from <= day:
                        return amount, currency
        return None


@dataclass(frozen=True, slots=True)
class Cost:
    """What is known of a cost: `amounts` by currency, and what could not be counted."""

    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    seconds: Decimal = Decimal(0)  # of noted work
    unrated_seconds: Decimal = Decimal(0)  # of them, without a rate
    calls: int = 0
    unpriced_calls: int = 0

    @property
    def measured(self) -> bool:
        """Whether work was noted, and all of it has a rate."""
        return bool(self.seconds) and not self.unrated_seconds


def cost_of(events: Iterable[Logged], rates: Rates, zone: tzinfo) -> Cost:
    """Returns the cost of one case from its events, in the order of the log.

    A minute of a person counts once, whichever tasks were open. The day of a stretch is the one on which it
    begins, in this zone. The role is that of the task; `caseworker` if it has none, or no rate of its own.
    """
    amounts: dict[str, Decimal] = {}
    worked: dict[str, Decimal] = {}  # amounts per hour times seconds: divided once, so that nothing is lost
    roles: dict[UUID | None, tuple[str, ...]] = {}
    counted_to: dict[UUID | None, datetime] = {}
    seconds = unrated = Decimal(0)
    calls = unpriced = 0
    for event in sorted(events, key=_order):
        if event.kind == "task.created":
            roles[event.task_id] = _roles(event.facts)
        elif event.kind == "call.made":
            calls += 1
            if "price" in event.facts:
                currency = event.facts["currency"]
                amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(event.facts["price"])
            else:
                unpriced += 1
        elif event.kind == "work.noted":
            begin, end = (datetime.fromisoformat(event.facts[name]) for name in ("from_at", "to_at"))
            begin = max(begin, counted_to.get(event.actor_id, begin))
            length = Decimal(max(0, (end - begin) // _MICROSECOND)).scaleb(-6)  # exact, as no float is
            counted_to[event.actor_id] = max(begin, end)
            known = roles.get(event.task_id, (access.CASEWORKER,))
            rate = rates.at(event.actor_unit or "", known, begin.astimezone(zone).date())
            seconds += length
            if rate is None:
                unrated += length
            else:
                worked[rate[1]] = worked.get(rate[1], Decimal(0)) + rate[0] * length
    for currency, amount in worked.items():
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount / _HOUR
    return Cost(amounts, seconds, unrated, calls, unpriced)


def _order(event: Logged) -> tuple[bool, str]:
    """Returns the sort key: stretches last, in the order in which they began."""
    noted = event.kind == "work.noted"
    return noted, event.facts["from_at"] if noted else ""


def _roles(facts: Mapping[str, Any]) -> tuple[str, ...]:
    named = [role for role in str(facts.get("role", "")).split(",") if role]
    return tuple(dict.fromkeys([*named, access.CASEWORKER]))


def read_rates(uow: UnitOfWork) -> Rates:
    """Returns the cost rates of the installation, and the units above each."""
    dated: dict[tuple[str, str], list[tuple[date, Decimal, str]]] = {}
    found = (
        select(Unit.key, UnitRate.role, UnitRate.valid_from, UnitRate.amount, UnitRate.currency)
        .join(Unit, Unit.id == UnitRate.unit_id)
        .where(UnitRate.kind == "cost")
        .order_by(UnitRate.valid_from.desc())
    )
    for unit, role, day, amount, currency in uow.connection.execute(found):
        dated.setdefault((unit, role), []).append((day, amount, str(currency)))
    own, top, height = aliased(Unit), aliased(Unit), aliased(UnitLine)
    depth = select(func.count()).where(height.unit_id == UnitLine.ancestor_id).scalar_subquery()
    lines = (
        select(own.key, top.key)
        .select_from(UnitLine)
        .join(own, own.id == UnitLine.unit_id)
        .join(top, top.id == UnitLine.ancestor_id)
        .order_by(own.key, depth.desc())
    )
    above: dict[str, list[str]] = {}
    for unit, ancestor in uow.connection.execute(lines):
        above.setdefault(unit, []).append(ancestor)
    return Rates(dated, above)
