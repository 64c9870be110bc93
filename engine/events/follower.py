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


Handler = Callable[[UnitOfWork, Stretch], int]


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that one handler fills from the log alone. `name` is that of its cursor."""

    name: str
    tables: Sequence[Table]
    handler: Handler


def follow(uow: UnitOfWork, name: str, handler: Handler) -> int:
    """Passes all new events to a handler, and moves the cursor in the same transaction.

    Returns what the handler returns; 0 if nothing is new, if nothing follows this cursor yet, or if another
    process is doing this.
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
    done = handler(uow, Stretch(row.transaction_id, row.end))
    _move(uow, name, row.end - 1)
    return done


def from_now_on(uow: UnitOfWork, name: str) -> None:
    """Follows events from now on with this cursor, if it doesn't exist yet."""
    start = select(literal(name), feed.horizon() - 1)
    uow.connection.execute(insert(Cursor).from_select(_COLUMNS, start).on_conflict_do_nothing())


def from_the_first(uow: UnitOfWork, name: str) -> None:
    """Follows all events of the log with this cursor, if it doesn't exist yet."""
    uow.connection.execute(insert(Cursor).values(name=name, transaction_id=0).on_conflict_do_nothing())


def project(uow: UnitOfWork, projection: Projection) -> int:
    """Brings a projection up to date. Returns what its handler returns, 0 if nothing is new."""
    return follow(uow, projection.name, projection.handler)


def rebuild(uow: UnitOfWork, projection: Projection) -> int:
    """Empties a projection and fills it again, from the first event of the log, in one transaction.

    Waits for the process that is bringing it up to date.
    """
    from_the_first(uow, projection.name)
    uow.connection.execute(select(Cursor).where(Cursor.name == projection.name).with_for_update())
    for emptied in projection.tables:
        uow.connection.execute(delete(emptied))
    _move(uow, projection.name, 0)
    return project(uow, projection)


def _between(after: Any, end: Any) -> ColumnElement[bool]:
    return and_(Event.transaction_id > after, Event.transaction_id < end)


def _move(uow: UnitOfWork, name: str, transaction_id: int) -> None:
    moved = update(Cursor).where(Cursor.name == name).values(transaction_id=transaction_id)
    uow.connection.execute(moved)
