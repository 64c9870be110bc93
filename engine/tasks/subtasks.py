"""Subtasks: a colleague's opinion or the applicant's correction. Their forms, and their relation to the case.

Each is a separate task whose `parent_id` is the task that waits for it. The engine does not know them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import RowMapping, Uuid, bindparam, func, select, update
from sqlalchemy.orm import aliased

from engine import bpmn, cases
from engine.bpmn import Form, Spec
from engine.cases import LockedCase, TaskChange
from engine.events import Fact, Kind
from engine.identity import names
from engine.models import Task, User
from engine.platform.db import UnitOfWork, recordset, table, values_of
from engine.platform.errors import Conflict, CorrectionAwaited, OpinionAwaited
from engine.tasks.locked_task import LockedTask, Subtask

_TASKS = table(Task)
# The token of a task's step: that of the task, or of its parent.
TOKEN = func.coalesce(Task.parent_id, Task.id).label("token_id")
OPINION: Mapping[str, Any] = {
    "opinion": {
        "type": "string",
        "title": "نظر | Opinion",
        "minLength": 1,
        "maxLength": 20_000,
    },
    "favourable": {
        "type": "boolean",
        "title": "نتیجه | Conclusion",
        "oneOf": [
            {"const": True, "title": "موافق | In favour"},
            {"const": False, "title": "مخالف | Against"},
        ],
    },
}
# What a supervisor answers at the end of the statutory term.
MEASURE: Mapping[str, Any] = {
    "measure": {
        "type": "string",
        "title": "اقدام انجام‌شده | What was done",
        "minLength": 1,
        "maxLength": 20_000,
    }
}
# Neither answer must be possible: a checkbox would turn it into a no.
_DRAWN: Mapping[str, Any] = {"favourable": {"ui:widget": "radio"}}
_FOR_SOME = ("x-visible-to", "x-editable-by")
_DEFINED = ("$defs", "definitions")


def form_of(spec: Spec, element: str, kind: str, asked: Mapping[str, Any] | None) -> Form | None:
    """Returns the form of a task of any kind."""
    form = spec.elements[element].form
    if kind == "escalation":
        return Form({"type": "object", "properties": MEASURE, "required": ["measure"]}, None)
    if kind == "correction" and asked is not None:
        return _marked(corrected_form(spec, asked), asked)
    if kind == "step" or asked is None:
        return form
    return _opinion(showable(spec, element), asked.get("show", ()))


def showable(spec: Spec, element: str) -> Form | None:
    """Returns the fields that may be shown with a request: those of the application, and of the task's form.

    Where both define a name differently, only the latter.
    """
    own, start = spec.elements[element].form, spec.start_form
    if own is None or start is None:
        return own or start
    defined = {}
    for name in _DEFINED:
        mine, theirs = own.schema.get(name, {}), start.schema.get(name, {})
        if any(mine[one] != theirs[one] for one in mine.keys() & theirs.keys()):
            return own
        defined[name] = {**theirs, **mine}
    return Form({"type": "object", "properties": {**fields_of(start), **fields_of(own)}, **defined}, None)


def corrected_form(spec: Spec, asked: Mapping[str, Any]) -> Form | None:
    """Returns the form that a correction concerns: that of a task of the applicant, else the start form."""
    element = asked.get("form")
    return spec.start_form if element is None else spec.elements[element].form


class FormRow(NamedTuple):
    """A task, with the case data that its form shows."""

    element: str
    kind: str
    asked: Mapping[str, Any] | None
    token_id: UUID
    state: bytes | None
    data: Mapping[str, Any]


def form_data(spec: Spec, row: FormRow, now: datetime) -> Mapping[str, Any]:
    """Returns the variables that a task's form shows: those that its element reads."""
    if row.kind == "escalation":
        return {}
    about = row.element if row.kind != "correction" else (row.asked or {}).get("form") or ""
    data = row.data
    if not bpmn.same_process(about, row.element):
        return data
    own = bpmn.known_at(spec, row.state, row.token_id, row.element, now)
    if own is None:
        return data
    return {**data, **own} if row.kind == "opinion" else own  # which shows fields of the application, too


def marked_fields(asked: Mapping[str, Any]) -> set[str]:
    """Returns the names of the fields that a correction may change: a mark within a field marks the field."""
    return {field_of(one["pointer"]) for one in asked["fields"]}


def field_of(pointer: str) -> str:
    """Returns the field of a form to which, or into which, a JSON Pointer leads."""
    first = pointer.removeprefix("/").partition("/")[0]
    return first.replace("~1", "/").replace("~0", "~")


def _marked(form: Form | None, asked: Mapping[str, Any]) -> Form:
    """Returns a form reduced to the marked fields."""
    schema: Mapping[str, Any] = form.schema if form else {}
    names = marked_fields(asked)
    fields = {name: field for name, field in fields_of(form).items() if name in names}
    required = [name for name in schema.get("required", ()) if name in fields]
    defined = {name: schema[name] for name in _DEFINED if name in schema}
    return Form({"type": "object", "properties": fields, "required": required, **defined}, None)


def _opinion(form: Form | None, shown: Sequence[str]) -> Form:
    """Returns the built-in form of an opinion, below the fields that are shown with the question."""
    schema = form.schema if form else {}
    fields = fields_of(form)
    only = {name: {**_for_all(fields[name]), "readOnly": True, "not": {}} for name in shown if name in fields}
    defined = {name: schema[name] for name in _DEFINED if name in schema}
    return Form(
        {"type": "object", "properties": {**only, **OPINION}, "required": ["opinion"], **defined}, _DRAWN
    )


def fields_of(form: Form | None) -> Mapping[str, Mapping[str, Any]]:
    """Returns the fields of a form by name, without nested ones."""
    found = form.schema.get("properties", {}) if form else {}
    return {name: field for name, field in found.items() if isinstance(field, Mapping)}


def _for_all(field: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in _FOR_SOME}


_OPEN = (
    select(Task.id, Task.kind, Task.element, Task.due_at)
    .where(Task.parent_id == bindparam("parent"), Task.status == "open")
    .order_by(Task.id)
)


def close_overdue(uow: UnitOfWork, held: LockedTask) -> list[Fact]:
    """Closes requests that are overdue before their task completes. Returns the facts for the log.

    Raises OpinionAwaited or CorrectionAwaited while an answer may still arrive.
    """
    if not held.row.asks:
        return []
    rows = uow.connection.execute(_OPEN, {"parent": held.row.task_id}).all()
    for row in rows:
        if row.due_at is None or row.due_at > uow.now:
            present = {"id": row.id, "kind": row.kind, "due_at": row.due_at}
            refusal, what = _AWAITED[row.kind]
            raise refusal(f"The task is waiting for {what}.", task=present)
    ids = [row.id for row in rows]
    if ids:
        values = {"status": "cancelled", "closed_at": uow.now, "revision": Task.revision + 1}
        uow.connection.execute(update(Task).where(Task.id.in_(ids)).values(values))
    return [Fact(kind_of(row.kind, "expired"), row.element, row.id) for row in rows]


_AWAITED: Mapping[str, tuple[type[Conflict], str]] = {
    "opinion": (OpinionAwaited, "an opinion"),
    "correction": (CorrectionAwaited, "the applicant's correction"),
}


def kind_of(kind: str, happened: str) -> Kind:
    """Returns the kind of event for what happened to a request."""
    return cast(Kind, f"{kind}.{happened}")


_INSERT = recordset(_TASKS, "tasks_beside")
_TOUCH = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("parent__id"))
    .values(revision=_TASKS.c.revision + 1, asks=True)
)
_TELL = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("beside__id"))
    .values(values_of(_TASKS, "beside", ("asked",)))
)


def touch(uow: UnitOfWork, parent: UUID) -> None:
    """Increments the revision of a task whose requests changed, so that its readers read it again."""
    uow.write(_TOUCH, {"parent__id": parent})


def close(
    uow: UnitOfWork, case: LockedCase, row: Subtask, happened: str, answer: Mapping[str, Any] | None = None
) -> None:
    """Closes a request: answered, withdrawn or expired. The answer is stored with the question."""
    given = answer is not None
    if answer is not None:
        asked = {**row.asked, "answer": dict(answer)}
        uow.connection.execute(_TELL, {"beside__id": row.task_id, "beside__asked": asked})
    change = TaskChange(
        row.task_id,
        "completed" if given else "cancelled",
        uow.actor.id if given else row.assignee_id,
        uow.now,
    )
    touch(uow, row.parent_id)
    payload = {"data": answer} if given else None
    cases.note(uow, case, [Fact(kind_of(row.kind, happened), row.element, row.task_id, payload)], change)


ASKER = aliased(User)


def asker() -> Any:
    """Returns the id of the account that made a request."""
    return Task.asked["by"]["id"].astext.cast(Uuid)


_CHILDREN = (
    select(
        Task.id,
        Task.kind,
        Task.status,
        Task.asked,
        Task.opened_at,
        Task.closed_at,
        Task.due_at,
        Task.assignee_id,
        User.name.label("assignee"),
        names.of().label("assignee_name"),
        User.role.label("assignee_role"),
        names.of(ASKER).label("asker_name"),
    )
    .outerjoin(User, User.id == Task.assignee_id)
    .outerjoin(ASKER, ASKER.id == asker())
    .where(Task.parent_id == bindparam("parent"))
    .order_by(Task.id)
    .limit(cases.PAGE)
)


def list_subtasks(uow: UnitOfWork, task_id: UUID) -> Sequence[RowMapping]:
    """Returns the requests attached to a visible task with their answers, oldest first."""
    return uow.connection.execute(_CHILDREN, {"parent": task_id}).mappings().all()


def write_rows(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Has these tasks written when the command ends."""
    uow.write(_INSERT, {"tasks_beside": list(rows)})


def is_overdue(now: datetime) -> Any:
    """Returns whether a request is due by now: a condition on `Task`."""
    return (Task.status == "open") & Task.parent_id.is_not(None) & (Task.due_at <= now)
