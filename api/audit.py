"""The audit: checkpoints, verifications of the logs, and searching the log with a purpose."""

import base64
import struct
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy import RowMapping

from api.command import Reply, command, sends
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
    Instant,
    Key,
    Page,
    PageQuery,
    Request,
    Text,
    account,
    page_of,
)
from engine.events import Kind
from engine.models import AuditKind, CheckpointTarget, SendingStatus
from engine.oversight.audit import checkpoints, runs, search, sending
from engine.oversight.audit.search import Place, Wanted
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("audit", __name__, tag="Audit")

_CURSOR = struct.Struct(">Q16sI2x")  # transaction, case, number in the case


class SummaryBody(Body):
    """The chains of a log."""

    count: int
    """Number of chains."""
    entries: int
    """Number of entries in all of them."""
    root: str
    """Merkle root of their heads (RFC 6962), in hexadecimal."""


class ChainBody(Body):
    """A log that is one chain."""

    length: int
    """Number of entries."""
    head: str
    """Hash of the last entry, in hexadecimal."""


class SendingBody(Body):
    """Where a checkpoint is sent."""

    target: CheckpointTarget
    """Where it is sent."""
    status: SendingStatus
    """Status of the sending."""
    attempts: int
    """How often it was tried."""
    failure: str | None
    """Why the last attempt failed; null if none failed."""
    closed_at: Instant | None
    """When it was sent or has failed permanently; null while it waits."""


class CheckpointBody(Body):
    """A signed summary of all logs at one moment."""

    number: int
    """Number of the checkpoint, from 1."""
    at: Instant
    """The moment."""
    hash: str
    """SHA-256 of its canonical JSON, in hexadecimal."""
    altered: bool = False
    """Whether it was altered in the database and can't be read. Then only number, time, hash and sendings are
    known."""
    previous: str | None = None
    """Hash of the checkpoint before it; null for the first."""
    installation: UUID | None = None
    """Id of the installation."""
    cases: SummaryBody | None = None
    """The event logs of all cases."""
    readers: SummaryBody | None = None
    """The access logs of all readers."""
    administration: ChainBody | None = None
    """The administration log."""
    keys: list[str] = Field(default_factory=list)
    """Public keys (Ed25519, hexadecimal) that have signed it; empty if it isn't signed."""
    sendings: list[SendingBody]
    """Where it is sent."""


class SignatureBody(Body):
    """A signature of a checkpoint."""

    key: str
    """Id of the key: the beginning of the SHA-256 of its bytes."""
    signature: str
    """Ed25519 signature, in base64."""


class CheckpointFile(Body):
    """A checkpoint as it is sent out."""

    checkpoint: dict[str, Any]
    """What is hashed and signed, as canonical JSON (RFC 8785)."""
    hash: str
    """SHA-256 of the canonical JSON of `checkpoint`, in hexadecimal."""
    signatures: list[SignatureBody]
    """The signatures; empty if it isn't signed."""


class CheckpointsQuery(Request):
    """Which checkpoints."""

    before: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """Only checkpoints before this number."""


class CheckpointsBody(Body):
    """A page of checkpoints."""

    items: list[CheckpointBody]
    """The checkpoints, newest first."""
    next: int | None
    """Send it as `before` to read the next page; null on the last page."""


class RunBody(Body):
    """A checkpoint or a verification that was requested from a worker."""

    id: UUID
    """Id of the run."""
    kind: AuditKind
    """What was requested."""
    requested_by: str
    """Name of the account that requested it."""
    requested_at: Instant
    """When it was requested."""
    started_at: Instant | None
    """When a worker began; null before that."""
    finished_at: Instant | None
    """When it ended; null before that."""
    done: int
    """Number of entries verified so far."""
    total: int | None
    """Number of entries to verify; null before it begins."""
    result: dict[str, Any] | None
    """The result, with `intact` and `findings` of a verification; null until it has ended."""


class RunPage(Page[RunBody]):
    """A page of runs, newest first."""


class Sent(Body):
    """To how many targets a checkpoint is sent again."""

    sendings: int
    """Number of targets that don't have it."""


class SearchQuery(Request):
    """What to search for. Without a case and a time, the last 30 days are searched."""

    case: Text | None = None
    """Only events of the case with this number or id."""
    role: Key | None = None
    """Only events of persons with this role."""
    unit: Key | None = None
    """Only events of persons, or cases, of the unit with this key and those below it."""
    kind: Kind | None = None
    """Only events of this kind."""
    since: AwareDatetime | None = None
    """Only events at this instant or later."""
    until: AwareDatetime | None = None
    """Only events at this instant or earlier."""
    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40}$")] | None = None
    """The `next` of the page before; leave it out for the first page."""


class FoundEvent(Body):
    """An event of the log without its payload, which the log of its case has."""

    id: str
    """Id of the event: id of the case and number, as in `<case>/<seq>`."""
    case: CaseId
    case_number: CaseNumber
    seq: EventSeq
    at: Instant
    """When the command ran that the event belongs to."""
    kind: EventKind
    element: EventElement
    task: EventTask
    actor: Account
    """Who acted."""
    role: str
    """Role of the actor at that time; `system` for workers and commands of the installation."""
    unit: str | None
    """Key of the unit as whose member the actor acted; null if there was none."""
    facts: EventFacts
    definition: DefinitionKey
    version: int
    """Number of the version that the case ran at that time."""
    hash: EventHash


class FoundBody(Body):
    """A page of events."""

    items: list[FoundEvent]
    """The events, newest first."""
    next: str | None
    """Send it as `after` to read the next page; null on the last page."""


@command(blueprint.get("/audit/checkpoints"), query=CheckpointsQuery, answer=CheckpointsBody)
def list_checkpoints(uow: UnitOfWork, query: CheckpointsQuery) -> Reply:
    """List checkpoints, newest first

    With where each was sent. For administrators and auditors of all units.
    """
    rows = checkpoints.page(uow.connection, before=query.before)
    shown = rows[: checkpoints.PAGE]
    sent = sending.of(uow, [row["number"] for row in shown])
    items = [_checkpoint(row, sent[row["number"]]) for row in shown]
    return Reply(CheckpointsBody(items=items, next=items[-1].number if len(rows) > len(shown) else None))


@command(blueprint.get("/audit/checkpoints/<int:number>"), answer=CheckpointFile, refusals=(404,))
def show_checkpoint(uow: UnitOfWork, number: int) -> Reply:
    """Download a checkpoint as the file that `audit verify --checkpoint` takes

    What is hashed and signed is the canonical JSON (RFC 8785) of `checkpoint`. For everybody with a token.
    """
    document = checkpoints.get(uow.connection, number).document()
    return Reply(CheckpointFile.model_validate_json(document))


@command(blueprint.post("/audit/checkpoints"), body=Request, answer=RunBody, status=201, refusals=(409,))
@sends("Location")
def take_checkpoint(uow: UnitOfWork) -> Reply:
    """Take a checkpoint: a worker does it

    Follow its progress with `GET /audit/runs/{run_id}`. For administrators and auditors of all units.
    """
    return _requested(uow, "checkpoint")


@command(
    blueprint.post("/audit/checkpoints/<int:number>/send"), body=Request, answer=Sent, refusals=(404, 409)
)
def send_checkpoint(uow: UnitOfWork, number: int) -> Reply:
    """Send a checkpoint again to the targets that don't have it

    404 if all of them have it. For administrators and auditors of all units.
    """
    return Reply(Sent(sendings=sending.again(uow, number)))


@command(blueprint.post("/audit/verifications"), body=Request, answer=RunBody, status=201, refusals=(409,))
@sends("Location")
def verify(uow: UnitOfWork) -> Reply:
    """Verify all logs against the newest checkpoint: a worker does it

    If one is running, that one is returned. For administrators and auditors of all units.
    """
    return _requested(uow, "verification")


@command(blueprint.get("/audit/runs"), query=PageQuery, answer=RunPage)
def list_runs(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List checkpoints and verifications that were requested, newest first

    For administrators and auditors of all units.
    """
    rows = runs.page(uow, after=query.cursor)
    return Reply(RunPage(**page_of(RunBody, rows, runs.PAGE)))


@command(blueprint.get("/audit/runs/<uuid:run_id>"), answer=RunBody, refusals=(404,))
def show_run(uow: UnitOfWork, run_id: UUID) -> Reply:
    """Read a requested checkpoint or verification with its progress and result

    Findings of a verification are in `result`. For administrators and auditors of all units.
    """
    return Reply(RunBody(**runs.get(uow, run_id)))


@command(blueprint.get("/audit/events"), query=SearchQuery, answer=FoundBody)
def find_events(uow: UnitOfWork, query: SearchQuery) -> Reply:
    """Search the log of all cases; the header `X-Purpose` is required and recorded for each case found

    In the cases that you may see, without payloads; at most a year at once unless a case is named. For
    administrators and auditors.
    """
    purpose = search.require_purpose(uow.actor.purpose)
    wanted = Wanted(**query.model_dump(exclude={"after"}))
    rows = search.find(uow, wanted, purpose, before=_place(query.after) if query.after else None)
    shown = rows[: search.PAGE]
    following = _cursor(shown[-1]) if len(rows) > len(shown) else None
    return Reply(
        FoundBody(items=[_event(row) for row in shown], next=following), opened=search.opened(shown, purpose)
    )


def _requested(uow: UnitOfWork, kind: AuditKind) -> Reply:
    run_id = runs.request(uow, kind)
    headers = {"Location": f"/api/v1/audit/runs/{run_id}"}
    return Reply(RunBody(**runs.get(uow, run_id)), headers, status=HTTPStatus.CREATED)


def _checkpoint(row: RowMapping, sent: Sequence[Mapping[Any, Any]]) -> CheckpointBody:
    sendings = [SendingBody(**one) for one in sent]
    if (signed := checkpoints.readable(row)) is None:
        known = {"number": row["number"], "at": row["at"], "hash": row["hash"].hex()}
        return CheckpointBody(**known, altered=True, sendings=sendings)
    made = signed.statement
    return CheckpointBody(
        number=made.number,
        at=made.at,
        hash=signed.hash.hex(),
        previous=made.previous,
        installation=made.installation,
        cases=SummaryBody(**made.cases.members()),
        readers=SummaryBody(**made.readers.members()),
        administration=ChainBody(length=made.length, head=made.head),
        keys=list(made.keys),
        sendings=sendings,
    )


def _event(row: Mapping[Any, Any]) -> FoundEvent:
    shown = {
        name: row[name] for name in ("case_number", "seq", "at", "kind", "element", "definition", "version")
    }
    return FoundEvent(
        id=f"{row['case_id']}/{row['seq']}",
        case=row["case_id"],
        task=row["task_id"],
        actor=Account(**account(row, "actor")),
        role=row["actor_role"],
        unit=row["actor_unit"],
        facts=row["facts"],
        hash=row["hash"].hex(),
        **shown,
    )


def _cursor(row: Mapping[Any, Any]) -> str:
    packed = _CURSOR.pack(row["transaction_id"], row["case_id"].bytes, row["seq"])
    return base64.urlsafe_b64encode(packed).decode()


def _place(cursor: str) -> Place:
    transaction_id, case_id, seq = _CURSOR.unpack(base64.urlsafe_b64decode(cursor))
    if transaction_id >= 1 << 63 or seq >= 1 << 31:
        fault = Fault("/query/after", "is not a cursor of this search", "cursor")
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", [fault])
    return transaction_id, UUID(bytes=case_id), seq
