"""Time limits of database work, so that a server that is locked, slow or silent holds no request for long.

The server enforces the limits that a connection names in its options. A server that hangs enforces nothing,
and a Unix socket has no time limit of its own: therefore this process stops waiting, too. When a statement
takes long, a new connection shows whether the server answers at all. If it does not, every process that
shares the `Guard` (those that were forked after it was made) refuses database work at once, until a new
attempt succeeds.
"""

import errno
import mmap
import os
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus

T = TypeVar("T")

CONNECT = 2  # seconds for a new connection; libpq knows no shorter limit
TICK = 0.1  # seconds after which psycopg looks up from waiting
SLOTS = 256  # more than there are processes
IDLE = 60  # seconds that a transaction may wait for its client: a machine that lost its power holds no lock
QUEUE = 60  # seconds for a statement of the queue itself


@dataclass(frozen=True, slots=True)
class Limits:
    """All in seconds.

    `lock` and `statement` are enforced by the server, for each statement. `total` is how long this process
    waits for the database: in one request, or, outside of requests, in one statement. After `check` without
    an answer it asks whether the server answers at all; if it does not, nothing is sent to it for `rest`.

    `processes` is how many share a guard, each with one request at a time. If all of them wait, the one that
    began last stops after `crowded`. For the next seconds it does so after a tenth of it, and nobody waits
    longer than `crowded`: so there is always a process that is free soon for requests which need nothing of
    what is locked.
    """

    lock: float = 5
    statement: float = 7
    total: float = 8
    check: float = 1
    rest: float = 1
    crowded: float = 2
    processes: int = 1

    @property
    def options(self) -> str:
        """What the server is told about them, as libpq's parameter `options`."""
        settings = {
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
            "idle_in_transaction_session_timeout": IDLE,
        }
        return " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in settings.items())


REQUESTS = Limits()
# Deleting what has expired may take minutes after a long stop.
WORK = Limits(lock=10, statement=300, total=330)


class Unresponsive(psycopg.OperationalError):
    """The server did not answer in time. The connection was closed, unless there was none."""


class _Budget:
    """What is left of the seconds that a request may wait for the database."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def begin_request(limits: Limits = REQUESTS) -> None:
    """Count all that this thread waits for the database from now on as one request's."""
    _budget.set(_Budget(limits.total))


def end_request() -> None:
    """Count no longer."""
    _budget.set(None)


class Guard:
    """The limits of the connections of one `Database`, and what is known of its server.

    Make it before the processes are forked that shall share what is known.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # Until when nothing is sent to the server, by the clock that all processes share; 0: it answers.
        self._silent_until = _shared(1)
        self._crowd = _Crowd(limits)
        self._parameters: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def connect(self, *arguments: Any, **parameters: Any) -> "Connection":
        """A new connection under these limits; it takes what `psycopg.connect` takes."""
        self._parameters = arguments, {**parameters, "connect_timeout": CONNECT}
        connection = self._connect()
        connection.guard = self
        return connection

    def allows(self) -> bool:
        """Whether the server may be used. If it was silent a while ago, one process tries it first."""
        until = self._silent_until[0]
        if not until:
            return True
        if monotonic() < until:
            return False
        self._silent_until[0] = monotonic() + CONNECT + self.limits.rest
        return not self._parameters[1] or self.answers()  # who has never connected does so now

    def answers(self) -> bool:
        """Whether the server lets somebody connect, or at least refuses it."""
        try:
            self._connect().close()
        except Unresponsive:
            return False
        except psycopg.OperationalError:
            pass  # an answer, too: it starts, or has too many clients
        self._silent_until[0] = 0
        return True

    def watched(self, connection: "Connection", work: PQGen[T], left: float) -> PQGen[T]:
        """The same work, which ends with `Unresponsive` when its time is over."""
        begun, check = monotonic(), self.limits.check
        ready: Any = None  # as `next` sends it
        while True:
            try:
                wanted = work.send(ready)
            except StopIteration as done:
                return cast(T, done.value)
            ready = yield wanted
            if ready:
                continue
            passed = monotonic() - begun  # nothing has come for a tenth of a second
            if passed >= left:
                raise _closed(connection, "The database did not answer in time.")
            full = self._crowd.is_full(begun)
            if not full and passed < check:
                continue
            if not self.answers():
                raise _closed(connection, "The database does not answer.")
            if full:
                _cancel(connection)
                left = min(left, passed + CONNECT)
            check = 2 * (monotonic() - begun)

    def _connect(self) -> "Connection":
        arguments, parameters = self._parameters
        try:
            return Connection.connect(*arguments, **parameters)
        except psycopg.OperationalError as error:
            # A server that was stopped accepts nobody: in the end its queue is full.
            if not isinstance(error, ConnectionTimeout) and os.strerror(errno.EAGAIN) not in str(error):
                raise
            self._silent_until[0] = monotonic() + self.limits.rest
            raise Unresponsive("The database does not answer.") from error


class _Crowd:
    """Which processes wait for the database, known to all of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begun, self._until = _shared(SLOTS), _shared(SLOTS)  # a process waits until it says so no more
        self._full_until = _shared(1)

    def is_full(self, begun: float) -> bool:
        """Whether a wait that began then has to end, because too many processes wait."""
        now, own = monotonic(), os.getpid() % SLOTS
        self._begun[own], self._until[own] = begun, now + 3 * TICK
        waited, longest = now - begun, self._limits.crowded
        lately = now < self._full_until[0]
        if self._limits.processes == 1 or waited < (longest / 10 if lately else longest):
            return False
        if not (lately and waited >= longest) and not self._is_last(begun, now):
            return False
        self._full_until[0] = now + self._limits.lock
        return True

    def _is_last(self, begun: float, now: float) -> bool:
        """Whether all the other processes wait, and began to do so before."""
        waiting = [since for since, until in zip(self._begun, self._until, strict=True) if until > now]
        return len([since for since in waiting if since < begun]) >= self._limits.processes - 1


def _shared(count: int) -> Any:
    """So many numbers, at first 0, that processes share which are forked later."""
    return memoryview(mmap.mmap(-1, 8 * count)).cast("d")


class Connection(psycopg.Connection[Any]):
    """A connection that waits no longer than its guard allows."""

    guard: Guard | None = None

    def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
        """As psycopg does. Raises Unresponsive, and is closed then."""
        if self.guard is None:
            return super().wait(gen, *arguments, **options)
        budget = _budget.get() or _Budget(self.guard.limits.total)
        begun = monotonic()
        try:
            return super().wait(self.guard.watched(self, gen, budget.left), *arguments, **options)
        finally:
            budget.left -= monotonic() - begun


class QueueConnection(psycopg.AsyncConnection[Any]):
    """The same for the queue's own connections, which have no guard: one that gets no answer is closed."""

    async def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
        """As psycopg does. Raises Unresponsive, and is closed then."""
        return await super().wait(_bounded(self, gen), *arguments, **options)


def _bounded(connection: QueueConnection, work: PQGen[T]) -> PQGen[T]:
    begun = monotonic()
    ready: Any = None
    while True:
        try:
            wanted = work.send(ready)
        except StopIteration as done:
            return cast(T, done.value)
        ready = yield wanted
        if ready or connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
            continue  # it waits for notifications, not for an answer
        if monotonic() - begun >= QUEUE:
            raise _closed(connection, "The database did not answer in time.")


def _cancel(connection: Connection) -> None:
    """Have the server end the statement, so that the connection stays usable."""
    try:
        connection.cancel_safe(timeout=CONNECT)
    except psycopg.OperationalError as error:
        raise _closed(connection, "The database does not answer.") from error


def _closed(connection: Connection | QueueConnection, reason: str) -> Unresponsive:
    connection.pgconn.finish()
    return Unresponsive(reason)
