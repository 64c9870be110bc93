"""The event feed of all cases, for programs that follow them."""

import base64
import struct
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import StringConstraints

from api.command import Reply, command
from api.shapes import (
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
    Request,
)
from engine.events import Kind, feed
from engine.events.feed import START, Position
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("events", __name__, tag="Events")

_CURSOR = struct.Struct(">Q16sI8s")  # transaction, case, number in the case, beginning of the hash


class FeedQuery(Request):
    """Which events."""

    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{48}$")] | None = None
    """The `next` of an earlier response; by default from the first event on."""
    definition: Key | None = None
    """Only events of cases of the definition with this key."""
    kind: Kind | None = None
    """Only events of this kind."""


class FeedEvent(Body):
    """An event without its payload, which is in the log of its case."""

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
    facts: EventFacts
    definition: DefinitionKey
    version: int
    """Number of the version that the case ran at that time."""
    hash: EventHash


class Feed(Body):
    """Events of all cases, in one order."""

    items: list[FeedEvent]
    """The events; may be empty although there is `more`."""
    next: str
    """Send it as `after` to continue; never null."""
    more: bool
    """Whether to continue immediately; otherwise after a pause."""


@command(blueprint.get("/events"), query=FeedQuery, answer=Feed, refusals=(409,))
def index(uow: UnitOfWork, query: FeedQuery) -> Reply:
    """Read the event feed: events of all cases, in one order

    No event is skipped or repeated if each `next` is used once. 409 if the log was restored to a state before
    `after`. For administrators.
    """
    after = _position(query.after) if query.after else START
    page = feed.read(uow, after=after, definition=query.definition, kind=query.kind)
    items = [_event(row) for row in page.items]
    return Reply(Feed(items=items, next=_cursor(page.next), more=page.more))


def _event(row: Mapping[Any, Any]) -> FeedEvent:
    shown = {
        name: row[name] for name in ("case_number", "seq", "at", "kind", "element", "definition", "version")
    }
    return FeedEvent(
        id=f"{row['case_id']}/{row['seq']}",
        case=row["case_id"],
        task=row["task_id"],
        facts=row["facts"],
        hash=row["hash"].hex(),
        **shown,
    )


def _cursor(position: Position) -> str:
    packed = _CURSOR.pack(position.transaction_id, position.case_id.bytes, position.seq, position.hash)
    return base64.urlsafe_b64encode(packed).decode()


def _position(cursor: str) -> Position:
    transaction_id, case_id, seq, digest = _CURSOR.unpack(base64.urlsafe_b64decode(cursor))
    if transaction_id >= 1 << 63 or seq >= 1 << 31:
        fault = Fault("/query/after", "is not a cursor of this feed", "cursor")
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", [fault])
    return Position(transaction_id, UUID(bytes=case_id), seq, digest if seq else b"")
