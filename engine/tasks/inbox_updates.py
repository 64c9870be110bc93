"""The current state of the inbox, at low cost: for pages that refresh themselves, and for the next task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Select,
    Subquery,
    Uuid,
    any_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine import access, cases
from engine.models import Case, Task
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.tasks import working_order
from engine.tasks.inbox import (
    COUNTED,
    Inbox,
    Scope,
    day_end,
    merged,
    nearest,
    own_groups,
    page,
    parameters,
)
from engine.tasks.working_order import WorkingOrder

# Where in a list a person continues: with their own tasks, or tasks they can claim.
_WORKABLE: Mapping[Scope, tuple[Scope, ...]] = {"mine": ("mine",), "free": ("free",)}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InboxState:
    """The first tasks of a list, each with its assignee: `free`, `mine` or `other`.

    `count` is the size of the list, up to `COUNTED`; `more` whether others follow these.
    """

    tasks: Sequence[tuple[str, str]]
    count: int
    more: bool


def inbox_state(uow: UnitOfWork, wanted: Inbox) -> InboxState:
    """Returns what a page of the inbox would show now, with one statement if all have the same calendar."""
    access.require(uow.actor, "inbox.read")
    given, order = parameters(wanted), working_order.known(uow)
    count, found, several = _read_state(uow, wanted, given, order)
    if several and order is None and (order := working_order.find(uow)) is not None:
        count, found, _ = _read_state(uow, wanted, given, order)
    rows = [(task, who) for task, who, party in found if not party]
    return InboxState(rows[: cases.PAGE], count, len(found) > cases.PAGE)


def _read_state(uow: UnitOfWork, wanted: Inbox, given: Mapping[str, Any], order: WorkingOrder | None) -> Any:
    statement = _inbox_state(uow.actor.role, wanted.scope, frozenset(given), order is not None)
    values = {**given, **access.seen_by(uow), "day_end": day_end(uow)}
    if order is not None:
        values["ids"] = [one.id for one in merged(uow, order, wanted.scope, given, cases.PAGE + 1)]
    return uow.connection.execute(statement, values).one()


@lru_cache
def _inbox_state(role: str, scope: Scope, given: frozenset[str], merging: bool) -> Select[Any]:
    own = None if "query" in given else select(own_groups(role, scope, given).cte("own").c.id)
    first = nearest(role, scope, given, cases.PAGE + 1, ordered=True, own=own) if not merging else _named()
    every = nearest(role, scope, given - {"after", "beyond"}, COUNTED, ordered=False, own=own)
    who = case(
        (Task.assignee_id.is_(None), literal("free")),
        (access.in_place_of(Task.assignee_id), literal("mine")),
        else_=literal("other"),
    )
    one = func.json_build_array(Task.id, who, access.party())
    listed = (
        select(
            func.coalesce(
                func.json_agg(aggregate_order_by(one, first.c.served, first.c.id)),
                literal_column("'[]'::json"),
            )
        )
        .select_from(first)
        .join(Task, Task.id == first.c.id)
        .join(Case, Case.id == Task.case_id)
    )
    count = select(func.count()).select_from(every)
    return select(count.scalar_subquery(), listed.scalar_subquery(), calendars.SEVERAL)


def _named() -> Subquery:
    """Returns the tasks with these ids, in their order."""
    ids: Any = bindparam("ids", type_=ARRAY(Uuid))
    found = select(Task.id, func.array_position(ids, Task.id).label("served")).where(Task.id == any_(ids))
    return found.subquery("found")


def find_next(uow: UnitOfWork, wanted: Inbox, after: UUID) -> UUID | None:
    """Returns the task of a list with which a person continues after completing this one.

    It is their own, or can be claimed, and has no open request: the next one in the list, else the first.
    """
    wanted = replace(wanted, cursor_at=None)  # the task that was completed may no longer be the actor's
    return _first(uow, replace(wanted, after=after), after) or _first(uow, replace(wanted, after=None), after)


def _first(uow: UnitOfWork, wanted: Inbox, done: UUID) -> UUID | None:
    scopes = _WORKABLE.get(wanted.scope, ("mine", "free"))
    rows = [row for scope in scopes for row in page(uow, replace(wanted, scope=scope, holder=None))]
    open_ones = [row for row in rows if row["id"] != done and not row["awaits"]]
    found = min(
        open_ones, key=lambda row: (row.get("left", 0), row["due_at"] or _NEVER, row["id"]), default=None
    )
    return None if found is None else UUID(str(found["id"]))
