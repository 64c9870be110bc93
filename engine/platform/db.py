"""Sessions and transactions. The only module that begins, commits or rolls back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

import orjson
from sqlalchemy import (
    JSON,
    BindParameter,
    Connection,
    Delete,
    Insert,
    MetaData,
    Table,
    Update,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import Insert as UpsertableInsert
from sqlalchemy.dialects.postgresql import insert as upsertable
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from engine.platform.errors import Recorded, Refusal, Uncertain
from engine.platform.limits import Guard, Limits, Unresponsive

T = TypeVar("T")
View = Literal["write", "single", "snapshot"]
Write = Insert | Update | Delete

_OWED = "owed"  # in a session's `info`: the writes that wait for its end

# Disks find any page as fast as the next one, so that indexes are worth their while; statements are too short
# to be compiled.
_PLANNING = "-c random_page_cost=1.1 -c jit=off"

ABORTED = {"40P01", "40001"}  # deadlock, serialization failure
LOCKED = "55P03"
# The server went away, was killed, starts, or has ended the session.
LOST = {"57P01", "57P02", "57P03", "25P03", "08000", "08003", "08006"}
ATTEMPTS = 3
POOL = 2  # seconds to wait for a connection of the pool: only threads of one process wait for each other


def table(model: type["Base"]) -> Table:
    """A model's table, for the hot writers: Core alone makes one short statement of what they write."""
    return cast(Table, model.__table__)  # no model maps anything else


def recordset(target: Table, name: str) -> UpsertableInsert:
    """An insert of many rows given as one JSON parameter: short, and the same text whatever their number.

    Values stand in the JSON as PostgreSQL reads them from text. Columns with a server default are left to it.
    """
    columns = [item for item in target.c if item.server_default is None]
    rows = (
        func.json_to_recordset(bindparam(name, type_=JSON))
        .table_valued(*(column(item.name, item.type) for item in columns))
        .render_derived(name=name, with_types=True)
    )
    return upsertable(target).from_select([item.name for item in columns], select(rows))


def values_of(target: Table, prefix: str, names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """A parameter called `<prefix>__<column>` for each of these columns, as `UnitOfWork.write` takes them.

    Two underscores: SQLAlchemy would take a parameter that is called like a column for that column's value.
    """
    return {name: bindparam(f"{prefix}__{name}", type_=target.c[name].type) for name in names}


@lru_cache
def _together(last: Write, *others: Write) -> Write:
    """Writes to different rows as one statement, at the cost of one round trip."""
    return last.add_cte(*(other.cte(f"write_{number}") for number, other in enumerate(others)))


class Base(DeclarativeBase):
    """Every table. Constraints are named by rule, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which capacity at this moment, and for whom and why: what each event records."""

    id: UUID
    name: str
    role: str
    unit: str | None = None
    on_behalf_of: str | None = None
    purpose: str | None = None
    acr: str | None = None  # how well it is known who acts: low, substantial or high; None of systems
    scopes: frozenset[str] | None = None  # None: all that the role allows


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One command.

    Its session, its actor and the instant, in the installation's zone, at which all of it happens.
    """

    session: Session
    actor: Actor
    now: datetime

    @property
    def connection(self) -> Connection:
        """For rows.

        The transaction's own connection, without the session's mapping, which costs a query's time.
        """
        return connection(self.session)

    def write(self, statement: Write, values: Mapping[str, Any]) -> None:
        """Have rows written when the command ends, or when `connection` is next asked for.

        All such writes go as one statement, for half of what a command costs is round trips. So none may need
        another one's row, and their parameters have different names (`values_of`, `recordset`).
        """
        self.session.info.setdefault(_OWED, []).append((statement, values))

    def attempt(self, part: Callable[[], T]) -> T | Refusal:
        """Do a part of a command by itself: what it gives, or the refusal, and then it has changed nothing.

        What a `Recorded` refusal has written stays. Anything else that is raised ends the whole command.
        """
        savepoint = self.connection.begin_nested()  # what was owed before is written outside of it
        try:
            done: T | Refusal = part()
        except Recorded as refused:
            done = refused
        except Refusal as refused:
            self.session.info.pop(_OWED, None)
            savepoint.rollback()
            return refused
        connection(self.session)
        savepoint.commit()
        return done


def connection(session: Session) -> Connection:
    """The connection that a session of `Database.transaction` works on; what is owed is written first."""
    bound = cast(Connection, session.get_bind())
    if owed := session.info.pop(_OWED, None):
        statements, values = zip(*owed, strict=True)
        bound.execute(_together(*statements), {name: one[name] for one in values for name in one})
    return bound


class Database:
    """The connections of one process. `transaction` is the one place that commits."""

    def __init__(
        self, url: str, *, zone: tzinfo = UTC, pool_size: int = 5, limits: Limits | None = None
    ) -> None:
        """Without `limits` a command waits for locks and for the server for as long as it takes."""
        self._zone = zone
        self._guard = Guard(limits) if limits else None
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=POOL if limits else 10,
            hide_parameters=True,  # errors are logged, and parameters are data
            connect_args={"options": f"{_PLANNING} {limits.options}" if limits else _PLANNING},
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        if self._guard is not None:
            guard = self._guard
            event.listen(
                self.engine, "do_connect", lambda _, __, given, named: guard.connect(*given, **named)
            )
        self._views = {
            "write": self.engine,
            "single": self.engine.execution_options(isolation_level="AUTOCOMMIT"),
            "snapshot": self.engine.execution_options(isolation_level="REPEATABLE READ"),
        }

    @contextmanager
    def transaction(self, view: View = "write") -> Iterator[Session]:
        """One transaction: committed if the block ends, rolled back if it raises.

        `single` makes each statement one of its own: enough to read, and to write one statement at the end.
        `snapshot` lets all statements see the same moment.
        """
        if self._guard is not None and not self._guard.allows():
            raise OperationalError(
                None, None, Unresponsive("The database hasn't answered recently. Try again later.")
            )
        with (
            self._views[view].begin() as bound,
            Session(bound, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            yield session
            connection(session)
            if session.in_transaction():
                session.commit()  # writes its objects; the transaction ends with the connection's block

    def run(self, command: Callable[[Session, datetime], T], view: View = "write") -> T:
        """Run a command in a transaction of its own, and again when the database asks for it.

        So the command must be repeatable. It gets its session and its instant (aware, in the installation's
        zone). A refusal undoes what it wrote, unless it is `Recorded`.
        """
        for attempt in range(1, ATTEMPTS + 1):
            ran = False
            try:
                with self.transaction(view) as session:
                    try:
                        result: T | Recorded = command(session, datetime.now(self._zone))
                    except Recorded as refused:
                        result = refused
                    ran = view == "single" and _OWED in session.info  # committed as it is written
                    connection(session)
                    ran = ran or view == "write"
                if isinstance(result, Recorded):
                    raise result
                return result
            except DBAPIError as error:
                if ran and lost(error):
                    raise Uncertain(
                        "The database did not confirm the change. It may have been saved."
                    ) from error
                if attempt == ATTEMPTS or not repeatable(error):
                    raise
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def repeatable(error: DBAPIError) -> bool:
    """Whether the failed transaction did nothing and may be run again."""
    if isinstance(error.orig, Unresponsive):
        return False  # the time for it is over
    return getattr(error.orig, "sqlstate", None) in ABORTED or lost(error)


def held_up(error: DBAPIError) -> bool:
    """Whether somebody held a row for longer than the command had patience."""
    return getattr(error.orig, "sqlstate", None) == LOCKED


def unresponsive(error: BaseException) -> bool:
    """Whether the server did not answer in time; also while it committed."""
    behind = error.__cause__ if isinstance(error, Uncertain) else error
    return isinstance(behind, DBAPIError) and isinstance(behind.orig, Unresponsive)


def lost(error: DBAPIError) -> bool:
    """Whether the connection is gone. If that happened while committing, nobody knows what became of it."""
    ended = getattr(error.orig, "sqlstate", None) in LOST
    return ended or (isinstance(error, OperationalError) and error.connection_invalidated)
