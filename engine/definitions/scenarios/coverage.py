"""How much of a process its scenarios have passed: elements, flows, and conditions both true and false."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.bpmn import Spec


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run has passed and asked, by paths."""

    elements: frozenset[str]
    flows: frozenset[str]
    answers: frozenset[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Part:
    """How many there are and how many were passed; `missing` are the ids of the others."""

    total: int
    passed: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the scenarios of a process have passed of it; what it calls is looked at by its own.

    `never_true` and `never_false` are ids of flows whose conditions came out so in no run, also where they
    were not asked.
    """

    process: str
    scenarios: int
    elements: Part
    flows: Part
    never_true: tuple[str, ...]
    never_false: tuple[str, ...]

    @property
    def full(self) -> bool:
        """Whether every element and every flow was passed."""
        return not (self.elements.missing or self.flows.missing)


def cover(spec: Spec, seen: Sequence[Seen]) -> Coverage:
    """What these runs together have passed of a process."""
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
    """Whether something belongs to the process itself and not to one that it calls."""
    return "/" not in path
