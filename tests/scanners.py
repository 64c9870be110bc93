"""A scanner for tests that speaks clamd's INSTREAM over a socket, and finds what it is configured to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Not the complete EICAR test file, so that a scanner on this machine doesn't report the repository.
MARK = b"EICAR-STANDARD" + b"-ANTIVIRUS-TEST-FILE"
LIMIT = 4 << 20


class Scanner:
    """Serves one connection after the other; `reply` replaces its result."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self.address = address
        self.reply: bytes | None = None
        self.scanned: list[bytes] = []
        self._listener = listener

    def serve(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            with channel, channel.makefile("rb") as stream:
                answer = self._judge(stream.read(10), stream)
                if answer:
                    channel.sendall(answer + b"\0")

    def _judge(self, command: bytes, stream: IO[bytes]) -> bytes:
        assert command == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(stream.read(4)):
            content += stream.read(size)
            if len(content) > LIMIT:
                return b"INSTREAM size limit exceeded. ERROR"
        self.scanned.append(content)
        if self.reply is not None:
            return self.reply
        return b"stream: Win.Test.EICAR_HDB-1 FOUND" if MARK in content else b"stream: OK"


@contextmanager
def listening(folder: Path | None = None) -> Iterator[Scanner]:
    """Listen on a socket in that folder, else on a port of loopback."""
    if folder is None:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "clamd"))
        listener.listen()
        address = f"unix:{folder / 'clamd'}"
    scanner = Scanner(listener, address)
    thread = threading.Thread(target=scanner.serve, daemon=True)
    thread.start()
    try:
        yield scanner
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
