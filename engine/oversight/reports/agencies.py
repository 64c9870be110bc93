"""What a ministry sees of a period: the figures of each of its agencies, and which have not reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engine import access
from engine.models import ProgressReport, ReportAction, Unit, UnitLine
from engine.oversight import commitments
from engine.oversight.commitments import ServicesOnline
from engine.oversight.metrics import Filters, Numbers
from engine.oversight.metrics.filters import resolve
from engine.oversight.projection.periods import DAY
from engine.oversight.reports import figures, periods
from engine.oversight.reports.figures import Json
from engine.oversight.reports.periods import ReportPeriod
from engine.platform.db import UnitOfWork

MOST = 60  # agencies of a comparison
MISSED = ("missed", "late")

ReportState = Literal["none", "draft", "signed"]


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """An agency in a period: its report, its figures, and its actions by today.

    `overdue_report`: the report was due and is not signed. `online` and `services` count those of the
    register, `missed` the commitments that were missed or reached late.
    """

    unit: str
    name: str
    report: UUID | None
    state: ReportState
    overdue_report: bool
    figures: Json
    online: int
    services: int
    commitments: int
    missed: int
    open_actions: int
    overdue_actions: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The agencies below a unit in a period, by name. `due` is the day by which they have to report."""

    period: ReportPeriod
    due: date
    ended: bool
    lines: Sequence[AgencyLine]
    more: bool

    @property
    def silent(self) -> Sequence[AgencyLine]:
        """Those that have not signed a report."""
        return [line for line in self.lines if line.state != "signed"]


def compare(uow: UnitOfWork, first: date, last: date, unit: str | None = None) -> Comparison:
    """Returns the agencies below a unit, or all of the actor's, in a period. Raises NotFound and Invalid."""
    period = periods.require(first, last, uow.now.date(), "/query")
    scope = resolve(uow, Filters(unit=unit, first=first, last=last))
    rows = _agencies(uow, unit)
    ids = [row.id for row in rows[:MOST]]
    if not ids:
        return Comparison(period, period.due, last < uow.now.date(), [], more=False)
    until = min(last, uow.now.date())
    facts = _Facts(
        commitments.numbers_of_units(uow, scope, ids, (period.days, period.calendar)),
        {key: one.at(until + DAY) for key, one in commitments.registers(uow, ids).items()},
        _missed(uow, unit, until, _keys(uow, ids)),
        _reports(uow, ids, period),
        _actions(uow, ids),
    )
    late = period.due < uow.now.date()
    lines = [_line(row, facts, late=late) for row in rows[:MOST]]
    return Comparison(period, period.due, last < uow.now.date(), lines, len(rows) > MOST)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of each agency, by its id."""

    numbers: Mapping[UUID, Numbers]
    services: Mapping[UUID, ServicesOnline]
    commitments: Mapping[UUID, tuple[int, int]]
    reports: Mapping[UUID, tuple[UUID | None, ReportState]]
    actions: Mapping[UUID, tuple[int, int]]


def _line(row: Any, facts: _Facts, *, late: bool) -> AgencyLine:
    none: tuple[UUID | None, ReportState] = (None, "none")
    found, state = facts.reports.get(row.id, none)
    services, promised = facts.services[row.id], facts.commitments.get(row.id, (0, 0))
    open_ones = facts.actions.get(row.id, (0, 0))
    return AgencyLine(
        unit=row.key,
        name=row.name,
        report=found,
        state=state,
        overdue_report=late and state != "signed",
        figures=figures.listed(facts.numbers[row.id]),
        online=services.online,
        services=services.total,
        commitments=promised[0],
        missed=promised[1],
        open_actions=open_ones[0],
        overdue_actions=open_ones[1],
    )


def _missed(
    uow: UnitOfWork, unit: str | None, until: date, agencies: Mapping[str, UUID]
) -> Mapping[UUID, tuple[int, int]]:
    """Returns how many commitments each agency has, and how many of them it missed or reached late."""
    found: dict[UUID, tuple[int, int]] = {}
    for one in commitments.measured_in(uow, unit, until):
        if (agency := agencies.get(one.unit)) is not None:
            count, missed = found.get(agency, (0, 0))
            found[agency] = count + 1, missed + (one.state in MISSED)
    return found


def latest(uow: UnitOfWork) -> ReportPeriod | None:
    """Returns the latest ended period of which the actor's units have a report."""
    access.require(uow.actor, "metrics.read")
    found = (
        select(ProgressReport.first, ProgressReport.last)
        .where(access.covers(ProgressReport.unit_id), ProgressReport.last < uow.now.date())
        .order_by(ProgressReport.last.desc(), ProgressReport.first.desc())
        .limit(1)
    )
    row = uow.connection.execute(found, access.seen_by(uow)).one_or_none()
    return None if row is None else periods.find(row.first, row.last)


def has_agencies(uow: UnitOfWork) -> bool:
    """Returns whether the actor has several agencies to compare."""
    return len(_agencies(uow, None, most=2)) > 1


def _agencies(uow: UnitOfWork, unit: str | None, most: int = MOST + 1) -> Sequence[Any]:
    """Returns the open agencies without those that have agencies below them."""
    line, lower, below = aliased(UnitLine), aliased(UnitLine), aliased(Unit)
    higher = (
        select(lower.ancestor_id)
        .join(below, below.id == lower.unit_id)
        .where(lower.ancestor_id == Unit.id, below.id != Unit.id)
        .where(below.kind == "agency", below.closed_at.is_(None))
    )
    found = (
        select(Unit.id, Unit.key, Unit.name)
        .where(Unit.kind == "agency", Unit.closed_at.is_(None), access.covers(Unit.id))
        .where(Unit.parent_id.is_not(None), ~higher.exists())
        .order_by(Unit.name, Unit.key)
        .limit(most)
    )
    if unit is not None:
        top = select(Unit.id).where(Unit.key == unit).scalar_subquery()
        inside = select(line.unit_id).where(line.ancestor_id == top, line.unit_id != top)
        found = found.where(Unit.id.in_(inside))
    return uow.connection.execute(found, access.seen_by(uow)).all()


def _keys(uow: UnitOfWork, ids: Sequence[UUID]) -> Mapping[str, UUID]:
    """Returns the agency to which each unit belongs."""
    lines = select(Unit.key, UnitLine.ancestor_id).join(Unit, Unit.id == UnitLine.unit_id)
    rows = uow.connection.execute(lines.where(UnitLine.ancestor_id.in_(ids)))
    return {key: agency for key, agency in rows}


def _reports(
    uow: UnitOfWork, ids: Sequence[UUID], period: ReportPeriod
) -> Mapping[UUID, tuple[UUID | None, ReportState]]:
    """Returns the report of each agency: the newest signed edition, else the draft."""
    report, found = ProgressReport, dict[UUID, tuple[UUID | None, ReportState]]()
    of_period = (report.first == period.days.first, report.last == period.days.last)
    editions = select(report.unit_id, report.id, report.signed_at).where(*of_period)
    editions = editions.where(report.unit_id.in_(ids)).order_by(report.edition)
    for unit_id, report_id, signed_at in uow.connection.execute(editions):
        if signed_at is not None or unit_id not in found:
            found[unit_id] = report_id, "draft" if signed_at is None else "signed"
    return found


def _actions(uow: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """Returns how many actions of each agency are open, and how many of them are overdue."""
    action = ReportAction
    overdue = func.count().filter(action.due < uow.now.date())
    found = select(action.unit_id, func.count(), overdue).where(action.status == "open")
    found = found.where(action.unit_id.in_(ids)).group_by(action.unit_id)
    return {unit_id: (count, late) for unit_id, count, late in uow.connection.execute(found)}
