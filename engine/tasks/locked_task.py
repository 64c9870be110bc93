"""A task that a command locks together with its case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import access, cases
from engine.cases import LockedCase
from engine.models import Task, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

_HOLDER = select(User.id).where(User.id == bindparam("holder"))
_STILL = _HOLDER.where(access.candidates_of(bindparam("group", type_=Task.candidate_group_id.type)))
# The applicant's tasks have no candidate group that a membership could lose.
_ACTIVE = _HOLDER.where(User.deactivated_at.is_(None))

R = TypeVar("R")


class TaskRow(NamedTuple):
    """A locked task: the columns that `work.locking` selects besides its case, in its order."""

    task_id: UUID
    candidate_group_id: UUID | None
    opened_at: datetime
    element: str
    name: str
    lane: str | None
    kind: str
    assignment: str | None
    people: Mapping[str, Any] | None
    asked: Mapping[str, Any] | None
    parent_id: UUID | None
    token_id: UUID
    asks: bool
    task_status: str
    assignee_id: UUID | None
    task_revision: int
    case_seen: bool
    taken_as: str | None  # the unit as whose member the actor may claim it; empty for the applicant's side
    own: bool | None  # None: no assignee
    person: str | None  # the actor's
    related: Sequence[str] | None
    recused: bool
    seen_revision: int  # the case's, before waiting for the lock


class Subtask(NamedTuple):
    """A locked request attached to another task: an opinion, or a correction."""

    task_id: UUID
    element: str
    kind: str
    asked: Mapping[str, Any]
    parent_id: UUID
    assignee_id: UUID | None


def task_and(more: Callable[[Sequence[Any]], R]) -> Callable[[Sequence[Any]], tuple[TaskRow, R]]:
    """Builds the columns of a task, and applies `more` to the following ones, for `cases.held_with`."""
    count = len(TaskRow._fields)
    return lambda columns: (TaskRow._make(columns[:count]), more(columns[count:]))


@dataclass(frozen=True, slots=True)
class LockedTask:
    """The case, and the row of the task."""

    case: LockedCase
    row: TaskRow

    def require_open(self) -> bytes:
        """Returns the state of the case that waits for the task. Raises Conflict if no case does."""
        if self.row.task_status != "open":
            raise self.conflict(f"The task is {self.row.task_status}.")
        return cases.require_active(self.case)

    def require_available(self, uow: UnitOfWork) -> None:
        """Raises Conflict if another user is the assignee and still may claim the task."""
        row = self.row
        if row.assignee_id is None or row.own:
            return
        still = _ACTIVE if row.candidate_group_id is None else _STILL
        given = {"holder": row.assignee_id, "group": row.candidate_group_id, "now": uow.now}
        if uow.connection.execute(still, given).first() is not None:
            raise self.conflict("Somebody else has claimed the task.", code="task-claimed")

    def subtask(self) -> Subtask:
        """Returns the task as a request attached to another.

        Raises Conflict if it is a step of the process.
        """
        row = self.row
        if row.kind == "step" or row.asked is None or row.parent_id is None:
            raise self.conflict(
                "This task is a step of the process, not a request that can be withdrawn.", code="not-asked"
            )
        return Subtask(row.task_id, row.element, row.kind, row.asked, row.parent_id, row.assignee_id)

    def conflict(self, detail: str, *, code: str | None = None) -> Conflict:
        """Returns the refusal with the current status of the task."""
        row = self.row
        present = {"id": row.task_id, "status": row.task_status, "assignee": row.assignee_id}
        return Conflict(detail, code=code, task=present)
