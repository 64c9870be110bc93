"""Many incidents of one kind, retried one after the other, and the progress."""

from uuid import UUID

from flask import Blueprint

from engine.cases import mass_retry
from engine.platform.errors import Refusal
from web.administration import incidents
from web.administration.area import called, reason, render, word
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("retries", __name__)


def again(visit: Visit, refusal: Refusal) -> Page:
    """Show the list, and why nothing was retried."""
    return incidents.listed(visit, refusal, 409)


@page(blueprint.post("/retries"), may="incidents.retry", refused=again)
def order(visit: Visit) -> Away:
    """Retry all open incidents of a definition with one code."""
    made = mass_retry.order(visit.uow, word("definition") or "", word("code") or "", reason())
    return Away(f"/administration/retries/{made}")


@page(blueprint.get("/retries/<uuid:retry_id>"), may="incidents.retry")
def show(visit: Visit, retry_id: UUID) -> Page:
    """Show the progress."""
    found = mass_retry.get_order(visit.uow, retry_id)
    total = sum(found.counts.values())
    values = {"found": found, "total": total, "done": total - found.counts["waiting"]}
    values |= called(visit, of_processes=[found.order["definition"]])
    return render(visit, "retry", values, way="incidents")
