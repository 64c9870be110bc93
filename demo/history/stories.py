"""One case while it is composed: its events, rows, and where its time goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.history.offices import Actor, Office, Span
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
    """A time of the case in which this bucket applies, with whose it is and at which element.

    `step` is the number of the passage of this element. `suspends`: it is a task, which nobody can work on
    while the case is suspended.
    """

    begin: int
    end: int
    bucket: str
    who: str
    element: str
    step: int = 0
    suspends: bool = False


@dataclass(slots=True)
class TaskRow:
    """A task. `closed` is None while it is open, `asked` is what an opinion or a correction is about."""

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
    side: str = "office"
    asked: Facts | None = None


@dataclass(slots=True)
class WaitRow:
    """A message or a timer that the case waits for; `facts` are those of its events."""

    id: str
    element: str
    kind: str
    name: str | None
    opened: int
    closed: int | None
    facts: Facts
    due: int | None = None
    keys: Facts = field(default_factory=dict)


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
class BillRow:
    """A bill, in rials, and when it was paid."""

    id: str
    element: str
    reference: str
    amount: int
    message: str
    issued: int
    paid: int | None


@dataclass(slots=True)
class DecisionRow:
    """A legal decision; of nobody if silence made it. `appeal` is the case that appeals it."""

    id: str
    task: str | None
    by: Actor | None
    outcome: str
    at: int
    grounds: Sequence[Facts] = ()
    silent_units: Sequence[str] = ()
    appeal: str | None = None


@dataclass(slots=True)
class Pause:
    """A time for which somebody else is awaited: from whom, why, and who began and ended it."""

    begin: int
    end: int
    side: str
    code: str
    began: Actor
    ended: Actor


@dataclass(slots=True)
class Term:
    """The statutory term of a case: what happened to it.

    `code` is why it began; `pauses` those that counted, the last one perhaps open; `dues` when its end
    changed, to what (None: the term does not run); `lost` the days that outages took from it.
    """

    started: int
    length: str
    code: str = "filed"
    pauses: list[tuple[int, int | None]] = field(default_factory=list)
    stopped: int | None = None
    due: int = 0
    stage: str = "none"
    state: str = "running"
    dues: list[tuple[int, int | None]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moved:
    """When a case was migrated to the next version, which this is."""

    at: int
    migration: str
    service: Service
    version_id: str


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
    bills: list[BillRow] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    term: Term | None = None
    moved: Moved | None = None
    channel: str = "online"
    ended: int | None = None
    outcome: str | None = None
    stopped: tuple[int, str, Actor] | None = None  # when the term ended, why, and by whom
    appeal_of: str | None = None
    visits: list[tuple[bool, str]] = field(default_factory=list)  # in person: whether planned, and why
    planned: int = 0
    stars: int | None = None
    stated: bool = False  # a visit, in the rating
    begun: int | None = None
    data: Facts = field(default_factory=dict)
    subject: str | None = None
    waited: set[int] = field(default_factory=set)  # steps of branches that others finished after
    steps: int = 0  # how many passages there were
    last: int = 0  # of the head of its chain
    hash: str = ""

    def __post_init__(self) -> None:
        self.id = self.new_id(self.started)

    def new_id(self, at: int) -> str:
        """Return a new id, as the installation makes them, at an instant."""
        value = at << 80 | 0x7 << 76 | self.rng.getrandbits(12) << 64 | 0x2 << 62 | self.rng.getrandbits(62)
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def new_step(self) -> int:
        """Return the number of a new passage of an element."""
        self.steps += 1
        return self.steps

    def service_at(self, at: int) -> Service:
        """Return the version that the case runs at an instant."""
        return self.service if self.moved is None or at < self.moved.at else self.moved.service

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

    def passed(self, at: int, actor: Actor, elements: Sequence[str], changes: Facts | None = None) -> None:
        """Add the passages of these elements, with the variables that they set."""
        payload = {"changes": changes} if changes else None
        for element in elements:
            self.events.append(Event(at, "element.passed", element, None, actor, NONE, payload))

    def spend(self, span: Span, bucket: str, who: str, element: str, step: int, *, task: bool = True) -> None:
        """Note where a time goes."""
        begin, end = span
        if begin < end:
            suspends = task and bucket != "worked"
            self.spent.append(Spent(begin, end, bucket, who, element, step, suspends))

    def pick(self, bounds: tuple[float, float]) -> float:
        """Return a number between two bounds."""
        return bounds[0] + (bounds[1] - bounds[0]) * self.rng.random()
