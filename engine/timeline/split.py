"""Divides a time among buckets: each millisecond is in exactly one, by precedence (docs/oversight.md)."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from operator import attrgetter, itemgetter
from typing import NamedTuple

from engine.timeline.hours import Hours
from engine.timeline.intervals import gaps
from engine.timeline.records import (
    AGENCY,
    BUCKETS,
    CLOSED,
    QUEUE,
    SCHEDULED,
    Segment,
    Span,
    Surroundings,
)

CARVED = (AGENCY, QUEUE)  # the ranks out of which closed hours are taken
_BY_TIME = itemgetter(0, 1, 2, 3)  # not by party and element: they can be None


class Part(NamedTuple):
    """A segment whose closed hours, those of `hours`, are not taken out yet; None: there are none."""

    begin: int
    end: int
    rank: int
    party: str | None
    element: str | None
    hours: Hours | None


_Heap = list[tuple[int, int, int, Span]]  # by rank, then by the opening of the step


def divide(spans: Sequence[Span], around: Surroundings, begin: int, end: int, rest: Span) -> list[Part]:
    """Returns the parts of `[begin, end)`, in order and without gaps; `rest` is where nothing is open."""
    waiting = sorted(spans, key=_BY_TIME)
    rivals = _rivals(waiting)
    heap: _Heap = []
    parts: list[Part] = []
    place, count, now = 0, len(waiting), begin
    while now < end:
        while place < count and waiting[place].begin <= now:
            span = waiting[place]
            entry = span.rank, span.order, place, span
            heappush(heap, entry)
            if span.rank in rivals:
                heappush(rivals[span.rank][span.party], entry)
            place += 1
        first = _first(heap, now)
        until = min(waiting[place].begin, end) if place < count else end
        if first is None:
            parts.append(_part(now, until, rest, around))
        elif first.rank in rivals:
            each = [_first(own, now) for own in rivals[first.rank].values()]
            among = sorted((one for one in each if one is not None), key=attrgetter("order"))
            until = min(until, *(one.end for one in among))
            parts += _shared(among, around, now, until)
        else:
            until = min(until, first.end)
            parts.append(_part(now, until, first, around))
        now = until
    return _joined(parts)


def _rivals(spans: Sequence[Span]) -> dict[int, dict[str | None, _Heap]]:
    """Returns an empty heap for each party of a rank with closed hours, if it has several parties."""
    found: dict[int, dict[str | None, _Heap]] = {rank: {} for rank in CARVED}
    for span in spans:
        if span.rank in found:
            found[span.rank].setdefault(span.party, [])
    return {rank: heaps for rank, heaps in found.items() if len(heaps) > 1}


def _first(heap: _Heap, now: int) -> Span | None:
    """Returns the first span of a heap that isn't over, and forgets those before it that are."""
    while heap and heap[0][3].end <= now:
        heappop(heap)
    return heap[0][3] if heap else None


def _part(begin: int, end: int, span: Span, around: Surroundings) -> Part:
    hours = around.hours(span.party) if span.rank in CARVED else None
    return Part(begin, end, span.rank, span.party, span.element, hours)


def _shared(spans: Sequence[Span], around: Surroundings, begin: int, end: int) -> list[Part]:
    """Divides a time in which several units have something of the same rank.

    It belongs to the first, by opening, whose office is open, and is closed only while all are.
    """
    if len(spans) == 1:
        return [_part(begin, end, spans[0], around)]
    found: list[Part] = []
    left = [(begin, end)]
    for span in spans:
        hours = around.hours(span.party)
        taken = [part for first, last in left for part in hours.open(first, last)]
        found += (Part(*interval, span.rank, span.party, span.element, None) for interval in taken)
        left = [part for first, last in left for part in gaps(taken, first, last)]
    first_span = spans[0]
    found += (Part(*interval, CLOSED, first_span.party, first_span.element, None) for interval in left)
    return sorted(found)


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Returns the parts with those joined that touch and are the same."""
    joined: list[Part] = []
    for part in parts:
        if joined and joined[-1][2:] == part[2:]:
            joined[-1] = joined[-1]._replace(end=part.end)
        else:
            joined.append(part)
    return joined


def totals(parts: Sequence[Part]) -> dict[int, int]:
    """Returns how many milliseconds are in each rank, closed hours included."""
    found = dict.fromkeys(range(len(BUCKETS)), 0)
    for part in parts:
        length = part.end - part.begin
        if part.hours is not None:
            is_open = part.hours.open_ms(part.begin, part.end)
            found[CLOSED] += length - is_open
            length = is_open
        found[part.rank] += length
    return found


def segments(parts: Sequence[Part]) -> Iterator[Segment]:
    """Yields the segments of parts, with closed hours as segments of their own."""
    for part in parts:
        if part.hours is None:
            yield Segment(part.begin, part.end, BUCKETS[part.rank], part.party, part.element)
            continue
        is_open = part.hours.open(part.begin, part.end)
        closed = gaps(is_open, part.begin, part.end)
        pieces = [(*one, part.rank) for one in is_open] + [(*one, CLOSED) for one in closed]
        for begin, end, rank in sorted(pieces):
            yield Segment(begin, end, BUCKETS[rank], part.party, part.element)


def nothing(unit: str, *, approximate: bool) -> Span:
    """Returns what a time counts as in which nothing is open: a wait for nobody.

    Where the events don't say what was open, it is in the queue of the case's unit.
    """
    return Span(0, 0, QUEUE if approximate else SCHEDULED, 0, unit if approximate else None, None)
