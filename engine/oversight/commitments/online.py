"""How many services of a unit are online: in the catalogue, of these and those in the register.

At any day: the administration log says when a service was added to the catalogue, or removed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from engine.models import (
    Definition,
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
    """A service in the register that wasn't online, with the key and name of its unit."""

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


@dataclass(frozen=True, slots=True)
class ServicesOnline:
    """How many services were online, of how many, and those that weren't, most used first."""

    online: int
    total: int
    missing: Sequence[Service]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the register, while it was there."""

    service: Service
    registered_at: datetime
    removed_at: datetime | None


@dataclass(slots=True)
class Register:
    """The services of a unit and those below it: entries of the register, and processes by key.

    `changes` are the instants from which a process was online, or not any more, in order.
    """

    zone: tzinfo | None
    entries: list[_Entry]
    own: set[str]
    changes: Mapping[str, Sequence[tuple[datetime, bool]]]

    def at(self, day: date) -> ServicesOnline:
        """Returns what was online when a day began."""
        instant = datetime.combine(day, time.min, self.zone)
        known = [
            one.service
            for one in self.entries
            if one.registered_at < instant and not (one.removed_at and one.removed_at < instant)
        ]
        missing = [one for one in known if not self._is_online(one.definition, instant)]
        missing.sort(key=lambda one: (-(one.yearly_volume or 0), one.name_fa, one.id))
        linked = {one.definition for one in known}
        unlinked = sum(key not in linked and self._is_online(key, instant) for key in self.own)
        online = len(known) - len(missing) + unlinked
        return ServicesOnline(online, len(known) + unlinked, missing)

    def figure(self, day: date) -> Figure:
        """Returns the share that was online when a day began."""
        found = self.at(day)
        return ratio(found.online, found.total, found.total)

    def _is_online(self, key: str | None, instant: datetime) -> bool:
        states = [is_online for at, is_online in self.changes.get(key or "", ()) if at < instant]
        return bool(states) and states[-1]


def services_online(uow: UnitOfWork, unit_id: UUID, until: date) -> ServicesOnline:
    """Returns how many services of a unit, and of those below it, were online at the end of a day.

    Raises Forbidden; NotFound for a unit that the actor doesn't see.
    """
    require_unit(uow, unit_id)
    return registers(uow, [unit_id])[unit_id].at(until + DAY)


def require_unit(uow: UnitOfWork, unit_id: UUID) -> str:
    """Returns the key of a unit whose figures the actor reads. Raises Forbidden, NotFound."""
    key = uow.connection.execute(select(Unit.key).where(Unit.id == unit_id)).scalar_one_or_none()
    if key is None:
        raise NotFound(f"The unit {unit_id} does not exist.")
    resolve(uow, Filters(unit=key))
    return str(key)


def registers(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, Register]:
    """Returns the services of each of these units, in three statements."""
    entries, line = _entries(uow, unit_ids), aliased(UnitLine)
    found = (
        select(line.ancestor_id, Definition.key, Definition.offered_at)
        .join(line, line.unit_id == Definition.unit_id)
        .where(line.ancestor_id.in_(unit_ids), Definition.current_version_id.is_not(None))
    )
    own: dict[UUID, set[str]] = defaultdict(set)
    offered: dict[str, datetime | None] = {}
    for unit_id, key, at in uow.connection.execute(found):
        own[unit_id].add(key)
        offered[key] = at
    linked = {one.service.definition for of_unit in entries.values() for one in of_unit}
    changes = _changes(uow, offered, {key for key in linked if key is not None})
    zone = uow.now.tzinfo
    return {one: Register(zone, entries.get(one, []), own[one], changes) for one in unit_ids}


def _entries(uow: UnitOfWork, unit_ids: Collection[UUID]) -> Mapping[UUID, list[_Entry]]:
    row, line, unit = RegisteredService, aliased(UnitLine), aliased(Unit)
    columns: tuple[Any, ...] = (
        *(row.id, unit.key, unit.name, row.name_fa, row.name_en, row.yearly_volume),
        *(row.reason, row.text, row.planned_for, row.definition),
    )
    found = (
        select(line.ancestor_id, row.registered_at, row.removed_at, *columns)
        .join(line, line.unit_id == row.unit_id)
        .join(unit, unit.id == row.unit_id)
        .where(line.ancestor_id.in_(unit_ids))
    )
    entries: dict[UUID, list[_Entry]] = defaultdict(list)
    for unit_id, registered_at, removed_at, *values in uow.connection.execute(found):
        entries[unit_id].append(_Entry(Service(*values), registered_at, removed_at))
    return entries


def _changes(
    uow: UnitOfWork, offered: Mapping[str, datetime | None], linked: Collection[str]
) -> Mapping[str, Sequence[tuple[datetime, bool]]]:
    """Returns since when each process was online, and since when not.

    A process that is in the catalogue without an entry in the log was added by an earlier release.
    """
    record = OrganisationRecord
    key = record.payload["definition"].as_string()
    found = select(key, record.kind, record.at).where(record.kind.in_([*_CHANGES])).order_by(record.seq)
    wanted = {*offered, *linked}
    states: dict[str, dict[str, bool]] = defaultdict(lambda: {"offered": False, "enabled": True})
    changes: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for name, kind, at in uow.connection.execute(found):
        if name in wanted:
            what, value = _CHANGES[kind]
            states[name][what] = value
            changes[name].append((at, all(states[name].values())))
    for name, since in offered.items():
        if since is not None and name not in changes:
            changes[name].append((since, True))
    return changes
