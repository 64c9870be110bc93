"""The event feed of all cases, for programs that follow them."""

import base64
import struct
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import StringConstraints

from api.command import Reply, command
from api.shapes import Body, Instant, Key, Request
from engine.events import Kind, feed
from engine.events.feed import START, Position
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("events", __name__, tag="Events")

_CURSOR = struct.Struct(">Q16sI8s")  # transaction, case, number in the case, beginning of the hash


class FeedQuery(Request):
    """Which events: those after the `next` of an earlier answer, or all from the first on."""

    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{48}$")] | None = None
    definition: Key | None = None
    kind: Kind | None = None


class FeedEvent(Body):
    """An event without its payload, which is in the log of its case.

    `facts` is null in events of earlier releases.
    """

    id: str
    case: UUID
    case_number: str
    seq: int
    at: Instant
    kind: str
    element: str | None
    task: UUID | None
    facts: dict[str, str | int | bool] | None
    definition: str
    version: int
    hash: str


class Feed(Body):
    """Events in order. Request the next page with `next`: immediately if there is `more`, otherwise later."""

    items: list[FeedEvent]
    next: str
    more: bool


@command(blueprint.get("/events"), query=FeedQuery, answer=Feed, refusals=(409,))
def index(uow: UnitOfWork, query: FeedQuery) -> Reply:
    """Read the event feed: events of all cases, in one order"""
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
