"""Four-eyes refusals: somebody tried to decide alone what needs two people.

Base: the cases in which an official completed a task or was refused one. Numerator: those in which a claim
or a completion was refused because the official had done an earlier task of the same group
(`task.blocked`).

Threshold: 3 cases and 5 of 100. One in two hundred is expected, since pages don't offer such tasks.
"""

from collections.abc import Hashable, Iterator, Sequence
from uuid import UUID

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import OFFICIALS, Finding, Logged, PlaceLog, Seen
from engine.platform.red_flags import Thresholds

REASON = "four-eyes"


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who was refused."""
    seen = (one for events in log.cases.values() for one in _seen(log, events))
    return judge("four-eyes-refusals", seen, log.begin, limits)


def _seen(log: PlaceLog, events: Sequence[Logged]) -> Iterator[Seen]:
    queues: dict[UUID, Hashable] = {}  # of what each did first
    worked: dict[UUID, int] = {}
    refused: dict[UUID, int] = {}
    for event in events:
        if event.role not in OFFICIALS:
            continue
        if event.kind == "task.completed":
            worked[event.person] = event.at
        elif event.kind == "task.blocked" and event.facts.get("reason") == REASON:
            refused.setdefault(event.person, event.at)
        else:
            continue
        queues.setdefault(event.person, log.queue(event))
    for person in worked.keys() | refused.keys():
        at = refused.get(person)
        when = worked[person] if at is None else at
        yield Seen(person, events[0].case, when, at is not None, queues[person])
