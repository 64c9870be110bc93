"""Generated months of offices, in memory: some as offices are, some with one planted pattern.

Natural noise is in all of them: officials pick tasks, work late, help each other, ask back, open wrong cases.
There are three kinds of offices: one serves mostly the oldest first, one in random order, and one has a slow
and a quick queue, which differ in all that patterns count. In the last two, officials do unequally much.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from engine.models import Pattern
from engine.oversight.flags import OF_PLACES, OF_UNITS
from engine.oversight.flags.measured import OFFICES, Kind, Measured
from engine.oversight.flags.rows import Finding, Logged, PlaceLog, Read, by_case
from engine.platform import red_flags
from engine.timeline import Hours, ms_of

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BEFORE = ms_of(datetime(2026, 2, 20, tzinfo=UTC))
BEGIN = ms_of(datetime(2026, 3, 21, tzinfo=UTC))
END = BEGIN + 31 * DAY
PATTERNS: Sequence[Pattern] = (*OF_PLACES, *OF_UNITS)


def _open(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields office hours: 7 to 15, on five days of seven."""
    for day in range(begin // DAY, end // DAY + 1):
        if day % 7 < 5:
            opens, closes = max(day * DAY + 7 * HOUR, begin), min(day * DAY + 15 * HOUR, end)
            if opens < closes:
                yield opens, closes


HOURS = Hours(_open)


@dataclass(frozen=True)
class Queue:
    """What is usual in a pool of tasks: parts of 1, and how often a case is returned, by chances of 100."""

    role: str = "clerk"
    ordered: float = 0.75  # the oldest is taken; else one of the first eight
    random: bool = False  # any is taken, however old
    quick: float = 0.01
    late: float = 0.02
    refused: float = 0.003
    paused: float = 0.2
    days_left: int = 15  # at most, when a pause begins
    handed_on: float = 0.04
    returns: tuple[int, int, int, int] = (80, 15, 4, 1)


KINDS: Mapping[Kind, Sequence[Queue]] = {
    "oldest-first": [Queue()],
    "random-order": [Queue(random=True)],
    "two-queues": [
        Queue("desk", quick=0.12, late=0.01, paused=0.05),
        Queue(
            "inspector",
            random=True,
            quick=0,
            late=0.1,
            refused=0.02,
            paused=0.3,
            days_left=8,
            handed_on=0.2,
            returns=(60, 20, 12, 8),
        ),
    ],
}


@dataclass
class Office:
    """A month of an office, and the one before it. `planted` is what the first of its people does."""

    rng: Random
    planted: Pattern | None
    kind: Kind = "oldest-first"
    events: list[Logged] = field(default_factory=list)
    opened: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    applicants: dict[UUID, str] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        self.people = [self.new_id() for _ in range(self.rng.randint(3, 8))]
        self.queues = [*KINDS[self.kind]]
        self.rng.shuffle(self.queues)
        self.administrators = [self.new_id(), self.new_id()]
        self.portal = self.new_id()

    def new_id(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128))

    def add(
        self, case: UUID, at: int, kind: str, person: UUID, task: UUID | None = None, **facts: Any
    ) -> None:
        role = {self.portal: "portal"}.get(person, "caseworker")
        role = "administrator" if person in self.administrators else role
        self.seq += 1
        self.events.append(
            Logged(case, self.seq, at, kind, facts.pop("element", None), task, person, role, facts)
        )

    def plants(self, pattern: Pattern, person: UUID, chance: float) -> bool:
        """Whether the planted pattern happens now."""
        planted = pattern == self.planted and person == self.people[0]
        return planted and self.rng.random() < chance

    def by_chance(self, part: float) -> bool:
        return self.rng.random() < part

    def log(self) -> PlaceLog:
        self.events.sort(key=lambda event: (event.at, event.seq))
        return PlaceLog(BEGIN, by_case(self.events), HOURS, self.opened, self.applicants, [*self.reads])


def an_office(seed: int, planted: Pattern | None, kind: Kind = "oldest-first") -> PlaceLog:
    """Return the log of two months, the second of which counts."""
    office = Office(Random(seed), planted, kind)
    for queue, people in zip(office.queues, _shared_out(office), strict=True):
        _queue(office, queue, people)
        for _ in range(office.rng.randint(120, 220)):
            _drawn(office, queue, people)
    _reading(office)
    _changing(office)
    return office.log()


def findings(log: PlaceLog) -> Mapping[Pattern, list[Finding]]:
    """Return what each pattern finds with the usual thresholds."""
    finds = {**OF_PLACES, **OF_UNITS}
    return {name: [*find(log, red_flags.USUAL[name])] for name, find in finds.items()}


def _shared_out(office: Office) -> Sequence[Sequence[UUID]]:
    """Return who works in each queue: in one of two half of the people each, and one of them in both."""
    if len(office.queues) == 1:
        return [office.people]
    people = [*office.people, *(office.new_id() for _ in range(2))]
    office.people = people
    half = (len(people) + 1) // 2
    return [people[:half], people[half - 1 :]]


def _who(office: Office, people: Sequence[UUID], number: int) -> UUID:
    """Return who takes the next task: by turns, or some twice as often as others."""
    if office.kind == "oldest-first":
        return people[number % len(people)]
    return office.rng.choices(people, [(3, 2, 4)[place % 3] for place in range(len(people))])[0]


def _queue(office: Office, queue: Queue, people: Sequence[UUID]) -> None:
    """Cases that wait in one pool. Each day, everybody takes some: mostly the oldest, sometimes another."""
    rng, waiting, regular = office.rng, list[tuple[UUID, UUID, int]](), [f"company {n}" for n in range(4)]
    least = 4 if office.kind == "oldest-first" else 7
    backlog, daily = rng.randint(15, 45), rng.randint(least, least + 8)
    person_of = rng.choice(regular)
    for day in range(BEFORE // DAY, END // DAY):
        if day % 7 >= 5:
            continue
        arrived = backlog if day == BEFORE // DAY else rng.randint(daily - 3, daily + 3)
        for _ in range(arrived):
            case, task = office.new_id(), office.new_id()
            at = day * DAY + 7 * HOUR + rng.randrange(60 * MINUTE)
            office.add(case, at, "case.started", office.portal)
            office.add(case, at, "task.created", office.portal, task, element="decide", **_facts(queue))
            office.applicants[case] = rng.choice(regular) if rng.random() < 0.2 else f"person {rng.random()}"
            waiting.append((case, task, at))
        for number in range(min(len(waiting) - 1, daily)):
            person = _who(office, people, number)
            at = day * DAY + 9 * HOUR + number * 20 * MINUTE + rng.randrange(15 * MINUTE)
            among = len(waiting) if queue.random else min(len(waiting), 8)
            place = 0 if not queue.random and rng.random() < queue.ordered else rng.randrange(among)
            if office.plants("queue-jumping", person, 1.0 if queue.random else 0.6):
                place = len(waiting) - 1 - rng.randrange(min(2, len(waiting)))
            if office.plants("one-applicant", person, 1.0):
                wanted = (n for n, one in enumerate(waiting) if office.applicants[one[0]] == person_of)
                place = next(wanted, place)
            case, task, _ = waiting.pop(place)
            _decide(office, queue, person, (case, task), at)


def _facts(queue: Queue) -> Mapping[str, str]:
    return {"side": "office", "role": queue.role}


def _decide(office: Office, queue: Queue, person: UUID, taken: tuple[UUID, UUID], at: int) -> None:
    rng, (case, task) = office.rng, taken
    at = max(at, office.events[-1].at if office.events[-1].case == case else at)
    office.add(case, at, "task.claimed", person, task)
    took = rng.randint(5, 4 * 60) * MINUTE if rng.random() > queue.quick else rng.randint(5, 30) * 1000
    if office.plants("quick-decisions", person, 0.5):
        took = rng.randint(3, 15) * 1000
    office.opened[person, case] = at
    done = at + took
    if office.by_chance(queue.late) or office.plants("outside-hours", person, 0.5):
        done = (at // DAY) * DAY + 20 * HOUR + rng.randrange(2 * HOUR)
    for _ in range(_returns(office, queue, person)):
        office.add(case, done, "correction.asked", person, task)
        done += 2 * HOUR
    if office.by_chance(queue.refused) or office.plants("four-eyes-refusals", person, 0.3):
        office.add(case, done, "task.blocked", person, task, reason="four-eyes")
    if office.by_chance(queue.paused):
        _pause(office, queue, person, case, done)
    office.add(case, done, "task.completed", person, task)
    office.add(case, done, "decision.made", person, task, element="decide", outcome="granted")


def _returns(office: Office, queue: Queue, person: UUID) -> int:
    if office.plants("returned-often", person, 0.4):
        return office.rng.randint(3, 4)
    return office.rng.choices((0, 1, 2, 3), queue.returns)[0]


def _pause(office: Office, queue: Queue, person: UUID, case: UUID, at: int) -> None:
    rng = office.rng
    left = rng.randint(1, queue.days_left) * DAY
    end = at + rng.randint(1, 6) * DAY
    if office.plants("pauses-at-the-end", person, 0.9):
        left = 3 * HOUR
    due = datetime.fromtimestamp((at + left) / 1000, UTC).isoformat()
    office.add(case, at - 1, "clock.started", office.portal, due_at=due)
    office.add(case, at, "clock.paused", person, side="office", code="suspension")
    office.add(case, end, "clock.resumed", person, due_at=due)


def _drawn(office: Office, queue: Queue, people: Sequence[UUID]) -> None:
    """A task that is assigned at random, and mostly done by whom it was."""
    rng = office.rng
    case, task = office.new_id(), office.new_id()
    at = BEFORE + rng.randrange(END - BEFORE - 2 * DAY)
    first = last = rng.choice(people)
    favourite = office.people[0]
    office.add(
        case, at, "task.created", office.portal, task, element="inspect", assignment="random", **_facts(queue)
    )
    office.add(case, at, "task.assigned", office.portal, task, account=str(first), how="random")
    if office.by_chance(queue.handed_on):
        last = rng.choice(people)
    if office.planted == "reassigned-until" and favourite in people and rng.random() < 0.25:
        last = favourite
    if last != first:
        office.add(case, at + HOUR, "task.assigned", first, task, account=str(last), how="given")
    office.add(case, at + DAY, "task.completed", last, task)


def _reading(office: Office) -> None:
    rng = office.rng
    for person in office.people:
        curious = office.planted == "reads-without-part" and person == office.people[0]
        for _ in range(rng.randint(15, 60)):
            part = rng.random() > (0.6 if curious else 0.04)
            office.reads.append(Read(office.new_id(), BEGIN + rng.randrange(END - BEGIN), person, part))


def _changing(office: Office) -> None:
    rng = office.rng
    cases = sorted({event.case for event in office.events})
    for case in cases:
        if office.by_chance(0.003):
            at = BEFORE + rng.randrange(END - BEFORE)
            office.add(case, at, "data.repaired", rng.choice(office.administrators))
    if office.planted == "changed-variables":
        for case in rng.sample(cases, max(8, len(cases) // 20)):
            at = BEGIN + timedelta(days=rng.randint(1, 25)) // timedelta(milliseconds=1)
            office.add(case, at, "data.repaired", office.administrators[0])


def measure(kind: Kind, clean: int, planted: int) -> Iterator[tuple[Pattern, int, int]]:
    """Yield each pattern, in how many clean months of officials it was found, and in how many with it."""
    false = dict.fromkeys(PATTERNS, 0)
    for seed in range(clean):
        for pattern, found in findings(an_office(seed, None, kind)).items():
            false[pattern] += len(found)
    for pattern in PATTERNS:
        found_in = sum(is_found(pattern, seed, kind) for seed in range(1000, 1000 + planted))
        yield pattern, false[pattern], found_in


def officials(kind: Kind, clean: int) -> int:
    """Return how many months of officials so many offices have."""
    return sum(len(_people_of(seed, kind)) for seed in range(clean))


def _people_of(seed: int, kind: Kind) -> Sequence[UUID]:
    office = Office(Random(seed), None, kind)
    _shared_out(office)
    return office.people


def is_found(pattern: Pattern, seed: int, kind: Kind = "oldest-first") -> bool:
    """Whether a planted pattern is found, and only of the one who does it."""
    found = findings(an_office(seed, pattern, kind))[pattern]
    return bool(found) and {one.subject for one in found} <= {*first_of(seed, kind)}


def first_of(log_seed: int, kind: Kind = "oldest-first") -> tuple[UUID, UUID]:
    """Return the ids of the person, and of the administrator, who does what is planted with a seed."""
    office = Office(Random(log_seed), None, kind)
    return office.people[0], office.administrators[0]


if __name__ == "__main__":  # python -m tests.flagged
    for name in KINDS:
        sys.stdout.write(f"{name}: {officials(name, OFFICES)} clean\n")
        for one, wrong, right in measure(name, OFFICES, Measured.planted_by_kind):
            sys.stdout.write(f"  {one}: {wrong}, {right}\n")
