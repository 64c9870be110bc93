"""Bins of durations, so that few rows lie in the one that contains a median.

A doubling has sixteen bins of lives of cases, and four of passages of steps, of which there are more.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import takewhile
from math import isqrt

_FIRST = 1000  # ms
_LONGEST = 100 * 366 * 24 * 3600 * 1000


def _bounds(halvings: int) -> Iterator[int]:
    """Yields bounds of which each doubling has two to the power of `halvings`, as exact whole numbers."""
    power, step = 1 << halvings, 0
    while True:
        bound = _FIRST**power << step
        for _ in range(halvings):
            bound = isqrt(bound)
        yield bound
        step += 1


def _below(halvings: int) -> tuple[int, ...]:
    return tuple(takewhile(lambda bound: bound < _LONGEST, _bounds(halvings)))


# Bin n has the durations from BOUNDS[…][n - 1] on that are below BOUNDS[…][n]; the first and last are open.
BOUNDS: Mapping[str, tuple[int, ...]] = {"life": _below(4), "wait": _below(2), "work": _below(2)}


def bin_of(name: str, duration: int) -> int:
    """Returns the number of the bin in which a duration lies: a `life`, `wait` or `work`."""
    return bisect_right(BOUNDS[name], duration)


def limits(name: str, number: int) -> tuple[int, int]:
    """Returns the first duration in a bin, and the first after it."""
    bounds = BOUNDS[name]
    return (
        bounds[number - 1] if number else 0,
        bounds[number] if number < len(bounds) else 1 << 62,
    )
