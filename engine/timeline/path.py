"""The critical path of a case: backwards from its end, the last to finish at each join."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.timeline.history import DONE, History, Step
from engine.timeline.records import SCHEDULED


class Leg(NamedTuple):
    """A part of the critical path, `[begin, end)`, with the step for which the case waited; None: unknown."""

    begin: int
    end: int
    step: Step | None


def critical_path(case: History, end: int) -> list[Leg]:
    """Returns the critical path from the start of a case to an instant: contiguous legs, in order.

    A step was opened by a command; the path follows what the same command closed. Where that was nothing, it
    follows what was closed at that instant, else what was open then: something else was opened meanwhile.
    Requests of a task are legs of their own.
    """
    steps = [step for step in case.steps if step.blocks and step.parent is None]
    closers: dict[int, list[Step]] = {}
    commands: dict[int, list[Step]] = {}
    for step in steps:
        if step.closed is not None and step.closed > step.opened:
            closers.setdefault(step.closed, []).append(step)
            commands.setdefault(step.closed_by, []).append(step)
    ends = sorted(closers)
    legs: list[Leg] = []
    now, command = end, 0
    while now > case.start:
        closed = commands.get(command) or closers.get(now)
        found = min(closed, key=_by_rank) if closed else _open_at(steps, now)
        if found is None:
            place = bisect_left(ends, now)
            begin = max(ends[place - 1], case.start) if place else case.start
            legs.append(Leg(begin, now, None))
        else:
            begin = max(found.opened, case.start)
            legs += _with_requests(found, begin, now)
        now, command = begin, 0 if found is None else found.opened_by
    return legs[::-1]


def _by_rank(step: Step) -> tuple[bool, bool, int, int]:
    """Returns a key: what a case waits for comes first. Of scheduled waits the last, of others the first.

    What was done rather than what was dropped, but any work rather than a timer: the boundary timer that
    cancels a task fired because of the task.
    """
    scheduled = step.rank == SCHEDULED
    return scheduled, step.how not in DONE, step.rank, -step.number if scheduled else step.number


def _open_at(steps: Sequence[Step], now: int) -> Step | None:
    """Returns the step for which the case waited at an instant, of those that were open before and after."""
    still = [step for step in steps if step.opened < now and (step.closed is None or step.closed > now)]
    return min(still, key=_by_rank, default=None)


def _with_requests(step: Step, begin: int, end: int) -> Iterator[Leg]:
    """Yields the legs of a step backwards: while one of its requests is open, that is what it waits for."""
    now = end
    while now > begin:
        asked = [(now if one.closed is None else min(one.closed, now), one) for one in step.children]
        asked = [(closed, one) for closed, one in asked if closed > max(one.opened, begin)]
        closed, last = max(asked, key=lambda one: (one[0], -one[1].opened), default=(begin, step))
        if closed < now:
            yield Leg(closed, now, step)
        now = begin if last is step else max(last.opened, begin)
        if now < closed:
            yield Leg(now, closed, last)
