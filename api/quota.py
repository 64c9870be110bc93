"""The number of requests that a token may make per minute, counted for all web workers of this machine.

The counters are in shared memory, mapped before the workers were forked: no statement and no lock. Two
workers that count at the same moment may lose one, so the limit is accurate to within a few.
"""

import math
import mmap
import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from engine.platform.errors import QuotaExceeded

WINDOW = 60  # seconds
SLOTS, PROBES = 1 << 14, 8
_SLOT = struct.Struct("<8sQQ")  # the token's digest, the number of its window, its requests in that


class Standing(NamedTuple):
    """Requests per minute, how many are left, and seconds until the next minute."""

    limit: int
    remaining: int
    reset_in: int


class Quota:
    """Fixed windows of a minute. A limit of 0 counts nothing."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds, the same for all workers."""
        self.limit, self._clock = limit, clock
        self._counters = mmap.mmap(-1, SLOTS * _SLOT.size) if limit else None

    def take(self, token: str, number: int = 1) -> None:
        """Count requests. Raises QuotaExceeded beyond the limit, until the minute is over.

        Several are counted only if all of them are allowed.
        """
        if self._counters is None or not number:
            return
        now = self._clock()
        window, passed = divmod(now, WINDOW)
        digest = blake2b(token.encode(), digest_size=8).digest()
        place = self._place(self._counters, digest, int(window))
        kept, counted, requests = _SLOT.unpack_from(self._counters, place)
        requests = number + (requests if (kept, counted) == (digest, int(window)) else 0)
        if number == 1 or requests <= self.limit:
            _SLOT.pack_into(self._counters, place, digest, int(window), requests)
        if requests > self.limit:
            seconds = max(1, math.ceil(WINDOW - passed))
            detail = (
                f"This token is limited to {self.limit} requests per minute. Try again in {seconds} seconds."
            )
            raise QuotaExceeded(detail, seconds)

    def standing(self, token: str) -> Standing | None:
        """Return how many requests a token has left; None without a limit. Counts nothing."""
        if self._counters is None:
            return None
        window, passed = divmod(self._clock(), WINDOW)
        digest = blake2b(token.encode(), digest_size=8).digest()
        found = _SLOT.unpack_from(self._counters, self._place(self._counters, digest, int(window)))
        requests = found[2] if found[:2] == (digest, int(window)) else 0
        return Standing(self.limit, max(0, self.limit - requests), max(1, math.ceil(WINDOW - passed)))

    def _place(self, counters: mmap.mmap, digest: bytes, window: int) -> int:
        """Return the slot of a token: its own, else one that is unused in this minute, else the first."""
        first = int.from_bytes(digest, "little")
        places = [(first + step) % SLOTS * _SLOT.size for step in range(PROBES)]
        free = None
        for place in places:
            kept, counted, _ = _SLOT.unpack_from(counters, place)
            if kept == digest:
                return place
            if free is None and counted != window:
                free = place
        return places[0] if free is None else free
