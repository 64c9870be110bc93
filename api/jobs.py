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
    """A queue. `age` is how many seconds its oldest runnable job has waited."""

    queue: str
    waiting: int
    doing: int
    failed: int
    age: float | None


class JobBody(Body):
    """A job: its type and the row that it works on."""

    id: int
    queue: str
    task: str
    ids: dict[str, UUID]


class JobsBody(Body):
    """The queues, the number of active workers, and the first 100 jobs that have failed for good.

    Jobs of cases are not included: their failures are incidents.
    """

    queues: list[QueueBody]
    workers: int
    failed: list[JobBody]


@command(blueprint.get("/jobs"), answer=JobsBody)
def index(uow: UnitOfWork) -> Reply:
    """Read the state of the job queues"""
    queues, workers = job_queue.overview(uow)
    failed = [JobBody(**row) for row in job_queue.failed(uow)]
    return Reply(
        JobsBody(queues=[QueueBody(**asdict(depth)) for depth in queues], workers=workers, failed=failed)
    )


@command(blueprint.post("/jobs/<int:job_id>/retry"), body=Request, answer=JobBody, refusals=(404, 409))
def retry(uow: UnitOfWork, job_id: int) -> Reply:
    """Retry a job that has failed for good"""
    return Reply(JobBody(**job_queue.retry(uow, job_id)))
