"""What a ministry sees of a period: the figures of each of its agencies, and which have not reported."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, or_, select
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

MOST = 60  # agencies of which a comparison has figures

ReportState = Literal["none", "draft", "signed"]


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """An agency in a period: its report, its figures, and its actions by today.

    `overdue_report`: the report was due and is not signed. `online` and `services` count those of the
    register, `missed` the commitments that were missed, `late` those that were reached late.
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
    late: int
    open_actions: int
    overdue_actions: int


@dataclass(frozen=True, slots=True)
class SilentAgency:
    """An agency that has not signed a report."""

    unit: str
    name: str
    state: ReportState


@dataclass(frozen=True, slots=True)
class Comparison:
    """The agencies below a unit in a period, by name. `due` is the day by which they have to report.

    `lines` has the first `MOST` of `total`; `silent` all that have not signed a report.
    """

    period: ReportPeriod
    due: date
    ended: bool
    lines: Sequence[AgencyLine]
    total: int
    silent: Sequence[SilentAgency]


def compare(uow: UnitOfWork, first: date, last: date, unit: str | None = None) -> Comparison:
    """Returns the agencies below a unit, or all of the actor's, in a period. Raises NotFound and Invalid.

    Each reports for itself, those with agencies below them, too: all that existed in the period.
    """
    period = periods.require(first, last, uow.now.date(), "/query")
    scope = resolve(uow, Filters(unit=unit, first=first, last=last))
    rows = _agencies(uow, unit, (scope.midnight(first), scope.midnight(last + DAY)))
    ended, ids = last < uow.now.date(), [row.id for row in rows[:MOST]]
    if not ids:
        return Comparison(period, period.due, ended, [], 0, [])
    states = _reports(uow, [row.id for row in rows], period)
    none: tuple[UUID | None, ReportState] = (None, "none")
    silent = [SilentAgency(row.key, row.name, states.get(row.id, none)[1]) for row in rows]
    until = min(last, uow.now.date())
    facts = _Facts(
        commitments.numbers_of_units(uow, scope, ids, (period.days, period.calendar)),
        {key: one.at(until + DAY) for key, one in commitments.registers(uow, ids).items()},
        _states(uow, unit, until, _keys(uow, ids)),
        states,
        _actions(uow, ids),
    )
    late = period.due < uow.now.date()
    lines = [_line(row, facts, late=late) for row in rows[:MOST]]
    missing = [one for one in silent if one.state != "signed"]
    return Comparison(period, period.due, ended, lines, len(rows), missing)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of each agency, by its id."""

    numbers: Mapping[UUID, Numbers]
    services: Mapping[UUID, ServicesOnline]
    commitments: Mapping[UUID, Counter[str]]
    reports: Mapping[UUID, tuple[UUID | None, ReportState]]
    actions: Mapping[UUID, tuple[int, int]]


def _line(row: Any, facts: _Facts, *, late: bool) -> AgencyLine:
    none: tuple[UUID | None, ReportState] = (None, "none")
    found, state = facts.reports.get(row.id, none)
    services, promised = facts.services[row.id], facts.commitments[row.id]
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
        commitments=promised.total(),
        missed=promised["missed"],
        late=promised["late"],
        open_actions=open_ones[0],
        overdue_actions=open_ones[1],
    )


def _states(
    uow: UnitOfWork, unit: str | None, until: date, agencies: Mapping[str, Sequence[UUID]]
) -> Mapping[UUID, Counter[str]]:
    """Returns how many commitments each agency has, with those below it, by state."""
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for one in commitments.measured_in(uow, unit, until):
        for agency in agencies.get(one.unit, ()):
            found[agency][one.state] += 1
    return found


def has_agencies(uow: UnitOfWork) -> bool:
    """Returns whether the actor has several agencies to compare."""
    found = select(Unit.id).where(*_AGENCY, access.covers(Unit.id)).limit(2)
    return len(uow.connection.execute(found, access.seen_by(uow)).all()) > 1


_AGENCY = (Unit.kind == "agency", Unit.parent_id.is_not(None))


def _agencies(uow: UnitOfWork, unit: str | None, within: tuple[datetime, datetime]) -> Sequence[Any]:
    """Returns the agencies that existed between two instants, by name."""
    line = aliased(UnitLine)
    found = (
        select(Unit.id, Unit.key, Unit.name)
        .where(*_AGENCY, access.covers(Unit.id), Unit.created_at < within[1])
        .where(or_(Unit.closed_at.is_(None), Unit.closed_at > within[0]))
        .order_by(Unit.name, Unit.key)
    )
    if unit is not None:
        top = select(Unit.id).where(Unit.key == unit).scalar_subquery()
        inside = select(line.unit_id).where(line.ancestor_id == top, line.unit_id != top)
        found = found.where(Unit.id.in_(inside))
    return uow.connection.execute(found, access.seen_by(uow)).all()


def _keys(uow: UnitOfWork, ids: Sequence[UUID]) -> Mapping[str, Sequence[UUID]]:
    """Returns the agencies to which each unit belongs."""
    lines = select(Unit.key, UnitLine.ancestor_id).join(Unit, Unit.id == UnitLine.unit_id)
    found: dict[str, list[UUID]] = defaultdict(list)
    for key, agency in uow.connection.execute(lines.where(UnitLine.ancestor_id.in_(ids))):
        found[key].append(agency)
    return found


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
