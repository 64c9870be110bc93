"""Actions on the selected tasks of the inbox, or on one of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import tasks
from engine.definitions import forms as answers
from engine.platform.errors import Conflict, Invalid, NotFound, Refusal
from web import asked, forms, texts
from web.desk import typed
from web.desk.inbox import explain, inbox, kept
from web.people import people_to_choose
from web.refusals import status_of
from web.visit import Away, Page, Shown, Visit, page

blueprint = Blueprint("bulk", __name__)


def _not_done(visit: Visit, refusal: Refusal) -> Page:
    """Show the inbox as it is now, and why nothing was done."""
    taken = asked.identity(request.form, "take")
    if taken is not None and isinstance(refusal, Conflict):
        row = tasks.get(visit.uow, taken)
        if row["assignee"] is not None and row["assignee_id"] != visit.uow.actor.id:
            fault = texts.say("inbox.has-it", name=row["assignee_name"], task=visit.reader.half(row["name"]))
            return inbox(visit, fault=fault, status=409)
    return inbox(visit, fault=explain(refusal), status=status_of(refusal))


@page(blueprint.post(""), may="inbox.read", refused=_not_done)
def act(visit: Visit) -> Shown:
    """Claim one task; or start a batch, perhaps after another question."""
    if "take" in request.form:
        taken = asked.identity(request.form, "take")
        if taken is None:
            raise NotFound("The task does not exist.")
        tasks.claim(visit.uow, taken)
        return Away(f"/desk/tasks/{taken}{kept()}", told="inbox.notice.claimed")
    marked = asked.identities("task")
    if not marked:
        return inbox(visit, fault=texts.say("inbox.none-marked"), status=422)
    action = request.form.get("action")
    if action == "assign":
        return _whom(visit, marked)
    if action == "complete":
        return _answer(visit, marked, {}, ())
    if action in ("claim", "release"):
        return _begun(visit, action, marked, {})
    raise NotFound("The action does not exist.")


def _begun(visit: Visit, action: Any, marked: Sequence[UUID], answer: Mapping[str, Any]) -> Away:
    return Away(f"/desk/batches/{tasks.start_bulk_job(visit.uow, action, marked, answer)}")


def _whom(visit: Visit, marked: Sequence[UUID], wrong: str | None = None) -> Page:
    """Ask for the assignee."""
    people = people_to_choose(tasks.receivers(visit.uow, marked))
    values = {"marked": marked, "people": people, "wrong": wrong, "reasons": typed.reasons()}
    return Page("desk/assign-many.html", values, 422 if wrong else 200)


def _answer(visit: Visit, marked: Sequence[UUID], typed: Mapping[str, Any], faults: Sequence[Any]) -> Page:
    """Ask for the answer to all of them."""
    drawing = forms.drawing(_fields(visit, marked), typed, visit.reader, faults)
    (first,) = tasks.find_visible(visit.uow, marked[:1])
    values = {"marked": marked, "drawing": drawing, "first": first}
    return Page("desk/answer.html", values, 422 if faults else 200)


def _fields(visit: Visit, marked: Sequence[UUID]) -> Sequence[Any]:
    """Return the fields to answer: values that a field only shows differ between cases."""
    form, roles = tasks.common_form(visit.uow, marked)
    return [] if form is None else [one for one in answers.for_roles(form, roles).fields if not one.read_only]


def _again(visit: Visit, refusal: Refusal) -> Shown:
    marked = asked.identities("task")
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    if any(fault.pointer == "/tasks" for fault in faults) or not marked:
        return inbox(visit, fault=explain(refusal), status=422)
    if request.form.get("action") == "assign":
        return _whom(visit, marked, texts.say("inbox.assign.nobody"))
    return _answer(visit, marked, forms.answer(_fields(visit, marked), request.form), faults)


@page(blueprint.post("/batches"), may="inbox.read", refused=_again)
def begin(visit: Visit) -> Shown:
    """Start a batch that needs an answer."""
    marked = asked.identities("task")
    if request.form.get("action") == "assign":
        to, reason = asked.identity(request.form, "to"), typed.line("reason")
        answer = {**({} if to is None else {"to": str(to)}), **({"reason": reason} if reason else {})}
        return _begun(visit, "assign", marked, answer)
    answer = forms.answer(_fields(visit, marked), request.form)
    if forms.edited(request.form):
        return _answer(visit, marked, answer, ())
    return _begun(visit, "complete", marked, answer)
