"""Decisions within seconds of opening: nobody can have read the case.

Base: the decisions of an official of which the logs say when the official had first opened the case, or had
claimed the task. Numerator: those made less than `seconds` (20) after that. A decision that was prepared on
an earlier day isn't quick, since the first opening counts.

Threshold: 5 decisions and 1 of 5. Two in a hundred are expected: cases that a colleague has explained.
"""

from collections.abc import Iterator

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import Finding, Logged, PlaceLog, Seen
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who decided within seconds."""
    return judge("quick-decisions", _seen(log, limits["seconds"] * 1000), log.begin, limits)


def _seen(log: PlaceLog, least: float) -> Iterator[Seen]:
    for event in log.decisions():
        began = _opened(log, event)
        if began is not None:
            yield Seen(event.person, event.case, event.at, event.at - began < least, log.queue(event))


def _opened(log: PlaceLog, event: Logged) -> int | None:
    """Returns when the person first opened the case or claimed the task, before deciding; None: not known."""
    work = log.works.get(event.task) if event.task else None
    found = [
        held.at
        for held in (work.held if work else ())
        if (held.person, held.how) == (event.person, "claimed")
    ]
    looked = log.opened.get((event.person, event.case))
    if looked is not None:
        found.append(looked)
    return min((at for at in found if at <= event.at), default=None)
