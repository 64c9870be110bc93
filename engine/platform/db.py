"""Sessions and transactions. The only module that begins, commits or rolls back."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import (
    JSON,
    BindParameter,
    Connection,
    Delete,
    Executable,
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

from engine.platform.errors import Busy, Prerequisite, Recorded, Refusal, Uncertain
from engine.platform.limits import Guard, Limits, Unresponsive
from engine.platform.prepared import PARAMETERS, Prepared, begin

T = TypeVar("T")
View = Literal["write", "single", "snapshot"]
Write = Insert | Update | Delete
Append = Callable[[Session, Sequence[Mapping[str, Any]]], None]
Record = Callable[[Session, Mapping[tuple[str, str], str]], None]

_BEGIN: Mapping[View, bytes] = {"write": b"BEGIN", "snapshot": b"BEGIN ISOLATION LEVEL REPEATABLE READ"}

_OWED = "owed"  # in a session's `info`: the writes that are deferred to its end
_CONNECTORS = "connectors"  # there, too: what the installation declares of its connectors
_LAST = "last"  # and what is written after them, before the commit
_NAMED = "named"  # in a connection's `info`: the rows that triggers named, with what they were before
_ROW = "parvandeh row "  # the beginning of these messages of the database
_RECORDS: list[Record] = []

# Random reads are as fast as sequential ones on today's disks, so indexes pay off; statements are too short
# to be compiled.
_PLANNING = "-c random_page_cost=1.1 -c jit=off"

ABORTED = {"40P01", "40001"}  # deadlock, serialization failure
LOCKED = "55P03"
# The server stopped, was killed, is starting, or has ended the session.
LOST = {"57P01", "57P02", "57P03", "25P03", "08000", "08003", "08006"}
ATTEMPTS = 3
PREREQUISITES = 64  # of one command: a batch of tasks meets several cases, each with up to three steps
POOL = 2  # seconds to wait for a connection of the pool: only threads of one process compete for them


def table(model: type["Base"]) -> Table:
    """Return a model's table, for frequent writes: Core alone builds one short statement for them."""
    return cast(Table, model.__table__)  # models map nothing else


def recordset(target: Table, name: str) -> UpsertableInsert:
    """Build an insert of many rows, passed as one JSON parameter: the text is the same for any number.

    The JSON has values as PostgreSQL reads them from text. Columns with a server default are left out.
    """
    columns = [item for item in target.c if item.server_default is None]
    rows = (
        func.json_to_recordset(bindparam(name, type_=JSON))
        .table_valued(*(column(item.name, item.type) for item in columns))
        .render_derived(name=name, with_types=True)
    )
    return upsertable(target).from_select([item.name for item in columns], select(rows))


def values_of(target: Table, prefix: str, names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """Return a parameter `<prefix>__<column>` for each of these columns, as `UnitOfWork.write` expects them.

    Two underscores: SQLAlchemy would treat a parameter named like a column as that column's value.
    """
    return {name: bindparam(f"{prefix}__{name}", type_=target.c[name].type) for name in names}


@lru_cache
def _together(last: Write, *others: Write) -> Prepared:
    """Combine writes to different rows into one statement, at the cost of one round trip."""
    return Prepared(last.add_cte(*(other.cte(f"write_{number}") for number, other in enumerate(others))))


class Base(DeclarativeBase):
    """Base of all tables. Constraints are named by convention, so that migrations can refer to them."""

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
    """Who acts, in which capacity at this moment, and for whom and why: what each event records.

    `on_behalf_of` is the person for whom the actor acts, in standard digits. The access policy gives the
    actor that person's cases only, so what is logged with it was checked.
    """

    id: UUID
    name: str
    role: str
    unit: str | None = None
    on_behalf_of: str | None = None
    purpose: str | None = None
    acr: str | None = None  # assurance level of the login: low, substantial or high; None for systems
    scopes: frozenset[str] | None = None  # None: everything that the role allows
    logged_as: str | None = None  # the role that logs record; None: `role`
    requires_behalf: bool = False  # its token demands that each request says for whom it acts


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One command: its session, its actor and its instant, in the installation's zone.

    Everything in the command happens at this instant.
    """

    session: Session
    actor: Actor
    now: datetime

    @property
    def connectors(self) -> Mapping[str, Mapping[str, str]]:
        """The facts that the installation declares of each connector, by its name; empty if it has none."""
        return cast(Mapping[str, Mapping[str, str]], self.session.info.get(_CONNECTORS, {}))

    @property
    def connection(self) -> Connection:
        """The connection of the transaction, for rows.

        It doesn't use the session's mapping, which costs about as much as a query.
        """
        return connection(self.session)

    def rows(self, statement: Executable | Prepared, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Return all rows of a query."""
        if isinstance(statement, Prepared):
            return statement.rows(self.connection, values)
        return self.connection.execute(statement, values).all()

    def write(self, statement: Write, values: Mapping[str, Any]) -> None:
        """Write rows when the command ends, or when `connection` is next used.

        All such writes are sent as one statement, since round trips are half the cost of a command. So none
        may depend on another's row, and their parameters have different names (`values_of`, `recordset`).
        """
        self.session.info.setdefault(_OWED, []).append((statement, values))

    def attempt(self, part: Callable[[], T]) -> T | Refusal:
        """Run a part of a command in a savepoint. Return its result, or a refusal after undoing its changes.

        What a `Recorded` refusal has written remains. Any other exception ends the whole command.
        """
        savepoint = self.connection.begin_nested()  # deferred writes are written outside of it
        last = {write: [*rows] for write, rows in self.session.info.get(_LAST, {}).items()}
        try:
            done: T | Refusal = part()
        except Recorded as refused:
            done = refused
        except Refusal as refused:
            self.session.info.pop(_OWED, None)
            self.session.info[_LAST] = last
            savepoint.rollback()
            return refused
        connection(self.session)
        savepoint.commit()
        return done


def connection(session: Session) -> Connection:
    """Return the connection of a session of `Database.transaction`, after executing the deferred writes."""
    bound = cast(Connection, session.get_bind())
    if owed := session.info.pop(_OWED, None):
        statements, values = zip(*owed, strict=True)
        _together(*statements).rows(bound, {name: one[name] for one in values for name in one})
    return bound


def at_end(session: Session, write: Append, row: Mapping[str, Any]) -> None:
    """Have `write` called with this row, and all others given to it, at the very end of the transaction.

    For rows that many commands would wait for. Not in a `single` one, which has no end.
    """
    if session.info.get("view") == "single":
        raise RuntimeError("A transaction of single statements can't write anything at its end.")
    session.info.setdefault(_LAST, {}).setdefault(write, []).append(row)


def recorded_by(record: Record) -> None:
    """Have `record` called before each commit that writes rows of which the log has digests.

    It gets them by table and key (JSON), with the digest of what each was before; `-`: it was not there.
    """
    _RECORDS.append(record)


def finish(session: Session) -> None:
    """Write everything that was deferred, including what comes last."""
    bound = connection(session)
    session.flush()
    if named := bound.info[_NAMED]:
        written = dict(named)
        named.clear()
        for record in _RECORDS:
            record(session, written)
    for write, rows in session.info.pop(_LAST, {}).items():
        session.flush()
        write(session, rows)


class Database:
    """The connections of one process. `transaction` is the one place that commits."""

    def __init__(
        self,
        url: str,
        *,
        zone: tzinfo = UTC,
        pool_size: int = 5,
        limits: Limits | None = None,
        connectors: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Without `limits`, a command waits for locks and for the server without a time limit.

        `connectors` is what its commands record of each connector that they call.
        """
        self._zone = zone
        self._info = {} if connectors is None else {_CONNECTORS: connectors}
        self._guard = Guard(limits) if limits else None
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=POOL if limits else 10,
            hide_parameters=True,  # errors are logged, and parameters may be personal data
            connect_args={"options": f"{_PLANNING} {limits.options}" if limits else _PLANNING},
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            paramstyle=PARAMETERS,
            isolation_level="AUTOCOMMIT",  # until `transaction` begins one
            use_native_hstore=False,  # a type that we don't use, and that it would look for
        )
        event.listen(self.engine, "connect", _use_raw_cursors)
        event.listen(self.engine, "connect", listen_for_rows)
        if self._guard is not None:
            guard = self._guard
            event.listen(
                self.engine, "do_connect", lambda _, __, given, named: guard.connect(*given, **named)
            )

    @contextmanager
    def transaction(self, view: View = "write") -> Iterator[Session]:
        """One transaction: committed if the block ends, rolled back if it raises.

        `single` runs each statement in its own transaction: enough to read, and to write one statement at the
        end. With `snapshot`, all statements see the same state of the database.
        """
        if self._guard is not None and not self._guard.allows():
            raise OperationalError(
                None, None, Unresponsive("The database hasn't answered recently. Try again later.")
            )
        with self.engine.begin() as bound:
            bound.info[_NAMED].clear()
            if view in _BEGIN:
                begin(bound, _BEGIN[view])
            session = Session(
                bound, expire_on_commit=False, join_transaction_mode="rollback_only", info=self._info
            )
            session.info["view"] = view
            try:
                yield session
                finish(session)
                if session.in_transaction():
                    session.commit()  # flushes its objects; the transaction ends with the connection's block
            finally:
                if session.in_transaction() or session.identity_map:
                    session.close()

    def run(self, command: Callable[[Session, datetime], T], view: View = "write") -> T:
        """Run a command in its own transaction; repeat it after a deadlock or a lost connection.

        So the command must be repeatable. Its arguments are its session and its instant (aware, in the
        installation's zone). A refusal undoes what it wrote, unless it is `Recorded`. A `Prerequisite` runs
        first, and then the command again.
        """
        for _ in range(PREREQUISITES):
            try:
                return self._run(command, view)
            except Prerequisite as first:
                self._run(first.command, "write")
        raise Busy("The case is still being processed. Try again in a few seconds.")

    def _run(self, command: Callable[[Session, datetime], T], view: View) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            ran = False
            try:
                with self.transaction(view) as session:
                    try:
                        result: T | Recorded = command(session, datetime.now(self._zone))
                    except Recorded as refused:
                        result = refused
                    ran = view == "single" and _OWED in session.info  # committed as it is written
                    finish(session)
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


def _use_raw_cursors(connection: psycopg.Connection[Any], _record: object) -> None:
    """Send statements as SQLAlchemy writes them, with PostgreSQL's own parameters.

    psycopg would search long statements, and those with many parameters, for its own again at each execution.
    """
    connection.cursor_factory = psycopg.RawCursor
    connection.server_cursor_factory = psycopg.RawServerCursor


def listen_for_rows(connection: psycopg.Connection[Any], record: Any) -> None:
    """Collect the rows that triggers name. Rows of changes that were undone may be among them."""
    named: dict[tuple[str, str], str] = {}
    record.info[_NAMED] = named

    def hear(message: psycopg.errors.Diagnostic) -> None:
        if (said := message.message_primary) and said.startswith(_ROW):
            table_name, before, key = said.removeprefix(_ROW).split(" ", 2)
            named.setdefault((table_name, key), before)

    connection.add_notice_handler(hear)


def repeatable(error: DBAPIError) -> bool:
    """Return whether the failed transaction changed nothing and can be run again."""
    if isinstance(error.orig, Unresponsive):
        return False  # its time is up
    return getattr(error.orig, "sqlstate", None) in ABORTED or lost(error)


def held_up(error: DBAPIError) -> bool:
    """Return whether a row was locked for longer than the command's time limit."""
    return getattr(error.orig, "sqlstate", None) == LOCKED


def unresponsive(error: BaseException) -> bool:
    """Return whether the server didn't respond in time, including during a commit."""
    behind = error.__cause__ if isinstance(error, Uncertain) else error
    return isinstance(behind, DBAPIError) and isinstance(behind.orig, Unresponsive)


def lost(error: DBAPIError) -> bool:
    """Return whether the connection is lost. If this happened during a commit, its result is unknown."""
    ended = getattr(error.orig, "sqlstate", None) in LOST
    return ended or (isinstance(error, OperationalError) and error.connection_invalidated)
