"""The job queue, for operators: its length, failed jobs, and retrying them."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from engine import access
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.jobs import SILENCE, Depth, depth

PAGE = 100

_ALIVE = text("""
SELECT count(*) FROM procrastinate_workers
WHERE last_heartbeat >= now() - make_interval(secs => :silence)
""")

_FAILED = text("""
SELECT id, queue_name AS queue, task_name AS task, args AS ids
FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id LIMIT :limit
""")

_BY_TASK = text("""
WITH tasks AS (
    SELECT queue_name AS queue, task_name AS task,
        count(*) FILTER (WHERE status = 'todo') AS waiting,
        count(*) FILTER (WHERE status = 'doing') AS doing,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        min(id) FILTER (WHERE status = 'todo') AS first
    FROM procrastinate_jobs WHERE status IN ('todo', 'doing') OR status = 'failed'
    GROUP BY queue_name, task_name
)
SELECT queue, task, waiting, doing, failed,
    (SELECT min(at) FROM procrastinate_events WHERE job_id = first) AS oldest
FROM tasks ORDER BY queue DESC, task
""")

_RETRY = text("""
UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
WHERE id = :id AND status = 'failed'
RETURNING id, queue_name AS queue, task_name AS task, args AS ids
""")


def overview(uow: UnitOfWork) -> tuple[list[Depth], int]:
    """Returns the length of each queue, and the number of live workers."""
    access.require_everywhere(uow, "jobs.manage")
    return depth(uow.connection), workers(uow.connection)


def workers(connection: Connection) -> int:
    """Returns the number of live workers."""
    return int(connection.execute(_ALIVE, {"silence": SILENCE}).scalar_one())


def failed(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the first jobs that were given up and that no incident reports."""
    access.require_everywhere(uow, "jobs.manage")
    return uow.connection.execute(_FAILED, {"limit": PAGE}).mappings().all()


def by_task(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the jobs in the queues by task, and since when the oldest waiting one has been there."""
    access.require_everywhere(uow, "jobs.manage")
    return uow.connection.execute(_BY_TASK).mappings().all()


def retry(uow: UnitOfWork, job_id: int) -> RowMapping:
    """Retries a failed job. Raises NotFound."""
    access.require_everywhere(uow, "jobs.manage")
    row = uow.connection.execute(_RETRY, {"id": job_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The failed job {job_id} does not exist.")
    return row
