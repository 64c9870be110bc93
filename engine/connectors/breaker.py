"""The circuit breaker: after repeated failures of a system, calls to it fail immediately for a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.connectors.message import CallFailed, CircuitOpen

PROBE = 1.0  # seconds after which to look whether the probe has its result


class Breaker:
    """The circuit breaker of one connector in one process; calls share it within one event loop.

    After `failures` in a row the circuit is open for `pause` seconds. Then one call goes through as a probe,
    and its result decides for the others.
    """

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures = failures
        self.pause = pause
        self._clock = clock
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._probing = False

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Guards one call. Raises CircuitOpen if it may not be made now.

        Any response counts as a success: only temporary failures are counted.
        """
        probe = self._admit()
        try:
            yield
        except CallFailed as failure:
            self._note(well=not failure.retriable)
            raise
        else:
            self._note(well=True)
        finally:
            if probe:  # also if the probe was cancelled without a result
                self._probing = False

    def _admit(self) -> bool:
        """Returns whether this call is the probe."""
        if self._opened_at is None:
            return False
        left = self._opened_at + self.pause - self._clock()
        if self._probing or left > 0:
            raise CircuitOpen(self._in_a_row, max(left, PROBE))
        self._probing = True
        return True

    def _note(self, *, well: bool) -> None:
        if well:
            self._in_a_row = 0
            self._opened_at = None
            return
        self._in_a_row += 1
        if self._in_a_row >= self.failures:
            self._opened_at = self._clock()
