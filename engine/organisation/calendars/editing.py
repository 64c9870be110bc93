"""Creating calendars, choosing them for units, and new versions of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from engine import access
from engine.events import administration_log
from engine.models import ROOT, CalendarVersion, Unit, UnitCalendar, UnitLine, WorkCalendar
from engine.organisation import units
from engine.organisation.calendars import documents, reading
from engine.organisation.calendars.documents import Document, Holiday
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

LISTED = 1_000
_KEY = re.compile(r"[a-z0-9-]{1,63}")
_SHOWN = (WorkCalendar.id, WorkCalendar.key, WorkCalendar.name, WorkCalendar.created_at)


@dataclass(frozen=True, slots=True)
class NewCalendar:
    """A new calendar of a unit; it begins like another one, `like`, or with this document."""

    key: str
    name: str
    unit: str
    document: Document


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to add: from `valid_from` on, or always."""

    document: Document
    valid_from: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar with its newest version, and all its versions, oldest first."""

    calendar: RowMapping
    document: Document
    versions: Sequence[RowMapping]


def listed(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns all calendars by key, each with its unit and the number of its newest version."""
    access.require(uow.actor, "units.read")
    newest = select(func.max(CalendarVersion.number)).where(CalendarVersion.calendar_id == WorkCalendar.id)
    found = select(*_SHOWN, Unit.key.label("unit"), newest.scalar_subquery().label("version"))
    found = found.join(Unit, Unit.id == WorkCalendar.unit_id).order_by(WorkCalendar.key).limit(LISTED)
    return uow.connection.execute(found).mappings().all()


def get(uow: UnitOfWork, key: str, number: int | None = None) -> CalendarView:
    """Returns a calendar with one of its versions, by default the newest. Raises NotFound."""
    access.require(uow.actor, "units.read")
    found = select(*_SHOWN, Unit.key.label("unit")).join(Unit, Unit.id == WorkCalendar.unit_id)
    row = uow.connection.execute(found.where(WorkCalendar.key == key)).mappings().one_or_none()
    if row is None:
        raise unknown(key)
    columns = (CalendarVersion.number, CalendarVersion.valid_from, CalendarVersion.reason)
    of_it = select(CalendarVersion.id, *columns, CalendarVersion.created_at)
    of_it = of_it.where(CalendarVersion.calendar_id == row["id"]).order_by(CalendarVersion.number)
    versions = uow.connection.execute(of_it).mappings().all()
    wanted = [one["id"] for one in versions if number in (None, one["number"])]
    if not wanted:
        raise NotFound(f"The calendar {key!r} has no version {number}.")
    stored = select(CalendarVersion.document).where(CalendarVersion.id == wanted[-1])
    document = documents.load(uow.connection.execute(stored).scalar_one())
    return CalendarView(row, document, versions)


def is_own(uow: UnitOfWork, key: str) -> bool:
    """Whether the actor may change a calendar."""
    found = select(WorkCalendar.id).where(WorkCalendar.key == key, access.covers(WorkCalendar.unit_id))
    known = access.allows(uow.actor, "units.manage")
    return known and uow.connection.execute(found, access.seen_by(uow)).first() is not None


def of_unit(uow: UnitOfWork, unit: str) -> tuple[str | None, str | None]:
    """Returns the key of the calendar that a unit uses, and of the unit that has it. Raises NotFound."""
    access.require(uow.actor, "units.read")
    unit_id = uow.connection.execute(select(Unit.id).where(Unit.key == unit)).scalar_one_or_none()
    if unit_id is None:
        raise units.unknown(unit)
    height = select(func.count()).where(UnitLine.unit_id == UnitCalendar.unit_id).scalar_subquery()
    above = select(UnitLine.ancestor_id).where(UnitLine.unit_id == unit_id)
    found = (
        select(WorkCalendar.key, Unit.key.label("unit"))
        .join(UnitCalendar, UnitCalendar.calendar_id == WorkCalendar.id)
        .join(Unit, Unit.id == UnitCalendar.unit_id)
        .where(UnitCalendar.unit_id.in_(above))
        .order_by(height.desc())
        .limit(1)
    )
    row = uow.connection.execute(found).one_or_none()
    return (None, None) if row is None else (row.key, row.unit)


def copied(uow: UnitOfWork, key: str) -> Document:
    """Returns the newest document of a calendar, as the beginning of another. Raises Invalid."""
    try:
        return get(uow, key).document
    except NotFound as error:
        fault = Fault("/like", f"{key!r} is no calendar", "unknown-calendar")
        raise Invalid("Choose a calendar.", [fault]) from error


def create(uow: UnitOfWork, new: NewCalendar) -> None:
    """Creates a calendar. Raises Invalid, and Conflict for a key that is taken."""
    access.require(uow.actor, "units.manage")
    faults = []
    if not _KEY.fullmatch(new.key):
        faults.append(Fault("/key", "must be 1 to 63 lower-case letters, digits and hyphens", "key"))
    if not documents.is_name(new.name):
        faults.append(Fault("/name", "must be 1 to 200 printable characters", "text"))
    if faults:
        raise Invalid("The calendar can't be saved.", faults)
    documents.check(new.document)
    unit = units.covered(uow, new.unit)
    added = insert(WorkCalendar).on_conflict_do_nothing(index_elements=[WorkCalendar.key])
    values = {"id": uuid7(), "key": new.key, "name": new.name, "unit_id": unit.id, "created_at": uow.now}
    made = uow.connection.execute(added.values(values).returning(WorkCalendar.id)).scalar_one_or_none()
    if made is None:
        detail = f"The key {new.key!r} is already in use. Choose another one."
        raise Conflict(detail, code="key-taken", calendar={"key": new.key})
    _store(uow, made, 1, NewVersion(new.document))
    payload = {"calendar": new.key, "name": new.name}
    administration_log.note(uow, "calendar.made", unit.id, payload)


def choose(uow: UnitOfWork, unit: str, key: str | None) -> UUID | None:
    """Sets the calendar of a unit, or removes it, so that the unit uses the one above it.

    Returns the unit's id if anything changed. Raises NotFound, Invalid, and Conflict for the root unit.
    """
    access.require(uow.actor, "units.manage")
    own = units.administered(uow, unit)
    if own is None:
        raise units.unknown(unit)
    before = select(UnitCalendar.calendar_id).where(UnitCalendar.unit_id == own.id)
    former = uow.connection.execute(before).scalar_one_or_none()
    if key is None:
        if own.id == ROOT:
            raise Conflict("The root unit must have a calendar.", code="root-calendar")
        uow.connection.execute(delete(UnitCalendar).where(UnitCalendar.unit_id == own.id))
        chosen = None
    else:
        chosen = uow.connection.execute(
            select(WorkCalendar.id).where(WorkCalendar.key == key)
        ).scalar_one_or_none()
        if chosen is None:
            raise Invalid(
                "Choose a calendar.", [Fault("/calendar", f"{key!r} is no calendar", "unknown-calendar")]
            )
        values = {"unit_id": own.id, "calendar_id": chosen, "set_at": uow.now}
        put = insert(UnitCalendar).values(values)
        changed = {name: values[name] for name in ("calendar_id", "set_at")}
        uow.connection.execute(put.on_conflict_do_update(index_elements=[UnitCalendar.unit_id], set_=changed))
    reading.forget()
    if former == chosen:
        return None
    administration_log.note(uow, "calendar.chosen", own.id, {"calendar": key})
    return own.id


def change(uow: UnitOfWork, key: str, new: NewVersion, *, based_on: int) -> list[UUID]:
    """Adds a version to a calendar whose newest one is number `based_on`.

    Returns the units that have the calendar. Raises NotFound, Invalid, and Conflict if it has changed.
    """
    access.require(uow.actor, "units.manage")
    locked = select(WorkCalendar).where(WorkCalendar.key == key, access.covers(WorkCalendar.unit_id))
    calendar = uow.session.scalars(locked.with_for_update(), access.seen_by(uow)).one_or_none()
    if calendar is None:
        raise unknown(key)
    newest = select(func.max(CalendarVersion.number)).where(CalendarVersion.calendar_id == calendar.id)
    number = uow.connection.execute(newest).scalar_one()
    if number != based_on:
        detail = f"The calendar has changed: its newest version is {number}. Read it again."
        raise Conflict(detail, code="calendar-changed", calendar={"key": key, "version": number})
    documents.check(new.document)
    if new.reason is not None and not documents.is_name(new.reason):
        raise Invalid(
            "The calendar can't be saved.", [Fault("/reason", "must be 1 to 200 characters", "text")]
        )
    _store(uow, calendar.id, number + 1, new)
    payload = {"calendar": key, "version": number + 1, "valid_from": new.valid_from}
    administration_log.note(uow, "calendar.changed", calendar.unit_id, payload)
    users = select(UnitCalendar.unit_id).where(UnitCalendar.calendar_id == calendar.id)
    return list(uow.connection.execute(users).scalars())


def corrected(document: Document, add: Sequence[Holiday], remove: Sequence[date]) -> Document:
    """Returns a document with other holidays: those in `add` replace any of the same day. Raises Invalid."""
    gone = {*remove, *(one.date for one in add)}
    missing = set(remove) - {one.date for one in document.holidays}
    if missing:
        shown = ", ".join(sorted(day.isoformat() for day in missing))
        raise Invalid(
            "The calendar can't be saved.", [Fault("/remove", f"{shown} is no holiday", "no-holiday")]
        )
    left = [one for one in document.holidays if one.date not in gone]
    changed = Document(document.week, document.jalali, document.years, sorted([*left, *add]))
    if faults := documents.holiday_faults(changed, add, "add"):
        raise Invalid("The calendar can't be saved.", faults)
    return changed


def _store(uow: UnitOfWork, calendar_id: UUID, number: int, new: NewVersion) -> None:
    row = CalendarVersion(id=uuid7(), calendar_id=calendar_id, number=number, valid_from=new.valid_from)
    row.document, row.reason = new.document.stored(), new.reason
    row.created_by, row.created_at = uow.actor.id, uow.now
    uow.session.add(row)
    uow.session.flush()
    reading.forget()


def unknown(key: str) -> NotFound:
    """Returns the refusal for a calendar that doesn't exist, or that the actor may not change."""
    return NotFound(f"The calendar {key!r} does not exist.")
