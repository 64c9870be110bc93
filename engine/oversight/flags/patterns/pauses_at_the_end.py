"""Pauses of the statutory clock that begin on the last day of the term, or only span a closing of the office.

Base: the pauses that an official began. Numerator: those that began when at most one office day of the
term was left, and those that ended before the office had opened again: no work was prevented, but the term
is longer.

Threshold: 4 pauses and 5 of 10. One in twenty is expected: a real question may come up on the last day.
"""

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import OFFICIALS, Finding, Logged, PlaceLog, Seen
from engine.platform.red_flags import Thresholds
from engine.timeline import Hours, ms_of


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who began such pauses."""
    hours = log.hours
    if hours is None:
        return iter(())
    seen = (one for events in log.cases.values() for one in _seen(log, events, hours))
    return judge("pauses-at-the-end", seen, log.begin, limits)


def _seen(log: PlaceLog, events: Sequence[Logged], hours: Hours) -> Iterator[Seen]:
    due: int | None = None
    pause: Logged | None = None
    queue: Hashable = None  # of the task of an office that was opened last
    paused: Hashable = None
    for event in events:
        if event.kind == "task.created" and event.task in log.works:
            queue = log.queue(event)
        if not event.kind.startswith("clock."):
            continue
        if event.kind == "clock.paused" and pause is None:
            pause, paused = event, queue
        elif event.kind == "clock.resumed" and pause is not None:
            yield from _pause(pause, event.at, due, hours, paused)
            pause = None
        if "due_at" in event.facts:
            due = ms_of(datetime.fromisoformat(event.facts["due_at"]))
    if pause is not None:
        yield from _pause(pause, None, due, hours, paused)


def _pause(pause: Logged, end: int | None, due: int | None, hours: Hours, queue: Hashable) -> Iterator[Seen]:
    if pause.role not in OFFICIALS:
        return
    begin = pause.at
    last_day = due is not None and due > begin and hours.open_ms(begin, due) <= hours.day_ms(begin)
    closed = end is not None and not hours.open_ms(begin, end)
    yield Seen(pause.person, pause.case, begin, last_day or closed, queue)
