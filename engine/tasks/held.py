"""A task that a command holds together with its case."""

from dataclasses import dataclass
from typing import Any

from engine import cases
from engine.cases import Locked
from engine.errors import Conflict


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

    def conflict(self, detail: str) -> Conflict:
        """The refusal that tells what the task is at present."""
        row = self.row
        present = {"id": row.task_id, "status": row.task_status, "assignee": row.assignee_id}
        return Conflict(detail, task=present)
