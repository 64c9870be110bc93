"""The inbox: the tasks that an actor may work on, the most urgent first.

A person's tasks are in the candidate groups of the person's roles. From each group one page of tasks is read,
along an index, and these are merged. The cost of a page depends on the number of the person's groups, not of
their tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Integer,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    not_,
    select,
    true,
    tuple_,
    union,
    union_all,
)

from engine import access, cases
from engine.models import (
    FOUND_BY,
    CandidateGroup,
    CandidateGroupRole,
    CaseClock,
    Substitution,
    Task,
    Unit,
    UnitLine,
)
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.tasks import working_order
from engine.tasks.cursors import last_of, own_task, require_cursor
from engine.tasks.inbox_conditions import (
    ADDED,
    ANSWERED,
    CLAIMED,
    FILTERS,
    NEVER,
    OVERDUE,
    RETURNED,
    SERVED,
    TAKEN,
    has_request,
    words_query,
)
from engine.tasks.reading import describe, listed
from engine.tasks.working_order import FROM, Placed, WorkingOrder

Scope = Literal["mine", "team", "free", "supervised"]
COUNTED = 1_000  # counts stop at this number
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

    That is by the office time that is left until they are due, or until the bound of their service's class
    if that is earlier, by the calendars of their units. Tasks with neither come last, older ones first.
    Tasks of cases to which the actor is a party are removed after a page is read: checking the case of every
    task first would make the inbox slower.
    Raises Invalid if `after` is none of the tasks of the actor's groups, open or closed.
    """
    access.require(uow.actor, "inbox.read")
    given = parameters(wanted) | access.behalf(uow)
    rows, order = list[Mapping[str, Any]](), working_order.known(uow)
    values = {**access.seen_by(uow), "day_end": day_end(uow)}
    while True:
        if order is None:
            statement = _page(uow.actor.role, wanted.scope, frozenset(given), wanted.limit)
            found: Sequence[Any] = uow.connection.execute(statement, {**given, **values}).mappings().all()
            if found and found[0]["several"] and (order := working_order.find(uow)) is not None:
                continue
        else:
            found = _merged_page(uow, order, wanted, given)
        rows += [describe(row) for row in found if not row["party"]]
        if len(found) <= wanted.limit or len(rows) > wanted.limit:
            break
        given["beyond"] = found[-1]["id"]
    if not rows and wanted.after is not None and wanted.cursor_at is not None:
        require_cursor(uow, SERVED, wanted.scope, wanted.after, wanted.cursor_at)
    return rows[: wanted.limit + 1]


def _merged_page(
    uow: UnitOfWork, order: WorkingOrder, wanted: Inbox, given: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """Returns a page of tasks of offices with different calendars, and one more; each with what is left."""
    places = merged(uow, order, wanted.scope, given, wanted.limit + 1)
    ids: Any = bindparam("ids", type_=ARRAY(Uuid))
    shown = _rows(uow.actor.role).where(Task.id == any_(ids))
    values = {**access.seen_by(uow), "ids": [one.id for one in places]}
    by_id = {row["id"]: row for row in uow.connection.execute(shown, values).mappings()}
    return [{**by_id[one.id], "left": one.left} for one in places if one.id in by_id]


def merged(
    uow: UnitOfWork, order: WorkingOrder, scope: Scope, given: Mapping[str, Any], count: int
) -> Sequence[Placed]:
    """Returns the first places of the tasks of offices with different calendars, least office time first."""
    values = {name: value for name, value in given.items() if name not in ("after", "beyond")}
    role, begin = uow.actor.role, given.get("beyond") or given.get("after")
    if begin is not None:
        known = own_task(role, scope) if "beyond" not in given else true()
        last = working_order.find_place(uow, order, begin, known)
        if last is None:
            return []
        values |= order.after(last)
    statement = _firsts(role, scope, frozenset(values), count, order.count)
    more = {**access.seen_by(uow), "day_end": day_end(uow), **order.parameters()}
    return order.first(uow.connection.execute(statement, {**values, **more}), count)


@lru_cache
def _firsts(role: str, scope: Scope, given: frozenset[str], count: int, several: int) -> CompoundSelect[Any]:
    """Builds the query of the first tasks of each calendar: its number, due time and id."""
    plain = frozenset(name for name in given if FROM not in name)
    groups = working_order.groups_by_calendar(own_groups(role, scope, plain))
    parts = []
    for number in range(several):
        named = plain | (given & {f"{FROM}{number}"})
        own = select(groups.c.id).where(groups.c.number == number)
        found = nearest(role, scope, named, count, ordered=True, own=own)
        served = func.nullif(found.c.served, NEVER)
        parts.append(select(literal_column(str(number), Integer), served, found.c.id))
    return union_all(*parts)


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
        found["query"] = words_query(searched)
    return found


@lru_cache
def _page(role: str, scope: Scope, given: frozenset[str], limit: int) -> Select[Any]:
    """Builds the query of a page; cached for each combination of parameters."""
    found = nearest(role, scope, given, limit + 1, ordered=True)
    page = _rows(role).join(found, found.c.id == Task.id)
    return page.order_by(found.c.served, found.c.id)


def _rows(role: str) -> Select[Any]:
    """Returns a select of tasks as the inbox shows them."""
    beside = (
        RETURNED.label("returned"),
        ANSWERED.label("answered"),
        ADDED.label("added"),
        has_request("open").label("awaits"),
    )
    more = (access.party().label("party"), calendars.SEVERAL.label("several"))
    return listed(role).add_columns(*beside, *more)


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
    own = own_groups(role, scope, given) if own is None else own
    if "query" in given:
        return _hits(role, scope, given, count, own)
    homes = _homes(scope, given, own)
    filters = [condition for name, condition in FILTERS.items() if name in given]
    filters += _after(role, scope, given)
    if scope == "free":
        filters.append(CLAIMED)
    near = select(Task.id, SERVED.label("served")).where(Task.status == "open", *filters).limit(count)
    if "taken" in homes.c:
        near = near.where(Task.candidate_group_id == homes.c.id, homes.c.taken == TAKEN)
    else:
        near = near.where(Task.assignee_id == homes.c.id, *_still_allowed(role, scope, own))
    near = near.order_by(SERVED, Task.id) if ordered else near
    each: Any = near.correlate(homes).lateral("near")
    merged = select(each.c.id, each.c.served).select_from(homes).join(each, literal_column("true"))
    merged = merged.limit(count)
    if "overdue" in given:
        both = union_all(merged, _after_term(role, scope, given, own).limit(count)).subquery("late")
        each, merged = both, select(both.c.id, both.c.served).limit(count)
    return (merged.order_by(each.c.served, each.c.id) if ordered else merged).subquery("found")


def _after(
    role: str, scope: Scope, given: frozenset[str], place: tuple[Any, Any] = (SERVED, Task.id)
) -> list[ColumnElement[bool]]:
    """Returns the condition for tasks after the page before."""
    begins = [*last_of(SERVED, role, scope, given), *working_order.begins(given)]
    return [tuple_(*place) > begin for begin in begins]


def _after_term(role: str, scope: Scope, given: frozenset[str], own: Select[Any]) -> Select[Any]:
    """Returns the tasks of cases whose statutory term is over that aren't late by their own due time."""
    filters = [condition for name, condition in FILTERS.items() if name in given - {"overdue"}]
    filters += _after(role, scope, given)
    columns: tuple[Any, ...] = (Task.id, SERVED.label("served"))
    return (
        select(*columns)
        .join(CaseClock, CaseClock.case_id == Task.case_id)
        .where(literal_column("clocks.state = 'breached'"), Task.status == "open", not_(FILTERS["overdue"]))
        .where(*_still_allowed(role, scope, own), *_assigned(scope, given), *filters)
    )


def _assigned(scope: Scope, given: frozenset[str]) -> list[ColumnElement[bool]]:
    """Returns the condition for the assignee of a task."""
    if scope == "mine":
        return [Task.assignee_id.in_(select(_persons().c.id))]
    if "holder" in given:
        return [Task.assignee_id == _HOLDER]
    return [Task.assignee_id.is_(None), CLAIMED] if scope == "free" else []


def _hits(role: str, scope: Scope, given: frozenset[str], count: int, own_ids: Select[Any]) -> Subquery:
    """Returns the first hits of a search; if there are more than `SEARCHED`, only some are sorted."""
    groups = own_ids.subquery("groups")
    own = select(
        func.string_agg(literal_column("'p'").op("||")(func.replace(cast(groups.c.id, Text), "-", "")), " | ")
    ).scalar_subquery()
    simple: Any = literal_column("'simple'")
    wanted = func.to_tsquery(simple, bindparam("query", type_=Text)).op("&&")(func.to_tsquery(simple, own))
    filters = [
        OVERDUE if name == "overdue" else condition for name, condition in FILTERS.items() if name in given
    ]
    filters += _assigned(scope, given)
    found = (
        select(Task.id, SERVED.label("served"))
        .where(Task.status == "open", literal_column(str(FOUND_BY)).op("@@")(wanted), *filters)
        .limit(SEARCHED)
        .subquery("hits")
    )
    return (
        select(found.c.id, found.c.served)
        .where(*_after(role, scope, given, (found.c.served, found.c.id)))
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
