"""The steps of a version: how often each was passed, how long it waited, how long it was worked on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.oversight.metrics.figures import FEWEST, Figure
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.people import workers_of
from engine.oversight.metrics.quantiles import MEDIAN, quantiles
from engine.oversight.metrics.sharing import share
from engine.oversight.metrics.sums import Wanted, read
from engine.oversight.projection.periods import Days
from engine.oversight.projection.sums import ARRIVED, ENDED, MAIN, PASSED, STARTED, WAITS, WORKS
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid


@dataclass(frozen=True, slots=True)
class StepLine:
    """An element that took time: how often it was opened and closed, and the medians of closed passages.

    `wait` is the time from opening to closing in which nobody worked on it, `work` what was noted of those
    passages whose work was measured, if at least five people worked there. Both in ms.
    """

    element: str
    kind: str
    arrived: int
    closed: int
    wait: Figure
    work: Figure
    send_backs: int


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a version, the longest total wait first."""

    days: Days
    as_of: datetime
    definition: str
    version: int
    lines: Sequence[StepLine]


def busiest(uow: UnitOfWork, filters: Filters) -> Sequence[str]:
    """Returns the services of which cases started or ended, the most first. Raises as `resolve`."""
    scope = resolve(uow, filters)
    if not scope.has_data:
        return []
    found = read(uow, scope, Wanted([STARTED, ENDED], ("started", "closed"), ("definition",)))
    return [key for (key,), _ in sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0]))]


def steps(uow: UnitOfWork, filters: Filters) -> Steps:
    """Returns the steps of a version. Raises as `resolve`; Invalid without definition and version."""
    for name in ("definition", "version"):
        if getattr(filters, name) is None:
            fault = Fault(f"/query/{name}", "is needed: the steps are those of one version", "missing")
            raise Invalid("The request has errors.", [fault])
    scope = resolve(uow, filters)
    return share(uow, scope, ("steps",), lambda: _steps(uow, scope))


def _steps(uow: UnitOfWork, scope: Scope) -> Steps:
    filters = scope.filters
    columns = (*ARRIVED.values, *PASSED.values)
    every = read(uow, scope, Wanted([ARRIVED, PASSED], columns, ("element", "kind")))
    found = {key: sums for key, sums in every.items() if key[1] in MAIN}
    waits = quantiles(uow, scope, WAITS, ("element",), parts=(MEDIAN,))
    works = quantiles(uow, scope, WORKS, ("element",), parts=(MEDIAN,))
    workers = workers_of(uow, scope)
    lines = []
    for (element, kind), sums in sorted(found.items(), key=lambda one: (-one[1]["wait_ms"], one[0])):
        wait = waits.get((element,), {}).get(MEDIAN) if sums["closed"] else None
        work = works.get((element,), {}).get(MEDIAN) if sums["worked"] else None
        few = work is not None and workers.get((element, kind), 0) < FEWEST
        lines.append(
            StepLine(
                element,
                kind,
                sums["arrived"],
                sums["closed"],
                _median(wait, sums["closed"], sums["closed"]),
                Figure(None, 0, "too_few") if few else _median(work, sums["worked"], sums["closed"]),
                sums["send_backs"],
            )
        )
    return Steps(scope.days, scope.as_of, str(filters.definition), int(filters.version or 0), lines)


def _median(value: int | None, measured: int, closed: int) -> Figure:
    if value is not None:
        return Figure(value, measured)
    return Figure(None, 0, "not_measured" if closed else "no_data")
