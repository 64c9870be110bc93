"""Locks between the processes of one machine, released whenever and however their holder ends."""

import fcntl
import os
import time
from pathlib import Path

from engine.platform.errors import Unusable


class Lock:
    """An exclusive lock on a file; the file's text describes the holder. Child processes never inherit it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, patience: float = 0) -> bool:
        """Return whether the lock was acquired; `patience` is how many seconds to wait for another holder."""
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
        """Record something about the holder for others; by default its pid."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked by this process")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def holder(self) -> str:
        """Return what the present (or last) holder recorded."""
        return self.path.read_text().strip()

    def require_folder(self, *others: Path) -> None:
        """Raises Unusable if the file was removed since it was locked, or one of these others was."""
        try:
            held = self._descriptor is not None and os.fstat(self._descriptor)
            if held and os.path.samestat(held, self.path.stat()) and all(other.exists() for other in others):
                return
        except FileNotFoundError:
            pass
        raise Unusable(
            f"The data folder {self.path.parent} was removed, or a part of it, so everything was stopped. "
            "Restore a backup: python -m engine restore FILE"
        )

    def release(self) -> None:
        """Release the lock. The file remains: without it two processes could lock two different files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
