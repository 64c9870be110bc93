"""When a norm ends, and when the term of a case, or else its norm, does not run.

A norm is counted as a term of the law is: `engine.deadlines.due`, by the calendar of the party that has it.
"""

from collections.abc import Sequence

from engine.deadlines import MAX_YEARS, Count, Side, Term, Untimely, due
from engine.timeline.history import History, Step
from engine.timeline.hours import DAY, Hours
from engine.timeline.intervals import Interval, clip, merge
from engine.timeline.records import Surroundings, instant_of, ms_of

ONGOING = 1 << 60  # the end of a pause that continues
_NEVER = 366 * MAX_YEARS * DAY
_WAITS = frozenset({"task", "wait", "call"})


def end_of(
    norm: Term, hours: Hours, begin: int, paused: Sequence[Interval] = (), side: Side = "office"
) -> int:
    """Returns when a norm ends that began at an instant; one without an end, after 60 years."""
    spans = [(instant_of(first), instant_of(last)) for first, last in paused]
    try:
        return ms_of(due(Count(hours.calendar, instant_of(begin), side, spans), norm))
    except Untimely:
        return begin + _NEVER


def pauses(case: History, around: Surroundings) -> list[Interval]:
    """Returns when the term of a case doesn't run, in order; of one without a term, when its norm doesn't.

    The log says when the clock was paused. Without one, the same pauses: corrections, what is marked so in
    the diagram, and suspensions.
    """
    stopped = [*case.suspensions, *((begin, _ongoing(end, around)) for begin, end in around.suspensions)]
    if case.suspended is not None:
        stopped.append((case.suspended, ONGOING))
    if not case.clock.counts:
        stopped += _waited(case.steps, around)
    else:
        stopped += case.clock.pauses
        if case.clock.paused is not None:
            stopped.append((case.clock.paused, case.clock.ended or ONGOING))
    found = merge(stopped)
    return found if case.end is None else clip(found, case.start, case.end)


def _ongoing(end: int, around: Surroundings) -> int:
    return ONGOING if end >= around.now else end


def _waited(steps: Sequence[Step], around: Surroundings) -> list[Interval]:
    return [
        (step.opened, ONGOING if step.closed is None else step.closed)
        for step in steps
        if step.kind == "correction"
        or (step.kind in _WAITS and step.element in around.pauses)
        or (step.kind == "opinion" and step.unit is not None and step.element in around.opinions)
    ]
