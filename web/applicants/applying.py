"""Applying for services: their forms in steps, then all answers for review, then the cases.

Between the steps the answers are stored in a draft (`engine.portal.application_drafts`). A step is shown when
those before it were answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard
from uuid import UUID

from flask import g, request

from engine.bpmn.forms import answer_name
from engine.oversight.access_log import Opened
from engine.platform.errors import Conflict, DataChanged, Fault, Invalid, NotFound, Refusal
from engine.portal import application_drafts
from engine.portal.application_drafts import Draft
from web import attached, forms
from web.applicants import draft_tags
from web.applicants.answers import Row, named_rows
from web.applicants.applications import Application, application_page
from web.applicants.cases import NEVER_KEPT
from web.applicants.checking import wrongs
from web.applicants.door import blueprint, mine
from web.applicants.draft_tags import GONE, Tag
from web.applicants.evidence import answered, panels, steps
from web.applicants.steps import Step
from web.attached import as_visitor
from web.site import BEGUN, cookie
from web.texts import explain, say
from web.visit import Away, Page, Shown, Visit

CONFIRM = "confirm_duplicate"  # the button by which a second open application is confirmed
BACK = "back"  # the back button; what was typed is stored


@dataclass(frozen=True, slots=True)
class Change:
    """An answer that was changed in another window, as it is now. `typed`: the page has another."""

    label: str
    rows: Sequence[Row]
    typed: bool


@dataclass(frozen=True, slots=True)
class Entered:
    """What the fields of a step contain, why that was refused, and which answers were changed elsewhere."""

    values: Mapping[str, Any]
    refusal: Refusal | None = None
    tag: Tag | None = None
    changes: Sequence[Change] = ()


@application_page(blueprint.get)
def begin_application(visit: Visit, application: Application) -> Away:
    """Redirect to the step that comes next."""
    draft = application.find(visit.uow)
    return Away(_next(visit, application, draft, draft.step))


@application_page(blueprint.get, "/<int:number>")
def show_step(visit: Visit, application: Application, number: int) -> Shown:
    """Show a step, if the previous ones were answered."""
    draft = application.find(visit.uow)
    if not _is_open(visit, draft, number):
        return Away(_next(visit, application, draft, draft.step))
    return step_page(visit, application, draft, number, Entered(draft.answers))


def once_more(visit: Visit, application: Application, number: int, refusal: Refusal, **_: Any) -> Page:
    """Show the step with what was typed, and its faults; what was only changed elsewhere, as it is now."""
    draft = application.find(visit.uow)
    step = step_of(steps(visit, draft), number)
    typed = given_in(draft, step)
    values, tag = {**others(draft, step), **typed}, draft_tags.still(draft, answered(step), typed)
    changes: Sequence[Change] = ()
    if isinstance(refusal, DataChanged):
        left = [one["field"] for one in refusal.changes if not one["typed"]]
        values |= {name: draft.answers.get(name) for name in left}
        tag, changes = draft_tags.tag_of(draft, answered(step)), _changes(visit, draft, step, refusal)
    now = replace(draft, answers=values)  # what was typed can make another document necessary
    now = now if number <= len(steps(visit, now)) else draft
    return step_page(visit, application, now, number, Entered(values, refusal, tag, changes))


def _changes(visit: Visit, draft: Draft, step: Step, refusal: DataChanged) -> Sequence[Change]:
    """Return the answers that were changed elsewhere, as they are stored now."""
    found = []
    typed = {one["field"]: one["typed"] for one in refusal.changes}
    for node in forms.drawing(step.fields, draft.answers, visit.reader).all:
        name = answer_name(node.field.pointer or "")
        if name in typed and node.name == f"{forms.DATA}/{name}":
            drawn = forms.Drawing((node,), ())
            rows = named_rows(drawn, attached.files_in(visit.uow, drawn, draft.place))
            found.append(Change(node.label, rows, typed[name]))
    return found


def given_in(draft: Draft, step: Step) -> dict[str, Any]:
    """Return what was typed into a step."""
    return forms.answer(step.fields, attached.sent(), others(draft, step))


def take_files(application: Application, **_: Any) -> Mapping[str, Any]:
    return attached.take(as_visitor(application.place))


@application_page(blueprint.post, "/<int:number>", refused=once_more, prepare=take_files)
def answer_step(visit: Visit, application: Application, number: int) -> Shown:
    """Store the answers of a step, and continue."""
    draft = application.find(visit.uow, hold=True)
    if (away := draft_tags.left(visit, draft)) is not None:
        return away
    if not _is_open(visit, draft, number):
        return Away(_next(visit, application, draft, draft.step))
    step = steps(visit, draft)[number - 1]
    given = given_in(draft, step)
    draft_tags.require_seen(draft, step, answered(step), given)
    if attached.edited():
        return _changed(visit, application, draft, number, given)
    if BACK in request.form:
        application_drafts.leave(visit.uow, draft, answered(step), given, number)
        return Away(f"{application.address}/{max(number - 1, 1)}")
    attached.require()
    after = steps(visit, replace(draft, answers={**others(draft, step), **given}))
    shown = after[number - 1].names if number <= len(after) else step.names
    application_drafts.answer(visit.uow, draft, answered(step), given, number, shown=shown)
    return Away(_next(visit, application, application.find(visit.uow), number))


@application_page(blueprint.get, "/check")
def check_answers(visit: Visit, application: Application) -> Shown:
    """Show all answers before they are sent."""
    draft = application.find(visit.uow)
    if draft.id is None:
        return GONE
    if draft.step < len(steps(visit, draft)):
        return Away(_next(visit, application, draft, draft.step))
    return _summary(visit, application, draft)


def _not_sent(visit: Visit, application: Application, refusal: Refusal) -> Page:
    return _summary(visit, application, application.find(visit.uow), refusal)


@application_page(blueprint.post, "/check", refused=_not_sent)
def submit_application(visit: Visit, application: Application) -> Shown:
    """Start the cases. Their secrets are shown only on the next page."""
    draft = application.find(visit.uow)
    if draft.id is None:
        return GONE
    if draft.step < len(steps(visit, draft)):
        return Away(_next(visit, application, draft, draft.step))
    confirmed = CONFIRM in request.form
    if application.draft_id is None:
        case = application_drafts.submit_service(visit.uow, application.key, confirm_duplicate=confirmed)
        return Away(f"/my/cases/{case.id}/begun", secret=f"{case.id}:{case.secret}")
    started = application_drafts.submit_draft(visit.uow, draft.id, confirm_duplicate=confirmed)
    secrets = "/".join(f"{case.id}~{case.secret}" for case in started)
    return Away(f"/my/drafts/{draft.id}/begun", secret=f"{draft.id}:{secrets}")


@mine(blueprint.get("/my/drafts/<uuid:draft_id>/begun"))
def show_all_begun(visit: Visit, draft_id: UUID) -> Page:
    """Show the new cases of a draft: their numbers, and their secrets, which are shown only once."""
    cases = application_drafts.cases_of(visit.uow, draft_id)
    if not cases:
        raise NotFound("This application was not sent.")
    of_draft, _, told = request.cookies.get(cookie(BEGUN), "").partition(":")
    pairs = (pair.partition("~") for pair in told.split("/"))
    secrets = {case_id: secret for case_id, _, secret in pairs} if of_draft == str(draft_id) else {}
    g.secret_told = bool(secrets)
    opened = tuple(Opened("case", case.id) for case in cases)
    shown = {"cases": cases, "secrets": secrets}
    return Page("applicants/all_begun.html", shown, opened=opened, headers=NEVER_KEPT)


def step_of(asked: Sequence[Step], number: int) -> Step:
    """Return a step of the form. Raises NotFound."""
    if not 1 <= number <= len(asked):
        raise NotFound(f"This form has no step {number}.")
    return asked[number - 1]


def _is_open(visit: Visit, draft: Draft, number: int) -> bool:
    return 1 <= number <= min(draft.step + 1, len(steps(visit, draft)))


def _next(visit: Visit, application: Application, draft: Draft, done: int) -> str:
    """Return the address of the page after so many steps."""
    last = done >= len(steps(visit, draft))
    return f"{application.address}/{'check' if last else done + 1}"


def others(draft: Draft, step: Step) -> dict[str, Any]:
    """Return the answers to the other steps."""
    return {name: value for name, value in draft.answers.items() if name not in answered(step)}


def _changed(
    visit: Visit, application: Application, draft: Draft, number: int, given: Mapping[str, Any]
) -> Page:
    """Show the step with changed files or rows: they are stored already, so that no file is lost."""
    step = steps(visit, draft)[number - 1]
    if attached.changed():
        attached.forget_dropped(visit.uow)
        application_drafts.leave(visit.uow, draft, answered(step), given, number)
        draft = application.find(visit.uow)
    refusal = Invalid("A file was not accepted.", attached.faults()) if attached.faults() else None
    tag = draft_tags.still(draft, answered(step), given)
    return step_page(
        visit, application, draft, number, Entered({**others(draft, step), **given}, refusal, tag)
    )


def step_page(visit: Visit, application: Application, draft: Draft, number: int, entered: Entered) -> Page:
    """Return the page of a step, with these values and the faults of what was sent."""
    asked = steps(visit, draft)
    step, refusal = step_of(asked, number), entered.refusal
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    drawn = forms.drawing(step.fields, entered.values, visit.reader, faults)
    clash = refusal if is_duplicate(refusal) else application_drafts.duplicate(visit.uow, draft.services)
    told = refusal is not None and not faults and not entered.changes and not is_duplicate(refusal)
    shown = {
        **_about(visit, application, draft),
        "steps": asked,
        "panels": panels(visit, draft, step),
        "number": number,
        "tag": entered.tag or draft_tags.tag_of(draft, answered(step)),
        "changes": entered.changes,
        "duplicate": None if clash is None else clash.state,
        "drawing": attached.named(visit.uow, drawn, draft.place),
        "fault": explain(refusal) if refusal and told else None,
    }
    return Page("applicants/step.html", shown, 200 if refusal is None else 422)


def is_duplicate(refusal: Refusal | None) -> TypeGuard[Conflict]:
    """Return whether a second open application was refused."""
    return isinstance(refusal, Conflict) and refusal.code == "duplicate"


def _about(visit: Visit, application: Application, draft: Draft) -> Mapping[str, Any]:
    """Return what all pages of an application show: its services, and where they are."""
    names = visit.reader.both([visit.reader.half(service.name) for service in draft.services])
    trail = [(say("applicants.services.title"), "/services"), (names, f"/services/{draft.service.key}")]
    if len(draft.services) > 1:
        trail = [(say("applicants.my.title"), "/my")]
    by_key = {service.key: visit.reader.half(service.name) for service in draft.services}
    awaited = [
        (one.name.of(visit.reader), by_key[one.service], by_key[one.producer])
        for one in application_drafts.awaited(visit.uow.session, draft)
    ]
    shown = {"services": names, "trail": trail, "awaited": awaited}
    return {"draft": draft, "address": application.address, **shown}


def _summary(visit: Visit, application: Application, draft: Draft, refusal: Refusal | None = None) -> Page:
    asked = steps(visit, draft)
    faults: Sequence[Fault] = refusal.faults if isinstance(refusal, Invalid) else ()
    if refusal is None:
        faults = application_drafts.faults_of(visit.uow, draft)
    all_fields = [field for step in asked for field in step.fields]
    drawn = forms.drawing(all_fields, draft.answers, visit.reader)
    files = attached.files_in(visit.uow, drawn, draft.place)
    duplicate = refusal if is_duplicate(refusal) else application_drafts.duplicate(visit.uow, draft.services)
    shown = {
        **_about(visit, application, draft),
        "duplicate": None if duplicate is None else duplicate.state,
        "parts": [
            (step, named_rows(forms.drawing(step.fields, draft.answers, visit.reader), files))
            for step in asked
        ],
        "wrongs": wrongs(visit, draft, asked, faults, application.address),
        "fault": explain(refusal) if refusal and not faults and not is_duplicate(refusal) else None,
    }
    return Page("applicants/check.html", shown, 200 if refusal is None else 422)
