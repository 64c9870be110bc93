"""The log of all cases as one feed to which events are only appended.

A transaction gets its id before it commits, so the feed ends below the oldest running one: events that are
committed late are read late, and never skipped. docs/events.md explains the guarantees for readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    Select,
    Text,
    cast,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine import access
from engine.events.vocabulary import WORK_NOTED
from engine.models import Case, Cursor, DefinitionVersion, Event
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

PAGE = 1000  # events that one call reads
RESTORED = "restored"

# Of a person's work time only the person itself gets more than sums: it is in no feed.
OFFERED: ColumnElement[bool] = Event.kind != WORK_NOTED

# An event without potentially personal data: its payload is read with the case's log.
FACT: tuple[Any, ...] = (
    Event.case_id,
    Event.seq,
    Event.at,
    Event.kind,
    Event.element,
    Event.task_id,
    Event.facts,
    Event.hash,
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
)


@dataclass(frozen=True, slots=True)
class Position:
    """An event's position in the feed, with its hash.

    In a restored log the same position may have another event.
    """

    transaction_id: int
    case_id: UUID
    seq: int
    hash: bytes


START = Position(0, UUID(int=0), 0, b"")


@dataclass(frozen=True, slots=True)
class Page:
    """Events, the position from which to continue, and whether there are more already."""

    items: Sequence[RowMapping]
    next: Position
    more: bool


def read(
    uow: UnitOfWork, *, after: Position = START, definition: str | None = None, kind: str | None = None
) -> Page:
    """Returns the next page of events after a position, filtered if requested.

    Raises Conflict if the position is not in the log (any more).
    """
    access.require_everywhere(uow, "events.feed")
    _require_known(uow, after)
    rows = uow.connection.execute(following(after)).mappings().all()
    seen = rows[:PAGE]
    items = [row for row in seen if definition in (None, row["definition"]) and kind in (None, row["kind"])]
    return Page(items, _position(seen[-1]) if seen else after, len(rows) > PAGE)


def following(after: Position) -> Select[Any]:
    """Returns a select of a page of events after a position, plus one if more follow."""
    place = tuple_(Event.transaction_id, Event.case_id, Event.seq)
    given = tuple_(literal(after.transaction_id, BigInteger), literal(after.case_id), literal(after.seq))
    return (
        facts(Event.transaction_id)
        .where(place > given, Event.transaction_id < horizon(), OFFERED)
        .order_by(Event.transaction_id, Event.case_id, Event.seq)
        .limit(PAGE + 1)
    )


def facts(*more: Any) -> Select[Any]:
    """Returns a select of `FACT`, and of further columns of the event."""
    return (
        select(*FACT, *more)
        .select_from(Event)
        .join(Case, Event.case_id == Case.id)
        .join(DefinitionVersion, Event.version_id == DefinitionVersion.id)
    )


def horizon() -> ColumnElement[int]:
    """Returns the first transaction id that may still get events, as the statement sees it."""
    return _counted(func.pg_snapshot_xmin(func.pg_current_snapshot()))


def continue_after_restore(session: Session) -> bool:
    """Ensures that new events follow all existing ones, if a restore has brought some with higher ids.

    A server on which a dump was restored starts counting transactions again. From now on a number, which this
    writes, is added to its ids. Writes nothing if it isn't needed; returns whether it was.
    """
    last = select(func.max(Event.transaction_id)).scalar_subquery()
    reached = select(func.max(Cursor.transaction_id)).where(Cursor.name != RESTORED).scalar_subquery()
    highest, upcoming = session.execute(
        select(
            func.greatest(func.coalesce(last, 0), func.coalesce(reached, 0)),
            _counted(func.pg_snapshot_xmax(func.pg_current_snapshot())),
        )
    ).one()
    if highest < upcoming:
        return False
    added = insert(Cursor).values(name=RESTORED, transaction_id=highest)
    session.execute(
        added.on_conflict_do_update(index_elements=[Cursor.name], set_={"transaction_id": highest})
    )
    given = f"(pg_current_xact_id()::text)::bigint + {int(highest)}"
    session.execute(text(f"ALTER TABLE events ALTER COLUMN transaction_id SET DEFAULT {given}"))
    return True


def _counted(transaction_id: Any) -> ColumnElement[int]:
    """Returns a transaction id of this server as the log counts it."""
    added = select(Cursor.transaction_id).where(Cursor.name == RESTORED).scalar_subquery()
    return cast(cast(transaction_id, Text), BigInteger) + func.coalesce(added, 0)


def _require_known(uow: UnitOfWork, position: Position) -> None:
    if position.seq == 0:
        return
    there = select(Event.transaction_id, Event.hash).where(
        Event.case_id == position.case_id, Event.seq == position.seq
    )
    row = uow.connection.execute(there).one_or_none()
    if (
        row is None
        or _position({**row._mapping, "case_id": position.case_id, "seq": position.seq}) != position
    ):
        raise Conflict(
            "The log does not contain the event of the cursor: it was restored to an earlier state."
        )


def _position(row: Any) -> Position:
    return Position(row["transaction_id"], row["case_id"], row["seq"], row["hash"][:8])
