"""The object that gunicorn uses as the client's socket while it serves one request.

It reads from the request that has already arrived. It writes to the real socket as long as that accepts the
bytes immediately, and stores the rest for the worker to send later: a slow client blocks nobody.
"""

import errno
import socket
from http import HTTPStatus
from typing import IO, Any

from api.server.answers import answer
from api.server.framing import Framing
from api.server.spool import Spool, Usage

BLOCK = 64 << 10


class Exchange:
    """One request and its response. `fileno` is that of the client's own socket, which doesn't block.

    `rest` is what is still to be sent. `broken`: the response can't be completed, because the client
    disconnected or, if it is `full`, because the disk is full.

    The application finds it in the environment of the request, and may `hold` that if there is `room`.
    `again`: it has done so. `queued` are the seconds that the whole request has waited for its turn.
    """

    def __init__(
        self,
        client: socket.socket,
        framing: Framing,
        usage: Usage,
        *,
        room: bool,
        again: bool,
    ) -> None:
        """`room`: whether it can be held (any longer)."""
        self.held: float | None = None
        self.queued = 0.0
        self.again = again
        self.room = room
        self._client = client
        self._framing = framing
        self._usage = usage
        self._first: bytes | None = None
        self._ended = False
        self.rest: Spool | None = None
        self.broken = False
        self.full = False

    def fileno(self) -> int:
        return self._client.fileno()

    def getsockname(self) -> Any:
        return self._client.getsockname()

    def getpeername(self) -> Any:
        return self._client.getpeername()

    def recv(self, size: int) -> bytes:
        """Read from the request; empty at its end, never blocking."""
        return b"" if self._ended else self._framing.read(size)

    def hold(self, seconds: float) -> bool:
        """Have the application serve the same request again, until it has an answer or the time is over.

        `seconds` are those from its first arrival. Returns whether it will be, and this answer is discarded.
        """
        if self.room:
            self.held = seconds
        return self.room

    def send(self, data: bytes) -> int:
        """gunicorn uses it only for `100 Continue`, which is too late here: the body has arrived."""
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send, or store to be sent later. The header waits for the next bytes: one packet for both."""
        if self.held is not None:
            return
        if self._first is None:
            self._first = data
            return
        if self._first:
            data, self._first = self._first + data, b""
        self._push(data)

    def refuse(self, status: HTTPStatus, detail: str, request_id: str) -> None:
        """Answer instead of the application, unless it has begun to."""
        self._framing.unread = True
        if self._first is None:
            self.sendall(answer(status, detail, request_id, only_head=self._framing.only_head))

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """As `socket.sendfile` does."""
        file.seek(offset)
        sent = 0
        while count is None or sent < count:
            block = file.read(BLOCK if count is None else min(BLOCK, count - sent))
            if not block:
                break
            self.sendall(block)
            sent += len(block)
        return sent

    def shutdown(self, _how: int) -> None:
        """The response is complete."""
        self._ended = True
        if self._first:
            data, self._first = self._first, b""
            self._push(data)

    def settimeout(self, _seconds: float | None) -> None:
        """Does nothing: nothing here blocks."""

    def close(self) -> None:
        """Does nothing: the worker closes the socket once everything is sent."""
        self._ended = True

    def _push(self, data: bytes) -> None:
        sent = 0 if self.rest else self._sent(data)
        if sent == len(data):
            return
        if self.rest is None:
            self.rest = Spool(self._usage)
        try:
            self.rest.write(memoryview(data)[sent:])
        except OSError as cause:
            self.broken = self.full = True
            raise OSError(errno.ECONNRESET, "no room for the answer") from cause  # as if disconnected

    def _sent(self, data: bytes) -> int:
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.broken = True
            raise
