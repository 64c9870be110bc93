"""Figures as JSON."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from api.shapes import Body, Instant


class _Body(Body):
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


class _OfPeriod(_Body):
    """Figures of a period. `as_of`: the instant up to which they know all events."""

    days: DaysBody
    as_of: Instant


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


class OverviewBody(_OfPeriod):
    """The overview. `completion`: of the applications that were begun, which part was sent."""

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


class TimesBody(_OfPeriod):
    """Where the time of the cases went that ended in the period; `total` is null if there are none."""

    total: TimeLineBody | None
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


class DelaysBody(_OfPeriod):
    """Why cases that ended in the period were late. `late` of the `with_term` cases are, by `ms` in all.

    Both are null if no case has a term or a norm.
    """

    late: int | None
    with_term: int
    ms: int | None
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


class StepsBody(_OfPeriod):
    """The elements of a version that took time, the longest total wait first."""

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


class RoleLineBody(_Body):
    """The work of a role in a unit; `capacity` in hours in this period, if it was stated."""

    unit: str
    role: str
    open: int
    arrived: int
    done: int
    hours: FigureBody
    capacity: FigureBody


class QualityBody(_Body):
    """Corrections that were requested, and appeals, in the ended cases of a unit."""

    unit: str
    closed: int
    send_backs: int
    appealed: int
    upheld: FigureBody


class AutomatedLineBody(_Body):
    """A step that is done automatically, and was done by people in earlier versions; `hours` set free."""

    definition: str
    element: str
    passed: int
    hours: FigureBody


class WorkloadBody(_OfPeriod):
    """The load of units, roles and steps, and the quality next to it."""

    lines: list[LoadLineBody]
    roles: list[RoleLineBody]
    quality: list[QualityBody]
    automated: list[AutomatedLineBody]


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


class PortfolioBody(_OfPeriod):
    """The services, the first to look at first."""

    weights: WeightsBody
    lines: list[ServiceLineBody]


class CaseLineBody(_Body):
    """A case, without anything personal. Durations are in milliseconds; `delay` is the part of the cause.

    `times`: how often the figure counts it, if that is one of passages of steps.
    """

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
    late: int | None
    silent: bool
    delay: int | None
    times: int


class CasesBody(_Body):
    """A page of the cases behind a figure; `count` is what the figure says.

    That is the number of cases; of passages of steps it is the sum of `times`.
    """

    count: int
    as_of: Instant
    items: list[CaseLineBody]
    next: UUID | None
