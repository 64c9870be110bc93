"""The queue: work that a command leaves for later. A job commits with its command, or never was.

The table is procrastinate's; its triggers wake the workers. A job names what it is about by ids alone, so no
data stand in the queue. It carries no lock: whoever runs it locks the case, and the row decides what is still
to be done, for a job may run twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args
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

Queue = Literal["cases", "calls", "checks"]
QUEUES: tuple[Queue, ...] = get_args(Queue)

HEARTBEAT = 3.0  # seconds between two signs of life of a worker
SILENCE = 12.0  # after so many without one it is taken for dead, and its jobs go to others
LONGEST_PAUSE = 300  # seconds before a job is tried again
USUAL, LAST = 0, -1  # priorities: what has the last one waits until nothing else may run

# What a new job consists of; procrastinate's defaults are right for the rest.
_NEW = Table(
    "procrastinate_jobs",
    MetaData(),
    Column("queue_name", Text),
    Column("task_name", Text),
    Column("args", JSONB),
    Column("priority", Integer),
)

# The oldest is the first of those that may run now. Its last event is when it became so. What is to wait for
# all else makes nothing late. What is done is left out in two parts, because there is an index for each.
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
    """What is in a queue.

    `waiting` includes what waits for another attempt. `age` is for how many seconds the first job that may
    run has waited, apart from those that are to wait for all others; None if there is none.
    """

    queue: str
    waiting: int = 0
    doing: int = 0
    failed: int = 0
    age: float | None = None


# A job whose worker is gone waits longer each time: it may be what kills them.
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
    """Have a worker run the task with these ids, once this command is committed."""
    defer_each(uow, task, [ids], queue=queue, priority=priority)


def defer_each(
    uow: UnitOfWork,
    task: str,
    each: Sequence[Mapping[str, UUID]],
    *,
    queue: Queue,
    priority: int = USUAL,
) -> None:
    """The same for many jobs of one task, at the cost of one."""
    if not each:
        return
    shared = {"queue_name": queue, "task_name": task, "priority": priority}
    rows = [{**shared, "args": dict(ids)} for ids in each]
    number = uow.session.info["jobs"] = uow.session.info.get("jobs", 0) + 1
    # Written with all else that the command writes: also one that has no transaction but its one statement.
    uow.write(_insert(number), {f"jobs_{number}": rows})


def defer_for(uow: UnitOfWork, task: str, rows: Select[Any], *, queue: Queue, priority: int = USUAL) -> None:
    """The same for each row of a select, whose one column is called as the id shall be."""
    found = rows.subquery().c
    (name,) = found.keys()
    args = func.jsonb_build_object(name, found[name])
    made = select(literal(queue), literal(task), args, literal(priority))
    uow.connection.execute(insert(_NEW).from_select(_NEW.c.keys(), made))


@lru_cache
def _insert(number: int) -> Insert:
    """The parameters of one command's writes have different names."""
    return recordset(_NEW, f"jobs_{number}")


def rescue(uow: UnitOfWork) -> int:
    """Put back the jobs whose worker has been silent for SILENCE seconds; how many there were."""
    values = {"silence": SILENCE, "longest": LONGEST_PAUSE}
    return uow.connection.execute(_RESCUE, values).rowcount


def depth(connection: Connection) -> list[Depth]:
    """What is in each queue."""
    found: dict[Any, Depth] = {row.queue_name: Depth(*row) for row in connection.execute(_DEPTH)}
    return [found.pop(queue, Depth(queue)) for queue in QUEUES] + list(found.values())
