"""Applying for a service: its form in steps, then all answers for review, then the case.

Between the steps the answers are stored in a draft (`engine.portal.application_drafts`). A step is shown when
those before it were answered.
"""

from collections.abc import Mapping
from typing import Any

from flask import request

from engine.cases.staged_documents import Place
from engine.platform.errors import Invalid, Refusal
from engine.portal import application_drafts
from engine.portal.application_drafts import Draft
from web import attached, forms
from web.applicants.answers import named_rows
from web.applicants.door import blueprint, mine
from web.applicants.steps import Step, steps_of
from web.texts import explain
from web.visit import Away, Page, Shown, Visit

BACK = "back"  # the back button; what was typed is stored
# From an outdated page: it was sent already. Starting again without asking would create a second case.
GONE = Away("/my", told="applicants.notice.gone")


@mine(blueprint.get("/services/<key>/apply"))
def begin_application(visit: Visit, key: str) -> Away:
    """Redirect to the step that comes next."""
    draft = application_drafts.of_service(visit.uow, key)
    return Away(_next(draft, draft.step))


@mine(blueprint.get("/services/<key>/apply/<int:number>"))
def show_step(visit: Visit, key: str, number: int) -> Shown:
    """Show a step, if the previous ones were answered."""
    draft = application_drafts.of_service(visit.uow, key)
    if not _is_open(draft, number):
        return Away(_next(draft, draft.step))
    return _page(visit, draft, number, draft.answers)


def _once_more(visit: Visit, key: str, number: int, refusal: Refusal) -> Page:
    """Show the step with what was typed, and its faults."""
    draft = application_drafts.of_service(visit.uow, key)
    step = _steps(draft)[number - 1]
    typed = forms.answer(step.fields, attached.sent(), _others(draft, step))
    return _page(visit, draft, number, {**_others(draft, step), **typed}, refusal)


def _files(key: str, **_: Any) -> Mapping[str, Any]:
    return attached.take(Place.start(key))


@mine(blueprint.post("/services/<key>/apply/<int:number>"), refused=_once_more, prepare=_files)
def answer_step(visit: Visit, key: str, number: int) -> Shown:
    """Store the answers of a step, and continue."""
    draft = application_drafts.of_service(visit.uow, key)
    if not _is_open(draft, number):
        return Away(_next(draft, draft.step))
    step = _steps(draft)[number - 1]
    given = forms.answer(step.fields, attached.sent(), _others(draft, step))
    if attached.edited():
        return _changed(visit, draft, number, given)
    if BACK in request.form:
        application_drafts.leave(visit.uow, draft, step.names, given, number)
        return Away(_address(key, max(number - 1, 1)))
    attached.require()
    application_drafts.answer(visit.uow, draft, step.names, given, number)
    return Away(_next(application_drafts.of_service(visit.uow, key), number))


@mine(blueprint.get("/services/<key>/apply/check"))
def check_answers(visit: Visit, key: str) -> Shown:
    """Show all answers before they are sent."""
    draft = application_drafts.of_service(visit.uow, key)
    if draft.id is None:
        return GONE
    if draft.step < len(_steps(draft)):
        return Away(_next(draft, draft.step))
    return _summary(visit, draft)


def _not_sent(visit: Visit, key: str, refusal: Refusal) -> Page:
    return _summary(visit, application_drafts.of_service(visit.uow, key), refusal)


@mine(blueprint.post("/services/<key>/apply/check"), refused=_not_sent)
def submit_application(visit: Visit, key: str) -> Shown:
    """Start a case. Its secret is shown only on the next page."""
    draft = application_drafts.of_service(visit.uow, key)
    if draft.id is None:
        return GONE
    if draft.step < len(_steps(draft)):
        return Away(_next(draft, draft.step))
    case = application_drafts.submit_service(visit.uow, key)
    return Away(f"/my/cases/{case.id}/begun", secret=f"{case.id}:{case.secret}")


def _steps(draft: Draft) -> list[Step]:
    return list(steps_of(application_drafts.form_of(draft.service), draft.answers))


def _is_open(draft: Draft, number: int) -> bool:
    return 1 <= number <= min(draft.step + 1, len(_steps(draft)))


def _next(draft: Draft, done: int) -> str:
    """Return the address of the page after so many steps."""
    last = done >= len(_steps(draft))
    return f"/services/{draft.service.key}/apply/check" if last else _address(draft.service.key, done + 1)


def _address(key: str, number: int) -> str:
    return f"/services/{key}/apply/{number}"


def _others(draft: Draft, step: Step) -> dict[str, Any]:
    """Return the answers to the other steps."""
    return {name: value for name, value in draft.answers.items() if name not in step.names}


def _changed(visit: Visit, draft: Draft, number: int, given: Mapping[str, Any]) -> Page:
    """Show the step with changed files or rows: they are stored already, so that no file is lost."""
    step = _steps(draft)[number - 1]
    if attached.changed():
        attached.forget_dropped(visit.uow)
        application_drafts.leave(visit.uow, draft, step.names, given, number)
    refusal = Invalid("A file was not accepted.", attached.faults()) if attached.faults() else None
    return _page(visit, draft, number, {**_others(draft, step), **given}, refusal)


def _page(
    visit: Visit, draft: Draft, number: int, values: Mapping[str, Any], refusal: Refusal | None = None
) -> Page:
    steps, place = _steps(draft), Place.start(draft.service.key)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    shown = {
        "draft": draft,
        "steps": steps,
        "number": number,
        "drawing": attached.named(
            visit.uow, forms.drawing(steps[number - 1].fields, values, visit.reader, faults), place
        ),
        "fault": explain(refusal) if refusal and not faults else None,
    }
    return Page("applicants/step.html", shown, 200 if refusal is None else 422)


def _summary(visit: Visit, draft: Draft, refusal: Refusal | None = None) -> Page:
    steps = _steps(draft)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    all_fields = [field for step in steps for field in step.fields]
    drawn = forms.drawing(all_fields, draft.answers, visit.reader, faults)
    files = attached.files_in(visit.uow, drawn, Place.start(draft.service.key))
    shown = {
        "draft": draft,
        "parts": [
            (step, named_rows(forms.drawing(step.fields, draft.answers, visit.reader), files))
            for step in steps
        ],
        "drawing": drawn,
        "fault": explain(refusal) if refusal and not faults else None,
    }
    return Page("applicants/check.html", shown, 200 if refusal is None else 422)
