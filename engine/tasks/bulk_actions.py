"""Many tasks in one request. Each succeeds or is refused independently of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from engine import access
from engine.models import Case, Task
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, Refusal
from engine.tasks import commands, reassignment

Action = Literal["claim", "release", "assign", "complete"]


@dataclass(frozen=True, slots=True)
class Item:
    """One task, the data that complete it, its new assignee, and the reason for the reassignment."""

    id: UUID
    data: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an item: its task's status and revision, or the refusal."""

    id: UUID
    status: str | None = None
    revision: int | None = None
    refusal: Refusal | None = None


def act(uow: UnitOfWork, action: Action, items: Sequence[Item]) -> list[Outcome]:
    """Applies one action to many tasks, in the given order. Raises Invalid if a task is listed twice."""
    access.require(uow.actor, "tasks.assign" if action == "assign" else "tasks.work")
    _require_once(items)
    _hold_cases(uow, [item.id for item in items])
    return [_one(uow, action, item) for item in items]


def _require_once(items: Sequence[Item]) -> None:
    first = {item.id: number for number, item in reversed(list(enumerate(items)))}
    faults = [
        Fault(f"/items/{number}/id", "appears twice", "duplicate")
        for number, item in enumerate(items)
        if first[item.id] != number
    ]
    if faults:
        raise Invalid("A task appears twice in the request.", faults)


def _hold_cases(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    """Locks all cases before the first command, in the common order.

    So two bulk actions wait for each other without a deadlock.
    """
    of_tasks = select(Task.case_id).join(Case, Case.id == Task.case_id)
    of_tasks = of_tasks.where(Task.id.in_(ids), access.reachable_tasks(uow.actor.role))
    ordered = select(Case.id).where(Case.id.in_(of_tasks)).order_by(Case.id).with_for_update()
    uow.connection.execute(ordered, access.seen_by(uow)).all()


def _one(uow: UnitOfWork, action: Action, item: Item) -> Outcome:
    done = uow.attempt(lambda: _do(uow, action, item))
    return Outcome(item.id, refusal=done) if isinstance(done, Refusal) else done


def _do(uow: UnitOfWork, action: Action, item: Item) -> Outcome:
    if action == "complete":
        done = commands.complete(uow, item.id, item.data)
        return Outcome(item.id, "completed", done.task_revision)
    if action == "assign":
        row = reassignment.assign(uow, item.id, item.to, reason=item.reason)
    elif action == "release":
        row = commands.release(uow, item.id, reason=item.reason)
    else:
        row = commands.claim(uow, item.id)
    return Outcome(item.id, row["status"], row["revision"])
