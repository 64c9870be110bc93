"""The worker: waits for many clients at once, and serves one whole request at a time.

No threads, and one request at a time, as with gunicorn's sync workers: requests need the processor and the
database. It accepts connections only while it is idle, so they go to a free worker. Requests for figures wait
until nothing else is to be served.
"""

import errno
import os
import re
import select
import time
from collections import deque
from collections.abc import Callable
from heapq import nsmallest
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from gunicorn.workers.sync import SyncWorker

from api.server.answers import Refusals, cause
from api.server.connection import Connection, Phase
from api.server.exchange import Exchange
from api.server.framing import HttpError
from api.server.limits import Limits
from api.server.spool import Usage
from engine.platform import logs
from engine.platform.config import Settings
from engine.platform.pulse import PULSE

ACCEPTED = 64  # at most in a row, before those that are waiting get their turn
PAUSE = 1.0  # seconds between checks of deadlines
HOST = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?")

log = structlog.get_logger("server")


class Worker(SyncWorker):
    """gunicorn's sync worker with a loop that reads requests and sends the rest of responses."""

    limits: Limits

    def init_process(self) -> None:
        """Called in the new process: the limits are known before any hook of gunicorn.conf.py."""
        self.limits = Limits.of(Settings.read())
        super().init_process()

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Called by gunicorn before the start."""
        if cfg.is_ssl:
            raise ValueError("This worker speaks no TLS. Put a reverse proxy in front.")

    def run(self) -> None:
        """Serve until gunicorn wants it to stop."""
        self.open()
        PULSE.follow(self.beat)
        while self.alive and self.is_parent_alive():
            self.turn()
        self.finish()

    def open(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start listening."""
        self.clock = clock
        self._poll = select.epoll()
        self.usage = Usage()
        self._refusals = Refusals(self.clock)
        self._connections: dict[int, Connection] = {}
        self._watched: dict[int, int] = {}
        self._whole: deque[Connection] = deque()
        self._patient: deque[Connection] = deque()
        self._held: list[Connection] = []
        self._patient_from = 0.0
        self._looked = 0.0
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            # A new connection wakes only one worker.
            self._poll.register(number, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self._poll.register(self.PIPE[0], select.EPOLLIN)
        self._left_waiting = False

    @property
    def waiting(self) -> int:
        """Return how many clients it waits for."""
        return len(self._connections)

    def turn(self, pause: float = PAUSE) -> None:
        """Wait for the next events; read, send and accept; serve what is whole."""
        self.notify()
        happened = self._poll.poll(
            0 if self._patient else pause, len(self._watched) + len(self._listeners) + 1
        )
        # A worker that was woken for a connection and stopped instead has left it to nobody.
        ready = [number for number, _ in happened] or [*self._listeners]
        busy = False
        for number in ready:
            if number in self._listeners:
                busy |= self._accept(self._listeners[number])
            elif number == self.PIPE[0]:
                os.read(number, 4096)
            elif connection := self._connections.get(number):
                self._advance(connection)
        self._look()
        busy |= bool(self._whole)
        while self._whole:
            self._serve(self._whole.popleft())
        self._serve_held()
        self._serve_patient(busy=busy)

    def beat(self) -> None:
        """Answer health checks while the application waits for something; all else waits for its turn.

        A connection that waits from one beat to the next finds no idle worker.
        """
        happened = [number for number, _ in self._poll.poll(0, len(self._watched) + len(self._listeners) + 1)]
        arriving = [number for number in happened if number in self._listeners]
        if self._left_waiting:
            for number in arriving:
                self._accept(self._listeners[number], busy=True)
        self._left_waiting = bool(arriving)
        for number in happened:
            if connection := self._connections.get(number):
                self._advance(connection)
        for connection in [each for each in self._whole if each.framing.is_health_check]:
            self._whole.remove(connection)
            connection.report_alive(self.clock())
            self._settle(connection)

    def finish(self) -> None:
        """Stop accepting, drop incomplete requests, and send the rest of responses."""
        for number in self._listeners:
            self._poll.unregister(number)
        self._listeners = {}
        while self._patient:
            self._postpone(self._patient.popleft())
        while self._held:
            self._serve(self._held.pop())
        for connection in list(self._connections.values()):
            if connection.phase is not Phase.ANSWER:
                self._forget(connection)
        until = self.clock() + self.cfg.graceful_timeout - 5  # then gunicorn kills it
        while self._connections and self.clock() < until:
            self.turn()
        for connection in list(self._connections.values()):
            self._forget(connection)
        self._poll.close()

    def _accept(self, listener: Any, *, busy: bool = False) -> bool:
        """Accept waiting connections until there is a request to serve; return whether more may wait.

        `busy`: there is one already, so accept all.
        """
        for _ in range(ACCEPTED):
            try:
                client, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE) and self._drop():
                    continue
                raise
            client.setblocking(False)
            now = self.clock()
            connection = Connection(client, (listener, address), self.limits, self.usage, now)
            self._connections[client.fileno()] = connection
            connection.read(now, self._refusals)
            self._settle(connection)
            while len(self._connections) > self.limits.connections and self._drop():
                pass
            if self._whole and not busy:
                break
        return True

    def _advance(self, connection: Connection) -> None:
        now = self.clock()
        if connection.phase is Phase.WHOLE:
            return  # a new one, with the number of one that was dropped in this turn
        if connection.phase is Phase.ANSWER:
            connection.write(now)
        else:
            connection.read(now, self._refusals)
        self._settle(connection)
        while self.usage.bytes > self.limits.stored and self._drop(storing=True):
            pass

    def _settle(self, connection: Connection) -> None:
        """Wait for the events of its phase."""
        if connection.phase is Phase.CLOSED:
            self._forget(connection)
        elif connection.phase is Phase.WHOLE:
            # Before the application sees it, which may pass the socket to another process.
            self._watch(connection, 0)
            self._queue(connection)
        else:
            self._watch(connection, select.EPOLLOUT if connection.phase is Phase.ANSWER else select.EPOLLIN)

    def _queue(self, connection: Connection) -> None:
        if not connection.framing.patient:
            self._whole.append(connection)
        elif len(self._patient) < self.limits.patient:
            if not self._patient:
                self._patient_from = max(self._patient_from, self.clock() + PAUSE)
            connection.deadline = self.clock() + self.limits.patience
            self._patient.append(connection)
        else:
            self._postpone(connection)

    def _postpone(self, connection: Connection) -> None:
        connection.postpone(self.clock(), self._refusals)
        self._settle(connection)

    def _watch(self, connection: Connection, events: int) -> None:
        number = connection.socket.fileno()
        known = self._watched.get(number, 0)
        if events == known:
            return
        if not events:
            self._poll.unregister(number)
            del self._watched[number]
            return
        if known:
            self._poll.modify(number, events)
        else:
            self._poll.register(number, events)
        self._watched[number] = events

    def _serve(self, connection: Connection) -> None:
        self.notify()
        exchange = connection.exchange(self.clock(), room=self._has_room(connection))
        self.handle(connection.listener, exchange, connection.address)
        if exchange.held is not None:
            connection.hold(exchange.held, self.clock(), PAUSE)
            self._held.append(connection)
            return
        connection.served(exchange, self.clock(), self._refusals)
        self._settle(connection)
        while self.usage.bytes > self.limits.stored and self._drop(storing=True):
            pass

    def _has_room(self, connection: Connection) -> bool:
        """Return whether the application may hold a request: not when this worker stops."""
        if not self._listeners:
            return False
        if connection.held_until is None:
            return len(self._held) < self.limits.held
        return self.clock() < connection.held_until

    def _serve_held(self) -> None:
        """Serve again what waits for something, unless its client has disconnected."""
        now = self.clock()
        for connection in [each for each in self._held if each.deadline <= now]:
            self._held.remove(connection)
            if connection.has_left:
                connection.phase = Phase.CLOSED
                self._settle(connection)
            else:
                self._serve(connection)

    def _serve_patient(self, *, busy: bool) -> None:
        """Serve one request that can wait, if it isn't `busy` with others; or else for half of the time."""
        if not self._patient or (busy and self.clock() < self._patient_from):
            return
        connection = self._patient.popleft()
        if connection.deadline < self.clock():
            self._postpone(connection)
        elif connection.has_left:
            connection.phase = Phase.CLOSED
            self._settle(connection)
        else:
            begun = self.clock()
            self._serve(connection)
            ended = self.clock()
            self._patient_from = ended + (ended - begun)

    def _look(self) -> None:
        """Close what takes too long. Input that arrived while a request was served has been read before."""
        now = self.clock()
        if now - self._looked < PAUSE:
            return
        self._looked = now
        waiting = (each for each in self._connections.values() if each.phase < Phase.WHOLE)
        for connection in [each for each in waiting if each.deadline <= now]:
            connection.expire(now, self._refusals)
            self._settle(connection)
        self._refusals.report()

    def _drop(self, *, storing: bool = False) -> bool:
        """Drop the slowest of those in the earliest phase; return whether there was one.

        Several at once to make room for new connections: finding them takes longer than dropping them.
        """
        found = [each for each in self._connections.values() if each.phase < Phase.WHOLE]
        if storing:
            found = [each for each in found if each.holds]
        count = 1 if storing else max(1, self.limits.connections // 20)
        slowest = nsmallest(count, found, key=lambda each: (each.phase, each.deadline))
        for connection in slowest:
            connection.drop(self.clock(), self._refusals)
            self._forget(connection)
        return bool(slowest)

    def _forget(self, connection: Connection) -> None:
        self._watch(connection, 0)
        del self._connections[connection.socket.fileno()]
        connection.close()

    def handle_request(self, listener: Any, req: Any, client: Exchange, addr: Any) -> None:
        """Let the application answer, if it is clear which host is meant (RFC 9112, section 3.2)."""
        hosts = [value for name, value in req.headers if name == "HOST"]
        if (not hosts and req.version >= (1, 1)) or any(not HOST.fullmatch(host) for host in hosts):
            detail = "Name the host in one valid Host header, like Host: localhost:8000."
            raise HttpError(HTTPStatus.BAD_REQUEST, "host", detail)
        super().handle_request(listener, req, client, addr)

    def handle_error(self, req: Any, client: Exchange, addr: Any, exc: BaseException) -> None:
        """Answer with a problem document what the application never got, or could not answer."""
        refused = cause(exc)
        if refused is not None:
            client.refuse(refused.status, refused.detail, self._refusals.note(refused.reason, refused.status))
            return
        request_id = str(uuid4())
        log.error("request.crashed", request=request_id, error=type(exc).__name__, where=logs.place(exc))
        detail = "The server failed to answer. The request id helps to find out why."
        client.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request_id)
