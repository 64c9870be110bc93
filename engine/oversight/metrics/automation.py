"""Hours set free by automated steps: what people worked on a step before another version automated it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, cast, func, select, tuple_

from engine.models import StepPeriodFigures, StepWorker
from engine.oversight.metrics.figures import FEWEST, Figure
from engine.oversight.metrics.filters import Scope
from engine.oversight.metrics.sums import Wanted, read
from engine.oversight.projection.sums import PASSED
from engine.platform.db import UnitOfWork, table

_SUMS, _WORKERS = table(StepPeriodFigures), table(StepWorker)
AUTOMATIC, MANUAL = "call", "task"


@dataclass(frozen=True, slots=True)
class AutomatedLine:
    """A step that another system does in some versions of a process, and people did in earlier ones.

    `passed`: how often it was done automatically in the period. `hours`: what people would have worked, by
    the average of the noted work of the earlier versions.
    """

    definition: str
    element: str
    passed: int
    hours: Figure


def automated(uow: UnitOfWork, scope: Scope) -> Sequence[AutomatedLine]:
    """Returns the automated steps of a scope, by process and element."""
    group = ("definition", "version", "element", "kind")
    found = read(uow, scope, Wanted([PASSED], ("done",), group))
    passed: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for (definition, version, element, kind), sums in found.items():
        if kind == AUTOMATIC and sums["done"]:
            passed[definition, element][version] = sums["done"]
    manual = _manual(uow, scope, [*passed]) if passed else {}
    lines = []
    for (definition, element), versions in sorted(passed.items()):
        first, total = min(versions), sum(versions.values())
        before = [row for row in manual.get((definition, element), ()) if row.version < first]
        if any(row.closed for row in before):
            worked, ms = sum(row.worked for row in before), sum(row.work_ms for row in before)
            people = {person for row in before for person in row.people or ()}
            hours = _hours(total, len(people), worked, ms)
            lines.append(AutomatedLine(definition, element, total, hours))
    return lines


def _manual(
    uow: UnitOfWork, scope: Scope, steps: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[Any]]:
    """Returns how often people did these steps, with noted work, in each version, at any time.

    And who they were.
    """

    def where(rows: Table) -> Iterator[ColumnElement[bool]]:
        yield tuple_(rows.c.definition, rows.c.element).in_(steps)
        yield rows.c.kind == MANUAL
        if scope.units is not None:
            yield rows.c.unit.in_(scope.units)

    names = ("closed", "worked", "work_ms")
    sums = (cast(func.sum(_SUMS.c[name]), BigInteger).label(name) for name in names)
    by = (_SUMS.c.definition, _SUMS.c.element, _SUMS.c.version)
    same = (_WORKERS.c[column.name] == column for column in by)
    who = select(func.array_agg(_WORKERS.c.person.distinct())).where(*where(_WORKERS), *same)
    people = who.correlate(_SUMS).scalar_subquery().label("people")
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in uow.connection.execute(select(*by, *sums, people).where(*where(_SUMS)).group_by(*by)):
        found[row.definition, row.element].append(row)
    return found


def _hours(passed: int, people: int, worked: int, ms: int) -> Figure:
    if not worked:
        return Figure(None, 0, "not_measured")
    if people < FEWEST:
        return Figure(None, 0, "too_few")
    return Figure(round(passed * ms / worked / 3_600_000, 2), passed)
