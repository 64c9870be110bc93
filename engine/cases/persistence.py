"""Writing what the engine did: the case, its tasks, its incidents and its log, in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, insert, or_, update
from sqlalchemy import case as choice

from engine import definitions, events
from engine.bpmn import Passage, People, Spec, Step, Work
from engine.bpmn.values import plain
from engine.cases import bills, list_fields, waits
from engine.cases.locking import Locked, require_not_erased
from engine.events import Fact, Head
from engine.models import CallStatus, Case, CaseStatus, Incident, Task, TaskStatus
from engine.organisation import automatic_assignment, candidate_groups, eligibility
from engine.organisation.automatic_assignment import Matter, Vacancy
from engine.organisation.candidate_groups import Home, Placing
from engine.platform.db import UnitOfWork, Write, recordset, table, values_of
from engine.platform.ids import uuid7

_CASES, _TASKS = table(Case), table(Task)
_MOVED = (
    *("status", "outcome", "data", "state", "log_length", "log_hash", "ended_at", "revision"),
    *("running_key", "subject", "parties"),
)
_NOTED = ("log_length", "log_hash", "revision")
_MARKED = ("status", *_NOTED)


_BEGUN = tuple(column.key for column in _CASES.c if column.key != "erased_at")
_INSERT_CASE = insert(_CASES).values(values_of(_CASES, "case", _BEGUN))
_MOVE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _MOVED))
)
_NOTE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _NOTED))
)
_MARK_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _MARKED))
)
_INSERT_TASKS = recordset(_TASKS, "tasks")
INSERT_INCIDENTS = recordset(table(Incident), "incidents")
_CHANGE_TASK = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("task__id"))
    .values(
        **values_of(_TASKS, "task", ("status", "assignee_id", "closed_at")),
        revision=_TASKS.c.revision + 1,
        draft=choice((bindparam("task__status", type_=_TASKS.c.status.type) == "open", _TASKS.c.draft)),
    )
)
_GONE: BindParameter[Any] = bindparam("tasks", expanding=True)
_CLOSE_TASKS = (
    update(Task)
    .where(or_(Task.id.in_(_GONE), Task.parent_id.in_(_GONE)), Task.status == "open")
    .returning(Task.id, Task.element, Task.kind)
)
_CLOSE_INCIDENTS = update(Incident).where(Incident.status == "open")


Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Opened:
    """The rows of what a step opened."""

    tasks: Rows
    incidents: Rows
    waits: Rows = ()
    calls: Rows = ()
    messages: Rows = ()
    placing: Placing | None = None
    assigned: Sequence[Fact] = ()
    bills: Rows = ()


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What a command makes of the task that it is about."""

    id: UUID
    status: TaskStatus
    assignee_id: UUID | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallChange:
    """What a command makes of the call that it is about, after so many tries."""

    id: UUID
    status: CallStatus
    token: UUID
    attempts: int


def begin(uow: UnitOfWork, case: Mapping[str, Any], opened: Opened, log: Rows) -> None:
    """Write a new case, what it opened and its log."""
    _write(uow, _INSERT_CASE, case, log, opened=opened)


def apply(
    uow: UnitOfWork,
    case: Locked,
    step: Step,
    before: Sequence[Fact],
    *,
    change: TaskChange | CallChange | None = None,
    status: CaseStatus = "completed",
) -> tuple[Mapping[str, Any], Opened]:
    """Write a step: case, tasks, incidents and log; `before` stands in the log ahead of what the engine did.

    `status` is what the case becomes if it ended. Returns the case's new values and what was opened.
    """
    spec = definitions.spec(uow.session, case.version)
    data = {**case.data, **plain(step.changes)}
    told = list_fields.about(uow, spec, data, changed=step.changes, before=case.subject)
    done = (change.id, uow.actor.id) if isinstance(change, TaskChange) else None
    opened = rows_of(uow, case.id, case.version.id, step, Setting(case.home, spec, data, done, told.subject))
    if isinstance(change, CallChange):
        for incident in opened.incidents:
            if incident["token_id"] == change.token:
                incident.update(call_id=change.id, attempts=change.attempts)
    closed = [*_close(uow, case, step), *bills.close(uow, case.id, spec, step)]
    head, log = events.chain(
        uow, case.head, [*before, *facts(step, opened, closed, status)], unit=case.acting
    )
    values = progress(uow, step, head, data, ended=status, running_key=case.running_key)
    values.update(id=case.id, revision=case.revision + 1, **told.columns)
    if told.subject != case.subject and not step.ended:
        list_fields.rename(uow, case.id, told.subject)
    _write(uow, _MOVE_CASE, values, log, opened=opened, change=change)
    if step.unwaited:
        if isinstance(change, CallChange):
            waits.close(uow, step.unwaited, change.id, change.status)
        else:
            waits.close(uow, step.unwaited)
    return values, opened


def note(
    uow: UnitOfWork,
    case: Locked,
    happened: Sequence[Fact],
    task: TaskChange | None = None,
    *,
    status: CaseStatus | None = None,
    opened: Opened | None = None,
) -> None:
    """Write what does not move the process (a claim, say), and what it opened beside it.

    Raises Conflict if the case was erased.
    """
    require_not_erased(case)
    head, log = events.chain(uow, case.head, happened, unit=case.acting)
    values = {"id": case.id, "revision": case.revision + 1, "log_length": head.length, "log_hash": head.hash}
    if status is not None:
        _write(uow, _MARK_CASE, {**values, "status": status}, log)
    else:
        _write(uow, _NOTE_CASE, values, log, opened=opened, change=task)


def _write(
    uow: UnitOfWork,
    statement: Write,
    case: Mapping[str, Any],
    log: Rows,
    *,
    opened: Opened | None = None,
    change: TaskChange | CallChange | None = None,
) -> None:
    uow.write(statement, {f"case__{name}": value for name, value in case.items()})
    if isinstance(change, TaskChange):
        uow.write(_CHANGE_TASK, {f"task__{name}": getattr(change, name) for name in change.__slots__})
    if opened is not None:
        if opened.placing is not None:
            opened.placing.write(uow)
        if opened.tasks:
            uow.write(_INSERT_TASKS, {"tasks": opened.tasks})
        if opened.incidents:
            uow.write(INSERT_INCIDENTS, {"incidents": opened.incidents})
        if opened.bills:
            uow.write(bills.INSERT, {"bills": opened.bills})
        waits.record(uow, opened.waits, opened.calls, opened.messages)
    uow.write(events.APPEND, {"events": events.stored(log)})


def progress(
    uow: UnitOfWork,
    step: Step,
    head: Head,
    data: Mapping[str, Any],
    *,
    ended: str = "completed",
    running_key: str | None = None,
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
        "running_key": None if step.ended else running_key,
    }


@dataclass(frozen=True, slots=True)
class Setting:
    """What the tasks of a case are to know of it: whose it is, what its process demands, and its data.

    `done` is the task that the command is just completing, and by whom; `subject` what the case is about.
    """

    home: Home
    spec: Spec
    data: Mapping[str, Any]
    done: tuple[UUID, UUID] | None = None
    subject: str | None = None


def rows_of(uow: UnitOfWork, case_id: UUID, version_id: UUID, step: Step, setting: Setting) -> Opened:
    """The rows of what a step opened, not written yet."""
    placing = Placing(setting.home)
    tasks = task_rows(uow, case_id, step.opened, setting, placing)
    assigned = _assign(uow, case_id, step, setting, tasks, placing)
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
            "attempts": 1,
            "status": "open",
            "opened_at": uow.now,
        }
        for failure in step.failures
    ]
    return Opened(
        tasks,
        incidents,
        waits.wait_rows(uow, case_id, version_id, step.waits),
        waits.call_rows(uow, case_id, step.calls),
        waits.message_rows(uow, case_id, step.thrown),
        placing,
        assigned,
        bills.rows_of(uow, case_id, step),
    )


def _assign(
    uow: UnitOfWork, case_id: UUID, step: Step, setting: Setting, tasks: Rows, placing: Placing
) -> Sequence[Fact]:
    """Give the new tasks to those whom their diagram names or wants chosen; what the log says of it."""
    vacancies = [vacancy for row in tasks if (vacancy := _vacancy(row)) is not None]
    if not vacancies:
        return ()
    parties = eligibility.parties(setting.home.persons, setting.spec, setting.data)
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    appealed = setting.home.appeal_of
    matter = Matter(case_id, setting.spec, step.state, parties, appealed, setting.done, gone)
    chosen = automatic_assignment.at_opening(uow, matter, vacancies, placing)
    for row in tasks:
        if row["id"] in chosen:
            row["assignee_id"] = chosen[row["id"]].user_id
    return [chosen[row["id"]].fact(row["element"], row["id"]) for row in tasks if row["id"] in chosen]


def _vacancy(row: Mapping[str, Any]) -> Vacancy | None:
    """What is to be filled, where a new task is somebody's from the beginning."""
    people = row["people"] or {}
    how, named = row["assignment"], people.get("assignee")
    if row["pool_id"] is None or (how is None and named is None):
        return None
    only = people["users"] if people.get("only") else ()
    return Vacancy(row["id"], row["element"], row["pool_id"], row["opened_at"], how, named, only)


def task_rows(
    uow: UnitOfWork, case_id: UUID, opened: Sequence[Work], setting: Setting, placing: Placing
) -> Rows:
    """The rows of tasks that were opened, each in its pool."""
    if not opened:
        return ()
    lent = candidate_groups.delegated(uow, setting.home, {work.element for work in opened})
    words = list_fields.words(setting.home, setting.spec, setting.data)
    rows = []
    for work in opened:
        home = placing.pool(work.posts)
        delegation = lent.get(work.element) if home is not None else None
        row = {
            "id": work.token,
            "case_id": case_id,
            "element": work.element,
            "name": work.name,
            "lane": work.lane,
            "status": "open",
            "revision": 1,
            "opened_at": uow.now,
            "kind": "step",
            "pool_id": home if delegation is None else placing.delegates(*delegation),
            "home_pool_id": None if delegation is None else home,
            "assignment": None if home is None else _assignment(setting.spec, work),
            "search": list_fields.search(
                setting.spec, work, words, setting.subject, delegated=delegation is not None
            ),
            **_people(work.people),
        }
        if work.people and work.people.users and not (work.people.groups or work.posts or delegation):
            row["people"]["only"] = True
        rows.append(row)
    return rows


def _assignment(spec: Spec, work: Work) -> str | None:
    """How a task comes to somebody, if not by being claimed."""
    element = spec.elements.get(work.element)
    how = element.rules.assignment if element else None
    return how if how != "self" else None


def _people(people: People | None) -> dict[str, Any]:
    """The columns of a task that tell who is to work on it, and until when."""
    if people is None:
        return dict.fromkeys(("due_at", "follow_up_at", "priority", "people"))
    named = {"assignee": people.assignee, "users": list(people.users), "groups": list(people.groups)}
    return {
        "due_at": people.due,
        "follow_up_at": people.follow_up,
        "priority": people.priority,
        "people": named if any(named.values()) else None,
    }


def _close(uow: UnitOfWork, case: Locked, step: Step) -> Sequence[Fact]:
    """Close the tasks and incidents of tokens that were taken out; what the step itself does not tell of it.

    With a task ends what was asked beside it, with the case also what stands for it as a whole.
    """
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    if not gone and not (step.ended and case.troubled):
        return []
    values = {"status": "cancelled", "closed_at": uow.now, "revision": Task.revision + 1, "draft": None}
    tasks = uow.connection.execute(_CLOSE_TASKS.values(values), {"tasks": gone}).all()
    asked = [Fact("task.cancelled", task.element, task.id) for task in tasks if task.kind != "step"]
    left = Incident.case_id == case.id if step.ended else Incident.token_id.in_(gone)
    closed = _CLOSE_INCIDENTS.where(left).values(status="resolved", resolved_at=uow.now)
    rows = uow.connection.execute(closed.returning(Incident.id, Incident.element))
    return asked + [Fact("incident.closed", row.element, payload={"incident": row.id}) for row in rows]


def facts(step: Step, opened: Opened, closed: Sequence[Fact] = (), ended: str = "completed") -> list[Fact]:
    """What a step did, as facts for the log; `ended` is what the case becomes if it ended."""
    found = []
    for passage in step.passages:
        if passage.why is not None:
            found.append(Fact("decision.evaluated", passage.element, payload=passage.why))
        if not (passage.human and passage.movement == "passed"):
            found.append(_fact(passage))
    found += [Fact("task.created", task["element"], task["id"]) for task in opened.tasks]
    found += opened.assigned
    found += bills.issued(opened.bills)
    found += waits.facts(step, opened.messages)
    found += closed
    for incident in opened.incidents:
        told = {"incident": incident["id"], "code": incident["code"], "message": incident["message"]}
        found.append(Fact("incident.opened", incident["element"], payload=told))
    if step.ended and ended == "completed":
        found.append(Fact("case.completed", payload={"outcome": step.outcome} if step.outcome else None))
    return found


def scoped(payload: Mapping[str, Any], scope: str | None) -> dict[str, Any]:
    """What the log says of data that were set: also whose they are, unless they are the case's."""
    return {**payload, **({"scope": scope} if scope else {})}


def _fact(passage: Passage) -> Fact:
    if passage.human:
        return Fact("task.cancelled", passage.element, passage.token)
    payload = scoped({"changes": passage.changes}, passage.scope) if passage.changes else None
    match passage.movement:
        case "entered":
            return Fact("element.entered", passage.element)
        case "passed":
            return Fact("element.passed", passage.element, payload=payload)
        case "cancelled":
            return Fact("element.cancelled", passage.element)
