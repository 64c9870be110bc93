"""The inbox: the tasks that an actor may work on, the most urgent first.

A person's tasks are in the candidate groups of the person's roles. From each group one page of tasks is read,
along an index, and these are merged. The cost of a page depends on the number of the person's groups, not of
their tasks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    RowMapping,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    select,
    tuple_,
    union,
)
from sqlalchemy.orm import aliased

from engine import access, cases
from engine.access import validity
from engine.identity import names
from engine.models import (
    FOUND_BY,
    CandidateGroup,
    CandidateGroupRole,
    Case,
    Definition,
    DefinitionVersion,
    Document,
    Substitution,
    Task,
    Unit,
    UnitLine,
    User,
)
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.tasks.cursors import last_of, require_cursor
from engine.tasks.reading import describe, listed

Scope = Literal["mine", "team", "free", "supervised"]
COUNTED = 1_000  # counts stop at this number
MAX_WORDS = 10
STAFF = 200
SEARCHED = 5_000  # maximum number of hits that are sorted


@dataclass(frozen=True, slots=True)
class Inbox:
    """Filters for open tasks; None means any.

    `mine`: assigned to the actor, or to somebody for whom the actor is the substitute. `team`: all that the
    actor may claim, assigned or not. `free`: those of them without an assignee that can be claimed.
    `supervised`: all that the actor may reassign; of them, those of `holder`. `role`, `unit` (and those below
    it) and `definition` narrow the candidate groups. `due` is the latest due time, `priority` the lowest
    priority. `overdue`: late tasks; `today`: due until the end of the day; `returned`: corrected by the
    applicant since they were sent back. `words` and `business_key` are searched for. `cursor_at` is where the
    request has `after`; None: the command has read that task itself.
    """

    scope: Scope = "team"
    role: str | None = None
    unit: str | None = None
    definition: str | None = None
    holder: UUID | None = None
    due: datetime | None = None
    overdue: bool = False
    today: bool = False
    returned: bool = False
    priority: int | None = None
    business_key: str | None = None
    words: str | None = None
    after: UUID | None = None
    limit: int = cases.PAGE
    cursor_at: str | None = "/query/cursor"


def page(uow: UnitOfWork, wanted: Inbox) -> Sequence[Mapping[str, Any]]:
    """Returns up to a page of tasks after the named one, in the order in which they are served, and one more.

    That is by due time, or by the bound of their service's class if that is earlier. Tasks with neither come
    last, older ones first. Tasks of cases to which the actor is a party are
    removed after a page is read: checking the case of every task first would make the inbox slower.
    Raises Invalid if `after` is none of the tasks of the actor's groups, open or closed.
    """
    access.require(uow.actor, "inbox.read")
    given, rows = parameters(wanted) | access.behalf(uow), list[Mapping[str, Any]]()
    while True:
        statement = _page(uow.actor.role, wanted.scope, frozenset(given), wanted.limit)
        values = {**given, **access.seen_by(uow), "day_end": day_end(uow)}
        found = uow.connection.execute(statement, values).mappings().all()
        rows += [describe(row) for row in found if not row["party"]]
        if len(found) <= wanted.limit or len(rows) > wanted.limit:
            break
        given["beyond"] = found[-1]["id"]
    if not rows and wanted.after is not None and wanted.cursor_at is not None:
        require_cursor(uow, _SERVED, wanted.scope, wanted.after, wanted.cursor_at)
    return rows[: wanted.limit + 1]


def counts(uow: UnitOfWork) -> Mapping[str, int]:
    """Returns the number of tasks of each tab of the inbox, up to `COUNTED`."""
    access.require(uow.actor, "inbox.read")
    values = {**access.seen_by(uow), "day_end": day_end(uow)}
    statement = _counts(uow.actor.role, frozenset(access.behalf(uow)))
    return dict(uow.connection.execute(statement, values).mappings().one())


def day_end(uow: UnitOfWork) -> datetime:
    """Returns the end of this day in the installation's time zone."""
    return datetime.combine(uow.now.date() + timedelta(days=1), time(), uow.now.tzinfo)


def parameters(wanted: Inbox) -> dict[str, Any]:
    """Returns the parameters of a page. Raises Invalid for a search without words."""
    names = (
        *("role", "unit", "definition", "holder", "due", "overdue", "today", "returned"),
        *("priority", "business_key"),
    )
    found = {name: value for name in names if (value := getattr(wanted, name)) not in (None, False)}
    if wanted.after is not None:
        found["after" if wanted.cursor_at else "beyond"] = wanted.after
    searched = " ".join(part for part in (wanted.words, wanted.business_key) if part)
    if searched:
        found["query"] = _query(searched)
    return found


def _query(words: str) -> str:
    """Returns a query for words that begin with these words. Raises Invalid."""
    parts = re.findall(r"\w+", persian.normalise(words))
    if not parts or len(parts) > MAX_WORDS:
        detail = f"must have 1 to {MAX_WORDS} words"
        fault = Fault("/text", detail, "words", {"count": MAX_WORDS})
        raise Invalid("Enter words to search for.", [fault])
    return " & ".join(f"{part}:*" for part in parts)


# A task's position in the order of the indexes.
_NEVER: Any = literal_column("'infinity'::timestamptz")
_DUE = func.coalesce(Task.due_at, _NEVER)


_SERVED = func.coalesce(func.least(Task.serve_by, Task.due_at), _NEVER)
_TAKEN = Task.assignee_id.is_not(None)
_CLAIMED = Task.assignment.is_(None)  # else it is assigned automatically
_INSTANT = DateTime(timezone=True)
_NOW = bindparam("now", type_=_INSTANT)


def _asked(status: str, *, kind: str | None = None) -> ColumnElement[bool]:
    """Returns whether a task has a request with this status now."""
    beside = aliased(Task)
    kinds = [] if kind is None else [beside.kind == kind]
    found = select(beside.id).where(beside.parent_id == Task.id, beside.status == status, *kinds)
    return and_(Task.asks, found.correlate(Task).exists())


_RETURNED = and_(_asked("completed", kind="correction"), not_(_asked("open", kind="correction")))
_ANSWERED = and_(_asked("completed", kind="opinion"), not_(_asked("open", kind="opinion")))
# Whether somebody else has added a document to the case since: ids increase with their time of creation.
_ADDED = exists().where(
    Document.case_id == Task.case_id,
    Document.id > Task.id,
    Document.added_by != bindparam("viewer", type_=Uuid),
)
FILTERS: Mapping[str, ColumnElement[bool]] = {
    # A task is served when it is due, or before: the second condition is for the index.
    "due": and_(bindparam("due", type_=_INSTANT) >= _DUE, bindparam("due", type_=_INSTANT) >= _SERVED),
    "overdue": and_(_DUE <= _NOW, _SERVED <= _NOW),
    "today": and_(Task.due_at > _NOW, Task.due_at < bindparam("day_end", type_=_INSTANT)),
    "returned": and_(Task.asks, _RETURNED),
    "priority": Task.priority >= bindparam("priority", type_=Integer),
    "business_key": select(Case.business_key).where(Case.id == Task.case_id).scalar_subquery()
    == bindparam("business_key", type_=Text),
    "behalf": select(Case.id).where(Case.id == Task.case_id, *access.of_person(access.CASEWORKER)).exists(),
}


@lru_cache
def _page(role: str, scope: Scope, given: frozenset[str], limit: int) -> Select[Any]:
    """Builds the query of a page; cached for each combination of parameters."""
    found = nearest(role, scope, given, limit + 1, ordered=True)
    beside = (
        _RETURNED.label("returned"),
        _ANSWERED.label("answered"),
        _ADDED.label("added"),
        _asked("open").label("awaits"),
    )
    page = listed(role).add_columns(*beside, access.party().label("party")).join(found, found.c.id == Task.id)
    return page.order_by(found.c.served, found.c.id)


def nearest(
    role: str,
    scope: Scope,
    given: frozenset[str],
    count: int,
    *,
    ordered: bool,
    own: Select[Any] | None = None,
) -> Subquery:
    """Returns the first matching tasks: id and place in the order. Reads one page per group or person.

    `own` are the groups, if they are known already.
    """
    if "query" in given:
        return _hits(role, scope, given, count)
    own = own_groups(role, scope, given) if own is None else own
    homes = _homes(scope, given, own)
    filters = [condition for name, condition in FILTERS.items() if name in given]
    filters += [tuple_(_SERVED, Task.id) > last for last in last_of(_SERVED, role, scope, given)]
    if scope == "free":
        filters.append(_CLAIMED)
    near = select(Task.id, _SERVED.label("served")).where(Task.status == "open", *filters).limit(count)
    if "taken" in homes.c:
        near = near.where(Task.candidate_group_id == homes.c.id, homes.c.taken == _TAKEN)
    else:
        near = near.where(Task.assignee_id == homes.c.id, *_still_allowed(role, scope, own))
    near = near.order_by(_SERVED, Task.id) if ordered else near
    each = near.correlate(homes).lateral("near")
    merged = (
        select(each.c.id, each.c.served).select_from(homes).join(each, literal_column("true")).limit(count)
    )
    return (merged.order_by(each.c.served, each.c.id) if ordered else merged).subquery("found")


def _hits(role: str, scope: Scope, given: frozenset[str], count: int) -> Subquery:
    """Returns the first hits of a search; if there are more than `SEARCHED`, only some are sorted."""
    groups = own_groups(role, scope, given).subquery("groups")
    own = select(
        func.string_agg(literal_column("'p'").op("||")(func.replace(cast(groups.c.id, Text), "-", "")), " | ")
    ).scalar_subquery()
    simple: Any = literal_column("'simple'")
    wanted = func.to_tsquery(simple, bindparam("query", type_=Text)).op("&&")(func.to_tsquery(simple, own))
    filters = [condition for name, condition in FILTERS.items() if name in given]
    if scope == "mine":
        filters.append(Task.assignee_id.in_(select(_persons().c.id)))
    elif "holder" in given:
        filters.append(Task.assignee_id == _HOLDER)
    elif scope == "free":
        filters += [Task.assignee_id.is_(None), _CLAIMED]
    found = (
        select(Task.id, _SERVED.label("served"))
        .where(Task.status == "open", literal_column(str(FOUND_BY)).op("@@")(wanted), *filters)
        .limit(SEARCHED)
        .subquery("hits")
    )
    return (
        select(found.c.id, found.c.served)
        .where(*(tuple_(found.c.served, found.c.id) > last for last in last_of(_SERVED, role, scope, given)))
        .order_by(found.c.served, found.c.id)
        .limit(count)
        .subquery("found")
    )


def _still_allowed(role: str, scope: Scope, own: Select[Any]) -> list[ColumnElement[bool]]:
    """Returns the condition that the assignee still has the membership by which the task was claimed."""
    works = role == "caseworker" or scope != "mine"
    return [Task.candidate_group_id.in_(own) if works else false()]


def _persons() -> Subquery:
    """Returns the actor, and those for whom it is the substitute."""
    viewer = bindparam("viewer", type_=Uuid)
    absent = select(Substitution.absent_id).where(
        Substitution.substitute_id == viewer, access.valid(Substitution)
    )
    return union(select(viewer.label("id")), absent).subquery("persons")


def _narrowed(given: frozenset[str]) -> list[ColumnElement[bool]]:
    """Returns the condition for the candidate groups, if they are narrowed."""
    narrowed: list[ColumnElement[bool]] = []
    if "definition" in given:
        narrowed.append(CandidateGroup.definition == bindparam("definition", type_=Text))
    if "role" in given:
        narrowed.append(CandidateGroupRole.role == bindparam("role", type_=Text))
    if "unit" in given:
        above = select(Unit.id).where(Unit.key == bindparam("unit", type_=Text)).scalar_subquery()
        below = select(UnitLine.unit_id).where(UnitLine.ancestor_id == above)
        narrowed.append(CandidateGroupRole.unit_id.in_(below))
    return narrowed


_HALVES: Any = func.unnest(literal_column("'{f,t}'::boolean[]"))
_HOLDER = bindparam("holder", type_=Uuid)


def own_groups(role: str, scope: Scope, given: frozenset[str]) -> Select[Any]:
    return access.candidate_groups(role, *_narrowed(given), supervised=scope == "supervised")


def _homes(scope: Scope, given: frozenset[str], own: Select[Any]) -> Subquery:
    """Returns where to read: persons or candidate groups, each with whether its tasks have an assignee."""
    if scope == "mine":
        return _persons()
    if "holder" in given:
        return select(_HOLDER.label("id")).subquery("persons")
    found = own.subquery("groups")
    # Two rows even where one is wanted: PostgreSQL would make a constant of it, and then not use the index.
    # And no VALUES, because statements with these are compiled each time.
    taken = _HALVES.table_valued(column("taken", Boolean), name="halves").render_derived()
    wanted = not_(taken.c.taken) if scope == "free" else literal_column("true")
    return select(found.c.id, taken.c.taken).select_from(found).join(taken, wanted).subquery("homes")


@lru_cache
def _counts(role: str, none: frozenset[str]) -> Select[Any]:
    """`none` are the filters of all tabs: usually none."""
    tabs: tuple[tuple[str, Scope, frozenset[str]], ...] = (
        ("mine", "mine", none),
        ("team", "team", none),
        ("free", "free", none),
        ("overdue", "team", none | {"overdue"}),
        ("today", "team", none | {"today"}),
        ("returned", "team", none | {"returned"}),
        ("supervised", "supervised", none),
    )
    groups = {
        scope: select(own_groups(role, scope, frozenset()).cte(f"{scope}_groups").c.id)
        for scope in ("team", "supervised")
    }

    def counted(scope: Scope, given: frozenset[str]) -> ScalarSelect[int]:
        own = groups["supervised" if scope == "supervised" else "team"]
        found = nearest(role, scope, given, COUNTED, ordered=False, own=own)
        return select(func.count()).select_from(found).scalar_subquery()

    labelled: list[Any] = [counted(scope, given).label(name) for name, scope, given in tabs]
    return select(*labelled)


def choices(uow: UnitOfWork, scope: Scope = "team") -> Sequence[RowMapping]:
    """Returns the filters of the inbox: rows of `kind` (definition, role, unit), `key` and `name`."""
    access.require(uow.actor, "inbox.read")
    return uow.connection.execute(_choices(uow.actor.role, scope), access.seen_by(uow)).mappings().all()


@lru_cache
def _choices(role: str, scope: Scope) -> Select[Any]:
    own = select(own_groups(role, scope, frozenset()).cte("own").c.id)

    def kind(name: str, key: Any, called: Any) -> Select[Any]:
        return select(literal(name).label("kind"), key.label("key"), called.label("name"))

    processes = (
        kind("definition", Definition.key, DefinitionVersion.name)
        .join(DefinitionVersion, validity.current())
        .where(Definition.key.in_(select(CandidateGroup.definition).where(CandidateGroup.id.in_(own))))
    )
    homes = select(CandidateGroupRole.unit_id).where(CandidateGroupRole.candidate_group_id.in_(own))
    found = union(
        processes,
        kind("role", CandidateGroupRole.role, CandidateGroupRole.role).where(
            CandidateGroupRole.candidate_group_id.in_(own)
        ),
        kind("unit", Unit.key, Unit.name).where(Unit.id.in_(homes)),
    ).subquery("choices")
    return select(found).order_by(found.c.kind, found.c.name)


def staff(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the first accounts, by name, that work where the actor is a supervisor."""
    access.require(uow.actor, "inbox.read")
    return uow.connection.execute(_staff(), access.seen_by(uow)).mappings().all()


@lru_cache
def _staff() -> Select[Any]:
    found = select(User.id, User.name, names.of().label("display_name")).where(access.staff())
    return found.order_by(User.name).limit(STAFF)
