"""Substitutes: who works in whose place while the other is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, or_, select
from sqlalchemy.orm import aliased

from engine import access
from engine.access import seen_by, validity
from engine.events import administration_log
from engine.identity import names
from engine.models import Membership, Substitution, UnitLine, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound

PAGE = 100
CHOICES = 1000  # maximum number of people offered for a choice


@dataclass(frozen=True, slots=True)
class Leave:
    """Who is away in which period, and who is the substitute: names of accounts."""

    absent: str | None  # None is the actor
    substitute: str
    valid_from: datetime
    valid_to: datetime


def appoint(uow: UnitOfWork, leave: Leave) -> UUID:
    """Appoints a substitute for the actor or, as an administrator, for a person of the actor's units.

    Raises Invalid, Forbidden for others than administrators, Conflict with another substitution.
    """
    access.require(uow.actor, "substitutes.manage")
    if leave.valid_to <= max(leave.valid_from, uow.now):
        raise _invalid("/valid_to", "must be after the start and in the future", "order")
    absent = _absent(uow, leave.absent)
    substitute = uow.session.scalars(select(User).where(User.name == leave.substitute)).one_or_none()
    if substitute is None or not _works(substitute) or not _together(uow, absent.id, substitute.id):
        raise _invalid(
            "/substitute", "is not an active caseworker who works with the absent person", "person"
        )
    if absent.id == substitute.id:
        raise _invalid("/substitute", "is the absent person", "person")
    meanwhile = select(Substitution.id).where(
        Substitution.absent_id == absent.id,
        validity.overlaps(Substitution, leave.valid_from, leave.valid_to),
        validity.begun_ever(),
    )
    if (other := uow.session.scalars(meanwhile).first()) is not None:
        detail = "The person already has a substitute at that time. End that one, or choose other dates."
        raise Conflict(detail, code="substitute-there", substitution=other)
    made = Substitution(absent_id=absent.id, substitute_id=substitute.id)
    made.valid_from, made.valid_to = leave.valid_from, leave.valid_to
    uow.session.add(made)
    uow.session.flush()
    _note(uow, "substitution.agreed", made)
    return made.id


def _invalid(pointer: str, detail: str, code: str) -> Invalid:
    return Invalid("The substitution can't be created.", [Fault(pointer, detail, code)])


def _works(user: User) -> bool:
    return user.role == "caseworker" and user.deactivated_at is None


def _absent(uow: UnitOfWork, name: str | None) -> User:
    """Locks the absent person. Administrators must administer all units of a person, or may not appoint."""
    wanted = uow.actor.name if name is None else name
    found = select(User).where(User.name == wanted).with_for_update(key_share=True)
    absent = uow.session.scalars(found).one_or_none()
    if uow.actor.role != "administrator" and wanted != uow.actor.name:
        raise Forbidden("You can only appoint your own substitute. Ask an administrator for others.")
    if absent is None or not _works(absent) or not administers(uow, absent.id):
        raise _invalid("/absent", "is not a caseworker in your units", "person")
    return absent


def administers(uow: UnitOfWork, user_id: UUID) -> bool:
    """Returns whether it is the actor, or works only in units of the actor."""
    if user_id == uow.actor.id:
        return True
    return bool(uow.connection.execute(select(_administered(user_id)), seen_by(uow)).scalar_one())


def _administered(user_id: UUID) -> ColumnElement[bool]:
    """Returns whether a person works only in units of the actor."""
    own = Membership.user_id == user_id, access.lasting(Membership)
    return and_(exists().where(*own), ~exists().where(*own, ~access.covers(Membership.unit_id)))


def _together(uow: UnitOfWork, one: UUID, other: UUID) -> bool:
    """Returns whether both work in one line of units: no substitute gets another agency's work."""
    near, far = aliased(Membership), aliased(Membership)
    line = or_(
        and_(UnitLine.ancestor_id == near.unit_id, UnitLine.unit_id == far.unit_id),
        and_(UnitLine.ancestor_id == far.unit_id, UnitLine.unit_id == near.unit_id),
    )
    found = select(UnitLine.unit_id).where(
        near.user_id == one, far.user_id == other, line, access.valid(near), access.valid(far)
    )
    return bool(uow.connection.execute(select(found.exists()), seen_by(uow)).scalar_one())


def candidates(uow: UnitOfWork, absent: UUID) -> Sequence[RowMapping]:
    """Returns the possible substitutes of the actor, or of a person whom an administrator administers."""
    access.require(uow.actor, "substitutes.manage")
    near, far, line = aliased(Membership), aliased(Membership), aliased(UnitLine)
    mine = near.user_id == absent, access.valid(near)
    above = select(line.ancestor_id).join(near, near.unit_id == line.unit_id).where(*mine)
    below = select(line.unit_id).join(near, near.unit_id == line.ancestor_id).where(*mine)
    # Computed once, not for each of thousands.
    lined = above.union(below).cte("lined").prefix_with("MATERIALIZED")
    colleagues = select(far.user_id).where(far.unit_id.in_(select(lined)), access.valid(far))
    together = select(colleagues.cte("colleagues").prefix_with("MATERIALIZED"))
    found = select(User.name, names.of().label("display_name")).where(
        User.role == "caseworker", User.deactivated_at.is_(None), User.id != absent, User.id.in_(together)
    )
    if absent != uow.actor.id:
        found = found.where(_administered(absent))
    found = found.order_by(User.name).limit(CHOICES)
    return uow.connection.execute(found, seen_by(uow)).mappings().all()


def _note(uow: UnitOfWork, kind: Any, row: Substitution) -> None:
    unit = select(Membership.unit_id).where(Membership.user_id == row.absent_id).order_by(Membership.id)
    payload = {"substitute": row.substitute_id, "from": row.valid_from, "to": row.valid_to}
    administration_log.note(uow, kind, uow.session.scalars(unit.limit(1)).one(), payload, row.absent_id)


def _mine(uow: UnitOfWork) -> ColumnElement[bool]:
    """Returns which substitutions an actor may end: its own, and those of people whom it administers."""
    own = or_(Substitution.absent_id == uow.actor.id, Substitution.substitute_id == uow.actor.id)
    if uow.actor.role != "administrator":
        return own
    near = Membership.user_id == Substitution.absent_id, access.lasting(Membership)
    return or_(own, exists().where(*near, access.covers(Membership.unit_id)))


def _seen(uow: UnitOfWork) -> ColumnElement[bool]:
    """Returns which substitutions an actor sees: those it may end, and those of the people it supervises."""
    if uow.actor.role != "caseworker":
        return _mine(uow)
    return or_(_mine(uow), Substitution.absent_id.in_(select(User.id).where(access.staff())))


def page(uow: UnitOfWork, *, after: UUID | None = None, person: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of those that have not ended, oldest first, plus one if more follow.

    With `person`: those in which this person is absent or the substitute.
    """
    access.require(uow.actor, "substitutes.manage")
    found = _listed().where(_seen(uow), validity.lasting(Substitution, uow.now), validity.begun_ever())
    if person is not None:
        found = found.where(or_(Substitution.absent_id == person, Substitution.substitute_id == person))
    if after is not None:
        found = found.where(Substitution.id > after)
    found = found.order_by(Substitution.id).limit(PAGE + 1)
    return uow.connection.execute(found, seen_by(uow)).mappings().all()


def _listed() -> Any:
    absent, substitute = aliased(User), aliased(User)
    return (
        select(
            *(Substitution.id, Substitution.valid_from, Substitution.valid_to),
            *(Substitution.absent_id, Substitution.substitute_id),
            *(absent.name.label("absent"), names.of(absent).label("absent_name")),
            *(substitute.name.label("substitute"), names.of(substitute).label("substitute_name")),
        )
        .join(absent, absent.id == Substitution.absent_id)
        .join(substitute, substitute.id == Substitution.substitute_id)
    )


def get(uow: UnitOfWork, substitution_id: UUID) -> RowMapping:
    """Returns one that the actor may see. Raises NotFound."""
    access.require(uow.actor, "substitutes.manage")
    found = _listed().where(Substitution.id == substitution_id, _seen(uow))
    row: RowMapping | None = uow.connection.execute(found, seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise _unknown(substitution_id)
    return row


def end(uow: UnitOfWork, substitution_id: UUID) -> None:
    """Ends a substitution now. Ending it again changes nothing. Raises NotFound."""
    access.require(uow.actor, "substitutes.manage")
    found = select(Substitution).where(Substitution.id == substitution_id, _mine(uow)).with_for_update()
    row = uow.session.scalars(found, seen_by(uow)).one_or_none()
    if row is None:
        raise _unknown(substitution_id)
    last = max(uow.now, row.valid_from)  # one that has not begun never begins
    if row.valid_to > last:
        row.valid_to = last
        uow.session.flush()
        _note(uow, "substitution.ended", row)


def _unknown(substitution_id: UUID) -> NotFound:
    return NotFound(f"The substitution {substitution_id} does not exist.")
