"""Cases: starting, reading and ending them. The only writer of a case's state.

Every command ends in `apply`, which writes what the engine did to the case, its tasks, its incidents and its
log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from persiantools.jdatetime import JalaliDate
from sqlalchemy import ColumnElement, Select, bindparam, insert, select, update
from sqlalchemy.orm import Session

from engine import access, bpmn, definitions, events, forms
from engine.bpmn import Passage, Step
from engine.bpmn.values import MAX_BYTES, encode, plain
from engine.db import UnitOfWork
from engine.definitions import Version
from engine.errors import Conflict, Invalid, NotFound, Stale
from engine.events import Fact, Head
from engine.ids import uuid7
from engine.models import Case, DefinitionVersion, Event, Incident, Task, User

PAGE = 50

_INSERT_CASE = insert(Case)
_UPDATE_CASE = update(Case).where(Case.id == bindparam("case"))
_INSERT_TASKS = insert(Task).returning(Task.id)  # returning: all rows in one statement
_INSERT_INCIDENTS = insert(Incident).returning(Incident.id)
_CLOSE_TASKS = update(Task).where(Task.id.in_(bindparam("tasks", expanding=True)), Task.status == "open")
_CLOSE_INCIDENTS = update(Incident).where(Incident.status == "open")


@dataclass(frozen=True, slots=True)
class Locked:
    """A case whose row this transaction holds: what a command needs to go on with it."""

    id: UUID
    number: str
    status: str
    outcome: str | None
    data: Mapping[str, Any]
    state: bytes | None
    revision: int
    head: Head
    version: Version
    started_by: UUID


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its readers see it, with what is open in it."""

    id: UUID
    number: str
    key: str
    version: int
    status: str
    outcome: str | None
    applicant: str | None
    business_key: str | None
    data: Mapping[str, Any]
    revision: int
    started_at: datetime
    ended_at: datetime | None
    tasks: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]


LOCKING = (
    Case.id.label("case_id"),
    Case.number,
    Case.status,
    Case.outcome,
    Case.data,
    Case.state,
    Case.revision,
    Case.log_length,
    Case.log_hash,
    Case.started_by,
    DefinitionVersion.id.label("version_id"),
    DefinitionVersion.key,
    DefinitionVersion.number.label("version_number"),
    DefinitionVersion.digest,
    DefinitionVersion.deployment_id,
)


def locked(row: Any) -> Locked:
    """The case of a row selected with `LOCKING`."""
    version = Version(row.version_id, row.key, row.version_number, row.digest, row.deployment_id)
    head = Head(row.case_id, row.version_id, row.log_length, row.log_hash)
    return Locked(
        row.case_id, row.number, row.status, row.outcome, row.data, row.state, row.revision, head, version,
        row.started_by,
    )  # fmt: skip


def start(
    uow: UnitOfWork,
    key: str,
    data: Mapping[str, Any],
    *,
    applicant: str | None = None,
    business_key: str | None = None,
) -> CaseView:
    """Start a case of the definition's current version and run it to its first wait."""
    access.require(uow.actor, "cases.start")
    version, counter = definitions.to_start(uow.session, key)
    spec = definitions.spec(uow.session, version)
    answer = forms.check(spec.start_form, data)
    _bounded(answer)
    step = bpmn.start(spec, answer, uow.now)
    case_id = uuid7()
    number = case_number(uow.now, counter)
    started = Fact(
        "case.started", payload={"data": answer, "applicant": applicant, "business_key": business_key}
    )
    head, log = events.chain(uow, Head(case_id, version.id), [started, *_facts(step)])
    row = {
        "id": case_id,
        "number": number,
        "version_id": version.id,
        "applicant": applicant,
        "business_key": business_key,
        "revision": 1,
        "started_by": uow.actor.id,
        "started_at": uow.now,
        **_progress(uow, step, head, plain({**answer, **step.changes})),
    }
    uow.session.execute(_INSERT_CASE, row)
    tasks, incidents = _open(uow, case_id, step)
    events.write(uow.session, log)
    fields = (
        "id",
        "number",
        "status",
        "outcome",
        "applicant",
        "business_key",
        "data",
        "revision",
        "started_at",
        "ended_at",
    )
    return CaseView(
        key=version.key,
        version=version.number,
        tasks=tasks,
        incidents=incidents,
        **{name: row[name] for name in fields},
    )


def case_number(now: datetime, counter: int) -> str:
    """A number that people can read and say: the Jalali year and a running number, as in 1405-000123."""
    return f"{JalaliDate(now.date()).year}-{counter:06d}"


def cancel(
    uow: UnitOfWork, case_id: UUID, *, reason: str | None = None, revision: int | None = None
) -> CaseView:
    """End a case early: its open tasks and incidents are closed with it."""
    access.require(uow.actor, "cases.cancel")
    case = lock(uow, case_id)
    require_revision(case.revision, revision)
    state = require_active(case)
    step = bpmn.cancel(definitions.spec(uow.session, case.version), state, uow.now)
    apply(
        uow,
        case,
        step,
        [Fact("case.cancelled", payload={"reason": reason} if reason else None)],
        status="cancelled",
    )
    return get(uow, case_id)


def lock(uow: UnitOfWork, case_id: UUID) -> Locked:
    """Hold the case's row until the transaction ends.

    Raises NotFound for cases that the actor may not see.
    """
    statement = (
        select(*LOCKING)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Case.id == case_id, access.visible_cases(uow.actor))
        .with_for_update(of=Case)
    )
    row = uow.session.execute(statement).one_or_none()
    if row is None:
        raise _unknown(case_id)
    return locked(row)


def require_active(case: Locked) -> bytes:
    """The state of a running case. Raises Conflict with the present state of one that does not run."""
    if case.status != "active" or case.state is None:
        present = {"id": case.id, "status": case.status, "outcome": case.outcome}
        raise Conflict(f"The case is {case.status}.", case=present)
    return case.state


def require_revision(present: int, seen: int | None) -> None:
    """Raises Stale if the caller saw another revision than the present one."""
    if seen is not None and seen != present:
        raise Stale("It has changed since it was read.", revision=present)


def apply(
    uow: UnitOfWork, case: Locked, step: Step, before: Sequence[Fact], *, status: str = "completed"
) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """Write a step: case, tasks, incidents and log, `before` standing in the log ahead of what the engine
    did.

    `status` is what the case becomes if it ended. Returns the case's new values, the tasks and the incidents
    opened.
    """
    head, log = events.chain(uow, case.head, [*before, *_facts(step, status)])
    values = _progress(uow, step, head, {**case.data, **plain(step.changes)}, status)
    values["revision"] = case.revision + 1
    uow.session.execute(_UPDATE_CASE.values(values), {"case": case.id})
    _close(uow, case.id, step)
    opened = _open(uow, case.id, step)
    events.write(uow.session, log)
    return values, *opened


def note(uow: UnitOfWork, case: Locked, facts: Sequence[Fact]) -> None:
    """Log facts that do not move the process (a claim, say)."""
    head, log = events.chain(uow, case.head, facts)
    values = {"revision": case.revision + 1, "log_length": head.length, "log_hash": head.hash}
    uow.session.execute(_UPDATE_CASE.values(values), {"case": case.id})
    events.write(uow.session, log)


def _bounded(data: Mapping[str, Any]) -> None:
    if len(encode(data)) > MAX_BYTES:
        raise Invalid(f"The data are larger than {MAX_BYTES >> 20} MiB.")


def _progress(
    uow: UnitOfWork, step: Step, head: Head, data: Mapping[str, Any], ended: str = "completed"
) -> dict[str, Any]:
    return {
        "status": ended if step.ended else "active",
        "outcome": step.outcome,
        "data": data,
        "state": step.state,
        "log_length": head.length,
        "log_hash": head.hash,
        "ended_at": uow.now if step.ended else None,
    }


def _open(
    uow: UnitOfWork, case_id: UUID, step: Step
) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
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
    if tasks:
        uow.session.execute(_INSERT_TASKS, tasks)
    if incidents:
        uow.session.execute(_INSERT_INCIDENTS, incidents)
    return tasks, incidents


def _close(uow: UnitOfWork, case_id: UUID, step: Step) -> None:
    """Close the tasks and incidents of tokens that were taken out."""
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    if gone:
        uow.session.execute(
            _CLOSE_TASKS.values(status="cancelled", closed_at=uow.now, revision=Task.revision + 1),
            {"tasks": gone},
        )
        left = Incident.case_id == case_id if step.ended else Incident.token_id.in_(gone)
        uow.session.execute(_CLOSE_INCIDENTS.where(left).values(status="resolved", resolved_at=uow.now))


def _facts(step: Step, ended: str = "completed") -> list[Fact]:
    facts = [
        _fact(passage) for passage in step.passages if not (passage.human and passage.movement == "passed")
    ]
    facts += [Fact("task.created", work.element, work.token) for work in step.opened]
    facts += [
        Fact("incident.opened", failure.element, payload={"code": failure.code, "message": failure.message})
        for failure in step.failures
    ]
    if step.ended and ended == "completed":
        facts.append(Fact("case.completed", payload={"outcome": step.outcome} if step.outcome else None))
    return facts


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


_VIEW = (
    Case.id,
    Case.number,
    DefinitionVersion.key,
    DefinitionVersion.number.label("version"),
    Case.status,
    Case.outcome,
    Case.applicant,
    Case.business_key,
    Case.data,
    Case.revision,
    Case.started_at,
    Case.ended_at,
)
OPEN_TASK = (Task.id, Task.element, Task.name, Task.lane, Task.status, Task.opened_at)
OPEN_INCIDENT = (Incident.id, Incident.element, Incident.name, Incident.code, Incident.message, Incident.line)


def _visible(uow: UnitOfWork, *columns: Any) -> Select[Any]:
    access.require(uow.actor, "cases.read")
    return (
        select(*columns)
        .select_from(Case)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(access.visible_cases(uow.actor))
    )


def get(uow: UnitOfWork, case_id: UUID) -> CaseView:
    """One case with its open tasks and incidents. Raises NotFound for cases that the actor may not see."""
    row = uow.session.execute(_visible(uow, *_VIEW).where(Case.id == case_id)).one_or_none()
    if row is None:
        raise _unknown(case_id)
    tasks = _open_rows(uow.session, OPEN_TASK, Task.case_id == case_id, Task.status == "open")
    incidents = _open_rows(uow.session, OPEN_INCIDENT, Incident.case_id == case_id, Incident.status == "open")
    return CaseView(*row, tasks=tasks, incidents=incidents)


def _open_rows(
    session: Session, columns: Sequence[Any], *where: ColumnElement[bool]
) -> Sequence[Mapping[str, Any]]:
    return list(session.execute(select(*columns).where(*where).order_by(columns[0])).mappings())


def _unknown(case_id: UUID) -> NotFound:
    return NotFound(f"There is no case {case_id}.")


_SUMMARY = (
    Case.id,
    Case.number,
    DefinitionVersion.key,
    DefinitionVersion.number.label("version"),
    Case.status,
    Case.outcome,
    Case.started_at,
    Case.ended_at,
)


def page(
    uow: UnitOfWork, *, status: str | None = None, definition: str | None = None, after: UUID | None = None
) -> Sequence[Mapping[str, Any]]:
    """Up to a page of cases that the actor may see, the newest first, older than `after`.

    One more if more follow.
    """
    statement = _visible(uow, *_SUMMARY).order_by(Case.id.desc()).limit(PAGE + 1)
    if status is not None:
        statement = statement.where(Case.status == status)
    if definition is not None:
        statement = statement.where(DefinitionVersion.key == definition)
    if after is not None:
        statement = statement.where(Case.id < after)
    return list(uow.session.execute(statement).mappings())


_LOGGED = (
    Event.seq,
    Event.at,
    Event.kind,
    Event.element,
    Event.task_id,
    Event.actor_id,
    User.name.label("actor_name"),
    Event.actor_role,
    Event.actor_unit,
    Event.purpose,
    Event.payload,
    Event.hash,
    DefinitionVersion.key,
    DefinitionVersion.number.label("version"),
)
LOG_PAGE = 500


def log(uow: UnitOfWork, case_id: UUID, *, after: int = 0) -> Sequence[Mapping[str, Any]]:
    """Up to a page of the case's events after the one numbered `after`; one more if more follow."""
    access.require(uow.actor, "events.read")
    if uow.session.execute(_visible(uow, Case.id).where(Case.id == case_id)).one_or_none() is None:
        raise _unknown(case_id)
    statement = (
        select(*_LOGGED)
        .join(User, Event.actor_id == User.id)
        .join(DefinitionVersion, Event.version_id == DefinitionVersion.id)
        .where(Event.case_id == case_id, Event.seq > after)
        .order_by(Event.seq)
        .limit(LOG_PAGE + 1)
    )
    return list(uow.session.execute(statement).mappings())
