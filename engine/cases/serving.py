"""The order in which tasks are served: by due time, and by the bound of the class of their service.

An administrator gives a service a class with a bound in working time. A task comes first in the inbox when
its bound is over, or its due time: so a low class is served, too, however much urgent work arrives.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import access, deadlines, definitions
from engine.deadlines import Count, Untimely
from engine.definitions.service_classes import BOUNDS, is_bound
from engine.events import administration_log
from engine.models import Case, Definition, DefinitionVersion, ServiceClass, Task, UnitLine
from engine.organisation import calendars
from engine.organisation.candidate_groups import CaseScope
from engine.platform import jobs
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid

BATCH = 1_000
JOB = "reorder"


@dataclass(frozen=True, slots=True)
class ServiceClassView:
    """The class of a service, and its bound; None: it has none."""

    definition: str
    service_class: ServiceClass | None
    bound: str | None


def serve_by(uow: UnitOfWork, home: CaseScope, opened_at: datetime) -> datetime | None:
    """Returns the instant until which a task of a case has to come first; None without a class."""
    return None if home.bound is None else _bound_of(uow, home.unit_id, home.bound, opened_at)


def _bound_of(uow: UnitOfWork, unit_id: UUID, bound: str, opened_at: datetime) -> datetime:
    """Returns the end of a bound. Where holidays are not known, each working day counts as a day."""
    found = deadlines.term(bound)
    try:
        return deadlines.due(Count(calendars.of_unit(uow, unit_id).calendar, opened_at, "office"), found)
    except Untimely:
        days = bound.endswith("WD")
        return opened_at + (timedelta(days=found.count) if days else timedelta(hours=found.count))


def set_class(
    uow: UnitOfWork, key: str, service_class: str | None, bound: str | None = None
) -> ServiceClassView:
    """Sets the class of a service, or removes it, and orders that open tasks are sorted again.

    Without a bound the usual one of the class applies. Raises NotFound, Forbidden, Invalid.
    """
    access.require(uow.actor, "classes.manage")
    definitions.require_own(uow, key)
    faults = []
    if service_class is not None and service_class not in BOUNDS:
        options = ", ".join(BOUNDS)
        faults.append(Fault("/class", f"must be one of: {options}", "enum", {"options": options}))
    if bound is not None and not is_bound(bound):
        faults.append(Fault("/bound", "must be a term in working time, such as P5WD or PT8WH", "class-bound"))
    if bound is not None and service_class is None:
        faults.append(Fault("/bound", "is only for services with a class", "class-missing"))
    if faults:
        raise Invalid("The class can't be set.", faults)
    chosen = next((one for one in BOUNDS if one == service_class), None)
    within = None if chosen is None else bound or BOUNDS[chosen]
    change = update(Definition).where(Definition.key == key)
    uow.connection.execute(change.values(service_class=chosen, serve_within=within))
    administration_log.note(
        uow,
        "service.classed",
        definitions.definition(uow, key).unit_id,
        {"definition": key, "class": chosen, "bound": within},
    )
    versions = select(DefinitionVersion.id.label("version_id")).where(DefinitionVersion.key == key)
    jobs.defer_for(uow, JOB, versions, queue="checks")
    return ServiceClassView(key, chosen, within)


def read_class(uow: UnitOfWork, key: str) -> ServiceClassView:
    """Returns the class of a definition that the actor sees."""
    found = definitions.definition(uow, key)
    return ServiceClassView(key, found.service_class, found.serve_within)


def reorder(uow: UnitOfWork, version_id: UUID, after: UUID | None = None) -> UUID | None:
    """Computes the order of the next open tasks of a version again. Returns the last one; None at the end."""
    return _again(uow, after, Case.version_id == version_id)


def reorder_in_unit(uow: UnitOfWork, unit_id: UUID, after: UUID | None) -> UUID | None:
    """Computes the same for the tasks of a unit and those below it, whose calendar has changed."""
    below = select(UnitLine.unit_id).where(UnitLine.ancestor_id == unit_id)
    return _again(uow, after, Case.unit_id.in_(below), Definition.serve_within.is_not(None))


_SET = update(table(Task)).where(table(Task).c.id == bindparam("row")).values(serve_by=bindparam("instant"))


def _again(uow: UnitOfWork, after: UUID | None, *which: Any) -> UUID | None:
    found = (
        select(Task.id, Task.opened_at, Task.serve_by, Case.unit_id, Definition.serve_within)
        .join(Case, Case.id == Task.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .join(Definition, Definition.key == DefinitionVersion.key)
        .where(Task.status == "open", Task.candidate_group_id.is_not(None), *which)
        .order_by(Task.id)
        .limit(BATCH)
    )
    if after is not None:
        found = found.where(Task.id > after)
    rows = uow.connection.execute(found.with_for_update(of=Task)).all()
    changes = []
    for row in rows:
        bound = row.serve_within
        instant = None if bound is None else _bound_of(uow, row.unit_id, bound, row.opened_at)
        if instant != row.serve_by:
            changes.append({"row": row.id, "instant": instant})
    if changes:
        uow.connection.execute(_SET, changes)
    return rows[-1].id if len(rows) == BATCH else None
