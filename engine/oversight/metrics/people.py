"""The load of people: work by unit, role and step. Never by person.

Hours are sums of cells that never overlap: a period, unit, role, process, version, class and step. Cells in
which fewer than five people worked are left out, so no sum and no difference of sums is one person's
(docs/work-time.md).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, cast, func, select

from engine.models import StepFigures, StepPeriodFigures, StepWorker, Unit, UnitRate
from engine.oversight.metrics.automation import AutomatedLine, automated
from engine.oversight.metrics.figures import FEWEST, NO_DATA, Figure
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.sharing import share
from engine.oversight.metrics.sums import Key, Wanted, read
from engine.oversight.projection.periods import DAY, Days, next_period
from engine.oversight.projection.sums import ARRIVED, ENDED, PASSED, WORKERS
from engine.platform.db import UnitOfWork, table

LATE = timedelta(days=1)  # after it, the log has the work of a period
OFFICE = ("task", "opinion", "escalation")  # kinds of steps that are work of people in units
GROUP = ("step_unit", "role", "definition", "element")
CELL = ("period", *GROUP, "version", "service_class")
_STEPS, _SUMS, _WORKERS = table(StepFigures), table(StepPeriodFigures), table(StepWorker)


@dataclass(frozen=True, slots=True)
class LoadLine:
    """The work at a step: open now; arrived and done in the period; hours that were noted, if shown.

    `role` is `caseworker` if any caseworker may do it. `hours` come from whole periods that have ended, and
    from cells of at least five people: their `cases` are the passages in these, and `left_out` says that
    there were others.
    """

    unit: str
    role: str
    definition: str
    element: str
    open: int
    arrived: int
    done: int
    send_backs: int
    hours: Figure
    left_out: bool


@dataclass(frozen=True, slots=True)
class RoleLine:
    """The work of a role in a unit, and its capacity in hours, as far as administrators have stated it."""

    unit: str
    role: str
    open: int
    arrived: int
    done: int
    hours: Figure
    capacity: Figure


@dataclass(frozen=True, slots=True)
class UnitQuality:
    """What is next to speed: of the ended cases of a unit, requested corrections and appeals."""

    unit: str
    closed: int
    send_backs: int
    appealed: int
    upheld: Figure


@dataclass(frozen=True, slots=True)
class People:
    """The load of units, and the quality of their work."""

    days: Days
    as_of: datetime
    lines: Sequence[LoadLine]
    roles: Sequence[RoleLine]
    quality: Sequence[UnitQuality]
    automated: Sequence[AutomatedLine]


def people(uow: UnitOfWork, filters: Filters) -> People:
    """Returns the load by unit, role and step. Raises as `resolve`."""
    scope = resolve(uow, filters)
    return share(uow, scope, ("people",), lambda: _people(uow, scope))


def _people(uow: UnitOfWork, scope: Scope) -> People:
    if not scope.has_data:
        return People(scope.days, scope.as_of, [], [], [], [])
    passed = _office(
        read(uow, scope, Wanted([ARRIVED, PASSED], _COLUMNS, (*GROUP, "kind"), unit="step_unit"))
    )
    waiting = _open(uow, scope)
    hours = _hours(uow, scope)
    lines = []
    for key in sorted({*passed, *waiting}):
        sums = passed.get(key, dict.fromkeys(_COLUMNS, 0))
        noted = hours.get(key, _NONE_NOTED)
        shown, left_out = noted.hours, noted.left_out
        figure = Figure(shown, noted.passages) if shown is not None else _not_shown(sums["done"], left_out)
        lines.append(
            LoadLine(
                *(key[0], key[1], key[2], key[3]),
                *(waiting.get(key, 0), sums["arrived"], sums["done"], sums["send_backs"]),
                hours=figure,
                left_out=left_out,
            )
        )
    return People(
        scope.days,
        scope.as_of,
        lines,
        _roles(uow, scope, lines),
        _quality(uow, scope),
        automated(uow, scope),
    )


_COLUMNS = ("arrived", "done", "send_backs")


def _roles(uow: UnitOfWork, scope: Scope, lines: Sequence[LoadLine]) -> list[RoleLine]:
    """Adds up the steps of each role."""
    capacities = _capacities(uow, scope)
    steps: dict[tuple[str, str], list[LoadLine]] = defaultdict(list)
    for line in lines:
        steps[line.unit, line.role].append(line)
    found = []
    for (unit, role), own in sorted(steps.items()):
        shown = [line.hours.value for line in own if line.hours.value is not None]
        hours = Figure(round(sum(shown), 2), sum(line.hours.cases for line in own))
        left_out = any(line.left_out for line in own)
        capacity = capacities.get((unit, role))
        found.append(
            RoleLine(
                unit,
                role,
                sum(line.open for line in own),
                sum(line.arrived for line in own),
                sum(line.done for line in own),
                hours if shown else _not_shown(sum(line.done for line in own), left_out),
                Figure(None, 0, "not_measured") if capacity is None else Figure(capacity, 0),
            )
        )
    return found


def _capacities(uow: UnitOfWork, scope: Scope) -> Mapping[tuple[str, str], float]:
    """Returns the hours that a role of a unit has in the period, by what applies on each of its days."""
    last = min(scope.days.last, uow.now.date())
    dated = (
        select(Unit.key, UnitRate.role, UnitRate.valid_from, UnitRate.amount)
        .join(Unit, Unit.id == UnitRate.unit_id)
        .where(UnitRate.kind == "capacity", UnitRate.valid_from <= last)
        .order_by(Unit.key, UnitRate.role, UnitRate.valid_from.desc())
    )
    if scope.units is not None:
        dated = dated.where(Unit.key.in_(scope.units))
    found: dict[tuple[str, str], float] = defaultdict(float)
    until: dict[tuple[str, str], date] = {}
    for unit, role, day, amount in uow.connection.execute(dated):
        begin, end = max(day, scope.days.first), until.get((unit, role), last + DAY)
        found[unit, role] += float(amount) * max((end - begin).days, 0) / 7
        until[unit, role] = min(begin, end)
    return {key: round(hours, 2) for key, hours in found.items()}


def _not_shown(done: int, left_out: bool) -> Figure:
    if left_out:
        return Figure(None, 0, "too_few")
    return Figure(None, 0, "not_measured") if done else NO_DATA


def _office(found: Mapping[Key, Mapping[str, int]]) -> dict[Key, dict[str, int]]:
    """Adds up the kinds of work that offices have."""
    total: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COLUMNS, 0))
    for (*key, kind), sums in found.items():
        if kind in OFFICE and key[0] not in ("", "applicant"):
            for name in _COLUMNS:
                total[tuple(key)][name] += sums[name]
    return total


def _open(uow: UnitOfWork, scope: Scope) -> Mapping[Key, int]:
    by = [_STEPS.c[name] for name in GROUP]
    where = (_STEPS.c.closed_at.is_(None), _STEPS.c.kind.in_(OFFICE), _STEPS.c.step_unit != "applicant")
    found = select(*by, func.count()).where(*where, *scope.cells(_STEPS, "step_unit")).group_by(*by)
    return {tuple(row[:-1]): row[-1] for row in uow.connection.execute(found)}


class _Noted(NamedTuple):
    """Hours that were noted at a step, of how many passages, and whether cells were left out."""

    hours: float | None
    passages: int
    left_out: bool


_NONE_NOTED = _Noted(None, 0, False)


def _hours(uow: UnitOfWork, scope: Scope) -> Mapping[Key, _Noted]:
    """Returns the hours of each step."""
    ended = (uow.now - LATE).date()
    inside_days = scope.days.whole(scope.now.date())
    whole = [period for period in inside_days if next_period(period) <= ended]
    if not whole:
        return {}
    inside: Any = _SUMS.c.period.between(whole[0], whole[-1])
    keys = [_SUMS.c[name] for name in CELL]
    sums = [cast(func.sum(_SUMS.c[name]), BigInteger).label(name) for name in ("work_ms", "worked")]
    cells = (
        select(*keys, *sums)
        .where(inside, _SUMS.c.worked > 0, _SUMS.c.kind.in_(OFFICE), *scope.cells(_SUMS, "step_unit"))
        .group_by(*keys)
        .subquery("cells")
    )
    same = and_(*(_WORKERS.c[name] == cells.c[name] for name in CELL), _WORKERS.c.kind.in_(OFFICE))
    who = select(func.count(_WORKERS.c.person.distinct())).where(same).scalar_subquery()
    grouped = [cells.c[name] for name in GROUP]
    found: dict[Key, _Noted] = {}
    for *key, ms, worked, workers in uow.connection.execute(
        select(*grouped, cells.c.work_ms, cells.c.worked, who)
    ):
        noted = found.get(tuple(key), _NONE_NOTED)
        if workers >= FEWEST:
            hours = (noted.hours or 0.0) + ms / 3_600_000
            found[tuple(key)] = _Noted(hours, noted.passages + worked, noted.left_out)
        else:
            found[tuple(key)] = noted._replace(left_out=True)
    return {
        key: noted if noted.hours is None else noted._replace(hours=round(noted.hours, 2))
        for key, noted in found.items()
    }


def _quality(uow: UnitOfWork, scope: Scope) -> list[UnitQuality]:
    columns = ("closed", "send_backs", "appealed", "appeals_decided", "upheld")
    found = read(uow, scope, Wanted([ENDED], columns, ("unit",)))
    return [
        UnitQuality(
            unit,
            sums["closed"],
            sums["send_backs"],
            sums["appealed"],
            Figure(sums["upheld"], sums["appeals_decided"])
            if sums["appeals_decided"]
            else Figure(None, 0, "not_measured" if sums["appealed"] else "no_data"),
        )
        for (unit,), sums in sorted(found.items())
    ]


def workers_of(uow: UnitOfWork, scope: Scope) -> Mapping[Key, int]:
    """Returns how many people worked on the passages of each step that were closed, by element and kind."""
    found = read(uow, scope, Wanted([WORKERS], ("steps",), ("element", "kind", "person")))
    return Counter(key[:2] for key in found)
