"""Hours set free by automated steps: what people worked on a step before another version automated it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Table, cast, func, select

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
    lines = []
    for (definition, element), versions in sorted(passed.items()):
        before = _manual(uow, scope, definition, element, min(versions))
        if before is not None:
            total = sum(versions.values())
            lines.append(AutomatedLine(definition, element, total, _hours(total, *before)))
    return lines


def _manual(
    uow: UnitOfWork, scope: Scope, definition: str, element: str, first: int
) -> tuple[int, int, int] | None:
    """Returns who worked on it in earlier versions, passages with noted work, and its sum.

    None if no people did the step.
    """
    sums = [cast(func.sum(_SUMS.c[name]), BigInteger) for name in ("closed", "worked", "work_ms")]

    def earlier(rows: Table) -> list[ColumnElement[bool]]:
        found = [rows.c.definition == definition, rows.c.element == element, rows.c.kind == MANUAL]
        found.append(rows.c.version < first)
        return found if scope.units is None else [*found, rows.c.unit.in_(scope.units)]

    people = select(func.count(_WORKERS.c.person.distinct())).where(*earlier(_WORKERS)).scalar_subquery()
    row = uow.connection.execute(select(*sums, people).where(*earlier(_SUMS))).one()
    return None if not row[0] else (row[3], row[1], row[2])


def _hours(passed: int, people: int, worked: int, ms: int) -> Figure:
    if not worked:
        return Figure(None, 0, "not_measured")
    if people < FEWEST:
        return Figure(None, 0, "too_few")
    return Figure(round(passed * ms / worked / 3_600_000, 2), passed)
