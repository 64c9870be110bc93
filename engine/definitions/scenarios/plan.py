"""What a scenario says: what is given, what is done, what is expected. Nothing here runs."""

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
    """A message or signal that is to leave the case; None: whatever its keys or data are."""

    kind: ToldKind
    name: str
    keys: Mapping[str, Any] | None
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be so; None where nothing is said of it.

    `path` are the elements passed, exactly; `contains` some of them in this order, `never` those that may not
    be among them. `data` are some of the case's variables, `absent` those that it may not have.
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
        """The paths of all elements that are named."""
        named = (self.tasks, self.waits, self.due, self.path, self.contains, self.never, self.incidents)
        return {element for elements in named for element in elements or ()}


@dataclass(frozen=True, slots=True)
class Action:
    """One step: something is done or happens.

    `name` is an element's path, a duration or a message's name. `asked` are connector, operation or topic of
    a call, as they are to be; an answer that is to be `refused` does not fit the form, and a message that is
    reaches nothing in the case.
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
        """The path of the element that this is about, if it is."""
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
    """A case that is to run as told; `line` is where it begins in its file."""

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
        """The paths of all elements that are named, with the line."""
        found: dict[str, int] = {}
        expected = [self.start.then, *(step.then for step in self.steps), self.expect]
        for one in expected:
            found |= {} if one is None else dict.fromkeys(one.elements, one.line)
        if self.start.kind == "timer":
            found[self.start.name] = self.start.line
        return found | {step.element: step.line for step in self.steps if step.element is not None}
