"""Deciding on a proposed change of a case, on the page of the case."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint

from engine.cases import proposals
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from web.desk.case import case_refused
from web.visit import Away, Visit, page

blueprint = Blueprint("proposals", __name__)

ACTS: Mapping[str, Callable[[UnitOfWork, UUID], object]] = {
    "confirm": proposals.confirm,
    "reject": proposals.reject,
    "withdraw": proposals.withdraw,
}


@page(
    blueprint.post("/cases/<uuid:case_id>/proposals/<uuid:proposal_id>/<act>"),
    may="cases.change",
    refused=case_refused,
)
def decide(visit: Visit, case_id: UUID, proposal_id: UUID, act: str) -> Away:
    """Confirm, reject or withdraw it."""
    if act not in ACTS:
        raise NotFound("The action does not exist.")
    ACTS[act](visit.uow, proposal_id)
    return Away(f"/desk/cases/{case_id}", told=f"desk.did.change-{act}")
