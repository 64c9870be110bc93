"""A task that a command holds together with its case."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from engine import access, cases
from engine.cases import Locked
from engine.models import Task, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

_HOLDER = select(User.id).where(User.id == bindparam("holder"))
_STILL = _HOLDER.where(access.takers(bindparam("pool", type_=Task.pool_id.type)))
# The applicant's tasks have no pool that somebody could lose.
_ACTIVE = _HOLDER.where(User.deactivated_at.is_(None))


@dataclass(frozen=True, slots=True)
class Held:
    """The case, and the row of the task: what `work` has selected of it."""

    case: Locked
    row: Any

    def require_open(self) -> bytes:
        """The state of the case that waits for the task. Raises Conflict if none does."""
        if self.row.task_status != "open":
            raise self.conflict(f"The task is {self.row.task_status}.")
        return cases.require_active(self.case)

    def require_available(self, uow: UnitOfWork) -> None:
        """Raises Conflict if somebody else has the task: whoever may take it no more has it no more."""
        row = self.row
        if row.assignee_id is None or row.own:
            return
        still = _ACTIVE if row.pool_id is None else _STILL
        given = {"holder": row.assignee_id, "pool": row.pool_id, "now": uow.now}
        if uow.connection.execute(still, given).first() is not None:
            raise self.conflict("Somebody else has claimed the task.", code="task-claimed")

    def conflict(self, detail: str, *, code: str | None = None) -> Conflict:
        """The refusal that tells what the task is at present."""
        row = self.row
        present = {"id": row.task_id, "status": row.task_status, "assignee": row.assignee_id}
        return Conflict(detail, code=code, task=present)
