"""Cases: start, list, read, log, cancel."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.case_filters import CasesQuery, wanted
from api.bodies.cases import (
    AppealRef,
    BillBody,
    CancelCase,
    CaseBody,
    CasePage,
    CaseSummary,
    EndRepresentation,
    EventActor,
    EventBody,
    EventPage,
    EventsQuery,
    LatePayment,
    RepresentationBody,
    SecretBody,
    StartCase,
    StartedBody,
    SuspendCase,
    WithdrawCase,
)
from api.command import Reply, command, etag, revisions_seen, sends, writes_once
from api.requests import may_be_deferred
from api.shapes import (
    OpenIncident,
    OpenTask,
    Request,
    account,
    page_of,
)
from engine import access, cases
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("cases", __name__, tag="Cases")


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
        representation_ended_at=case.representation_ended_at,
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


def _require_startable(uow: UnitOfWork, body: StartCase) -> None:
    cases.form_to_start(uow, body.definition)


@command(blueprint.post("/cases"), body=StartCase, answer=StartedBody, status=201, refusals=(404, 409, 503))
@may_be_deferred("cases.start", _require_startable)
@writes_once
@sends("ETag", "Location")
def start(uow: UnitOfWork, body: StartCase) -> Reply:
    """Start a case

    The case runs to its first wait, usually a task, before the response is sent. Send an `Idempotency-Key`,
    so that a repeated request starts no second case. For caseworkers, portals and applicants.

    If the applicant has an open case of the service, and its rule doesn't allow a second one, it is 409
    `duplicate`, with the open case if you may see it; `confirmable` says whether `confirm_duplicate` helps.
    """
    names = ("applicant", "representative", "business_key", "unit", "channel", "confirm_duplicate")
    application = cases.Application(**{name: getattr(body, name) for name in names})
    return started(cases.start(uow, body.definition, body.data, application))


def started(case: cases.CaseView) -> Reply:
    """Return the response for a new case."""
    headers = {"ETag": etag(case.revision), "Location": f"/api/v1/cases/{case.id}"}
    return Reply(started_body(case), headers, status=201)


def started_body(case: cases.CaseView) -> StartedBody:
    """Return a new case as the API shows it, with its secret."""
    return StartedBody(**case_body(case).model_dump(by_alias=True), secret=case.secret or "")


@command(blueprint.get("/cases"), query=CasesQuery, answer=CasePage)
def index(uow: UnitOfWork, query: CasesQuery) -> Reply:
    """List cases, newest first

    What is personal data is searched for with `POST /cases/search`. With `business_key` an auditor has to
    state a purpose (`X-Purpose`), and each case found is recorded in the access log.
    Portals see the cases that they started, applicants their own. For all roles but designers and services.
    """
    if query.business_key is None:
        return Reply(case_page(cases.page(uow, wanted(query)), query.limit))
    access.require_purpose(uow.actor)
    place = "/query/business_key"
    cases.require_public_key(uow, [query.definition] if query.definition else [], (), place)
    rows = cases.page(uow, wanted(query))
    keys, versions = {row["definition"] for row in rows}, {row["version_id"] for row in rows}
    cases.require_public_key(uow, keys, versions, place)
    return Reply(case_page(rows, query.limit), opened=opened_by_auditor(uow, rows[: query.limit]))


def opened_by_auditor(uow: UnitOfWork, rows: Sequence[Mapping[Any, Any]]) -> tuple[Opened, ...]:
    """Return what the access log records of cases that an auditor has found by what they contain."""
    shown = (access_log.for_auditor(uow.actor, "case", row["id"]) for row in rows)
    return tuple(one for one in shown if one is not None)


def case_page(rows: Sequence[Mapping[Any, Any]], size: int) -> CasePage:
    """Return a page of cases, from its rows and one more."""
    listed = [{**row, "subject": row["subject"] or row["process"]} for row in rows]
    return CasePage(**page_of(CaseSummary, listed, size))


@command(blueprint.get("/cases/<uuid:case_id>"), answer=CaseBody, refusals=(404,))
@sends("ETag")
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read a case

    A portal sees only cases that it started, an applicant only its own. The access is recorded in the access
    log of the case.
    """
    return _reply(cases.get(uow, case_id), Opened("case", case_id))


@command(blueprint.get("/cases/<uuid:case_id>/events"), query=EventsQuery, answer=EventPage, refusals=(404,))
def list_events(uow: UnitOfWork, case_id: UUID, query: EventsQuery) -> Reply:
    """Read a case's log

    Events are never changed or removed; only their personal parts can be erased. For those who work on cases,
    and managers and auditors; the access is recorded in the access log of the case.
    """
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
    """End a case early

    The open tasks are cancelled. 409 for a case that has ended. For administrators, caseworkers and portals.
    """
    return _reply(cases.cancel(uow, case_id, reason=body.reason, revisions=revisions_seen()))


@command(
    blueprint.post("/cases/<uuid:case_id>/suspend"), body=SuspendCase, answer=CaseBody, refusals=(404, 409)
)
@sends("ETag")
def suspend(uow: UnitOfWork, case_id: UUID, body: SuspendCase) -> Reply:
    """Suspend a case

    Timers and messages that fall due meanwhile wait. Suspending a suspended case changes nothing. For
    administrators.
    """
    return _reply(cases.suspend(uow, case_id, reason=body.reason, reason_code=body.reason_code))


@command(blueprint.post("/cases/<uuid:case_id>/resume"), body=Request, answer=CaseBody, refusals=(404, 409))
@sends("ETag")
def resume(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Resume a suspended case

    What fell due while the case was suspended happens now. For administrators.
    """
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

    If the process waits for the message `case.withdraw`, it continues as drawn; otherwise the case ends. 409
    for a case that has ended or is suspended. For caseworkers, portals and applicants.
    """
    return _reply(cases.withdraw(uow, case_id, reason=body.reason, revisions=revisions_seen()))


@command(
    blueprint.post("/cases/<uuid:case_id>/representation/end"),
    body=EndRepresentation,
    answer=RepresentationBody,
    refusals=(404, 409),
)
def end_representation(uow: UnitOfWork, case_id: UUID, body: EndRepresentation) -> Reply:
    """End the representation of a case's applicant

    From then on the representative in `X-On-Behalf-Of` is answered like a stranger, for this case. Their
    name stays with the case. The applicant may do this, the representative, and the office. 409 if nobody
    represents the applicant. For caseworkers, portals and applicants.
    """
    ended = cases.end_representation(uow, case_id, reason=body.reason)
    return Reply(RepresentationBody(**asdict(ended)))


@command(blueprint.post("/cases/<uuid:case_id>/secret"), body=Request, answer=SecretBody, refusals=(404, 409))
def renew_secret(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Issue a new secret for a case's status

    The previous secret is no longer valid. For caseworkers and portals; 409 for a case whose data were
    erased.
    """
    number, secret = cases.renew_secret(uow, case_id)
    return Reply(SecretBody(case_number=number, secret=secret))
