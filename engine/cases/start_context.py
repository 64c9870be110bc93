"""The version that a new case runs, and the unit that handles it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, null, select
from sqlalchemy.orm import aliased

from engine import access
from engine.access import validity
from engine.cases.locking import LockedCase
from engine.definitions import VERSION, Version, definition, unknown
from engine.definitions.start_forms import StartForm
from engine.models import Definition, DefinitionVersion, Unit, UnitLine
from engine.organisation import candidate_groups
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid
from engine.platform.prepared import Prepared


@dataclass(frozen=True, slots=True)
class StartContext:
    """The version and unit of a new case before its first step."""

    version: Version
    unit_id: UUID
    unit: str
    delegated: bool
    bound: str | None = None  # of the class of the service
    acting: str | None = None  # the unit as whose member a caseworker starts it


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether cases of a definition can be started: its current version, and since when it has a state."""

    version_id: UUID | None
    suspended_at: datetime | None
    disabled_at: datetime | None
    offered_at: datetime | None


@lru_cache
def _to_start(member: bool, named: bool) -> Prepared:
    """Builds the query, by whether a unit's member starts the case and whether a unit is named.

    Cached for each combination.
    """
    unit_id = _named(member) if named else _usual(member)
    return Prepared(
        select(
            *VERSION,
            Definition.suspended_at,
            Definition.disabled_at,
            Definition.offered_at,
            Unit.id,
            Unit.key,
            candidate_groups.DELEGATED,
            Definition.serve_within,
            access.acting_in(Unit.id) if member else null(),
        )
        .select_from(Definition)
        .outerjoin(DefinitionVersion, validity.current())
        .outerjoin(Unit, Unit.id == unit_id)
        .where(Definition.key == bindparam("key"))
    )


def _named(member: bool) -> Any:
    """Returns the named unit, if it belongs to the definition's unit and, for members, to theirs."""
    named, line = aliased(Unit), aliased(UnitLine)
    found = (
        select(named.id)
        .join(line, line.unit_id == named.id)
        .where(named.key == bindparam("unit"), named.closed_at.is_(None))
        .where(line.ancestor_id == Definition.unit_id)
        .correlate(Definition)
    )
    return (found.where(access.covers(named.id)) if member else found).scalar_subquery()


def _usual(member: bool) -> Any:
    """Returns the definition's unit, or a member's own unit below it.

    Returns none if the member is of another unit.
    """
    if not member:
        return Definition.unit_id
    held = access.positions()
    own = (
        select(held.c.unit_id)
        .join(UnitLine, UnitLine.unit_id == held.c.unit_id)
        .where(UnitLine.ancestor_id == Definition.unit_id)
        .order_by(held.c.unit_id)
        .limit(1)
        .correlate(Definition)
        .scalar_subquery()
    )
    return case((access.covers(Definition.unit_id), Definition.unit_id), else_=own)


def find_start_context(uow: UnitOfWork, key: str, unit: str | None = None) -> StartContext:
    """Returns the current version of a definition and the unit of the case, with one statement.

    Raises NotFound, Conflict if it is suspended, has no published version, or is not offered to the actor,
    Invalid for a unit that cannot have its cases, Forbidden for members of other agencies.
    """
    member = uow.actor.role == "caseworker"
    given = {"key": key, "unit": unit, **access.seen_by(uow)}
    rows = uow.rows(_to_start(member, unit is not None), given)
    if not rows:
        raise unknown(key)
    version, (suspended_at, disabled_at, offered_at, unit_id, unit_key, *more) = _parted(rows[0])
    refusal = unavailable(uow.actor, key, Availability(version[0], suspended_at, disabled_at, offered_at))
    if refusal is not None:
        raise refusal
    if unit_id is None and unit is not None:
        fault = Fault("/unit", "is not a unit of the process's agency in which you can start cases", "unit")
        raise Invalid("The case can't be handled in this unit.", [fault])
    if unit_id is None:
        raise Forbidden("The process belongs to an agency of which you aren't a member.")
    return StartContext(Version(*version), unit_id, unit_key, *more)


def unavailable(actor: Actor, key: str, given: Availability) -> Conflict | None:
    """Returns why the actor can't start cases of a definition at the moment; None if it can."""
    if given.suspended_at is not None:
        present = {"key": key, "suspended_at": given.suspended_at}
        detail = "The definition is suspended: it accepts no applications at the moment."
        return Conflict(detail, code="definition-suspended", definition=present)
    if given.version_id is None:
        detail = "The definition has no published version: it accepts no applications at the moment."
        return Conflict(detail, code="not-published", definition={"key": key})
    if given.disabled_at is not None and access.only_enabled(actor):
        present = {"key": key, "disabled_at": given.disabled_at}
        detail = "The definition is disabled: it accepts no applications at the moment."
        return Conflict(detail, code="definition-disabled", definition=present)
    if given.offered_at is None and access.only_catalogue(actor):
        detail = "The definition is not in the catalogue: only officials and portals can start its cases."
        return Conflict(detail, code="not-offered", definition={"key": key})
    return None


def begins_by_itself(key: str) -> Conflict:
    """Returns the refusal for a definition whose cases nobody starts."""
    detail = "Cases of this process start automatically or by a message; you can't start them here."
    return Conflict(detail, code="begins-by-itself", definition={"key": key})


def refusal_to_start(uow: UnitOfWork, found: StartForm) -> Conflict | None:
    """Returns with what a start is refused to the actor who reads this form; None if it isn't."""
    known = definition(uow, found.key)
    given = Availability(known.current_version_id, known.suspended_at, known.disabled_at, known.offered_at)
    refusal = unavailable(uow.actor, found.key, given)
    return refusal or (None if found.startable else begins_by_itself(found.key))


def _parted(row: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Returns the columns of `VERSION`, and those after them."""
    return row[: len(VERSION)], row[len(VERSION) :]


def context_at_event(uow: UnitOfWork, version: Version) -> StartContext:
    """Returns the context of a case that starts automatically: this version, in its definition's unit."""
    found = (
        select(Unit.id, Unit.key, candidate_groups.DELEGATED, Definition.serve_within)
        .select_from(Definition)
        .join(Unit, Unit.id == Definition.unit_id)
        .where(Definition.key == version.key)
    )
    return StartContext(version, *uow.connection.execute(found).one())


def context_of_appeal(uow: UnitOfWork, key: str, first: LockedCase) -> StartContext:
    """Returns the context of a case that appeals a decision of another case, in the unit of that case.

    The right to appeal doesn't depend on whether the process is offered. Raises Conflict if it cannot run.
    """
    columns = (Unit.id, Unit.key, candidate_groups.DELEGATED, Definition.serve_within)
    found: Any = (
        select(*VERSION, Definition.suspended_at, *columns)
        .select_from(Definition)
        .join(DefinitionVersion, validity.current())
        .join(Unit, Unit.id == bindparam("unit"))
        .where(Definition.key == bindparam("key"))
    )
    row = uow.connection.execute(found, {"key": key, "unit": first.home.unit_id}).one_or_none()
    if row is None or row.suspended_at is not None:
        detail = "Appeals can't be accepted at the moment: the process for appeals is not available."
        raise Conflict(detail, code="appeals-closed", definition={"key": key})
    *version, _, unit_id, unit_key, delegated, bound = row
    return StartContext(Version(*version), unit_id, unit_key, delegated, bound, first.acting)
