"""The current task: its form next to the case. What was typed is never lost, whatever is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, cases, documents, tasks
from engine.bpmn.forms import Field, Form
from engine.cases.staged_documents import Place
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, DataChanged, NotFound, Refusal
from engine.platform.language import Reader
from engine.tasks import work_time
from web import asked, attached, forms, seen, texts
from web.desk import story, typed
from web.desk.data import Datum, Labels, by_name, inside, name_of
from web.desk.evidence import NOTHING, evidence
from web.desk.explained import Explained, explain
from web.desk.inbox import kept
from web.desk.work import duration
from web.forms import Drawing
from web.visit import Away, Page, Shown, Visit, page

blueprint = Blueprint("task", __name__)

AFTER_DRAFT = ("send-back", "ask", "assign", "recuse")  # pages that are opened with a stored draft
HAPPENED = 12  # events that explain a conflict


@dataclass(frozen=True, slots=True)
class Trouble:
    """A refusal with its explanation."""

    told: Explained
    refusal: Refusal

    @property
    def conflict(self) -> bool:
        """Return whether something has changed meanwhile."""
        return isinstance(self.refusal, Conflict)


@dataclass(frozen=True, slots=True)
class Change:
    """A value of the form that has changed since the reader saw it. `before` is None if it isn't known."""

    label: str
    before: Datum | None
    now: Datum


@page(blueprint.get("/tasks/<uuid:task_id>"), may="tasks.read")
def show_task(visit: Visit, task_id: UUID) -> Page:
    """Show the page of a task."""
    return task_page(visit, tasks.get(visit.uow, task_id))


def task_page(
    visit: Visit,
    row: Mapping[str, Any],
    *,
    answer: Mapping[str, Any] | None = None,
    trouble: Trouble | None = None,
) -> Page:
    """Return the page of a task, with an answer that was refused, and why."""
    uow, reader = visit.uow, visit.reader
    refusal = trouble.refusal if trouble else None
    shown = tasks.get_form(uow, row)
    fields = shown.form.fields if shown.form else ()
    case = _seen(uow, row["case_id"])
    faults = [one for one in trouble.told.faults if one.pointer.startswith("/data")] if trouble else ()
    begun = answer if answer is not None else shown.draft
    drawn = forms.drawing(fields, _filled(fields, shown.data, begun), reader, faults)
    drawing = attached.named(uow, drawn, Place.task(row["id"]))
    filed = documents.page(uow, row["case_id"], seen=True) if case else documents.of_task(uow, row["id"])
    values = {
        "task": row,
        "drawing": drawing,
        "seen": case,
        "tag": seen.tag_of(shown, refusal),
        "log_length": shown.length,
        "changes": _changes(reader, fields, filed, refusal, case),
        "element": case.spec.elements.get(row["element"]) if case else None,
        "editable": row["status"] == "open" and row["had"],
        "has_draft": shown.draft is not None,
        "asked_beside": tasks.list_subtasks(uow, row["id"]) if row["asks"] else (),
        "documents": filed,
        "comments": tasks.comments(uow, row["case_id"], seen=True) if case else (),
        "evidence": evidence(reader, case, row["element"], filed) if case else NOTHING,
        "kept": kept(),
        "worked": _worked(uow, row),
        "goes_on": access.allows(uow.actor, "inbox.read"),
        "trouble": trouble,
        "reasons": typed.reasons(),
        "typed_rest": _rest(drawing, all_of_it=not row["had"] or row["status"] != "open") if trouble else (),
        "who": _who(uow, row) if trouble and trouble.conflict else "",
        "happened": _history(visit, case) if trouble and trouble.conflict else (),
    }
    status = trouble.told.status if trouble else 200
    opened = Opened("task", row["case_id"], row["id"], work="page" if values["editable"] else None)
    return Page("desk/task.html", values, status, opened=opened)


def task_refused(visit: Visit, task_id: UUID, *, refusal: Refusal, **_: Any) -> Page:
    """Return the page of a task after a refusal, with what was typed."""
    told = explain(refusal)
    if request.headers.get("HX-Request"):
        return Page("desk/saved.html", {"refused": told}, 422)
    try:
        row = tasks.get(visit.uow, task_id)
    except NotFound:
        return Page("desk/lost.html", {"refused": told, "rest": _sent()}, told.status)
    sent = any(name.startswith(forms.DATA) for name in request.form) or "then" in request.form
    answer = None
    if sent:
        form = tasks.get_form(visit.uow, row).form
        answer = seen.updated(_typed(form), form, refusal)
    return task_page(visit, row, answer=answer, trouble=Trouble(told, refusal))


def _files(task_id: UUID) -> Mapping[str, Any]:
    return attached.take(Place.task(task_id))


@page(blueprint.post("/tasks/<uuid:task_id>"), may="tasks.work", refused=task_refused, prepare=_files)
def answer_task(visit: Visit, task_id: UUID) -> Shown:
    """Complete the task, save a draft of its answer, or add a row to a list."""
    row = tasks.get(visit.uow, task_id)
    answer = _typed(tasks.get_form(visit.uow, row).form)
    if attached.edited():
        attached.forget_dropped(visit.uow)
        attached.require()
        return task_page(visit, row, answer=answer)
    attached.require()
    then = request.form.get("then", "draft")
    if then in ("complete", "complete-next"):
        tasks.complete(visit.uow, task_id, answer, tags=seen.sent(), beside=_beside(visit, row))
        return _completed(task_id, go_on=then == "complete-next")
    tasks.save_draft(visit.uow, task_id, answer, tag=seen.last_sent())
    if request.headers.get("HX-Request"):
        return Page("desk/saved.html", {"at": visit.uow.now})
    if then in AFTER_DRAFT:
        return Away(f"/desk/tasks/{task_id}/{then}")
    return Away(f"/desk/tasks/{task_id}{kept()}", told="desk.task.saved")


def _beside(visit: Visit, row: Mapping[str, Any]) -> tasks.Beside | None:
    """Return what the page showed next to the form; None for a page of an earlier release."""
    length, case = asked.count(request.form, seen.BESIDE), _seen(visit.uow, row["case_id"])
    if length is None or case is None:
        return None
    return tasks.Beside(length, evidence(visit.reader, case, row["element"], ()).names, case.cut)


def _completed(task_id: UUID, *, go_on: bool) -> Away:
    """Redirect after a completed task: to it, or to the next one of the list."""
    if go_on:
        return Away(f"/desk/next{kept() or '?view=team'}&after={task_id}")
    return Away(f"/desk/tasks/{task_id}{kept()}", told="desk.task.completed")


@page(blueprint.post("/tasks/<uuid:task_id>/claim"), may="tasks.work", refused=task_refused)
def claim(visit: Visit, task_id: UUID) -> Away:
    """Claim it."""
    tasks.claim(visit.uow, task_id)
    return Away(f"/desk/tasks/{task_id}{kept()}", told="desk.task.claimed")


@page(blueprint.post("/tasks/<uuid:task_id>/release"), may="tasks.work", refused=task_refused)
def release(visit: Visit, task_id: UUID) -> Away:
    """Release it."""
    tasks.release(visit.uow, task_id, reason=typed.line("reason"))
    return Away(f"/desk/tasks/{task_id}{kept()}", told="desk.task.released")


def _typed(form: Form | None) -> dict[str, Any]:
    return forms.answer(form.fields if form else (), attached.sent())


def _seen(uow: UnitOfWork, case_id: UUID) -> cases.Seen | None:
    """Return the case, if the reader may see more than the task: those asked for an opinion may not."""
    try:
        return cases.see(uow, case_id)
    except NotFound:
        return None


def _filled(
    fields: Sequence[Field], data: Mapping[str, Any], begun: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Return the case's data that is only shown, and the draft; before a draft exists, all data."""
    if begun is None:
        return data
    only_shown = {name_of(one) for one in inside(fields) if one.read_only}
    return {**{name: value for name, value in data.items() if name in only_shown}, **begun}


def _changes(
    reader: Reader,
    fields: Sequence[Field],
    filed: Sequence[Mapping[Any, Any]],
    refusal: Refusal | None,
    case: cases.Seen | None,
) -> Sequence[Change]:
    """Return what has changed since the reader saw the page, if that is why the answer was refused."""
    if not isinstance(refusal, DataChanged):
        return ()
    titles = {str(one["id"]): one["title"] for one in filed}
    labels = Labels(reader, by_name(inside(fields)), documents=titles)
    labels_beside = labels if case is None else Labels.of(reader, case.spec, filed)
    found = []
    for one in refusal.changes:
        told = labels_beside if "beside" in one else labels
        name, field = one["field"], told.fields.get(one["field"])
        now = told.datum(name, one["now"], field)
        before = told.datum(name, one["before"], field) if "before" in one else None
        found.append(Change(now.label, before, now))
    return found


def _sent() -> Sequence[tuple[str, str]]:
    """Return what was typed into the fields of a form, by name."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name.startswith(forms.DATA) and value.strip()
    ]


def _rest(drawing: Drawing, *, all_of_it: bool) -> Sequence[tuple[str, str]]:
    """Return typed values that have no input on the page, to read and copy."""
    nodes = {node.name: node for node in drawing.all}
    found = []
    for name, value in _sent():
        node = nodes.get(name.removesuffix("@"))
        if node is None or all_of_it:
            choices = {sent: label for sent, label, _ in node.options} if node else {}
            found.append((node.label if node else name.removeprefix(forms.DATA), choices.get(value, value)))
    return found


def _worked(uow: UnitOfWork, row: Mapping[str, Any]) -> str | None:
    """Return how long the reader has worked on the task; None if it isn't theirs."""
    if row["assignee_id"] != uow.actor.id or not access.allows(uow.actor, "work_time.own"):
        return None
    seconds = work_time.measured(uow, row["case_id"], row["id"])
    return texts.say("desk.work.unmeasured") if seconds is None else duration(seconds)


def _who(uow: UnitOfWork, row: Mapping[str, Any]) -> str:
    """Return who prevents it, if the task itself shows it."""
    if row["status"] == "completed" and row["assignee_id"] is not None:
        if row["assignee_id"] == uow.actor.id:
            return texts.say("desk.conflict.done-by-you", at=row["closed_at"])
        return texts.say("desk.conflict.done", name=row["assignee_name"], at=row["closed_at"])
    if row["status"] == "open" and row["assignee_id"] is not None and not row["had"]:
        return texts.say("desk.conflict.taken", name=row["assignee_name"])
    return ""


def _history(visit: Visit, seen: cases.Seen | None) -> Sequence[story.Group]:
    if seen is None:
        return ()
    rows = cases.latest(visit.uow, seen, limit=HAPPENED)[:HAPPENED]
    return story.grouped(story.describe(visit.reader, seen, rows))
