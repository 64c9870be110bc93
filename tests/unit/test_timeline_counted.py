"""Where the time of random cases goes, against a naive counter that looks at each instant on its own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import deadlines
from engine.timeline import BUCKETS, INSTALLATION, Event, Hours, Surroundings, timeline

UNIT = 7_919  # milliseconds between two instants at which something may happen
HOME, OTHER, FIRM = "home", "other", "firm"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = 1_700_000_000_000
ACTIONS = (
    *("office", "applicant", "delegate", "close", "close", "cancel", "work", "delegated", "returned"),
    *("opinion", "correction", "answer", "wait", "call", "tried", "answered", "failed", "retried"),
    *("bill", "paid", "suspended", "resumed", "moved", "again"),
)


def at(number: int) -> int:
    return START + number * UNIT


def text(number: int) -> str:
    return (EPOCH + timedelta(milliseconds=at(number))).isoformat(timespec="microseconds")


def lasting(units: int) -> deadlines.Term:
    return deadlines.term(f"PT{units * UNIT / 1000:.3f}S")


def is_open(unit: str | None, number: int) -> bool:
    """Whether an office is open at an instant: each by a rhythm of its own; others have that of home."""
    return number % 4 != 3 if unit == OTHER else (number // 3) % 2 == 0


def hours(unit: str) -> Hours | None:
    def read(begin: int, end: int) -> list[tuple[int, int]]:
        first, last = (begin - START) // UNIT, (end - START) // UNIT + 1
        numbers = range(max(first, -100), min(last, 2_000))
        whole = [(at(number), at(number + 1)) for number in numbers if is_open(unit, number)]
        return [(max(a, begin), min(b, end)) for a, b in whole if max(a, begin) < min(b, end)]

    return Hours(read) if unit in (HOME, OTHER) else None


@dataclass
class Thing:
    """Something that is open from `begin` on: a task, wait, call, bill or incident."""

    kind: str
    key: str
    begin: int
    bucket: str
    party: str | None
    end: int | None = None
    failing: int | None = None
    turns: list[tuple[int, str, str | None]] = field(default_factory=list)
    parent: "Thing | None" = None

    def covers(self, number: int) -> bool:
        return self.begin <= number and (self.end is None or number < self.end)

    def now(self, number: int) -> tuple[str, str | None]:
        """Its bucket and party at an instant."""
        if self.failing is not None and number >= self.failing:
            return "technical_failure", self.party
        found = (self.bucket, self.party)
        for since, bucket, party in self.turns:
            if since <= number:
                found = (bucket, party)
        return found


class World:
    """Plays actions, writes their events, and remembers what was really open."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.things: list[Thing] = []
        self.work: list[tuple[int, int]] = []
        self.suspended: list[tuple[int, int | None]] = []
        self.number = 0
        self.note("case.started", facts={"unit": HOME})

    def note(
        self, kind: str, thing: Thing | None = None, *, facts: dict[str, Any] | None = None, unit: str = HOME
    ) -> None:
        task = thing.key if thing and thing.kind in ("task", "opinion", "correction") else None
        element = None if thing is None else f"e{thing.key}"
        self.events.append(
            Event(
                len(self.events) + 1,
                at(self.number),
                kind,
                element,
                task,
                "caseworker",
                unit,
                {} if facts is None else facts,
            )
        )

    def open_ones(self, *kinds: str) -> list[Thing]:
        return [thing for thing in self.things if thing.end is None and thing.kind in kinds]

    def add(self, kind: str, bucket: str, party: str | None, parent: Thing | None = None) -> Thing:
        thing = Thing(kind, str(len(self.things)), self.number, bucket, party, parent=parent)
        self.things.append(thing)
        return thing

    def end(self, thing: Thing, what: str, **facts: Any) -> None:
        for child in [one for one in self.open_ones("opinion", "correction") if one.parent is thing]:
            self.end(child, f"{child.kind}.withdrawn")
        thing.end = self.number
        self.note(what, thing, facts=facts)

    def play(self, action: str, choice: int) -> None:
        if action in ("office", "applicant", "delegate"):
            self.task(action, choice)
        elif action in ("opinion", "correction", "delegated", "returned", "close", "cancel", "work"):
            tasks = self.open_ones("task")
            if tasks:
                self.on_task(action, tasks[choice % len(tasks)], choice)
        elif action in ("tried", "answered", "failed"):
            calls = self.open_ones("call")
            if calls:
                self.on_call(action, calls[choice % len(calls)])
        elif action in ("suspended", "resumed"):
            self.suspend(action)
        else:
            self.other(action, choice)

    def task(self, side: str, choice: int) -> None:
        unit = OTHER if side == "office" and choice % 3 == 0 else FIRM if side == "delegate" else None
        bucket = {"office": "in_queue", "applicant": "with_applicant", "delegate": "other_agency"}[side]
        thing = self.add("task", bucket, unit or (HOME if side == "office" else None))
        self.note("task.created", thing, facts={"side": side, **({"unit": unit} if unit else {})})

    def on_task(self, action: str, thing: Thing, choice: int) -> None:
        if action == "work":
            begin = max(thing.begin, self.number - choice)
            self.work.append((begin, self.number))
            self.number += 1  # it is noted later
            self.note("work.noted", thing, facts={"from_at": text(begin), "to_at": text(self.number - 1)})
        elif action == "delegated":
            thing.turns.append((self.number, "other_agency", FIRM))
            self.note("task.delegated", thing, facts={"unit": FIRM})
        elif action == "returned":
            thing.turns.append((self.number, "in_queue", HOME))
            self.note("task.returned", thing, facts={"unit": HOME})
        elif action == "opinion":
            unit = OTHER if choice % 2 else None
            child = self.add("opinion", "other_agency" if unit else "in_queue", unit or HOME, thing)
            self.note("opinion.asked", child, facts={"parent": thing.key, **({"unit": unit} if unit else {})})
        elif action == "correction":
            child = self.add("correction", "with_applicant", None, thing)
            self.note("correction.asked", child, facts={"parent": thing.key})
        else:
            self.end(thing, "task.completed" if action == "close" else "task.cancelled")

    def on_call(self, action: str, thing: Thing) -> None:
        if action == "tried":
            thing.failing = self.number if thing.failing is None else thing.failing
            self.note("call.tried", thing, facts={"call": thing.key, "code": "timeout"})
            return
        self.end(thing, f"call.{action}", call=thing.key)
        if action == "failed":
            incident = self.add("incident", "technical_failure", None)
            self.note("incident.opened", incident, facts={"incident": incident.key, "code": "call-failed"})

    def suspend(self, action: str) -> None:
        still = bool(self.suspended) and self.suspended[-1][1] is None
        if (action == "suspended") == still:
            return
        if still:
            self.suspended[-1] = (self.suspended[-1][0], self.number)
        else:
            self.suspended.append((self.number, None))
        self.note(f"case.{action}")

    def other(self, action: str, choice: int) -> None:
        ends = {
            "answer": ("opinion", "correction"),
            "retried": ("incident",),
            "paid": ("bill",),
            "again": ("wait",),
        }
        if action in ends:
            found = self.open_ones(*ends[action])
            if found:
                self.finish(found[choice % len(found)], action)
        elif action == "wait":
            party = (None, "fire", "applicant", OTHER)[choice % 4]
            bucket = {None: "scheduled_wait", "applicant": "with_applicant"}.get(party, "other_agency")
            thing = self.add("wait", bucket, party)
            given = {"party": party} if party else {}
            self.note("wait.opened", thing, facts={"wait": thing.key, "kind": "message", **given})
        elif action == "call":
            thing = self.add("call", "other_agency", "registry")
            self.note("call.made", thing, facts={"call": thing.key, "party": "registry"})
        elif action == "bill":
            thing = self.add("bill", "with_applicant", None)
            self.note("bill.issued", thing, facts={"bill": thing.key})
        else:
            self.note("case.moved", facts={"from": 1, "to": 2})

    def finish(self, thing: Thing, action: str) -> None:
        kinds = {"opinion": "opinion.given", "correction": "data.corrected"}
        kinds |= {"incident": "incident.retried", "bill": "bill.paid", "wait": "wait.closed"}
        names = {"incident": "incident", "bill": "bill", "wait": "wait"}
        facts = {names[thing.kind]: thing.key, "kind": "message"} if thing.kind in names else {}
        self.end(thing, kinds[thing.kind], **facts)

    def bucket(self, number: int, outages: list[tuple[int, int]]) -> tuple[str, str | None]:
        """The bucket of an instant and of whom, found by asking each rule in turn."""
        if any(begin <= number < end for begin, end in self.work):
            return "worked", HOME
        stopped = any(begin <= number and (end is None or number < end) for begin, end in self.suspended)
        running = [
            thing.now(number)
            for thing in self.things
            if thing.covers(number)
            and not (stopped and thing.kind in ("task", "opinion", "correction"))
            and not any(one.parent is thing and one.covers(number) for one in self.things)
        ]
        if any(begin <= number < end for begin, end in outages):
            running.append(("technical_failure", INSTALLATION))
        for bucket in BUCKETS:
            parties = [party for what, party in running if what == bucket]
            if parties and bucket in ("other_agency", "in_queue"):
                at_work = [party for party in parties if is_open(party, number)]
                return (bucket, at_work[0]) if at_work else ("office_closed", parties[0])
            if parties:
                return bucket, parties[0]
            if bucket == "suspended" and stopped:
                return bucket, None
        return "scheduled_wait", None


steps = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(ACTIONS), st.integers(0, 11)), min_size=1, max_size=30
)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=2)


def played(actions: list[tuple[int, str, int]], *, ends: bool) -> World:
    world = World()
    for pause, action, choice in actions:
        world.number += pause
        world.play(action, choice)
    world.number += 2
    if ends:
        world.note("case.completed")
    return world


@settings(deadline=None, max_examples=400)
@given(steps, spans, st.booleans(), st.integers(0, 90))
def test_time_is_split_as_a_naive_counter_does(
    actions: list[tuple[int, str, int]], down: list[tuple[int, int]], ends: bool, due: int
) -> None:
    world = played(actions, ends=ends)
    if due % 2:
        world.note(
            "work.noted", facts={"from_at": text(-3), "to_at": text(0)}
        )  # a stretch outside of its life
    if due % 3 == 0:  # a term that was paused once, instead of a norm
        world.note("clock.started", facts={"started_at": text(1), "due_at": text(due // 3)})
        world.note("clock.resumed", facts={"paused_at": text(2), "due_at": text(due // 3 + 2)})
    last = world.number
    outages = [(begin, begin + length) for begin, length in down]
    offices = {unit: hours(unit) for unit in (HOME, OTHER)}
    around = Surroundings(
        HOME,
        at(last),
        offices.get,
        outages=[(at(begin), at(end)) for begin, end in outages],
        norms={"e0": lasting(1), "e1": deadlines.term("P1WD")},
        norm=lasting(due) if due else None,
    )
    found = timeline(world.events, around)
    assert sum(found.totals.values()) == last * UNIT
    assert min(found.totals.values()) >= 0
    assert found.segments[0].begin == at(0)
    assert found.segments[-1].end == at(last)
    assert all(one.end == two.begin and one[2:] != two[2:] for one, two in pairwise(found.segments))
    for bucket, ms in found.totals.items():
        assert ms == sum(one.end - one.begin for one in found.segments if one.bucket == bucket)
    counted = {
        number: (one.bucket, one.party)
        for one in found.segments
        for number in range((one.begin - START) // UNIT, (one.end - START) // UNIT)
    }
    for number in range(last):
        expected = world.bucket(number, outages)
        assert counted[number][0] == expected[0], number
        if INSTALLATION in expected or expected[0] in ("in_queue", "other_agency", "office_closed"):
            assert counted[number] == expected, number
    assert [leg.begin for leg in found.path] == [START, *(leg.end for leg in found.path)][:-1]
    assert found.path[-1].end == at(last)
    if (delay := found.delay) is not None:
        assert delay.late_ms == around.hours(HOME).open_ms(delay.due, delay.until)
        assert sum(cause.ms for cause in delay.causes) + delay.unexplained_ms == delay.late_ms
        assert all(cause.ms > 0 for cause in delay.causes)
        assert delay.unexplained_ms >= 0
