"""A client connection, from the first byte to the end of the response. Driven by the worker; never blocks."""

import contextlib
import socket
import struct
from enum import IntEnum
from http import HTTPStatus
from typing import Any

from api.server.answers import Refusals, alive, answer, postponed
from api.server.exchange import BLOCK, Exchange
from api.server.framing import Framing, HttpError
from api.server.limits import Limits
from api.server.spool import Spool, Usage

BLOCKS = 16  # that are sent to one client before others get their turn
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(IntEnum):
    """In the order in which connections are dropped when there are too many."""

    LINGER = 1  # answered; further input is discarded, so that the client can read the response
    HEAD = 2
    BODY = 3
    ANSWER = 4
    WHOLE = 5  # ready to be served
    CLOSED = 6


class Connection:
    """A client and its progress. `deadline` is the latest end of its present phase."""

    def __init__(
        self, client: socket.socket, origin: tuple[Any, Any], limits: Limits, usage: Usage, now: float
    ) -> None:
        """`origin`: the listening socket and the client's address."""
        self.socket = client
        self.listener, self.address = origin
        self.framing = Framing(limits, usage)
        self.phase = Phase.HEAD
        self.deadline = now + limits.head_seconds
        self._limits = limits
        self._usage = usage
        self.held_until: float | None = None  # its application waits for something until then
        self._due = now  # when it could have been served
        self._rest: Spool | None = None
        self._block = memoryview(b"")

    @property
    def holds(self) -> bool:
        """Whether a part of a body or a response is stored for it."""
        return self.phase in (Phase.BODY, Phase.ANSWER)

    def read(self, now: float, refusals: Refusals) -> None:
        """Read what the client has sent."""
        try:
            data = self.socket.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.phase = Phase.CLOSED  # it disconnected, perhaps in the middle of a request
        elif self.phase < Phase.BODY:
            self._read_head(data, now, refusals)
        elif self.phase is Phase.BODY:
            self._extend(len(data), now)
            self._feed(data, now, refusals)

    def write(self, now: float) -> None:
        """Write as much of the response as the client accepts."""
        for _ in range(BLOCKS):
            if not self._block:
                self._block = memoryview(self._rest.read(BLOCK) if self._rest else b"")
                if not self._block:
                    self._end(now)
                    return
            try:
                sent = self.socket.send(self._block)
            except BlockingIOError:
                return
            except OSError:
                self.phase = Phase.CLOSED
                return
            self._block = self._block[sent:]
            self._extend(sent, now)

    @property
    def has_left(self) -> bool:
        """Whether the client has disconnected since its request was whole."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def postpone(self, now: float, refusals: Refusals) -> None:
        """Ask the client to try again later; a page does so by itself."""
        detail = "Too many people are reading figures at this moment. Try again in a few seconds."
        error = HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "postponed", detail)
        self._refuse(error, now, refusals, postponed() if self.framing.is_page else b"")

    def exchange(self, now: float, *, room: bool) -> Exchange:
        """Return the exchange that gunicorn serves. `room`: whether its application may hold it."""
        again = self.held_until is not None
        made = Exchange(self.socket, self.framing, self._usage, room=room, again=again)
        made.queued = 0 if self.framing.patient else max(0, now - self._due)
        return made

    def report_alive(self, now: float) -> None:
        """Answer a health check instead of the application, which is busy with another request."""
        with contextlib.suppress(OSError):  # the client has disconnected
            self.socket.send(alive(only_head=self.framing.only_head))
        self._end(now)

    def hold(self, seconds: float, now: float, pause: float) -> None:
        """Called when the application holds the request: it is served again after a pause."""
        if self.held_until is None:
            self.held_until = now + seconds
        self.deadline = self._due = min(now + pause, self.held_until)
        self.framing.rewind()

    def served(self, exchange: Exchange, now: float, refusals: Refusals) -> None:
        """Called when the application has answered."""
        self.framing.close()
        self._rest = exchange.rest
        if exchange.full:
            refusals.note("no-room")
        if exchange.broken:
            self.phase = Phase.CLOSED
        elif self._rest:
            self.phase = Phase.ANSWER
            self.deadline = now + self._limits.grace
        else:
            self._end(now)

    def expire(self, now: float, refusals: Refusals) -> None:
        """Called when the time of its phase is up."""
        if self.phase is Phase.HEAD and self.framing.started:
            seconds = f"{self._limits.head_seconds:g}"
            self._refuse(
                _timeout("slow-head", f"The request headers were not complete after {seconds} s."),
                now,
                refusals,
            )
        elif self.phase is Phase.BODY:
            least = f"{self._limits.rate:,} bytes per second for {self._limits.grace:g} s"
            self._refuse(_timeout("slow-body", f"Less than {least} of the body arrived."), now, refusals)
        else:
            self._give_up("silent" if self.phase is Phase.HEAD else "slow-reader", refusals)

    def drop(self, now: float, refusals: Refusals) -> None:
        """Close it to make room for others."""
        if self.phase is Phase.BODY or (self.phase is Phase.HEAD and self.framing.started):
            detail = "The server has too many open connections. Send the request again."
            self._refuse(HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "dropped", detail), now, refusals)
            self.phase = Phase.CLOSED
        else:
            self._give_up("dropped", refusals)

    def close(self) -> None:
        """Release everything. A response that was sent is still delivered, even if others have the socket."""
        self.framing.close()
        if self._rest:
            self._rest.close()
            self._rest = None
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        self.socket.close()

    def _read_head(self, data: bytes, now: float, refusals: Refusals) -> None:
        if self.phase is Phase.LINGER:
            return
        self._feed(data, now, refusals)
        if self.phase is Phase.HEAD and self.framing.in_body:
            self.phase = Phase.BODY
            self.deadline = now + self._limits.grace
            if self.framing.expects_continue:
                with contextlib.suppress(OSError):
                    self.socket.send(CONTINUE)

    def _feed(self, data: bytes, now: float, refusals: Refusals) -> None:
        try:
            self.framing.feed(data)
        except HttpError as error:
            self._refuse(error, now, refusals)
        except OSError:
            detail = "The server has no disk space for the request body."
            self._refuse(HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "no-room", detail), now, refusals)
        else:
            if self.framing.whole:
                self.phase = Phase.WHOLE
                self._due = now

    def _extend(self, count: int, now: float) -> None:
        self.deadline = min(self.deadline + count / self._limits.rate, now + self._limits.grace)

    def _refuse(self, error: HttpError, now: float, refusals: Refusals, page: bytes = b"") -> None:
        request_id = refusals.note(error.reason, error.status)
        self.framing.unread = True
        with contextlib.suppress(OSError):  # what doesn't fit into the socket now is not sent
            only_head = self.framing.only_head
            response = answer(error.status, error.detail, request_id, only_head=only_head, page=page)
            self.socket.send(response)
        self._end(now)

    def _end(self, now: float) -> None:
        """Called when the response has been sent. Closing now would destroy it if the client still sends."""
        if not self.framing.unread:
            self.phase = Phase.CLOSED
            return
        self.framing.close()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        self.phase = Phase.LINGER
        self.deadline = now + self._limits.linger

    def _give_up(self, reason: str, refusals: Refusals) -> None:
        if self.phase is Phase.ANSWER:
            refusals.note(reason)
        elif self.phase is Phase.HEAD:
            refusals.count(reason)  # browsers open connections in advance: nothing to log
        if self.phase is Phase.ANSWER:  # the client's connection doesn't read: stop polling
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.phase = Phase.CLOSED


def _timeout(reason: str, detail: str) -> HttpError:
    return HttpError(HTTPStatus.REQUEST_TIMEOUT, reason, detail + " Send the request again.")
