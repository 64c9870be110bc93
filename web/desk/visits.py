"""Recording and correcting visits of applicants, on the page of a case."""

from datetime import datetime, time
from uuid import UUID

from flask import Blueprint, request

from engine import cases
from engine.cases import Correction, NewVisit
from engine.platform.errors import Fault, Invalid
from web import asked
from web.desk import typed
from web.desk.case import case_refused
from web.visit import Away, Visit, page

blueprint = Blueprint("visits", __name__)

NOON = time(12)


@page(blueprint.post("/cases/<uuid:case_id>/visits"), may="visits.record", refused=case_refused)
def record(visit: Visit, case_id: UUID) -> Away:
    """Record a visit: today at this moment, on an earlier day at noon."""
    reason = typed.line("visit_reason") or ""
    case = cases.see(visit.uow, case_id).case
    day = asked.typed_day("visit_day", "/occurred_at")
    if day is None:
        raise Invalid("The day is missing.", [Fault("/occurred_at", "is required", "required")])
    cases.record_visit(visit.uow, case_id, NewVisit(_at(visit, day, case.started_at), reason))
    return Away(f"/desk/cases/{case_id}#visits", told="desk.did.visit")


def _at(visit: Visit, day: datetime, began: datetime) -> datetime:
    """Return the instant of a visit on a day: not before the case began, if it began on that day."""
    now, begun = (instant.astimezone(day.tzinfo) for instant in (visit.uow.now, began))
    if day.date() == now.date():
        return now
    noon = datetime.combine(day, NOON, day.tzinfo)
    return max(noon, begun) if begun.date() == day.date() else noon


@page(
    blueprint.post("/cases/<uuid:case_id>/visits/<uuid:visit_id>"), may="visits.record", refused=case_refused
)
def correct(visit: Visit, case_id: UUID, visit_id: UUID) -> Away:
    """Correct the day or the reason of a visit, or withdraw it."""
    day = asked.typed_day("corrected_day", "/occurred_at")
    at = None
    if day is not None and request.form["corrected_day"] != request.form.get("day_was"):
        at = _at(visit, day, cases.see(visit.uow, case_id).case.started_at)
    correction = Correction(at, typed.line("visit_reason"), "withdrawn" in request.form)
    cases.correct_visit(visit.uow, case_id, visit_id, correction)
    return Away(f"/desk/cases/{case_id}#visits", told="desk.did.visit-corrected")
