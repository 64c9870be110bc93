"""Where the time of ended cases went, and why late ones were late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.oversight.metrics.caused import CausedLine, caused
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.sharing import share
from engine.oversight.metrics.sums import Key, Wanted, read
from engine.oversight.projection.periods import Days
from engine.oversight.projection.sums import CAUSED, ENDED
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar
from engine.timeline import BUCKETS

TimeBy = Literal["unit", "definition", "version", "month"]


@dataclass(frozen=True, slots=True)
class TimeLine:
    """How long ended cases were in each bucket, in ms: the buckets add up to `life`.

    `label` is the unit, process, version or first day of the month; empty: all of them.
    """

    label: str
    cases: int
    life: int
    buckets: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Times:
    """The time of the cases that ended in a period. Without cases there is no data."""

    days: Days
    as_of: datetime
    total: TimeLine
    lines: Sequence[TimeLine]


@dataclass(frozen=True, slots=True)
class DelayLine:
    """A cause of delay: who or on whom it waited, at which step, in which bucket.

    `bucket` can be `plan` (the norms of the steps exceed the term) or `unexplained`. `share` is that of all
    lateness, `cases` how many late cases have this cause.
    """

    rank: int
    party: str
    definition: str
    element: str
    bucket: str
    ms: int
    share: float
    cases: int


@dataclass(frozen=True, slots=True)
class Delays:
    """The lateness of the cases that ended late in a period, in ms, and its causes, the greatest first.

    `caused` are delays that the same units caused in cases of others, which are not in the rest.
    """

    days: Days
    as_of: datetime
    late: int
    with_term: int
    ms: int
    lines: Sequence[DelayLine]
    caused: Sequence[CausedLine]


def times(
    uow: UnitOfWork, filters: Filters, by: TimeBy | None = None, calendar: Calendar = "gregorian"
) -> Times:
    """Returns where the time went, and with `by` also for each unit, process, version or month."""
    scope = resolve(uow, filters)
    return share(uow, scope, ("times", by, calendar), lambda: _times(uow, scope, by, calendar))


def _times(uow: UnitOfWork, scope: Scope, by: TimeBy | None, calendar: Calendar) -> Times:
    lines = _lines(uow, scope, by, calendar)
    total = TimeLine(
        "",
        sum(line.cases for line in lines),
        sum(line.life for line in lines),
        {name: sum(line.buckets[name] for line in lines) for name in BUCKETS},
    )
    return Times(scope.days, scope.as_of, total, [] if by is None else lines)


def _lines(uow: UnitOfWork, scope: Scope, by: TimeBy | None, calendar: Calendar) -> list[TimeLine]:
    monthly = calendar if by == "month" else None
    # A version's number says nothing without its process.
    groups: Mapping[str | None, Sequence[str]] = {None: (), "month": (), "version": ("definition", "version")}
    group = groups.get(by, (by,) if by else ())
    columns = ("closed", "life_ms", *BUCKETS)
    found = read(uow, scope, Wanted([ENDED], columns, group, monthly))
    return [
        TimeLine(_label(key), sums["closed"], sums["life_ms"], {name: sums[name] for name in BUCKETS})
        for key, sums in sorted(found.items())
        if sums["closed"]
    ]


def _label(key: Key) -> str:
    return "/".join(str(part) for part in key)


def delays(uow: UnitOfWork, filters: Filters) -> Delays:
    """Returns why the cases that ended in a period were late."""
    scope = resolve(uow, filters)
    return share(uow, scope, ("delays",), lambda: _delays(uow, scope))


def _delays(uow: UnitOfWork, scope: Scope) -> Delays:
    late = read(uow, scope, Wanted([ENDED], ("with_term", "on_time", "late_ms"))).get(())
    if late is None:
        return Delays(scope.days, scope.as_of, 0, 0, 0, [], caused(uow, scope))
    with_term = late["with_term"]
    found = _causes(uow, scope)
    many = with_term - late["on_time"]
    return Delays(scope.days, scope.as_of, many, with_term, late["late_ms"], found, caused(uow, scope))


def causes(uow: UnitOfWork, filters: Filters) -> Sequence[DelayLine]:
    """Returns the causes alone, the greatest first."""
    scope = resolve(uow, filters)
    return share(uow, scope, ("causes",), lambda: _causes(uow, scope))


def _causes(uow: UnitOfWork, scope: Scope) -> Sequence[DelayLine]:
    group = ("party", "definition", "element", "bucket")
    found = read(uow, scope, Wanted([CAUSED], ("ms", "cases"), group))
    ordered = sorted(found.items(), key=lambda one: (-one[1]["ms"], one[0]))
    total = sum(sums["ms"] for sums in found.values())  # what is unexplained is one of them
    return [
        DelayLine(
            *(rank, key[0], key[1], key[2], key[3], sums["ms"]),
            share=round(sums["ms"] / total, 6) if total else 0.0,
            cases=sums["cases"],
        )
        for rank, (key, sums) in enumerate(ordered, 1)
    ]
