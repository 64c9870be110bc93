"""A case as its events describe it: its life, each passage of a step, and who worked when."""

from dataclasses import dataclass, field
from typing import Any

from engine.timeline.intervals import Interval

DONE = frozenset({
    "completed", "given", "corrected", "happened", "answered", "failed", "paid", "retried", "skipped",
})  # fmt: skip
# How a command closes a step by itself, before anything else, and as a result of something else.
_ACTS = frozenset({"completed", "answered", "failed", "retried", "skipped"})
_RESULTS = frozenset({"dropped", "cancelled"})


@dataclass(slots=True, eq=False)
class Step:
    """A passage of a step. Instants are milliseconds; `closed` is None while it is open.

    `kind`: `task`, `escalation`, `opinion`, `correction`, `wait`, `call`, `bill`, `incident`.
    `how` it was closed: `completed`, `cancelled`, `given`, `expired`, `withdrawn`, `corrected`, `happened` (a
    wait whose event came), `dropped` (a wait or call that nobody awaits any more), `answered`, `failed`,
    `paid`, `retried`, `skipped`, `closed`, or `ended` with the case; None while it is open.
    `side`: `office`, `applicant`, `delegate` or `agency`. `unit` has it, or `party` is awaited.
    A wait `awaits` a `timer`, `message`, `signal` or `condition`.
    `claimed` is when somebody first had it. `work` are the stretches of work on it, with the unit of each.
    `parent` is the task to which an opinion or a correction belongs. `opened_by` and `closed_by` are the
    commands that opened and closed it, by their numbers; `predecessors` are the steps, by theirs, that the
    command closed which opened it.
    """

    number: int
    kind: str
    element: str | None
    opened: int
    rank: int
    key: Any = None
    unit: str | None = None
    role: str | None = None
    side: str | None = None
    party: str | None = None
    awaits: str | None = None
    claimed: int | None = None
    closed: int | None = None
    how: str | None = None
    failing: int | None = None
    due: int | None = None
    since: int = 0
    parent: "Step | None" = None
    children: "list[Step]" = field(default_factory=list)
    turns: list[tuple[int, int, int, str | None]] = field(default_factory=list)
    work: list[tuple[int, int, str | None]] = field(default_factory=list)
    opened_by: int = 0
    closed_by: int = 0
    predecessors: tuple[int, ...] = ()

    @property
    def is_unstated(self) -> bool:
        """Whether it waits for somebody, but nothing says for whom: a message wait without a party."""
        return self.kind == "wait" and self.awaits in ("message", "signal") and self.party is None

    @property
    def blocks(self) -> bool:
        """Whether the case waits for it: not so for a supervisor's task, and for notices."""
        return self.kind != "escalation"


@dataclass(slots=True, eq=False)
class Clock:
    """What the log says of the statutory clock. `pauses` may end with an open one, `paused`.

    `ended` is when the clock stopped or silence decided, which is `deemed`.
    """

    started: int | None = None
    due: int | None = None
    paused: int | None = None
    pauses: list[Interval] = field(default_factory=list)
    ended: int | None = None
    deemed: bool = False

    @property
    def counts(self) -> bool:
        """Whether a statutory term has begun. Otherwise the norm of the process counts."""
        return self.started is not None and self.due is not None


@dataclass(slots=True, eq=False)
class History:
    """A case as its events describe it. `end` is None while it is open.

    `work` are stretches with unit and element. `explained` is the code that a supervisor gave for a delay.
    `command` counts the commands whose events were read: those of one have one instant, and its action and
    what that closes come before what it opens. So most commands of one instant are distinguished.
    """

    unit: str
    process: str | None = None
    start: int = 0
    end: int | None = None
    steps: list[Step] = field(default_factory=list)
    work: list[tuple[int, int, str | None, str | None]] = field(default_factory=list)
    suspensions: list[Interval] = field(default_factory=list)
    suspended: int | None = None
    clock: Clock = field(default_factory=Clock)
    approximate: bool = False
    explained: str | None = None
    tasks: dict[Any, Step] = field(default_factory=dict)
    opened: dict[tuple[str, Any], Step] = field(default_factory=dict)
    fired: set[tuple[int, str | None]] = field(default_factory=set)
    failed: dict[str | None, Step] = field(default_factory=dict)  # the last failed call, by element
    command: int = 0
    has_closed: bool = False
    has_opened: bool = False

    def next_command(self) -> None:
        """Begins with the events of another command."""
        self.command += 1
        self.has_closed = self.has_opened = False

    def begin_action(self) -> None:
        """Begins with the events of another command, if this one did something already."""
        if self.has_closed or self.has_opened:
            self.next_command()

    def add(self, kind: str, key: Any, element: str | None, at: int, rank: int) -> Step:
        """Opens a step. One that is open already, of the same key, continues."""
        step = self.opened.get((kind, key))
        if step is None:
            step = Step(len(self.steps), kind, element, at, rank, key, since=at, opened_by=self.command)
            self.has_opened = True
            self.steps.append(step)
            self.opened[kind, key] = step
        return step

    def close(self, kind: str, key: Any, at: int, how: str) -> None:
        """Closes a step, if it is open."""
        step = self.opened.pop((kind, key), None)
        if step is None:
            return
        if step.opened < at and step.parent is None and kind != "bill":
            if how in _ACTS or (how in _RESULTS and self.has_opened):
                self.begin_action()
            self.has_closed = True
        step.closed, step.how, step.closed_by = at, how, self.command
