"""Queue jumping: tasks are taken while older ones of the same pool wait.

Base: the tasks that an official took first, by claiming or completing them, while at least `waiting` (5)
others of the same pool (unit, role and priority) waited for anybody; tasks that were assigned automatically
are no choice of theirs. Numerator: those of the last quarter of the pool, while at least `waiting` tasks in
it were to be served a day earlier. A pool is served by due time where all of its tasks have one, as the inbox
shows them, else by when they were opened. In an office that serves in random order, that is one in four.

Compared are those who took tasks of the same pool in the same week, since how much waits changes. A pool that
one account has alone is served in the manner of that account: there is no order to jump. An office that
always serves the newest first has a usual share as high as everybody's, and nobody is asked.

Threshold: 6 tasks and 1 of 10.
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
WEEK = 7 * DAY
PART = 3 / 4  # of all that waited are to be served before the last quarter


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who took tasks out of their order."""
    pools: dict[tuple[str, str, int], list[Work]] = defaultdict(list)
    for work in log.works.values():
        if not work.automatic:
            pools[work.pool].append(work)
    seen = (one for pool in pools.values() for one in _seen(pool, limits["waiting"]))
    return judge("queue-jumping", seen, log.begin, limits, alone=False)


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
        hit = bisect_left(waiting, place - DAY) >= least and bisect_left(waiting, place) >= PART * len(
            waiting
        )
        yield Seen(person, opened[number].case, at, hit, (opened[number].pool, at // WEEK))


def _place(work: Work, dated: bool) -> int:
    return ms_of(datetime.fromisoformat(work.due)) if dated and work.due else work.opened


def _taken(work: Work) -> tuple[int, UUID | None] | None:
    """Returns when a task stopped waiting, and whose choice that was; None: it still waits."""
    for held in work.held:
        if held.person is not None:
            return held.at, held.person if held.how == "claimed" else None
    return None if work.closed is None else (work.closed, work.by)
