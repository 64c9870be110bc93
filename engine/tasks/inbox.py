"""The inbox: the tasks that an actor may work on, the most urgent first.

A person's tasks lie in the pools of the person's roles. From each pool as many are taken as a page has, along
an index, and these are merged: so a page costs what the pools cost that the person has, and not what lies in
them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    RowMapping,
    Select,
    Subquery,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    not_,
    select,
    tuple_,
    union,
    values,
)
from sqlalchemy.orm import aliased

from engine import access, cases, persian
from engine.db import UnitOfWork
from engine.errors import Fault, Invalid
from engine.models import FOUND_BY, Case, Pool, PoolRole, Substitution, Task, Unit, UnitLine
from engine.tasks.reading import summaries

Scope = Literal["mine", "team", "free"]
COUNTED = 1_000  # a count tells no more than that there are so many
MAX_WORDS = 10
SEARCHED = 5_000  # so many hits are put into order


@dataclass(frozen=True, slots=True)
class Inbox:
    """Which open tasks; None is any.

    `mine` are those that the actor has, or somebody for whom it stands in; `team` all that it may take,
    whoever has them; `free` those of them that nobody has and that can be claimed. `role`, `unit` (and those
    below it) and `definition` narrow the pools. `due` is the latest due time, `priority` the lowest priority.
    `words` and `business_key` are searched for.
    """

    scope: Scope = "team"
    role: str | None = None
    unit: str | None = None
    definition: str | None = None
    due: datetime | None = None
    priority: int | None = None
    business_key: str | None = None
    words: str | None = None
    after: UUID | None = None


def page(uow: UnitOfWork, wanted: Inbox) -> Sequence[RowMapping]:
    """Up to a page of tasks, what is due first first, after the task named; one more if more follow.

    What has no due time comes last, the older first.
    """
    access.require(uow.actor, "inbox.read")
    given = _given(wanted)
    statement = _page(uow.actor.role, wanted.scope, frozenset(given))
    return uow.connection.execute(statement, {**given, **access.seen_by(uow)}).mappings().all()


def counts(uow: UnitOfWork) -> Mapping[str, int]:
    """How many tasks each tab of the inbox has, up to `COUNTED`."""
    access.require(uow.actor, "inbox.read")
    seen = access.seen_by(uow)
    row = uow.connection.execute(_counts(uow.actor.role), {**seen, "due": uow.now}).mappings().one()
    return dict(row)


def _given(wanted: Inbox) -> dict[str, Any]:
    """The parameters of a page. Raises Invalid for a search without words."""
    names = ("role", "unit", "definition", "due", "priority", "business_key", "after")
    found = {name: value for name in names if (value := getattr(wanted, name)) is not None}
    searched = " ".join(part for part in (wanted.words, wanted.business_key) if part)
    if searched:
        found["query"] = _query(searched)
    return found


def _query(words: str) -> str:
    """Words as a query for their beginnings. Raises Invalid."""
    parts = re.findall(r"\w+", persian.normalise(words))
    if not parts or len(parts) > MAX_WORDS:
        detail = f"has no word, or more than {MAX_WORDS}"
        fault = Fault("/text", detail, "words", {"count": MAX_WORDS})
        raise Invalid("Nothing can be searched for like this.", [fault])
    return " & ".join(f"{part}:*" for part in parts)


# A task's place in the order, as the indexes have it.
_NEVER: Any = literal_column("'infinity'::timestamptz")
_DUE = func.coalesce(Task.due_at, _NEVER)
_TAKEN = Task.assignee_id.is_not(None)
_CLAIMED = Task.assignment.is_(None)  # else it comes to somebody by itself
_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "due": Task.due_at <= bindparam("due", type_=DateTime(timezone=True)),
    "priority": Task.priority >= bindparam("priority", type_=Integer),
    "business_key": select(Case.business_key).where(Case.id == Task.case_id).scalar_subquery()
    == bindparam("business_key", type_=Text),
}


@lru_cache
def _page(role: str, scope: Scope, given: frozenset[str]) -> Select[Any]:
    """Made once for each combination of parameters."""
    found = _nearest(role, scope, given, cases.PAGE + 1, ordered=True)
    return summaries().join(found, found.c.id == Task.id).order_by(found.c.due, found.c.id)


def _nearest(role: str, scope: Scope, given: frozenset[str], count: int, *, ordered: bool) -> Subquery:
    """The first of the tasks wanted: id and due time. From each pool, or person, as many as are wanted."""
    if "query" in given:
        return _hits(role, scope, given, count)
    homes = _persons() if scope == "mine" else _pools(role, scope, given)
    filters = [condition for name, condition in _FILTERS.items() if name in given]
    filters += _after(_DUE, Task.id, given)
    if scope == "free":
        filters.append(_CLAIMED)
    near = select(Task.id, _DUE.label("due")).where(Task.status == "open", *filters).limit(count)
    if scope == "mine":
        near = near.where(Task.assignee_id == homes.c.id, *_still_allowed(role))
        if narrowed := _narrowed(given):
            near = near.where(Task.pool_id.in_(access.pools(role, *narrowed)))
    else:
        near = near.where(Task.pool_id == homes.c.id, homes.c.taken == _TAKEN)
    near = near.order_by(_DUE, Task.id) if ordered else near
    each = near.correlate(homes).lateral("near")
    merged = select(each.c.id, each.c.due).select_from(homes).join(each, literal_column("true")).limit(count)
    return (merged.order_by(each.c.due, each.c.id) if ordered else merged).subquery("found")


def _hits(role: str, scope: Scope, given: frozenset[str], count: int) -> Subquery:
    """The first of the tasks that a search finds; of more than `SEARCHED` only some are put into order."""
    pools = _pools(role, "free", given)
    own = select(
        func.string_agg(literal_column("'p'").op("||")(func.replace(cast(pools.c.id, Text), "-", "")), " | ")
    ).scalar_subquery()
    simple: Any = literal_column("'simple'")
    wanted = func.to_tsquery(simple, bindparam("query", type_=Text)).op("&&")(func.to_tsquery(simple, own))
    filters = [condition for name, condition in _FILTERS.items() if name in given]
    if scope == "mine":
        filters.append(Task.assignee_id.in_(select(_persons().c.id)))
    elif scope == "free":
        filters += [Task.assignee_id.is_(None), _CLAIMED]
    found = (
        select(Task.id, _DUE.label("due"))
        .where(Task.status == "open", literal_column(str(FOUND_BY)).op("@@")(wanted), *filters)
        .limit(SEARCHED)
        .subquery("hits")
    )
    return (
        select(found.c.id, found.c.due)
        .where(*_after(found.c.due, found.c.id, given))
        .order_by(found.c.due, found.c.id)
        .limit(count)
        .subquery("found")
    )


def _after(due: Any, task: Any, given: frozenset[str]) -> list[ColumnElement[bool]]:
    """What comes after the last task of the page before."""
    if "after" not in given:
        return []
    last, after = aliased(Task), bindparam("after", type_=Uuid)
    its_due = select(func.coalesce(last.due_at, _NEVER)).where(last.id == after).scalar_subquery()
    return [tuple_(due, task) > tuple_(its_due, after)]


def _still_allowed(role: str) -> list[ColumnElement[bool]]:
    """Who has a task loses it with the membership by which it was taken."""
    return [access.taking_as(Task.pool_id).is_not(None)] if role == "caseworker" else [false()]


def _persons() -> Subquery:
    """The actor, and those for whom it stands in."""
    viewer = bindparam("viewer", type_=Uuid)
    absent = select(Substitution.absent_id).where(
        Substitution.substitute_id == viewer, access.valid(Substitution)
    )
    return union(select(viewer.label("id")), absent).subquery("persons")


def _narrowed(given: frozenset[str]) -> list[ColumnElement[bool]]:
    """Which pools are wanted, if not all."""
    narrowed: list[ColumnElement[bool]] = []
    if "definition" in given:
        narrowed.append(Pool.definition == bindparam("definition", type_=Text))
    if "role" in given:
        narrowed.append(PoolRole.role == bindparam("role", type_=Text))
    if "unit" in given:
        above = select(Unit.id).where(Unit.key == bindparam("unit", type_=Text)).scalar_subquery()
        below = select(UnitLine.unit_id).where(UnitLine.ancestor_id == above)
        narrowed.append(PoolRole.unit_id.in_(below))
    return narrowed


def _pools(role: str, scope: Scope, given: frozenset[str]) -> Subquery:
    """The pools, each with whether it is about tasks that somebody has."""
    found = access.pools(role, *_narrowed(given)).subquery("pools")
    # Two rows also where one is wanted: PostgreSQL would make a constant of it, and then not see the index.
    taken = values(column("taken", Boolean), name="halves").data([(False,), (True,)])
    wanted = not_(taken.c.taken) if scope == "free" else literal_column("true")
    return select(found.c.id, taken.c.taken).select_from(found).join(taken, wanted).subquery("homes")


@lru_cache
def _counts(role: str) -> Select[Any]:
    none: frozenset[str] = frozenset()
    tabs: tuple[tuple[str, Scope, frozenset[str]], ...] = (
        ("mine", "mine", none),
        ("team", "team", none),
        ("free", "free", none),
        ("overdue", "team", frozenset({"due"})),
    )
    counted = [
        select(func.count())
        .select_from(_nearest(role, scope, given, COUNTED, ordered=False))
        .scalar_subquery()
        .label(name)
        for name, scope, given in tabs
    ]
    return select(*counted)
