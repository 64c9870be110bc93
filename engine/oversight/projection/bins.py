"""Bins of durations: four for each doubling, so that few rows lie in the one that contains a median."""

from bisect import bisect_right
from itertools import count, takewhile
from math import isqrt

_FIRST = 1000  # ms
_LONGEST = 100 * 366 * 24 * 3600 * 1000

# Bin n has the durations from BOUNDS[n - 1] on that are below BOUNDS[n]; the first and the last are open.
BOUNDS: tuple[int, ...] = tuple(
    takewhile(lambda bound: bound < _LONGEST, (isqrt(isqrt((_FIRST**4) << step)) for step in count()))
)


def bin_of(duration: int) -> int:
    """Returns the number of the bin in which a duration lies."""
    return bisect_right(BOUNDS, duration)


def limits(number: int) -> tuple[int, int]:
    """Returns the first duration in a bin, and the first after it."""
    return (
        BOUNDS[number - 1] if number else 0,
        BOUNDS[number] if number < len(BOUNDS) else 1 << 62,
    )
