"""One case while it is composed: its events, tasks, waits, calls, and where its time goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.history.offices import Actor, Office, text_of
from demo.history.shapes import Service

Facts = Mapping[str, Any]
NONE: Facts = {}


@dataclass(slots=True)
class Event:
    """An event before it is chained. `at` is in milliseconds."""

    at: int
    kind: str
    element: str | None
    task: str | None
    actor: Actor
    facts: Facts
    payload: Facts | None


@dataclass(slots=True)
class Spent:
    """A time of the case in which this bucket applies, with whose it is and at which element."""

    begin: int
    end: int
    bucket: str
    who: str
    element: str


@dataclass(slots=True)
class TaskRow:
    """A task. `closed` is None while it is open."""

    id: str
    element: str
    name: str
    opened: int
    closed: int | None = None
    status: str = "open"
    kind: str = "step"
    parent: str | None = None
    assignee: str | None = None
    claimed: int | None = None
    due: int | None = None
    assignment: str | None = None
    unit: str | None = None
    role: str | None = None


@dataclass(slots=True)
class WaitRow:
    """A message or a timer that the case waits for."""

    id: str
    element: str
    kind: str
    name: str | None
    opened: int
    closed: int | None
    due: int | None = None


@dataclass(slots=True)
class CallRow:
    """A call of another system."""

    id: str
    element: str
    connector: str
    operation: str
    opened: int
    closed: int
    status: str = "done"
    attempts: int = 1


@dataclass(slots=True)
class IncidentRow:
    """An element that failed."""

    id: str
    element: str
    name: str
    code: str
    opened: int
    closed: int


@dataclass(slots=True)
class DecisionRow:
    """A legal decision; `appeal` is the case that appeals it."""

    id: str
    task: str
    by: Actor
    outcome: str
    at: int
    appeal: str | None = None


@dataclass(slots=True)
class Term:
    """The statutory term of a case: when it began, its pauses, when it ended and when it should have."""

    started: int
    length: str
    pauses: list[tuple[int, int]] = field(default_factory=list)
    stopped: int | None = None
    due: int = 0
    stage: str = "none"
    deemed: bool = False


@dataclass(slots=True)
class Story:
    """A case. All instants are in milliseconds since 1970; `until` is the end of the history."""

    service: Service
    office: Office
    rng: Random
    number: str
    applicant: Actor
    person: str
    started: int
    until: int
    version_id: str
    id: str = ""
    events: list[Event] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)
    waits: list[WaitRow] = field(default_factory=list)
    calls: list[CallRow] = field(default_factory=list)
    incidents: list[IncidentRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    term: Term | None = None
    channel: str = "online"
    ended: int | None = None
    outcome: str | None = None
    appeal_of: str | None = None
    visits: list[tuple[bool, str]] = field(default_factory=list)
    planned: int = 0
    stars: int | None = None
    begun: int | None = None
    data: Facts = field(default_factory=dict)
    subject: str | None = None
    waited: set[str] = field(default_factory=set)  # elements of branches that others finished after
    last: int = 0  # of the head of its chain
    hash: str = ""

    def __post_init__(self) -> None:
        self.id = self.new_id(self.started)

    def new_id(self, at: int) -> str:
        """Return a new id, as the installation makes them, at an instant."""
        value = at << 80 | 0x7 << 76 | self.rng.getrandbits(12) << 64 | 0x2 << 62 | self.rng.getrandbits(62)
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def emit(
        self,
        at: int,
        kind: str,
        actor: Actor,
        at_place: tuple[str | None, str | None] = (None, None),
        facts: Facts = NONE,
        payload: Facts | None = None,
    ) -> None:
        """Add an event at an element and of a task."""
        self.events.append(Event(at, kind, *at_place, actor, facts, payload))

    def passed(self, at: int, actor: Actor, elements: Sequence[str]) -> None:
        """Add the passages of these elements."""
        for element in elements:
            self.events.append(Event(at, "element.passed", element, None, actor, NONE, None))

    def spend(self, begin: int, end: int, bucket: str, who: str, element: str) -> None:
        """Note where a time goes."""
        if begin < end:
            self.spent.append(Spent(begin, end, bucket, who, element))

    def pick(self, bounds: tuple[float, float]) -> float:
        """Return a number between two bounds."""
        return bounds[0] + (bounds[1] - bounds[0]) * self.rng.random()

    def pause(self, begin: int, end: int, side: str, code: str, actors: tuple[Actor, Actor]) -> None:
        """Pause the term from one instant to another."""
        if self.term is None:
            return
        self.term.pauses.append((begin, end))
        self.emit(begin, "clock.paused", actors[0], facts={"side": side, "code": code})
        due = self.office.due(self.term.started, self.term.length, self.term.pauses)
        self.emit(
            end, "clock.resumed", actors[1], facts={"paused_at": text_of(begin), "due_at": text_of(due)}
        )
