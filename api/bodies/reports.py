"""Progress reports as JSON."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from api.metrics.bodies import FigureBody
from api.shapes import WORDS, Body, DisplayName, Instant, Page, Request, Text
from engine.models import CommitmentCause, CommitmentMetric, CommitmentState, OfflineReason
from engine.oversight.reports import ActionStatus, Comparison, ReportView
from engine.platform.language import Calendar

ReportPeriodKind = Literal["month", "quarter", "year"]
ReportState = Literal["none", "draft", "signed"]
ReportStatus = Literal["draft", "signed"]
ActionEnd = Literal["done", "dropped"]
ReportSection = Literal["services", "cases", "causes", "silence", "commitments", "actions"]
_Comment = Annotated[str, StringConstraints(max_length=10_000, pattern=WORDS)]
_Line = Annotated[str, StringConstraints(max_length=1_000, pattern=WORDS)]
_Digest = Annotated[str, StringConstraints(min_length=64, max_length=64, pattern=r"^[0-9a-fA-F]{64}$")]


class BeginReport(Request):
    """The unit and the period of a report."""

    unit: Text
    """Key of a unit of yours."""
    first: date
    """First day of a month, a quarter or a year of the Jalali or Gregorian calendar."""
    last: date
    """Last day of the same."""


class WriteReport(Request):
    """Texts of a report. What you leave out stays as it is."""

    summary: _Comment | None = None
    """The summary; empty: none."""
    comments: dict[ReportSection, _Comment] | None = None
    """Comments by section; those of other sections stay as they are."""


class CauseOfAction(Request):
    """Which of the causes of delay in the report an action is about."""

    party: str = Field(max_length=1_000)
    """`party` of the cause."""
    definition: str = Field(max_length=1_000)
    """`definition` of the cause."""
    element: str = Field(max_length=1_000)
    """`element` of the cause."""
    bucket: str = Field(max_length=100)
    """`bucket` of the cause."""


class AddAction(Request):
    """Something that the unit will do."""

    text: _Line
    """What."""
    owner: UUID
    """Id of the account of who is responsible: one of `GET /reports/{report_id}/owners`."""
    due: date
    """By which day: today or later."""
    cause: CauseOfAction | None = None
    """The cause of delay that it is about."""


class ChangeAction(Request):
    """What to change. What you leave out stays as it is."""

    text: _Line | None = None
    """What."""
    owner: UUID | None = None
    """Id of the account of who is responsible."""
    due: date | None = None
    """By which day: today or later."""


class CloseAction(Request):
    """How an action ends."""

    status: ActionEnd
    """Whether it is done, or dropped."""
    reason: _Line | None = None
    """Why it is dropped, which is required; or what was done."""


class SignReport(Request):
    """What is signed."""

    digest: _Digest
    """The `digest` that you read."""


class CorrectReport(Request):
    """Why a signed report is corrected."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=WORDS)]
    """What was wrong."""


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
    """By which day."""
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
    """By when an explanation is due."""
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
    """The earliest due date first."""


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
    """Whether there is nothing to report: no case started or ended."""
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


class ReportSummary(Body):
    """A report in a list."""

    id: UUID
    """Its id."""
    unit: str
    """Key of the unit."""
    unit_name: str
    """Name of the unit, in Persian and English if it has both."""
    first: date
    """First day of the period."""
    last: date
    """Last day of the period."""
    edition: int
    """Number of the edition, from 1."""
    reason: str | None
    """Why it corrects the edition before it."""
    status: ReportStatus
    """Whether it is signed."""
    created_at: Instant
    """When it was begun."""
    signed_at: Instant | None
    """When it was signed."""
    signer: DisplayName | None
    """Who signed it."""
    digest: str | None
    """SHA-256 of what was signed, in hexadecimal."""


class ReportList(Page[ReportSummary]):
    """A page of reports, newest first."""


class ProgressReportBody(Body):
    """A report."""

    id: UUID
    """Its id."""
    status: ReportStatus
    """Whether it is signed."""
    ended: bool
    """Whether its period is over: before, it can't be signed."""
    revision: int
    """Counts the changes of its texts and actions."""
    digest: str
    """SHA-256 of `content` in canonical form, in hexadecimal."""
    intact: bool
    """Whether what is stored of a signed report still has the digest that was signed."""
    created_at: Instant
    """When it was begun."""
    signed_at: Instant | None
    """When it was signed."""
    signer: DisplayName | None
    """Who signed it."""
    editions: list[ReportSummary]
    """All editions of this report, oldest first."""
    content: ReportContent
    """What it says."""


class ActionOwner(Body):
    """Somebody who can be responsible for an action."""

    id: UUID
    """Id of the account."""
    name: DisplayName
    """What the person is called."""


class OwnerList(Body):
    """Who can be responsible for actions."""

    items: list[ActionOwner]
    """By the name of the account."""


class AgencyBody(Body):
    """An agency in a period."""

    unit: str
    """Key of the agency."""
    name: str
    """Its name."""
    report: UUID | None
    """Id of its report; null if there is none."""
    state: ReportState
    """What there is of its report."""
    overdue_report: bool
    """Whether its report was due and is not signed."""
    figures: ReportFigures
    """Its figures."""
    online: int
    """Its services that are online here."""
    services: int
    """Its services in the register."""
    commitments: int
    """Its commitments."""
    missed: int
    """Commitments that were missed, or reached late."""
    open_actions: int
    """Actions that are open today."""
    overdue_actions: int
    """Those of them whose due date is over."""


class AgenciesBody(Body):
    """The agencies of a period."""

    period: ReportPeriodBody
    """Which days it is of."""
    due: date
    """By which day its reports have to be signed."""
    ended: bool
    """Whether the period is over."""
    items: list[AgencyBody]
    """By name."""
    more: bool
    """Whether there are more agencies than the list has."""


def summary_of(row: RowMapping) -> dict[str, Any]:
    """Return a report as in lists."""
    names = ("id", "unit", "unit_name", "first", "last", "edition", "reason", "created_at", "signed_at")
    found = {name: row[name] for name in (*names, "digest", "signer")}
    return {**found, "status": "draft" if row["signed_at"] is None else "signed"}


def report_body(view: ReportView) -> ProgressReportBody:
    """Return a report as JSON."""
    known = summary_of(view.row)
    of_row = ("id", "status", "created_at", "signed_at", "signer")
    return ProgressReportBody.model_validate(
        {
            **{name: known[name] for name in of_row},
            **{"ended": view.ended, "revision": view.row["revision"], "digest": view.digest},
            **{"intact": view.intact, "content": view.content},
            "editions": [summary_of(row) for row in view.editions],
        }
    )


def agencies_body(found: Comparison) -> AgenciesBody:
    """Return the agencies of a period as JSON."""
    period = found.period
    days = {"first": period.days.first, "last": period.days.last}
    names = AgencyBody.model_fields
    return AgenciesBody.model_validate(
        {
            "period": {"kind": period.kind, "calendar": period.calendar, **days},
            **{"due": found.due, "ended": found.ended, "more": found.more},
            "items": [{name: getattr(line, name) for name in names} for line in found.lines],
        }
    )
