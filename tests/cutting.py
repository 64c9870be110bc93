"""A PostgreSQL behind a socket that can fall silent, or be cut at the moment of a commit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import make_url

NAME = ".s.PGSQL.5432"
# What becomes of a statement: it arrives, and its answer does not; or it does not arrive.
Fate = Literal["committed", "undone"]


class Line:
    """Passes on what clients and server say, each connection in threads of its own.

    `fate` is what happens to the next statement with the text `at`. After it nothing passes any more if
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
        """Pass nothing on, as a server that was stopped says nothing: new connections neither."""
        self._passing.clear()

    def release(self) -> None:
        """Pass on all that was held, and what comes."""
        self._passing.set()

    def close(self) -> None:
        """Accept nobody any more, and end what is under way."""
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
            server.shutdown(socket.SHUT_WR)  # it does what has arrived, and ends
        if not self.silence:
            self.release()


def _end(end: socket.socket) -> None:
    """Nothing is said any more, and nothing heard."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def line(url: str) -> Iterator[Line]:
    """One to the server of this URL, until the block ends."""
    with TemporaryDirectory(prefix="line") as folder:  # a short path, as sockets need one
        made = Line(url, Path(folder))
        try:
            yield made
        finally:
            made.close()
