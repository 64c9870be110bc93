"""Cases: start, list, read, log, cancel."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field

from api.command import Reply, command, etag, revisions_seen, sends, tagged, writes_once
from api.shapes import (
    Account,
    Body,
    Instant,
    Key,
    OpenIncident,
    OpenTask,
    Page,
    PageQuery,
    Request,
    Text,
    account,
    page_of,
)
from engine import cases
from engine.cases import BillStatus
from engine.models import CaseStatus, Channel
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("cases", __name__, tag="Cases")


class StartCase(Request):
    """A new case: `data` must match the definition's start form.

    `unit` is the key of the unit that handles it; by default that of the process, or your own unit below
    it. `channel` is how the application was submitted; by default `assisted` for caseworkers and `online`
    for others.
    """

    definition: Key
    data: dict[str, Any] = Field(default_factory=dict)
    applicant: Text | None = None
    representative: Text | None = None
    business_key: Text | None = None
    unit: Text | None = None
    channel: Channel | None = None


class CancelCase(Request):
    """The reason for ending a case early."""

    reason: Text | None = None


class WithdrawCase(Request):
    """The reason for the withdrawal."""

    reason: Text | None = None


class SuspendCase(Request):
    """The reason for the suspension, as a code that can be counted and as a text."""

    reason: Text | None = None
    reason_code: cases.SuspensionCode | None = None


class AppealRef(Body):
    """A case that appeals a decision of this case."""

    id: UUID
    case_number: str


class LatePayment(Body):
    """A payment that arrived too late, so that its case did not continue."""

    amount: str
    currency: str
    at: Instant


class BillBody(Body):
    """A bill of a case. `amount` is an exact decimal; `link`, the payment page, is only for the applicant."""

    id: UUID
    reference: str
    amount: str
    currency: str
    purpose: str | None
    due_on: date | None
    status: BillStatus
    link: str | None
    issued_at: Instant
    paid_at: Instant | None
    closed_at: Instant | None
    late: LatePayment | None


class CaseBody(Body):
    """A case with its open tasks and incidents. Its personal data was erased at `erased_at`.

    `subject` says what it is about; by default it is the name of the process.
    """

    id: UUID
    case_number: str
    definition: str
    version: int
    status: CaseStatus
    outcome: str | None
    unit: str
    applicant: str | None
    representative: str | None
    business_key: str | None
    channel: Channel | None
    appeal_of: UUID | None
    appeals: list[AppealRef]
    subject: str
    data: dict[str, Any]
    started_at: Instant
    ended_at: Instant | None
    erased_at: Instant | None
    tasks: list[OpenTask]
    incidents: list[OpenIncident]
    bills: list[BillBody]


class StartedBody(CaseBody):
    """A case that was started.

    With its number, `secret` gives access to its status. It is only returned once.
    """

    secret: str


class SecretBody(Body):
    """The secret for the status of the case. It is only returned once and replaces the previous one."""

    case_number: str
    secret: str


class CaseSummary(Body):
    """A case in a list. `subject` says what it is about; by default it is the name of the process."""

    id: UUID
    case_number: str
    definition: str
    version: int
    status: CaseStatus
    outcome: str | None
    unit: str
    subject: str
    started_at: Instant
    ended_at: Instant | None
    erased_at: Instant | None


class CasesQuery(PageQuery):
    """Which cases; `since` is when they began at the earliest."""

    status: CaseStatus | None = None
    definition: Key | None = None
    since: AwareDatetime | None = None


class CasePage(Page[CaseSummary]):
    """A page of cases, newest first."""


class EventActor(Account):
    """Who acted, with the role and unit at that time."""

    role: str
    unit: str | None


class EventBody(Body):
    """An event of the log.

    `facts` are never erased; null in events of earlier releases. `payload` is null if the event has none or
    it was erased.
    """

    seq: int
    at: Instant
    kind: str
    element: str | None
    task: UUID | None
    actor: EventActor
    on_behalf_of: str | None
    purpose: str | None
    definition: str
    version: int
    facts: dict[str, str | int | bool] | None
    payload: dict[str, Any] | None
    hash: str


class EventsQuery(Request):
    """The events after this sequence number."""

    cursor: int = Field(default=0, ge=0, le=2**31 - 1)


class EventPage(Body):
    """A page of the log, in order. `next` is the cursor of the next page, or null on the last one."""

    items: list[EventBody]
    next: int | None


def case_body(case: cases.CaseView) -> CaseBody:
    """Return a case as the API shows it."""
    return CaseBody(
        id=case.id,
        case_number=case.number,
        definition=case.key,
        version=case.version,
        status=case.status,  # type: ignore[arg-type]  # text in the database; pydantic checks it
        outcome=case.outcome,
        unit=case.unit,
        applicant=case.applicant,
        representative=case.representative,
        business_key=case.business_key,
        channel=case.channel,
        appeal_of=case.appeal_of,
        appeals=[AppealRef(**appeal) for appeal in case.appeals],
        subject=case.subject or case.name,
        data=dict(case.data),
        started_at=case.started_at,
        ended_at=case.ended_at,
        erased_at=case.erased_at,
        tasks=[OpenTask.model_validate(dict(task)) for task in case.tasks],
        incidents=[OpenIncident.model_validate(dict(incident)) for incident in case.incidents],
        bills=[_bill(bill) for bill in case.bills],
    )


def _bill(bill: cases.BillView) -> BillBody:
    late = bill.late
    told = asdict(bill) | {
        "amount": f"{bill.amount:f}",
        "late": late and LatePayment(amount=f"{late.amount:f}", currency=late.currency, at=late.at),
    }
    return BillBody.model_validate(told)


def _reply(case: cases.CaseView, opened: Opened | None = None) -> Reply:
    return Reply(case_body(case), {"ETag": etag(case.revision)}, opened=opened)


@command(blueprint.post("/cases"), body=StartCase, answer=StartedBody, status=201, refusals=(404, 409, 503))
@writes_once
@sends("ETag", "Location")
def start(uow: UnitOfWork, body: StartCase) -> Reply:
    """Start a case"""
    names = ("applicant", "representative", "business_key", "unit", "channel")
    application = cases.Application(**{name: getattr(body, name) for name in names})
    return started(cases.start(uow, body.definition, body.data, application))


def started(case: cases.CaseView) -> Reply:
    """Return the response for a new case."""
    headers = {"ETag": etag(case.revision), "Location": f"/api/v1/cases/{case.id}"}
    body_of = case_body(case).model_dump(by_alias=True)
    return Reply(StartedBody(**body_of, secret=case.secret or ""), headers, status=201)


@command(blueprint.get("/cases"), query=CasesQuery, answer=CasePage)
def index(uow: UnitOfWork, query: CasesQuery) -> Reply:
    """List cases, newest first"""
    wanted = cases.Wanted(query.status, query.definition, query.since, after=query.cursor)
    rows = cases.page(uow, wanted)
    told = [{**row, "subject": row["subject"] or row["process"]} for row in rows]
    return Reply(CasePage(**page_of(CaseSummary, told, cases.PAGE)))


@command(blueprint.get("/cases/<uuid:case_id>"), answer=CaseBody, refusals=(404,))
@tagged
@sends("ETag")
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read a case"""
    return _reply(cases.get(uow, case_id), Opened("case", case_id))


@command(blueprint.get("/cases/<uuid:case_id>/events"), query=EventsQuery, answer=EventPage, refusals=(404,))
def list_events(uow: UnitOfWork, case_id: UUID, query: EventsQuery) -> Reply:
    """Read a case's log"""
    return Reply(event_page(uow, case_id, query.cursor), opened=Opened("events", case_id))


def event_page(uow: UnitOfWork, case_id: UUID, after: int = 0) -> EventPage:
    """Return a page of a case's log."""
    rows = cases.log(uow, case_id, after=after)
    items = [_event(row) for row in rows[: cases.LOG_PAGE]]
    return EventPage(items=items, next=items[-1].seq if len(rows) > cases.LOG_PAGE else None)


def _event(row: Any) -> EventBody:
    payload = dict(row["payload"]) if row["payload"] else {}
    behalf, purpose = payload.pop("on_behalf_of", None), payload.pop("purpose", None)
    actor = EventActor(**account(row, "actor"), role=row["actor_role"], unit=row["actor_unit"])
    return EventBody(
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        element=row["element"],
        task=row["task_id"],
        actor=actor,
        on_behalf_of=behalf,
        purpose=row["purpose"] or purpose,
        definition=row["key"],
        version=row["version"],
        facts=row["facts"],
        payload=payload or None,
        hash=row["hash"].hex(),
    )


@command(
    blueprint.post("/cases/<uuid:case_id>/cancel"), body=CancelCase, answer=CaseBody, refusals=(404, 409, 412)
)
@sends("ETag")
def cancel(uow: UnitOfWork, case_id: UUID, body: CancelCase) -> Reply:
    """End a case early"""
    return _reply(cases.cancel(uow, case_id, reason=body.reason, revisions=revisions_seen()))


@command(
    blueprint.post("/cases/<uuid:case_id>/suspend"), body=SuspendCase, answer=CaseBody, refusals=(404, 409)
)
@sends("ETag")
def suspend(uow: UnitOfWork, case_id: UUID, body: SuspendCase) -> Reply:
    """Suspend a case"""
    return _reply(cases.suspend(uow, case_id, reason=body.reason, reason_code=body.reason_code))


@command(blueprint.post("/cases/<uuid:case_id>/resume"), body=Request, answer=CaseBody, refusals=(404, 409))
@sends("ETag")
def resume(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Resume a suspended case"""
    return _reply(cases.resume(uow, case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/withdraw"),
    body=WithdrawCase,
    answer=CaseBody,
    refusals=(404, 409, 412),
)
@sends("ETag")
def withdraw(uow: UnitOfWork, case_id: UUID, body: WithdrawCase) -> Reply:
    """Withdraw an application, as the applicant or on their behalf

    If the process waits for the message `case.withdraw`, it continues as drawn; otherwise the case ends.
    """
    return _reply(cases.withdraw(uow, case_id, reason=body.reason, revisions=revisions_seen()))


@command(blueprint.post("/cases/<uuid:case_id>/secret"), body=Request, answer=SecretBody, refusals=(404, 409))
def renew_secret(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Issue a new secret for a case's status"""
    number, secret = cases.renew_secret(uow, case_id)
    return Reply(SecretBody(case_number=number, secret=secret))
