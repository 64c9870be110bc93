"""Why a case is late: its delay, spread over what took longer than its norm on the critical path.

All of it is counted in office time, as the delay itself, and without the pauses of the statutory clock: the
end of the term moved with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.timeline.history import History, Step
from engine.timeline.intervals import Interval, gaps, merge
from engine.timeline.passages import passage
from engine.timeline.path import critical_path
from engine.timeline.records import (
    AGENCY,
    APPLICANT,
    BUCKETS,
    CLOSED,
    PLAN,
    QUEUE,
    SCHEDULED,
    SUSPENDED,
    TECHNICAL,
    WORKED,
    Cause,
    Norm,
    Surroundings,
)
from engine.timeline.spans import suspensions
from engine.timeline.split import Part

UNKNOWN_SHARE = 10  # in percent: a greater unexplained share asks a supervisor for the reason

# A norm is for the work and the usual waiting for it; what is left of it covers what shouldn't happen.
_USED = tuple(BUCKETS[rank] for rank in (WORKED, QUEUE, APPLICANT, SCHEDULED, SUSPENDED, AGENCY, TECHNICAL))
_Cell = tuple[str | None, str | None, str]  # party, element, bucket
_GAP: _Cell = (None, None, "")


class Delay(NamedTuple):
    """By how much a case is late, and why.

    `due` is the end of its term, or of the process's norm if it has none; `until` is the decision, the end or
    now. `late_ms` is the office time of its unit between both: the causes, the greatest first, and
    `unexplained_ms` add up to it. `asks_reason`: more than a tenth is unexplained, and no supervisor has
    given the reason yet, which is `reason`.

    A decision by silence comes when its term ends, so it is late by nothing: `until` is `due`, and its causes
    have no length. They are named nevertheless, since somebody had the case and didn't decide.
    """

    due: int
    until: int
    late_ms: int
    causes: Sequence[Cause]
    unexplained_ms: int
    asks_reason: bool
    reason: str | None


class _Term(NamedTuple):
    """What a delay is measured by: the beginning and end of the term, and until when it ran.

    `away` is what delays nothing: the time before it, and its pauses.
    """

    begin: int
    due: int
    until: int
    away: list[Interval]


def delay_of(case: History, around: Surroundings, end: int) -> Delay | None:
    """Returns by how much a case is late and why; None if it is not, or has neither term nor norm."""
    term = _term(case, around, end)
    if term is None:
        return None
    silent = case.clock.deemed and term.until == term.due
    if term.until <= term.due and not silent:
        return None
    home = around.hours(case.unit)
    late = home.open_ms(term.due, term.until)
    weights = _weights(case, around, term)
    shares = _divided(min(late, sum(weights.values())), weights)
    left = late - sum(shares.values())
    closed = _closed(case, around, term) if left else {}
    shares |= _divided(min(left, sum(closed.values())), closed)
    named = [cell for cell, ms in shares.items() if cell != _GAP and (ms or (silent and weights[cell]))]
    named.sort(key=lambda cell: (-shares[cell], -weights.get(cell, 0), _text(cell)))
    causes = [Cause(*cell, shares[cell]) for cell in named]
    unexplained = late - sum(cause.ms for cause in causes)
    asks = unexplained * 100 > late * UNKNOWN_SHARE and case.explained is None
    return Delay(term.due, term.until, late, causes, unexplained, asks, case.explained)


def _term(case: History, around: Surroundings, end: int) -> _Term | None:
    clock = case.clock
    if clock.started is not None and clock.due is not None:
        until = clock.due if clock.deemed else min(end, clock.ended or end, clock.paused or end)
        begin = max(clock.started, case.start)
        return _Term(begin, clock.due, until, merge([*clock.pauses, (case.start, begin)]))
    if around.norm is None:
        return None
    stopped = suspensions(case, around, end)
    hours = around.hours(case.unit)
    left = _office_ms(around.norm, case.start, around, case.unit)
    for first, last in gaps(stopped, case.start, end):
        is_open = hours.open_ms(first, last)
        if is_open > left:
            return _Term(case.start, _after(hours.open(first, last), left), end, stopped)
        left -= is_open
    return None


def _after(is_open: Sequence[Interval], left: int) -> int:
    """Returns the instant after so much open time."""
    for begin, end in is_open:
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise AssertionError("there is more open time")


def _weights(case: History, around: Surroundings, term: _Term) -> dict[_Cell, int]:
    """Returns what exceeded its norm, by party, step and bucket; with the plan, and what nobody knows."""
    home = around.hours(case.unit)
    found: dict[_Cell, int] = {}
    passages: dict[int, tuple[Step, dict[_Cell, int]]] = {}
    for step, parts in _walked(case, around, term):
        if step is None:
            unknown = sum(home.open_ms(part.begin, part.end) for part in parts)
            found[_GAP] = found.get(_GAP, 0) + unknown
        else:
            whole = step.parent or step  # what a task asked for is a part of it
            _, cells = passages.setdefault(whole.number, (whole, {}))
            _count(cells, parts, around)
    planned = 0
    for step, cells in passages.values():
        norm = _norm_of(step, around)
        planned += norm
        for cell, ms in _excess(cells, norm).items():
            found[cell] = found.get(cell, 0) + ms
    allowed = sum(home.open_ms(*part) for part in gaps(term.away, term.begin, term.due))
    if planned > allowed:
        found[None, None, PLAN] = planned - allowed
    return found


def _closed(case: History, around: Surroundings, term: _Term) -> dict[_Cell, int]:
    """Returns for how long those whom a case awaited were closed while its own unit was open.

    They are not to blame for that, but it is known why the case waited.
    """
    home = around.hours(case.unit)
    found: dict[_Cell, int] = {}
    for _, parts in _walked(case, around, term):
        for begin, end, _, party, element, hours in parts:
            if hours is None or hours is home:
                continue
            both = sum(home.open_ms(*one) for one in hours.open(begin, end))
            cell = party, element, BUCKETS[CLOSED]
            found[cell] = found.get(cell, 0) + home.open_ms(begin, end) - both
    return found


def _walked(case: History, around: Surroundings, term: _Term) -> Iterator[tuple[Step | None, Sequence[Part]]]:
    """Yields the steps of the critical path with their parts, without what delays nothing."""
    stopped = suspensions(case, around, term.until)
    for leg in critical_path(case, term.until):
        for begin, end in gaps(term.away, leg.begin, leg.end):
            if leg.step is None:
                yield None, [Part(begin, end, SCHEDULED, None, None, None)]
            else:
                yield leg.step, passage(leg.step, around, stopped, begin, end)


def _count(cells: dict[_Cell, int], parts: Sequence[Part], around: Surroundings) -> None:
    """Adds how long parts are in office time, for whom and in which bucket."""
    for begin, end, rank, party, element, _ in parts:
        if rank != CLOSED:
            cell = party, element, BUCKETS[rank]
            cells[cell] = cells.get(cell, 0) + around.hours(party).open_ms(begin, end)


def _excess(cells: Mapping[_Cell, int], norm: int) -> dict[_Cell, int]:
    """Returns what of a passage exceeds its norm, which is used up by its buckets in the order of `_USED`."""
    if not norm:
        return dict(cells)
    found: dict[_Cell, int] = {}
    for bucket in _USED:
        group = {cell: ms for cell, ms in cells.items() if cell[2] == bucket}
        length = sum(group.values())
        found |= _divided(max(length - norm, 0), group)
        norm = max(norm - length, 0)
    return found


def _norm_of(step: Step, around: Surroundings) -> int:
    """Returns how long a passage may take in office time; 0 without a norm. A timer has its own."""
    if step.kind == "wait" and step.due is not None:
        return around.hours(step.party).open_ms(step.opened, step.due)
    norm = around.norms.get(step.element or "")
    if norm is None or step.kind not in ("task", "wait", "call"):
        return 0
    return _office_ms(norm, step.opened, around, step.party)


def _office_ms(norm: Norm, begin: int, around: Surroundings, unit: str | None) -> int:
    """Returns a norm as office time of a unit."""
    hours = around.hours(unit)
    if norm.unit == "days":
        return norm.amount * hours.day_ms(begin)
    return norm.amount if norm.unit == "hours" else hours.open_ms(begin, begin + norm.amount)


def _divided(whole: int, weights: Mapping[_Cell, int]) -> dict[_Cell, int]:
    """Divides a length in proportion to weights, exactly: what is left goes to the greatest fractions."""
    total = sum(weights.values())
    if whole == total or not total:
        return dict(weights)
    shares = {cell: divmod(ms * whole, total) for cell, ms in weights.items()}
    left = whole - sum(share for share, _ in shares.values())
    raised = sorted(shares, key=lambda cell: (-shares[cell][1], _text(cell)))[:left]
    return {cell: share + (cell in raised) for cell, (share, _) in shares.items()}


def _text(cell: _Cell) -> tuple[str, ...]:
    return tuple(part or "" for part in cell)
