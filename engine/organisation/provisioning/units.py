"""Units, as a provisioning system reads and changes them."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from engine import access
from engine.access import seen_by, validity
from engine.identity import names
from engine.models import Membership, Unit, UnitKind, User
from engine.organisation import people, units
from engine.organisation.people import Work
from engine.organisation.provisioning import records
from engine.organisation.provisioning.people import ADMINISTRATOR, end_membership, locked
from engine.organisation.provisioning.records import Window
from engine.organisation.units import NewUnit
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A new unit; without a key it gets one, without a parent it lies below the system's own unit."""

    name: str
    key: str | None = None
    kind: UnitKind = "unit"
    parent: str | None = None
    region: str | None = None
    external_id: str | None = None
    members: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit with its members by id: those with a membership in it itself, and their display names."""

    id: UUID
    key: str
    name: str
    kind: UnitKind
    parent: str | None
    region: str | None
    external_id: str | None
    created_at: datetime
    members: Mapping[UUID, Mapping[str, str]]


def page_of_units(uow: UnitOfWork, window: Window, *, members: bool = True) -> tuple[int, Sequence[UnitView]]:
    """Returns how many open units the system has, and those of the window, oldest first.

    `where` may have `id`, `name`, `key` and `external_id`.
    """
    access.require(uow.actor, "people.provision")
    found = _visible(uow)
    for name, value in (window.where or {}).items():
        column = {"id": Unit.id, "name": Unit.name, "key": Unit.key}.get(name)
        found = found.where(records.has_external_id(value) if column is None else column == value)
    total = records.counted(uow, found, seen_by(uow))
    limited = found.order_by(Unit.id).offset(window.offset).limit(min(window.size, records.PAGE))
    return total, _read(uow, limited, members=members)


def get_unit(uow: UnitOfWork, unit_id: UUID) -> UnitView:
    """Returns one open unit of the system. Raises NotFound."""
    access.require(uow.actor, "people.provision")
    found = _read(uow, _visible(uow).where(Unit.id == unit_id))
    if not found:
        raise NotFound(f"The unit {unit_id} does not exist.")
    return found[0]


def create_unit(uow: UnitOfWork, new: NewGroup) -> UUID:
    """Creates a unit with these members, as caseworkers. Raises Invalid, Conflict, Forbidden, NotFound."""
    records.enter(uow)
    key = new.key or f"unit-{secrets.token_hex(6)}"
    parent = new.parent or _home(uow)
    unit_id = units.make(uow, NewUnit(key, new.name, new.kind, parent, new.region))
    records.note(uow, unit_id, external_id=new.external_id)
    _have(uow, get_unit(uow, unit_id), new.members)
    return unit_id


def replace_unit(uow: UnitOfWork, unit_id: UUID, change: Callable[[UnitView], NewGroup]) -> UnitView:
    """Changes a unit with its members, and returns it. Key and kind stay, and so does a parent of None.

    `change` gets the locked unit and returns how it should be, so that parallel changes aren't lost. A new
    member becomes a caseworker there; all memberships of the others in it end. Raises as `create_unit` does.
    """
    records.enter(uow)
    lock = select(Unit).where(Unit.id == unit_id).with_for_update(key_share=True)
    uow.session.execute(lock.execution_options(populate_existing=True))
    before = get_unit(uow, unit_id)
    wanted = change(before)
    own = {"name": wanted.name, "region": wanted.region, "parent": wanted.parent or before.parent}
    if any(value != getattr(before, name) for name, value in own.items()):
        units.alter(uow, before.key, own)
    records.note(uow, unit_id, external_id=wanted.external_id)
    _have(uow, before, wanted.members)
    return get_unit(uow, unit_id)


def close_unit(uow: UnitOfWork, unit_id: UUID) -> None:
    """Closes a unit: it is no longer in lists, and its history remains.

    Raises NotFound, and Conflict with what prevents it.
    """
    records.enter(uow)
    units.alter(uow, get_unit(uow, unit_id).key, {"closed": True})
    records.forget(uow, unit_id)


def _have(uow: UnitOfWork, unit: UnitView, wanted: Collection[UUID]) -> None:
    now, then = set(unit.members), set(wanted)
    for user_id in sorted(then - now):
        user = _member(uow, user_id)
        if user.role == ADMINISTRATOR:
            raise Forbidden(
                "A membership makes an administrator of a unit. Only an administrator can give it."
            )
        people.add_membership(uow, user, Work(unit.key), "/members")
        records.note(uow, user_id)
    for user_id in sorted(now - then):
        end_membership(uow, locked(uow, user_id)[0], unit.key)
        records.note(uow, user_id)


def _member(uow: UnitOfWork, user_id: UUID) -> User:
    try:
        return locked(uow, user_id)[0]
    except NotFound as unknown:
        fault = Fault("/members", f"{user_id} is not a person of this system", "person")
        raise Invalid("The members of the unit can't be changed.", [fault]) from unknown


def _home(uow: UnitOfWork) -> str:
    """Returns the key of the unit in which the system itself works. Raises Invalid if there are others."""
    held = select(Unit.key).join(Membership, Membership.unit_id == Unit.id)
    own = held.where(Membership.user_id == uow.actor.id, access.valid(Membership)).limit(2)
    keys = uow.session.scalars(own, seen_by(uow)).all()
    if len(keys) != 1:
        fault = Fault("/parent", "must be the key of a unit of this system", "missing")
        raise Invalid("The unit can't be created.", [fault])
    return keys[0]


def _visible(uow: UnitOfWork) -> Select[Any]:
    rows, parent = records.rows(), aliased(Unit)
    return (
        select(Unit, parent.key.label("parent_key"), *records.columns())
        .outerjoin(parent, parent.id == Unit.parent_id)
        .outerjoin(rows, records.joined(uow, Unit.id))
        .where(access.covers(Unit.id), Unit.closed_at.is_(None))
    )


def _read(uow: UnitOfWork, found: Select[Any], *, members: bool = True) -> Sequence[UnitView]:
    rows = uow.session.execute(found, seen_by(uow)).all()
    inside = _members(uow, [row[0].id for row in rows]) if members else {}
    return [
        UnitView(
            id=unit.id,
            key=unit.key,
            name=unit.name,
            kind=unit.kind,
            parent=parent,
            region=unit.region,
            external_id=external_id,
            created_at=unit.created_at,
            members=inside.get(unit.id, {}),
        )
        for unit, parent, external_id, *_ in rows
    ]


def _members(uow: UnitOfWork, unit_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[UUID, Mapping[str, str]]]:
    found = (
        select(Membership.unit_id, User.id, names.of())
        .join(User, User.id == Membership.user_id)
        .where(Membership.unit_id.in_(unit_ids), validity.lasting(Membership), User.role != "service")
        .order_by(User.id)
    )
    inside: dict[UUID, dict[UUID, Mapping[str, str]]] = {}
    for unit_id, user_id, shown in uow.connection.execute(found, seen_by(uow)):
        inside.setdefault(unit_id, {})[user_id] = shown
    return inside
