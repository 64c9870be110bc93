"""The calendar of a unit: its own or that of the nearest unit above it, with the closures of all of them.

Asked for each case that has a term in working time, so a process remembers it for a second.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import ARRAY, Connection, Engine, Uuid, bindparam, column, func, or_, select
from sqlalchemy.orm import aliased

from engine.deadlines import Calendar
from engine.models import ROOT, CalendarVersion, Closure, Unit, UnitCalendar, UnitLine, WorkCalendar
from engine.organisation.calendars import shipped
from engine.organisation.calendars.documents import Document, load
from engine.platform.db import UnitOfWork

REPORTED_SECONDS = 60.0  # for which reports may still use a changed calendar
SECONDS = 1.0  # for which a changed calendar may still be used; a recalculation waits for longer
MANY = 10_000

Closed = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Effective:
    """The calendar with which deadlines of a unit are computed.

    `version` is its key and its newest version, as in iran/3. None: none is stored, the shipped one counts.
    """

    calendar: Calendar
    version: str | None


@dataclass(frozen=True, slots=True)
class _Reported:
    until: float
    calendar: Calendar | None


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    signs: tuple[object, ...]
    effective: Effective


@dataclass(frozen=True, slots=True)
class Offices:
    """The calendars of the installation, and where each begins to apply.

    `places` are the units with a calendar or closures of their own, each with its height below the root and
    the number of its calendar.
    """

    places: Sequence[tuple[UUID, int, int]]
    calendars: Sequence[Calendar]


# By identity: the hash of a URL takes longer than most counts.
_known: WeakKeyDictionary[Engine, dict[tuple[UUID, tzinfo | None], _Known]] = WeakKeyDictionary()
_reported: WeakKeyDictionary[Engine, dict[tuple[str, tzinfo | None], _Reported]] = WeakKeyDictionary()
_offices: WeakKeyDictionary[Engine, dict[tzinfo | None, tuple[float, Offices]]] = WeakKeyDictionary()
_documents: dict[UUID, Document] = {}

_wanted = func.unnest(bindparam("units", type_=ARRAY(Uuid))).table_valued(column("unit", Uuid))
_units = _wanted.render_derived(name="wanted")
_line, _depth = aliased(UnitLine), aliased(UnitLine)
_height = select(func.count()).where(_depth.unit_id == UnitCalendar.unit_id).scalar_subquery()
# Of the units above one, and itself, the lowest that has a calendar.
_NEAREST = (
    select(UnitCalendar.calendar_id)
    .join(_line, _line.ancestor_id == UnitCalendar.unit_id)
    .where(_line.unit_id == _units.c.unit)
    .order_by(_height.desc())
    .limit(1)
    .correlate(_units)
    .scalar_subquery()
)
_VERSION = (CalendarVersion.id, CalendarVersion.number, CalendarVersion.valid_from, WorkCalendar.key)
_VERSIONS = (
    select(_units.c.unit, *_VERSION)
    .select_from(_units)
    .join(CalendarVersion, CalendarVersion.calendar_id == _NEAREST)
    .join(WorkCalendar, WorkCalendar.id == CalendarVersion.calendar_id)
    .order_by(CalendarVersion.number)
)
_CLOSED = (
    select(UnitLine.unit_id.label("unit"), Closure.first, Closure.last)
    .join(UnitLine, UnitLine.ancestor_id == Closure.unit_id)
    .where(UnitLine.unit_id == func.any(bindparam("units", type_=ARRAY(Uuid))), Closure.revoked_at.is_(None))
    .order_by(Closure.first, Closure.last)
)
_PLACED = or_(
    Unit.id.in_(select(UnitCalendar.unit_id)),
    Unit.id.in_(select(Closure.unit_id).where(Closure.revoked_at.is_(None))),
)
_line_of = select(func.count()).where(UnitLine.unit_id == Unit.id).scalar_subquery()
_PLACES = select(Unit.id, _line_of).where(or_(Unit.id == ROOT, _PLACED)).order_by(Unit.id)
# Whether another unit than the root has a calendar or closures of its own: most installations have none.
SEVERAL = or_(
    select(UnitCalendar.unit_id).where(UnitCalendar.unit_id != ROOT).exists(),
    select(Closure.id).where(Closure.unit_id != ROOT, Closure.revoked_at.is_(None)).exists(),
)


def of_unit(uow: UnitOfWork, unit_id: UUID) -> Effective:
    """Returns the calendar of a unit, at most a second old."""
    return find(uow.connection, unit_id, uow.now)


def find(connection: Connection, unit_id: UUID, now: datetime) -> Effective:
    """Returns the calendar of a unit, at most a second old, in the zone of `now`."""
    return _find(connection, {unit_id}, now)[unit_id]


def of_units(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, Effective]:
    """Returns the calendars of units, at most a second old, in two statements at most."""
    return _find(uow.connection, set(unit_ids), uow.now)


def _find(connection: Connection, unit_ids: Set[UUID], now: datetime) -> Mapping[UUID, Effective]:
    ours = _known.setdefault(connection.engine, {})
    clock = time.monotonic()
    known = {unit_id: ours.get((unit_id, now.tzinfo)) for unit_id in unit_ids}
    found = {
        unit_id: one.effective for unit_id, one in known.items() if one is not None and clock < one.until
    }
    if missing := sorted(unit_ids - found.keys()):
        versions, closures = (
            _by_unit(connection.execute(statement, {"units": missing})) for statement in (_VERSIONS, _CLOSED)
        )
        if len(ours) >= MANY:
            ours.clear()
        for unit_id in missing:
            closed = [(row.first, row.last) for row in closures.get(unit_id, ())]
            own = versions.get(unit_id, ())
            signs = (tuple((row.id, row.key) for row in own), tuple(closed))
            before = known[unit_id]
            if before is not None and before.signs == signs:
                found[unit_id] = before.effective
            else:
                dated = [(row.valid_from, row.id) for row in own]
                calendar = compose(connection, dated, closed, cast(tzinfo, now.tzinfo))
                found[unit_id] = Effective(calendar, f"{own[-1].key}/{own[-1].number}" if own else None)
            ours[unit_id, now.tzinfo] = _Known(clock + SECONDS, signs, found[unit_id])
    return found


def _by_unit(rows: Iterable[Any]) -> Mapping[UUID, Sequence[Any]]:
    """Groups rows by their unit, in their order."""
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.unit, []).append(row)
    return found


def offices(uow: UnitOfWork) -> Offices:
    """Returns the calendars of the installation, at most a minute old: for the order of lists only."""
    found = known_offices(uow)
    if found is not None:
        return found
    rows = uow.connection.execute(_PLACES).all()
    effective = of_units(uow, [unit_id for unit_id, _ in rows])
    different: list[Calendar] = []
    places = []
    for unit_id, height in rows:
        calendar = effective[unit_id].calendar
        if calendar not in different:
            different.append(calendar)
        places.append((unit_id, height, different.index(calendar)))
    found = Offices(places, different)
    until = time.monotonic() + REPORTED_SECONDS
    _offices.setdefault(uow.connection.engine, {})[uow.now.tzinfo] = until, found
    return found


def known_offices(uow: UnitOfWork) -> Offices | None:
    """Returns the same without a statement; None if this process doesn't remember them."""
    until, found = _offices.get(uow.connection.engine, {}).get(uow.now.tzinfo, (0.0, None))
    return found if time.monotonic() < until else None


def for_reports(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, Calendar]:
    """Returns the calendars of units by their keys, at most a minute old; without keys that no unit has."""
    zone, clock = uow.now.tzinfo, time.monotonic()
    ours = _reported.setdefault(uow.connection.engine, {})
    old = {key for key in keys if (key, zone) not in ours or ours[key, zone].until <= clock}
    if old:
        units = uow.connection.execute(select(Unit.key, Unit.id).where(Unit.key.in_(old)))
        ids = {row.key: row.id for row in units}
        found = of_units(uow, ids.values())
        if len(ours) >= MANY:
            ours.clear()
        for key in old:
            calendar = found[ids[key]].calendar if key in ids else None
            ours[key, zone] = _Reported(clock + REPORTED_SECONDS, calendar)
    kept = {key: ours[key, zone].calendar for key in keys if (key, zone) in ours}
    return {key: calendar for key, calendar in kept.items() if calendar is not None}


def forget() -> None:
    """Forgets what this process remembers: a command has changed a calendar."""
    _known.clear()
    _reported.clear()
    _offices.clear()


def compose(
    connection: Connection,
    versions: Sequence[tuple[date | None, UUID]],
    closed: Sequence[Closed],
    zone: tzinfo,
) -> Calendar:
    """Returns the calendar of these versions, the newest last, with these closures.

    Without a version it is the shipped calendar of Iran.
    """
    days = days_of(closed)
    documents = _read(connection, [version for _, version in versions])
    if not versions:
        return shipped.calendars()[0].document.calendar(zone, days, None)
    return chain([(valid_from, documents[version]) for valid_from, version in versions], zone, days)


def chain(
    versions: Sequence[tuple[date | None, Document]], zone: tzinfo, closed: frozenset[date]
) -> Calendar:
    """Returns the calendar of these versions, the newest last: each applies until a newer one does."""
    after: tuple[date, Calendar] | None = None
    for valid_from, document in reversed(versions):
        if after is not None and valid_from is not None and valid_from >= after[0]:
            continue  # a newer version applies from an earlier day on
        calendar = document.calendar(zone, closed, after)
        if valid_from is None:
            return calendar
        after = (valid_from, calendar)
    raise AssertionError("the first version of a calendar has no beginning")


def days_of(closures: Sequence[Closed]) -> frozenset[date]:
    """Returns the days of closures, first and last included."""
    return frozenset(
        date.fromordinal(number)
        for first, last in closures
        for number in range(first.toordinal(), last.toordinal() + 1)
    )


def _read(connection: Connection, versions: Sequence[UUID]) -> dict[UUID, Document]:
    """Returns the documents of versions, which never change."""
    missing = [version for version in versions if version not in _documents]
    if missing:
        found = select(CalendarVersion.id, CalendarVersion.document).where(CalendarVersion.id.in_(missing))
        if len(_documents) >= MANY:
            _documents.clear()
        loaded: dict[UUID, Any] = {row.id: row.document for row in connection.execute(found)}
        _documents.update((version, load(document)) for version, document in loaded.items())
    return {version: _documents[version] for version in versions}
