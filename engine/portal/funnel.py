"""How far applications come: begun, each step, sent, discarded, expired. Numbers per version and day.

They are counted in the transaction of what they count, without person and draft, and remain when drafts are
deleted. What portals and desks start without a draft isn't counted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import CTE, Insert, func, literal, select
from sqlalchemy.dialects.postgresql import Insert as UpsertableInsert
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access, definitions
from engine.models import ApplicationCount, ApplicationStage, Definition, DefinitionVersion
from engine.platform.db import UnitOfWork, recordset, table

LONGEST = 366  # days
_COUNTS = table(ApplicationCount)
_KEY = ("key", "day", "version", "stage", "step")


@dataclass(slots=True)
class Counts:
    """How many applications came to each stage; `steps` by the number of answered steps."""

    begun: int = 0
    sent: int = 0
    discarded: int = 0
    expired: int = 0
    steps: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, stage: ApplicationStage, step: int, count: int) -> None:
        """Adds a number to a stage."""
        if stage == "step":
            self.steps[step] += count
        else:
            setattr(self, stage, getattr(self, stage) + count)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The numbers of a service from one day to another: in all, and by day and version."""

    key: str
    from_on: date
    to_on: date
    total: Counts
    days: Mapping[tuple[date, int], Counts]


def _adding(rows: UpsertableInsert) -> Insert:
    """Returns an insert that adds to the numbers that are there."""
    more = _COUNTS.c.count + rows.excluded.count
    return rows.on_conflict_do_update(index_elements=_KEY, set_={"count": more})


_ADD = _adding(recordset(_COUNTS, "application_counts"))


def count(uow: UnitOfWork, key: str, version: int, stages: Sequence[tuple[ApplicationStage, int]]) -> None:
    """Counts one application in each of these stages, with their steps. At most once in a command.

    Written when the command ends, in a common order: others wait for the rows as short as possible.
    """
    count_together(uow, [(key, version)], stages)


def count_together(
    uow: UnitOfWork, versions: Sequence[tuple[str, int]], stages: Sequence[tuple[ApplicationStage, int]]
) -> None:
    """Counts one application for these versions of several services, as `count` does."""
    shared = {"day": uow.now.date().isoformat(), "count": 1}
    rows = [
        {**shared, "key": key, "version": version, "stage": stage, "step": step}
        for key, version in sorted(versions)
        for stage, step in sorted(stages)
    ]
    if rows:
        uow.write(_ADD, {"application_counts": rows})


def count_all(uow: UnitOfWork, stage: ApplicationStage, gone: CTE) -> Insert:
    """Returns a statement that counts all drafts of a CTE with `key` and `version_id` in this stage."""
    numbers = (
        select(gone.c.key, DefinitionVersion.number, literal(uow.now.date()), literal(stage), literal(0))
        .add_columns(func.count())
        .join(DefinitionVersion, DefinitionVersion.id == gone.c.version_id)
        .group_by(gone.c.key, DefinitionVersion.number)
        .order_by(gone.c.key, DefinitionVersion.number)
    )
    names = ["key", "version", "day", "stage", "step", "count"]
    return _adding(upsert(_COUNTS).from_select(names, numbers))


def read(uow: UnitOfWork, key: str, from_on: date, to_on: date) -> Funnel:
    """Returns the numbers of a service of the actor's units, both days included. Raises NotFound."""
    access.require(uow.actor, "funnel.read")
    definitions.require_own(uow, key)
    of_days = _COUNTS.c.day.between(from_on, to_on)
    found = select(_COUNTS.c.day, _COUNTS.c.version, _COUNTS.c.stage, _COUNTS.c.step)
    found = found.add_columns(_COUNTS.c.count.label("number")).where(_COUNTS.c.key == key, of_days)
    total, days = Counts(), defaultdict[tuple[date, int], Counts](Counts)
    for row in uow.connection.execute(found.order_by(_COUNTS.c.day, _COUNTS.c.version, _COUNTS.c.step)):
        for counts in (total, days[row.day, row.version]):
            counts.add(row.stage, row.step, row.number)
    return Funnel(key, from_on, to_on, total, dict(days))


def overview(uow: UnitOfWork, from_on: date, to_on: date) -> Sequence[tuple[str, str, Counts]]:
    """Returns key, name and numbers of all services of the actor's units with an application, by name."""
    access.require(uow.actor, "funnel.read")
    newest = select(DefinitionVersion.name).where(DefinitionVersion.key == _COUNTS.c.key)
    name = newest.order_by(DefinitionVersion.number.desc()).limit(1).scalar_subquery().label("name")
    found = (
        select(_COUNTS.c.key, name, _COUNTS.c.stage, _COUNTS.c.step)
        .add_columns(func.sum(_COUNTS.c.count).label("number"))
        .join(Definition, Definition.key == _COUNTS.c.key)
        .where(_COUNTS.c.day.between(from_on, to_on), access.covers(Definition.unit_id))
        .group_by(_COUNTS.c.key, _COUNTS.c.stage, _COUNTS.c.step)
        .order_by("name", _COUNTS.c.key)
    )
    services: dict[tuple[str, str], Counts] = defaultdict(Counts)
    values: dict[str, Any] = access.seen_by(uow)
    for row in uow.connection.execute(found, values):
        services[row.key, row.name].add(row.stage, row.step, int(row.number))
    return [(*service, counts) for service, counts in services.items()]
