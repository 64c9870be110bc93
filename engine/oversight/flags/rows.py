"""What patterns are looked for in: the entries of the logs of one place, and what is seen in them.

Pure: no database. Instants are in milliseconds. Of a payload nothing is here.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from engine.models import Pattern
from engine.timeline import Hours

OFFICIALS = frozenset({"caseworker", "administrator"})  # roles of accounts
RECUSAL = "recusal"  # somebody had to leave the case
AUTOMATIC = frozenset({"random", "least-loaded"})


class Logged(NamedTuple):
    """An event: `person` acted in the role `role` of an account."""

    case: UUID
    seq: int
    at: int
    kind: str
    element: str | None
    task: UUID | None
    person: UUID
    role: str
    facts: Mapping[str, Any]


class Read(NamedTuple):
    """That a person opened a case, first; `part`: as somebody who had to do with it, or for a purpose."""

    case: UUID
    at: int
    person: UUID
    part: bool


class Seen(NamedTuple):
    """One of the things that a pattern counts: its base. `hit`: it is in the numerator, too.

    Only what was seen in the same `queue` is compared; None: of everything in the place.
    """

    person: UUID
    case: UUID
    at: int
    hit: bool
    queue: Hashable = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern, as seen in what one account did in one place and period.

    `usual` is the numerator and the base of everybody else in the same queues, `expected` the numerator that
    the account would have with their share in each.
    """

    pattern: Pattern
    subject: UUID
    numerator: int
    base: int
    usual: tuple[int, int]
    expected: float
    cases: Mapping[UUID, int]  # when it was first seen in each


class Held(NamedTuple):
    """Since when somebody has a task; None: nobody. `how`: claimed, or as the event says."""

    at: int
    person: UUID | None
    how: str


@dataclass(slots=True)
class Work:
    """A task of an office: who had it, and who completed it."""

    case: UUID
    element: str
    pool: tuple[str, str, int]  # unit, role, priority
    opened: int
    due: str | None
    automatic: bool
    held: list[Held] = field(default_factory=list)
    closed: int | None = None
    by: UUID | None = None  # who completed it; None: it is open, or was cancelled

    @property
    def queue(self) -> Hashable:
        """Whose work it is: a step of the same pool."""
        return self.pool, self.element


@dataclass(slots=True)
class PlaceLog:
    """The events of the cases of one unit and service, and what else is known of them.

    `begin` is that of the period: what is earlier only says which tasks waited. `opened` is when each person
    first opened a case, `applicants` distinguishes the applicants of cases, without their names.
    """

    begin: int
    cases: Mapping[UUID, Sequence[Logged]]
    hours: Hours | None = None
    opened: Mapping[tuple[UUID, UUID], int] = field(default_factory=dict)
    applicants: Mapping[UUID, str] = field(default_factory=dict)
    reads: Sequence[Read] = ()
    _works: Mapping[UUID, Work] | None = None

    def events(self, *kinds: str) -> Iterator[Logged]:
        """Yields the events of these kinds, case by case, in order."""
        return (event for events in self.cases.values() for event in events if event.kind in kinds)

    @property
    def works(self) -> Mapping[UUID, Work]:
        """The tasks of offices that were created in the log, by their ids."""
        if self._works is None:
            self._works = _works(self.cases.values())
        return self._works

    def queue(self, event: Logged) -> Hashable:
        """Returns whose work an event is: its step in the pool of its task, or the step alone."""
        work = self.works.get(event.task) if event.task else None
        return work.queue if work else event.element

    def decisions(self) -> Iterator[Logged]:
        """Yields the legal decisions that officials made."""
        return (event for event in self.events("decision.made") if event.role in OFFICIALS)


def _works(logs: Iterable[Sequence[Logged]]) -> Mapping[UUID, Work]:
    found: dict[UUID, Work] = {}
    for events in logs:
        for event in events:
            if event.task is None:
                continue
            if event.kind == "task.created":
                if event.facts.get("side") == "office" and event.facts.get("kind", "step") == "step":
                    found[event.task] = _created(event)
            elif event.task in found:
                _changed(found[event.task], event)
    return found


def _created(event: Logged) -> Work:
    facts = event.facts
    pool = (facts.get("unit", ""), facts.get("role", ""), facts.get("priority", 0))
    automatic = facts.get("assignment") in AUTOMATIC
    return Work(event.case, event.element or "", pool, event.at, facts.get("due_at"), automatic)


def _changed(work: Work, event: Logged) -> None:
    if event.kind == "task.claimed":
        work.held.append(Held(event.at, event.person, "claimed"))
    elif event.kind == "task.assigned":
        account = event.facts.get("account")
        work.held.append(Held(event.at, UUID(account) if account else None, event.facts.get("how", "")))
    elif event.kind == "task.released" and event.facts.get("reason") != RECUSAL:
        work.held.append(Held(event.at, None, "released"))
    elif event.kind == "task.completed":
        work.closed, work.by = event.at, event.person if event.role in OFFICIALS else None
    elif event.kind == "task.cancelled":
        work.closed = event.at


def by_case(events: Iterable[Logged]) -> dict[UUID, list[Logged]]:
    """Returns events by their cases, in order."""
    found: dict[UUID, list[Logged]] = defaultdict(list)
    for event in events:
        found[event.case].append(event)
    return found
