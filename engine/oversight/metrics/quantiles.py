"""Exact medians and 90th percentiles: the sums of bins say in which bin one lies, then its rows are read.

A quantile is the smallest duration that at least this part of all durations doesn't exceed, as PostgreSQL's
`percentile_disc`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import literal, select, union_all

from engine.oversight.metrics.filters import Scope
from engine.oversight.metrics.sums import Key, Wanted, read
from engine.oversight.projection.bins import limits
from engine.oversight.projection.periods import DAY, Days, month_after, period_of
from engine.oversight.projection.sums import LIVES, Source
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar

MEDIAN, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a quantile is: the one of this number, from 0, in a bin of the durations of a key."""

    key: Key
    part: float
    bin: int
    offset: int


def of_cases(
    uow: UnitOfWork, scope: Scope, group: Sequence[str] = (), months: Calendar | None = None
) -> Mapping[Key, Mapping[float, int]]:
    """Returns the median and the 90th percentile of the lives of ended cases, by key (`sums.read`)."""
    return quantiles(uow, scope, LIVES, group, months=months)


def quantiles(
    uow: UnitOfWork,
    scope: Scope,
    source: Source,
    group: Sequence[str] = (),
    *,
    parts: Sequence[float] = (MEDIAN, MOST),
    months: Calendar | None = None,
) -> Mapping[Key, Mapping[float, int]]:
    """Returns these quantiles of the durations of a source, by key."""
    by = [*group, "bin"]
    counted = read(uow, scope, Wanted([source], ["count"], by, months))
    bins: dict[Key, dict[int, int]] = defaultdict(dict)
    for key, sums in counted.items():
        values = list(key)
        number = values.pop(len(group))
        bins[tuple(values)][number] = sums["count"]
    places = [place for key, counts in bins.items() for place in _places(key, counts, parts)]
    return _exact(uow, scope, source, group, months, places)


def _places(key: Key, counts: Mapping[int, int], parts: Sequence[float]) -> Iterator[_Place]:
    total = sum(counts.values())
    for part in parts:
        left = ceil(round(part * total, 6))
        for number in sorted(counts):
            if left <= counts[number]:
                yield _Place(key, part, number, left - 1)
                break
            left -= counts[number]


AT_ONCE = 60  # quantiles that one statement reads


def _exact(
    uow: UnitOfWork,
    scope: Scope,
    source: Source,
    group: Sequence[str],
    months: Calendar | None,
    places: Sequence[_Place],
) -> Mapping[Key, Mapping[float, int]]:
    found: dict[Key, dict[float, int]] = defaultdict(dict)
    for first in range(0, len(places), AT_ONCE):
        some = places[first : first + AT_ONCE]
        chosen = [_reading(scope, source, group, months, index, place) for index, place in enumerate(some)]
        for index, value in uow.connection.execute(union_all(*chosen)):
            found[some[index].key][some[index].part] = value
    return found


def _reading(
    scope: Scope,
    source: Source,
    group: Sequence[str],
    months: Calendar | None,
    index: int,
    place: _Place,
) -> Any:
    duration = source.rows.c[f"{source.fixed['of']}_ms"]
    low, high = limits(place.bin)
    days = scope.days if months is None else _month(scope.days, place.key[-1], months)
    same = [source.keys[name] == value for name, value in zip(group, place.key, strict=False)]
    where = (
        source.when,
        # Of periods, too: the index begins with them.
        source.keys["period"].between(period_of(days.first), period_of(days.last)),
        scope.within(source.rows.c[source.at], days),
        duration >= low,
        duration < high,
        *same,
        *scope.cells(source.rows),
    )
    ordered = select(literal(index), duration).where(*where).order_by(duration)
    return ordered.offset(place.offset).limit(1).subquery().select()


def _month(days: Days, first: Any, months: Calendar) -> Days:
    return Days(max(days.first, first), min(days.last, month_after(first, months) - DAY))
