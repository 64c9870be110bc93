"""Writing what the engine did: the case, its tasks, its incidents and its log, in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import events
from engine.bpmn import Passage, Step
from engine.bpmn.values import plain
from engine.cases.hold import Locked
from engine.db import UnitOfWork, Write, recordset, table, values_of
from engine.events import Fact, Head
from engine.ids import uuid7
from engine.models import Case, CaseStatus, Incident, Task, TaskStatus

_CASES, _TASKS = table(Case), table(Task)
_MOVED = ("status", "outcome", "data", "state", "log_length", "log_hash", "ended_at", "revision")
_NOTED = ("log_length", "log_hash", "revision")


_INSERT_CASE = insert(_CASES).values(values_of(_CASES, "case", _CASES.c.keys()))
_MOVE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _MOVED))
)
_NOTE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _NOTED))
)
_INSERT_TASKS = recordset(_TASKS, "tasks")
_INSERT_INCIDENTS = recordset(table(Incident), "incidents")
_CHANGE_TASK = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("task__id"))
    .values(
        **values_of(_TASKS, "task", ("status", "assignee_id", "closed_at")), revision=_TASKS.c.revision + 1
    )
)
_CLOSE_TASKS = update(Task).where(Task.id.in_(bindparam("tasks", expanding=True)), Task.status == "open")
_CLOSE_INCIDENTS = update(Incident).where(Incident.status == "open")


@dataclass(frozen=True, slots=True)
class Opened:
    """The rows of the tasks and incidents that a step opened."""

    tasks: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What a command makes of the task that it is about."""

    id: UUID
    status: TaskStatus
    assignee_id: UUID | None
    closed_at: datetime | None


def begin(uow: UnitOfWork, case: Mapping[str, Any], opened: Opened, log: Sequence[Mapping[str, Any]]) -> None:
    """Write a new case, what it opened and its log."""
    _write(uow, _INSERT_CASE, case, log, opened=opened)


def apply(
    uow: UnitOfWork,
    case: Locked,
    step: Step,
    before: Sequence[Fact],
    *,
    task: TaskChange | None = None,
    status: CaseStatus = "completed",
) -> tuple[Mapping[str, Any], Opened]:
    """Write a step: case, tasks, incidents and log; `before` stands in the log ahead of what the engine did.

    `status` is what the case becomes if it ended. Returns the case's new values and what was opened.
    """
    opened = rows_of(uow, case.id, step)
    closed = _close(uow, case.id, step)
    head, log = events.chain(uow, case.head, [*before, *facts(step, opened, closed, status)])
    values = progress(uow, step, head, {**case.data, **plain(step.changes)}, status)
    values.update(id=case.id, revision=case.revision + 1)
    _write(uow, _MOVE_CASE, values, log, opened=opened, task=task)
    return values, opened


def note(uow: UnitOfWork, case: Locked, happened: Sequence[Fact], task: TaskChange) -> None:
    """Write what does not move the process (a claim, say)."""
    head, log = events.chain(uow, case.head, happened)
    values = {"id": case.id, "revision": case.revision + 1, "log_length": head.length, "log_hash": head.hash}
    _write(uow, _NOTE_CASE, values, log, task=task)


def _write(
    uow: UnitOfWork,
    statement: Write,
    case: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
    *,
    opened: Opened | None = None,
    task: TaskChange | None = None,
) -> None:
    uow.write(statement, {f"case__{name}": value for name, value in case.items()})
    if task is not None:
        uow.write(_CHANGE_TASK, {f"task__{name}": getattr(task, name) for name in task.__slots__})
    if opened is not None and opened.tasks:
        uow.write(_INSERT_TASKS, {"tasks": opened.tasks})
    if opened is not None and opened.incidents:
        uow.write(_INSERT_INCIDENTS, {"incidents": opened.incidents})
    uow.write(events.APPEND, {"events": events.stored(log)})


def progress(
    uow: UnitOfWork, step: Step, head: Head, data: Mapping[str, Any], ended: str = "completed"
) -> dict[str, Any]:
    """The case's columns after a step; `ended` is what it becomes if it ended."""
    return {
        "status": ended if step.ended else "active",
        "outcome": step.outcome,
        "data": data,
        "state": step.state,
        "log_length": head.length,
        "log_hash": head.hash,
        "ended_at": uow.now if step.ended else None,
    }


def rows_of(uow: UnitOfWork, case_id: UUID, step: Step) -> Opened:
    """The rows of the tasks and incidents that a step opened, not written yet."""
    tasks = [
        {
            "id": work.token,
            "case_id": case_id,
            "element": work.element,
            "name": work.name,
            "lane": work.lane,
            "status": "open",
            "revision": 1,
            "opened_at": uow.now,
        }
        for work in step.opened
    ]
    incidents = [
        {
            "id": uuid7(),
            "case_id": case_id,
            "token_id": failure.token,
            "element": failure.element,
            "name": failure.name,
            "code": failure.code,
            "message": failure.message,
            "line": failure.line,
            "status": "open",
            "opened_at": uow.now,
        }
        for failure in step.failures
    ]
    return Opened(tasks, incidents)


def _close(uow: UnitOfWork, case_id: UUID, step: Step) -> Sequence[Any]:
    """Close the tasks and incidents of tokens that were taken out; the incidents: (id, element)."""
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    if not gone:
        return []
    values = {"status": "cancelled", "closed_at": uow.now, "revision": Task.revision + 1}
    uow.connection.execute(_CLOSE_TASKS.values(values), {"tasks": gone})
    left = Incident.case_id == case_id if step.ended else Incident.token_id.in_(gone)
    closed = _CLOSE_INCIDENTS.where(left).values(status="resolved", resolved_at=uow.now)
    return uow.connection.execute(closed.returning(Incident.id, Incident.element)).all()


def facts(step: Step, opened: Opened, closed: Sequence[Any] = (), ended: str = "completed") -> list[Fact]:
    """What a step did, as facts for the log; `ended` is what the case becomes if it ended."""
    found = [
        _fact(passage) for passage in step.passages if not (passage.human and passage.movement == "passed")
    ]
    found += [Fact("task.created", task["element"], task["id"]) for task in opened.tasks]
    found += [
        Fact("incident.closed", element, payload={"incident": incident}) for incident, element in closed
    ]
    for incident in opened.incidents:
        told = {"incident": incident["id"], "code": incident["code"], "message": incident["message"]}
        found.append(Fact("incident.opened", incident["element"], payload=told))
    if step.ended and ended == "completed":
        found.append(Fact("case.completed", payload={"outcome": step.outcome} if step.outcome else None))
    return found


def _fact(passage: Passage) -> Fact:
    if passage.human:
        return Fact("task.cancelled", passage.element, passage.token)
    payload = {"changes": passage.changes} if passage.changes else None
    match passage.movement:
        case "entered":
            return Fact("element.entered", passage.element)
        case "passed":
            return Fact("element.passed", passage.element, payload=payload)
        case "cancelled":
            return Fact("element.cancelled", passage.element)
