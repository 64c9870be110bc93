"""Reads sums: whole periods from where they are stored, the days at the edges from the rows themselves."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select

from engine.oversight.metrics.filters import Scope
from engine.oversight.projection.periods import Days, month_of
from engine.oversight.projection.sums import Source
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar

Key = tuple[Any, ...]
Sums = Mapping[str, int]
NOTHING: Sums = defaultdict(int)


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
    where: Mapping[str, Any] | None = None


def read(uow: UnitOfWork, scope: Scope, wanted: Wanted) -> dict[Key, dict[str, int]]:
    """Returns sums by key."""
    found: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(wanted.columns, 0))
    for sign, key, sums in _parts(uow, scope, wanted):
        into = found[key]
        for name, value in sums.items():
            into[name] += sign * value
    return {key: sums for key, sums in found.items() if any(sums.values())}


def _parts(uow: UnitOfWork, scope: Scope, wanted: Wanted) -> Iterator[tuple[int, Key, dict[str, int]]]:
    whole, added, subtracted = scope.days.divide(scope.reached)
    if whole:
        for key, sums in _stored(uow, scope, wanted, whole):
            yield 1, key, sums
    for sign, edges in ((1, added), (-1, subtracted)):
        for source in wanted.sources:
            for key, sums in _at_edges(uow, scope, wanted, source, edges):
                yield sign, key, sums


def _at_edges(
    uow: UnitOfWork, scope: Scope, wanted: Wanted, source: Source, edges: Sequence[Days]
) -> Iterator[tuple[Key, dict[str, int]]]:
    """Yields the sums of the rows of some days, by month one after the other."""
    at = source.rows.c[source.at]
    if wanted.months is None and edges:
        inside = or_(*(scope.within(at, edge) for edge in edges))
        yield from _counted(uow, scope, wanted, source, inside)
    elif wanted.months is not None:
        for edge in edges:
            month = month_of(edge.first, wanted.months)
            for key, sums in _counted(uow, scope, wanted, source, scope.within(at, edge)):
                yield (*key, month), sums


def _stored(
    uow: UnitOfWork, scope: Scope, wanted: Wanted, whole: Sequence[date]
) -> Iterator[tuple[Key, dict[str, int]]]:
    target = wanted.sources[0].target
    by = [target.c[name] for name in wanted.group]
    if wanted.months is not None:
        by.append(target.c.period)
    columns = [cast(func.sum(target.c[name]), BigInteger).label(name) for name in wanted.columns]
    # Periods follow each other.
    inside = target.c.period.between(whole[0], whole[-1])
    fixed = [target.c[name] == value for name, value in wanted.sources[0].fixed.items()]
    chosen = [*fixed, *(target.c[name] == value for name, value in (wanted.where or {}).items())]
    found = select(*by, *columns).where(inside, *chosen, *scope.cells(target, wanted.unit)).group_by(*by)
    for row in uow.connection.execute(found):
        values = tuple(row)
        key, sums = values[: len(by)], values[len(by) :]
        if sums[0] is None:
            continue  # without a group, sums of nothing are a row of NULL
        if wanted.months is not None:
            key = (*key[:-1], month_of(key[-1], wanted.months))
        yield key, dict(zip(wanted.columns, sums, strict=True))


def _counted(
    uow: UnitOfWork,
    scope: Scope,
    wanted: Wanted,
    source: Source,
    inside: ColumnElement[bool],
) -> Iterator[tuple[Key, dict[str, int]]]:
    by = [source.keys[name] for name in wanted.group]
    names = [name for name in wanted.columns if name in source.values]
    columns = [cast(func.sum(source.values[name]), BigInteger) for name in names]
    chosen = [source.keys[name] == value for name, value in (wanted.where or {}).items()]
    where = (source.when, inside, *chosen, *scope.cells(source.rows, wanted.unit))
    found = select(*by, *columns).select_from(source.rows).where(*where).group_by(*by)
    for row in uow.connection.execute(found):
        values = tuple(row)
        if values[len(by)] is not None:
            yield values[: len(by)], dict(zip(names, values[len(by) :], strict=True))
