"""Closed tasks across cases: those of the actor's candidate groups, the latest first.

From each group one page is read along an index, and these are merged, as in the inbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Select, Text, Uuid, bindparam, literal_column, select, tuple_

from engine import access, cases
from engine.models import Task
from engine.platform.db import UnitOfWork
from engine.tasks.cursors import last_of, require_cursor
from engine.tasks.inbox import own_groups
from engine.tasks.inbox_conditions import FILTERS
from engine.tasks.reading import describe, listed


@dataclass(frozen=True, slots=True)
class Closed:
    """Filters for closed tasks; None means any.

    `holder` completed it, or had it when it was cancelled. `role`, `unit` (and those below it) and
    `definition` narrow the candidate groups. `since` is the earliest closing, `until` the instant before it.
    """

    status: str = "completed"
    role: str | None = None
    unit: str | None = None
    definition: str | None = None
    holder: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: UUID | None = None
    limit: int = cases.PAGE


_INSTANT = DateTime(timezone=True)
_CONDITIONS: Mapping[str, Any] = {
    "since": Task.closed_at >= bindparam("since", type_=_INSTANT),
    "until": Task.closed_at < bindparam("until", type_=_INSTANT),
    "holder": Task.assignee_id == bindparam("holder", type_=Uuid),
    "behalf": FILTERS["behalf"],
}
_GROUPS = ("role", "unit", "definition")


def page(uow: UnitOfWork, wanted: Closed) -> Sequence[Mapping[str, Any]]:
    """Returns up to a page of closed tasks, the latest first, and one more if more follow.

    Of cases to which the actor is a party there are none. Raises Invalid if `after` is none of the actor's.
    """
    access.require(uow.actor, "inbox.read")
    names = (*_GROUPS, *_CONDITIONS, "after")
    given = {name: value for name in names if (value := getattr(wanted, name, None)) is not None}
    given |= access.behalf(uow)
    size, rows = wanted.limit + 1, list[Mapping[str, Any]]()
    while True:
        values = {**given, **access.seen_by(uow), "status": wanted.status, "size": size}
        statement = _page(uow.actor.role, frozenset(given))
        found = uow.connection.execute(statement, values).mappings().all()
        rows += [describe(row) for row in found if not row["party"]]
        if len(found) < size or len(rows) >= size:
            break
        given["beyond"] = found[-1]["id"]
    if not rows and wanted.after is not None:
        require_cursor(uow, Task.closed_at, "team", wanted.after, "/query/cursor")
    return rows[:size]


@lru_cache
def _page(role: str, given: frozenset[str]) -> Select[Any]:
    """Builds the query of a page; cached for each combination of filters."""
    groups = own_groups(role, "team", given).subquery("groups")
    size = bindparam("size", type_=Integer)
    found = select(Task.id, Task.closed_at).where(
        Task.status == bindparam("status", type_=Text),
        Task.closed_at.is_not(None),
        *(condition for name, condition in _CONDITIONS.items() if name in given),
        *(tuple_(Task.closed_at, Task.id) < last for last in last_of(Task.closed_at, role, "team", given)),
    )
    order: Any = (Task.closed_at.desc(), Task.id.desc())
    if "holder" in given:
        near: Any = found.where(Task.candidate_group_id.in_(select(groups.c.id))).order_by(*order).limit(size)
        first = near.subquery("found")
    else:
        own = found.where(Task.candidate_group_id == groups.c.id).order_by(*order).limit(size)
        each = own.correlate(groups).lateral("near")
        first = (
            select(each.c.id, each.c.closed_at)
            .select_from(groups)
            .join(each, literal_column("true"))
            .order_by(each.c.closed_at.desc(), each.c.id.desc())
            .limit(size)
            .subquery("found")
        )
    return (
        listed(role)
        .add_columns(access.party().label("party"))
        .join(first, first.c.id == Task.id)
        .order_by(first.c.closed_at.desc(), first.c.id.desc())
    )
