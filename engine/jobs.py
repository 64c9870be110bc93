"""The queue: work that a command leaves for later. A job commits with its command, or never was.

The table is procrastinate's; its triggers wake the workers. A job names what it is about by ids alone, so no
data stand in the queue. It carries no lock: whoever runs it locks the case, and the row decides what is still
to be done, for a job may run twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, Connection, Insert, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from engine.db import UnitOfWork, recordset

Queue = Literal["cases", "calls", "outbound"]
QUEUES: tuple[Queue, ...] = ("cases", "calls", "outbound")

# What a new job consists of; procrastinate's defaults are right for the rest.
_NEW = Table(
    "procrastinate_jobs",
    MetaData(),
    Column("queue_name", Text),
    Column("task_name", Text),
    Column("args", JSONB),
)

# The oldest is the first of those that may run now. Its last event is when it became so.
_DEPTH = text("""
WITH queues AS (
    SELECT queue_name,
        count(*) FILTER (WHERE status = 'todo') AS waiting,
        count(*) FILTER (WHERE status = 'doing') AS doing,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        min(id) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())) AS oldest
    FROM procrastinate_jobs GROUP BY queue_name
)
SELECT queue_name, waiting, doing, failed, extract(epoch FROM clock_timestamp() - since.at)::float AS seconds
FROM queues
LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = oldest) AS since ON true
""")


@dataclass(frozen=True, slots=True)
class Depth:
    """What is in a queue.

    `waiting` includes what waits for another attempt. `age` is for how many seconds the first job that may
    run has waited; None if there is none.
    """

    queue: str
    waiting: int = 0
    doing: int = 0
    failed: int = 0
    age: float | None = None


def defer(uow: UnitOfWork, task: str, *, queue: Queue, **ids: UUID) -> None:
    """Have a worker run the task with these ids, once this command is committed."""
    defer_each(uow, task, [ids], queue=queue)


def defer_each(uow: UnitOfWork, task: str, each: Sequence[Mapping[str, UUID]], *, queue: Queue) -> None:
    """The same for many jobs of one task, at the cost of one."""
    if not each:
        return
    rows = [{"queue_name": queue, "task_name": task, "args": dict(ids)} for ids in each]
    number = uow.session.info["jobs"] = uow.session.info.get("jobs", 0) + 1
    # Written with all else that the command writes: also one that has no transaction but its one statement.
    uow.write(_insert(number), {f"jobs_{number}": rows})


@lru_cache
def _insert(number: int) -> Insert:
    """The parameters of one command's writes have different names."""
    return recordset(_NEW, f"jobs_{number}")


def depth(connection: Connection) -> list[Depth]:
    """What is in each queue."""
    found: dict[Any, Depth] = {row.queue_name: Depth(*row) for row in connection.execute(_DEPTH)}
    return [found.pop(queue, Depth(queue)) for queue in QUEUES] + list(found.values())
