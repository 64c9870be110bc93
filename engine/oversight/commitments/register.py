"""The register of services: entries are made, changed and removed one by one, or imported from a file.

A unit is locked while its entries change, so that no two of them have the same name or process.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, union_all

from engine import access
from engine.events import administration_log
from engine.models import Definition, OfflineReason, OrganisationKind, RegisteredService, Unit, UnitLine
from engine.organisation import units
from engine.oversight.commitments.inputs import LONGEST_TEXT, digest_of, text_fault, tidy
from engine.oversight.commitments.vocabulary import REASONS
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound, unknown_code
from engine.platform.ids import uuid7

LONGEST_NAME = 200
MOST = 5_000  # entries of a unit
GREATEST_VOLUME = 1_000_000_000
YEARS = 20


@dataclass(frozen=True, slots=True)
class NewService:
    """What is entered of a service. `definition` is the process by which it is online, once it is."""

    unit: str
    name_fa: str
    name_en: str
    reason: str
    yearly_volume: int | None = None
    text: str = ""
    planned_for: date | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedService:
    """The same, checked. The unit is known."""

    name_fa: str
    name_en: str
    yearly_volume: int | None
    reason: OfflineReason
    text: str
    planned_for: date | None
    definition: str | None


_NAMES = tuple(one.name for one in fields(CheckedService))


def register_service(uow: UnitOfWork, new: NewService) -> UUID:
    """Adds a service of a unit that the actor administers. Returns its id.

    Raises Forbidden; NotFound for the unit; Invalid; Conflict if the unit has it, or too many.
    """
    access.require(uow.actor, "register.manage")
    unit = lock_unit(uow, new.unit)
    checked = check(uow, new, linkable_to(uow, [unit.id])[unit.id])
    known = entries_of(uow, [unit.id])
    require_room(len(known) + 1)
    _require_single(known, checked)
    made = add(uow, unit, checked)
    _note(uow, "service.registered", made)
    return made.id


def change_service(uow: UnitOfWork, service_id: UUID, revision: int, new: NewService) -> int:
    """Changes an entry to what is entered now, of which `unit` is ignored. Returns its revision.

    `revision` is the one that the actor has read. Raises Forbidden, NotFound, Invalid; Conflict if it was
    changed meanwhile, or the unit has another one like it.
    """
    entry, unit = _lock(uow, service_id)
    if entry.revision != revision:
        detail = f"The entry has revision {entry.revision} by now. Read it again."
        state = {"id": str(entry.id), "revision": entry.revision}
        raise Conflict(detail, code="service-changed", service=state)
    checked = check(uow, new, linkable_to(uow, [unit.id])[unit.id], entry.planned_for)
    _require_single([one for one in entries_of(uow, [unit.id]) if one.id != entry.id], checked)
    if put(uow, entry, checked):
        _note(uow, "service.changed", entry)
    return entry.revision


def link_service(uow: UnitOfWork, service_id: UUID, revision: int, definition: str) -> int:
    """Links an entry to a process. Returns its revision. Raises as `change_service`."""
    entry, unit = _lock(uow, service_id)
    values = {name: getattr(entry, name) for name in _NAMES} | {"definition": definition}
    return change_service(uow, service_id, revision, NewService(unit.key, **values))


def remove_service(uow: UnitOfWork, service_id: UUID) -> None:
    """Removes an entry. It remains in the figures of months that have ended. Raises Forbidden, NotFound."""
    entry, unit = _lock(uow, service_id)
    entry.removed_at = uow.now
    uow.session.flush()
    administration_log.note(uow, "service.removed", unit.id, {"service": entry.id})


def _lock(uow: UnitOfWork, service_id: UUID) -> tuple[RegisteredService, Unit]:
    """Returns an entry of a unit that the actor administers, and the unit, which is locked."""
    access.require(uow.actor, "register.manage")
    own = select(Unit).join(RegisteredService, RegisteredService.unit_id == Unit.id)
    own = own.where(RegisteredService.id == service_id, access.covers(Unit.id))
    lock = own.with_for_update(key_share=True, of=Unit)
    unit = uow.session.scalars(lock, access.seen_by(uow)).one_or_none()
    found = select(RegisteredService).where(RegisteredService.id == service_id)
    entry = None if unit is None else uow.session.scalars(found).one()
    if unit is None or entry is None or entry.removed_at is not None:
        raise NotFound(f"The service {service_id} is not in the register.")
    return entry, unit


def lock_unit(uow: UnitOfWork, key: str) -> Unit:
    """Returns an open unit that the actor administers, locked for other changes of its entries."""
    unit = units.administered_alone(uow, [key]).get(key)
    if unit is None:
        raise units.unknown(key)
    return unit


def entries_of(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Sequence[RegisteredService]:
    """Returns the entries of units."""
    of = RegisteredService
    return uow.session.scalars(select(of).where(of.unit_id.in_(unit_ids), of.removed_at.is_(None))).all()


def require_room(count: int) -> None:
    """Raises Conflict if a unit would have too many entries."""
    if count > MOST:
        detail = f"A unit has at most {MOST} services in the register."
        raise Conflict(detail, code="register-full", limit=MOST)


def add(uow: UnitOfWork, unit: Unit, checked: CheckedService) -> RegisteredService:
    """Inserts an entry, which isn't in the log yet."""
    values = {name: getattr(checked, name) for name in _NAMES}
    by = {"registered_by": uow.actor.id, "registered_at": uow.now, "changed_at": uow.now}
    made = RegisteredService(id=uuid7(), unit_id=unit.id, revision=1, **values, **by)
    uow.session.add(made)
    uow.session.flush()
    return made


def put(uow: UnitOfWork, entry: RegisteredService, checked: CheckedService) -> bool:
    """Changes an entry. Returns whether anything is different."""
    changed = {name for name in _NAMES if getattr(entry, name) != getattr(checked, name)}
    for name in changed:
        setattr(entry, name, getattr(checked, name))
    if changed:
        entry.revision += 1
        entry.changed_at = uow.now
        uow.session.flush()
    return bool(changed)


def _require_single(others: Sequence[RegisteredService], checked: CheckedService) -> None:
    for other in others:
        if other.name_fa == checked.name_fa:
            raise Conflict("The unit has a service of this name in the register.", code="service-exists")
        if checked.definition is not None and other.definition == checked.definition:
            detail = "Another service of the unit is linked to this process."
            raise Conflict(detail, code="service-linked")


def check(
    uow: UnitOfWork, new: NewService, linkable: Collection[str], planned: date | None = None
) -> CheckedService:
    """Returns what was entered. Raises Invalid.

    `linkable` are the processes that can be linked; `planned` is the day that is replaced, which may have
    passed.
    """
    faults = [*name_fault("/name_fa", new.name_fa), *name_fault("/name_en", new.name_en)]
    faults += text_fault("/text", new.text, LONGEST_TEXT, 0)
    volume = new.yearly_volume
    if volume is not None and not 0 <= volume <= GREATEST_VOLUME:
        values = {"least": 0, "greatest": GREATEST_VOLUME}
        detail = f"must be a whole number from 0 to {GREATEST_VOLUME}"
        faults.append(Fault("/yearly_volume", detail, "commitment-target.count", values))
    if new.reason not in REASONS:
        faults.append(unknown_code("/reason", REASONS))
    faults += _planned_faults(uow, new.planned_for, planned)
    if new.definition is not None and new.definition not in linkable:
        detail = "is not a process of this unit, or of one above or below it"
        faults.append(Fault("/definition", detail, "commitment-service"))
    if faults or new.reason not in REASONS:
        raise Invalid("The service can't be saved.", faults)
    names = (new.name_fa.strip(), new.name_en.strip())
    return CheckedService(*names, volume, new.reason, tidy(new.text), new.planned_for, new.definition)


def name_fault(pointer: str, name: str) -> list[Fault]:
    """Returns what is wrong with a name: one line."""
    if "\n" in name.strip():
        return [Fault(pointer, "contains characters that can't be shown", "text-characters")]
    return text_fault(pointer, name, LONGEST_NAME)


def _planned_faults(uow: UnitOfWork, day: date | None, before: date | None) -> list[Fault]:
    """Returns what is wrong with a planned day. The one of before may have passed: then it is overdue."""
    if day is None or day == before:
        return []
    first, last = uow.now.date(), date(uow.now.year + YEARS, 12, 31)
    if first <= day <= last:
        return []
    values = {"first": first, "last": last}
    return [Fault("/planned_for", f"must be from {first} to {last}", "service-planned", values)]


def linkable_to(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, Collection[str]]:
    """Returns the processes by which services of each unit can be online: of units above and below it."""
    line = UnitLine
    above = select(line.unit_id, Definition.key).join(Definition, Definition.unit_id == line.ancestor_id)
    below = select(line.ancestor_id, Definition.key).join(Definition, Definition.unit_id == line.unit_id)
    found = union_all(above.where(line.unit_id.in_(unit_ids)), below.where(line.ancestor_id.in_(unit_ids)))
    keys: dict[UUID, set[str]] = {one: set() for one in unit_ids}
    for unit_id, key in uow.connection.execute(found) if unit_ids else ():
        keys[unit_id].add(key)
    return keys


def _note(uow: UnitOfWork, kind: OrganisationKind, entry: RegisteredService) -> None:
    stated = {
        "service": entry.id,
        "reason": entry.reason,
        "definition": entry.definition,
        "planned_for": entry.planned_for,
        "digest": digest_of(_texts(entry)),
    }
    administration_log.note(uow, kind, entry.unit_id, stated)


def _texts(entry: RegisteredService) -> Mapping[str, Any]:
    return {name: getattr(entry, name) for name in ("name_fa", "name_en", "text")}
