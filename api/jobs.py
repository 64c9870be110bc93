"""Background work: how much waits and since when, and failed jobs."""

from dataclasses import asdict
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Body, Request
from engine.oversight import job_queue
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("jobs", __name__, tag="Jobs")


class QueueBody(Body):
    """A queue of jobs."""

    queue: str
    """Name of the queue."""
    waiting: int
    """Number of jobs that wait."""
    doing: int
    """Number of jobs that workers are doing."""
    failed: int
    """Number of jobs that have failed permanently."""
    age: float | None
    """Seconds that the oldest runnable job has waited; null if none waits."""


class JobBody(Body):
    """A job that has failed permanently."""

    id: int
    """Id of the job."""
    queue: str
    """Name of its queue."""
    task: str
    """Type of the job."""
    ids: dict[str, UUID]
    """Ids of what it works on, by kind."""


class JobsBody(Body):
    """The state of the job queues."""

    queues: list[QueueBody]
    """All queues, with how much waits in each."""
    workers: int
    """Number of active workers."""
    failed: list[JobBody]
    """The first 100 jobs that have failed permanently. Failures in cases are incidents instead."""


@command(blueprint.get("/jobs"), answer=JobsBody)
def index(uow: UnitOfWork) -> Reply:
    """Read the state of the job queues

    For administrators of all units.
    """
    queues, workers = job_queue.overview(uow)
    failed = [JobBody(**row) for row in job_queue.failed(uow)]
    return Reply(
        JobsBody(queues=[QueueBody(**asdict(depth)) for depth in queues], workers=workers, failed=failed)
    )


@command(blueprint.post("/jobs/<int:job_id>/retry"), body=Request, answer=JobBody, refusals=(404, 409))
def retry(uow: UnitOfWork, job_id: int) -> Reply:
    """Retry a job that has failed for good

    404 if no failed job has this id. For administrators of all units.
    """
    return Reply(JobBody(**job_queue.retry(uow, job_id)))
