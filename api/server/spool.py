"""Bytes that wait for a client, or for the rest of its request: a few in memory, many in an unnamed file."""

from contextlib import ExitStack
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

IN_MEMORY = 64 << 10  # of each; a worker waits for up to a thousand


class Usage:
    """The total size of a worker's spools."""

    def __init__(self) -> None:
        self.bytes = 0


class Spool:
    """Written once, then read once. Nobody else can read its file, which is deleted when the process ends."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._file: IO[bytes] = BytesIO()
        self._opened = ExitStack()
        self._reading = False
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append. Raises OSError if the disk is full."""
        if self.size <= IN_MEMORY < self.size + len(data):
            self._move()
        self._file.write(data)
        self.size += len(data)
        self._usage.bytes += len(data)

    def read(self, size: int) -> bytes:
        """Return the next bytes, empty at the end. Nothing is written afterwards."""
        if not self._reading:
            self._reading = True
            self._file.seek(0)
        return self._file.read(size)

    def rewind(self) -> None:
        """Read it again from the start."""
        self._reading = False

    def _move(self) -> None:
        """Move the bytes from memory to a file."""
        self._file.seek(0)
        known = self._file.read()
        with ExitStack() as opened:
            self._file = opened.enter_context(TemporaryFile())
            self._file.write(known)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Release its storage."""
        self._usage.bytes -= self.size
        self.size = 0
        self._opened.close()
