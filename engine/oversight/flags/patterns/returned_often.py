"""Returned often: one official returns the same case again and again.

Base: the cases in which an official completed a task or returned something. Numerator: those that the
official returned at least `times` (3) times: sent back to the applicant for a correction, or back to a step
of the office that had been done before.

Threshold: 3 cases and 1 of 10. One in a hundred is expected: what was asked for should be asked for at once.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from uuid import UUID

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import OFFICIALS, Finding, Logged, PlaceLog, Seen
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who returned cases often."""
    seen = (one for events in log.cases.values() for one in _seen(log, events, int(limits["times"])))
    return judge("returned-often", seen, log.begin, limits)


def _seen(log: PlaceLog, events: Sequence[Logged], times: int) -> Iterator[Seen]:
    returns: dict[UUID, list[int]] = defaultdict(list)
    last: dict[UUID, int] = {}
    queues: dict[UUID, Hashable] = {}  # of what each did first
    opened: dict[str | None, int] = {}
    for event in events:
        again = event.kind == "task.created" and opened.get(event.element, event.at) < event.at
        if event.kind == "task.created":
            opened[event.element] = event.at
        if event.role not in OFFICIALS:
            continue
        if event.kind in ("task.completed", "correction.asked"):
            last[event.person] = event.at
            queues.setdefault(event.person, log.queue(event))
        if event.kind == "correction.asked" or (again and event.facts.get("side") == "office"):
            returns[event.person].append(event.at)
            queues.setdefault(event.person, log.queue(event))
    for person, queue in queues.items():
        many = returns[person]
        at = many[times - 1] if len(many) >= times else max(last.get(person, 0), *many, 0)
        yield Seen(person, events[0].case, at, len(many) >= times, queue)
