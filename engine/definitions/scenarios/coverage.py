"""How much of a process its scenarios have passed: elements, flows, and conditions both true and false."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.bpmn import Spec


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run has passed and evaluated, by paths."""

    elements: frozenset[str]
    flows: frozenset[str]
    answers: frozenset[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Part:
    """The number of all and of passed ones; `missing` are the ids of the others."""

    total: int
    passed: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the scenarios of a process have passed of it; called processes have their own coverage.

    `never_true` and `never_false` are ids of flows whose conditions had this value in no run, even if they
    were never evaluated.
    """

    process: str
    scenarios: int
    elements: Part
    flows: Part
    never_true: tuple[str, ...]
    never_false: tuple[str, ...]

    @property
    def full(self) -> bool:
        """Returns whether every element and every flow was passed."""
        return not (self.elements.missing or self.flows.missing)


def cover(spec: Spec, seen: Sequence[Seen]) -> Coverage:
    """Returns what these runs together have passed of a process."""
    asked = [flow.path for flow in spec.flows.values() if flow.condition is not None and _own(flow.path)]
    answers = {answer for one in seen for answer in one.answers}
    return Coverage(
        spec.key,
        len(seen),
        _part(spec.elements, {element for one in seen for element in one.elements}),
        _part(spec.flows, {flow for one in seen for flow in one.flows}),
        tuple(path for path in asked if (path, True) not in answers),
        tuple(path for path in asked if (path, False) not in answers),
    )


def _part(paths: Iterable[str], passed: set[str]) -> Part:
    own = [path for path in paths if _own(path)]
    missing = tuple(path for path in own if path not in passed)
    return Part(len(own), len(own) - len(missing), missing)


def _own(path: str) -> bool:
    """Returns whether a path belongs to the process itself and not to a called one."""
    return "/" not in path
