"""Counters of requests in files that a full disk can't turn into a crash.

prometheus_client maps a sparse file for each process. When the disk has no room for one of its pages, writing
there kills the process (SIGBUS). So the space is reserved before anything is mapped; without it, nothing is
counted until there is room again.
"""

import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

SIZE = 1 << 16  # bytes of a new file; it doubles when it is full
ENTRY = 64  # bytes of an entry besides its key, at most


class ReservedDict(MmapedDict):
    """A file of counters whose space is reserved. Raises OSError if there is none, or its folder is gone."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            _reserve(Path(filename))
        MmapedDict.__init__(self, filename, read_mode)

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + ENTRY
        if needed > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        MmapedDict._init_value(self, key)


def _reserve(path: Path) -> None:
    """Create the file with all its space, or leave nothing of it."""
    with path.open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(SIZE, os.fstat(file.fileno()).st_size))
        except OSError:
            path.unlink()
            raise


def install() -> None:
    """Have all counters of this process use such files."""
    values.MmapedDict = ReservedDict  # type: ignore[attr-defined]  # the library has no other place for it
