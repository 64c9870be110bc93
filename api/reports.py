"""Progress reports: writing, signing and reading them, their PDF, and who has not reported."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.report_content import ActionBody, OpenActionBody, OpenActionList
from api.bodies.reports import (
    ActionOwner,
    AddAction,
    AgenciesBody,
    BeginReport,
    ChangeAction,
    CloseAction,
    CorrectReport,
    DiscardedReport,
    OwnerList,
    ProgressReportBody,
    ReportList,
    ReportSummary,
    SignReport,
    WriteReport,
    agencies_body,
    report_body,
    summary_of,
)
from api.command import Reply, command, etag, of_one_moment, revisions_seen, sends
from api.shapes import DisplayName, PageQuery, Request, page_of
from api.units import UnitKey
from engine.oversight import reports
from engine.oversight.reports import ActionChanges, NewAction, ReportTexts
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("reports", __name__, tag="Reports")
_PDF = "application/pdf"


class ReportsQuery(PageQuery):
    """Which reports."""

    unit: UnitKey | None = None
    """Key of a unit, with those below it; leave it out for all of yours."""


class ActionsQuery(Request):
    """Which open actions."""

    unit: UnitKey | None = None
    """Key of a unit, with those below it; leave it out for all of yours."""


class AgenciesQuery(Request):
    """Which agencies, and which period."""

    first: date
    """First day of a month, a quarter or a year of either calendar."""
    last: date
    """Last day of the same."""
    unit: UnitKey | None = None
    """Key of a unit: only agencies below it."""


class PdfQuery(Request):
    """How to write the file."""

    language: Literal["fa", "en"] = "fa"
    """Language of the file."""


@command(blueprint.get("/reports"), query=ReportsQuery, answer=ReportList, refusals=(404,))
def index(uow: UnitOfWork, query: ReportsQuery) -> Reply:
    """List progress reports, newest first

    Of all your units, or of one with those below it. For managers, auditors and administrators.
    """
    rows = [summary_of(row) for row in reports.page(uow, query.unit, query.cursor)]
    return Reply(ReportList(**page_of(ReportSummary, rows, reports.PAGE)))


@command(blueprint.get("/reports/agencies"), query=AgenciesQuery, answer=AgenciesBody, refusals=(404,))
@of_one_moment
def compare(uow: UnitOfWork, query: AgenciesQuery) -> Reply:
    """Compare the agencies of a period, and see which have not reported

    All agencies that existed in the period, by name and without a ranking: they have different services. A
    report is due 15 days after its period. For managers, auditors and administrators.
    """
    return Reply(agencies_body(reports.compare(uow, query.first, query.last, query.unit)))


@command(
    blueprint.post("/reports"), body=BeginReport, answer=ProgressReportBody, status=201, refusals=(404, 409)
)
@sends("ETag", "Location")
def create(uow: UnitOfWork, body: BeginReport) -> Reply:
    """Begin the progress report of a unit and a period

    The period is a whole month, quarter or year of either calendar. There is one report of each: 409
    `report-exists` names it. Figures come from the log and are computed at each read until it is signed. For
    managers.
    """
    made = reports.create(uow, body.unit, body.first, body.last)
    return _reply(uow, made, {"Location": f"/api/v1/reports/{made}"}, status=201)


@command(blueprint.get("/reports/<uuid:report_id>"), answer=ProgressReportBody, refusals=(404,))
@sends("ETag")
def show(uow: UnitOfWork, report_id: UUID) -> Reply:
    """Read a progress report

    A draft with the figures of this moment, a signed one as it was signed. `digest` is the SHA-256 of
    `content` in canonical form; the administration log has that of a signed report. For managers, auditors
    and administrators.
    """
    return _reply(uow, report_id)


@command(
    blueprint.patch("/reports/<uuid:report_id>"),
    body=WriteReport,
    answer=ProgressReportBody,
    refusals=(404, 409, 412),
)
@sends("ETag")
def write(uow: UnitOfWork, report_id: UUID, body: WriteReport) -> Reply:
    """Change the texts of a progress report

    An empty text removes one. 409 `report-signed`. For managers.
    """
    texts = ReportTexts(
        body.summary,
        None if body.comments is None else {str(name): text for name, text in body.comments.items()},
    )
    reports.write(uow, report_id, texts, revisions_seen())
    return _reply(uow, report_id)


@command(blueprint.delete("/reports/<uuid:report_id>"), answer=DiscardedReport, refusals=(404, 409, 412))
def discard(uow: UnitOfWork, report_id: UUID) -> Reply:
    """Discard a draft of a progress report

    It can't be restored. 409 `report-has-actions` if actions were decided in it, `report-signed`. For
    managers.
    """
    reports.discard(uow, report_id, revisions_seen())
    return Reply(DiscardedReport(id=report_id))


@command(blueprint.get("/reports/<uuid:report_id>/owners"), answer=OwnerList, refusals=(404,))
def list_owners(uow: UnitOfWork, report_id: UUID) -> Reply:
    """List who can own actions of a progress report

    Accounts of people who work in its unit, or in one below it. For managers; empty for others, and when it
    is signed.
    """
    found = reports.forms(uow, reports.read(uow, report_id)).owners
    return Reply(OwnerList(items=[ActionOwner(id=row["id"], name=_name(row["names"])) for row in found]))


@command(
    blueprint.post("/reports/<uuid:report_id>/actions"),
    body=AddAction,
    answer=ActionBody,
    status=201,
    refusals=(404, 409),
)
def add_action(uow: UnitOfWork, report_id: UUID, body: AddAction) -> Reply:
    """Add an action to a progress report

    Until it is closed, each later report of the unit shows it. 409 `report-signed`, `too-many-actions`. For
    managers.
    """
    cause = None if body.cause is None else body.cause.model_dump()
    made = reports.add_action(uow, report_id, NewAction(body.text, body.owner, body.due, cause))
    return Reply(_action(uow, made), status=201)


@command(blueprint.get("/report-actions"), query=ActionsQuery, answer=OpenActionList, refusals=(404,))
def list_actions(uow: UnitOfWork, query: ActionsQuery) -> Reply:
    """List open actions of progress reports, earliest due date first

    Of all your units, or of one with those below it: the first 200, and how many there are. For managers,
    auditors and administrators.
    """
    found = reports.open_actions(uow, query.unit)
    items = [OpenActionBody.model_validate(one) for one in found.items]
    return Reply(OpenActionList(items=items, total=found.total))


@command(
    blueprint.patch("/report-actions/<uuid:action_id>"),
    body=ChangeAction,
    answer=ActionBody,
    refusals=(404, 409),
)
def change_action(uow: UnitOfWork, action_id: UUID, body: ChangeAction) -> Reply:
    """Change an open action

    In a report or between two. Its history has what it was before. 409 `action-closed`. For managers.
    """
    reports.change_action(uow, action_id, ActionChanges(body.text, body.owner, body.due))
    return Reply(_action(uow, action_id))


@command(
    blueprint.post("/report-actions/<uuid:action_id>/close"),
    body=CloseAction,
    answer=ActionBody,
    refusals=(404, 409),
)
def close_action(uow: UnitOfWork, action_id: UUID, body: CloseAction) -> Reply:
    """Close an action: it is done, or dropped for a reason

    In a report or between two. 409 `action-closed`. For managers.
    """
    reports.close_action(uow, action_id, body.status, body.reason)
    return Reply(_action(uow, action_id))


@command(
    blueprint.post("/reports/<uuid:report_id>/signature"),
    body=SignReport,
    answer=ProgressReportBody,
    refusals=(403, 404, 409),
)
@sends("ETag")
def sign(uow: UnitOfWork, report_id: UUID, body: SignReport) -> Reply:
    """Sign a progress report

    Send the `digest` that you read: 409 `report-changed` if the report says something else by now. 403
    `own-report` for everybody who wrote in it, 409 `period-not-ended` before its period is over, 409
    `report-signed` if it is. From then on it never changes. For managers.
    """
    reports.sign(uow, report_id, body.digest)
    return _reply(uow, report_id)


@command(
    blueprint.post("/reports/<uuid:report_id>/editions"),
    body=CorrectReport,
    answer=ProgressReportBody,
    status=201,
    refusals=(404, 409),
)
@sends("ETag", "Location")
def correct(uow: UnitOfWork, report_id: UUID, body: CorrectReport) -> Reply:
    """Correct a signed progress report by a new edition

    With its texts and with figures of today. Both remain readable. 409 `report-not-signed`, `report-exists`.
    For managers.
    """
    made = reports.correct(uow, report_id, body.reason)
    return _reply(uow, made, {"Location": f"/api/v1/reports/{made}"}, status=201)


@command(
    blueprint.get("/reports/<uuid:report_id>/pdf"), query=PdfQuery, answer=_PDF, refusals=(404, 422, 503)
)
def read_pdf(uow: UnitOfWork, report_id: UUID, query: PdfQuery) -> Reply:
    """Read a progress report as PDF

    Tagged, for archives (PDF/A). A draft is marked as one; that of a signed report is always the same, with
    its digest and who signed it. Of long lists it has the beginning, and says how many more there are.
    """
    name = f"report-{report_id}-{query.language}.pdf"
    headers = {"Content-Type": _PDF, "Content-Disposition": f'inline; filename="{name}"'}
    document = reports.document(reports.read(uow, report_id), query.language, uow.now.tzinfo)
    return Reply(lambda: [reports.pdf(document)], headers, stored=None)


def _reply(
    uow: UnitOfWork, report_id: UUID, headers: dict[str, str] | None = None, status: int = 200
) -> Reply:
    view = reports.read(uow, report_id)
    sent = {**(headers or {}), "ETag": etag(view.row["revision"])}
    return Reply(report_body(view), sent, status=status)


def _action(uow: UnitOfWork, action_id: UUID) -> ActionBody:
    return ActionBody.model_validate(reports.action(uow, action_id))


def _name(names: Any) -> DisplayName:
    return DisplayName(fa=names["fa"], en=names["en"])
