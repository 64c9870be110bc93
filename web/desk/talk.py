"""Notes among colleagues, and messages that the applicant can read."""

from uuid import UUID

from flask import Blueprint, request

from engine import tasks
from web.desk import typed
from web.desk.case import case_refused
from web.visit import Away, Visit, page

blueprint = Blueprint("talk", __name__)


@page(blueprint.post("/cases/<uuid:case_id>/comments"), may="comments.add", refused=case_refused)
def write(visit: Visit, case_id: UUID) -> Away:
    """Add a comment."""
    visible = request.form.get("visible") == "yes"
    tasks.comment(visit.uow, typed.required("comment"), case=case_id, visible=visible)
    return Away(f"/desk/cases/{case_id}#talk", told="desk.told.applicant" if visible else "desk.told.office")
