"""Requests from a task: corrections by the applicant, opinions of colleagues; and withdrawing them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, cases, tasks
from engine.bpmn import Form
from engine.definitions import forms
from engine.organisation import units
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound, Refusal
from engine.tasks import Marks, Question
from web import asked
from web.desk import typed
from web.desk.data import Datum, Labels, by_name, inside
from web.desk.explained import Explained, explain
from web.desk.task import task_refused
from web.people import people_to_choose
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("asking", __name__)


def _mine(uow: UnitOfWork, task_id: UUID) -> Mapping[str, Any]:
    access.require(uow.actor, "tasks.ask")
    return tasks.get(uow, task_id)


def _page(
    template: str, row: Mapping[str, Any], values: Mapping[str, Any], refused: Explained | None
) -> Page:
    found = {"task": row, "refused": refused, "typed": request.form, **values}
    status = refused.status if refused else 200
    return Page(f"desk/{template}.html", found, status, opened=Opened("task", row["case_id"], row["id"]))


def _of() -> UUID | None:
    """Return the applicant's task whose answer is to be corrected; None: the start form."""
    return asked.identity(request.values, "of")


def _form(seen: cases.Seen, rows: Sequence[Mapping[Any, Any]], of: UUID | None) -> Form | None:
    """Return the form that the applicant filled in, as the applicant sees it."""
    form = seen.spec.start_form
    if of is not None:
        element = next((row["element"] for row in rows if row["id"] == of), None)
        if element is None:
            raise NotFound("The task does not exist.")
        form = seen.spec.elements[element].form
    return form and forms.for_roles(form, (access.APPLICANT,))


def _answered(rows: Sequence[Mapping[Any, Any]]) -> Sequence[Mapping[Any, Any]]:
    """Return the tasks that the applicant has completed."""
    return [
        row
        for row in rows
        if row["candidate_group_id"] is None and row["kind"] == "step" and row["status"] == "completed"
    ]


def _fields(labels: Labels, form: Form | None, data: Mapping[str, Any]) -> Sequence[tuple[str, Datum]]:
    """Return what can be marked: pointers, and the present values."""
    own = [one for one in inside(form.fields if form else ()) if not one.read_only and one.pointer]
    return [
        (one.pointer or "", labels.datum(name, data.get(name), one)) for one in own for name in by_name([one])
    ]


def _send_back(visit: Visit, task_id: UUID, refused: Explained | None = None) -> Page:
    uow = visit.uow
    row = _mine(uow, task_id)
    seen = cases.see(uow, row["case_id"])
    answered, of = _answered(tasks.latest(uow, row["case_id"])), _of()
    labels = Labels.of(visit.reader, seen.spec)
    values = {
        "of": of,
        "answered": answered,
        "fields": _fields(labels, _form(seen, answered, of), seen.case.data),
    }
    return _page("send-back", row, values, refused)


@page(blueprint.get("/tasks/<uuid:task_id>/send-back"), may="tasks.ask")
def ask_correction(visit: Visit, task_id: UUID) -> Page:
    """Show the applicant's fields, each with a checkbox to mark it."""
    return _send_back(visit, task_id)


def _send_back_refused(visit: Visit, task_id: UUID, *, refusal: Refusal) -> Page:
    return _send_back(visit, task_id, explain(refusal))


def _marked() -> Sequence[tuple[str, str]]:
    """Return what was marked, and the remarks: a remark marks its field, too."""
    ticked = set(request.form.getlist("mark"))
    places = [name.removeprefix("text") for name in request.form if name.startswith("text/")]
    marked, faults = [], []
    for place in places:
        text = typed.words(f"text{place}")
        if text is not None:
            marked.append((place, text))
        elif place in ticked:
            faults.append(Fault(f"/text{place}", "is required", "required"))
    if not marked and not faults:
        faults.append(Fault("/mark", "marks nothing", "nothing-marked"))
    if faults:
        raise Invalid("Say what to correct.", faults)
    return marked


@page(blueprint.post("/tasks/<uuid:task_id>/send-back"), may="tasks.ask", refused=_send_back_refused)
def send_back(visit: Visit, task_id: UUID) -> Away:
    """Request the correction."""
    marks = Marks(_marked(), typed.words("whole"), typed.last_minute("due"), _of())
    tasks.request_correction(visit.uow, task_id, marks)
    return Away(f"/desk/tasks/{task_id}", told="desk.task.sent-back")


def _ask(visit: Visit, task_id: UUID, refused: Explained | None = None) -> Page:
    row = _mine(visit.uow, task_id)
    along = tasks.showable_fields(visit.uow, task_id)
    language = visit.reader.language
    fields = by_name(inside(along.fields if along else ()))
    values = {
        "units": [(one.key, visit.reader.half(one.name)) for one in units.working(visit.uow)],
        "people": people_to_choose(tasks.colleagues_to_ask(visit.uow, task_id), "name"),
        "fields": [(name, getattr(field.label, language)) for name, field in fields.items()],
    }
    return _page("ask", row, values, refused)


@page(blueprint.get("/tasks/<uuid:task_id>/ask"), may="tasks.ask")
def ask_opinion(visit: Visit, task_id: UUID) -> Page:
    """Show the form: the question, to whom it goes, and what they can see."""
    return _ask(visit, task_id)


def _ask_refused(visit: Visit, task_id: UUID, *, refusal: Refusal) -> Page:
    return _ask(visit, task_id, explain(refusal))


@page(blueprint.post("/tasks/<uuid:task_id>/ask"), may="tasks.ask", refused=_ask_refused)
def ask(visit: Visit, task_id: UUID) -> Away:
    """Request the opinion."""
    question = Question(
        typed.required("question"),
        unit=typed.line("unit"),
        to=typed.line("to"),
        due_at=typed.last_minute("due"),
        show=request.form.getlist("show"),
    )
    tasks.request_opinion(visit.uow, task_id, question)
    return Away(f"/desk/tasks/{task_id}", told="desk.task.asked")


@page(blueprint.post("/tasks/<uuid:task_id>/withdraw"), may="tasks.ask", refused=task_refused)
def take_back(visit: Visit, task_id: UUID) -> Away:
    """Withdraw a request."""
    return Away(f"/desk/tasks/{tasks.withdraw_request(visit.uow, task_id)}", told="desk.task.withdrawn")
