"""Proposed changes of cases: those that wait for a second person, and the decision on one of them."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint

from engine import cases
from engine.cases import proposals
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from web.desk.case import case_refused
from web.listing import cursor, following
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("proposals", __name__)

ACTS: Mapping[str, Callable[[UnitOfWork, UUID, UUID], object]] = {
    "confirm": proposals.confirm,
    "reject": proposals.reject,
    "withdraw": proposals.withdraw,
}


@page(blueprint.get("/proposals"), may="cases.change")
def list_proposals(visit: Visit) -> Page:
    """Show the changes that wait for a second person."""
    rows, after = following(proposals.list_open(visit.uow, after=cursor()), cases.PAGE)
    return Page("desk/proposals.html", {"proposals": rows, "next": after})


@page(
    blueprint.post("/cases/<uuid:case_id>/proposals/<uuid:proposal_id>/<act>"),
    may="cases.change",
    refused=case_refused,
)
def decide(visit: Visit, case_id: UUID, proposal_id: UUID, act: str) -> Away:
    """Confirm, reject or withdraw it."""
    if act not in ACTS:
        raise NotFound("The action does not exist.")
    ACTS[act](visit.uow, proposal_id, case_id)
    return Away(f"/desk/cases/{case_id}", told=f"desk.did.change-{act}")
