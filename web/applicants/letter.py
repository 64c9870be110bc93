"""The decision as a letter to save and print: one HTML file without other resources."""

from pathlib import Path
from uuid import UUID

from flask import render_template
from markupsafe import Markup

from engine.oversight.access_log import Opened
from engine.platform.errors import NotFound
from engine.portal import status
from web.applicants.cases import values_of
from web.applicants.door import blueprint, mine
from web.visit import Content, Visit

LOOK = Path(__file__).with_name("letter.css")  # without characters that HTML would escape


@mine(blueprint.get("/my/cases/<uuid:case_id>/decision"))
def fetch_letter(visit: Visit, case_id: UUID) -> Content:
    """Download the last decision of a case. Raises NotFound if there is none."""
    values = values_of(visit, case_id)
    event = status.decision_event(visit.uow, case_id)
    if event is None:
        raise NotFound("The case has no decision yet.")
    look = Markup("<style>{}</style>").format(LOOK.read_text(encoding="utf-8"))
    body = render_template("applicants/letter.html", **values, look=look, event=event, now=visit.uow.now)
    name = f"decision-{values['own'].standing.number}.html"
    return Content(body.encode(), "text/html; charset=utf-8", name, Opened("decisions", case_id))
