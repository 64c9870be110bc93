"""Figures as JSON."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from api.shapes import (
    Body,
    CaseId,
    CaseNumber,
    DefinitionKey,
    ElementPath,
    HandlingUnit,
    Instant,
    VersionNumber,
)


class Part(Body):
    """A part of an answer, of a figure's attributes."""

    model_config = ConfigDict(from_attributes=True)


class FigureBody(Part):
    """A figure, or why it is missing."""

    value: int | float | None
    """The value; null unless `status` is `measured`."""
    status: Literal["measured", "not_measured", "no_data", "too_few"]
    """Whether the value is known."""
    cases: int
    """Number of cases, or of passages of steps, from which it comes."""


class DaysBody(Part):
    """The period."""

    first: date
    """First day, included."""
    last: date
    """Last day, included."""


class OfPeriod(Part):
    """Figures of a period."""

    days: DaysBody
    """The period."""
    as_of: Instant
    """The instant up to which the figures know all events."""


class NumbersBody(Part):
    """Figures of the cases that started (`started`, `take_up`) or ended (all others) in a period."""

    started: FigureBody
    """Number of cases that started."""
    closed: FigureBody
    """Number of cases that ended in any way."""
    withdrawn: FigureBody
    """Number of cases that the applicant withdrew."""
    on_time: FigureBody
    """Share, from 0 to 1, of the cases with a statutory term, or a norm, that ended in time."""
    late: FigureBody
    """Number of the cases with a statutory term, or a norm, that did not end in time; a decision by silence
    is late.
    """
    median: FigureBody
    """Median time from start to end, in milliseconds."""
    most: FigureBody
    """90th percentile of the time from start to end, in milliseconds."""
    refused: FigureBody
    """Share of refusals, from 0 to 1, among decisions that grant or refuse."""
    silent: FigureBody
    """Number of decisions by silence."""
    visits_planned: FigureBody
    """Average number of visits of a case that its steps required."""
    visits_actual: FigureBody
    """Average number of visits of a case that were recorded, or reported in the rating."""
    stars: FigureBody
    """Average rating, from 1 to 5."""
    take_up: FigureBody
    """Share, from 0 to 1, of the cases with a channel that applicants started online themselves."""
    cost: FigureBody
    """Average cost of a case in rials, of five cases or more."""
    send_backs: FigureBody
    """Number of corrections that were requested."""
    appealed: FigureBody
    """Number of cases whose decision was appealed."""
    upheld: FigureBody
    """Number of appeals that were granted."""


class StockBody(Part):
    """The cases that were open at the end of the period."""

    open: FigureBody
    """Number of open cases."""
    ages: list[int]
    """Number of cases open for less than 7, 30, 90 and 180 days, and for longer."""
    overdue: FigureBody
    """Number of cases whose term has ended without a decision."""


class LineBody(Part):
    """The figures of one part of the cases."""

    label: str
    """First day of the month, number of the version, or key of the unit."""
    service_class: str
    """Class of the service; empty for cases without one."""
    numbers: NumbersBody
    """The figures."""


class OverviewBody(OfPeriod):
    """The overview."""

    numbers: NumbersBody
    """Figures of the cases that started or ended in the period."""
    stock: StockBody
    """The cases that were open at its end."""
    completion: FigureBody
    """Share, from 0 to 1, of the applications begun that were submitted."""
    trend: list[LineBody]
    """With `trend`: the figures of each month; otherwise empty."""
    compared: list[LineBody]
    """With `compare`: the figures of each version, or unit, and class; otherwise empty."""


class TimeLineBody(Part):
    """How long ended cases were in each bucket."""

    label: str
    """What the line is about, as `by` requests: key of the unit or definition, number of the version, or
    first day of the month.
    """
    cases: int
    """Number of cases."""
    life: int
    """Milliseconds from start to end of all cases; the buckets add up to it."""
    buckets: dict[str, int]
    """Milliseconds by bucket."""


class TimesBody(OfPeriod):
    """Where the time of the cases went that ended in the period."""

    total: TimeLineBody | None
    """All cases together; null if there are none."""
    lines: list[TimeLineBody]
    """With `by`: one line for each part; otherwise empty."""


class StepLineBody(Part):
    """An element that takes time."""

    element: ElementPath
    kind: str
    """`task` (for people), `wait` (for an event) or `call` (of another system)."""
    arrived: int
    """How often it was opened in the period."""
    closed: int
    """How often it was closed in the period."""
    wait: FigureBody
    """Median time from opening to closing in which nobody worked on it, in milliseconds."""
    work: FigureBody
    """Median noted work, in milliseconds, if at least five people worked on it."""
    send_backs: int
    """Number of corrections that were requested from it."""


class StepsBody(OfPeriod):
    """The elements of a version that take time."""

    definition: str
    """Key of the definition."""
    version: int
    """Number of the version."""
    lines: list[StepLineBody]
    """The elements, the longest total wait first."""


class LoadLineBody(Part):
    """The work at a step, of a role in a unit."""

    unit: str
    """Key of the unit; several, separated by commas, for work that any of them may do."""
    role: str
    """Role in the unit; `caseworker`: any of its members may do it."""
    definition: str
    """Key of the definition."""
    element: ElementPath
    open: int
    """Number of tasks that are open now."""
    arrived: int
    """Number of tasks that were opened in the period."""
    done: int
    """Number of tasks that were completed in the period."""
    send_backs: int
    """Number of corrections that were requested from them."""
    hours: FigureBody
    """Hours of noted work, in sums of at least five people."""
    left_out: bool
    """Whether fewer than five people worked in some periods, whose hours are not in the sum."""


class RoleLineBody(Part):
    """The work of a role in a unit."""

    unit: str
    """Key of the unit; several, separated by commas, for work that any of them may do."""
    role: str
    """Role in the unit; `caseworker`: any of its members may do it."""
    open: int
    """Number of tasks that are open now."""
    arrived: int
    """Number of tasks that were opened in the period."""
    done: int
    """Number of tasks that were completed in the period."""
    hours: FigureBody
    """Hours of noted work, in sums of at least five people."""
    capacity: FigureBody
    """Hours that the role has in the period, as stated in the rates."""


class QualityBody(Part):
    """Corrections and appeals in the ended cases of a unit."""

    unit: str
    """Key of the unit."""
    closed: int
    """Number of cases that ended."""
    send_backs: int
    """Number of corrections that were requested."""
    appealed: int
    """Number of cases whose decision was appealed."""
    upheld: FigureBody
    """Number of appeals that were granted."""


class AutomatedLineBody(Part):
    """A step that another system does, and that people did in earlier versions."""

    definition: str
    """Key of the definition."""
    element: ElementPath
    passed: int
    """How often it was passed in the period."""
    hours: FigureBody
    """Hours of work that this has set free, by the average of the earlier versions."""


class WorkloadBody(OfPeriod):
    """The load of units, roles and steps."""

    lines: list[LoadLineBody]
    """The work by unit, role and step."""
    roles: list[RoleLineBody]
    """The work by unit and role."""
    quality: list[QualityBody]
    """Corrections and appeals by unit, since speed alone says little."""
    automated: list[AutomatedLineBody]
    """Steps that are no longer done by people."""


class WeightsBody(Part):
    """How much each factor counts."""

    volume: float
    """Weight of the number of cases."""
    visits: float
    """Weight of the visits."""
    time: float
    """Weight of the time."""
    dissatisfaction: float
    """Weight of the dissatisfaction."""


class ServiceLineBody(Part):
    """A service in the ranking."""

    rank: int
    """Place of the service, from 1."""
    definition: str
    """Key of the definition."""
    volume: int
    """Number of cases that ended in the period."""
    visits: FigureBody
    """Average number of visits of a case."""
    time: FigureBody
    """Median time of a case, in milliseconds."""
    dissatisfaction: FigureBody
    """From 0 (five stars) to 1 (one star)."""
    score: float
    """Weighted geometric mean of the factors, from 0 to 1."""


class PortfolioBody(OfPeriod):
    """Services ranked by what an improvement would bring."""

    weights: WeightsBody
    """The weights that were used."""
    lines: list[ServiceLineBody]
    """The services, the highest score first."""


class CaseLineBody(Part):
    """A case behind a figure, without anything personal."""

    id: CaseId
    number: CaseNumber
    definition: DefinitionKey
    version: VersionNumber
    unit: HandlingUnit
    service_class: str
    """Class of the service when the case started; empty for none."""
    started_at: Instant
    """When the case started."""
    ended_at: Instant | None
    """When the case ended; null while it is open."""
    outcome: str | None
    """How the case ended, in the word of the process; null before that, or without an outcome."""
    life: int | None
    """Milliseconds from start to end; null while it is open."""
    late: int | None
    """Milliseconds of office time by which it is late, 0 for a decision by silence; null if nothing says when
    it should have ended.
    """
    silent: bool
    """Whether silence decided."""
    delay: int | None
    """With a cause of delay: milliseconds of office time of that cause; otherwise null."""
    times: int
    """How often the figure counts the case; more than once only for passages of steps."""
    due_at: Instant | None
    """End of the statutory term; null without one, and while it doesn't run."""
    days_late: int | None
    """Whole days since the end of the term, if the case is open and undecided; otherwise null."""
    holders: list[str]
    """Keys of the units that have its open tasks now."""


class CasesBody(Part):
    """A page of the cases behind a figure."""

    count: int
    """What the figure says: the number of cases, or the sum of `times` for passages of steps."""
    as_of: Instant
    """The instant up to which the figures know all events."""
    items: list[CaseLineBody]
    """The cases, latest first."""
    next: UUID | None
    """Send it as `cursor` to read the next page; null on the last page."""
