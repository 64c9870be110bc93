"""Locks between the processes of one machine that end with their holder, however it ends."""

import fcntl
import os
import time
from pathlib import Path


class Lock:
    """An exclusive lock on a file; the file's text tells who holds it. Never inherited by child processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, patience: float = 0) -> bool:
        """Whether the lock is ours now; `patience` in seconds is how long to wait for another holder."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return False
                time.sleep(0.02)
            else:
                self._descriptor = descriptor
                self.note(str(os.getpid()))
                return True

    def note(self, text: str) -> None:
        """Tell the others something about the holder; by default its pid."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked by this process")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def holder(self) -> str:
        """What the present (or last) holder told."""
        return self.path.read_text().strip()

    def release(self) -> None:
        """Let the next one in. The file stays: without it two processes could lock two different files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
