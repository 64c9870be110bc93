"""Writes the effects of a step (the case, its tasks, incidents and log) in one statement.

Who is assigned a task is decided before, by `organisation.task_assignment`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, DateTime, Uuid, any_, bindparam, insert, null, or_, select, update
from sqlalchemy import case as choice

from engine import definitions, events
from engine.bpmn import HUMAN, Spec, Step
from engine.bpmn.values import plain
from engine.cases import bills, list_fields, search_values, step_effects, waits
from engine.cases.clock import recording, transitions
from engine.cases.clock.transitions import Run
from engine.cases.locking import LockedCase, require_not_erased
from engine.cases.search_values import Place
from engine.cases.step_effects import End, Rows, StepEffects
from engine.definitions import Version
from engine.events import Fact, Head
from engine.models import CallStatus, Case, CaseStatus, Incident, Task, TaskStatus
from engine.organisation.candidate_groups import CaseScope
from engine.organisation.task_assignment import Opening
from engine.platform.db import UnitOfWork, Write, recordset, table, values_of
from engine.platform.prepared import Prepared

_CASES, _TASKS = table(Case), table(Task)
_CONTINUED = (
    *("status", "outcome", "data", "state", "log_length", "log_hash", "ended_at", "revision"),
    *("running_key", "subject", "parties"),
)
_NOTED = ("log_length", "log_hash", "revision")
_CHANGED = ("id", "status", "assignee_id", "closed_at")
_MARKED = ("status", *_NOTED)


_LATER = ("erased_at", "representation_ended_at")
_BEGUN = tuple(
    column.key for column in _CASES.c if column.key not in ("erased_at", "representation_ended_at")
)
_INSERT_CASE = insert(_CASES).values(values_of(_CASES, "case", _BEGUN))
_CONTINUE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _CONTINUED))
)
_NOTE_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _NOTED))
)
_MARK_CASE = (
    update(_CASES).where(_CASES.c.id == bindparam("case__id")).values(values_of(_CASES, "case", _MARKED))
)
_INSERT_TASKS = recordset(_TASKS, "tasks")
_INCIDENTS = table(Incident)
INSERT_INCIDENTS = recordset(_INCIDENTS, "incidents")
_CHANGE_TASK = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("task__id"))
    .values(
        **values_of(_TASKS, "task", ("status", "assignee_id", "closed_at")),
        revision=_TASKS.c.revision + 1,
        **{
            column.key: choice((bindparam("task__status", type_=_TASKS.c.status.type) == "open", column))
            for column in (_TASKS.c.draft, _TASKS.c.draft_seen)
        },
    )
)
_INSTANT = DateTime(timezone=True)
_GONE = any_(bindparam("gone", type_=ARRAY(Uuid)))  # ids of tokens, which are those of tasks
_CLOSE_TASKS = Prepared(
    update(_TASKS)
    .where(or_(_TASKS.c.id == _GONE, _TASKS.c.parent_id == _GONE), _TASKS.c.status == "open")
    .values(status="cancelled", closed_at=bindparam("at", type_=_INSTANT), revision=_TASKS.c.revision + 1)
    .values(draft=null(), draft_seen=null())
    .returning(_TASKS.c.id, _TASKS.c.element, _TASKS.c.kind)
)
_CLOSE_INCIDENTS = Prepared(
    update(_INCIDENTS)
    .where(_INCIDENTS.c.case_id == bindparam("case", type_=Uuid()), _INCIDENTS.c.status == "open")
    .where(or_(bindparam("all", type_=Boolean()), _INCIDENTS.c.token_id == _GONE))
    .values(status="resolved", resolved_at=bindparam("at", type_=_INSTANT))
    .returning(_INCIDENTS.c.id, _INCIDENTS.c.element)
)


@dataclass(frozen=True, slots=True)
class TaskChange:
    """The changes of a command to the task that it concerns.

    `official`: an official, or a delegate, completes it, and not the applicant.
    """

    id: UUID
    status: TaskStatus
    assignee_id: UUID | None
    closed_at: datetime | None
    official: bool = False


@dataclass(frozen=True, slots=True)
class CallChange:
    """The changes of a command to the call that it concerns, after this number of tries."""

    id: UUID
    status: CallStatus
    token: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case before its first step: `columns` are those that no step changes, `data` its initial variables.

    `acting` is the unit as whose member the actor starts it.
    """

    id: UUID
    version: Version
    home: CaseScope
    data: Mapping[str, Any]
    columns: Mapping[str, Any]
    running_key: str | None
    acting: str | None


def begin(
    uow: UnitOfWork, case: NewCase, step: Step, before: Sequence[Fact]
) -> tuple[Mapping[str, Any], StepEffects]:
    """Writes a new case and its first step; in the log, `before` precedes the events of the engine.

    Returns the same as `apply`.
    """
    spec = definitions.spec(uow.session, case.version)
    data = {**case.data, **step.changes}
    stored = plain(data)
    listed = list_fields.fields_of(uow, spec, stored)
    opening = Opening(case.id, case.home, spec, data, step)
    effects = step_effects.effects_of(uow, opening, case.version.id, listed.subject)
    run = transitions.of_new_case(uow, case.id, case.home.unit_id, spec, data)
    head = Head(case.id, case.version.id)
    ended = End("completed", "rule") if step.ended else None
    happened = step_effects.completed(
        [*before, *step_effects.facts(step, effects, ended=ended)], step.changes
    )
    effects, happened = _with_clock(uow, run, _Happening(case.version.key, step, data), effects, happened)
    happened += recording.record(uow, run, None)
    head, log = events.chain(uow, head, happened, unit=case.acting)
    values = _columns(uow, step, head, stored, running_key=case.running_key)
    values.update(id=case.id, version_id=case.version.id, revision=1, **case.columns, **listed.columns)
    search_values.record(uow, Place(case.id, case.home.unit_id), spec, stored, stored)
    _write(uow, _INSERT_CASE, values, log, effects=effects)
    return values, effects


def apply(
    uow: UnitOfWork,
    case: LockedCase,
    step: Step,
    before: Sequence[Fact],
    *,
    change: TaskChange | CallChange | None = None,
    status: CaseStatus = "completed",
) -> tuple[Mapping[str, Any], StepEffects]:
    """Writes a step: case, tasks, incidents and log; in the log, `before` precedes the events of the engine.

    `status` is the status of the case if it ended. Returns the case's new values and what was opened.
    """
    spec = definitions.spec(uow.session, case.version)
    data = {**case.data, **plain(step.changes)}
    listed = list_fields.fields_of(uow, spec, data, changed=step.changes, before=case.subject)
    done = (change.id, uow.actor.id) if isinstance(change, TaskChange) else None
    opening = Opening(case.id, case.home, spec, data, step, done)
    effects = step_effects.effects_of(uow, opening, case.version.id, listed.subject)
    if isinstance(change, CallChange):
        for incident in effects.incidents:
            if incident["token_id"] == change.token:
                incident.update(call_id=change.id, attempts=change.attempts)
    closed = [*_close(uow, case, step), *bills.close(uow, case.id, spec, step)]
    ended = End(status, _ended_by(uow, case, spec, before, change)) if step.ended else None
    answered = change.id if isinstance(change, CallChange) else None
    unwaited = waits.ended(spec, step, answered)
    found = [*before, *unwaited, *step_effects.facts(step, effects, closed, ended)]
    happened = step_effects.completed(found, step.changes)
    run = None if case.clock is None else Run(uow, case.home.unit_id, spec, case.clock)
    effects, happened = _with_clock(uow, run, _Happening(case.version.key, step, data), effects, happened)
    happened += recording.record(uow, run, case.clock, change.id if isinstance(change, TaskChange) else None)
    head, log = events.chain(uow, case.head, happened, unit=case.acting)
    values = _columns(uow, step, head, data, ended=status, running_key=case.running_key)
    values.update(id=case.id, revision=case.revision + 1, **listed.columns)
    if listed.subject != case.subject and not step.ended:
        list_fields.update_search_text(uow, case.id, listed.subject)
    search_values.record(uow, Place(case.id, case.home.unit_id), spec, data, step.changes)
    _write(uow, _CONTINUE_CASE, values, log, effects=effects, change=change)
    if step.unwaited:
        answer = (change.id, change.status) if isinstance(change, CallChange) else ()
        waits.close(uow, step.unwaited, *answer)
    return values, effects


_OFFICIALS_DID = (
    select(_TASKS.c.id)
    .where(_TASKS.c.case_id == bindparam("case"), _TASKS.c.status == "completed")
    .where(_TASKS.c.kind == "step", _TASKS.c.candidate_group_id.is_not(None))
    .limit(1)
)


def _ended_by(
    uow: UnitOfWork,
    case: LockedCase,
    spec: Spec,
    before: Sequence[Fact],
    change: TaskChange | CallChange | None,
) -> str | None:
    """Returns what ended a case: `silence`, `person` if an official completed a task in it, else `rule`.

    None if the applicant withdrew.
    """
    if any(fact.kind == "case.withdrawn" for fact in before):
        return None
    if case.clock is not None and case.clock.state == "deemed":
        return "silence"
    if isinstance(change, TaskChange) and change.official:
        return "person"
    people = any(element.kind in HUMAN for element in spec.elements.values())
    if people and uow.connection.execute(_OFFICIALS_DID, {"case": case.id}).first() is not None:
        return "person"
    return "rule"


def note(
    uow: UnitOfWork,
    case: LockedCase,
    happened: Sequence[Fact],
    task: TaskChange | None = None,
    *,
    status: CaseStatus | None = None,
    incidents: Rows = (),
) -> None:
    """Writes events that do not continue the process (a claim, for example), and the incidents they opened.

    Raises Conflict if the case was erased.
    """
    require_not_erased(case)
    if case.clock is not None:
        run = Run(uow, case.home.unit_id, definitions.spec(uow.session, case.version), case.clock)
        transitions.after_facts(run, happened)
        failed, opened = recording.failure_of(uow, run, case.version.key)
        incidents = [*incidents, *failed]
        happened = [
            *happened,
            *opened,
            *recording.record(uow, run, case.clock, None if task is None else task.id),
        ]
    head, log = events.chain(uow, case.head, happened, unit=case.acting)
    values = {"id": case.id, "revision": case.revision + 1, "log_length": head.length, "log_hash": head.hash}
    effects = StepEffects((), incidents)
    if status is not None:
        _write(uow, _MARK_CASE, {**values, "status": status}, log, effects=effects)
    else:
        _write(uow, _NOTE_CASE, values, log, effects=effects, change=task)


class _Happening(NamedTuple):
    """A step of a case of this process, and the data of the case after it."""

    process: str
    step: Step
    data: Mapping[str, Any]


def _with_clock(
    uow: UnitOfWork, run: Run | None, new: _Happening, effects: StepEffects, happened: list[Fact]
) -> tuple[StepEffects, list[Fact]]:
    """Applies a step to the clock of its case; the term may have become known, or impossible to know."""
    if run is None:
        return effects, happened
    transitions.after_step(run, new.step, effects.created, new.data)
    transitions.after_facts(run, happened)
    incidents, opened = recording.failure_of(uow, run, new.process)
    effects = recording.with_due(effects, run)
    stated = recording.stating_due(happened, effects)
    return replace(effects, incidents=[*effects.incidents, *incidents]), [*stated, *opened]


def _write(
    uow: UnitOfWork,
    statement: Write,
    case: Mapping[str, Any],
    log: Rows,
    *,
    effects: StepEffects | None = None,
    change: TaskChange | CallChange | None = None,
) -> None:
    uow.write(statement, {f"case__{name}": value for name, value in case.items()})
    if isinstance(change, TaskChange):
        uow.write(_CHANGE_TASK, {f"task__{name}": getattr(change, name) for name in _CHANGED})
    if effects is not None:
        if effects.groups is not None:
            effects.groups.write(uow)
        if effects.tasks:
            uow.write(_INSERT_TASKS, {"tasks": effects.tasks})
        if effects.incidents:
            uow.write(INSERT_INCIDENTS, {"incidents": effects.incidents})
        if effects.bills:
            uow.write(bills.INSERT, {"bills": effects.bills})
        waits.record(uow, effects.waits, effects.calls, effects.messages)
    uow.write(events.APPEND, {"events": events.stored(log)})


def _columns(
    uow: UnitOfWork,
    step: Step,
    head: Head,
    data: Mapping[str, Any],
    *,
    ended: str = "completed",
    running_key: str | None = None,
) -> dict[str, Any]:
    """Returns the case's columns after a step; `ended` is its status if it ended."""
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


def _close(uow: UnitOfWork, case: LockedCase, step: Step) -> Sequence[Fact]:
    """Closes the tasks and incidents of removed tokens, which the step itself does not report.

    Requests attached to a task end with it; incidents that concern the whole case end with the case.
    """
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    if not gone and not (step.ended and case.troubled):
        return []
    given = {"gone": gone, "case": case.id, "all": step.ended, "at": uow.now}
    tasks = uow.rows(_CLOSE_TASKS, given)
    asked = [Fact("task.cancelled", element, task) for task, element, kind in tasks if kind != "step"]
    closed = uow.rows(_CLOSE_INCIDENTS, given)
    return asked + [Fact("incident.closed", element, payload={"incident": one}) for one, element in closed]
