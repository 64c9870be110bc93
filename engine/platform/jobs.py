"""The job queue: work that a command leaves for later. A job is committed with its command, or not at all.

The table is procrastinate's; its triggers wake the workers. A job identifies its subject only by ids, so the
queue contains no data. Jobs have no locks: the worker locks the case, and the row decides what is still to be
done, since a job may run twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine.platform.db import UnitOfWork, recordset
from engine.platform.vocabulary import QUEUES, Queue

HEARTBEAT = 3.0  # seconds between two heartbeats of a worker
SILENCE = 12.0  # seconds without a heartbeat after which a worker counts as dead, and its jobs go to others
LONGEST_PAUSE = 300  # seconds before a job is retried
USUAL, LAST = 0, -1  # priorities: jobs with the last one wait until nothing else can run

# The fields of a new job; procrastinate's defaults are right for the others.
_NEW = Table(
    "procrastinate_jobs",
    MetaData(),
    Column("queue_name", Text),
    Column("task_name", Text),
    Column("args", JSONB),
    Column("priority", Integer),
)

# The oldest job is the first that can run now, since its last event. Jobs of the lowest priority are not
# late. Completed jobs are excluded in two parts, because each has its own index.
_DEPTH = text("""
WITH queues AS (
    SELECT queue_name,
        count(*) FILTER (WHERE status = 'todo') AS waiting,
        count(*) FILTER (WHERE status = 'doing') AS doing,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        min(id) FILTER (
            WHERE status = 'todo' AND priority >= 0 AND (scheduled_at IS NULL OR scheduled_at <= now())
        ) AS oldest
    FROM procrastinate_jobs WHERE status IN ('todo', 'doing') OR status = 'failed' GROUP BY queue_name
)
SELECT queue_name, waiting, doing, failed, extract(epoch FROM clock_timestamp() - since.at)::float AS seconds
FROM queues
LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = oldest) AS since ON true
""")


@dataclass(frozen=True, slots=True)
class Depth:
    """The contents of a queue.

    `waiting` includes jobs that wait for another attempt. `age` is for how many seconds the first job that
    can run has waited, except those of the lowest priority; None if there is none.
    """

    queue: str
    waiting: int = 0
    doing: int = 0
    failed: int = 0
    age: float | None = None


# A job whose worker died waits longer each time: it may be the cause.
_RESCUE = text("""
WITH lost AS MATERIALIZED (
    SELECT job.id FROM procrastinate_jobs AS job
    LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
        AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :silence))
    FOR UPDATE OF job SKIP LOCKED
)
UPDATE procrastinate_jobs AS job
SET status = 'todo', worker_id = NULL, attempts = attempts + 1,
    scheduled_at = now() + make_interval(secs => least(:longest, power(2, attempts) - 1))
FROM lost WHERE job.id = lost.id
""")


def defer(uow: UnitOfWork, task: str, *, queue: Queue, priority: int = USUAL, **ids: UUID) -> None:
    """Defer a task with these ids to a worker, once this command is committed."""
    defer_each(uow, task, [ids], queue=queue, priority=priority)


def defer_each(
    uow: UnitOfWork,
    task: str,
    each: Sequence[Mapping[str, UUID]],
    *,
    queue: Queue,
    priority: int = USUAL,
) -> None:
    """Defer many jobs of one task, at the cost of one."""
    if not each:
        return
    shared = {"queue_name": queue, "task_name": task, "priority": priority}
    rows = [{**shared, "args": dict(ids)} for ids in each]
    number = uow.session.info["jobs"] = uow.session.info.get("jobs", 0) + 1
    # Written with the other writes of the command, also if that is a single statement without a transaction.
    uow.write(_insert(number), {f"jobs_{number}": rows})


def defer_for(uow: UnitOfWork, task: str, rows: Select[Any], *, queue: Queue, priority: int = USUAL) -> None:
    """Defer a task for each row of a select, whose only column has the name of the id."""
    found = rows.subquery().c
    (name,) = found.keys()
    args = func.jsonb_build_object(name, found[name])
    made = select(literal(queue), literal(task), args, literal(priority))
    uow.connection.execute(insert(_NEW).from_select(_NEW.c.keys(), made))


@lru_cache
def _insert(number: int) -> Insert:
    """Insert jobs; the parameters of a command's writes have different names."""
    return recordset(_NEW, f"jobs_{number}")


def rescue(uow: UnitOfWork) -> int:
    """Requeue jobs whose worker has had no heartbeat for SILENCE seconds; return how many."""
    values = {"silence": SILENCE, "longest": LONGEST_PAUSE}
    return uow.connection.execute(_RESCUE, values).rowcount


def depth(connection: Connection) -> list[Depth]:
    """Return the contents of each queue."""
    found: dict[Any, Depth] = {row.queue_name: Depth(*row) for row in connection.execute(_DEPTH)}
    return [found.pop(queue, Depth(queue)) for queue in QUEUES] + list(found.values())
