"""Relations of officials to people, declared by the officials themselves or by an administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Uuid, bindparam, or_, select
from sqlalchemy.orm import aliased

from engine import access
from engine.identity import accounts, names
from engine.models import Membership, Relation, RelationKind, User
from engine.platform import formats
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid, NotFound
from engine.platform.ids import uuid7

PAGE = 50


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration: to whom the owner of an account is close, and how. None is the actor's account."""

    person: str
    kind: RelationKind
    account: str | None = None


def _governed(user: Any) -> ColumnElement[bool]:
    """Returns whether an account works in the viewer's units, or will."""
    works = Membership.user_id == user, access.lasting(Membership)
    return select(Membership.id).where(*works, access.covers(Membership.unit_id)).exists()


@lru_cache
def _seen(role: str) -> Select[*tuple[Any, ...]]:
    """Returns the relations that an account with this role may see."""
    declarer, viewer = aliased(User), bindparam("viewer", type_=Uuid)
    own = Relation.user_id == viewer
    return (
        select(
            Relation.id,
            User.name.label("account"),
            names.of().label("account_name"),
            Relation.person,
            Relation.kind,
            declarer.name.label("declared_by"),
            names.of(declarer).label("declared_by_name"),
            Relation.declared_at,
            Relation.ended_at,
        )
        .join(User, User.id == Relation.user_id)
        .join(declarer, declarer.id == Relation.declared_by)
        .where(or_(own, _governed(Relation.user_id)) if role == "administrator" else own)
    )


def declare(uow: UnitOfWork, declared: Declared) -> RowMapping:
    """Declares a relation of the actor or, as an administrator, of somebody else.

    An existing declaration is not changed. Raises Invalid, Forbidden, and NotFound for accounts of others.
    """
    access.require(uow.actor, "relations.own")
    person = formats.national_id(declared.person)
    if person is None:
        raise Invalid(
            "The relation can't be declared.", [Fault("/person", "is not a valid national ID", "person")]
        )
    user_id = _owner(uow, declared.account)
    same = (Relation.user_id == user_id, Relation.person == person, Relation.kind == declared.kind)
    there = select(Relation.id).where(*same, Relation.ended_at.is_(None)).limit(1)
    found = uow.session.scalars(there).one_or_none()
    if found is None:
        made = Relation(id=uuid7(), user_id=user_id, person=person, kind=declared.kind)
        made.declared_by, made.declared_at, made.ended_at = uow.actor.id, uow.now, None
        uow.session.add(made)
        uow.session.flush()
        found = made.id
    return _one(uow, found)


def _owner(uow: UnitOfWork, account: str | None) -> UUID:
    if account is None or account == uow.actor.name:
        return uow.actor.id
    access.require(uow.actor, "relations.manage")
    user_id = accounts.named(uow.session, account).id
    governed = select(_governed(bindparam("user", type_=Uuid)))
    if not uow.connection.execute(governed, {"user": user_id, **access.seen_by(uow)}).scalar_one():
        raise NotFound(f"The account {account!r} does not exist.")
    return user_id


def page(uow: UnitOfWork, *, account: str | None = None, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of the relations that the actor may see, oldest first, plus one if more follow."""
    access.require(uow.actor, "relations.own")
    wanted = _seen(uow.actor.role).order_by(Relation.id).limit(PAGE + 1)
    if account is not None:
        wanted = wanted.where(User.name == account)
    if after is not None:
        wanted = wanted.where(Relation.id > after)
    return uow.connection.execute(wanted, access.seen_by(uow)).mappings().all()


def end(uow: UnitOfWork, relation_id: UUID) -> RowMapping:
    """Ends a relation; it remains listed. Ending it again changes nothing.

    Raises NotFound, and Forbidden for one that somebody else has declared about the actor.
    """
    access.require(uow.actor, "relations.own")
    _one(uow, relation_id)
    held = select(Relation).where(Relation.id == relation_id).with_for_update()
    found = uow.session.scalars(held).one()
    if found.declared_by != uow.actor.id and not _manages(uow, found):
        raise Forbidden("An administrator has declared this relation; only an administrator can end it.")
    if found.ended_at is None:
        found.ended_at = uow.now
        uow.session.flush()
    return _one(uow, relation_id)


def _manages(uow: UnitOfWork, relation: Relation) -> bool:
    return access.allows(uow.actor, "relations.manage") and relation.user_id != uow.actor.id


def _one(uow: UnitOfWork, relation_id: UUID) -> RowMapping:
    wanted = _seen(uow.actor.role).where(Relation.id == relation_id)
    row = uow.connection.execute(wanted, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The relation {relation_id} does not exist.")
    return row
