"""Delays that units caused in the cases of others: sums only, and none of few cases.

As with hours of work (`people`), sums are of cells that never overlap: a period that has ended, process,
version, class, agency and cause. Cells of fewer than five cases are left out, so no sum and no difference of
sums is about a case that the reader may not see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Table, cast, func, select
from sqlalchemy.orm import aliased

from engine.models import CausePeriodFigures, Unit, UnitLine
from engine.oversight.metrics.figures import FEWEST, Figure
from engine.oversight.metrics.filters import Scope
from engine.oversight.projection.periods import next_period
from engine.platform.db import UnitOfWork, table

_SUMS = table(CausePeriodFigures)
CAUSE = ("party", "definition", "element", "bucket")


@dataclass(frozen=True, slots=True)
class CausedLine:
    """A cause of delay in the cases of another agency, by one of the units that are asked about.

    `ms` is office time, `cases` are those of it; `left_out` says that there were others, too few to show.
    """

    party: str
    agency: str
    definition: str
    element: str
    bucket: str
    ms: Figure
    cases: Figure
    left_out: bool


def caused(uow: UnitOfWork, scope: Scope) -> Sequence[CausedLine]:
    """Returns them, the greatest first; none for the whole installation, which has no others."""
    today = scope.now.date()
    whole = [one for one in scope.days.whole(today) if next_period(one) <= today]
    if scope.units is None or not whole:
        return []
    cells = _cells(scope, scope.units).where(_SUMS.c.period.between(whole[0], whole[-1])).subquery("cells")
    by = [cells.c[name] for name in (*CAUSE, "agency")]
    enough = cells.c.cases >= FEWEST
    sums = [cast(func.sum(cells.c[name]).filter(enough), BigInteger) for name in ("ms", "cases")]
    found: list[CausedLine] = []
    for *key, ms, cases, fewest in uow.connection.execute(
        select(*by, *sums, func.min(cells.c.cases)).group_by(*by)
    ):
        party, definition, element, bucket, agency = key
        shown = [Figure(None, 0, "too_few") if one is None else Figure(one, cases) for one in (ms, cases)]
        cause = party, agency, definition, element, bucket
        found.append(CausedLine(*cause, ms=shown[0], cases=shown[1], left_out=fewest < FEWEST))
    return sorted(found, key=lambda one: (-(one.ms.value or -1), one.party, one.agency, one.element))


def _cells(scope: Scope, units: Sequence[str]) -> Any:
    """Selects the cells of causes by these units in cases of others."""
    agency = func.coalesce(_agency(_SUMS), _SUMS.c.unit).label("agency")
    keys = [*(_SUMS.c[name] for name in ("period", *CAUSE, "version", "service_class")), agency]
    sums = [cast(func.sum(_SUMS.c[name]), BigInteger).label(name) for name in ("ms", "cases")]
    where = (_SUMS.c.unit.not_in(units), *scope.cells(_SUMS, "party"))
    return select(*keys, *sums).where(*where).group_by(*keys)


def _agency(rows: Table) -> Any:
    """Selects the key of the nearest agency of a row's unit; the root is none."""
    own, above, higher = aliased(Unit), aliased(Unit), aliased(UnitLine)
    height = select(func.count()).where(higher.unit_id == above.id).scalar_subquery()
    return (
        select(above.key)
        .join(UnitLine, UnitLine.ancestor_id == above.id)
        .join(own, own.id == UnitLine.unit_id)
        .where(own.key == rows.c.unit, above.kind == "agency", above.parent_id.is_not(None))
        .order_by(height.desc())
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )
