"""Applying for a service: its form in steps, then all answers for review, then the case.

Between the steps the answers are stored in a draft (`engine.portal.application_drafts`). A step is shown when
those before it were answered.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from engine.cases.staged_documents import Place
from engine.platform.errors import Conflict, Invalid, NotFound, Refusal
from engine.portal import application_drafts
from engine.portal.application_drafts import Draft
from web import attached, forms
from web.applicants.answers import named_rows
from web.applicants.door import blueprint, mine
from web.applicants.evidence import answered, panels, steps
from web.applicants.steps import Step
from web.texts import explain
from web.visit import Away, Page, Shown, Visit

CONFIRM = "confirm_duplicate"  # the button by which a second open application is confirmed
BACK = "back"  # the back button; what was typed is stored
# From an outdated page: it was sent already. Starting again without asking would create a second case.
GONE = Away("/my", told="applicants.notice.gone")


@mine(blueprint.get("/services/<key>/apply"))
def begin_application(visit: Visit, key: str) -> Away:
    """Redirect to the step that comes next."""
    draft = application_drafts.of_service(visit.uow, key)
    return Away(_next(visit, draft, draft.step))


@mine(blueprint.get("/services/<key>/apply/<int:number>"))
def show_step(visit: Visit, key: str, number: int) -> Shown:
    """Show a step, if the previous ones were answered."""
    draft = application_drafts.of_service(visit.uow, key)
    if not _is_open(visit, draft, number):
        return Away(_next(visit, draft, draft.step))
    return step_page(visit, draft, number, draft.answers)


def _once_more(visit: Visit, key: str, number: int, refusal: Refusal) -> Page:
    """Show the step with what was typed, and its faults."""
    draft = application_drafts.of_service(visit.uow, key)
    step = _step(steps(visit, draft), number)
    typed = forms.answer(step.fields, attached.sent(), _others(draft, step))
    return step_page(visit, draft, number, {**_others(draft, step), **typed}, refusal)


def _files(key: str, **_: Any) -> Mapping[str, Any]:
    return attached.take(Place.start(key))


@mine(blueprint.post("/services/<key>/apply/<int:number>"), refused=_once_more, prepare=_files)
def answer_step(visit: Visit, key: str, number: int) -> Shown:
    """Store the answers of a step, and continue."""
    draft = application_drafts.of_service(visit.uow, key, hold=True)
    if not _is_open(visit, draft, number):
        return Away(_next(visit, draft, draft.step))
    step = steps(visit, draft)[number - 1]
    given = forms.answer(step.fields, attached.sent(), _others(draft, step))
    if attached.edited():
        return _changed(visit, draft, number, given)
    if BACK in request.form:
        application_drafts.leave(visit.uow, draft, answered(step), given, number)
        return Away(_address(key, max(number - 1, 1)))
    attached.require()
    application_drafts.answer(visit.uow, draft, answered(step), given, number)
    return Away(_next(visit, application_drafts.of_service(visit.uow, key), number))


@mine(blueprint.get("/services/<key>/apply/check"))
def check_answers(visit: Visit, key: str) -> Shown:
    """Show all answers before they are sent."""
    draft = application_drafts.of_service(visit.uow, key)
    if draft.id is None:
        return GONE
    if draft.step < len(steps(visit, draft)):
        return Away(_next(visit, draft, draft.step))
    return _summary(visit, draft)


def _not_sent(visit: Visit, key: str, refusal: Refusal) -> Page:
    return _summary(visit, application_drafts.of_service(visit.uow, key), refusal)


@mine(blueprint.post("/services/<key>/apply/check"), refused=_not_sent)
def submit_application(visit: Visit, key: str) -> Shown:
    """Start a case. Its secret is shown only on the next page."""
    draft = application_drafts.of_service(visit.uow, key)
    if draft.id is None:
        return GONE
    if draft.step < len(steps(visit, draft)):
        return Away(_next(visit, draft, draft.step))
    confirmed = CONFIRM in request.form
    case = application_drafts.submit_service(visit.uow, key, confirm_duplicate=confirmed)
    return Away(f"/my/cases/{case.id}/begun", secret=f"{case.id}:{case.secret}")


def _step(asked: Sequence[Step], number: int) -> Step:
    """Return a step of the form. Raises NotFound."""
    if not 1 <= number <= len(asked):
        raise NotFound(f"This form has no step {number}.")
    return asked[number - 1]


def _is_open(visit: Visit, draft: Draft, number: int) -> bool:
    return 1 <= number <= min(draft.step + 1, len(steps(visit, draft)))


def _next(visit: Visit, draft: Draft, done: int) -> str:
    """Return the address of the page after so many steps."""
    last = done >= len(steps(visit, draft))
    return f"/services/{draft.service.key}/apply/check" if last else _address(draft.service.key, done + 1)


def _address(key: str, number: int) -> str:
    return f"/services/{key}/apply/{number}"


def _others(draft: Draft, step: Step) -> dict[str, Any]:
    """Return the answers to the other steps."""
    return {name: value for name, value in draft.answers.items() if name not in answered(step)}


def _changed(visit: Visit, draft: Draft, number: int, given: Mapping[str, Any]) -> Page:
    """Show the step with changed files or rows: they are stored already, so that no file is lost."""
    step = steps(visit, draft)[number - 1]
    if attached.changed():
        attached.forget_dropped(visit.uow)
        application_drafts.leave(visit.uow, draft, answered(step), given, number)
    refusal = Invalid("A file was not accepted.", attached.faults()) if attached.faults() else None
    return step_page(visit, draft, number, {**_others(draft, step), **given}, refusal)


def step_page(
    visit: Visit, draft: Draft, number: int, values: Mapping[str, Any], refusal: Refusal | None = None
) -> Page:
    """Return the page of a step, with these values and the faults of what was sent."""
    asked, place = steps(visit, draft), Place.start(draft.service.key)
    step = _step(asked, number)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    shown = {
        "draft": draft,
        "steps": asked,
        "panels": panels(visit, draft, step),
        "number": number,
        "drawing": attached.named(visit.uow, forms.drawing(step.fields, values, visit.reader, faults), place),
        "fault": explain(refusal) if refusal and not faults else None,
    }
    return Page("applicants/step.html", shown, 200 if refusal is None else 422)


def _summary(visit: Visit, draft: Draft, refusal: Refusal | None = None) -> Page:
    asked = steps(visit, draft)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    all_fields = [field for step in asked for field in step.fields]
    drawn = forms.drawing(all_fields, draft.answers, visit.reader, faults)
    files = attached.files_in(visit.uow, drawn, Place.start(draft.service.key))
    duplicate = refusal if isinstance(refusal, Conflict) and refusal.code == "duplicate" else None
    shown = {
        "draft": draft,
        "duplicate": None if duplicate is None else duplicate.state,
        "parts": [
            (step, named_rows(forms.drawing(step.fields, draft.answers, visit.reader), files))
            for step in asked
        ],
        "drawing": drawn,
        "fault": explain(refusal) if refusal and not faults and not duplicate else None,
    }
    return Page("applicants/check.html", shown, 200 if refusal is None else 422)
