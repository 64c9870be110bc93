"""The cases behind a figure: as many as it says, with the same filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_

from engine.models import Case, CaseFigures, DelayCause
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.overview import AGES, open_at_end, overdue_at_end
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid

PAGE = 100
MOST = 5000  # rows of a file
CaseMeasure = Literal[
    "started",
    "online",
    "open",
    "overdue",
    "closed",
    "on_time",
    "late",
    "withdrawn",
    "refused",
    "granted",
    "silent",
    "visited",
    "rated",
    "sent_back",
    "appealed",
    "upheld",
]
MEASURES: tuple[CaseMeasure, ...] = get_args(CaseMeasure)
_C, _D = table(CaseFigures), table(DelayCause)
_OF_STARTED = {"started", "online"}
_OF_OPEN = {"open", "overdue"}
_CONDITIONS: Mapping[str, Callable[[], ColumnElement[bool]]] = {
    "online": lambda: _C.c.channel == "online",
    "on_time": lambda: _C.c.late.is_(False),
    "late": lambda: _C.c.late.is_(True),
    "withdrawn": lambda: _C.c.ending == "withdrawn",
    "refused": lambda: _C.c.effect == "refuses",
    "granted": lambda: _C.c.effect == "grants",
    "silent": lambda: _C.c.silent,
    "visited": lambda: _C.c.visits_actual > 0,
    "rated": lambda: _C.c.stars.is_not(None),
    "sent_back": lambda: _C.c.send_backs > 0,
    "appealed": lambda: _C.c.appealed,
    "upheld": lambda: _C.c.upheld,
}


@dataclass(frozen=True, slots=True)
class DelayCell:
    """A cause of delay: on whom it waited, at which step, in which bucket."""

    party: str
    element: str
    bucket: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list, without anything personal. Times are in ms; `delay` is the part of the cause."""

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
    late: int
    delay: int | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of a list: how many cases it has in all, and the case with which the next page continues."""

    count: int
    items: Sequence[CaseLine]
    next: UUID | None


def list_cases(
    uow: UnitOfWork,
    filters: Filters,
    measure: CaseMeasure = "closed",
    cause: DelayCell | None = None,
    after: UUID | None = None,
    age: int | None = None,
) -> CasePage:
    """Returns cases behind a measure, or behind a cause of delay, latest first.

    `age` is the index of a band of `Stock.ages`. Raises as `resolve`; Invalid for a cursor that is no case.
    """
    scope = resolve(uow, filters)
    at = _C.c.ended_at if measure not in _OF_STARTED | _OF_OPEN else _C.c.started_at
    where = [*_conditions(scope, measure), *_aged(scope, age), *scope.cells(_C)]
    delay: ColumnElement[int | None] = literal(None)
    rows: Select[tuple[object, ...]] = select(_C.c.case_id).where(*where)
    if cause is not None:
        rows, delay = rows.join(_D, _caused(cause)), _D.c.ms
    count = uow.connection.execute(rows.with_only_columns(func.count())).scalar_one()
    columns = (
        *(Case.id, Case.number, _C.c.definition, _C.c.version, _C.c.unit, _C.c.service_class),
        *(_C.c.started_at, _C.c.ended_at, _C.c.outcome, _C.c.life_ms, _C.c.late_ms, delay),
    )
    found = rows.join(Case, Case.id == _C.c.case_id).with_only_columns(*columns)
    if after is not None:
        found = found.where(
            tuple_(at, _C.c.case_id) < tuple_(literal(_start(uow, at, after)), literal(after))
        )
    found = found.order_by(at.desc(), _C.c.case_id.desc()).limit(PAGE + 1)
    lines = [CaseLine(*row) for row in uow.connection.execute(found)]
    return CasePage(count, lines[:PAGE], lines[PAGE - 1].id if len(lines) > PAGE else None)


def list_all_cases(
    uow: UnitOfWork,
    filters: Filters,
    measure: CaseMeasure = "closed",
    cause: DelayCell | None = None,
    age: int | None = None,
) -> CasePage:
    """Returns all cases behind a measure or a cause, for a file. Raises Invalid for more than `MOST`."""
    read = list_cases(uow, filters, measure, cause, age=age)
    if read.count > MOST:
        values = {"count": read.count, "limit": MOST}
        fault = Fault("/query/from", "gives too many rows", "too-many-rows", values)
        raise Invalid("The request has errors.", [fault])
    items, after = [*read.items], read.next
    while after is not None:
        page = list_cases(uow, filters, measure, cause, after, age)
        items += page.items
        after = page.next
    return CasePage(read.count, items, None)


def _conditions(scope: Scope, measure: CaseMeasure) -> list[ColumnElement[bool]]:
    if measure in _OF_OPEN:
        found = [open_at_end(scope)]
        return [*found, overdue_at_end(scope)] if measure == "overdue" else found
    found = [scope.within(_C.c.started_at if measure in _OF_STARTED else _C.c.ended_at)]
    condition = _CONDITIONS.get(measure)
    return found if condition is None else [*found, condition()]


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


def _start(uow: UnitOfWork, at: ColumnElement[datetime], after: UUID) -> datetime:
    """Returns the instant by which a case is sorted."""
    found: datetime | None = uow.connection.execute(select(at).where(_C.c.case_id == after)).scalar()
    if found is None:
        raise Invalid("The request has errors.", [Fault("/query/cursor", "is not in this list", "cursor")])
    return found
