"""Following the log: handlers get all events, each once, each case in the order of its numbers.

Webhooks, notifications and projections have a row of `cursors` each. A projection is tables that are computed
from the log alone, so they can be emptied and filled again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from engine.events import feed
from engine.models import Cursor, Event
from engine.platform.db import UnitOfWork

_COLUMNS = [Cursor.name, Cursor.transaction_id]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events that nobody writes any more: those of the transactions after `after` and before `end`.

    All that are new are in one stretch: a transaction may have its id before it waits for a case that one
    with a higher id changes first, and the horizon passes both at the same moment.
    """

    after: int
    end: int

    @property
    def condition(self) -> ColumnElement[bool]:
        """Whether an event is in it."""
        return _between(self.after, self.end)

    def events(self, *columns: Any) -> Select[Any]:
        """Selects its events, each case in the order of its numbers: `feed.FACT` and these columns."""
        return feed.facts(*columns).where(self.condition).order_by(Event.case_id, Event.seq)


@dataclass(frozen=True, slots=True)
class Part:
    """The result of a handler that wants to see the same events again, after doing a part of its work."""

    done: int


Handler = Callable[[UnitOfWork, Stretch], int | Part]


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that one handler fills from the log alone. `name` is that of its cursor.

    With `most`, a stretch ends with the transaction of the event of that number. So it may end between two
    transactions of which the second changed a case first: only for handlers that read whole cases.
    """

    name: str
    tables: Sequence[Table]
    handler: Handler
    most: int | None = None


def follow(uow: UnitOfWork, name: str, handler: Handler, most: int | None = None) -> int:
    """Passes all new events to a handler, and moves the cursor in the same transaction.

    Returns what the handler returns; 0 if nothing is new, if nothing follows this cursor yet, or if another
    process is doing this. `most` is as that of a projection.
    """
    cursor = select(Cursor.transaction_id).where(Cursor.name == name)
    newer = select(Event.seq).where(_between(cursor.scalar_subquery(), feed.horizon()))
    if not uow.connection.execute(select(newer.exists())).scalar_one():
        return 0  # an idle installation writes nothing
    row = uow.connection.execute(
        cursor.add_columns(feed.horizon().label("end")).with_for_update(of=Cursor, skip_locked=True)
    ).one_or_none()
    # A process that had the row until now may have been further than this statement's horizon.
    if row is None or row.end <= row.transaction_id + 1:
        return 0
    end = row.end if most is None else _end(uow, row.transaction_id, row.end, most)
    done = handler(uow, Stretch(row.transaction_id, end))
    if isinstance(done, Part):
        return done.done
    _move(uow, name, end - 1)
    return done


def _end(uow: UnitOfWork, after: int, end: int, most: int) -> int:
    """Returns the end of a stretch that is bounded to about so many events."""
    found = select(Event.transaction_id).where(_between(after, end)).order_by(Event.transaction_id)
    last = uow.connection.execute(found.offset(most - 1).limit(1)).scalar()
    return end if last is None else last + 1


def from_now_on(uow: UnitOfWork, name: str) -> None:
    """Follows events from now on with this cursor, if it doesn't exist yet."""
    start = select(literal(name), feed.horizon() - 1)
    uow.connection.execute(insert(Cursor).from_select(_COLUMNS, start).on_conflict_do_nothing())


def from_the_first(uow: UnitOfWork, name: str) -> None:
    """Follows all events of the log with this cursor, if it doesn't exist yet."""
    uow.connection.execute(insert(Cursor).values(name=name, transaction_id=0).on_conflict_do_nothing())


def project(uow: UnitOfWork, projection: Projection) -> int:
    """Brings a projection up to date. Returns what its handler returns, 0 if nothing is new."""
    return follow(uow, projection.name, projection.handler, projection.most)


def reset(uow: UnitOfWork, projection: Projection) -> None:
    """Empties a projection, which `project` then fills again from the first event of the log.

    Waits for the process that is bringing it up to date.
    """
    from_the_first(uow, projection.name)
    uow.connection.execute(select(Cursor).where(Cursor.name == projection.name).with_for_update())
    for emptied in projection.tables:
        uow.connection.execute(delete(emptied))
    _move(uow, projection.name, 0)


def rebuild(uow: UnitOfWork, projection: Projection) -> int:
    """Empties a projection and fills it again, in one transaction. Returns what its handler returns, in all.

    Of a projection of many events, `reset` it instead.
    """
    reset(uow, projection)
    total = 0
    while done := project(uow, projection):
        total += done
    return total


def _between(after: Any, end: Any) -> ColumnElement[bool]:
    return and_(Event.transaction_id > after, Event.transaction_id < end)


def _move(uow: UnitOfWork, name: str, transaction_id: int) -> None:
    moved = update(Cursor).where(Cursor.name == name).values(transaction_id=transaction_id)
    uow.connection.execute(moved)
