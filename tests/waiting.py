"""Waiting for a condition, where something else runs at the same time."""

import time
from collections.abc import Callable

PATIENCE = 30


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail if it does not within half a minute."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
