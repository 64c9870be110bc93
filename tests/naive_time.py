"""Where the time of a case went, counted naively from what docs/oversight.md and docs/events.md say.

At each instant all earlier events are read again, and each bucket is asked whether it applies. It shares no
code with `engine.timeline`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

PRECEDENCE = (
    *("worked", "technical_failure", "other_agency", "in_queue", "with_applicant", "suspended"),
    "scheduled_wait",
)
CLOSES_TASK = frozenset({
    *("task.completed", "task.cancelled", "data.corrected"),
    *(f"opinion.{how}" for how in ("given", "expired", "withdrawn")),
    *(f"correction.{how}" for how in ("expired", "withdrawn")),
})  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Interval = tuple[int, int]


def ms(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)


def ms_of(text: str) -> int:
    return ms(datetime.fromisoformat(text))


@dataclass(frozen=True)
class Logged:
    """An event of a case, at a millisecond."""

    at: int
    kind: str
    task: str | None
    facts: Mapping[str, Any]


@dataclass
class Around:
    """What is around a case: its unit, whether an office is open, and what stopped everything.

    `is_open(unit, instant)` is None for a unit without a calendar. `stops` are what was logged of the
    definition, in order: True where it was suspended.
    """

    unit: str
    is_open: Callable[[str, int], bool | None]
    marks: Sequence[int]
    outages: Sequence[Interval]
    stops: Sequence[tuple[int, bool]]


@dataclass
class State:
    """What is open at an instant: of tasks the side, unit and parent, of waits and calls the party."""

    tasks: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    waits: dict[str, str | None] = field(default_factory=dict)
    calls: dict[str, str | None] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)  # incidents and bills
    suspended: bool = False

    def read(self, event: Logged) -> None:
        """Change by an event."""
        what, _, change = event.kind.partition(".")
        if event.kind in CLOSES_TASK:
            self.tasks.pop(event.task or "", None)
        elif what in ("task", "opinion", "correction"):
            self._task(event, change)
        elif what == "case":
            self.suspended = change == "suspended" or (self.suspended and change != "resumed")
        elif what in ("wait", "call", "incident", "bill"):
            getattr(self, f"_{what}")(event.facts, change)

    def _task(self, event: Logged, change: str) -> None:
        key, facts = event.task or "", event.facts
        if change in ("created", "asked"):
            other = event.kind == "opinion.asked" and "unit" in facts
            self.tasks[key] = "asked" if other else facts["side"], facts.get("unit"), facts.get("parent")
        elif key in self.tasks and change in ("delegated", "returned"):
            side = "delegate" if change == "delegated" else "office"
            self.tasks[key] = side, facts.get("unit"), self.tasks[key][2]

    def _wait(self, facts: Mapping[str, Any], change: str) -> None:
        if change == "opened":
            self.waits[facts["wait"]] = facts.get("party")
            return
        for found in (self.waits, self.calls):
            found.pop(facts["wait"], None)

    def _call(self, facts: Mapping[str, Any], change: str) -> None:
        call = facts["call"]
        if change == "made":
            self.failing.discard(call)
            self.calls[call] = facts.get("party") or facts.get("agency")
        elif change == "tried" and facts["code"] != "ok":
            self.failing.add(call)
        elif change in ("answered", "failed"):
            self.calls.pop(call, None)

    def _incident(self, facts: Mapping[str, Any], change: str) -> None:
        self._other(facts["incident"], opens=change == "opened")

    def _bill(self, facts: Mapping[str, Any], change: str) -> None:
        if change in ("issued", "paid", "expired", "cancelled"):
            self._other(f"bill {facts['bill']}", opens=change == "issued")

    def _other(self, key: str, *, opens: bool) -> None:
        if opens:
            self.others.add(key)
        else:
            self.others.discard(key)

    def applies(self, unit: str) -> Iterator[tuple[str, str | None]]:
        """Yield the buckets that apply, with whom."""
        stopped = self.suspended
        parents = set() if stopped else {parent for _, _, parent in self.tasks.values()}
        for key, (side, whose, _) in self.tasks.items():
            if stopped or key in parents:
                continue
            agency = side == "delegate" or (side == "asked" and whose != unit)
            applicant = "with_applicant" if side == "applicant" else "in_queue"
            yield "other_agency" if agency else applicant, whose or unit
        for party in self.waits.values():
            known = "with_applicant" if party == "applicant" else "other_agency"
            yield known if party else "scheduled_wait", party
        for call, party in self.calls.items():
            known = "with_applicant" if party == "applicant" else "other_agency"
            yield "technical_failure" if call in self.failing else known, party
        for other in self.others:
            yield "with_applicant" if other.startswith("bill") else "technical_failure", None
        if stopped:
            yield "suspended", None


def _buckets(events: Sequence[Logged], around: Around, instant: int) -> set[tuple[str, str | None]]:
    """Return which buckets apply at an instant, with whom."""
    state = State()
    found: set[tuple[str, str | None]] = set()
    for event in events:
        if event.kind == "work.noted" and ms_of(event.facts["from_at"]) <= instant < ms_of(
            event.facts["to_at"]
        ):
            found.add(("worked", None))
        if event.at <= instant:
            state.read(event)
    stops = [suspends for at, suspends in around.stops if at <= instant]
    state.suspended = state.suspended or (bool(stops) and stops[-1])
    if any(begin <= instant < end for begin, end in around.outages):
        found.add(("technical_failure", None))
    return found | set(state.applies(around.unit))


def _bucket(events: Sequence[Logged], around: Around, instant: int) -> str:
    found = _buckets(events, around, instant)
    bucket = next((one for one in PRECEDENCE if any(one == name for name, _ in found)), "scheduled_wait")
    if bucket not in ("in_queue", "other_agency"):
        return bucket
    for name, whose in found:
        is_open = around.is_open(whose or around.unit, instant)
        if name == bucket and (around.is_open(around.unit, instant) if is_open is None else is_open):
            return bucket
    return "office_closed"


def split(events: Sequence[Logged], around: Around, until: int) -> Sequence[tuple[int, int, str]]:
    """Return the bucket of each stretch of the life of a case, which may have the same one as the next."""
    begin = events[0].at
    ended = [one.at for one in events if one.kind in ("case.completed", "case.cancelled")]
    end = ended[0] if ended else until
    noted = [one.facts for one in events if one.kind == "work.noted"]
    marks = {begin, end, *around.marks, *(at for at, _ in around.stops)}
    marks |= {one.at for one in events} | {mark for outage in around.outages for mark in outage}
    marks |= {ms_of(facts[name]) for facts in noted for name in ("from_at", "to_at")}
    inside = sorted(mark for mark in marks if begin <= mark <= end)
    return [(one, other, _bucket(events, around, one)) for one, other in pairwise(inside)]
