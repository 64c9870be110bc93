"""Subtasks: a colleague's opinion or the applicant's correction. Their forms, and their place in the case.

Each is a task of its own whose `parent_id` is the task that waits for it. The engine knows nothing of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import RowMapping, Uuid, bindparam, case, func, select, update
from sqlalchemy.orm import aliased

from engine import bpmn, cases
from engine.bpmn import Form, Spec
from engine.cases import LockedCase, TaskChange
from engine.events import Fact, Kind
from engine.identity import names
from engine.models import Case, Task, User
from engine.platform.db import UnitOfWork, recordset, table, values_of
from engine.platform.errors import Conflict, CorrectionAwaited, OpinionAwaited
from engine.tasks.locked_task import LockedTask, Subtask

_TASKS = table(Task)
# The token of a task's step: that of the task, or of the one beside which it was asked.
TOKEN = func.coalesce(Task.parent_id, Task.id).label("token_id")
# The state of its case, but only where a form may show other variables than the case's.
STATE = case((Task.element.contains("/"), Case.state)).label("state")
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
# Who says neither is neither: a box to tick would make a no of it.
_DRAWN: Mapping[str, Any] = {"favourable": {"ui:widget": "radio"}}
_FOR_SOME = ("x-visible-to", "x-editable-by")
_DEFINED = ("$defs", "definitions")


def form_of(spec: Spec, element: str, kind: str, asked: Mapping[str, Any] | None) -> Form | None:
    """The form of a task of any kind."""
    form = spec.elements[element].form
    if kind == "correction" and asked is not None:
        return _marked(corrected_form(spec, asked), asked)
    if kind == "step" or asked is None:
        return form
    return _opinion(showable(spec, element), asked.get("show", ()))


def showable(spec: Spec, element: str) -> Form | None:
    """What may go along with a question beside a task: the fields of the application, and those of its form.

    Only the latter where both define something else by the same name.
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
    """The form that a correction is about: that of a task of the applicant, else the one of the start."""
    element = asked.get("form")
    return spec.start_form if element is None else spec.elements[element].form


class FormRow(NamedTuple):
    """A task, with what its form shows of its case."""

    element: str
    kind: str
    asked: Mapping[str, Any] | None
    token_id: UUID
    state: bytes | None
    data: Mapping[str, Any]


def form_data(spec: Spec, row: FormRow, now: datetime) -> Mapping[str, Any]:
    """The variables that the form of a task shows: those of the case, or of the called process it is in."""
    about = row.element if row.kind != "correction" else (row.asked or {}).get("form") or ""
    data = row.data
    if not bpmn.same_process(about, row.element):
        return data
    own = bpmn.known_at(spec, row.state, row.token_id, row.element, now)
    if own is None:
        return data
    return {**data, **own} if row.kind == "opinion" else own  # which shows fields of the application, too


def marked_fields(asked: Mapping[str, Any]) -> set[str]:
    """The names of the fields that a correction may hold: a mark within a field is one of the field."""
    return {field_of(one["pointer"]) for one in asked["fields"]}


def field_of(pointer: str) -> str:
    """The field of a form that a JSON Pointer leads to, or into."""
    first = pointer.removeprefix("/").partition("/")[0]
    return first.replace("~1", "/").replace("~0", "~")


def _marked(form: Form | None, asked: Mapping[str, Any]) -> Form:
    """A form cut to what was marked."""
    schema: Mapping[str, Any] = form.schema if form else {}
    names = marked_fields(asked)
    fields = {name: field for name, field in fields_of(form).items() if name in names}
    required = [name for name in schema.get("required", ()) if name in fields]
    defined = {name: schema[name] for name in _DEFINED if name in schema}
    return Form({"type": "object", "properties": fields, "required": required, **defined}, None)


def _opinion(form: Form | None, shown: Sequence[str]) -> Form:
    """Our own form, below the fields that are shown with the question."""
    schema = form.schema if form else {}
    fields = fields_of(form)
    only = {name: {**_for_all(fields[name]), "readOnly": True, "not": {}} for name in shown if name in fields}
    defined = {name: schema[name] for name in _DEFINED if name in schema}
    return Form(
        {"type": "object", "properties": {**only, **OPINION}, "required": ["opinion"], **defined}, _DRAWN
    )


def fields_of(form: Form | None) -> Mapping[str, Mapping[str, Any]]:
    """The fields of a form by name, none within another."""
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
    """What is to be told of what nobody answered in time, before a task completes without it.

    Raises OpinionAwaited or CorrectionAwaited while an answer may still come.
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
    """The kind of event that tells what happened to what was asked."""
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
    """Have a task show that something beside it changed: whoever has read it reads it again."""
    uow.write(_TOUCH, {"parent__id": parent})


def close(
    uow: UnitOfWork, case: LockedCase, row: Subtask, happened: str, answer: Mapping[str, Any] | None = None
) -> None:
    """End what was asked: given, withdrawn or expired. The answer stays with the question."""
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
    """Who has asked what a task asks: an account's id."""
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
        names.of(ASKER).label("asker_name"),
    )
    .outerjoin(User, User.id == Task.assignee_id)
    .outerjoin(ASKER, ASKER.id == asker())
    .where(Task.parent_id == bindparam("parent"))
    .order_by(Task.id)
    .limit(cases.PAGE)
)


def list_subtasks(uow: UnitOfWork, task_id: UUID) -> Sequence[RowMapping]:
    """What was asked beside a task that the actor may see, the oldest first, with the answers."""
    return uow.connection.execute(_CHILDREN, {"parent": task_id}).mappings().all()


def write_rows(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Have these tasks written when the command ends."""
    uow.write(_INSERT, {"tasks_beside": list(rows)})


def is_overdue(now: datetime) -> Any:
    """Whether what was asked is due by now: a condition on `Task`."""
    return (Task.status == "open") & Task.parent_id.is_not(None) & (Task.due_at <= now)
