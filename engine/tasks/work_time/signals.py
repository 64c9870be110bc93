"""Signals that a person works on a task. Each begins or extends the person's stretch at the task.

One statement, which locks no case and reads the rights of the person itself. All instants are those of our
clock: a browser only says that its page is open.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Text, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql.dml import ReturningInsert

from engine import access
from engine.cases.work_notes import GAP, Source
from engine.models import Case, Task, WorkStretch
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Uncertain
from engine.tasks.reading import had_by

log = structlog.get_logger("engine")


def measures(role: str) -> bool:
    """Returns whether the work of accounts with this role is measured: only that of officials."""
    return role == access.CASEWORKER


@lru_cache
def extending(role: str) -> ReturningInsert[Any]:
    """Returns the statement of a signal, with the parameters `task` and `source`: no row if it is none."""
    own, now = WorkStretch, bindparam("now", type_=WorkStretch.to_at.type)
    columns = {
        "task_id": Task.id,
        "user_id": access.VIEWER,
        "case_id": Task.case_id,
        "unit": access.taken_as(role),
        "from_at": now,
        "to_at": now,
        "sources": array([bindparam("source", type_=Text)]),
        "earlier": func.jsonb_build_array(),
    }
    begun = insert(own).from_select(
        [*columns],
        select(*(value.label(name) for name, value in columns.items()))
        .select_from(Task)
        .join(Case, Case.id == Task.case_id)
        .where(Task.id == bindparam("task"), Task.status == "open", had_by(role)),
    )
    sent = begun.excluded
    goes_on = own.to_at >= now - GAP
    before = func.jsonb_build_object(
        *("from_at", own.from_at, "to_at", own.to_at, "sources", own.sources, "unit", own.unit)
    )
    known = own.sources.contains(sent.sources)
    changed: dict[str, Any] = {
        "from_at": case((goes_on, own.from_at), else_=sent.from_at),
        "to_at": func.greatest(own.to_at, sent.to_at),
        "unit": case((goes_on, own.unit), else_=sent.unit),
        "sources": case(
            (~goes_on, sent.sources),
            (known, own.sources),
            else_=func.array_cat(own.sources, sent.sources),
        ),
        "earlier": case((goes_on, own.earlier), else_=own.earlier.op("||")(func.jsonb_build_array(before))),
    }
    return begun.on_conflict_do_update(index_elements=["task_id", "user_id"], set_=changed).returning(
        own.task_id
    )


def signal(uow: UnitOfWork, task_id: UUID, source: Source) -> bool:
    """Extends the actor's work on a task until now. Returns False if it isn't measured.

    That is so for others than its assignee, and for applicants.
    """
    if not measures(uow.actor.role):
        return False
    given = {"task": task_id, "source": source, **access.seen_by(uow)}
    return uow.connection.execute(extending(uow.actor.role), given).first() is not None


def record(database: Database, actor: Actor, task_id: UUID, source: Source) -> None:
    """Extends the actor's work on a task that was shown. If it can't be written, this is logged only."""
    if not measures(actor.role):
        return
    try:
        database.run(lambda session, now: signal(UnitOfWork(session, actor, now), task_id, source), "single")
    except (DBAPIError, PoolTimeout, Uncertain) as failure:
        log.warning("work-time.unwritten", error=type(failure).__name__)
