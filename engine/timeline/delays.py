"""Why a case is late: its delay, spread over what took longer than its norm on the critical path.

All of it is counted in office time of the party that had the case, and without the pauses of the statutory
clock: the end of the term moved with them. The delay itself is office time of the case's unit, which also
counts for applicants and failures.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.deadlines import Side
from engine.timeline.history import History, Step
from engine.timeline.intervals import Interval, clip, gaps, merge
from engine.timeline.norms import end_of, pauses
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


class Term(NamedTuple):
    """What a delay is measured by: the beginning and end of the term, and until when it ran.

    `away` is what delays nothing: the time before it, and its pauses.
    """

    begin: int
    due: int
    until: int
    away: list[Interval]


def delay_of(case: History, around: Surroundings, end: int) -> Delay | None:
    """Returns by how much a case is late and why; None if it is not, or has neither term nor norm."""
    term = term_of(case, around, end)
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


def term_of(case: History, around: Surroundings, end: int) -> Term | None:
    """Returns the statutory term of a case, or else the norm of its process; None if it has neither."""
    clock = case.clock
    if clock.started is not None and clock.due is not None:
        until = clock.due if clock.deemed else min(end, clock.ended or end, clock.paused or end)
        begin = max(clock.started, case.start)
        return Term(begin, clock.due, until, merge([*clock.pauses, (case.start, begin)]))
    if around.norm is None:
        return None
    stopped = clip(pauses(case, around), case.start, end)
    due = end_of(around.norm, around.hours(case.unit), case.start, stopped)
    return Term(case.start, due, end, stopped)


def _weights(case: History, around: Surroundings, term: Term) -> dict[_Cell, int]:
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
    planned = term.begin
    for step, cells in passages.values():
        planned = _planned(step, around, term, planned)
        for cell, ms in _excess(cells, _norm_of(step, around, term.away)).items():
            found[cell] = found.get(cell, 0) + ms
    if planned > term.due:
        found[None, None, PLAN] = home.open_ms(term.due, planned)
    return found


def _closed(case: History, around: Surroundings, term: Term) -> dict[_Cell, int]:
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


def _walked(case: History, around: Surroundings, term: Term) -> Iterator[tuple[Step | None, Sequence[Part]]]:
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


def _norm_of(step: Step, around: Surroundings, away: Sequence[Interval]) -> int:
    """Returns how long a passage may take in office time; 0 without a norm. A timer has its own."""
    hours = around.hours(step.party)
    if step.kind == "wait" and step.due is not None:
        return hours.open_ms(step.opened, step.due)
    end = _end_of_norm(step, around, away, step.opened)
    return sum(hours.open_ms(*part) for part in gaps(away, step.opened, end))


def _planned(step: Step, around: Surroundings, term: Term, begin: int) -> int:
    """Returns when a passage would end that begins at an instant and takes as long as it may."""
    if step.kind == "wait" and step.due is not None:
        return begin + max(step.due - step.opened, 0)
    return _end_of_norm(step, around, term.away, begin)


def _end_of_norm(step: Step, around: Surroundings, away: Sequence[Interval], begin: int) -> int:
    """Returns when the norm of a step ends that begins at an instant: at once, if it has none."""
    norm = around.norms.get(step.element or "")
    if norm is None or step.kind not in ("task", "wait", "call"):
        return begin
    side: Side = "applicant" if step.side == "applicant" else "office"
    return end_of(norm, around.hours(step.party), begin, away, side)


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
