"""The figures of many commitments by month: each kind of sum in one statement for all units and services.

Months are whole periods, so only stored sums are read. A place is a unit with those below it, and a process
or all of them; commitments that have the same place share its figures.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from engine.models import ApplicationCount, CommitmentMetric, Unit, UnitLine
from engine.oversight.commitments import online
from engine.oversight.commitments.vocabulary import MEASURES
from engine.oversight.metrics import NO_DATA, Figure, Numbers
from engine.oversight.metrics.figures import ratio
from engine.oversight.metrics.filters import Scope
from engine.oversight.metrics.overview import COLUMNS, numbers_of
from engine.oversight.metrics.quantiles import MEDIAN, MOST, locate
from engine.oversight.projection.bins import limits
from engine.oversight.projection.periods import Days, month_of, period_of
from engine.oversight.projection.sums import ENDED, LIVES
from engine.platform.db import UnitOfWork, table
from engine.platform.language import Calendar

_EXACT: tuple[CommitmentMetric, ...] = ("median", "most")


@dataclass(frozen=True, slots=True)
class Place:
    """A unit with those below it, and one process or all."""

    unit_id: UUID
    definition: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """A figure of a place, for these months of a calendar."""

    place: Place
    metric: CommitmentMetric
    calendar: Calendar
    months: Sequence[Days]


def measure(uow: UnitOfWork, scope: Scope, questions: Collection[Question]) -> list[Sequence[Figure]]:
    """Returns the figures of each month of each question, in at most six statements.

    The actor must be allowed to read the figures of these units; `scope` says what is known at all.
    """
    sums = _Sums(uow, [one for one in questions if one.metric not in ("completion", "services_online")])
    sent = _completion(uow, [one for one in questions if one.metric == "completion"])
    services = [one for one in questions if one.metric == "services_online"]
    registers = online.registers(uow, {one.place.unit_id for one in services}) if services else {}
    found: list[Sequence[Figure]] = []
    for one in questions:
        if one.metric == "services_online":
            found.append([registers[one.place.unit_id].figure(days.after) for days in one.months])
        elif one.metric == "completion":
            found.append([sent.get((one.place, one.calendar, days.first), NO_DATA) for days in one.months])
        else:
            numbers = [sums.numbers(scope, one, days) for days in one.months]
            found.append([_of_cases(of_month, one.metric) for of_month in numbers])
    return found


def _of_cases(numbers: Numbers, metric: CommitmentMetric) -> Figure:
    """Returns a figure with the cases that it is about: a count is one of all that have ended."""
    figure: Figure = getattr(numbers, metric)
    if figure.value is None or MEASURES[metric].kind != "count":
        return figure
    return replace(figure, cases=numbers.closed.cases)


def numbers_of_units(
    uow: UnitOfWork, scope: Scope, unit_ids: Sequence[UUID], period: tuple[Days, Calendar]
) -> Mapping[UUID, Numbers]:
    """Returns the figures of units, with those below them, in some months of a calendar as a whole.

    In three statements for all of them. The actor must be allowed to read them.
    """
    days, calendar = period
    questions = [
        Question(Place(unit_id, None), metric, calendar, [days]) for unit_id in unit_ids for metric in _EXACT
    ]
    sums = _Sums(uow, questions)
    return {unit_id: sums.total(scope, Place(unit_id, None), days, calendar) for unit_id in unit_ids}


_Key = tuple[Place, Calendar, date]  # the date is the first day of a month


class _Sums:
    """The sums and quantiles of places, by month."""

    def __init__(self, uow: UnitOfWork, questions: Sequence[Question]) -> None:
        self._uow = uow
        self._places = list(dict.fromkeys(one.place for one in questions))
        self._months: dict[_Key, dict[str, int]] = {}
        self._exact: dict[_Key, dict[float, int]] = defaultdict(dict)
        days = _window(questions)
        if days is not None:
            calendars = {one.calendar for one in questions}
            self._read_sums(days, calendars)
        exact = [one for one in questions if one.metric in _EXACT]
        exact_days = _window(exact)
        if exact_days is not None:
            self._read_quantiles(exact, exact_days)

    def numbers(self, scope: Scope, question: Question, days: Days) -> Numbers:
        """Returns the figures of a month."""
        key = (question.place, question.calendar, days.first)
        known = scope.began is not None and scope.began <= days.last
        return numbers_of(self._months.get(key, {}), self._exact.get(key, {}), known=known)

    def total(self, scope: Scope, place: Place, days: Days, calendar: Calendar) -> Numbers:
        """Returns the figures of several months as a whole."""
        total = dict.fromkeys(COLUMNS, 0)
        for month in days.months(calendar):
            for name, value in self._months.get((place, calendar, month.first), {}).items():
                total[name] += value
        known = scope.began is not None and scope.began <= days.last
        return numbers_of(total, self._exact.get((place, calendar, days.first), {}), known=known)

    def _read_sums(self, days: Days, calendars: Collection[Calendar]) -> None:
        target = ENDED.target
        sums = [cast(func.sum(target.c[name]), BigInteger) for name in COLUMNS]
        found = _of_places(target, self._places, days)
        for row in self._uow.connection.execute(found.add_columns(*sums)):
            index, period, *values = row
            for calendar in calendars:
                key = (self._places[index], calendar, month_of(period, calendar))
                into = self._months.setdefault(key, dict.fromkeys(COLUMNS, 0))
                for name, value in zip(COLUMNS, values, strict=True):
                    into[name] += value

    def _read_quantiles(self, questions: Sequence[Question], days: Days) -> None:
        """Finds the bin of each quantile from the stored counts, then reads it from the rows of that bin."""
        places = list(dict.fromkeys(one.place for one in questions))
        target, number = LIVES.target, LIVES.target.c.bin
        found = _of_places(target, places, days).add_columns(number, func.sum(target.c["count"]))
        found = found.where(*(target.c[name] == value for name, value in LIVES.fixed.items()))
        counts: dict[tuple[int, date], dict[int, int]] = defaultdict(dict)
        for index, period, of, count in self._uow.connection.execute(found.group_by(number)):
            counts[index, period][of] = int(count)
        rows: list[tuple[Any, ...]] = []
        keys: list[tuple[_Key, float]] = []
        for one, month in _distinct(questions):
            index, part = places.index(one.place), MEDIAN if one.metric == "median" else MOST
            place = locate(_added(counts, index, month), part)
            if place is not None:
                keys.append(((one.place, one.calendar, month.first), part))
                rows.append((len(rows), *_bin(one.place, month, *place)))
        for at, value in self._uow.connection.execute(_rows_of_bins(rows)) if rows else ():
            key, part = keys[at]
            self._exact[key][part] = value


def _window(questions: Sequence[Question]) -> Days | None:
    """Returns the days of all months of these questions; None if there are none."""
    months = [days for one in questions for days in one.months]
    return Days(min(one.first for one in months), max(one.last for one in months)) if months else None


def _of_places(target: Table, places: Sequence[Place], days: Days) -> Select[Any]:
    """Selects the number of each place and the periods of the days, of a table of sums."""
    rows = [(number, place.unit_id, place.definition) for number, place in enumerate(places)]
    place = _table("place", rows, _PLACE)
    line, unit = aliased(UnitLine), aliased(Unit)
    return (
        select(place.c.number, target.c.period)
        .select_from(place)
        .join(line, line.ancestor_id == place.c.unit_id)
        .join(unit, unit.id == line.unit_id)
        .join(target, target.c.unit == unit.key)
        .where(
            or_(place.c.definition.is_(None), target.c.definition == place.c.definition),
            target.c.period.between(period_of(days.first), period_of(days.last)),
        )
        .group_by(place.c.number, target.c.period)
    )


def _added(counts: Mapping[tuple[int, date], Mapping[int, int]], index: int, days: Days) -> dict[int, int]:
    """Adds up the bins of the periods of a month."""
    total: dict[int, int] = defaultdict(int)
    for period in days.whole(days.after):
        for number, count in counts.get((index, period), {}).items():
            total[number] += count
    return total


def _distinct(questions: Sequence[Question]) -> Iterator[tuple[Question, Days]]:
    """Yields each month of each figure of a place once."""
    seen: set[Any] = set()
    for one in questions:
        for month in one.months:
            key = (one.place, one.metric, one.calendar, month)
            if key not in seen:
                seen.add(key)
                yield one, month


def _bin(place: Place, days: Days, number: int, skip: int) -> tuple[Any, ...]:
    """Returns where the rows of a bin are: place, periods, durations, and how many to skip."""
    periods = (period_of(days.first), period_of(days.last))
    return (place.unit_id, place.definition, *periods, *limits("life", number), skip)


def _rows_of_bins(rows: Sequence[tuple[Any, ...]]) -> Select[Any]:
    """Selects the number of each row and the duration at its place in its bin."""
    place = _table("place", rows, _BIN)
    cases, line, unit = LIVES.rows, aliased(UnitLine), aliased(Unit)
    below = (
        select(unit.key)
        .join(line, line.unit_id == unit.id)
        .where(line.ancestor_id == place.c.unit_id)
        .correlate(place)
    )
    where: list[ColumnElement[bool]] = [
        cases.c.ended_period.between(place.c.first_period, place.c.last_period),
        cases.c.life_ms >= place.c.low,
        cases.c.life_ms < place.c.high,
        or_(place.c.definition.is_(None), cases.c.definition == place.c.definition),
        cases.c.unit.in_(below),
    ]
    duration = cases.c.life_ms.label("value")
    exact = select(duration).where(*where).order_by(duration).offset(place.c.skip).limit(1)
    lateral = exact.correlate(place).lateral("exact")
    return select(place.c.number, lateral.c.value).join(lateral, true())


def _completion(uow: UnitOfWork, questions: Sequence[Question]) -> Mapping[_Key, Figure]:
    """Returns how many of the begun applications were sent, of each process by month."""
    days = _window(questions)
    if days is None:
        return {}
    counts = table(ApplicationCount)
    keys = {one.place.definition for one in questions}
    stages = [func.coalesce(func.sum(counts.c.count).filter(counts.c.stage == one), 0) for one in _STAGES]
    found = select(counts.c.key, counts.c.day, *stages).where(
        counts.c.key.in_(keys), counts.c.day.between(days.first, days.last)
    )
    daily = uow.connection.execute(found.group_by(counts.c.key, counts.c.day)).all()
    total: dict[_Key, list[int]] = defaultdict(lambda: [0, 0])
    for one in questions:
        for key, day, sent, begun in daily:
            if key == one.place.definition:
                into = total[one.place, one.calendar, month_of(day, one.calendar)]
                into[0] += int(sent)
                into[1] += int(begun)
    return {key: ratio(sent, begun, begun) for key, (sent, begun) in total.items()}


_STAGES = ("sent", "begun")
_PLACE = (column("number", Integer), column("unit_id", Uuid), column("definition", Text))
_BIN = (
    *(*_PLACE, column("first_period", Date), column("last_period", Date)),
    *(column("low", BigInteger), column("high", BigInteger), column("skip", BigInteger)),
)


def _table(name: str, rows: Sequence[tuple[Any, ...]], columns: Sequence[Any]) -> Any:
    """Returns rows as a table of a statement: each column is one array."""
    arrays = (
        cast(literal(list(values), ARRAY(one.type)), ARRAY(one.type))
        for values, one in zip(zip(*rows, strict=True), columns, strict=True)
    )
    return func.unnest(*arrays).table_valued(*columns).render_derived(name)
