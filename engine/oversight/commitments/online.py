"""How many services of a unit are online: in the catalogue, of these and those in the register.

At any day: the administration log says when a service was added to the catalogue, or removed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased

from engine import access
from engine.access import validity
from engine.models import (
    Definition,
    DefinitionVersion,
    OfflineReason,
    OrganisationKind,
    OrganisationRecord,
    RegisteredService,
    Unit,
    UnitLine,
)
from engine.oversight.metrics.figures import Figure, ratio
from engine.oversight.metrics.filters import Filters, resolve
from engine.oversight.projection.periods import DAY
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound

# What an entry of the log makes of a service: in the catalogue or not, enabled or not.
_CHANGES: Mapping[OrganisationKind, tuple[str, bool]] = {
    "definition.offered": ("offered", True),
    "definition.withdrawn": ("offered", False),
    "definition.enabled": ("enabled", True),
    "definition.disabled": ("enabled", False),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service in the register, with the key and name of its unit."""

    id: UUID
    unit: str
    unit_name: str
    name_fa: str
    name_en: str
    yearly_volume: int | None
    reason: OfflineReason
    text: str
    planned_for: date | None
    definition: str | None
    revision: int
    registered_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ServicesOnline:
    """How many services were online, of how many.

    `missing` are those in the register that weren't, most used first, `present` those that were; `unlinked`
    are the processes that were online, and that no service in the register is linked to. `proposed`: for
    some of these a service of the same name, to which nothing is linked.
    """

    online: int
    total: int
    missing: Sequence[Service]
    present: Sequence[Service]
    unlinked: Sequence[str]
    proposed: Mapping[str, Service] = field(default_factory=dict)

    @property
    def share(self) -> Figure:
        """The share that was online."""
        return ratio(self.online, self.total, self.total)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the register, which may have been removed."""

    service: Service
    removed_at: datetime | None


@dataclass(slots=True)
class Register:
    """The services of a unit and those below it: entries of the register, and processes by key.

    `changes` are the instants from which a process was online, or not any more, in order.
    """

    zone: tzinfo | None
    entries: list[_Entry]
    own: set[str | None]
    changes: Mapping[str, Sequence[tuple[datetime, bool]]]
    names: Mapping[str, str]

    def at(self, day: date) -> ServicesOnline:
        """Returns what was online when a day began."""
        instant = datetime.combine(day, time.min, self.zone)
        known = [
            one.service
            for one in self.entries
            if one.service.registered_at < instant and not (one.removed_at and one.removed_at < instant)
        ]
        known.sort(key=lambda one: (-(one.yearly_volume or 0), one.name_fa, one.id))
        present = [one for one in known if self._is_online(one.definition, instant)]
        missing = [one for one in known if not self._is_online(one.definition, instant)]
        linked = {one.definition for one in known}
        unlinked = sorted(key for key in self.own - linked if key and self._is_online(key, instant))
        total = len(known) + len(unlinked)
        proposed = self._proposed(unlinked, missing)
        return ServicesOnline(total - len(missing), total, missing, present, unlinked, proposed)

    def _proposed(self, unlinked: Sequence[str], missing: Sequence[Service]) -> Mapping[str, Service]:
        """Returns for processes the only service without one that has the same name, in either language."""
        by_name: dict[str, list[Service]] = defaultdict(list)
        for one in missing if unlinked else ():
            if one.definition is None:
                for name in {persian.compact(one.name_fa), persian.compact(one.name_en)}:
                    by_name[name].append(one)
        found = {}
        for key in unlinked:
            halves = {persian.compact(half) for half in self.names[key].split(" | ")}
            same = {one.id: one for half in halves for one in by_name.get(half, ())}
            if len(same) == 1:
                found[key] = next(iter(same.values()))
        return found

    def figure(self, day: date) -> Figure:
        """Returns the share that was online when a day began."""
        return self.at(day).share

    def _is_online(self, key: str | None, instant: datetime) -> bool:
        states = [is_online for at, is_online in self.changes.get(key or "", ()) if at < instant]
        return bool(states) and states[-1]


def services_online(uow: UnitOfWork, unit_id: UUID, until: date) -> ServicesOnline:
    """Returns how many services of a unit, and of those below it, were online at the end of a day.

    Raises Forbidden; NotFound for a unit that the actor doesn't see.
    """
    require_unit(uow, unit_id)
    return registers(uow, [unit_id])[unit_id].at(until + DAY)


def register_now(uow: UnitOfWork, unit: str | None) -> ServicesOnline:
    """Returns the register of a unit and those below it, or of all units of the actor, as it is now.

    Raises Forbidden, NotFound.
    """
    resolve(uow, Filters(unit=unit))
    held = select(access.positions().c.unit_id)
    chosen: Any = held if unit is None else select(Unit.id).where(Unit.key == unit)
    found = registers(uow, uow.connection.execute(chosen, access.seen_by(uow)).scalars().all())
    entries = {one.service.id: one for each in found.values() for one in each.entries}
    own = {key for each in found.values() for key in each.own}
    changes = {key: value for each in found.values() for key, value in each.changes.items()}
    names = {key: value for each in found.values() for key, value in each.names.items()}
    whole = Register(uow.now.tzinfo, [*entries.values()], own, changes, names)
    return whole.at(uow.now.date() + DAY)


def service_now(uow: UnitOfWork, service_id: UUID) -> tuple[Service, bool]:
    """Returns an entry of the register, and whether the service is online. Raises Forbidden, NotFound."""
    access.require(uow.actor, "metrics.read")
    row = RegisteredService
    own = select(row.unit_id).where(row.id == service_id, access.covers(row.unit_id))
    unit_id = uow.connection.execute(own, access.seen_by(uow)).scalar_one_or_none()
    found = None if unit_id is None else registers(uow, [unit_id])[unit_id].at(uow.now.date() + DAY)
    for services, online in () if found is None else ((found.missing, False), (found.present, True)):
        for one in services:
            if one.id == service_id:
                return one, online
    raise NotFound(f"The service {service_id} is not in the register.")


def require_unit(uow: UnitOfWork, unit_id: UUID) -> str:
    """Returns the key of a unit whose figures the actor reads. Raises Forbidden, NotFound."""
    key = uow.connection.execute(select(Unit.key).where(Unit.id == unit_id)).scalar_one_or_none()
    if key is None:
        raise NotFound(f"The unit {unit_id} does not exist.")
    resolve(uow, Filters(unit=key))
    return str(key)


def registers(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, Register]:
    """Returns the services of each of these units, in two statements."""
    entries = _entries(uow, unit_ids)
    linked = {one.service.definition for of_unit in entries.values() for one in of_unit}
    own: dict[UUID, set[str | None]] = defaultdict(set)
    processes: dict[str, _Process] = {}
    seen: set[int] = set()  # entries of the log: one for each unit above the process
    for unit_id, key, name, at, seq, kind, when in uow.connection.execute(_processes(unit_ids, linked)):
        process = processes.setdefault(key, _Process(name, at))
        if unit_id is not None:
            own[unit_id].add(key)
        if seq is not None and seq not in seen:
            seen.add(seq)
            process.log.append((kind, when))
    changes = {key: _changes(one) for key, one in processes.items()}
    names = {key: one.name for key, one in processes.items()}
    zone = uow.now.tzinfo
    return {one: Register(zone, entries.get(one, []), own[one], changes, names) for one in unit_ids}


@dataclass(slots=True)
class _Process:
    """A process: its name, since when it is in the catalogue, and what the log says about that."""

    name: str
    offered_at: datetime | None
    log: list[tuple[OrganisationKind, datetime]] = field(default_factory=list)


def _processes(unit_ids: Collection[UUID], linked: Collection[str | None]) -> Select[Any]:
    """Selects the processes of units and those below, and linked ones, each with its entries of the log."""
    line, record = aliased(UnitLine), OrganisationRecord
    in_log = and_(record.kind.in_([*_CHANGES]), record.payload["definition"].as_string() == Definition.key)
    return (
        select(line.ancestor_id, Definition.key, DefinitionVersion.name, Definition.offered_at)
        .add_columns(record.seq, record.kind, record.at)
        .join(DefinitionVersion, validity.current())
        .outerjoin(line, and_(line.unit_id == Definition.unit_id, line.ancestor_id.in_(unit_ids)))
        .outerjoin(record, in_log)
        .where(or_(line.ancestor_id.is_not(None), Definition.key.in_([key for key in linked if key])))
        .order_by(record.seq)
    )


def _entries(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, list[_Entry]]:
    row, line, unit = RegisteredService, aliased(UnitLine), aliased(Unit)
    columns: tuple[Any, ...] = (
        *(row.id, unit.key, unit.name, row.name_fa, row.name_en, row.yearly_volume),
        *(row.reason, row.text, row.planned_for, row.definition, row.revision),
        *(row.registered_at, row.changed_at),
    )
    found = (
        select(line.ancestor_id, row.removed_at, *columns)
        .join(line, line.unit_id == row.unit_id)
        .join(unit, unit.id == row.unit_id)
        .where(line.ancestor_id.in_(unit_ids))
    )
    entries: dict[UUID, list[_Entry]] = defaultdict(list)
    for unit_id, removed_at, *values in uow.connection.execute(found):
        entries[unit_id].append(_Entry(Service(*values), removed_at))
    return entries


def _changes(process: _Process) -> Sequence[tuple[datetime, bool]]:
    """Returns since when a process was online, and since when not.

    One that is in the catalogue without an entry in the log that says so was added by an earlier release.
    """
    since = process.offered_at
    told = any(kind == "definition.offered" for kind, _ in process.log)
    earlier = since is not None and not told
    state = {"offered": earlier, "enabled": True}
    changes = [(since, True)] if since is not None and earlier else []
    for kind, at in process.log:
        what, value = _CHANGES[kind]
        state[what] = value
        changes.append((at, all(state.values())))
    return changes
