"""Work in the background: how much waits, who does it, what was given up."""

from flask import Blueprint

from engine.oversight import job_queue
from engine.platform.errors import NotFound
from web.administration.area import shown
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("jobs", __name__)


@page(blueprint.get("/jobs"), may="jobs.manage")
def index(visit: Visit) -> Page:
    """The queues by task, and the jobs of which no incident tells."""
    queues, workers = job_queue.overview(visit.uow)
    values = {
        "queues": queues,
        "workers": workers,
        "tasks": job_queue.by_task(visit.uow),
        "failed": job_queue.failed(visit.uow),
    }
    return shown(visit, "jobs", values, way="jobs")


@page(blueprint.post("/jobs/<int:job_id>/retry"), may="jobs.manage")
def retry(visit: Visit, job_id: int) -> Away:
    """Let a job be tried anew; if somebody was faster, that is told."""
    try:
        job_queue.retry(visit.uow, job_id)
    except NotFound:
        return Away("/administration/jobs", told="administration.jobs.gone")
    return Away("/administration/jobs", told="administration.jobs.retried")
