"""The tree of agencies, their parts, and the private bodies to which they delegate work."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    SQLColumnExpression,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from engine import access
from engine.access import seen_by, validity
from engine.events import administration_log
from engine.models import (
    ROOT,
    CandidateGroup,
    CandidateGroupRole,
    Case,
    Definition,
    Delegation,
    Membership,
    Task,
    Unit,
    UnitKind,
    UnitLine,
)
from engine.organisation.recalculation_orders import order
from engine.platform.db import UnitOfWork, connection
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

PAGE = 200
CHOICES = 1000  # maximum number of units offered for a choice
KINDS: tuple[UnitKind, ...] = get_args(UnitKind)
_KEY = re.compile(r"[a-z0-9-]{1,63}")
_SHOWN = (Unit.id, Unit.key, Unit.name, Unit.kind, Unit.region, Unit.closed_at)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A new unit below the one with the key `parent`."""

    key: str
    name: str
    kind: UnitKind
    parent: str = "root"
    region: str | None = None


def place(session: Session, unit: Unit) -> UUID:
    """Inserts a new unit below its parent, and so below all units above that. Returns its id."""
    unit.id = uuid7()
    session.add(unit)
    session.flush()
    above = select(UnitLine.ancestor_id, literal(unit.id)).where(UnitLine.unit_id == unit.parent_id)
    connection(session).execute(insert(UnitLine).from_select(["ancestor_id", "unit_id"], above))
    connection(session).execute(insert(UnitLine).values(ancestor_id=unit.id, unit_id=unit.id))
    return unit.id


def _listed() -> Select[Any]:
    parent = aliased(Unit)
    columns: tuple[Any, ...] = (*_SHOWN, parent.key.label("parent"))
    return select(*columns).select_from(Unit).outerjoin(parent, parent.id == Unit.parent_id)


def page(uow: UnitOfWork, *, parent: str | None = None, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of all units, or of those directly below one, oldest first.

    Returns one more if more follow.
    """
    access.require(uow.actor, "units.read")
    found = _listed().order_by(Unit.id).limit(PAGE + 1)
    if parent is not None:
        found = found.where(Unit.parent_id == select(Unit.id).where(Unit.key == parent).scalar_subquery())
    if after is not None:
        found = found.where(Unit.id > after)
    return uow.connection.execute(found).mappings().all()


def working(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the first open units by name, as choices."""
    access.require(uow.actor, "units.read")
    found = select(Unit.key, Unit.name).where(Unit.closed_at.is_(None)).order_by(Unit.name, Unit.key)
    return uow.connection.execute(found.limit(CHOICES)).mappings().all()


def _open(closed_after: datetime | None) -> ColumnElement[bool]:
    opened = Unit.closed_at.is_(None)
    return opened if closed_after is None else or_(opened, Unit.closed_at > closed_after)


def own(
    uow: UnitOfWork, *, apart_from: str | None = None, closed_after: datetime | None = None
) -> Sequence[RowMapping]:
    """Returns the actor's open units by name, as choices, with the name of their parent as `above`.

    `apart_from`: without this unit and all below it; `closed_after`: with those closed later than this.
    """
    access.require(uow.actor, "units.read")
    parent = aliased(Unit)
    found = (
        select(Unit.key, Unit.name, case((parent.id != ROOT, parent.name)).label("above"))
        .outerjoin(parent, parent.id == Unit.parent_id)
        .where(_open(closed_after), access.covers(Unit.id))
        .order_by(Unit.name, Unit.key)
        .limit(CHOICES)
    )
    if apart_from is not None:
        top = select(Unit.id).where(Unit.key == apart_from).scalar_subquery()
        found = found.where(Unit.id.not_in(select(UnitLine.unit_id).where(UnitLine.ancestor_id == top)))
    return uow.connection.execute(found, seen_by(uow)).mappings().all()


def names(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, str]:
    """Returns the names of the units with these keys."""
    access.require(uow.actor, "units.read")
    rows = uow.connection.execute(select(Unit.key, Unit.name).where(Unit.key.in_(set(keys))))
    return {key: name for key, name in rows}


def names_of(keys: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """Returns the names of the units in a column of keys, by name; NULL without any."""
    named = aliased(Unit)
    found = select(func.array_agg(aggregate_order_by(named.name, named.name)))
    return found.where(named.key == keys.any_()).scalar_subquery()


def get(uow: UnitOfWork, key: str) -> RowMapping:
    """Returns one unit. Raises NotFound."""
    access.require(uow.actor, "units.read")
    row = uow.connection.execute(_listed().where(Unit.key == key)).mappings().one_or_none()
    if row is None:
        raise unknown(key)
    return row


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit with those above it, from the top, and those directly below. `own`: the actor manages it."""

    unit: RowMapping
    above: Sequence[RowMapping]
    below: Sequence[RowMapping]
    own: bool


def look(uow: UnitOfWork, key: str, *, after: str | None = None) -> UnitView:
    """Returns one unit in the tree with up to a page of those below it, plus one if more follow.

    Raises NotFound.
    """
    unit = get(uow, key)
    line, depth = aliased(UnitLine), aliased(UnitLine)
    above = (
        select(Unit.key, Unit.name)
        .join(line, line.ancestor_id == Unit.id)
        .join(depth, depth.unit_id == Unit.id)
        .where(line.unit_id == unit["id"], Unit.id != unit["id"])
        .group_by(Unit.id)
        .order_by(func.count())
    )
    below = _listed().where(Unit.parent_id == unit["id"]).order_by(Unit.key).limit(PAGE + 1)
    if after is not None:
        below = below.where(Unit.key > after)
    own = select(access.covers(literal(unit["id"]))), seen_by(uow)
    return UnitView(
        unit,
        uow.connection.execute(above).mappings().all(),
        uow.connection.execute(below).mappings().all(),
        access.allows(uow.actor, "units.manage") and bool(uow.connection.execute(*own).scalar_one()),
    )


def key_of(uow: UnitOfWork, unit_id: UUID) -> str:
    """Returns the key of an existing unit."""
    return uow.session.scalars(select(Unit.key).where(Unit.id == unit_id)).one()


def unknown(key: str) -> NotFound:
    """Returns the refusal for a unit that does not exist, or that the actor may not change."""
    return NotFound(f"The unit {key!r} does not exist.")


def administered(uow: UnitOfWork, key: str, *, closed_after: datetime | None = None) -> Unit | None:
    """Returns an open unit of the actor's, locked until the command ends; None if it is none.

    `closed_after`: or one that was closed later than this.
    """
    held = _administered([key], closed_after).with_for_update(read=True, of=Unit)
    return uow.session.scalars(held, seen_by(uow)).one_or_none() if _KEY.fullmatch(key) else None


def administered_alone(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, Unit]:
    """Returns those of these that are open units of the actor's, by key.

    Locked in the order of their keys, until the command ends, against others that do the same: at once, since
    two that hold the lock of `administered` would wait for each other.
    """
    possible = [key for key in keys if _KEY.fullmatch(key)]
    held = _administered(possible).order_by(Unit.key).with_for_update(key_share=True, of=Unit)
    found = uow.session.scalars(held, seen_by(uow)).all() if possible else []
    return {unit.key: unit for unit in found}


def _administered(keys: Sequence[str], closed_after: datetime | None = None) -> Select[Any]:
    return select(Unit).where(Unit.key.in_(keys), _open(closed_after), access.covers(Unit.id))


def covered(uow: UnitOfWork, key: str, pointer: str = "/unit") -> Unit:
    """Returns an open unit of the actor's, locked until the command ends. Raises Invalid with the pointer."""
    unit = administered(uow, key)
    if unit is None:
        raise Invalid(
            "Choose an open unit that you administer.",
            [Fault(pointer, f"{key!r} is not an open unit that you administer", "unit")],
        )
    return unit


def open_id(session: Session, key: str) -> UUID:
    """Returns the id of an open unit, for operators. Raises NotFound."""
    found = session.scalars(select(Unit.id).where(Unit.key == key, Unit.closed_at.is_(None))).one_or_none()
    if found is None:
        raise unknown(key)
    return found


def create(uow: UnitOfWork, new: NewUnit) -> None:
    """Creates a unit. Raises Invalid, and Conflict for a key that is taken."""
    access.require(uow.actor, "units.manage")
    make(uow, new)


def make(uow: UnitOfWork, new: NewUnit) -> UUID:
    """Creates a unit for an actor who may do so, and returns its id. Raises as `create` does."""
    faults = []
    if not _KEY.fullmatch(new.key):
        faults.append(Fault("/key", "must be 1 to 63 lower-case letters, digits and hyphens", "key"))
    if new.kind not in KINDS:
        faults.append(Fault("/kind", f"must be one of {', '.join(KINDS)}", "kind"))
    faults += _texts(new.name, new.region)
    if faults:
        raise Invalid("The unit can't be created.", faults)
    _hold_tree(uow)
    parent = covered(uow, new.parent, "/parent")
    if uow.session.scalars(select(Unit.id).where(Unit.key == new.key)).first() is not None:
        raise Conflict(
            f"The key {new.key!r} is already in use. Choose another one.",
            code="key-taken",
            unit={"key": new.key},
        )
    made = Unit(key=new.key, name=new.name, kind=new.kind, parent_id=parent.id, region=new.region)
    made.created_at = uow.now
    place(uow.session, made)
    payload = {"name": new.name, "kind": new.kind, "parent": new.parent, "region": new.region}
    administration_log.note(uow, "unit.made", made.id, payload)
    return made.id


def _texts(name: str, region: str | None) -> list[Fault]:
    texts = {"/name": name, "/region": region}
    return [
        Fault(pointer, "must be 1 to 200 printable characters", "text")
        for pointer, text in texts.items()
        if text is not None
        and not (0 < len(text) <= 200 and text.replace("\u200c", "").isprintable() and text == text.strip())
    ]


def change(uow: UnitOfWork, key: str, changes: Mapping[str, Any]) -> bool:
    """Changes `name`, `region`, `parent` or `closed` of a unit of the actor.

    Returns whether anything changed.

    Raises NotFound, Invalid, and Conflict with the reasons why a unit can't be closed.
    """
    access.require(uow.actor, "units.manage")
    return alter(uow, key, changes)


def alter(uow: UnitOfWork, key: str, changes: Mapping[str, Any]) -> bool:
    """Changes a unit for an actor who may do so. Raises as `change` does."""
    _hold_tree(uow)
    found = select(Unit).where(Unit.key == key, Unit.id != ROOT, access.covers(Unit.id))
    unit = uow.session.scalars(found.with_for_update(of=Unit, key_share=True), seen_by(uow)).one_or_none()
    if unit is None:
        raise unknown(key)
    if faults := _texts(changes.get("name", unit.name), changes.get("region")):
        raise Invalid("The unit can't be changed.", faults)
    done = {
        name: changes[name]
        for name in ("name", "region")
        if name in changes and changes[name] != getattr(unit, name)
    }
    for name, value in done.items():
        setattr(unit, name, value)
    if "parent" in changes and _move(uow, unit, changes["parent"]):
        done["parent"] = changes["parent"]
    if "closed" in changes and changes["closed"] != (unit.closed_at is not None):
        if changes["closed"]:
            _require_idle(uow, unit)
        unit.closed_at = uow.now if changes["closed"] else None
        done["closed"] = changes["closed"]
    uow.session.flush()
    if done:
        administration_log.note(uow, "unit.changed", unit.id, done)
    return bool(done)


def _hold_tree(uow: UnitOfWork) -> None:
    """Locks the tree, so that commands change it one at a time. References to its root do not wait."""
    uow.session.execute(select(Unit.id).where(Unit.id == ROOT).with_for_update(key_share=True))


def _move(uow: UnitOfWork, unit: Unit, key: str) -> bool:
    """Moves a unit with all below it. The actor loses permissions that only the old place granted."""
    target = covered(uow, key, "/parent")
    if target.id == unit.parent_id:
        return False
    if not uow.connection.execute(select(access.covers(unit.parent_id)), seen_by(uow)).scalar_one():
        raise Invalid("The unit can't be moved.", [Fault("/parent", "is outside your units", "unit")])
    line = aliased(UnitLine)
    subtree = select(line.unit_id).where(line.ancestor_id == unit.id)
    below = uow.connection.execute(subtree).scalars().all()
    if target.id in below:
        fault = Fault("/parent", "is below the unit itself", "cycle")
        raise Invalid("The unit can't be moved.", [fault])
    uow.connection.execute(
        delete(UnitLine).where(UnitLine.unit_id.in_(below), UnitLine.ancestor_id.not_in(below))
    )
    above, under = aliased(UnitLine), aliased(UnitLine)
    lines = select(above.ancestor_id, under.unit_id).join(under, under.ancestor_id == unit.id)
    lines = lines.where(above.unit_id == target.id)
    uow.connection.execute(insert(UnitLine).from_select(["ancestor_id", "unit_id"], lines))
    unit.parent_id = target.id
    order(uow, [unit.id])  # it may have the calendar and the closures of other units now
    return True


def _require_idle(uow: UnitOfWork, unit: Unit) -> None:
    """Raises Conflict with a list of what still depends on the unit."""
    child, lasting = aliased(Unit), validity.lasting(Membership, uow.now)
    lent = and_(validity.agreed(), validity.lasting(Delegation, uow.now))
    open_tasks = (
        select(func.count(Task.id.distinct()))
        .join(CandidateGroup, CandidateGroup.id == Task.candidate_group_id)
        .join(CandidateGroupRole, CandidateGroupRole.candidate_group_id == CandidateGroup.id)
        .where(CandidateGroupRole.unit_id == unit.id, Task.status == "open")
    )
    counted = {
        "units": _count(child).where(child.parent_id == unit.id, child.closed_at.is_(None)),
        "definitions": _count(Definition).where(Definition.unit_id == unit.id, validity.published()),
        "cases": _count(Case).where(Case.unit_id == unit.id, Case.status.in_(("active", "suspended"))),
        "tasks": open_tasks,
        "memberships": _count(Membership).where(Membership.unit_id == unit.id, lasting),
        "delegations": _count(Delegation).where(
            or_(Delegation.unit_id == unit.id, Delegation.delegate_id == unit.id), lent
        ),
    }
    statement = select(*(part.scalar_subquery().label(name) for name, part in counted.items()))
    left = {name: n for name, n in uow.connection.execute(statement).mappings().one().items() if n}
    if left:
        listed = ", ".join(f"{number} {name}" for name, number in left.items())
        detail = f"The unit can't be closed: it still has {listed}. Move them to another unit first."
        raise Conflict(detail, code="unit-in-use", unit={"key": unit.key, **left})


def _count(model: Any) -> Select[Any]:
    return select(func.count()).select_from(model)
