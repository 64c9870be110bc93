"""Time limits of database work, so that a locked, slow or silent server can't block requests for long.

The server enforces the limits in a connection's options. A server that hangs enforces nothing, and a Unix
socket has no timeout: therefore this process also stops waiting. When a statement takes long, a new
connection shows whether the server responds at all. If it doesn't, every process that shares the `Guard`
(those forked after it was created) refuses database work immediately, until a new attempt succeeds.
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

from engine.platform.pulse import INTERVAL, PULSE

T = TypeVar("T")

CONNECT = 2  # seconds for a new connection; libpq allows no shorter limit
RECENT = 0.3  # seconds for which it is known that another process waits
SLOTS = 256  # more than there are processes
IDLE = 60  # seconds that a transaction may wait for its client: a machine without power can't hold a lock
QUEUE = 60  # seconds for a statement of the queue itself


@dataclass(frozen=True, slots=True)
class Limits:
    """All in seconds.

    `lock` and `statement` are enforced by the server, for each statement. `total` is how long this process
    waits for the database: in one request, or, outside of requests, in one statement. After `check` without
    an answer it checks whether the server responds at all; if it doesn't, nothing is sent to it for `rest`.

    `processes` is how many share a guard, each with one request at a time. If all of them wait, the one that
    began last stops after `crowded`. For the next seconds it does so after a tenth of that, and nobody waits
    longer than `crowded`, the time in the process's queue included: so a process is always free soon for
    requests that need nothing that is locked, and what waits behind others is refused soon as well.
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
        """Return the limits for the server, as libpq's parameter `options`."""
        settings = {
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
            "idle_in_transaction_session_timeout": IDLE,
        }
        return " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in settings.items())


REQUESTS = Limits()
# Deleting expired rows may take minutes after a long downtime.
WORK = Limits(lock=10, statement=300, total=330)


class Unresponsive(psycopg.OperationalError):
    """The server didn't respond in time. The connection, if there was one, was closed."""


class _Budget:
    """The remaining seconds that a request may wait for the database, and those that it has queued before."""

    def __init__(self, seconds: float, queued: float = 0) -> None:
        self.left = seconds
        self.queued = queued


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def begin_request(limits: Limits = REQUESTS, *, queued: float = 0) -> None:
    """Count this thread's waits for the database from now on towards one request.

    `queued` are the seconds that it has waited for this process.
    """
    _budget.set(_Budget(limits.total, queued))


def end_request() -> None:
    """Stop counting."""
    _budget.set(None)


class Guard:
    """The limits of the connections of one `Database`, and what is known about its server.

    Create it before forking the processes that share this knowledge.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # Until when nothing is sent to the server, by the clock that all processes share; 0: it responds.
        self._silent_until = _shared(1)
        self._crowd = _Crowd(limits)
        self._parameters: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def connect(self, *arguments: Any, **parameters: Any) -> "Connection":
        """Connect under these limits; arguments as of `psycopg.connect`."""
        self._parameters = arguments, {**parameters, "connect_timeout": CONNECT}
        connection = self._connect()
        connection.guard = self
        return connection

    def allows(self) -> bool:
        """Return whether the server can be used. If it was silent recently, one process tries it first."""
        until = self._silent_until[0]
        if not until:
            return True
        if monotonic() < until:
            return False
        self._silent_until[0] = monotonic() + CONNECT + self.limits.rest
        return not self._parameters[1] or self.answers()  # the first connection of this process

    def answers(self) -> bool:
        """Return whether the server accepts a connection, or at least refuses it."""
        try:
            self._connect().close()
        except Unresponsive:
            return False
        except psycopg.OperationalError:
            pass  # also an answer: it is starting, or has too many clients
        self._silent_until[0] = 0
        return True

    def watched(self, connection: "Connection", work: PQGen[T], budget: _Budget) -> PQGen[T]:
        """Yield from the same generator, but raise `Unresponsive` when the time is up."""
        begun, check, left = monotonic(), self.limits.check, budget.left
        ready: Any = None  # as `next` sends it
        while True:
            try:
                wanted = work.send(ready)
            except StopIteration as done:
                return cast(T, done.value)
            ready = yield wanted
            if ready:
                continue
            PULSE.beat()  # nothing has arrived for a moment
            passed = monotonic() - begun
            if passed >= left:
                raise _closed(connection, "The database did not answer in time.")
            full = self._crowd.is_full(begun, budget.queued)
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
            # A stopped server accepts no connection: in the end its backlog is full.
            if not isinstance(error, ConnectionTimeout) and os.strerror(errno.EAGAIN) not in str(error):
                raise
            self._silent_until[0] = monotonic() + self.limits.rest
            raise Unresponsive("The database does not answer.") from error


class _Crowd:
    """Which processes wait for the database, shared by all of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begun, self._until = _shared(SLOTS), _shared(SLOTS)  # a process waits until it clears its entry
        self._full_until = _shared(1)

    def is_full(self, begun: float, queued: float = 0) -> bool:
        """Return whether a wait that began then has to end, because too many processes wait.

        `queued` are the seconds before, in which its request waited for this process.
        """
        now, own = monotonic(), os.getpid() % SLOTS
        self._begun[own], self._until[own] = begun, now + RECENT
        waited, longest = now - begun, self._limits.crowded
        lately = now < self._full_until[0]
        least = longest if not lately else longest / (40 if queued >= longest else 10)
        if self._limits.processes == 1 or waited < least:
            return False
        if not (lately and waited + queued >= longest) and not self._is_last(begun, now):
            return False
        self._full_until[0] = now + self._limits.lock
        return True

    def _is_last(self, begun: float, now: float) -> bool:
        """Return whether all the other processes wait, and began to do so before."""
        waiting = [since for since, until in zip(self._begun, self._until, strict=True) if until > now]
        return len([since for since in waiting if since < begun]) >= self._limits.processes - 1


def _shared(count: int) -> Any:
    """Return so many numbers, initially 0, shared with processes that are forked later."""
    return memoryview(mmap.mmap(-1, 8 * count)).cast("d")


class Connection(psycopg.Connection[Any]):
    """A connection that waits no longer than its guard allows."""

    guard: Guard | None = None

    def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
        """Wait as psycopg does. Raises Unresponsive, and is closed then."""
        if self.guard is None:
            return super().wait(gen, *arguments, **options)
        budget = _budget.get() or _Budget(self.guard.limits.total)
        begun = monotonic()
        try:
            watched = self.guard.watched(self, gen, budget)
            return super().wait(watched, *arguments, **{"interval": INTERVAL, **options})
        finally:
            budget.left -= monotonic() - begun


class QueueConnection(psycopg.AsyncConnection[Any]):
    """A connection of the queue, which has no guard: it is closed when it gets no answer."""

    async def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
        """Wait as psycopg does. Raises Unresponsive, and is closed then."""
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
    """Cancel the statement on the server, so that the connection remains usable."""
    try:
        connection.cancel_safe(timeout=CONNECT)
    except psycopg.OperationalError as error:
        raise _closed(connection, "The database does not answer.") from error


def _closed(connection: Connection | QueueConnection, reason: str) -> Unresponsive:
    connection.pgconn.finish()
    return Unresponsive(reason)
