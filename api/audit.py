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
from api.shapes import Account, Body, Instant, Key, Page, PageQuery, Request, Text, account, page_of
from engine.events import Kind
from engine.models import AuditKind, CheckpointTarget, SendingStatus
from engine.oversight.audit import checkpoints, runs, search, sending
from engine.oversight.audit.search import Place, Wanted
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("audit", __name__, tag="Audit")

_CURSOR = struct.Struct(">Q16sI2x")  # transaction, case, number in the case


class SummaryBody(Body):
    """The chains of a log: how many, how many entries in all, and the Merkle root of their heads."""

    count: int
    entries: int
    root: str


class ChainBody(Body):
    """A log that is one chain: its length and its last hash."""

    length: int
    head: str


class SendingBody(Body):
    """Where a checkpoint is sent. `failure` explains why the last attempt failed."""

    target: CheckpointTarget
    status: SendingStatus
    attempts: int
    failure: str | None
    closed_at: Instant | None


class CheckpointBody(Body):
    """A checkpoint. `keys` are the public keys that have signed it; without any it is not signed.

    Of one that was `altered` in the database beyond recognition, number, time, hash and sendings are known.
    """

    number: int
    at: Instant
    hash: str
    altered: bool = False
    previous: str | None = None
    installation: UUID | None = None
    cases: SummaryBody | None = None
    readers: SummaryBody | None = None
    administration: ChainBody | None = None
    keys: list[str] = Field(default_factory=list)
    sendings: list[SendingBody]


class SignatureBody(Body):
    """A signature (Ed25519, base64) with the id of its key."""

    key: str
    signature: str


class CheckpointFile(Body):
    """A checkpoint as it is sent out: what is hashed and signed is the canonical JSON of `checkpoint`."""

    checkpoint: dict[str, Any]
    hash: str
    signatures: list[SignatureBody]


class CheckpointsQuery(Request):
    """Which page: the checkpoints before the number `before`."""

    before: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None


class CheckpointsBody(Body):
    """Checkpoints, newest first. `next` is the `before` of the next page, or null on the last."""

    items: list[CheckpointBody]
    next: int | None


class RunBody(Body):
    """A checkpoint or a verification that a worker does. `result` is null until it has finished."""

    id: UUID
    kind: AuditKind
    requested_by: str
    requested_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    done: int
    total: int | None
    result: dict[str, Any] | None


class RunPage(Page[RunBody]):
    """A page of runs, newest first."""


class Sent(Body):
    """The number of targets to which a checkpoint will be sent again."""

    sendings: int


class SearchQuery(Request):
    """What to search for. `role` is that of the person; `unit`, with its subunits, theirs or the case's.

    Without a case and a time, the last 30 days are searched.
    """

    case: Text | None = None
    role: Key | None = None
    unit: Key | None = None
    kind: Kind | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40}$")] | None = None


class FoundEvent(Body):
    """An event of the log without its payload, which `GET /cases/{id}/events` returns."""

    id: str
    case: UUID
    case_number: str
    seq: int
    at: Instant
    kind: str
    element: str | None
    task: UUID | None
    actor: Account
    role: str
    unit: str | None
    facts: dict[str, str | int | bool] | None
    definition: str
    version: int
    hash: str


class FoundBody(Body):
    """Events, newest first. `next` is the `after` of the next page, or null on the last."""

    items: list[FoundEvent]
    next: str | None


@command(blueprint.get("/audit/checkpoints"), query=CheckpointsQuery, answer=CheckpointsBody)
def list_checkpoints(uow: UnitOfWork, query: CheckpointsQuery) -> Reply:
    """List checkpoints, newest first"""
    rows = checkpoints.page(uow.connection, before=query.before)
    shown = rows[: checkpoints.PAGE]
    sent = sending.of(uow, [row["number"] for row in shown])
    items = [_checkpoint(row, sent[row["number"]]) for row in shown]
    return Reply(CheckpointsBody(items=items, next=items[-1].number if len(rows) > len(shown) else None))


@command(blueprint.get("/audit/checkpoints/<int:number>"), answer=CheckpointFile, refusals=(404,))
def show_checkpoint(uow: UnitOfWork, number: int) -> Reply:
    """Download a checkpoint as the file that `audit verify --checkpoint` takes"""
    document = checkpoints.get(uow.connection, number).document()
    return Reply(CheckpointFile.model_validate_json(document))


@command(blueprint.post("/audit/checkpoints"), body=Request, answer=RunBody, status=201, refusals=(409,))
@sends("Location")
def take_checkpoint(uow: UnitOfWork) -> Reply:
    """Take a checkpoint: a worker does it"""
    return _requested(uow, "checkpoint")


@command(
    blueprint.post("/audit/checkpoints/<int:number>/send"), body=Request, answer=Sent, refusals=(404, 409)
)
def send_checkpoint(uow: UnitOfWork, number: int) -> Reply:
    """Send a checkpoint again to the targets that don't have it"""
    return Reply(Sent(sendings=sending.again(uow, number)))


@command(blueprint.post("/audit/verifications"), body=Request, answer=RunBody, status=201, refusals=(409,))
@sends("Location")
def verify(uow: UnitOfWork) -> Reply:
    """Verify all logs against the newest checkpoint: a worker does it"""
    return _requested(uow, "verification")


@command(blueprint.get("/audit/runs"), query=PageQuery, answer=RunPage)
def list_runs(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List checkpoints and verifications that were requested, newest first"""
    rows = runs.page(uow, after=query.cursor)
    return Reply(RunPage(**page_of(RunBody, rows, runs.PAGE)))


@command(blueprint.get("/audit/runs/<uuid:run_id>"), answer=RunBody, refusals=(404,))
def show_run(uow: UnitOfWork, run_id: UUID) -> Reply:
    """Read a requested checkpoint or verification with its progress and result"""
    return Reply(RunBody(**runs.get(uow, run_id)))


@command(blueprint.get("/audit/events"), query=SearchQuery, answer=FoundBody)
def find_events(uow: UnitOfWork, query: SearchQuery) -> Reply:
    """Search the log of all cases; the header `X-Purpose` is required and recorded for each case found"""
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
