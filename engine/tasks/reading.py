"""Reads one task, limited to what the actor may see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from engine import access, cases, definitions
from engine.bpmn import Form
from engine.definitions import forms
from engine.identity import names
from engine.models import Case, DefinitionVersion, Task, Unit, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.prepared import Prepared
from engine.tasks import subtasks
from engine.tasks.entity_tags import EntityTag, Shown
from engine.tasks.term_marks import TERM_MARK

SUMMARY = (
    Task.id,
    Task.kind,
    Task.case_id,
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
    DefinitionVersion.name.label("process"),
    Unit.key.label("unit"),
    Unit.name.label("unit_name"),
    Task.element,
    Task.name,
    Task.lane,
    Task.status,
    Task.assignee_id,
    User.name.label("assignee"),
    names.of().label("assignee_name"),
    User.role.label("assignee_role"),
    Task.revision,
    Task.opened_at,
    Task.closed_at,
    Task.due_at,
    Task.serve_by,
    Task.follow_up_at,
    Task.priority,
    Task.people,
    Task.assignment,
)


def summaries(tasks: Any = Task) -> Select[*tuple[Any, ...]]:
    """Returns a select of tasks as lists show them.

    `tasks` is the table, or a substitute for it in a join.
    """
    return (
        select(*SUMMARY)
        .select_from(tasks)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Unit, Case.unit_id == Unit.id)
        .outerjoin(User, Task.assignee_id == User.id)
    )


_APPLICANT = aliased(User)


def listed(role: str, tasks: Any = Task) -> Select[*tuple[Any, ...]]:
    """Returns the same with the case's subject and applicant: only for `described`."""
    return (
        summaries(tasks)
        .add_columns(Case.subject, Case.applicant, names.of(_APPLICANT).label("applicant_name"))
        .add_columns(Case.unit_id, TERM_MARK.label("clock"))
        .add_columns(case_seen(role), access.named_party(role).label("named_party"))
        .add_columns(cases.shows_subject().label("shows_subject"))
        .outerjoin(
            _APPLICANT,
            and_(
                _APPLICANT.person == Case.applicant,
                _APPLICANT.role == access.APPLICANT,
                _APPLICANT.role.not_in(("portal", "service")),  # as in the index on persons
                not_(_APPLICANT.duplicate),
            ),
        )
    )


def describe(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Converts a row of `listed`: the applicant only for those who may see the case.

    The subject is also for those whose form shows it.
    """
    if row["case_seen"] and not row["named_party"]:
        return dict(row)
    shown = row["shows_subject"] and not row["named_party"]
    return {**row, "applicant": None, "applicant_name": None, "subject": row["subject"] if shown else None}


def case_seen(role: str) -> ColumnElement[bool]:
    """Returns whether the viewer may see the case of a task, and not only the fields that the task shows."""
    return access.visible_cases(role).label("case_seen")


def had_by(role: str) -> ColumnElement[bool]:
    """Returns whether the viewer or somebody for whom it is the substitute is the assignee.

    The applicant's tasks need no claim.
    """
    own = access.in_place_of(Task.assignee_id)
    free = (
        and_(Task.assignee_id.is_(None), Task.candidate_group_id.is_(None))
        if role in ("portal", "applicant")
        else false()
    )
    return and_(or_(own, free), access.taken_as(role).is_not(None))


@lru_cache
def _one(role: str, own: bool) -> Select[*tuple[Any, ...]]:
    visible = access.reachable_tasks(role) if own else access.visible_tasks(role)
    drafted = (
        case((had_by(role), column), else_=null()).label(column.key)
        for column in (Task.draft, Task.draft_seen)
    )
    return (
        listed(role)
        .outerjoin(subtasks.ASKER, subtasks.ASKER.id == subtasks.asker())
        .add_columns(Task.parent_id, Task.asked, Task.asks, *drafted)
        .add_columns(names.of(subtasks.ASKER).label("asker_name"))
        .add_columns(
            had_by(role).label("had"),
            access.taken_as(role).is_not(None).label("takes"),
            func.coalesce(access.supervises(role, Task.candidate_group_id), false()).label("supervises"),
        )
        .where(Task.id == bindparam("task"), visible)
    )


def get(uow: UnitOfWork, task_id: UUID, *, own: bool = False) -> Mapping[str, Any]:
    """Returns one task, and whether the actor has it, may claim it, and may assign it.

    Raises NotFound for tasks that the actor may not see, ConflictOfInterest for those of a case to which it
    is a party. With `own` also these: the answer to an official who has just released one.
    """
    access.require(uow.actor, "tasks.read")
    values = {"task": task_id, **access.seen_by(uow)}
    row = uow.connection.execute(_one(uow.actor.role, own), values).mappings().one_or_none()
    if row is None:
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    return describe(row)


def require_visible(uow: UnitOfWork, task_id: UUID) -> None:
    """Raises as `get` does, for a token whose scopes may not include reading tasks."""
    seen = select(Task.id).join(Case, Case.id == Task.case_id).where(Task.id == task_id)
    seen = seen.where(access.visible_tasks(uow.actor.role))
    if uow.connection.execute(seen, access.seen_by(uow)).first() is None:
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)


def find_visible(uow: UnitOfWork, ids: Collection[UUID]) -> Sequence[Mapping[str, Any]]:
    """Returns those of these tasks that the actor may see, unordered, and whether it may see their cases."""
    access.require(uow.actor, "tasks.read")
    wanted = listed(uow.actor.role).where(Task.id.in_(ids), access.visible_tasks(uow.actor.role))
    return [describe(row) for row in uow.connection.execute(wanted, access.seen_by(uow)).mappings()]


@lru_cache
def _of_case(role: str, limit: int, *given: str) -> Prepared:
    conditions = {"status": Task.status == bindparam("status"), "after": Task.id > bindparam("after")}
    filters = [condition for name, condition in conditions.items() if name in given]
    found = listed(role).where(Task.case_id == bindparam("case"), access.visible_tasks(role), *filters)
    return Prepared(found.order_by(Task.id).limit(limit + 1))


def of_case(
    uow: UnitOfWork,
    case_id: UUID,
    *,
    status: str | None = None,
    after: UUID | None = None,
    limit: int = cases.PAGE,
) -> Sequence[Mapping[str, Any]]:
    """Returns up to a page of a case's visible tasks, oldest first, plus one if more follow."""
    access.require(uow.actor, "tasks.read")
    values = {"case": case_id, "status": status, "after": after}
    given = {name: value for name, value in values.items() if value is not None}
    rows = _of_case(uow.actor.role, limit, *given).mappings(uow.connection, {**given, **access.seen_by(uow)})
    return [describe(row) for row in rows]


@lru_cache
def _latest(role: str) -> Select[*tuple[Any, ...]]:
    found = (
        summaries().add_columns(Task.candidate_group_id, Task.asked).where(Task.case_id == bindparam("case"))
    )
    found = found.where(access.visible_tasks(role)).order_by((Task.status == "open").desc(), Task.id.desc())
    return found.limit(cases.PAGE)


def latest(uow: UnitOfWork, case_id: UUID) -> Sequence[RowMapping]:
    """Returns visible tasks of a case: the open ones, and the latest of the others."""
    access.require(uow.actor, "tasks.read")
    values = {"case": case_id, **access.seen_by(uow)}
    return uow.connection.execute(_latest(uow.actor.role), values).mappings().all()


_ROLES = (
    select(access.roles_for(Task.candidate_group_id, Case.unit_id), Task.candidate_group_id)
    .select_from(Task)
    .join(Case, Task.case_id == Case.id)
    .where(Task.id == bindparam("task"))
)


def roles(uow: UnitOfWork, task_id: UUID) -> Collection[str] | None:
    """Returns the roles in which the actor sees a visible task and answers its form; None means all."""
    if access.for_applicants(uow.actor):
        return (access.APPLICANT,)
    values = {"task": task_id, **access.seen_by(uow)}
    found, group = uow.connection.execute(_ROLES, values).one()
    own = (*access.known_as(uow.actor, found), *(() if group is not None else (access.APPLICANT,)))
    return None if access.ANY in own else own


# The columns of `subtasks.FormRow`.
_OF_FORM = (Task.element, Task.kind, Task.asked, subtasks.TOKEN, Case.state, Case.data)
_READER = (Case.applicant, Case.representative)


class Answerable(NamedTuple):
    """The form of a task, the roles in which the actor answers it, and the data it reads.

    `length` is that of the case's log at the same moment.
    """

    form: Form | None
    roles: Collection[str] | None
    data: Mapping[str, Any]
    length: int


@lru_cache
def _answerable() -> Select[*tuple[Any, ...]]:
    person = cases.actor_person().label("person")
    return (
        select(*_OF_FORM, *_READER, person, Case.log_length, *definitions.VERSION)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Task.id == bindparam("task"))
    )


def answerable(uow: UnitOfWork, task_id: UUID) -> Answerable:
    """Returns the form of a visible task.

    Raises ConflictOfInterest for an official who is a party to the case.
    """
    row = uow.connection.execute(_answerable(), {"task": task_id, **access.seen_by(uow)}).one()
    spec = definitions.spec(uow.session, definitions.Version(*row[-len(definitions.VERSION) :]))
    cases.require_no_party(uow, row._mapping, spec)
    form = subtasks.form_of(spec, row.element, row.kind, row.asked)
    seen = roles(uow, task_id) if form and forms.for_some(form) else None
    known = subtasks.form_data(spec, subtasks.FormRow._make(row[: len(_OF_FORM)]), uow.now)
    return Answerable(form, seen, known, row.log_length)


def showable_fields(uow: UnitOfWork, task_id: UUID) -> Form | None:
    """Returns the fields that may accompany a request attached to a visible task, as the actor sees them."""
    statement: Select[*tuple[Any, ...]] = (
        select(Task.element, *definitions.VERSION)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Task.id == task_id)
    )
    element, *version = uow.connection.execute(statement).one()
    form = subtasks.showable(definitions.spec(uow.session, definitions.Version(*version)), element)
    return form and forms.for_roles(form, roles(uow, task_id) if forms.for_some(form) else None)


@dataclass(frozen=True, slots=True)
class TaskForm:
    """The form of a task as the actor's roles have it, the case data it shows, and the draft.

    `tag` covers the revision and the data; `draft_tag` those that were shown when the draft was written.
    `length` is that of the case's log at the same moment.
    """

    form: Form | None
    data: Mapping[str, Any]
    draft: Mapping[str, Any] | None
    tag: EntityTag
    draft_tag: EntityTag | None = None
    length: int | None = None


def get_form(uow: UnitOfWork, task: Mapping[str, Any]) -> TaskForm:
    """Returns the form of a task that `get` has returned."""
    form, seen, data, length = answerable(uow, task["id"])
    if form is None:
        return TaskForm(None, {}, task["draft"], EntityTag(task["revision"]), length=length)
    tag = EntityTag(task["revision"], Shown.of(length, form, seen, data))
    draft = task["draft"] and forms.visible(form, seen, task["draft"])
    before = EntityTag.parse(task["draft_seen"] or "") if draft else None
    own = before and before.at(tag.revision)
    return TaskForm(forms.for_roles(form, seen), forms.visible(form, seen, data), draft, tag, own, length)


def get_corrected_form(uow: UnitOfWork, task: Mapping[str, Any]) -> TaskForm:
    """Returns the complete form of which a correction marks some fields, for the applicant's side."""
    statement = (
        select(*_OF_FORM, *definitions.VERSION)
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Task.id == task["id"])
    )
    row = uow.connection.execute(statement).one()
    spec = definitions.spec(uow.session, definitions.Version(*row[len(_OF_FORM) :]))
    form = subtasks.corrected_form(spec, task["asked"])
    tag = EntityTag(task["revision"])
    if form is None:
        return TaskForm(None, {}, None, tag)
    own, formed = (access.APPLICANT,), subtasks.FormRow._make(row[: len(_OF_FORM)])
    known = subtasks.form_data(spec, formed, uow.now)
    return TaskForm(forms.for_roles(form, own), forms.visible(form, own, known), None, tag)


def unknown(task_id: UUID) -> NotFound:
    """Returns the refusal for a task that does not exist, or that this actor may not see."""
    return NotFound(f"The task {task_id} does not exist.")
