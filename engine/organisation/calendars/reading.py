"""The calendar of a unit: its own or that of the nearest unit above it, with the closures of all of them.

Asked for each case that has a term in working time, so a process remembers it for a second.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, cast
from uuid import UUID

from sqlalchemy import URL, Connection, bindparam, func, select
from sqlalchemy.orm import aliased

from engine.deadlines import Calendar
from engine.models import CalendarVersion, Closure, Unit, UnitCalendar, UnitLine, WorkCalendar
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
class _Known:
    until: float
    signs: tuple[object, ...]
    effective: Effective


_reported: dict[tuple[URL, str, tzinfo | None], tuple[float, Calendar | None]] = {}
_known: dict[tuple[URL, UUID, tzinfo | None], _Known] = {}
_documents: dict[UUID, Document] = {}

_line, _depth = aliased(UnitLine), aliased(UnitLine)
_height = select(func.count()).where(_depth.unit_id == UnitCalendar.unit_id).scalar_subquery()
# Of the units above one, and itself, the lowest that has a calendar.
_NEAREST = (
    select(UnitCalendar.calendar_id)
    .join(_line, _line.ancestor_id == UnitCalendar.unit_id)
    .where(_line.unit_id == bindparam("unit"))
    .order_by(_height.desc())
    .limit(1)
    .scalar_subquery()
)
_VERSIONS = (
    select(CalendarVersion.id, CalendarVersion.number, CalendarVersion.valid_from, WorkCalendar.key)
    .join(WorkCalendar, WorkCalendar.id == CalendarVersion.calendar_id)
    .where(CalendarVersion.calendar_id == _NEAREST)
    .order_by(CalendarVersion.number)
)
_CLOSED = (
    select(Closure.first, Closure.last)
    .join(UnitLine, UnitLine.ancestor_id == Closure.unit_id)
    .where(UnitLine.unit_id == bindparam("unit"), Closure.revoked_at.is_(None))
    .order_by(Closure.first, Closure.last)
)


def of_unit(uow: UnitOfWork, unit_id: UUID) -> Effective:
    """Returns the calendar of a unit, at most a second old."""
    return find(uow.connection, unit_id, uow.now)


def find(connection: Connection, unit_id: UUID, now: datetime) -> Effective:
    """Returns the calendar of a unit, at most a second old, in the zone of `now`."""
    place = (connection.engine.url, unit_id, now.tzinfo)
    known, clock = _known.get(place), time.monotonic()
    if known is not None and clock < known.until:
        return known.effective
    versions = connection.execute(_VERSIONS, {"unit": unit_id}).all()
    closed = [(row.first, row.last) for row in connection.execute(_CLOSED, {"unit": unit_id})]
    signs = (tuple((row.id, row.key) for row in versions), tuple(closed))
    if known is not None and known.signs == signs:
        effective = known.effective
    else:
        dated = [(row.valid_from, row.id) for row in versions]
        calendar = compose(connection, dated, closed, cast(tzinfo, now.tzinfo))
        effective = Effective(calendar, f"{versions[-1].key}/{versions[-1].number}" if versions else None)
    if len(_known) >= MANY:
        _known.clear()
    _known[place] = _Known(clock + SECONDS, signs, effective)
    return effective


def for_reports(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, Calendar]:
    """Returns the calendars of units by their keys, at most a minute old; without keys that no unit has."""
    url, clock = uow.connection.engine.url, time.monotonic()
    places = {key: (url, key, uow.now.tzinfo) for key in keys}
    old = [key for key, place in places.items() if _reported.get(place, (0.0, None))[0] <= clock]
    if old:
        found = uow.connection.execute(select(Unit.key, Unit.id).where(Unit.key.in_(old)))
        ids = {row.key: row.id for row in found}
        if len(_reported) >= MANY:
            _reported.clear()
        for key in old:
            calendar = of_unit(uow, ids[key]).calendar if key in ids else None
            _reported[places[key]] = clock + REPORTED_SECONDS, calendar
    kept = {key: _reported[place][1] for key, place in places.items() if place in _reported}
    return {key: calendar for key, calendar in kept.items() if calendar is not None}


def forget() -> None:
    """Forgets what this process remembers: a command has changed a calendar."""
    _known.clear()
    _reported.clear()


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
