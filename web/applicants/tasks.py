"""The applicant's tasks: corrections, and the tasks that the process assigns to them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import request

from engine import documents, tasks
from engine.bpmn.forms import Field
from engine.cases.staged_documents import Place
from engine.documents import Received
from engine.oversight.access_log import Opened
from engine.platform.errors import DataChanged, Invalid, Refusal
from web import attached, forms, seen
from web.applicants.answers import Row, rows
from web.applicants.documents import own, title
from web.applicants.door import blueprint, mine
from web.documents import intake
from web.forms import all_explained
from web.texts import explain
from web.visit import Away, Page, Shown, Visit

SAVE = "save"  # the button that saves without sending


@mine(blueprint.get("/my/tasks/<uuid:task_id>"))
def show_task(visit: Visit, task_id: UUID) -> Page:
    """Show a task with its form."""
    return _page(visit, task_id)


def _refused(visit: Visit, task_id: UUID, refusal: Refusal) -> Page:
    """Show it with what was typed, and why it was refused."""
    row = tasks.get(visit.uow, task_id)
    form = tasks.get_form(visit.uow, row).form
    typed = forms.answer(form.fields, attached.sent()) if form else {}
    return _page(visit, task_id, typed=seen.updated(typed, form, refusal), refusal=refusal)


def _files(task_id: UUID) -> Mapping[str, Any]:
    return attached.take(Place.task(task_id))


@mine(blueprint.post("/my/tasks/<uuid:task_id>"), refused=_refused, prepare=_files)
def answer_task(visit: Visit, task_id: UUID) -> Shown:
    """Send the answer, or save what was typed so far."""
    row = tasks.get(visit.uow, task_id)
    form = tasks.get_form(visit.uow, row).form
    given = forms.answer(form.fields, attached.sent()) if form else {}
    if attached.edited():
        attached.forget_dropped(visit.uow)
        attached.require()
        return _page(visit, task_id, typed=given)
    attached.require()
    if SAVE in request.form:
        tasks.save_draft(visit.uow, task_id, given, tag=seen.last_sent())
        return Away(f"/my/tasks/{task_id}", told="applicants.notice.saved")
    tasks.complete(visit.uow, task_id, given, tags=seen.sent())
    return Away(f"/my/cases/{row['case_id']}", told="applicants.notice.done")


def _not_taken(visit: Visit, task_id: UUID, refusal: Refusal, **_: Any) -> Page:
    return _page(visit, task_id, unfit=all_explained(refusal))


def _for_task(task_id: UUID) -> Mapping[str, Any]:
    return own(task=task_id)


@mine(blueprint.post("/my/tasks/<uuid:task_id>/documents"), refused=_not_taken, prepare=_for_task)
def hand_in_to_task(visit: Visit, task_id: UUID, received: Received) -> Away:
    """Upload a document with a task."""
    documents.add(visit.uow, received, task=task_id, title=title())
    return Away(f"/my/tasks/{task_id}", told="applicants.notice.handed-in")


def _page(
    visit: Visit,
    task_id: UUID,
    *,
    typed: Mapping[str, Any] | None = None,
    refusal: Refusal | None = None,
    unfit: str | None = None,
) -> Page:
    row = tasks.get(visit.uow, task_id)
    shown, place = tasks.get_form(visit.uow, row), Place.task(task_id)
    fields = shown.form.fields if shown.form else ()
    kept = {**shown.data, **(shown.draft or {})} if typed is None else {**_only_shown(shown), **typed}
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    values = {
        "task": row,
        "tag": seen.tag_of(shown, refusal),
        "changes": _changes(visit, fields, refusal, place),
        "drawing": attached.named(visit.uow, forms.drawing(fields, kept, visit.reader, faults), place),
        "typed": rows(fields, typed, visit.reader, visit.uow, place)
        if typed and row["status"] != "open"
        else (),
        "fault": explain(refusal) if refusal and not faults else None,
        "unfit": unfit,
        "documents": documents.of_task(visit.uow, task_id),
        "most": intake().max_bytes >> 20,
        **_correction(visit, row),
    }
    failed = refusal is not None or unfit is not None
    opened = Opened("task", row["case_id"], task_id)
    return Page("applicants/task.html", values, 422 if failed else 200, opened=opened)


def _changes(
    visit: Visit, fields: Sequence[Field], refusal: Refusal | None, place: Place
) -> Sequence[tuple[str, Sequence[Row], Sequence[Row]]]:
    """Return the label of each value that has changed since the form was opened, and it before and now."""
    if not isinstance(refusal, DataChanged):
        return ()
    found = []
    for one in refusal.changes:
        name = one["field"]
        field = [part for part in fields if part.pointer == f"/{name}"]
        before, now = (
            rows(field, {name: one.get(key)}, visit.reader, visit.uow, place) for key in ("before", "now")
        )
        label = getattr(field[0].label, visit.reader.language) if field else name
        found.append((label, before, now))
    return found


def _only_shown(shown: tasks.TaskForm) -> Mapping[str, Any]:
    """Return what the form shows without asking."""
    told = shown.form.schema.get("properties", {}) if shown.form else {}
    return {name: value for name, value in shown.data.items() if told.get(name, {}).get("readOnly") is True}


def _correction(visit: Visit, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a correction, return the remarks on the fields, and the other answers, which can't be changed."""
    if row["kind"] != "correction":
        return {"said": {}, "rest": (), "asked": None}
    said: dict[str, list[str]] = {}
    for one in row["asked"]["fields"]:
        name = one["pointer"].removeprefix("/").partition("/")[0]
        said.setdefault(f"{forms.DATA}/{name}", []).append(one["text"])
    whole = tasks.get_corrected_form(visit.uow, row)
    fields = [
        field
        for field in (whole.form.fields if whole.form else ())
        if f"{forms.DATA}{field.pointer}" not in said
    ]
    return {
        "said": said,
        "rest": rows(fields, whole.data, visit.reader, visit.uow, Place.task(row["id"])),
        "asked": row["asked"].get("text"),
    }
