"""Queue jumping: tasks are taken while older ones of the same pool wait.

Base: the tasks that an official took first, by claiming or completing them, while at least `waiting` (5)
others of the same pool (unit, role and priority) waited for anybody; tasks that were assigned automatically
are no choice of theirs. Numerator: those at which at least `waiting` tasks that were to be served a day
earlier waited, and these were at least a third of all that waited. A pool is served by due time where
all of its tasks have one, as the inbox shows them, else by when they were opened.

Threshold: 6 tasks and 1 of 10. Officials pick what they know, so one in ten is expected; an office that
always serves the newest first has a usual share as high as everybody's, and nobody is asked.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from uuid import UUID

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import Finding, PlaceLog, Seen, Work
from engine.platform.red_flags import Thresholds
from engine.timeline import ms_of

DAY = 86_400_000
PART = 1 / 3  # of all that waited


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who took tasks out of their order."""
    pools: dict[tuple[str, str, int], list[Work]] = defaultdict(list)
    for work in log.works.values():
        if not work.automatic:
            pools[work.pool].append(work)
    seen = (one for pool in pools.values() for one in _seen(pool, limits["waiting"]))
    return judge("queue-jumping", seen, log.begin, limits)


def _seen(pool: Sequence[Work], least: float) -> Iterator[Seen]:
    """Yields the takes of a pool, in order. `waiting` is what waits, by when it is to be served."""
    dated = all(work.due for work in pool)
    opened = sorted(pool, key=lambda work: work.opened)
    leaving: list[tuple[int, int, UUID | None]] = []
    places, waiting = [_place(work, dated) for work in opened], list[int]()
    for number, work in enumerate(opened):
        while leaving and leaving[0][0] <= work.opened:
            yield from _leave(heappop(leaving), opened, places, waiting, least)
        insort(waiting, places[number])
        if (gone := _taken(work)) is not None:
            heappush(leaving, (gone[0], number, gone[1]))
    while leaving:
        yield from _leave(heappop(leaving), opened, places, waiting, least)


def _leave(
    gone: tuple[int, int, UUID | None],
    opened: Sequence[Work],
    places: Sequence[int],
    waiting: list[int],
    least: float,
) -> Iterator[Seen]:
    at, number, person = gone
    place = places[number]
    waiting.pop(bisect_left(waiting, place))
    if person is not None and len(waiting) >= least:
        before = bisect_left(waiting, place - DAY)
        hit = before >= least and before >= PART * len(waiting)
        yield Seen(person, opened[number].case, at, hit)


def _place(work: Work, dated: bool) -> int:
    return ms_of(datetime.fromisoformat(work.due)) if dated and work.due else work.opened


def _taken(work: Work) -> tuple[int, UUID | None] | None:
    """Returns when a task stopped waiting, and whose choice that was; None: it still waits."""
    for held in work.held:
        if held.person is not None:
            return held.at, held.person if held.how == "claimed" else None
    return None if work.closed is None else (work.closed, work.by)
