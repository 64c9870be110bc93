"""The commands of people on tasks. Each holds the case first, then looks at the task again."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam

from engine import access, bpmn, cases, definitions, forms
from engine.cases import Locked, TaskChange
from engine.db import UnitOfWork
from engine.errors import Conflict, Forbidden
from engine.events import Fact
from engine.models import Case, Task
from engine.tasks.reading import get, unknown


@lru_cache
def _locking(role: str) -> Select[*tuple[Any, ...]]:
    """A task with its case, both held, and whether an account with this role may see and take it.

    Made once for each.
    """
    return (
        cases.locking(
            Task.id.label("task_id"),
            Task.element,
            Task.status.label("task_status"),
            Task.assignee_id,
            Task.revision.label("task_revision"),
            access.visible_cases(role).label("case_seen"),
            access.taken_as(role).label("taken_as"),
        )
        .join(Task, Task.case_id == Case.id)
        .where(Task.id == bindparam("task"))
        # Both rows: with the case alone, whoever waited for it would see the task as it was before.
        .with_for_update(of=(Case, Task))
    )


@dataclass(frozen=True, slots=True)
class Completed:
    """What completing a task did to it and to its case."""

    task_id: UUID
    task_revision: int
    case_id: UUID
    case_number: str
    case_status: str
    case_outcome: str | None
    opened: cases.Opened


@dataclass(frozen=True, slots=True)
class Held:
    """A task that is held with its case."""

    case: Locked
    row: Any


def hold(uow: UnitOfWork, task_id: UUID) -> Held:
    """Hold a task that the actor may work on. Raises NotFound, Forbidden if it may only see it."""
    access.require(uow.actor, "tasks.work")
    row = cases.held(uow, _locking(uow.actor.role), task=task_id, **access.seen_by(uow))
    if row is None or (row.taken_as is None and not row.case_seen):
        raise unknown(task_id)
    if row.taken_as is None:
        raise Forbidden("The task is for others: you have none of the roles that may take it.")
    return Held(replace(cases.locked(row), acting=row.taken_as or None), row)


def _conflict(row: Any, detail: str) -> Conflict:
    return Conflict(detail, task={"id": row.task_id, "status": row.task_status, "assignee": row.assignee_id})


def _require_open(case: Locked, row: Any) -> bytes:
    """The state of the case that waits for the task. Raises Conflict if none does."""
    if row.task_status != "open":
        raise _conflict(row, f"The task is {row.task_status}.")
    return cases.require_active(case)


def complete(
    uow: UnitOfWork, task_id: UUID, data: Mapping[str, Any], *, revisions: Collection[int] | None = None
) -> Completed:
    """Complete a task with the data of its form and run the case on.

    A task that nobody has claimed counts as the actor's. If something fails on the way on, the task stays
    completed with its data and the failing element holds an incident.
    """
    held = hold(uow, task_id)
    case, row = held.case, held.row
    state = _require_open(case, row)
    if row.assignee_id not in (None, uow.actor.id):
        raise _conflict(row, "Somebody else has claimed the task.")
    cases.require_revision(row.task_revision, revisions)
    spec = definitions.spec(uow.session, case.version)
    answer = forms.check(spec.elements[row.element].form, data)
    if answer:
        cases.require_size({**case.data, **answer})
    step = bpmn.complete(spec, state, task_id, answer, uow.now)
    change = TaskChange(task_id, "completed", uow.actor.id, uow.now)
    done = Fact("task.completed", row.element, task_id, {"data": answer} if answer else None)
    values, opened = cases.apply(uow, case, step, [done], change=change)
    status, outcome = values["status"], values["outcome"]
    return Completed(task_id, row.task_revision + 1, case.id, case.number, status, outcome, opened)


def claim(uow: UnitOfWork, task_id: UUID, *, revisions: Collection[int] | None = None) -> Mapping[str, Any]:
    """Take a task for oneself.

    Claiming one's own again changes nothing. Raises Conflict if somebody else has it.
    """

    def taken(row: Any) -> UUID | None:
        if row.assignee_id not in (None, uow.actor.id):
            raise _conflict(row, "Somebody else has claimed the task.")
        return uow.actor.id

    return _assign(uow, task_id, revisions, taken, "task.claimed")


def release(uow: UnitOfWork, task_id: UUID, *, revisions: Collection[int] | None = None) -> Mapping[str, Any]:
    """Give a task back. Raises Conflict if it is not the actor's."""

    def given(row: Any) -> None:
        if row.assignee_id != uow.actor.id:
            raise _conflict(row, "The task is not yours to release.")

    return _assign(uow, task_id, revisions, given, "task.released")


def _assign(
    uow: UnitOfWork,
    task_id: UUID,
    revisions: Collection[int] | None,
    decide: Callable[[Any], UUID | None],
    kind: Any,
) -> Mapping[str, Any]:
    held = hold(uow, task_id)
    case, row = held.case, held.row
    _require_open(case, row)
    assignee = decide(row)
    cases.require_revision(row.task_revision, revisions)
    if assignee != row.assignee_id:
        change = TaskChange(task_id, "open", assignee, None)
        cases.note(uow, case, [Fact(kind, row.element, task_id)], change)
    return get(uow, task_id)
