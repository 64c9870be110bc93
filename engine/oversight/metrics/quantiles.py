"""Exact medians and 90th percentiles: the sums of bins say in which bin one lies, then its rows are read.

A quantile is the smallest duration that at least this part of all durations doesn't exceed, as PostgreSQL's
`percentile_disc`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    cast,
    column,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from engine.oversight.metrics.filters import Scope
from engine.oversight.metrics.sums import Key, Wanted, read, with_totals
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
    days: Days
    part: float
    bin: int
    offset: int


def of_cases(
    uow: UnitOfWork, scope: Scope, group: Sequence[str] = (), months: Calendar | None = None
) -> Mapping[Key, Mapping[float, int]]:
    """Returns the median and the 90th percentile of the lives of ended cases, as `quantiles`."""
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
    """Returns these quantiles of the durations of a source, by key (`sums.read`), in two statements.

    With `months` also those of the whole time, whose keys are without the month.
    """
    counted = read(uow, scope, Wanted([source], ["count"], ["bin", *group], months))
    if months is not None:
        counted = with_totals(counted)
    bins: dict[Key, dict[int, int]] = defaultdict(dict)
    for (number, *rest), sums in counted.items():
        bins[tuple(rest)][number] = sums["count"]
    places: list[_Place] = []
    for key, counts in bins.items():
        is_month = months is not None and len(key) > len(group)
        days = _month(scope.days, key[-1], months) if months is not None and is_month else scope.days
        places += _places(key, days, counts, parts)
    return _exact(uow, scope, source, group, places)


def _places(key: Key, days: Days, counts: Mapping[int, int], parts: Sequence[float]) -> Iterator[_Place]:
    for part in parts:
        if (found := locate(counts, part)) is not None:
            yield _Place(key, days, part, *found)


def locate(counts: Mapping[int, int], part: float) -> tuple[int, int] | None:
    """Returns the bin of a quantile, and its number there from 0, from how many durations each bin has."""
    left = ceil(round(part * sum(counts.values()), 6))
    for number in sorted(counts):
        if left <= counts[number]:
            return number, left - 1
        left -= counts[number]
    return None


def _exact(
    uow: UnitOfWork, scope: Scope, source: Source, group: Sequence[str], places: Sequence[_Place]
) -> Mapping[Key, Mapping[float, int]]:
    """Reads the rows of the bins, each as far as its quantile, in one statement."""
    found: dict[Key, dict[float, int]] = defaultdict(dict)
    if not places:
        return found
    duration = source.rows.c[f"{source.fixed['of']}_ms"]
    keys = [source.keys[name] for name in group]
    columns = [*_COLUMNS, *(column(f"key_{index}", key.type) for index, key in enumerate(keys))]
    rows = [
        (index, *_values(scope, source, place), *place.key[: len(group)])
        for index, place in enumerate(places)
    ]
    values = zip(*rows, strict=True)
    arrays = (
        cast(literal(list(given), ARRAY(one.type)), ARRAY(one.type))
        for given, one in zip(values, columns, strict=True)
    )
    place = func.unnest(*arrays).table_valued(*columns).render_derived("place")
    # Not to be found by an index of its own, which would have all rows of a long time.
    at = source.rows.c[source.at] + text("interval '0'")
    where = (
        source.when,
        *_periods(scope, source, group, place),
        *(at >= place.c.begin, at < place.c.end, duration >= place.c.low, duration < place.c.high),
        *(key == place.c[f"key_{index}"] for index, key in enumerate(keys)),
        *scope.cells(source.rows),
    )
    one = select(duration.label("value")).where(*where).order_by(duration)
    one = one.offset(place.c.skip).limit(1).correlate(place)
    exact = one.lateral("exact")
    for index, value in uow.connection.execute(select(place.c.index, exact.c.value).join(exact, true())):
        found[places[index].key][places[index].part] = value
    return found


def _periods(scope: Scope, source: Source, group: Sequence[str], place: Any) -> Sequence[ColumnElement[bool]]:
    """Returns a condition for the index that begins with periods, unless that of a unit is better."""
    if source is LIVES and scope.filters.definition is not None and "unit" in group:
        return ()
    return (source.keys["period"].between(place.c.first_period, place.c.last_period),)


_COLUMNS: Sequence[ColumnClause[Any]] = (
    *(column("index", Integer), column("first_period", Date), column("last_period", Date)),
    *(column("begin", DateTime(timezone=True)), column("end", DateTime(timezone=True))),
    *(column("low", BigInteger), column("high", BigInteger), column("skip", BigInteger)),
)


def _values(scope: Scope, source: Source, place: _Place) -> Sequence[Any]:
    days = place.days
    return (
        *(period_of(days.first), period_of(days.last)),
        *(scope.midnight(days.first), scope.midnight(days.after)),
        *(*limits(source.fixed["of"], place.bin), place.offset),
    )


def _month(days: Days, first: Any, months: Calendar) -> Days:
    return Days(max(days.first, first), min(days.last, month_after(first, months) - DAY))
