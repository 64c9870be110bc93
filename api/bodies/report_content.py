"""What a progress report says, as JSON."""

from datetime import date
from typing import Literal
from uuid import UUID

from api.metrics.bodies import FigureBody
from api.shapes import Body, DisplayName
from engine.models import CommitmentCause, CommitmentKind, CommitmentMetric, CommitmentState, OfflineReason
from engine.oversight.reports import ActionStatus
from engine.platform.language import Calendar

ReportPeriodKind = Literal["month", "quarter", "year"]
ReportSection = Literal["services", "cases", "causes", "silence", "commitments", "actions"]


class ReportPeriodBody(Body):
    """The period of a report."""

    kind: ReportPeriodKind
    """What it is of its calendar."""
    calendar: Calendar
    """Calendar of which it is a whole month, quarter or year."""
    first: date
    """First day, included."""
    last: date
    """Last day, included."""


class ReportFigures(Body):
    """Figures of a period; shares are from 0 to 1, times in milliseconds. Those of the overview."""

    started: FigureBody
    """Cases that started."""
    closed: FigureBody
    """Cases that ended."""
    visits_planned: FigureBody
    """Visits that the process of an ended case plans, on average."""
    visits_actual: FigureBody
    """Visits of an ended case, on average."""
    on_time: FigureBody
    """Of the ended cases with a term or a norm, how many were on time."""
    late: FigureBody
    """Ended cases that were late."""
    median: FigureBody
    """Median life of an ended case."""
    silent: FigureBody
    """Cases that were decided by silence."""


class FiguresBefore(Body):
    """The period before, of the same length."""

    first: date
    """First day, included."""
    last: date
    """Last day, included."""
    figures: ReportFigures
    """Its figures."""


class SilenceLine(Body):
    """Silence in a unit."""

    unit: str
    """Key of the unit."""
    unit_name: str
    """Its name."""
    silent: int
    """Cases that were decided by silence."""
    closed: int
    """Cases that ended."""


class _CauseKey(Body):
    party: str
    """Key of the unit that had the case, or the party that was awaited; empty if none is stated."""
    definition: str
    """Key of the process."""
    element: str
    """Path of the step; empty: the case as a whole."""
    bucket: str
    """What the time counts as; `plan` or `unexplained` if the log has no other cause."""
    party_names: list[str]
    """Names of the units."""
    definition_name: str
    """Name of the process."""
    element_name: str
    """Name of the step."""


class CauseOfActionBody(_CauseKey):
    """The cause of delay that an action is about."""


class ReportCause(_CauseKey):
    """A cause of delay, the greatest first."""

    rank: int
    """Its place, from 1."""
    ms: int
    """Milliseconds of office time."""
    share: float
    """Share of all lateness, from 0 to 1."""
    cases: int
    """Late cases that have this cause."""


class MissingService(Body):
    """A service that is not online here yet."""

    name_fa: str
    """Its Persian name."""
    name_en: str
    """Its English name."""
    unit: str
    """Key of its agency."""
    unit_name: str
    """Name of its agency."""
    yearly_volume: int | None
    """How many applications it has in a year."""
    reason: OfflineReason
    """Why it isn't here."""
    text: str
    """More about the reason."""


class ReportServices(Body):
    """The services of the register."""

    online: int
    """Services that are online here."""
    total: int
    """Services of the register."""
    missing: list[MissingService]
    """Those that aren't here yet."""


class ReportCommitment(Body):
    """A commitment as it was measured."""

    id: UUID
    """Its id."""
    unit: str
    """Key of the unit."""
    unit_name: str
    """Name of the unit, in Persian and English if it has both."""
    text_fa: str
    """What was promised, in Persian."""
    text_en: str
    """What was promised, in English."""
    legal_basis: str
    """The decree or law."""
    metric: CommitmentMetric
    """Which figure is measured."""
    target: float
    """What the figure should reach, in the unit of figures: a share from 0 to 1, or milliseconds."""
    due: date
    """By which day, or from which day on."""
    kind: CommitmentKind = "reach-by"
    """Which of the two. Reports of before the second kind don't say it: it is the first."""
    value: float | None
    """The figure; null if it was not measured."""
    month: date | None
    """First day of the month of the figure."""
    state: CommitmentState
    """What came of it."""
    reached: date | None
    """First day of the month in which it was reached."""
    lost: bool
    """Whether it was reached and is not any more."""
    explanation: str | None
    """Why it was missed or late; null: nobody has explained it."""
    explain_by: date | None
    """By when an explanation is due; null if none is demanded."""
    cause: CommitmentCause | None
    """Code of the cause."""
    unexplained: bool
    """Whether an explanation is demanded and missing."""


class ActionBody(Body):
    """An action that a report decided."""

    id: UUID
    """Its id."""
    text: str
    """What."""
    owner: UUID
    """Id of the account of who is responsible."""
    owner_names: DisplayName
    """Who is responsible."""
    due: date
    """By which day."""
    overdue: bool
    """Whether it is open after that day."""
    cause: CauseOfActionBody | None
    """The cause of delay that it is about."""
    status: ActionStatus
    """What became of it."""
    reason: str | None
    """Why it was dropped, or what was done."""
    closed: date | None
    """On which day it was closed."""
    first: date
    """First day of the period of the report that decided it."""
    last: date
    """Last day of that period."""


class OpenActionBody(Body):
    """An open action, wherever it was decided."""

    id: UUID
    """Its id."""
    unit: str
    """Key of the unit that decided it."""
    unit_name: str
    """Name of the unit, in Persian and English if it has both."""
    text: str
    """What."""
    owner: UUID
    """Id of the account of who is responsible."""
    owner_names: DisplayName
    """Who is responsible."""
    due: date
    """By which day."""
    overdue: bool
    """Whether that day is over."""
    first: date
    """First day of the period of the report that decided it."""
    last: date
    """Last day of that period."""


class OpenActionList(Body):
    """Open actions."""

    items: list[OpenActionBody]
    """The first 200, the earliest due date first."""
    total: int
    """How many there are."""


class ReportWriter(Body):
    """Somebody who wrote in a report."""

    id: UUID
    """Id of the account."""
    names: DisplayName
    """What the person is called."""


class ReportContent(Body):
    """What a report says."""

    report: UUID
    """Id of the report."""
    unit: str
    """Key of the unit."""
    unit_name: str
    """Name of the unit, in Persian and English if it has both."""
    period: ReportPeriodBody
    """Which days it is of."""
    edition: int
    """Number of the edition, from 1."""
    reason: str | None
    """Why it corrects the edition before it."""
    as_of: date
    """Day on which the content was computed."""
    nothing: bool
    """Whether there is nothing to report: no case started or ended. Without figures, the log began later."""
    figures: ReportFigures
    """Figures of the period."""
    before: FiguresBefore
    """The period before."""
    services: ReportServices
    """The services of the register."""
    causes: list[ReportCause]
    """The greatest causes of delay."""
    silence: list[SilenceLine]
    """Silence by unit, the most first."""
    commitments: list[ReportCommitment]
    """The commitments of the unit and those below it."""
    actions: list[ActionBody]
    """Actions that this report decides."""
    earlier_actions: list[ActionBody]
    """Actions of earlier reports that were open in the period; open ones first, by due date."""
    summary: str | None
    """What people say about the period as a whole; null if nobody has."""
    comments: dict[ReportSection, str]
    """Comments by section."""
    writers: list[ReportWriter]
    """Who wrote in it."""
