"""Batches: their progress, and the result for each task."""

from uuid import UUID

from flask import Blueprint

from engine import tasks
from web.desk.inbox import explain
from web.visit import Page, Visit, page

blueprint = Blueprint("batches", __name__)


@page(blueprint.get("/batches"), may="inbox.read")
def index(visit: Visit) -> Page:
    """Show those of the last days."""
    return Page("desk/batches.html", {"batches": tasks.list_bulk_jobs(visit.uow)})


@page(blueprint.get("/batches/<uuid:batch_id>"), may="inbox.read")
def show(visit: Visit, batch_id: UUID) -> Page:
    """Show one of them: what was refused, and why; what was done."""
    batch = tasks.get_bulk_job(visit.uow, batch_id)
    came = [
        (batch.tasks.get(task_id), refusal)
        for task_id, refusal in zip(batch.wanted, batch.outcomes, strict=False)
    ]
    values = {
        "batch": batch,
        "refused": [(task, explain(refusal)) for task, refusal in came if refusal is not None],
        "done": [task for task, refusal in came if refusal is None],
        "me": visit.uow.actor.id,
    }
    return Page("desk/batch.html", values)
