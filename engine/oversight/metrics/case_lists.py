"""The cases behind a figure: as many as it says, with the same filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.models import (
    CandidateGroupRole,
    Case,
    CaseFigures,
    DelayCause,
    StepFigures,
    Task,
    Unit,
)
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.overview import AGES, open_at_end, overdue_at_end
from engine.oversight.metrics.people import OFFICE
from engine.oversight.projection.sums import MAIN
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid

PAGE = 100
MOST = 5000  # rows of a file
CaseMeasure = Literal[
    "started",
    "with_channel",
    "online",
    "open",
    "open_with_term",
    "overdue",
    "closed",
    "with_term",
    "on_time",
    "late",
    "withdrawn",
    "decided",
    "refused",
    "granted",
    "silent",
    "planned",
    "visited",
    "rated",
    "with_cost",
    "sent_back",
    "appealed",
    "appeal_decided",
    "upheld",
    "step_arrived",
    "step_closed",
    "work_open",
    "work_arrived",
    "work_done",
]
MEASURES: tuple[CaseMeasure, ...] = get_args(CaseMeasure)
PASSAGES = ("step_", "work_")  # begin the measures that count a case as often as it was there
_C, _D, _S = table(CaseFigures), table(DelayCause), table(StepFigures)
_Condition = Callable[[], ColumnElement[bool]]


def _every() -> ColumnElement[bool]:
    return literal_column("true")


_NOBODY: Any = literal_column("'{}'::text[]")
# None where nothing says when it should have ended.
_LATE_MS = case((_C.c.late.is_not(None), _C.c.late_ms)).label("late_ms")
# The units of its open tasks; those of the applicant belong to none.
_HOLDERS = (
    select(func.coalesce(func.array_agg(aggregate_order_by(Unit.key.distinct(), Unit.key)), _NOBODY))
    .select_from(Task)
    .join(CandidateGroupRole, CandidateGroupRole.candidate_group_id == Task.candidate_group_id)
    .join(Unit, Unit.id == CandidateGroupRole.unit_id)
    .where(Task.case_id == Case.id, Task.status == "open")
    .correlate(Case)
    .scalar_subquery()
)
_OF_STARTED: Mapping[str, _Condition] = {
    "started": _every,
    "with_channel": lambda: _C.c.channel.is_not(None),
    "online": lambda: _C.c.channel == "online",
}
_OF_OPEN = {"open", "open_with_term", "overdue"}
_OF_ENDED: Mapping[str, _Condition] = {
    "closed": _every,
    "with_term": lambda: _C.c.late.is_not(None),
    "on_time": lambda: _C.c.late.is_(False),
    "late": lambda: _C.c.late.is_(True),
    "withdrawn": lambda: _C.c.ending == "withdrawn",
    "decided": lambda: _C.c.effect.in_(("grants", "refuses")),
    "refused": lambda: _C.c.effect == "refuses",
    "granted": lambda: _C.c.effect == "grants",
    "silent": lambda: _C.c.silent,
    "planned": lambda: _C.c.visits_planned.is_not(None),
    "visited": lambda: _C.c.visits_actual > 0,
    "rated": lambda: _C.c.stars.is_not(None),
    "with_cost": lambda: _C.c.cost.is_not(None),
    "sent_back": lambda: _C.c.send_backs > 0,
    "appealed": lambda: _C.c.appealed,
    "appeal_decided": lambda: _C.c.upheld.is_not(None),
    "upheld": lambda: _C.c.upheld,
}


@dataclass(frozen=True, slots=True)
class DelayCell:
    """A cause of delay: on whom it waited, at which step, in which bucket."""

    party: str
    element: str
    bucket: str


@dataclass(frozen=True, slots=True)
class StepCell:
    """The passages of a step, or of all, by any role or by one.

    `step_unit` is whose work it is: a unit, or several, as in `LoadLine`.
    """

    element: str | None = None
    role: str | None = None
    step_unit: str | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list, without anything personal. Times are in ms; `delay` is the part of the cause.

    `times`: how often the figure counts it, if that is one of passages of steps. `due_at` is the end of its
    statutory term; `days_late` are the whole days since then without a decision, of an open case. `holders`
    are the units that have its open tasks now.
    """

    id: UUID
    number: str
    definition: str
    version: int
    unit: str
    service_class: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    life: int | None
    late: int | None
    silent: bool
    delay: int | None
    times: int
    due_at: datetime | None
    days_late: int | None
    holders: Sequence[str]


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of a list: what the figure says, and the case with which the next page continues.

    `count` is the number of cases; of passages of steps it is their number, the sum of `CaseLine.times`.
    """

    count: int
    as_of: datetime
    items: Sequence[CaseLine]
    next: UUID | None


def list_cases(
    uow: UnitOfWork,
    filters: Filters,
    measure: CaseMeasure = "closed",
    cell: DelayCell | StepCell | None = None,
    after: UUID | None = None,
    age: int | None = None,
) -> CasePage:
    """Returns cases behind a measure, or behind a cause of delay or a step, latest first.

    `age` is the index of a band of `Stock.ages`. Raises as `resolve`; Invalid for a cursor that is no case.
    """
    _require_together(measure, cell, age)
    scope = resolve(uow, filters)
    behind = _behind(scope, measure, cell, age)
    lines = _lines(uow, scope, behind, PAGE + 1, after)
    following = lines[PAGE - 1].id if len(lines) > PAGE else None
    return CasePage(_count(uow, behind), scope.as_of, lines[:PAGE], following)


def list_all_cases(
    uow: UnitOfWork,
    filters: Filters,
    measure: CaseMeasure = "closed",
    cell: DelayCell | StepCell | None = None,
    age: int | None = None,
) -> CasePage:
    """Returns all cases behind a measure or a cause, for a file. Raises Invalid for more than `MOST`."""
    _require_together(measure, cell, age)
    scope = resolve(uow, filters)
    behind = _behind(scope, measure, cell, age)
    lines = _lines(uow, scope, behind, MOST + 1)
    count = _count(uow, behind)
    if len(lines) > MOST:
        values = {"count": count, "limit": MOST}
        fault = Fault("/query/from", "gives too many rows", "too-many-rows", values)
        raise Invalid("The request has errors.", [fault])
    return CasePage(count, scope.as_of, lines, None)


def _count(uow: UnitOfWork, behind: Subquery) -> int:
    counted = select(func.coalesce(func.sum(behind.c.times), 0))
    return int(uow.connection.execute(counted).scalar_one())


def _lines(
    uow: UnitOfWork, scope: Scope, behind: Subquery, most: int, after: UUID | None = None
) -> list[CaseLine]:
    found = (
        select(
            *(Case.id, Case.number, _C.c.definition, _C.c.version, _C.c.unit, _C.c.service_class),
            *(_C.c.started_at, _C.c.ended_at, _C.c.outcome, _C.c.life_ms, _LATE_MS, _C.c.silent),
            *(behind.c.delay, behind.c.times, _C.c.due_at, _days_late(scope), _HOLDERS),
        )
        .join(_C, _C.c.case_id == Case.id)
        .join(behind, behind.c.case_id == Case.id)
    )
    if after is not None:
        place = tuple_(literal(_start(uow, behind, after)), literal(after))
        found = found.where(tuple_(behind.c.at, behind.c.case_id) < place)
    found = found.order_by(behind.c.at.desc(), behind.c.case_id.desc()).limit(most)
    return [CaseLine(*row) for row in uow.connection.execute(found)]


def _days_late(scope: Scope) -> ColumnElement[Any]:
    """Returns the whole days since the term of an open case ended undecided; NULL if it hasn't."""
    since = func.floor(func.extract("epoch", literal(scope.as_of) - _C.c.due_at) / 86_400)
    late = and_(_C.c.ended_at.is_(None), _C.c.stopped_at.is_(None), _C.c.due_at < scope.as_of)
    return case((late, cast(since, Integer)))


def _require_together(measure: CaseMeasure, cell: DelayCell | StepCell | None, age: int | None) -> None:
    """Raises Invalid for what doesn't apply to a measure: else the list would silently be another one."""
    of_steps = measure.startswith(PASSAGES)
    wrong = []
    if age is not None and measure not in _OF_OPEN:
        wrong.append("age")
    if isinstance(cell, DelayCell) and measure not in _OF_ENDED:
        wrong.append("bucket")
    if isinstance(cell, StepCell) and not of_steps:
        wrong += [one.name for one in fields(cell) if getattr(cell, one.name) is not None]
    if wrong:
        detail = f"doesn't apply to the measure {measure}"
        faults = [Fault(f"/query/{name}", detail, "not-of-measure") for name in wrong]
        raise Invalid("The request has errors.", faults)


def _behind(
    scope: Scope, measure: CaseMeasure, cell: DelayCell | StepCell | None, age: int | None
) -> Subquery:
    """Selects cases: by when they are sorted, their part of a cause, how often a measure counts them."""
    if measure.startswith(PASSAGES):
        return _passages(scope, measure, cell if isinstance(cell, StepCell) else StepCell()).subquery(
            "behind"
        )
    delay: ColumnElement[Any] = _D.c.ms if isinstance(cell, DelayCell) else null()
    at = _C.c.ended_at if measure in _OF_ENDED else _C.c.started_at
    found = select(_C.c.case_id, at.label("at"), delay.label("delay"), literal_column("1").label("times"))
    found = found.where(*_conditions(scope, measure), *_aged(scope, age), *scope.cells(_C))
    if isinstance(cell, DelayCell):
        found = found.join(_D, _caused(cell))
    return found.subquery("behind")


def _passages(scope: Scope, measure: str, cell: StepCell) -> Select[Any]:
    """Selects the cases of passages: of steps by the unit of the case, of work by whose it is."""
    at = _S.c.closed_at if measure in ("step_closed", "work_done") else _S.c.opened_at
    if measure.startswith("step_"):
        where = [_S.c.kind.in_(MAIN), *scope.cells(_S)]
    else:
        offices = _S.c.step_unit.not_in(("", "applicant"))
        where = [_S.c.kind.in_(OFFICE), offices, *scope.cells(_S, "step_unit")]
    where.append(_S.c.closed_at.is_(None) if measure == "work_open" else scope.within(at))
    if measure == "work_done":
        where.append(_S.c.done)
    given = ((one.name, getattr(cell, one.name)) for one in fields(cell))
    where += [_S.c[name] == value for name, value in given if value is not None]
    columns = (_S.c.case_id, func.max(at).label("at"), null().label("delay"), func.count().label("times"))
    return select(*columns).where(*where).group_by(_S.c.case_id)


def _conditions(scope: Scope, measure: CaseMeasure) -> list[ColumnElement[bool]]:
    if measure in _OF_STARTED:
        return [scope.within(_C.c.started_at), _OF_STARTED[measure]()]
    if measure in _OF_ENDED:
        return [scope.within(_C.c.ended_at), _OF_ENDED[measure]()]
    found = [open_at_end(scope)]
    if measure == "open_with_term":
        found.append(_C.c.due_at.is_not(None))
    if measure == "overdue":
        found.append(overdue_at_end(scope))
    return found


def _aged(scope: Scope, age: int | None) -> list[ColumnElement[bool]]:
    if age is None:
        return []
    limits = [scope.end - timedelta(days=days) for days in AGES]
    younger = [_C.c.started_at > limits[age]] if age < len(AGES) else []
    return younger + ([_C.c.started_at <= limits[age - 1]] if age else [])


def _caused(cause: DelayCell) -> ColumnElement[bool]:
    return and_(
        _D.c.case_id == _C.c.case_id,
        _D.c.party == cause.party,
        _D.c.element == cause.element,
        _D.c.bucket == cause.bucket,
    )


def _start(uow: UnitOfWork, behind: Subquery, after: UUID) -> datetime:
    """Returns the instant by which a case is sorted."""
    found: datetime | None = uow.connection.execute(
        select(behind.c.at).where(behind.c.case_id == after)
    ).scalar()
    if found is None:
        raise Invalid("The request has errors.", [Fault("/query/cursor", "is not in this list", "cursor")])
    return found
