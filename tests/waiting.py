"""Waiting for a condition, where something else runs at the same time."""

import time
from collections.abc import Callable

PATIENCE = 30


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return as soon as it holds; fail if it does not within so many seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
