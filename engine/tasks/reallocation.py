"""Automatically assigned tasks: assigns them again when released, or when there was no candidate before."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, and_, bindparam, exists, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from engine import access, cases, definitions
from engine.access import validity
from engine.cases import LockedCase, TaskChange
from engine.events import Fact
from engine.identity import names
from engine.models import Case, Membership, Recusal, Substitution, Task, User
from engine.organisation import automatic_assignment, eligibility
from engine.organisation.automatic_assignment import AssignmentContext, Chosen, OpenTask
from engine.platform.db import UnitOfWork, table
from engine.tasks import reassignment_reasons
from engine.tasks.locked_task import LockedTask, TaskRow
from engine.tasks.reading import get

BATCH = 500

_COLUMNS = (
    Task.id.label("task_id"),
    Task.element,
    Task.candidate_group_id,
    Task.opened_at,
    Task.assignment,
    Task.people,
)


class _Coming(NamedTuple):
    """A task that may be assigned automatically: `_COLUMNS`, in their order."""

    task_id: UUID
    element: str
    candidate_group_id: UUID | None
    opened_at: datetime
    assignment: str | None
    people: Mapping[str, Any] | None


_COMES = and_(Task.status == "open", Task.assignment.is_not(None))
# Only for these it must be checked whether the assignee may still claim the task.
_ENDED: Any = select(User.id).where(
    or_(
        User.deactivated_at.is_not(None),
        exists().where(Membership.user_id == User.id, validity.ended(Membership)),
        exists().where(Substitution.substitute_id == User.id, validity.ended(Substitution)),
    )
)
# Its assignee may no longer claim it.
_LOST = and_(
    Task.assignee_id.in_(_ENDED),
    ~exists().where(User.id == Task.assignee_id, access.candidates_of(Task.candidate_group_id)),
)
_WAITING = (
    select(Task.id).where(_COMES, Task.assignee_id.is_(None)),
    select(Task.id).where(_COMES, _LOST),
)
_ONE_WAITING = (
    cases.select_for_locking(*_COLUMNS)
    .join(Task, Task.case_id == Case.id)
    .where(Task.id == bindparam("task"), _COMES, or_(Task.assignee_id.is_(None), _LOST))
    .with_for_update(of=(Case, Task))
)
_MINE = (
    select(*_COLUMNS)
    .where(
        Task.case_id == bindparam("case"),
        Task.status == "open",
        or_(Task.assignee_id == bindparam("user"), Task.id == bindparam("task")),
    )
    .order_by(Task.id)
    .with_for_update()
)
_GIVE = (
    update(Task)
    .where(Task.id == bindparam("task"))
    .values(assignee_id=bindparam("user"), revision=Task.revision + 1)
)


def choose(
    uow: UnitOfWork, case: LockedCase, rows: Sequence[_Coming | TaskRow], avoided: Collection[UUID]
) -> Mapping[UUID, Chosen]:
    """Chooses assignees for automatically assigned tasks of a locked case.

    The avoided if there is nobody else.
    """
    open_tasks = [
        OpenTask(
            row.task_id,
            row.element,
            row.candidate_group_id,
            row.opened_at,
            row.assignment,
            only=row.people["users"] if row.people and row.people.get("only") else (),
        )
        for row in rows
        if row.assignment is not None and row.candidate_group_id is not None
    ]
    if not open_tasks:
        return {}
    spec = definitions.spec(uow.session, case.version)
    parties = eligibility.parties(case.home.persons, spec, case.data)
    gone = [task.id for task in open_tasks]  # they have no assignee now
    context = AssignmentContext(case.id, spec, case.state, parties, case.home.appeal_of, gone=gone)
    return automatic_assignment.choose_for_open(uow, context, open_tasks, avoided)


def list_unassigned(uow: UnitOfWork, after: UUID | None = None) -> Sequence[UUID]:
    """Returns a batch of tasks without an assignee, or whose assignee lost the right to claim them."""
    later = [] if after is None else [Task.id > after]
    each = [wanted.where(*later).order_by(Task.id).limit(BATCH) for wanted in _WAITING]
    found = union_all(*(select(part.subquery().c.id) for part in each)).subquery()
    statement = select(found.c.id).order_by(found.c.id).limit(BATCH)
    return uow.connection.execute(statement, {"now": uow.now}).scalars().all()


def reallocate(uow: UnitOfWork, task_id: UUID) -> bool:
    """Assigns such a task, if there is a candidate by now. Returns whether it was assigned."""
    found = cases.held_with(uow, _ONE_WAITING, _Coming._make, task=task_id, now=uow.now)
    if found is None:
        return False
    case, row = cases.locked_case(found[0]), found[1]
    if case.status != "active":
        return False
    chosen = choose(uow, case, [row], ()).get(task_id)
    if chosen is not None:
        change = TaskChange(task_id, "open", chosen.user_id, None)
        cases.note(uow, case, [chosen.fact(row.element, task_id)], change)
    return chosen is not None


def _recused(assignment: str | None) -> Mapping[str, Any]:
    return {"reason": reassignment_reasons.RECUSED, **({"assignment": assignment} if assignment else {})}


def recuse(uow: UnitOfWork, held: LockedTask, reason: str | None) -> Mapping[str, Any]:
    """Recuses the actor permanently: its tasks in the case go to others, and none are assigned to it later.

    Doing it again changes nothing.
    """
    case, row = held.case, held.row
    held.require_open()
    if not row.recused:
        values = {"case_id": case.id, "user_id": uow.actor.id, "reason": reason, "at": uow.now}
        uow.connection.execute(insert(table(Recusal)).values(values))
        own = {"case": case.id, "user": uow.actor.id, "task": row.task_id if row.own else None}
        left = [_Coming._make(found) for found in uow.connection.execute(_MINE, own)]
        chosen = choose(uow, case, left, {uow.actor.id})
        facts = [Fact("task.recused", row.element, row.task_id)]
        for task in left:
            new = chosen.get(task.task_id)
            given = {"task": task.task_id, "user": new and new.user_id}
            uow.connection.execute(_GIVE, given)
            facts.append(Fact("task.released", task.element, task.task_id, _recused(task.assignment)))
            facts += [new.fact(task.element, task.task_id)] if new else []
        cases.note(uow, case, facts)
    return get(uow, row.task_id, own=True)


def recusals(uow: UnitOfWork, case_id: UUID) -> Sequence[RowMapping]:
    """Returns the recusals in a case, with reasons. Raises NotFound for cases that the actor may not see."""
    access.require(uow.actor, "fairness.read")
    access.require_purpose(uow.actor)
    cases.require_visible(uow, case_id)
    who = (Recusal.user_id.label("account_id"), User.name.label("account"), names.of().label("account_name"))
    columns = (*who, Recusal.at, Recusal.reason)
    found = select(*columns).join(User, User.id == Recusal.user_id).where(Recusal.case_id == case_id)
    return uow.connection.execute(found.order_by(Recusal.at, User.name)).mappings().all()
