"""Open incidents by cause; each with the actions of an administrator."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, cases
from engine.cases import incidents
from engine.cases.incidents import Which
from engine.design import diagrams
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked, texts
from web.administration import variables
from web.administration.area import reason, refused, render, word
from web.asked import typed_day
from web.listing import cursor, following
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("incidents", __name__)
STATUSES = ("open", "resolved")


@page(blueprint.get("/incidents"), may="incidents.read")
def index(visit: Visit) -> Page:
    """Show a page of them, the oldest first, with the filters of the address."""
    return listed(visit)


def listed(visit: Visit, refusal: Refusal | None = None, status: int = 200) -> Page:
    """Show the list, and what was refused there."""
    told = refused(refusal) if refusal else {}
    try:
        since = typed_day("since", "/since")
    except Invalid as fault:
        since, told = None, refused(fault)
    which = Which(
        asked.choice(request.args, "status", STATUSES) or "open",
        definition=word("definition"),
        code=word("code"),
        element=word("element"),
        since=since,
    )
    rows, following_one = following(incidents.page(visit.uow, which, after=cursor()), cases.PAGE)
    groups = incidents.groups(visit.uow)
    chosen = [one for one in groups if (one.definition, one.code) == (which.definition, which.code)]
    values = {
        "rows": rows,
        "next": following_one,
        "groups": groups,
        "definitions": sorted({(one.definition, visit.reader.half(one.name)) for one in groups}),
        "codes": [
            (code, texts.find_text(f"incidents.{code}.reason", code))
            for code in sorted({one.code for one in groups})
        ],
        "which": which,
        "group": chosen[0] if chosen and which.status == "open" else None,
        **told,
    }
    return render(visit, "incidents", values, way="incidents", status=status)


def again(visit: Visit, incident_id: UUID, refusal: Refusal) -> Page:
    """Show the incident after a refusal, with what was typed."""
    return _one(visit, incident_id, refusal)


@page(blueprint.get("/incidents/<uuid:incident_id>"), may="incidents.read")
def show(visit: Visit, incident_id: UUID) -> Page:
    """Show what failed, where, and with which data."""
    return _one(visit, incident_id)


def _one(visit: Visit, incident_id: UUID, refusal: Refusal | None = None) -> Page:
    incident = incidents.get(visit.uow, incident_id)
    seen = cases.see(visit.uow, incident["case"])
    case, known = seen.case, incidents.known(visit.uow, incident, seen)
    rows = variables.sent(request.form) if refusal and "rows" in request.form else variables.drawn(known)
    values = {
        "incident": incident,
        "case": case,
        "payment": incident["code"] in cases.NOTICES,
        "tries": incidents.tries(visit.uow, incident),
        "rows": rows,
        "kinds": variables.KINDS,
        "may_repair": access.allows(visit.uow.actor, "incidents.repair"),
        **(refused(refusal) if refusal else {}),
    }
    opened = Opened("case", case.id, way="incident")
    return render(visit, "incident", values, way="incidents", status=409 if refusal else 200, opened=opened)


@page(blueprint.get("/incidents/<uuid:incident_id>/diagram.svg"), may="incidents.read")
def diagram(visit: Visit, incident_id: UUID) -> Content:
    """Show the current steps of its case in the diagram."""
    incident = incidents.get(visit.uow, incident_id)
    drawn = diagrams.of_case(visit.uow, incident["case"], visit.reader.language)
    return Content(drawn, "image/svg+xml", opened=Opened("case", incident["case"], way="incident"))


@page(blueprint.post("/incidents/<uuid:incident_id>/retry"), may="incidents.retry", refused=again)
def retry(visit: Visit, incident_id: UUID) -> Away:
    """Retry the element, with repaired data if there is any."""
    repair = variables.changes(variables.sent(request.form)) if "rows" in request.form else {}
    case = incidents.retry(visit.uow, incident_id, repair=repair, reason=reason())
    return _after(visit.uow, case, incident_id)


@page(blueprint.post("/incidents/<uuid:incident_id>/skip"), may="incidents.repair", refused=again)
def skip(visit: Visit, incident_id: UUID) -> Away:
    """Skip the element, with a reason."""
    why = reason()
    if why is None:
        raise Invalid("The request is invalid.", [Fault("/reason", "is required", "required")])
    given = variables.changes(variables.sent(request.form)) if "rows" in request.form else {}
    return _after(visit.uow, incidents.skip(visit.uow, incident_id, given, why), incident_id)


def _after(uow: UnitOfWork, case: cases.CaseView, incident_id: UUID) -> Away:
    """Redirect to the incident that is now at the same element, else back to the resolved one."""
    before = incidents.get(uow, incident_id)
    anew: list[Any] = [row for row in case.incidents if row["element"] == before["element"]]
    if anew:
        return Away(f"/administration/incidents/{anew[0]['id']}")  # which shows how often it has failed
    return Away(f"/administration/incidents/{incident_id}", told="administration.incident.resolved")
