"""Requests and responses about cases."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from api.shapes import (
    Account,
    Body,
    CaseId,
    CaseNumber,
    DefinitionKey,
    EventElement,
    EventFacts,
    EventHash,
    EventKind,
    EventSeq,
    EventTask,
    HandlingUnit,
    Instant,
    Key,
    OpenIncident,
    OpenTask,
    Page,
    Request,
    Text,
    VersionNumber,
)
from engine import cases
from engine.cases import BillStatus
from engine.models import CaseStatus, Channel


class StartCase(Request):
    """A new case."""

    definition: Key
    """Key of the definition. The case runs its current version."""
    data: dict[str, Any] = Field(default_factory=dict)
    """The answer to the start form of the definition, with at most 1 MiB."""
    applicant: Text | None = None
    """National ID of the person, or of the organisation, whose case it is. It is a free text, so that
    foreigners can have cases; only services that know the applicant's national ID require a valid one of
    portals. An applicant's own account can leave it out: it starts cases only for itself.
    """
    representative: Text | None = None
    """National ID of the person who represents the applicant, if somebody does."""
    business_key: Text | None = None
    """Number of the case in another system. If the process declares it unique, 409 while another case with it
    runs.
    """
    unit: Text | None = None
    """Key of the unit that handles the case; by default that of the definition, or the caseworker's own unit
    below it.
    """
    channel: Channel | None = None
    """How the application was submitted; by default `assisted` for caseworkers and `online` for others."""
    confirm_duplicate: bool = False
    """Whether a further case is meant although the applicant has an open one of the same service, where the
    service asks that (`duplicates` in its `service.toml`).
    """


class CancelCase(Request):
    """The reason for ending a case early."""

    reason: Text | None = None
    """Why the case is cancelled; stored in the log of the case."""


class WithdrawCase(Request):
    """The reason for the withdrawal."""

    reason: Text | None = None
    """Why the applicant withdraws; stored in the log of the case."""


class EndRepresentation(Request):
    """The reason for the end of a representation."""

    reason: Text | None = None
    """Why it ends; stored in the log of the case."""


class SuspendCase(Request):
    """The reason for the suspension."""

    reason: Text | None = None
    """Why the case is suspended, as a text; stored in the log of the case."""
    reason_code: cases.SuspensionCode | None = None
    """Why the case is suspended, as a code that can be counted."""


class AppealRef(Body):
    """A case that appeals a decision of this case."""

    id: UUID
    """Id of the appeal, which is a case."""
    case_number: CaseNumber


class LatePayment(Body):
    """A payment that arrived too late, so that its case did not continue."""

    amount: str
    """Amount that was paid: an exact decimal as text."""
    currency: str
    """Currency of the payment (ISO 4217)."""
    at: Instant
    """When the payment was reported."""


class BillBody(Body):
    """A bill of a case."""

    id: UUID
    """Id of the bill."""
    reference: str
    """Number of the bill at the payment service; payments are matched by it."""
    amount: str
    """Amount to pay: an exact decimal as text."""
    currency: str
    """Currency of the amount (ISO 4217)."""
    purpose: str | None
    """What is paid for; null if the process states nothing."""
    due_on: date | None
    """Last day to pay; null if there is none."""
    status: BillStatus
    """Status of the bill."""
    link: str | None
    """Address of the payment page. Null unless a portal or the applicant reads an unpaid bill."""
    issued_at: Instant
    """When the payment service issued the bill."""
    paid_at: Instant | None
    """When the bill was paid; null if it wasn't."""
    closed_at: Instant | None
    """When the bill expired or was cancelled; null for one that is paid or can be paid."""
    late: LatePayment | None
    """The last payment that arrived too late, so that the case did not continue; null if there is none."""


class CaseBody(Body):
    """A case with its open tasks, incidents and bills."""

    id: CaseId
    case_number: CaseNumber
    definition: DefinitionKey
    version: VersionNumber
    status: CaseStatus
    """Status of the case."""
    outcome: str | None
    """How the case ended or what was decided, in the word of the process; null before that, or without an
    outcome.
    """
    unit: HandlingUnit
    applicant: str | None
    """National ID of the applicant; null if none was given."""
    representative: str | None
    """National ID of the applicant's representative; null if there is none."""
    representation_ended_at: Instant | None
    """When the representation ended; null while there is one, and for a case without a representative."""
    business_key: str | None
    """Number of the case in another system; null if none was given."""
    channel: Channel | None
    """How the application was submitted; null for a case that started automatically."""
    appeal_of: UUID | None
    """Id of the case whose decision this case appeals; null for a case that is no appeal."""
    appeals: list[AppealRef]
    """The cases that appeal a decision of this case."""
    subject: str
    """What the case is about, in one line; by default the name of the process."""
    data: dict[str, Any]
    """The variables of the case, without fields that forms hide from the caller's roles."""
    started_at: Instant
    """When the case started."""
    ended_at: Instant | None
    """When the case ended; null while it runs or is suspended."""
    erased_at: Instant | None
    """When the personal data of the case were erased; null if they weren't."""
    tasks: list[OpenTask]
    """The open tasks; portals and applicants don't see requests for an opinion."""
    incidents: list[OpenIncident]
    """The open incidents, oldest first."""
    bills: list[BillBody]
    """The bills, oldest first."""


class StartedBody(CaseBody):
    """A case that was started."""

    secret: str
    """Opens the status of the case, together with its number (`POST /status`). It is only returned here: show
    it to the applicant.
    """


class RepresentationBody(Body):
    """A representation that has ended."""

    case_number: CaseNumber
    representative: str
    """National ID of the person who represented the applicant."""
    ended_at: Instant
    """When the representation ended."""


class SecretBody(Body):
    """The new secret for the status of a case."""

    case_number: CaseNumber
    secret: str
    """Replaces the previous secret, which is no longer valid. It is only returned here."""


class CaseSummary(Body):
    """A case in a list."""

    id: CaseId
    case_number: CaseNumber
    definition: DefinitionKey
    version: VersionNumber
    status: CaseStatus
    """Status of the case."""
    outcome: str | None
    """How the case ended or what was decided, in the word of the process; null before that, or without an
    outcome.
    """
    unit: HandlingUnit
    subject: str
    """What the case is about, in one line; by default, or if the caller may not see it, the name of the
    process.
    """
    started_at: Instant
    """When the case started."""
    ended_at: Instant | None
    """When the case ended; null while it runs or is suspended."""
    erased_at: Instant | None
    """When the personal data of the case were erased; null if they weren't."""


class CasePage(Page[CaseSummary]):
    """A page of cases, newest first."""


class EventActor(Account):
    """Who acted, with the role and unit at that time."""

    role: str
    """Role of the account at that time; `system` for workers and commands of the installation."""
    unit: str | None
    """Key of the unit as whose member they acted; null if there was none."""


class EventBody(Body):
    """An event of the log of a case."""

    seq: EventSeq
    at: Instant
    """When the command ran that the event belongs to; all events of one command have the same instant."""
    kind: EventKind
    element: EventElement
    task: EventTask
    actor: EventActor
    """Who acted."""
    on_behalf_of: str | None
    """For whom the actor acted (`X-On-Behalf-Of`); null if not stated, or erased."""
    purpose: str | None
    """Why the actor acted (`X-Purpose`); null if not stated, or erased."""
    definition: DefinitionKey
    version: int
    """Number of the version that the case ran at that time."""
    facts: EventFacts
    payload: dict[str, Any] | None
    """What else the event states, which may be personal; null if there is nothing or it was erased."""
    hash: EventHash


class EventsQuery(Request):
    """Which events of the log."""

    cursor: int = Field(default=0, ge=0, le=2**31 - 1)
    """Only events after this `seq`; 0 for all."""


class EventPage(Body):
    """A page of the log, in order; at most 500 events."""

    items: list[EventBody]
    """The events, by `seq`."""
    next: int | None
    """Send it as `cursor` to read the next page; null on the last page."""
