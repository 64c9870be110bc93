"""Pauses of a clock: intervals with their beginning and without their end; overlapping ones are one."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta

Pauses = Iterable[tuple[datetime, datetime]]
Merged = list[tuple[datetime, datetime]]


def merge(pauses: Pauses) -> Merged:
    """Returns the pauses in order, without overlap; those that touch are one, empty ones none."""
    merged: Merged = []
    for begin, end in sorted(pauses):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def is_paused(merged: Merged, instant: datetime) -> bool:
    """Whether the clock is paused at an instant."""
    place = bisect_right(merged, instant, key=lambda pause: pause[0])
    return place > 0 and instant < merged[place - 1][1]


def running(merged: Merged, begin: datetime, end: datetime) -> Merged:
    """Returns the parts of an interval in which the clock is not paused."""
    parts: Merged = []
    for paused, resumed in merged:
        if paused >= end:
            break
        if paused > begin:
            parts.append((begin, paused))
        begin = max(begin, resumed)
    return [*parts, (begin, end)] if begin < end else parts


def postpone(merged: Merged, start: datetime, due: datetime) -> datetime:
    """Returns an instant later by all time for which the clock is paused from `start` until then."""
    total: timedelta = timedelta(0)
    for paused, resumed in merged:
        if paused >= due + total:
            break
        total += max(resumed - max(paused, start), timedelta(0))
    return due + total
