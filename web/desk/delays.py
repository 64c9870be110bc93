"""A supervisor says why a case is late, as far as its log doesn't explain it."""

from uuid import UUID

from flask import Blueprint, request

from engine import cases
from engine.oversight import timeline
from engine.oversight.access_log import Opened
from engine.oversight.timeline import DELAY_REASONS
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked
from web.desk.explained import Explained, explain
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("delays", __name__)


def _asking(visit: Visit, case_id: UUID, refused: Explained | None = None) -> Page:
    seen = cases.see(visit.uow, case_id)
    values = {
        "case": seen.case,
        "codes": DELAY_REASONS,
        "chosen": request.form.get("code", ""),
        "text": request.form.get("text", ""),
        "refused": refused,
    }
    status = 200 if refused is None else refused.status
    return Page("desk/explain-delay.html", values, status, opened=Opened("case", case_id))


@page(blueprint.get("/cases/<uuid:case_id>/delay"), may="delays.explain")
def ask(visit: Visit, case_id: UUID) -> Page:
    """Ask why the case is late."""
    return _asking(visit, case_id)


def _refused(visit: Visit, case_id: UUID, *, refusal: Refusal) -> Page:
    return _asking(visit, case_id, explain(refusal))


@page(blueprint.post("/cases/<uuid:case_id>/delay"), may="delays.explain", refused=_refused)
def state(visit: Visit, case_id: UUID) -> Away:
    """Record the reason."""
    code = asked.choice(request.form, "code", DELAY_REASONS)
    if code is None:
        raise Invalid("The form has errors.", [Fault("/code", "is none of the choices", "enum")])
    timeline.explain_delay(visit.uow, case_id, code, asked.text(request.form, "text"))
    return Away(f"/desk/cases/{case_id}#time", told="desk.did.explain-delay")
