"""Tasks: the work of people. Each command holds the case first, then looks at the task again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Result, RowMapping, Select, bindparam, select

from engine import access, bpmn, cases, definitions, forms
from engine.bpmn import Form
from engine.cases import Locked, TaskChange
from engine.db import UnitOfWork
from engine.errors import Conflict, NotFound
from engine.events import Fact
from engine.models import Case, DefinitionVersion, Task, User

_LOCK = (
    cases.locking(
        Task.id.label("task_id"),
        Task.element,
        Task.status.label("task_status"),
        Task.assignee_id,
        Task.revision.label("task_revision"),
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


def _lock(uow: UnitOfWork, task_id: UUID) -> tuple[Locked, Any]:
    row = cases.held(uow, _LOCK, task=task_id)
    if row is None or not access.sees(uow.actor, row.started_by):
        raise _unknown(task_id)
    return cases.locked(row), row


def _unknown(task_id: UUID) -> NotFound:
    return NotFound(f"There is no task {task_id}.")


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
    access.require(uow.actor, "tasks.work")
    case, row = _lock(uow, task_id)
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

    access.require(uow.actor, "tasks.work")
    return _assign(uow, task_id, revisions, taken, "task.claimed")


def release(uow: UnitOfWork, task_id: UUID, *, revisions: Collection[int] | None = None) -> Mapping[str, Any]:
    """Give a task back. Raises Conflict if it is not the actor's."""

    def given(row: Any) -> None:
        if row.assignee_id != uow.actor.id:
            raise _conflict(row, "The task is not yours to release.")

    access.require(uow.actor, "tasks.work")
    return _assign(uow, task_id, revisions, given, "task.released")


def _assign(
    uow: UnitOfWork,
    task_id: UUID,
    revisions: Collection[int] | None,
    decide: Callable[[Any], UUID | None],
    kind: Any,
) -> Mapping[str, Any]:
    case, row = _lock(uow, task_id)
    _require_open(case, row)
    assignee = decide(row)
    cases.require_revision(row.task_revision, revisions)
    if assignee != row.assignee_id:
        change = TaskChange(task_id, "open", assignee, None)
        cases.note(uow, case, [Fact(kind, row.element, task_id)], change)
    return get(uow, task_id)


_SUMMARY = (
    Task.id,
    Task.case_id,
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
    Task.element,
    Task.name,
    Task.lane,
    Task.status,
    Task.assignee_id,
    User.name.label("assignee"),
    Task.revision,
    Task.opened_at,
    Task.closed_at,
    Task.due_at,
    Task.follow_up_at,
    Task.priority,
    Task.people,
)


@lru_cache
def _visible(role: str, *filters: str) -> Select[*tuple[Any, ...]]:
    """The tasks that a role may see, restricted by parameters of these names.

    Made once for each combination.
    """
    by_name = {
        "task": Task.id == bindparam("task"),
        "case": Task.case_id == bindparam("case"),
        "status": Task.status == bindparam("status"),
        "assignee": Task.assignee_id == bindparam("assignee"),
        "after": Task.id > bindparam("after"),
    }
    return (
        select(*_SUMMARY)
        .select_from(Task)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .outerjoin(User, Task.assignee_id == User.id)
        .where(access.visible_cases(role), *(by_name[name] for name in filters))
        .order_by(Task.id)
        .limit(cases.PAGE + 1)
    )


def _select(uow: UnitOfWork, **filters: Any) -> Result[Any]:
    access.require(uow.actor, "tasks.read")
    given = {name: value for name, value in filters.items() if value is not None}
    return uow.connection.execute(_visible(uow.actor.role, *given), {**given, "viewer": uow.actor.id})


def page(
    uow: UnitOfWork,
    *,
    case: UUID | None = None,
    status: str | None = None,
    assignee: UUID | None = None,
    after: UUID | None = None,
) -> Sequence[RowMapping]:
    """Up to a page of tasks, the oldest first, after the one named; one more if more follow."""
    return _select(uow, case=case, status=status, assignee=assignee, after=after).mappings().all()


def get(uow: UnitOfWork, task_id: UUID) -> Mapping[str, Any]:
    """One task. Raises NotFound for tasks that the actor may not see."""
    row = _select(uow, task=task_id).mappings().one_or_none()
    if row is None:
        raise _unknown(task_id)
    return dict(row)


def form(uow: UnitOfWork, task_id: UUID) -> Form | None:
    """The task's form, as its case's version has it."""
    statement = (
        select(Task.element, *definitions.VERSION)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Task.id == task_id)
    )
    row = uow.connection.execute(statement).one()
    version = definitions.Version(*row[1:])
    return definitions.spec(uow.session, version).elements[row.element].form
