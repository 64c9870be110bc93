"""What a reader of figures asks for: which units, services, versions and days. And whether they may."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, tzinfo
from typing import Any, get_args

from sqlalchemy import ColumnElement, Select, Table, Text, and_, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from engine import access
from engine.models import (
    CaseFigures,
    Cursor,
    Definition,
    DefinitionVersion,
    Event,
    PeriodFigures,
    ServiceClass,
    StepFigures,
    StepPeriodFigures,
    Unit,
    UnitLine,
)
from engine.oversight.projection import FIGURES
from engine.oversight.projection.periods import DAY, Days, month_of
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound

LONGEST = 3660  # days
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)  # that can be asked for
_SCOPES, _UNITS, _LOG = "parvandeh.scopes", "parvandeh.scopes.units", "parvandeh.scopes.log"
USUAL = 2  # months before that of the last day, without a first day


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. None: all. Without a last day it ends today, without a first one it
    begins with the month two months before its end. `alone`: the unit without those below it."""

    unit: str | None = None
    definition: str | None = None
    version: int | None = None
    service_class: str | None = None
    first: date | None = None
    last: date | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read: filters that were checked. `units` are keys, None: those of the whole installation.

    `began` is the day of the first event that the figures know; None if there is none. `reached` is today, or
    a later day of which there are figures: a clock was wrong. `as_of` is the instant up to which they know
    all events, `position` that of the last one they know.
    """

    filters: Filters
    units: Sequence[str] | None
    days: Days
    zone: tzinfo | None
    now: datetime
    began: date | None
    reached: date
    as_of: datetime
    position: int

    @property
    def has_data(self) -> bool:
        """Whether anything had happened by its last day. If not, no figure is 0: there is none."""
        return self.began is not None and self.began <= self.days.last

    @property
    def end(self) -> datetime:
        """The instant after its last day, or now if that is earlier."""
        return min(self.midnight(self.days.after), self.now)

    def midnight(self, day: date) -> datetime:
        """Returns the beginning of a day."""
        return datetime.combine(day, time.min, self.zone)

    def cells(self, rows: Table, unit: str = "unit") -> list[ColumnElement[bool]]:
        """Returns the conditions on units, definition, version and class; `unit` is the column of units."""
        filters = self.filters
        found = [] if self.units is None else [_one_of(rows.c[unit], self.units)]
        for name, value in (
            ("definition", filters.definition),
            ("version", filters.version),
            ("service_class", filters.service_class),
        ):
            if value is not None and name in rows.c:
                found.append(rows.c[name] == value)
        return found

    def within(self, column: ColumnElement[Any], days: Days | None = None) -> ColumnElement[bool]:
        """Returns whether an instant lies in its days, or in these."""
        days = days or self.days
        return and_(column >= self.midnight(days.first), column < self.midnight(days.after))

    def of(self, days: Days) -> "Scope":
        """Returns the same for other days."""
        return replace(self, days=days)


def _one_of(unit: ColumnElement[Any], keys: Sequence[str]) -> ColumnElement[bool]:
    """Returns whether a unit is one of these. Those of a step or cause can be several, with commas."""
    if unit.key not in ("step_unit", "party"):
        return unit.in_(keys)
    several = func.string_to_array(unit, ",").op("&&", is_comparison=True)(cast([*keys], ARRAY(Text)))
    return or_(unit.in_(keys), unit.contains(",") & several)


def resolve(uow: UnitOfWork, filters: Filters) -> Scope:
    """Checks filters, once in a transaction, and that the actor may read these figures.

    Raises Forbidden; NotFound for a unit or a definition that the actor doesn't know; Invalid.
    """
    known: dict[tuple[Actor, Filters], Scope] = uow.session.info.setdefault(_SCOPES, {})
    asked = uow.actor, filters
    if asked not in known:
        known[asked] = _resolve(uow, filters)
    return known[asked]


def _resolve(uow: UnitOfWork, filters: Filters) -> Scope:
    access.require(uow.actor, "metrics.read")
    days = _days(filters, uow.now.date())
    if filters.version is not None and filters.definition is None:
        fault = Fault("/query/version", "needs a definition, whose version it is", "needs-definition")
        raise Invalid("The request has errors.", [fault])
    units = _known_units(uow, filters.unit)
    if filters.alone and filters.unit is not None:
        units = [filters.unit]
    if filters.definition is not None:
        _require_definition(uow, filters.definition, filters.version, units)
    if filters.service_class not in (None, "", *get_args(ServiceClass)):
        _require_class(uow, str(filters.service_class))
    known = _known_log(uow)
    zone = uow.now.tzinfo
    began = None if known.first is None else known.first.astimezone(zone).date()
    reached = uow.now if known.last is None else max(uow.now, known.last.astimezone(zone))
    as_of = uow.now if known.pending is None else known.pending.astimezone(zone)
    return Scope(filters, units, days, zone, uow.now, began, reached.date(), as_of, known.position)


def _known_units(uow: UnitOfWork, key: str | None) -> Sequence[str] | None:
    """Returns `_units`, read once in a transaction: scopes of several periods have the same."""
    found: dict[tuple[Actor, str | None], Sequence[str] | None] = uow.session.info.setdefault(_UNITS, {})
    if (uow.actor, key) not in found:
        found[uow.actor, key] = _units(uow, key)
    return found[uow.actor, key]


def _known_log(uow: UnitOfWork) -> Any:
    """Returns what `_KNOWN` selects, read once in a transaction."""
    if _LOG not in uow.session.info:
        uow.session.info[_LOG] = uow.connection.execute(_KNOWN).one()
    return uow.session.info[_LOG]


def _days(filters: Filters, today: date) -> Days:
    _require_days(filters)
    last = filters.last or (today if filters.first is None else max(filters.first, today))
    first = filters.first or _months_before(last)
    if first > last:
        fault = Fault("/query/to", "is before from", "days-order")
        raise Invalid("The request has errors.", [fault])
    if (last - first).days >= LONGEST:
        fault = Fault("/query/from", "is too early", "period", {"count": LONGEST})
        raise Invalid(f"A period has at most {LONGEST} days.", [fault])
    if first > today:
        fault = Fault("/query/from", "is in the future: there are no figures yet", "future")
        raise Invalid("The request has errors.", [fault])
    return Days(first, last)


def _require_days(filters: Filters) -> None:
    """Raises Invalid for days that no calendar of an office has, such as those of a Jalali year."""
    detail = "is not between the years 1900 and 2199"
    faults = [
        Fault(f"/query/{name}", detail, "years")
        for name, day in (("from", filters.first), ("to", filters.last))
        if day is not None and not FIRST_DAY <= day <= LAST_DAY
    ]
    if faults:
        raise Invalid("The request has errors.", faults)


def _months_before(last: date) -> date:
    first = month_of(last, "gregorian")
    for _ in range(USUAL):
        first = month_of(first - DAY, "gregorian")
    return first


def _units(uow: UnitOfWork, key: str | None) -> Sequence[str] | None:
    """Returns the keys of the actor's units, or of one of them and those below it."""
    below, top = aliased(UnitLine), aliased(Unit)
    chosen: Any = select(access.positions().c.unit_id)
    if key is not None:
        chosen = select(top.id).where(top.key == key, access.covers(top.id))
    found = (
        select(Unit.key, Unit.parent_id.is_(None).label("top"))
        .join(below, below.unit_id == Unit.id)
        .where(below.ancestor_id.in_(chosen))
        .distinct()
    )
    rows = uow.connection.execute(found, access.seen_by(uow)).all()
    if key is not None and not rows:
        raise NotFound(f"The unit {key!r} does not exist.")
    if any(row.top for row in rows):
        return None
    return sorted(row.key for row in rows)


def _require_definition(uow: UnitOfWork, key: str, number: int | None, units: Sequence[str] | None) -> None:
    """Raises NotFound unless the process is one of the actor's units, or has run there, in this version.

    Or had steps there.
    """
    steps = StepPeriodFigures
    ran, worked = exists().where(CaseFigures.definition == key), exists().where(steps.definition == key)
    if units is not None:
        ran = ran.where(CaseFigures.unit.in_(units))
        worked = worked.where(_one_of(steps.step_unit.expression, units))
    version = exists().where(DefinitionVersion.key == key, DefinitionVersion.number == number)
    known = or_(access.covers(Definition.unit_id), ran, worked)
    found = select(version).where(Definition.key == key, known)
    has_version = uow.connection.execute(found, access.seen_by(uow)).scalar()
    if has_version is None:
        raise NotFound(f"The process {key!r} does not exist.")
    if number is not None and not has_version:
        raise NotFound(f"The process {key!r} has no version {number}.")


def _require_class(uow: UnitOfWork, code: str) -> None:
    """Raises Invalid for a class that isn't one, and never was one of a case."""
    was = exists().where(PeriodFigures.service_class == code)
    if not uow.connection.execute(select(was)).scalar_one():
        options = ", ".join(get_args(ServiceClass))
        fault = Fault("/query/class", f"is none of {options}", "service-class", {"options": options})
        raise Invalid("The request has errors.", [fault])


def _known() -> Select[Any, Any, Any]:
    """Selects the first and the last instant of the figures, their position, and the first event after it."""
    position = select(Cursor.transaction_id).where(Cursor.name == FIGURES.name).scalar_subquery()
    known = func.coalesce(position, 0)
    first = select(CaseFigures.started_at).order_by(CaseFigures.started_at).limit(1)
    pending = select(Event.at).where(Event.transaction_id > known).order_by(Event.transaction_id).limit(1)
    known_instants = (
        *(CaseFigures.started_at, CaseFigures.ended_at),
        *(StepFigures.opened_at, StepFigures.closed_at),
    )
    last = func.greatest(*(select(func.max(one)).scalar_subquery() for one in known_instants))
    return select(
        first.scalar_subquery().label("first"),
        last.label("last"),
        known.label("position"),
        pending.scalar_subquery().label("pending"),
    )


_KNOWN = _known()
