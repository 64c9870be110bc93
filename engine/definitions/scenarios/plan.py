"""The content of a scenario: given data, actions, expected results. Nothing runs here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

ActionKind = Literal["task", "wait", "message", "signal", "reply", "fail", "retry", "skip"]
StartKind = Literal["person", "message", "signal", "timer"]
TRIGGERS: Sequence[StartKind] = ("message", "signal", "timer")
ToldKind = Literal["message", "signal"]
ACTIONS: Sequence[ActionKind] = get_args(ActionKind)


@dataclass(frozen=True, slots=True)
class Told:
    """A message or signal that the case should send; None: any keys or data."""

    kind: ToldKind
    name: str
    keys: Mapping[str, Any] | None
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected results; None where the scenario says nothing.

    `path` are exactly the passed elements; `contains` some of them in this order, `never` those that must not
    be among them. `data` are some of the case's variables, `absent` those that it must not have.
    """

    line: int
    tasks: Sequence[str] | None = None
    waits: Sequence[str] | None = None
    due: Mapping[str, datetime] | None = None
    path: Sequence[str] | None = None
    contains: Sequence[str] | None = None
    never: Sequence[str] | None = None
    data: Mapping[str, Any] | None = None
    absent: Sequence[str] | None = None
    thrown: Sequence[Told] | None = None
    incidents: Mapping[str, str | None] | None = None
    ended: bool | None = None
    outcome: str | None = None

    @property
    def elements(self) -> set[str]:
        """Returns the paths of all elements that are named."""
        named = (self.tasks, self.waits, self.due, self.path, self.contains, self.never, self.incidents)
        return {element for elements in named for element in elements or ()}


@dataclass(frozen=True, slots=True)
class Action:
    """One step: an action or an event.

    `name` is an element's path, a duration or a message's name. `asked` are the expected connector, operation
    or topic of a call; an answer that should be `refused` does not fit the form, and such a message reaches
    nothing in the case.
    """

    kind: ActionKind
    name: str
    line: int
    by: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    request: Mapping[str, Any] | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False
    then: Expected | None = None

    @property
    def element(self) -> str | None:
        """Returns the path of the element that this concerns, if any."""
        return None if self.kind in ("wait", "message", "signal") else self.name


@dataclass(frozen=True, slots=True)
class Start:
    """How the case begins: by a person with data, or by what triggers one of the process's start events."""

    line: int
    kind: StartKind = "person"
    name: str = ""
    by: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    then: Expected | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A case to be run; `line` is where it begins in its file."""

    file: str
    line: int
    name: str
    process: str
    at: datetime
    start: Start
    steps: Sequence[Action]
    expect: Expected

    @property
    def elements(self) -> dict[str, int]:
        """Returns the paths of all elements that are named, with the line."""
        found: dict[str, int] = {}
        expected = [self.start.then, *(step.then for step in self.steps), self.expect]
        for one in expected:
            found |= {} if one is None else dict.fromkeys(one.elements, one.line)
        if self.start.kind == "timer":
            found[self.start.name] = self.start.line
        return found | {step.element: step.line for step in self.steps if step.element is not None}
