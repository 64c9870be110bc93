"""What the cases of a service go through: the steps of its diagram, in the order of their passage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["office", "applicant", "delegate"]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Passed:
    """Elements that a token passes at once: gateways, scripts, events."""

    elements: Sequence[str]


@dataclass(frozen=True, slots=True)
class Entered:
    """An activity around the nodes that follow, which `Passed` ends."""

    element: str


@dataclass(frozen=True, slots=True)
class Work:
    """A task for people.

    `unit` is the key of the unit that the diagram names; None: that of the case. `waits` is the office time
    (of applicants: the time) before it is done, in hours, `minutes` how long that takes. `norm` is in hours
    of office time. `decides`: it is the legal decision.
    """

    element: str
    name: str
    role: str = "caseworker"
    unit: str | None = None
    side: Side = "office"
    presence: str | None = None
    norm: int | None = None
    waits: Range = (1, 6)
    minutes: Range = (10, 50)
    decides: bool = False
    pauses: bool = False
    assignment: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another system through a connector; `agency` is the party that answers."""

    element: str
    name: str
    connector: str
    operation: str
    agency: str | None = None
    seconds: Range = (0.4, 6)


@dataclass(frozen=True, slots=True)
class Await:
    """A message that the case waits for, from `party`; `hours` elapse in most cases."""

    element: str
    name: str
    message: str
    party: str
    hours: Range
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of so many hours."""

    element: str
    name: str
    hours: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches that run at the same time."""

    split: str
    join: str
    branches: Sequence[Sequence["Node"]]


Node = Passed | Entered | Work | Call | Await | Timer | Fork


@dataclass(frozen=True, slots=True)
class Service:
    """A version of a process. `nodes` lead to the decision, `ends` from each outcome to the end of the case.

    `term` is the statutory term, in working days (P15WD) or days (P60D); it begins with the case, or when the
    element `accepted` is passed. `silence` is the outcome if nobody decides in time, or `escalate`. `results`
    are the outcomes of cases that have another name than that of their decision.
    """

    key: str
    version: int
    name: str
    nodes: Sequence[Node]
    ends: Mapping[str, Sequence[Node]]
    refusals: float = 0.15  # the share of cases that are refused
    term: str | None = None
    accepted: str | None = None
    silence: str | None = None
    begins: str = "start"
    results: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, str] = field(default_factory=lambda: {"granted": "grants", "refused": "refuses"})

    @property
    def works(self) -> list[Work]:
        """All tasks for people in it."""
        return [node for node in _all(self.all_nodes) if isinstance(node, Work)]

    @property
    def all_nodes(self) -> list[Node]:
        """The nodes before and after the decision."""
        return [*self.nodes, *(node for nodes in self.ends.values() for node in nodes)]


def _all(nodes: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        found.append(node)
        if isinstance(node, Fork):
            for branch in node.branches:
                found += _all(branch)
    return found
