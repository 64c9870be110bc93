"""Progress reports as JSON."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from api.bodies.report_content import ReportContent, ReportFigures, ReportPeriodBody, ReportSection
from api.shapes import WORDS, Body, DisplayName, Instant, Page, Request, Text
from engine.oversight.reports import Comparison, ReportView

ReportState = Literal["none", "draft", "signed"]
ReportStatus = Literal["draft", "signed"]
ActionEnd = Literal["done", "dropped"]
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


class DiscardedReport(Body):
    """A draft that was discarded."""

    id: UUID
    """Its id."""


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
    """Who signed it, under the name of that time."""
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
    """Whether a signed report, its signer and its time are what the administration log says."""
    created_at: Instant
    """When it was begun."""
    signed_at: Instant | None
    """When it was signed."""
    signer: DisplayName | None
    """Who signed it, under the name of that time."""
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
    """Commitments that were missed."""
    late: int
    """Commitments that were reached late."""
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
    """The first 60, by name. Choose a `unit` for others."""
    total: int
    """How many agencies there are."""
    missing: int
    """How many of all have not signed a report."""


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
            **{"due": found.due, "ended": found.ended, "total": found.total},
            "missing": len(found.silent),
            "items": [{name: getattr(line, name) for name in names} for line in found.lines],
        }
    )
