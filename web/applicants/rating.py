"""The rating of an ended case: by its applicant's account, or with its number and secret."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from engine import cases
from engine.cases import Rating
from engine.oversight.access_log import Opened
from engine.platform.errors import Fault, Invalid, NotFound, Refusal, Throttled
from engine.portal import status
from web import asked, forms, texts
from web.applicants.cases import values_of
from web.applicants.door import blueprint, mine, typed
from web.applicants.status import MOST, not_found, show_standing, throttled
from web.site import require_own_form, site
from web.visit import Away, Page, Visit

MAX_COMMENT = 2_000


def _refused(visit: Visit, case_id: UUID, refusal: Refusal) -> Page:
    """Show the case, what was typed, and why it was not saved."""
    values = {
        **values_of(visit, case_id, whole=True),
        "kept": request.form,
        "faults": _faults(refusal),
        "fault": None if isinstance(refusal, Invalid) else texts.explain(refusal),
    }
    code = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(refusal, Invalid) else HTTPStatus.CONFLICT
    return Page("applicants/case.html", values, code, opened=Opened("case", case_id))


@mine(blueprint.post("/my/cases/<uuid:case_id>/rating"), refused=_refused)
def rate_case(visit: Visit, case_id: UUID) -> Away:
    """Rate it."""
    cases.rate(visit.uow, case_id, _rating())
    return Away(f"/my/cases/{case_id}", told="applicants.notice.rated")


@blueprint.post("/status/rating")
def rate_standing() -> Response:
    """Rate the case that a number and a secret open, and show its status again."""
    require_own_form()
    number, secret = typed("number", MOST), typed("secret", MOST)
    attempt = status.Attempt(number, secret, request.remote_addr or "")
    values = {}
    try:
        status.rate(site().database, attempt, _rating())
    except NotFound:
        return not_found(number)
    except Throttled as refusal:
        return throttled(refusal, number)
    except Refusal as refusal:
        said = None if isinstance(refusal, Invalid) else texts.explain(refusal)
        values = {"kept": request.form, "faults": _faults(refusal), "fault": said}
    return show_standing(attempt, **values)


def _rating() -> Rating:
    """Return what was typed. Raises Invalid if the stars or the answer about visits are missing."""
    stars = asked.number(request.form, "stars")
    came = asked.choice(request.form, "had_to_come", ("yes", "no"))
    reason = typed("visit_reason", 40) or None
    comment = typed("comment", MAX_COMMENT + 1, lines=True) or None
    faults = []
    if stars is None:
        faults.append(Fault("/stars", "is required", "rating-stars"))
    if came is None:
        faults.append(Fault("/had_to_come", "is required", "required"))
    if faults or stars is None:
        raise Invalid("The rating can't be saved.", faults)
    return Rating(stars, came == "yes", reason, comment)


def _faults(refusal: Refusal) -> dict[str, list[str]]:
    """Return the texts of faults by field."""
    found: dict[str, list[str]] = {}
    for fault in refusal.faults if isinstance(refusal, Invalid) else ():
        found.setdefault(fault.pointer, []).append(forms.explain_fault(fault))
    return found
