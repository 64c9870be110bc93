"""The first page of the administration: what needs attention, the most urgent first."""

from flask import Blueprint

from engine import access
from engine.cases import incidents, mass_retry, messages, migration
from engine.connectors import health
from engine.oversight import job_queue
from engine.platform.db import UnitOfWork
from web.administration.area import called, render
from web.administration.connectors import names
from web.visit import Page, Visit, page

blueprint = Blueprint("overview", __name__)
FIRST = 8  # of each kind; a link leads to the full list


@page(blueprint.get(""), may="jobs.manage")
def show(visit: Visit) -> Page:
    """Show incidents, migrations and retries of the visitor's units, or of the whole installation."""
    groups = incidents.groups(visit.uow)
    going = [*migration.page(visit.uow, going=True)[:FIRST]]
    orders = [*mass_retry.running_orders(visit.uow)[:FIRST]]
    values = {
        "groups": groups[:FIRST],
        "open": sum(group.count for group in groups),
        "migrations": going,
        "orders": orders,
        **called(visit, of_processes=[row["definition"] for row in (*going, *orders)]),
        "everywhere": access.everywhere(visit.uow),
    }
    if values["everywhere"]:
        values |= _whole(visit.uow)
    return render(visit, "overview", values, way="overview")


def _whole(uow: UnitOfWork) -> dict[str, object]:
    queues, workers = job_queue.overview(uow)
    return {
        "queues": queues,
        "failed": sum(queue.failed for queue in queues),
        "workers": workers,
        "messages": messages.unclaimed(uow)[:FIRST],
        "connectors": [one for one in health.of_connectors(uow, names()) if one.state == "trouble"],
    }
