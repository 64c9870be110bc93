"""The register as a CSV file: imported as a whole or not at all. What an export has can be imported."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from engine import access
from engine.events import administration_log
from engine.models import RegisteredService, Unit
from engine.organisation import units
from engine.oversight.commitments import register
from engine.oversight.commitments.inputs import digest_of
from engine.oversight.commitments.online import Service, ServicesOnline
from engine.oversight.commitments.register import MOST
from engine.oversight.commitments.register_rows import COLUMNS, REFUSED, Line, read
from engine.oversight.metrics import csv_of
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

TOLD = 100  # faults of a file
_NUMBER = re.compile("[0-9]+")  # of a line, in a pointer


@dataclass(frozen=True, slots=True)
class Imported:
    """How many services of a file are new in the register, were changed, and were the same before.

    `units` are the keys of their units.
    """

    added: int
    changed: int
    unchanged: int
    units: Sequence[str]


@dataclass(frozen=True, slots=True)
class Exported:
    """A row of an exported file, with the columns of an import. `online` is ignored there."""

    unit: str
    name_fa: str
    name_en: str
    yearly_volume: int | None
    reason: str
    text: str
    planned_for: date | None
    definition: str | None
    online: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one unit, with its entries by name and the processes to which they can be linked."""

    unit: Unit
    lines: Sequence[Line]
    entries: Mapping[str, RegisteredService]
    linkable: Collection[str]


def import_csv(uow: UnitOfWork, unit: str, content: str) -> Imported:
    """Adds and changes the services of a file; those that the file lacks remain. Nothing on any fault.

    A service is known by its unit and its Persian name. Rows without a unit are of `unit`. Raises Forbidden;
    NotFound for the unit; Invalid with the first faults and their lines.
    """
    access.require(uow.actor, "register.manage")
    try:
        lines = read(content, unit)
    except Invalid:
        register.lock_unit(uow, unit)  # one that doesn't exist is the first thing that is wrong
        raise
    locked = units.administered_alone(uow, {unit, *(line.new.unit for line in lines)})
    if unit not in locked:
        raise units.unknown(unit)
    own, faults = locked[unit], [fault for line in lines for fault in line.faults]
    parts = list(_parts(uow, lines, locked, faults))
    for part in parts:
        faults += _faults(uow, part)
    if faults:
        raise Invalid(REFUSED, _first(faults))
    counted: Counter[str] = Counter()
    for part in parts:
        counted += _apply(uow, part)
    if changed := counted["added"] + counted["changed"]:
        stated = {"services": changed, "digest": digest_of(content)}
        administration_log.note(uow, "register.imported", own.id, stated)
    keys = sorted(part.unit.key for part in parts)
    return Imported(counted["added"], counted["changed"], counted["unchanged"], keys)


def _first(faults: Sequence[Fault]) -> Sequence[Fault]:
    """Returns the first faults in the order of lines, and how many there are besides."""
    faults = sorted(faults, key=lambda one: int(_NUMBER.findall(one.pointer)[0]))
    more = len(faults) - TOLD
    if more <= 0:
        return faults
    detail = f"has {more} more errors, which are not listed"
    return [*faults[:TOLD], Fault("/content", detail, "register-more", {"count": more})]


def _parts(
    uow: UnitOfWork, lines: Sequence[Line], locked: Mapping[str, Unit], faults: list[Fault]
) -> Iterator[_Part]:
    """Yields the rows by unit, and adds a fault for each of an unknown one."""
    by_unit: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_unit[line.new.unit].append(line)
        if line.new.unit not in locked:
            faults.append(Fault(f"{line.place}, unit", "doesn't exist", "unit"))
    ids = [locked[key].id for key in by_unit if key in locked]
    entries: dict[UUID, dict[str, RegisteredService]] = {one: {} for one in ids}
    for entry in register.entries_of(uow, ids):
        entries[entry.unit_id][entry.name_fa] = entry
    linkable = register.linkable_to(uow, ids)
    for key, of_unit in by_unit.items():
        if (unit := locked.get(key)) is not None:
            yield _Part(unit, of_unit, entries[unit.id], linkable[unit.id])


def _faults(uow: UnitOfWork, part: _Part) -> Iterator[Fault]:
    """Yields what is wrong in the rows of a unit, before anything is written."""
    places: dict[str, str] = {}
    for line in part.lines:
        try:
            checked = _check(uow, part, line)
        except Invalid as refusal:
            for fault in refusal.faults:
                yield replace(fault, pointer=f"{line.place}, {fault.pointer[1:]}")
            continue
        if checked.name_fa in places:
            yield Fault(f"{line.place}, name_fa", "is in the file twice", "register-twice")
        places[checked.name_fa] = line.place
    if len({*part.entries, *places}) > MOST:
        detail = f"a unit has at most {MOST} services"
        yield Fault(part.lines[-1].place, detail, "register-full", {"count": MOST})
    yield from _linked_twice(part, places)


def _check(uow: UnitOfWork, part: _Part, line: Line) -> register.CheckedService:
    entry = part.entries.get(line.new.name_fa.strip())
    return register.check(uow, line.new, part.linkable, None if entry is None else entry.planned_for)


def _linked_twice(part: _Part, places: Mapping[str, str]) -> Iterator[Fault]:
    """Yields a fault for each row with a process to which another service of the unit is linked."""
    linked = {name: one.definition for name, one in part.entries.items()}
    linked |= {line.new.name_fa.strip(): line.new.definition for line in part.lines}
    counted = Counter(definition for definition in linked.values() if definition is not None)
    for name, place in places.items():
        if counted[linked[name] or ""] > 1:
            detail = "is the process of another service of the unit"
            yield Fault(f"{place}, definition", detail, "register-linked")


def _apply(uow: UnitOfWork, part: _Part) -> Counter[str]:
    counted: Counter[str] = Counter()
    checked = [_check(uow, part, line) for line in part.lines]
    freed = _free(uow, part, {one.name_fa: one.definition for one in checked})
    for one in checked:
        entry = part.entries.get(one.name_fa)
        if entry is None:
            register.add(uow, part.unit, one)
            counted["added"] += 1
        else:
            changed = register.put(uow, entry, one) or one.name_fa in freed
            counted["changed" if changed else "unchanged"] += 1
    return counted


def _free(uow: UnitOfWork, part: _Part, wanted: Mapping[str, str | None]) -> set[str]:
    """Removes the links that will change: two services may exchange their processes."""
    freed = set()
    for name, entry in part.entries.items():
        if name in wanted and entry.definition not in (None, wanted[name]):
            entry.definition = None
            freed.add(name)
    uow.session.flush()
    return freed


def export_csv(found: ServicesOnline, online: bool | None = None) -> bytes:
    """Returns the entries of a register as a file: those that are online, those that aren't, or all."""
    missing = [] if online is True else [_exported(one, online=False) for one in found.missing]
    present = [] if online is False else [_exported(one, online=True) for one in found.present]
    lines = [*missing, *present]
    return csv_of(lines) if lines else _EMPTY


_EMPTY = (",".join(COLUMNS) + "\r\n").encode("utf-8-sig")


def _exported(service: Service, *, online: bool) -> Exported:
    values = {name: getattr(service, name) for name in COLUMNS[:-1]}
    return Exported(**values, online=online)
