"""Commands of people on tasks. Each locks the case first, then reads the task again."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import aliased

from engine import access, bpmn, cases, definitions
from engine.bpmn import Form, TaskRules
from engine.cases import TaskChange, staged_documents
from engine.cases.staged_documents import Place
from engine.definitions import forms
from engine.events import Fact, Kind
from engine.models import Case, Task
from engine.organisation import eligibility
from engine.organisation.automatic_assignment import Chosen
from engine.platform.db import UnitOfWork
from engine.platform.errors import Forbidden
from engine.platform.prepared import Prepared
from engine.tasks import (
    corrections,
    eligibility_checks,
    legal_decisions,
    reallocation,
    reassignment_reasons,
    subtasks,
)
from engine.tasks.changed_values import Beside, require_seen, require_seen_beside
from engine.tasks.entity_tags import EntityTag
from engine.tasks.locked_task import LockedTask, TaskRow
from engine.tasks.reading import get, roles, unknown


@lru_cache
def locking(role: str) -> Select[*tuple[Any, ...]]:
    """Returns a select that locks a task with its case and checks access by this role: `TaskRow`.

    Cached for each role.
    """
    viewer, before = bindparam("viewer", type_=Uuid), aliased(Case)
    return (
        cases.select_for_locking(
            Task.id.label("task_id"),
            Task.candidate_group_id,
            Task.opened_at,
            Task.element,
            Task.name,
            Task.lane,
            Task.kind,
            Task.assignment,
            Task.people,
            Task.asked,
            Task.parent_id,
            subtasks.TOKEN,
            Task.asks,
            Task.status.label("task_status"),
            Task.assignee_id,
            Task.revision.label("task_revision"),
            access.visible_cases(role).label("case_seen"),
            access.taken_as(role).label("taken_as"),
            access.in_place_of(Task.assignee_id).label("own"),
            eligibility.person_of(viewer).label("person"),
            eligibility.related_to(viewer).label("related"),
            eligibility.recused(viewer, Case.id).label("recused"),
            select(before.revision).where(before.id == Case.id).scalar_subquery().label("seen_revision"),
        )
        .join(Task, Task.case_id == Case.id)
        .where(Task.id == bindparam("task"))
        # Locks both rows: with only the case locked, a waiting transaction would read an outdated task.
        .with_for_update(of=(Case, Task))
    )


@lru_cache
def _locking(role: str) -> Prepared:
    return Prepared(locking(role))


@dataclass(frozen=True, slots=True)
class Completed:
    """The effects of completing a task on it and its case.

    Opened tasks are shown to those who may see the case.
    """

    task_id: UUID
    task_revision: int
    case_id: UUID
    case_number: str
    case_status: str
    case_outcome: str | None
    opened: cases.StepEffects


def lock_task(uow: UnitOfWork, task_id: UUID) -> LockedTask:
    """Locks a task that the actor may work on.

    Raises NotFound, and Forbidden if the actor may only see it.
    """
    access.require(uow.actor, "tasks.work")
    given = {"task": task_id, **access.seen_by(uow)}
    found = cases.held_with(uow, _locking(uow.actor.role), TaskRow._make, **given)
    if found is not None and found[1].seen_revision != found[0].revision:
        # It waited for another command: what it has read of other tables is older.
        found = cases.held_with(uow, _locking(uow.actor.role), TaskRow._make, **given)
    if found is None or (found[1].taken_as is None and not found[1].case_seen):
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    case, row = found
    if row.taken_as is None:
        raise Forbidden("You have none of the roles that can claim this task.")
    return LockedTask(replace(cases.locked_case(case), acting=row.taken_as or None), row)


def complete(
    uow: UnitOfWork,
    task_id: UUID,
    data: Mapping[str, Any],
    *,
    tags: Collection[EntityTag] | None = None,
    beside: Beside | None = None,
) -> Completed:
    """Completes a task with the data of its form and continues the case.

    `tags` and `beside` say what the actor has seen in the form and next to it (None: anything). Raises Stale
    or DataChanged if it isn't up to date.

    An unclaimed task is treated as the actor's. If a later element fails, the task remains completed with its
    data and the failing element has an incident.
    """
    held = lock_task(uow, task_id)
    case, row = held.case, held.row
    state = held.require_open()
    eligibility_checks.require_assigned(held)
    held.require_available(uow)
    require_seen(uow, held, tags)
    require_seen_beside(uow, held, beside)
    spec = definitions.spec(uow.session, case.version)
    rules = _rules(uow, held)
    eligibility_checks.require(uow, held, rules, completing=True)
    legal_decisions.require_other_decider(uow, held, completing=True)
    form = subtasks.form_of(spec, row.element, row.kind, row.asked)
    if row.kind != "step":
        return _answer(uow, held, state, form, data)
    late = subtasks.close_overdue(uow, held)
    data = forms.declared(rules.variables, data)
    answer = forms.check(form, data, roles(uow, task_id) if form and forms.for_some(form) else None)
    files = staged_documents.claim(uow, form, answer, Place.task(task_id), case.id)
    decision = legal_decisions.read_decision(held, rules, answer)
    if answer:
        cases.require_size({**case.data, **answer})
    step = bpmn.complete(cases.counted(uow, case.home.unit_id, spec), state, task_id, answer, uow.now)
    change = TaskChange(task_id, "completed", uow.actor.id, uow.now, row.candidate_group_id is not None)
    payload = cases.scoped({"data": answer}, answer, step.scopes) if answer else None
    done = Fact("task.completed", row.element, task_id, payload)
    happened = [*late, *files.facts(row.element, task_id), done, *legal_decisions.record(uow, held, decision)]
    values, opened = cases.apply(uow, case, step, happened, change=change)
    files.file(uow, case.id, task_id)
    seen = opened if row.case_seen else cases.StepEffects((), ())
    ended = (case.id, case.number, values["status"], values["outcome"])
    return Completed(task_id, row.task_revision + 1, *ended, seen)


def _rules(uow: UnitOfWork, held: LockedTask) -> TaskRules:
    """Returns the diagram's rules for who may do a task; none for a request attached to a task."""
    if held.row.kind != "step":
        return TaskRules()
    return definitions.spec(uow.session, held.case.version).elements[held.row.element].rules


def _answer(
    uow: UnitOfWork, held: LockedTask, state: bytes, form: Form | None, data: Mapping[str, Any]
) -> Completed:
    """Completes a request attached to a task. The process continues only if a correction allows it."""
    row, case = held.row, held.case
    if row.kind == "correction":
        values, opened = corrections.correct(uow, held, state, data)
        seen = opened if row.case_seen else cases.StepEffects((), ())
        ended = (case.id, case.number, values["status"], values["outcome"])
        return Completed(row.task_id, row.task_revision + 1, *ended, seen)
    answer = forms.check(form, data, roles(uow, row.task_id) if form and forms.for_some(form) else None)
    cases.require_size(answer)
    if row.kind == "escalation":
        done = Fact("task.completed", row.element, row.task_id, {"answer": answer})  # no data of the case
        cases.note(uow, case, [done], TaskChange(row.task_id, "completed", uow.actor.id, uow.now))
    else:
        subtasks.close(uow, case, held.subtask(), "given", answer)
    nothing = cases.StepEffects((), ())
    revision = row.task_revision + 1
    return Completed(row.task_id, revision, case.id, case.number, case.status, case.outcome, nothing)


@dataclass(frozen=True, slots=True)
class _Given:
    """The new assignee of a task, how they were chosen, and the reason for the log."""

    assignee: UUID | None
    chosen: Chosen | None = None
    why: Mapping[str, Any] = field(default_factory=dict)


def claim(uow: UnitOfWork, task_id: UUID, *, revisions: Collection[int] | None = None) -> Mapping[str, Any]:
    """Claims a task for the actor.

    Claiming it again changes nothing. Raises Conflict if it has another assignee.
    """

    def taken(held: LockedTask) -> _Given:
        eligibility_checks.require_assigned(held)
        held.require_available(uow)
        eligibility_checks.require(uow, held, _rules(uow, held), completing=False)
        legal_decisions.require_other_decider(uow, held, completing=False)
        return _Given(uow.actor.id)

    return _assign(uow, task_id, revisions, taken, "task.claimed")


def release(
    uow: UnitOfWork, task_id: UUID, *, reason: str | None = None, revisions: Collection[int] | None = None
) -> Mapping[str, Any]:
    """Releases a task; a task with automatic assignment is assigned to another candidate.

    Raises Conflict for tasks of others, Invalid if it was assigned at random and no reason code is given.
    """

    def given(held: LockedTask) -> _Given:
        row = held.row
        if not row.own:
            raise held.conflict(
                "This task is not assigned to you, so you can't release it.", code="task-not-yours"
            )
        why = reassignment_reasons.payload_of(row.assignment, reason)
        avoided = {uow.actor.id, *([] if row.assignee_id is None else [row.assignee_id])}
        chosen = reallocation.choose(uow, held.case, [row], avoided).get(task_id)
        return _Given(chosen.user_id if chosen else None, chosen, why)

    return _assign(uow, task_id, revisions, given, "task.released")


def _assign(
    uow: UnitOfWork,
    task_id: UUID,
    revisions: Collection[int] | None,
    decide: Callable[[LockedTask], _Given],
    kind: Kind,
) -> Mapping[str, Any]:
    held = lock_task(uow, task_id)
    case, row = held.case, held.row
    held.require_open()
    given = decide(held)
    cases.require_revision(row.task_revision, revisions)
    if given.assignee != row.assignee_id or given.chosen is not None:
        change = TaskChange(task_id, "open", given.assignee, None)
        facts = [Fact(kind, row.element, task_id, given.why or None)]
        facts += [] if given.chosen is None else [given.chosen.fact(row.element, task_id)]
        cases.note(uow, case, facts, change)
    return get(uow, task_id, own=True)


def recuse(uow: UnitOfWork, task_id: UUID, *, reason: str | None = None) -> Mapping[str, Any]:
    """Withdraws the actor permanently from the case of a task; others take over the actor's tasks in it."""
    access.require(uow.actor, "cases.recuse")
    return reallocation.recuse(uow, lock_task(uow, task_id), reason)
