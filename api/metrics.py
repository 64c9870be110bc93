"""Figures of oversight: overview, time, causes of delay, steps, people, portfolio, and the cases behind them.

All of them take the same filters, and return JSON, or CSV with `Accept: text/csv` or `format=csv`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.command import Reply, command
from api.shapes import Instant, Key, Request, Text
from api.units import UnitKey
from engine.oversight import metrics
from engine.oversight.metrics import CaseMeasure, Compared, DelayCell, Filters, TimeBy, Weights
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar

blueprint = APIBlueprint("metrics", __name__, tag="Oversight")
CSV = "text/csv"


def _first_day(value: Any) -> Any:
    return f"{value}-01" if isinstance(value, str) and len(value) == len("2026-03") else value


def _last_day(value: Any) -> Any:
    """Return the last day of a month that is given instead of a day."""
    if _first_day(value) == value:
        return value
    try:
        first = date.fromisoformat(_first_day(value))
    except ValueError:
        return value
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


_Limits = Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))
Weight = Annotated[float, Field(allow_inf_nan=False)]


class MetricsQuery(Request):
    """Which cases: those of a unit and all below it, a process, a version, a class, and a period.

    `from` and `to` are days, both included, or months (`2026-03`). Without `to` the period ends today,
    without `from` it begins with the month two months before its end.
    """

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    unit: UnitKey | None = None
    definition: Key | None = None
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    service_class: Annotated[Text | None, Field(alias="class")] = None
    first: Annotated[date | None, BeforeValidator(_first_day), Field(alias="from")] = None
    last: Annotated[date | None, BeforeValidator(_last_day), Field(alias="to")] = None
    format: Literal["json", "csv"] | None = None

    def filters(self) -> Filters:
        """Return the filters as the engine takes them."""
        return Filters(self.unit, self.definition, self.version, self.service_class, self.first, self.last)

    @property
    def csv(self) -> bool:
        """Whether CSV was requested."""
        if self.format is not None:
            return self.format == "csv"
        return request.accept_mimetypes.best_match(["application/json", CSV]) == CSV


class _Body(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class FigureBody(_Body):
    """A figure. Without a value, `status` says why; `cases` is the number of cases from which it comes.

    `no_data`: there are no cases. `not_measured`: there are, but none has what is needed. `too_few`: it would
    say something about few people.
    """

    value: int | float | None
    status: Literal["measured", "not_measured", "no_data", "too_few"]
    cases: int


class DaysBody(_Body):
    """The period: its first and its last day."""

    first: date
    last: date


class NumbersBody(_Body):
    """Figures of the cases that started (`started`, `take_up`) or ended (all others) in a period.

    Shares are from 0 to 1, times in milliseconds, `visits_…` and `stars` averages, `cost` one in rials.
    """

    started: FigureBody
    closed: FigureBody
    withdrawn: FigureBody
    on_time: FigureBody
    late: FigureBody
    median: FigureBody
    most: FigureBody
    refused: FigureBody
    silent: FigureBody
    visits_planned: FigureBody
    visits_actual: FigureBody
    stars: FigureBody
    take_up: FigureBody
    cost: FigureBody
    send_backs: FigureBody
    appealed: FigureBody
    upheld: FigureBody


class StockBody(_Body):
    """Cases open at the end of the period. `ages`: for less than 7, 30, 90, 180 days, and for longer."""

    open: FigureBody
    ages: list[int]
    overdue: FigureBody


class LineBody(_Body):
    """The figures of a month (its first day), a version or a unit, and of a service class."""

    label: str
    service_class: str
    numbers: NumbersBody


class OverviewBody(_Body):
    """The overview. `completion`: of the applications that were begun, which part was sent."""

    days: DaysBody
    numbers: NumbersBody
    stock: StockBody
    completion: FigureBody
    trend: list[LineBody]
    compared: list[LineBody]


class TimeLineBody(_Body):
    """How long ended cases were in each bucket: the buckets add up to `life`. In milliseconds."""

    label: str
    cases: int
    life: int
    buckets: dict[str, int]


class TimesBody(_Body):
    """Where the time of the cases went that ended in the period."""

    days: DaysBody
    total: TimeLineBody
    lines: list[TimeLineBody]


class DelayLineBody(_Body):
    """A cause of delay: who or on whom the cases waited, at which step, in which bucket, in milliseconds.

    `plan`: the norms of the steps exceed the term. `unexplained`: nothing in the log explains it.
    """

    rank: int
    party: str
    definition: str
    element: str
    bucket: str
    ms: int
    share: float
    cases: int


class DelaysBody(_Body):
    """Why cases that ended in the period were late. `late` of the `with_term` cases are, by `ms` in all."""

    days: DaysBody
    late: int
    with_term: int
    ms: int
    lines: list[DelayLineBody]


class StepLineBody(_Body):
    """An element: how often it was opened and closed; medians of its closed passages in milliseconds."""

    element: str
    kind: str
    arrived: int
    closed: int
    wait: FigureBody
    work: FigureBody
    send_backs: int


class StepsBody(_Body):
    """The elements of a version that took time, the longest total wait first."""

    days: DaysBody
    definition: str
    version: int
    lines: list[StepLineBody]


class LoadLineBody(_Body):
    """The work at a step, of a role in a unit. `hours` are sums of at least five people.

    `left_out`: fewer than five worked in some of the periods, whose hours are not in the sum.
    """

    unit: str
    role: str
    definition: str
    element: str
    open: int
    arrived: int
    done: int
    send_backs: int
    hours: FigureBody
    left_out: bool


class QualityBody(_Body):
    """Corrections that were requested, and appeals, in the ended cases of a unit."""

    unit: str
    closed: int
    send_backs: int
    appealed: int
    upheld: FigureBody


class PeopleBody(_Body):
    """The load of units, roles and steps, and the quality next to it."""

    days: DaysBody
    lines: list[LoadLineBody]
    quality: list[QualityBody]


class WeightsBody(_Body):
    """How much each factor counts."""

    volume: float
    visits: float
    time: float
    dissatisfaction: float


class ServiceLineBody(_Body):
    """A service: ended cases, visits and median time of a case, dissatisfaction and score from 0 to 1."""

    rank: int
    definition: str
    volume: int
    visits: FigureBody
    time: FigureBody
    dissatisfaction: FigureBody
    score: float


class PortfolioBody(_Body):
    """The services, the first to look at first."""

    days: DaysBody
    weights: WeightsBody
    lines: list[ServiceLineBody]


class CaseLineBody(_Body):
    """A case, without anything personal. Times are in milliseconds; `delay` is the part of the cause."""

    id: UUID
    number: str
    definition: str
    version: int
    unit: str
    service_class: str
    started_at: Instant
    ended_at: Instant | None
    outcome: str | None
    life: int | None
    late: int
    delay: int | None


class CasesBody(_Body):
    """A page of the cases behind a figure; `count` is how many there are in all."""

    count: int
    items: list[CaseLineBody]
    next: UUID | None


class OverviewQuery(MetricsQuery):
    """The same; `compare` needs a `definition`, and `trend` names the calendar of its months."""

    compare: Compared | None = None
    trend: Calendar | None = None


class TimeQuery(MetricsQuery):
    """The same; `by` adds a line for each unit, process, version or month of a calendar."""

    by: TimeBy | None = None
    calendar: Calendar = "gregorian"


class PortfolioQuery(MetricsQuery):
    """The same, with the weights of the factors."""

    volume: Weight = 1.0
    visits: Weight = 1.0
    time: Weight = 1.0
    dissatisfaction: Weight = 1.0


class CasesQuery(MetricsQuery):
    """The same; `measure` is the figure, or `bucket`, `party` and `element` name a cause of delay."""

    measure: CaseMeasure = "closed"
    bucket: Text | None = None
    party: str = Field(default="", max_length=200)
    element: str = Field(default="", max_length=400)
    cursor: UUID | None = None


def _reply(query: MetricsQuery, body: type[BaseModel], found: Any, lines: Sequence[Any]) -> Reply:
    if not query.csv:
        return Reply(body.model_validate(found))
    headers = {
        "Content-Type": f"{CSV}; charset=utf-8",
        "Content-Disposition": 'attachment; filename="metrics.csv"',
    }
    return Reply(metrics.csv_of(lines), headers)


@command(blueprint.get("/metrics/overview"), query=OverviewQuery, answer=OverviewBody, refusals=(404,))
def overview(uow: UnitOfWork, query: OverviewQuery) -> Reply:
    """Read intake, stock, time limits, durations, visits and satisfaction

    A figure whose inputs are missing says `not_measured`, and `no_data` where there are no cases: never 0.
    """
    found = metrics.overview(uow, query.filters(), query.compare, query.trend)
    single = [
        *metrics.figures_of(found.numbers),
        *metrics.figures_of(found.stock),
        *metrics.figures_of(found),
    ]
    return _reply(query, OverviewBody, found, [*found.trend, *found.compared] or single)


@command(blueprint.get("/metrics/time"), query=TimeQuery, answer=TimesBody, refusals=(404,))
def time(uow: UnitOfWork, query: TimeQuery) -> Reply:
    """Read where the time of ended cases went"""
    found = metrics.times(uow, query.filters(), query.by, query.calendar)
    return _reply(query, TimesBody, found, found.lines or [found.total])


@command(blueprint.get("/metrics/delay-causes"), query=MetricsQuery, answer=DelaysBody, refusals=(404,))
def delay_causes(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read why cases were late, the greatest cause first"""
    found = metrics.delays(uow, query.filters())
    return _reply(query, DelaysBody, found, found.lines)


@command(blueprint.get("/metrics/steps"), query=MetricsQuery, answer=StepsBody, refusals=(404,))
def steps(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read how often the elements of a version were passed, and how long they took"""
    found = metrics.steps(uow, query.filters())
    return _reply(query, StepsBody, found, found.lines)


@command(blueprint.get("/metrics/people"), query=MetricsQuery, answer=PeopleBody, refusals=(404,))
def people(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read the load of units, roles and steps

    Never of a person: hours are shown in sums of at least five people.
    """
    found = metrics.people(uow, query.filters())
    return _reply(query, PeopleBody, found, found.lines)


@command(blueprint.get("/metrics/portfolio"), query=PortfolioQuery, answer=PortfolioBody, refusals=(404,))
def portfolio(uow: UnitOfWork, query: PortfolioQuery) -> Reply:
    """Rank services by volume, visits, time and dissatisfaction"""
    weights = Weights(query.volume, query.visits, query.time, query.dissatisfaction)
    found = metrics.portfolio(uow, query.filters(), weights)
    return _reply(query, PortfolioBody, found, found.lines)


@command(blueprint.get("/metrics/cases"), query=CasesQuery, answer=CasesBody, refusals=(404,))
def cases(uow: UnitOfWork, query: CasesQuery) -> Reply:
    """List the cases behind a figure, latest first

    With the same filters, as many as the figure says.
    """
    cause = None if query.bucket is None else DelayCell(query.party, query.element, query.bucket)
    found = metrics.list_cases(uow, query.filters(), query.measure, cause, query.cursor)
    return _reply(query, CasesBody, found, found.items)
