"""A PostgreSQL behind a socket that can become silent, or be cut in the middle of a commit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import make_url

NAME = ".s.PGSQL.5432"
# What happens to a statement: it arrives, but its response doesn't; or it doesn't arrive.
Fate = Literal["committed", "undone"]


class Line:
    """Forwards the traffic of clients and server, each connection in its own threads.

    `fate` is what happens to the next statement with the text `at`. After it nothing is forwarded if
    `silence` is set.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parsed = make_url(url)
        self._server = str(Path(str(parsed.query["host"])) / NAME)
        self.url = parsed.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        self.fate: Fate | None = None
        self.silence = False
        self.at = b"COMMIT\0"
        self.connections = 0
        self._passing = threading.Event()
        self._passing.set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / NAME))
        self._listener.listen(100)
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []
        self._start(self._accept)

    def hold(self) -> None:
        """Forward nothing, like a stopped server: new connections neither."""
        self._passing.clear()

    def release(self) -> None:
        """Forward what was withheld, and everything after it."""
        self._passing.set()

    def close(self) -> None:
        """Accept no connections, and close the open ones."""
        self.release()
        _end(self._listener)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._ends += [client, server]
                self._start(self._serve, client, server)
        for end in self._ends:
            _end(end)

    def _start(self, act: Callable[..., None], *arguments: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=act, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            answering = self._start(self._answer, client, server)
            self._ask(client, server)
            answering.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self._passing.wait()
                if self.fate is not None and self.at in data:
                    self._cut(client, server, data)
                else:
                    server.sendall(data)
        _end(server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self._passing.wait()
                client.sendall(data)
        _end(client)

    def _cut(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        fate, self.fate = self.fate, None
        self.hold()
        if not self.silence:
            _end(client)
        if fate == "committed":
            server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)  # it executes what has arrived, and ends
        if not self.silence:
            self.release()


def _end(end: socket.socket) -> None:
    """Close both directions."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def line(url: str) -> Iterator[Line]:
    """Start one to the server of this URL, until the block ends."""
    with TemporaryDirectory(prefix="line") as folder:  # a short path, as sockets need one
        made = Line(url, Path(folder))
        try:
            yield made
        finally:
            made.close()
