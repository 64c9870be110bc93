"""The values of names during an evaluation (frames), and its limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from time import monotonic
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel.faults import MOST, Fault, Place
from engine.dmn.feel.moments import DateTime
from engine.dmn.feel.values import Range
from engine.platform.apart import Slow
from engine.platform.pulse import PULSE

STEPS = 500_000  # at most a second of the slowest steps, and 150 MB of the largest
DEPTH = 60  # of functions that call each other, limited by Python's own stack
SEARCHING = 0.25  # seconds of matching patterns; a pattern that needs more never ends
CHARACTERS = 25  # of a text that cost a step: some take four bytes
NODES = 3  # of an expression that cost a step when it is repeated, as much as items of a list
COMPILED = 100  # steps for compiling a pattern
LOOK = 1000  # steps between two looks at the clock
COSTLY = 20  # steps of operations much slower than addition: powers, logarithms, time zones


@dataclass(slots=True)
class Run:
    """One evaluation: its instant, and the rest of its limits.

    A step is an iteration, a call, an item created or compared, or some characters, so that steps limit time
    and memory.
    """

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: int = STEPS
    depth: int = DEPTH
    searching: float = SEARCHING
    patterns: set[tuple[str, str]] = field(default_factory=set)  # patterns compiled so far, with their flags
    faults: list[Fault] = field(default_factory=list)
    noted: set[tuple[Place, str]] | None = None  # places already recorded as null
    explained: list[dict[str, Any]] | None = None  # a list if all tables record their reasons
    until: float = inf  # when it has taken too long in this process (`engine.platform.apart`)
    _look_at: int = STEPS  # the steps left at the next look at the clock

    def add_fault(self, reason: str, element: str, *, grave: bool = False, code: str = "invalid") -> None:
        """Records a fault; at most the first hundred."""
        if len(self.faults) - len(self.noted or ()) < MOST:
            self.faults.append(Fault(reason, element, grave, code))

    def note(self, place: Place | None, code: str, *values: str) -> None:
        """Records that an expression is null; once per place, at most the first hundred."""
        if self.noted is None:
            self.noted = set()
        if place is None or not place.records(code):
            return
        if len(self.noted) >= MOST or (place, code) in self.noted:
            return
        self.noted.add((place, code))
        self.faults.append(place.fault(code, *values))

    def explain(self, **what: Any) -> None:
        """Records how a table reached its result, if requested."""
        if self.explained is not None:
            self.spend(1 + sum(len(part) for part in what.values() if isinstance(part, list | dict)))
            self.explained.append(what)

    def spend(self, steps: int = 1) -> None:
        """Counts steps. Raises TooMuch when none are left."""
        self.steps -= steps
        if self.steps < self._look_at:
            self._look()

    def _look(self) -> None:
        if self.steps < 0:
            raise TooMuch("The evaluation takes too many steps or too much memory.")
        if monotonic() > self.until:
            raise Slow
        PULSE.beat()
        self._look_at = max(0, self.steps - LOOK)

    def enter(self) -> None:
        """Enters a called function; `leave` must follow."""
        self.spend(2)
        self.depth -= 1
        if self.depth < 0:
            raise TooMuch("Functions call each other too deeply.")

    def leave(self) -> None:
        """Leaves a called function."""
        self.depth += 1

    def made(self, value: Any) -> Any:
        """Returns a new value, counted by its size."""
        if isinstance(value, str):
            self.spend(len(value) // CHARACTERS)
        elif isinstance(value, list | dict):
            self.spend(len(value))
        elif isinstance(value, DateTime):
            self.spend(2 if value.time.zone is None else COSTLY)
        return value

    def pass_on(self, values: Iterable[Any]) -> None:
        """Counts the arguments of a function: it may visit all of their content."""
        for value in values:
            if isinstance(value, str):
                self.spend(len(value) // CHARACTERS)
            elif isinstance(value, list | dict):
                self.spend(len(value) // NODES)

    def weigh(self, value: Any) -> None:
        """Counts a value with its whole content, including repetitions, by the size of its text."""
        if isinstance(value, dict):
            self.spend(1 + len(value))
            for name, item in value.items():
                self.made(name)
                self.weigh(item)
        elif isinstance(value, list):
            self.spend(1 + len(value))
            for item in value:
                self.weigh(item)
        elif isinstance(value, Range):
            self.weigh([value.low, value.high])
        elif isinstance(value, Decimal):
            self.spend(abs(value.adjusted()) // CHARACTERS)
        else:
            self.made(value)


class Frame:
    """The names and values of one scope; the enclosing scope is `parent`."""

    __slots__ = ("parent", "run", "values")

    def __init__(self, run: Run, values: Mapping[str, Any], parent: "Frame | None" = None) -> None:
        self.run = run
        self.values = values
        self.parent = parent

    def within(self, values: Mapping[str, Any]) -> "Frame":
        """Returns a scope inside of this one."""
        return Frame(self.run, values, self)
