"""The times in which each step is open, before precedence decides between them."""

from collections.abc import Sequence

from engine.timeline.history import History, Step
from engine.timeline.intervals import Interval, gaps, merge
from engine.timeline.records import INSTALLATION, SCHEDULED, SUSPENDED, TECHNICAL, WORKED, Span, Surroundings

_SUSPENDABLE = frozenset({"task", "escalation", "opinion", "correction"})


def spans_of(case: History, around: Surroundings, end: int) -> list[Span]:
    """Returns what is open when in the life of a case, clipped to it, in no order."""
    found: list[Span] = []
    stopped = suspensions(case, around, end)
    for step in case.steps:
        found += step_spans(step, stopped, case.start, end)
    order = len(case.steps)
    found += [
        Span(begin, to, WORKED, order, unit, element) for begin, to, unit, element in case.work if begin < to
    ]
    found += [Span(*outage, TECHNICAL, order, INSTALLATION, None) for outage in around.outages]
    return [*found, *(Span(*one, SUSPENDED, order, None, None) for one in stopped)]


def suspensions(case: History, around: Surroundings, end: int) -> list[Interval]:
    """Returns when the case or its definition was suspended."""
    if not case.suspensions and case.suspended is None and not around.suspensions:
        return []
    still = [] if case.suspended is None else [(case.suspended, end)]
    return merge([*case.suspensions, *still, *around.suspensions])


def step_spans(step: Step, stopped: Sequence[Interval], start: int, end: int) -> list[Span]:
    """Returns when a step is open, in which rank and for whom.

    A task that waits for an opinion or a correction is not open meanwhile; nor is any task while the case is
    suspended: nobody can work on it (docs/decisions/0072-where-time-goes.md).
    """
    closed = end if step.closed is None or step.closed > end else step.closed
    turns = [*step.turns, (step.since, closed, step.rank, step.party)]
    if step.failing is not None:
        turns = _failing(turns, step.failing)
    number, element = step.number, step.element
    if step.children or (stopped and step.kind in _SUSPENDABLE):
        asked = [(one.opened, end if one.closed is None else one.closed) for one in step.children]
        away = merge([*asked, *(stopped if step.kind in _SUSPENDABLE else ())])
        turns = [
            (begin, to, rank, party)
            for first, last, rank, party in turns
            for begin, to in gaps(away, first, last)
        ]
    return [
        Span(max(begin, start), to, rank, -number if rank == SCHEDULED else number, party, element)
        for begin, to, rank, party in turns
        if begin < to and to > start
    ]


def _failing(
    turns: Sequence[tuple[int, int, int, str | None]], since: int
) -> list[tuple[int, int, int, str | None]]:
    """Returns the turns of a call as a technical failure from its first failed attempt on."""
    found = []
    for begin, end, rank, party in turns:
        if begin < since:
            found.append((begin, min(end, since), rank, party))
        if end > since:
            found.append((max(begin, since), end, TECHNICAL, party))
    return found
