"""Starting a case at the desk, for a person who came, called or wrote."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from flask import Blueprint, request

from engine import cases
from engine.bpmn import Form
from engine.cases.staged_documents import Place
from engine.platform.errors import Conflict, Fault, Invalid, Refusal
from engine.portal import catalogue
from web import asked, attached, forms
from web.desk.inbox import explain
from web.visit import Away, Page, Shown, Visit, page

blueprint = Blueprint("starting", __name__)
CHANNELS = ("assisted", "phone", "post")
OWN = ("applicant", "representative", "business_key")
CONFIRM = "confirm_duplicate"


@page(blueprint.get("/cases/new"), may="cases.start")
def choose(visit: Visit) -> Page:
    """Show the processes of which the desk can start cases."""
    offered = [(one.key, visit.reader.half(one.name)) for one in catalogue.at_desk(visit.uow)]
    return Page("desk/offered.html", {"processes": sorted(offered, key=itemgetter(1))})


@page(blueprint.get("/cases/new/<key>"), may="cases.start")
def show(visit: Visit, key: str) -> Page:
    """Show the start form of one of them."""
    return _draw(visit, key, {})


def _again(visit: Visit, key: str, refusal: Refusal) -> Page:
    form = catalogue.startable_at_desk(visit.uow, key).form
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    if isinstance(refusal, Conflict) and refusal.code == "duplicate":
        return _draw(visit, key, _typed(form), duplicate=refusal)
    return _draw(visit, key, _typed(form), faults, None if faults else explain(refusal))


def _files(key: str) -> Mapping[str, Any]:
    return attached.take(Place.start(key))


@page(blueprint.post("/cases/new/<key>"), may="cases.start", refused=_again, prepare=_files)
def start(visit: Visit, key: str) -> Shown:
    """Start the case and open it."""
    form = catalogue.startable_at_desk(visit.uow, key).form
    answer = _typed(form)
    if attached.edited():
        attached.forget_dropped(visit.uow)
        attached.require()
        return _draw(visit, key, answer)
    attached.require()
    channel = asked.choice(request.form, "channel", CHANNELS)
    if channel is None:
        raise Invalid("Select how the application arrived.", [Fault("/channel", "is required", "required")])
    own: dict[str, Any] = {name: asked.text(request.form, name) for name in OWN}
    application = cases.Application(**own, channel=channel, confirm_duplicate=CONFIRM in request.form)
    case = cases.start(visit.uow, key, answer, application)
    return Away(f"/desk/cases/{case.id}", told="inbox.notice.started")


def _typed(form: Form | None) -> dict[str, Any]:
    return {} if form is None else forms.answer(form.fields, attached.sent())


def _draw(
    visit: Visit,
    key: str,
    values: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    fault: str | None = None,
    duplicate: Conflict | None = None,
) -> Page:
    service = catalogue.startable_at_desk(visit.uow, key)
    inside = [one for one in faults if one.pointer.startswith("/data")]
    own = {one.pointer[1:]: forms.explain_fault(one) for one in faults if one not in inside}
    shown = {
        "key": key,
        "name": visit.reader.half(service.name),
        "drawing": attached.named(
            visit.uow,
            forms.drawing(service.form.fields if service.form else (), values, visit.reader, inside),
            Place.start(key),
        ),
        "own": OWN,
        "typed": {name: request.form.get(name, "") for name in OWN},
        "channels": CHANNELS,
        "channel": request.form.get("channel", CHANNELS[0]),
        "wrong": own,
        "fault": fault,
        "duplicate": None if duplicate is None else duplicate.state,
    }
    return Page("desk/application.html", shown, 422 if faults or fault or duplicate else 200)
