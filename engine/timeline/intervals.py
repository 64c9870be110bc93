"""Intervals in milliseconds since 1970, with their beginning and without their end."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Returns intervals in order, without overlap; those that touch are one, empty ones none."""
    merged: list[Interval] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return merged


def clip(intervals: Iterable[Interval], begin: int, end: int) -> list[Interval]:
    """Returns the parts of intervals between two instants."""
    parts = [(max(first, begin), min(last, end)) for first, last in intervals]
    return [(first, last) for first, last in parts if first < last]


def gaps(merged: Sequence[Interval], begin: int, end: int) -> list[Interval]:
    """Returns the parts of `[begin, end)` that none of these intervals covers; they are in order."""
    found: list[Interval] = []
    for first, last in merged:
        if first >= end:
            break
        if first > begin:
            found.append((begin, first))
        begin = max(begin, last)
    if begin < end:
        found.append((begin, end))
    return found
