"""The work time of units, for those who lead them: sums that never show the time of one person.

The time of a week is divided into cells of five people or more, and each stretch is in one cell at most: that
of the unit as whose member its person worked, or, while these are fewer than five, that of the unit above,
together with what else is too little there. Everything that is shown is a sum of whole cells, the same for
all who look. So no difference of sums, over units or over weeks, is less than a cell. Only weeks that have
ended are shown, and by the instant at which the log got a stretch: their sums don't change.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engine import access
from engine.events.vocabulary import WORK_NOTED
from engine.models import Event, Unit, UnitLine
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid, NotFound
from engine.tasks.work_time.own import FROM, TO
from engine.tasks.work_time.weeks import Week

FEWEST = 5  # people of whom a sum is shown
LATE = timedelta(hours=1)  # transactions that a week waits for


@dataclass(frozen=True, slots=True)
class Cell:
    """The time of a unit's people, and of the units below it (`includes`) that have no cell of their own."""

    unit: str
    name: str
    people: int
    seconds: int
    includes: Sequence[str]


@dataclass(frozen=True, slots=True)
class UnitTime:
    """The cells of a unit and those below it in a week, and their sum: None if there is none.

    `left_out`: somebody else has worked there, who is in a cell of a unit above or in none.
    """

    unit: str
    name: str
    week: Week
    seconds: int | None
    cells: Sequence[Cell]
    left_out: bool


class _Unit(NamedTuple):
    id: UUID
    key: str
    name: str
    parent_id: UUID | None


@dataclass(slots=True)
class _Rest:
    """Time that has no cell yet: the seconds of each person, and the units from which it comes."""

    people: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    units: list[str] = field(default_factory=list)

    def add(self, other: "_Rest") -> None:
        for person, seconds in other.people.items():
            self.people[person] += seconds
        self.units += other.units


def of_unit(uow: UnitOfWork, key: str, week: Week | None = None) -> UnitTime:
    """Returns the work time of a unit in a week: without one, in the last that has ended.

    Raises NotFound; Forbidden for those who don't lead the unit; Invalid for a week that has not ended.
    """
    access.require(uow.actor, "work_time.read")
    unit = _led(uow, key)
    last = last_ended(uow)
    week = week or last
    if week.first > last.first:
        detail = f"must be at most {last.last.isoformat()}: only weeks that have ended are shown"
        raise Invalid("The week has not ended yet.", [Fault("/week", detail, "week")])
    cells, rest = _cells(_below(uow, unit), unit, _measured(uow, unit, week))
    total = sum(cell.seconds for cell in cells) if cells else None
    return UnitTime(unit.key, unit.name, week, total, cells, bool(rest.people))


def led_units(uow: UnitOfWork) -> Sequence[tuple[str, str]]:
    """Returns key and name of the units that the actor leads itself, without those below them."""
    if not access.allows(uow.actor, "work_time.read"):
        return ()
    found = select(Unit.key, Unit.name).where(Unit.id.in_(access.led(uow.actor.role))).order_by(Unit.key)
    return [(row.key, row.name) for row in uow.connection.execute(found, access.seen_by(uow))]


def last_ended(uow: UnitOfWork) -> Week:
    """Returns the last week that has ended."""
    return Week.of((uow.now - LATE).date()).before


def _led(uow: UnitOfWork, key: str) -> _Unit:
    line = aliased(UnitLine)
    led = (
        select(line.unit_id)
        .where(line.unit_id == Unit.id, line.ancestor_id.in_(access.led(uow.actor.role)))
        .exists()
    )
    found = select(Unit.id, Unit.key, Unit.name, Unit.parent_id, led).where(Unit.key == key)
    row = uow.connection.execute(found, access.seen_by(uow)).one_or_none()
    if row is None:
        raise NotFound(f"The unit {key!r} does not exist.")
    if not row[-1]:
        raise Forbidden("Only those who lead this unit, or one above it, can see its work time.")
    return _Unit._make(row[:-1])


def _below(uow: UnitOfWork, unit: _Unit) -> Mapping[UUID | None, Sequence[_Unit]]:
    """Returns the units below a unit, by the one right above them."""
    found = (
        select(Unit.id, Unit.key, Unit.name, Unit.parent_id)
        .join(UnitLine, UnitLine.unit_id == Unit.id)
        .where(UnitLine.ancestor_id == unit.id)
        .order_by(Unit.key)
    )
    children: dict[UUID | None, list[_Unit]] = defaultdict(list)
    for row in uow.connection.execute(found):
        children[row.parent_id].append(_Unit._make(row))
    return children


def _measured(uow: UnitOfWork, unit: _Unit, week: Week) -> Mapping[str, _Rest]:
    """Returns the seconds of each person by unit. Stretches of a person at the same time count once."""
    begin, end = week.span(uow.now.tzinfo)
    keys = select(Unit.key).join(UnitLine, UnitLine.unit_id == Unit.id).where(UnitLine.ancestor_id == unit.id)
    spans = func.unnest(func.range_agg(func.tstzrange(FROM, TO))).label("span")
    covered = (
        select(Event.actor_unit, Event.actor_id, spans)
        .where(Event.kind == WORK_NOTED, Event.at >= begin, Event.at < end, Event.actor_unit.in_(keys))
        .group_by(Event.actor_unit, Event.actor_id)
        .subquery("covered")
    )
    seconds: Any = func.sum(func.extract("epoch", func.upper(covered.c.span) - func.lower(covered.c.span)))
    grouped = select(covered.c.actor_unit, covered.c.actor_id, seconds)
    found: dict[str, _Rest] = defaultdict(_Rest)
    for key, person, length in uow.connection.execute(
        grouped.group_by(covered.c.actor_unit, covered.c.actor_id)
    ):
        found[key].people[person] += round(length)
    return found


def _cells(
    children: Mapping[UUID | None, Sequence[_Unit]], unit: _Unit, measured: Mapping[str, _Rest]
) -> tuple[list[Cell], _Rest]:
    """Returns the cells of a unit and of those below it, and what has none there."""
    cells: list[Cell] = []
    rest = _Rest()
    for child in children.get(unit.id, ()):
        below, left = _cells(children, child, measured)
        cells += below
        rest.add(left)
    if unit.key in measured:
        rest.add(_Rest(measured[unit.key].people, [unit.key]))
    if len(rest.people) < FEWEST:
        return cells, rest
    included = sorted(key for key in rest.units if key != unit.key)
    cell = Cell(unit.key, unit.name, len(rest.people), sum(rest.people.values()), included)
    return [cell, *cells], _Rest()
