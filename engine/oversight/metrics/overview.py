"""The overview: what came in, what is open, what was closed and how, for a scope, by month, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, DateTime, func, literal, literal_column, or_, select

from engine import access
from engine.models import ApplicationCount, CaseFigures, Definition
from engine.oversight.metrics import quantiles
from engine.oversight.metrics.figures import FEWEST, NO_DATA, Figure, duration, number, ratio
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.quantiles import MEDIAN, MOST
from engine.oversight.metrics.sharing import share
from engine.oversight.metrics.sums import Key, Wanted, read, with_totals
from engine.oversight.projection.periods import Days, month_of
from engine.oversight.projection.sums import ENDED, STARTED
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar

Compared = Literal["version", "unit"]
AGES = (7, 30, 90, 180)  # days
COLUMNS = (*STARTED.values, *ENDED.values)
_CASES = table(CaseFigures)
# Of an index: started before an instant, and not ended before it. Few of all cases are open at once.
_OPEN: ColumnElement[Any] = func.tstzrange(_CASES.c.started_at, _CASES.c.ended_at, literal_column("'(]'"))


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures of the cases that started or ended in a period. Shares are from 0 to 1, times in ms.

    `on_time`: of the cases with a term or a norm. `refused`: of those decided. `visits_planned`,
    `visits_actual` and `stars` are averages, `cost` that in rials. `take_up`: of those that started with a
    channel, how many did so online.
    """

    started: Figure
    closed: Figure
    withdrawn: Figure
    on_time: Figure
    late: Figure
    median: Figure
    most: Figure
    refused: Figure
    silent: Figure
    visits_planned: Figure
    visits_actual: Figure
    stars: Figure
    take_up: Figure
    cost: Figure
    send_backs: Figure
    appealed: Figure
    upheld: Figure


@dataclass(frozen=True, slots=True)
class Stock:
    """The cases that are open at the end of the period, and how many of them for how long, in days.

    `ages` are those below each of `AGES`, then all others. `overdue`: whose term has ended without
    a decision.
    """

    open: Figure
    ages: Sequence[int]
    overdue: Figure


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of a month, by its first day, or of a version or unit and a service class."""

    label: str
    service_class: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of a scope. `completion`: of the applications that were begun, how many were sent.

    `as_of`, here and of all other figures, is the instant up to which they know all events.
    """

    days: Days
    as_of: datetime
    numbers: Numbers
    stock: Stock
    completion: Figure
    trend: Sequence[Line]
    compared: Sequence[Line]


def overview(
    uow: UnitOfWork, filters: Filters, compare: Compared | None = None, trend: Calendar | None = None
) -> Overview:
    """Returns the overview; with `trend` also by month of that calendar, with `compare` by version or unit.

    Raises as `resolve`; Invalid for a comparison of different services.
    """
    if compare is not None and filters.definition is None:
        fault = Fault("/query/definition", "is needed to compare: only the same service is fair", "compare")
        raise Invalid("The request has errors.", [fault])
    scope = resolve(uow, filters)
    return share(uow, scope, ("overview", compare, trend), lambda: _overview(uow, scope, compare, trend))


def _overview(uow: UnitOfWork, scope: Scope, compare: Compared | None, trend: Calendar | None) -> Overview:
    found = numbers(uow, scope, months=trend)
    return Overview(
        scope.days,
        scope.as_of,
        found.get((), numbers_of({}, {}, known=scope.has_data)),
        _stock(uow, scope),
        _completion(uow, scope),
        [] if trend is None else _trend(scope, found, trend),
        [] if compare is None else _compare(uow, scope, compare),
    )


def total(uow: UnitOfWork, scope: Scope) -> Numbers:
    """Returns the figures of a scope as a whole."""
    return numbers(uow, scope).get((), numbers_of({}, {}, known=scope.has_data))


def numbers(
    uow: UnitOfWork, scope: Scope, group: Sequence[str] = (), months: Calendar | None = None
) -> dict[Key, Numbers]:
    """Returns the figures of a scope by key (`sums.read`); with `months` also those of the whole time."""
    if not scope.has_data:
        return {}
    found = read(uow, scope, Wanted([STARTED, ENDED], COLUMNS, group, months))
    if months is not None:
        found = with_totals(found)
    exact = quantiles.of_cases(uow, scope, group, months)
    return {key: numbers_of(sums, exact.get(key, {}), known=True) for key, sums in found.items()}


def numbers_of(found: Mapping[str, int], exact: Mapping[float, int], *, known: bool) -> Numbers:
    """Returns the figures of sums and quantiles. `known`: whether anything is known of the time."""
    sums = dict.fromkeys(COLUMNS, 0) | dict(found)
    closed = sums["closed"]
    decided = sums["granted"] + sums["refused"]
    return Numbers(
        started=number(sums["started"], known=known),
        closed=number(closed, known=known),
        withdrawn=number(sums["withdrawn"], known=known),
        on_time=ratio(sums["on_time"], sums["with_term"], closed),
        late=_count(sums["with_term"] - sums["on_time"], sums["with_term"], closed),
        median=duration(exact.get(MEDIAN), closed),
        most=duration(exact.get(MOST), closed),
        refused=ratio(sums["refused"], decided, closed),
        silent=number(sums["silent"], known=bool(closed)),
        visits_planned=ratio(sums["visits_planned"], sums["planned_cases"], closed),
        visits_actual=visits(sums),
        stars=ratio(sums["stars"], sums["rated"], closed),
        take_up=ratio(sums["started_online"], sums["started_by_channel"], sums["started"]),
        cost=_cost(sums),
        send_backs=_count(sums["send_backs"], closed, closed),
        appealed=number(sums["appealed"], known=bool(closed)),
        upheld=_count(sums["upheld"], sums["appeals_decided"], sums["appealed"]),
    )


def _cost(sums: Mapping[str, int]) -> Figure:
    """Returns the average cost of a case. Of few cases it would show how long somebody worked."""
    if 0 < sums["cost_cases"] < FEWEST:
        return Figure(None, 0, "too_few")
    return ratio(sums["cost"], sums["cost_cases"], sums["closed"])


def visits(sums: Mapping[str, int]) -> Figure:
    """Returns the actual visits of a case: of those without a record 0, if there are records at all."""
    return ratio(sums["visits_actual"], sums["closed"] if sums["visits_known"] else 0, sums["closed"])


def _count(value: int, measured: int, cases: int) -> Figure:
    if not cases:
        return NO_DATA
    return Figure(value, measured) if measured else Figure(None, 0, "not_measured")


def open_at_end(scope: Scope) -> ColumnElement[bool]:
    """Returns whether a case is open at the end of the period."""
    if scope.end >= scope.now:
        return _CASES.c.ended_at.is_(None)
    return literal(scope.end, DateTime(timezone=True)).op("<@", is_comparison=True)(_OPEN)


def overdue_at_end(scope: Scope) -> ColumnElement[bool]:
    """Returns whether the term or norm of a case that is open at the end of the period had ended undecided.

    Not so while it was paused, or the case suspended: then an odd number of its instants lies before.
    """
    undecided = or_(_CASES.c.stopped_at.is_(None), _CASES.c.stopped_at >= scope.end)
    end = literal(scope.end, DateTime(timezone=True))
    before = func.coalesce(func.width_bucket(end, _CASES.c.pauses), 0)
    return (_CASES.c.due_at < scope.end) & undecided & (before % 2 == 0)


def _stock(uow: UnitOfWork, scope: Scope) -> Stock:
    if not scope.has_data:
        return Stock(NO_DATA, [], NO_DATA)
    limits = [scope.end - timedelta(days=days) for days in AGES]
    younger = [func.count().filter(_CASES.c.started_at > limit) for limit in limits]
    overdue = func.count().filter(overdue_at_end(scope))
    found = select(func.count(), func.count(_CASES.c.due_at), overdue, *younger)
    row = uow.connection.execute(found.where(open_at_end(scope), *scope.cells(_CASES))).one()
    total, with_term, late, *below = row
    ages = [last - first for first, last in zip([0, *below], [*below, total], strict=True)]
    return Stock(number(total, known=True), ages, _count(late, with_term, total))


def _completion(uow: UnitOfWork, scope: Scope) -> Figure:
    """Returns how many of the begun applications were sent: known for services, not for units or classes."""
    counts = table(ApplicationCount)
    if not scope.has_data:
        return NO_DATA
    if scope.filters.unit is not None or scope.filters.service_class is not None:
        return Figure(None, 0, "not_measured")
    number_of = func.sum(counts.c.count)
    stages = (number_of.filter(counts.c.stage == stage) for stage in ("sent", "begun"))
    found = (
        select(*(func.coalesce(stage, 0) for stage in stages))
        .join(Definition, Definition.key == counts.c.key)
        .where(counts.c.day.between(scope.days.first, scope.days.last), access.covers(Definition.unit_id))
    )
    if scope.filters.definition is not None:
        found = found.where(counts.c.key == scope.filters.definition)
    if scope.filters.version is not None:
        found = found.where(counts.c.version == scope.filters.version)
    sent, begun = uow.connection.execute(found, access.seen_by(uow)).one()
    return Figure(round(int(sent) / int(begun), 6), int(begun)) if begun else Figure(None, 0, "not_measured")


def _trend(scope: Scope, found: Mapping[Key, Numbers], calendar: Calendar) -> list[Line]:
    lines = []
    for month in scope.days.months(calendar):
        key = (month_of(month.first, calendar),)
        known = scope.began is not None and scope.began <= month.last and month.first <= scope.reached
        lines.append(Line(key[0].isoformat(), "", found.get(key) or numbers_of({}, {}, known=known)))
    return lines


def _compare(uow: UnitOfWork, scope: Scope, by: Compared) -> list[Line]:
    found = numbers(uow, scope, (by, "service_class"))
    keys: list[Any] = sorted(found)
    return [Line(str(key[0]), key[1], found[key]) for key in keys]
