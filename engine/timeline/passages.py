"""Where the time of one passage of a step went, whatever else was open in the case."""

from collections.abc import Sequence

from engine.timeline import split
from engine.timeline.history import Step
from engine.timeline.intervals import Interval, gaps, merge
from engine.timeline.records import INSTALLATION, SUSPENDED, TECHNICAL, WORKED, Span, Surroundings
from engine.timeline.spans import step_spans


def passage(
    step: Step, around: Surroundings, stopped: Sequence[Interval], begin: int, end: int
) -> list[split.Part]:
    """Returns the parts of `[begin, end)` in a step, without the times in which it waits for its requests.

    `stopped` is when the case was suspended.
    """
    number, element = step.number, step.element
    spans = step_spans(step, stopped, begin, end)
    spans += [
        Span(first, last, WORKED, number, unit, element) for first, last, unit in step.work if first < last
    ]
    spans += [Span(first, last, TECHNICAL, number, INSTALLATION, element) for first, last in around.outages]
    spans += [Span(first, last, SUSPENDED, number, None, element) for first, last in stopped]
    rest = Span(0, 0, step.rank, number, step.party, element)
    asked = merge((one.opened, end if one.closed is None else one.closed) for one in step.children)
    return [
        part
        for first, last in gaps(asked, begin, end)
        for part in split.divide(spans, around, first, last, rest)
    ]
