"""Has the changes of a clock written with its command: the row, the due times of tasks, an incident."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, select, update

from engine.bpmn import Failure
from engine.cases.clock import rows, silence
from engine.cases.clock.rows import Clock
from engine.cases.clock.transitions import Run
from engine.cases.step_effects import StepEffects, incident_row
from engine.events import Fact
from engine.models import CaseClock, Task
from engine.platform.db import UnitOfWork, table

_TASKS = table(Task)
_INSTANT = DateTime(timezone=True)
_CASE = bindparam("clock__case", type_=Uuid())
_CLOCKS = table(CaseClock)
# Tasks without a due time of their own are due with the term; of the others, none is touched. It is part of
# the statement that writes the clock, and reads the end that the clock had before.
_MOVE = (
    update(_TASKS)
    .where(
        _TASKS.c.case_id == _CASE,
        _TASKS.c.status == "open",
        _TASKS.c.kind == "step",
        _TASKS.c.due_at == select(_CLOCKS.c.due_at).where(_CLOCKS.c.case_id == _CASE).scalar_subquery(),
        _TASKS.c.id.is_distinct_from(bindparam("clock__task", type_=Uuid())),  # written by the command itself
    )
    .values(due_at=bindparam("clock__due", type_=_INSTANT))
)


def record(
    uow: UnitOfWork, run: Run | None, before: Clock | None, task: UUID | None = None
) -> Sequence[Fact]:
    """Has the clock written if it has changed. Returns the facts for the log.

    `before` is the clock before the command, None for a new case. `task` is the one that the command changes.
    """
    if run is None:
        return ()
    clock, facts = run.clock, list(run.facts)
    if before is None or before.changed or clock != before:
        rows.write(uow, clock)
    moved = before is not None and before.due_at is not None and clock.due_at != before.due_at
    if moved or (before is not None and before.changed and clock.due_at is not None):
        given = {"clock__case": clock.case_id, "clock__due": clock.due_at, "clock__task": task}
        uow.write(_MOVE, given)
    if clock.state == "stopped" and clock.stage == "breached":
        facts += silence.close_escalations(uow, clock.case_id)
    return facts


def with_due(effects: StepEffects, run: Run | None) -> StepEffects:
    """Returns the effects with the end of the term as the due time of the office's tasks that have none."""
    due = None if run is None or run.clock.state != "running" else run.clock.due_at
    if due is None or not effects.tasks:
        return effects
    late = [
        {**task, "due_at": due} if task["due_at"] is None and task["candidate_group_id"] is not None else task
        for task in effects.tasks
    ]
    return replace(effects, tasks=late)


def stating_due(happened: Sequence[Fact], effects: StepEffects) -> Sequence[Fact]:
    """Returns the facts of a step; those of its new tasks with the due times that these got."""
    dues = {task["id"]: task["due_at"] for task in effects.tasks}
    return [
        replace(fact, facts={**fact.facts, "due_at": dues[fact.task_id]})
        if fact.kind == "task.created" and fact.task_id in dues
        else fact
        for fact in happened
    ]


def failure_of(uow: UnitOfWork, run: Run | None, place: str) -> tuple[list[dict[str, Any]], list[Fact]]:
    """Returns the incident of a term that has no value or can't be counted, as rows and facts.

    `place` is the process.
    """
    if run is None or run.failed is None:
        return [], []
    code, message = run.failed
    row = incident_row(uow, run.clock.case_id, Failure(run.clock.case_id, place, place, code, message, None))
    payload = {"incident": row["id"], "code": code, "message": message}
    return [row], [Fact("incident.opened", place, payload=payload)]
