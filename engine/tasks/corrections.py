"""Corrections: the applicant corrects only the fields that an official marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import access, bpmn, cases, definitions
from engine.bpmn import Form
from engine.cases import TaskChange, staged_documents
from engine.cases.staged_documents import Place
from engine.definitions import forms
from engine.events import Fact
from engine.models import Task
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, FieldNotMarked, Invalid
from engine.tasks import subtasks
from engine.tasks.locked_task import LockedTask

NAME = "اصلاح اطلاعات | Correct what was sent"


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked errors: (JSON Pointer, text) for each field.

    The fields are those of the start form, or of a task of the applicant.
    """

    fields: Sequence[tuple[str, str]]
    text: str | None = None
    due_at: datetime | None = None
    task: UUID | None = None


def asked_of(uow: UnitOfWork, held: LockedTask, marks: Marks) -> dict[str, Any]:
    """Returns what a correction requests. Raises Invalid for fields that the applicant can't answer."""
    asked: dict[str, Any] = {
        "text": marks.text,
        "fields": [{"pointer": pointer, "text": text} for pointer, text in marks.fields],
        "form": None if marks.task is None else _element(uow, held, marks.task),
    }
    spec = definitions.spec(uow.session, held.case.version)
    form = subtasks.corrected_form(spec, asked)
    own = form and forms.for_roles(form, (access.APPLICANT,))
    answerable = {name for name, field in subtasks.fields_of(own).items() if field.get("not") != {}}
    faults = [
        Fault(f"/fields/{number}/pointer", "is not a field that the applicant can answer", "unknown")
        for number, (pointer, _) in enumerate(marks.fields)
        if not pointer.startswith("/") or subtasks.field_of(pointer) not in answerable
    ]
    if faults:
        raise Invalid("The task can't be sent back.", faults)
    return asked


def _element(uow: UnitOfWork, held: LockedTask, task_id: UUID) -> str:
    """Returns the element of a task that the applicant has completed in this case. Raises Invalid."""
    found = select(Task.element).where(
        Task.id == task_id,
        Task.case_id == held.case.id,
        Task.candidate_group_id.is_(None),
        Task.kind == "step",
        Task.status == "completed",
    )
    element: str | None = uow.connection.execute(found).scalar()
    if element is None:
        fault = Fault("/task", "is not a task that the applicant has completed in this case", "unknown")
        raise Invalid("The task can't be sent back.", [fault])
    return element


def correct(
    uow: UnitOfWork, held: LockedTask, state: bytes, data: Mapping[str, Any]
) -> tuple[Mapping[str, Any], cases.StepEffects]:
    """Corrects marked fields in the case's data and wherever its process has copies of them.

    Raises FieldNotMarked for other fields, Invalid for values that do not fit the form.
    """
    row, case, token = held.subtask(), held.case, held.row.token_id
    if foreign := set(data) - subtasks.marked_fields(row.asked):
        raise FieldNotMarked(
            f"Only marked fields can be corrected; {len(foreign)} of the changed fields were not marked."
        )
    spec = definitions.spec(uow.session, case.version)
    form = subtasks.form_of(spec, row.element, row.kind, row.asked)
    answer = _checked(form, data)
    files = staged_documents.claim(uow, form, answer, Place.task(row.task_id), case.id)
    formed = subtasks.FormRow(row.element, row.kind, row.asked, token, case.state, case.data)
    _require_fitting(
        subtasks.corrected_form(spec, row.asked), subtasks.form_data(spec, formed, uow.now), answer
    )
    cases.require_size({**case.data, **answer})
    counted = cases.counted(uow, case.home.unit_id, spec)
    step = bpmn.correct(counted, state, row.parent_id, answer, uow.now, row.asked.get("form"))
    # Immediately: if the correction cancels the waiting task, this one must not be cancelled with it.
    uow.connection.execute(update(Task).where(Task.id == row.task_id).values(status="completed"))
    subtasks.touch(uow, row.parent_id)
    change = TaskChange(row.task_id, "completed", uow.actor.id, uow.now)
    fact = Fact(
        "data.corrected", row.element, row.task_id, cases.scoped({"changes": answer}, answer, step.scopes)
    )
    applied = cases.apply(uow, case, step, [*files.facts(row.element, row.task_id), fact], change=change)
    files.file(uow, case.id, row.task_id)
    return applied


def _checked(form: Form | None, data: Mapping[str, Any]) -> dict[str, Any]:
    roles = (access.APPLICANT,) if form and forms.for_some(form) else None
    return forms.check(form, data, roles)


def _require_fitting(form: Form | None, before: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Raises Invalid where the correction violates the form's rules about several fields.

    Errors in unmarked fields are ignored: the applicant can't correct them now.
    """
    if form is None:
        return
    try:
        forms.check(form, {**forms.visible(form, None, before), **answer})
    except Invalid as error:
        faults = [fault for fault in error.faults if _place(fault) in answer]
        if faults:
            raise Invalid(error.detail, faults) from error


def _place(fault: Fault) -> str:
    return subtasks.field_of(fault.pointer.removeprefix("/data"))
