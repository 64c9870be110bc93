"""Closures: days on which a unit and all below it don't work, declared at short notice."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, select

from engine import access
from engine.events import administration_log
from engine.identity import names
from engine.models import Closure, Unit, UnitLine, User
from engine.organisation import units
from engine.organisation.calendars import reading
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

MAX_DAYS = 366
LISTED = 500
REASONS = ("air", "cold", "heat", "snow", "energy", "flood", "earthquake", "epidemic", "mourning", "other")
_REASON = re.compile(r"[a-z0-9-]{1,40}")


def declare(uow: UnitOfWork, unit: str, first: date, last: date, reason: str) -> tuple[UUID, UUID]:
    """Declares a closure of a unit and all below it. Returns its id and the unit's.

    One may overlap others, and lie in the past: then it concerns open cases. Raises NotFound, Invalid.
    """
    access.require(uow.actor, "units.manage")
    faults = []
    if not _REASON.fullmatch(reason):
        faults.append(
            Fault("/reason", "must be a code of 1 to 40 lower-case letters, digits and -", "closure-reason")
        )
    if last < first:
        faults.append(Fault("/last", "must not be before the first day", "last-before-first"))
    elif (last - first).days >= MAX_DAYS:
        limit = {"count": MAX_DAYS}
        faults.append(
            Fault("/last", f"must be within {MAX_DAYS} days from the first", "closure-too-long", limit)
        )
    if faults:
        raise Invalid("The closure can't be declared.", faults)
    own = units.administered(uow, unit)
    if own is None:
        raise units.unknown(unit)
    made = Closure(id=uuid7(), unit_id=own.id, first=first, last=last, reason=reason)
    made.declared_by, made.declared_at = uow.actor.id, uow.now
    uow.session.add(made)
    uow.session.flush()
    reading.forget()
    payload = {"closure": made.id, "first": first, "last": last, "reason": reason}
    administration_log.note(uow, "calendar.closure", own.id, payload)
    return made.id, own.id


def revoke(uow: UnitOfWork, closure_id: UUID) -> UUID:
    """Revokes a closure. Returns the unit's id. Raises NotFound, and Conflict if it was revoked before."""
    access.require(uow.actor, "units.manage")
    found = select(Closure).where(Closure.id == closure_id, access.covers(Closure.unit_id))
    closure = uow.session.scalars(found.with_for_update(), access.seen_by(uow)).one_or_none()
    if closure is None:
        raise NotFound(f"The closure {closure_id} does not exist.")
    if closure.revoked_at is not None:
        raise Conflict("The closure has already been revoked.", code="closure-revoked")
    closure.revoked_at, closure.revoked_by = uow.now, uow.actor.id
    uow.session.flush()
    reading.forget()
    payload = {"closure": closure.id, "first": closure.first, "last": closure.last}
    administration_log.note(uow, "calendar.reopened", closure.unit_id, payload)
    return closure.unit_id


def of_unit(uow: UnitOfWork, unit: str) -> Sequence[RowMapping]:
    """Returns the closures that apply to a unit, its own and those of units above it, newest first."""
    access.require(uow.actor, "units.read")
    unit_id = uow.connection.execute(select(Unit.id).where(Unit.key == unit)).scalar_one_or_none()
    if unit_id is None:
        raise units.unknown(unit)
    columns = (
        Closure.id,
        Closure.first,
        Closure.last,
        Closure.reason,
        Closure.declared_at,
        Closure.revoked_at,
    )
    found = (
        select(*columns, Unit.key.label("unit"), names.of(User).label("declared_by"))
        .join(Unit, Unit.id == Closure.unit_id)
        .join(UnitLine, UnitLine.ancestor_id == Closure.unit_id)
        .join(User, User.id == Closure.declared_by)
        .where(UnitLine.unit_id == unit_id)
        .order_by(Closure.first.desc(), Closure.id.desc())
        .limit(LISTED)
    )
    return uow.connection.execute(found).mappings().all()
