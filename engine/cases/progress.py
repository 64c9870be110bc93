"""Writing what the engine did: the case, its tasks, its incidents and its log, in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import events
from engine.bpmn import Passage, Step
from engine.bpmn.values import plain
from engine.cases.hold import Locked
from engine.db import UnitOfWork, table
from engine.events import Fact, Head
from engine.ids import uuid7
from engine.models import Case, Incident, Task

_CASES, _TASKS, _INCIDENTS = table(Case), table(Task), table(Incident)
_UPDATE_CASE = update(_CASES).where(_CASES.c.id == bindparam("case"))
_INSERT_TASKS = insert(_TASKS).returning(_TASKS.c.id)  # returning: all rows in one statement
_INSERT_INCIDENTS = insert(_INCIDENTS).returning(_INCIDENTS.c.id)
_CLOSE_TASKS = update(Task).where(Task.id.in_(bindparam("tasks", expanding=True)), Task.status == "open")
_CLOSE_INCIDENTS = update(Incident).where(Incident.status == "open")


@dataclass(frozen=True, slots=True)
class Opened:
    """The rows of the tasks and incidents that a step opened."""

    tasks: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]


def apply(
    uow: UnitOfWork, case: Locked, step: Step, before: Sequence[Fact], *, status: str = "completed"
) -> tuple[Mapping[str, Any], Opened]:
    """Write a step: case, tasks, incidents and log; `before` stands in the log ahead of what the engine did.

    `status` is what the case becomes if it ended. Returns the case's new values and what was opened.
    """
    opened = rows_of(uow, case.id, step)
    closed = _close(uow, case.id, step)
    head, log = events.chain(uow, case.head, [*before, *facts(step, opened, closed, status)])
    values = progress(uow, step, head, {**case.data, **plain(step.changes)}, status)
    values["revision"] = case.revision + 1
    uow.connection.execute(_UPDATE_CASE, {**values, "case": case.id})
    write(uow, opened, log)
    return values, opened


def write(uow: UnitOfWork, opened: Opened, log: Sequence[Mapping[str, Any]]) -> None:
    """Write what was opened, and the log; the case's row must be there."""
    if opened.tasks:
        uow.connection.execute(_INSERT_TASKS, opened.tasks)
    if opened.incidents:
        uow.connection.execute(_INSERT_INCIDENTS, opened.incidents)
    events.write(uow, log)


def note(uow: UnitOfWork, case: Locked, happened: Sequence[Fact]) -> None:
    """Log facts that do not move the process (a claim, say)."""
    head, log = events.chain(uow, case.head, happened)
    values = {"revision": case.revision + 1, "log_length": head.length, "log_hash": head.hash}
    uow.connection.execute(_UPDATE_CASE, {**values, "case": case.id})
    events.write(uow, log)


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
