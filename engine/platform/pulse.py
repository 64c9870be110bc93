"""What a process does again and again while it waits or computes: the web server answers health checks."""

from collections.abc import Callable
from time import monotonic

INTERVAL = 0.02  # seconds between two beats


class Pulse:
    """Calls each of its followers, at most once in an interval, whenever somebody lets it beat."""

    def __init__(self) -> None:
        self._followers: list[Callable[[], None]] = []
        self._next = 0.0

    def follow(self, follower: Callable[[], None]) -> None:
        """Have it called. It must be quick, and must not wait itself."""
        self._followers.append(follower)

    def beat(self) -> None:
        """Called by what waits or computes, as often as it likes."""
        now = monotonic()
        if self._followers and now >= self._next:
            self._next = now + INTERVAL
            for each in self._followers:
                each()


PULSE = Pulse()  # of this process
