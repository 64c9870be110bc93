"""Reads sums: whole periods from where they are stored, the days at the edges from the rows themselves."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, literal_column, or_, select, union_all

from engine.oversight.metrics.filters import Scope
from engine.oversight.projection.periods import Days, month_of
from engine.oversight.projection.sums import Source
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar

Key = tuple[Any, ...]
Sums = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sums: of which columns, for each value of `group`, and of each month of a calendar.

    The month is the last part of a key: its first day. `unit` is the column of units.
    """

    sources: Sequence[Source]
    columns: Sequence[str]
    group: Sequence[str] = ()
    months: Calendar | None = None
    unit: str = "unit"


def read(uow: UnitOfWork, scope: Scope, wanted: Wanted) -> dict[Key, dict[str, int]]:
    """Returns sums by key, in one statement."""
    found: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(wanted.columns, 0))
    size = len(wanted.group) + (wanted.months is not None)
    for row in uow.connection.execute(union_all(*_parts(scope, wanted))):
        values = tuple(row)
        key: Key = values[:size]
        if wanted.months is not None:
            key = (*key[:-1], month_of(key[-1], wanted.months))
        into = found[key]
        for name, value in zip(wanted.columns, values[size:], strict=True):
            into[name] += value or 0  # without a group, sums of nothing are a row of NULL
    return {key: sums for key, sums in found.items() if any(sums.values())}


def with_totals(found: Mapping[Key, Sums]) -> dict[Key, dict[str, int]]:
    """Returns sums by month, and those of all months, whose keys are without the month."""
    total: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, sums in found.items():
        for name, value in sums.items():
            total[key[:-1]][name] += value
    return {**{key: dict(sums) for key, sums in found.items()}, **total}


def _parts(scope: Scope, wanted: Wanted) -> Iterator[Select[Any]]:
    whole, added, subtracted = scope.days.divide(scope.reached)
    if whole:
        yield _stored(scope, wanted, whole)
    for sign, edges in ((1, added), (-1, subtracted)):
        if edges:
            yield from (_counted(scope, wanted, source, edges, sign) for source in wanted.sources)


def _stored(scope: Scope, wanted: Wanted, whole: Sequence[date]) -> Select[Any]:
    target = wanted.sources[0].target
    by = [target.c[name] for name in _group(wanted)]
    columns = [cast(func.sum(target.c[name]), BigInteger) for name in wanted.columns]
    # Periods follow each other.
    inside = target.c.period.between(whole[0], whole[-1])
    fixed = [target.c[name] == value for name, value in wanted.sources[0].fixed.items()]
    return select(*by, *columns).where(inside, *fixed, *scope.cells(target, wanted.unit)).group_by(*by)


def _counted(scope: Scope, wanted: Wanted, source: Source, edges: Sequence[Days], sign: int) -> Select[Any]:
    by = [source.keys[name] for name in _group(wanted)]
    columns: list[ColumnElement[Any]] = [
        cast(func.sum(source.values[name]) * sign, BigInteger) if name in source.values else _NONE
        for name in wanted.columns
    ]
    at = source.rows.c[source.at]
    inside = or_(*(scope.within(at, edge) for edge in edges))
    where = (source.when, inside, *scope.cells(source.rows, wanted.unit))
    return select(*by, *columns).select_from(source.rows).where(*where).group_by(*by)


def _group(wanted: Wanted) -> Sequence[str]:
    """Returns the columns by which a statement groups: a month consists of whole periods."""
    return (*wanted.group, *(() if wanted.months is None else ("period",)))


_NONE = cast(literal_column("0"), BigInteger)
