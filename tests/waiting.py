"""Waiting for a condition while something else runs."""

import time
from collections.abc import Callable

PATIENCE = 30


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return as soon as it is true; fail if it isn't within so many seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
