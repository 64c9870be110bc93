"""Background work: queues, workers, failed jobs."""

from flask import Blueprint

from engine.oversight import job_queue
from engine.platform.errors import NotFound
from web.administration.area import render
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("jobs", __name__)


@page(blueprint.get("/jobs"), may="jobs.manage")
def index(visit: Visit) -> Page:
    """Show the queues by task, and the failed jobs that have no incident."""
    queues, workers = job_queue.overview(visit.uow)
    values = {
        "queues": queues,
        "workers": workers,
        "tasks": job_queue.by_task(visit.uow),
        "failed": job_queue.failed(visit.uow),
    }
    return render(visit, "jobs", values, way="jobs")


@page(blueprint.post("/jobs/<int:job_id>/retry"), may="jobs.manage")
def retry(visit: Visit, job_id: int) -> Away:
    """Retry a failed job; if somebody else already did, say so."""
    try:
        job_queue.retry(visit.uow, job_id)
    except NotFound:
        return Away("/administration/jobs", told="administration.jobs.gone")
    return Away("/administration/jobs", told="administration.jobs.retried")
