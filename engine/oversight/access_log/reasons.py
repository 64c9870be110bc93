"""Derives from a reader's work why they are shown a case, and as whose member.

The purpose that a reader states (`X-Purpose`) is stored separately; this is what the installation knows
itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import JSON, Select, Uuid, and_, bindparam, case, func, null, select, union_all

from engine import access
from engine.models import Case, Incident, Task
from engine.platform.db import UnitOfWork

# The relations of a reader to a case. The first three have the name of a step.
Reason = Literal[
    "step",
    "open-step",
    "past-step",
    "fault",
    "administrator",
    "auditor",
    "manager",
    "supervisor",
    "office",
    "portal",
    "own",
]
_BY_ROLE: Mapping[str, Reason] = {
    "administrator": "administrator",
    access.AUDITOR: "auditor",
    access.MANAGER: "manager",
}
Way = Literal["search", "list", "incident"]  # how the reader found it


@dataclass(frozen=True, slots=True)
class Standing:
    """The relation of a reader to a case: the unit, any known reason, and the step that it concerns."""

    unit: str | None
    reason: Reason | None
    step: str | None = None


_CASE, _OBJECT = (bindparam(name, type_=Uuid()) for name in ("case", "object"))


def _step() -> Any:
    """Returns the reader's part in a task, and the task's name, as a list.

    Of the shown task if the reader has a part in it; else of another task of the case, or of one that appeals
    it: first a task that is assigned to the reader, then one that they may claim, then one that they have
    completed.
    """
    # A union and no OR, which would read all tasks.
    about = Task.case_id.in_(union_all(select(_CASE), select(Case.id).where(Case.appeal_of == _CASE)))
    mine = access.in_place_of(Task.assignee_id)
    free = and_(Task.assignee_id.is_(None), access.claiming_unit(Task.candidate_group_id).is_not(None))
    part = case(
        (and_(Task.status == "open", mine), "step"),
        (and_(Task.status == "open", free), "open-step"),
        (and_(Task.status == "completed", mine), "past-step"),
        else_=null(),
    ).label("part")
    rank = case((Task.status == "completed", 2), (Task.assignee_id.is_(None), 1), else_=0)
    found = select(part, Task.id, Task.name, rank.label("rank")).where(about).subquery("parts")
    return (
        select(func.json_build_array(found.c.part, found.c.name, type_=JSON))
        .where(found.c.part.is_not(None))
        .order_by((found.c.id == _OBJECT).desc().nulls_last(), found.c.rank, found.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


@cache
def _known() -> Select[Any]:
    """Queries everything in one statement. Built once."""
    of_case = Case.id == _CASE
    near = select(access.acting_in(Case.unit_id)).where(of_case).scalar_subquery()
    return select(
        func.coalesce(near, access.acting()).label("unit"),
        select(access.roles_in(Case.unit_id)).where(of_case).scalar_subquery().label("roles"),
        select(Incident.id)
        .where(Incident.case_id == _CASE, Incident.status == "open")
        .exists()
        .label("failed"),
        _step().label("step"),
    )


def of(uow: UnitOfWork, case_id: UUID, object_id: UUID | None, way: Way | None) -> Standing:
    """Returns the actor's relation to a case of which something is shown."""
    if access.for_applicants(uow.actor):
        return Standing(None, "portal" if uow.actor.role == "portal" else "own")
    given = {"case": case_id, "object": object_id, **access.seen_by(uow)}
    row = uow.connection.execute(_known(), given).one()
    if uow.actor.role in _BY_ROLE:
        failed = uow.actor.role == "administrator" and (row.failed or way == "incident")
        return Standing(row.unit, "fault" if failed else _BY_ROLE[uow.actor.role])
    if row.step is not None:
        return Standing(row.unit, *row.step)
    roles = row.roles or ()
    if not roles:
        return Standing(row.unit, None)
    leads = access.SUPERVISOR in roles or access.ANY in roles
    return Standing(row.unit, "supervisor" if leads else "office")
