"""What the cases of a service go through: the steps of its diagram, in the order of their passage."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict

Side = Literal["office", "applicant", "delegate"]
Range = tuple[float, float]


class Manner(TypedDict):
    """Whether the applicant has to come for a task, and how it is done."""

    presence: str
    channel: str


COMES = Manner(presence="required", channel="in_person")
ONLINE = Manner(presence="none", channel="online")
ON_SITE = Manner(presence="none", channel="in_person")  # the official goes there, without the applicant


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
    of office time. `presence` and `channel` are those of the diagram, `visit` is why the applicant comes.
    `decides`: it is the legal decision; `form` names that of another answer.
    """

    element: str
    name: str
    role: str = "caseworker"
    unit: str | None = None
    side: Side = "office"
    presence: str | None = None
    channel: str | None = None
    visit: str = "identity"
    norm: int | None = None
    waits: Range = (1, 6)
    minutes: Range = (10, 50)
    decides: bool = False
    pauses: bool = False
    assignment: str | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another system through a connector; `agency` is the party that answers.

    `stores`: the case has the reply as a variable with the name of the element.
    """

    element: str
    name: str
    connector: str
    operation: str
    agency: str | None = None
    seconds: Range = (0.4, 6)
    stores: bool = False


@dataclass(frozen=True, slots=True)
class Await:
    """A message that the case waits for, by its full name, from `party`; `hours` elapse in most cases."""

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


@dataclass(frozen=True, slots=True)
class Loop:
    """Steps that are repeated until their last one, a task, answers that the variable `complete` is true.

    `begin` is the gateway before them, `test` the one after them; `back` lies between this one and another
    turn.
    """

    begin: str
    nodes: Sequence["Node"]
    test: str
    back: Sequence["Node"]


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill that a payment service issues, which the applicant pays after some hours.

    `element` calls the service, `paid` awaits the message with this name, and the elements of `via` lie
    between them. `stores`: the case has bill and payment as variables.
    """

    element: str
    name: str
    paid: str
    message: str
    amount: int  # in rials
    hours: Range
    via: Sequence[str] = ()
    pauses: bool = False
    stores: bool = False


Node = Passed | Entered | Work | Call | Await | Timer | Fork | Loop | Bill


@dataclass(frozen=True, slots=True)
class Service:
    """A version of a process. `nodes` lead to the decision, `ends` from each outcome to the end of the case.

    `term` is the statutory term, in working days (P15WD) or days (P60D); it begins with the case, or when the
    element `accepted` is passed. `silence` is the outcome if nobody decides in time, or `escalate`; `appeal`
    is the process that reviews decisions. `results` are the outcomes of cases that have another name than
    that of their decision, `grounds` are those of refusals, by code.
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
    appeal: str | None = None
    begins: str = "start"
    results: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, str] = field(default_factory=lambda: {"granted": "grants", "refused": "refuses"})
    grounds: Mapping[str, str] = field(default_factory=dict)

    @property
    def works(self) -> list[Work]:
        """All tasks for people in it."""
        return [node for node in flat(self.all_nodes) if isinstance(node, Work)]

    @property
    def all_nodes(self) -> list[Node]:
        """The nodes before and after the decision."""
        return [*self.nodes, *(node for nodes in self.ends.values() for node in nodes)]


def flat(nodes: Sequence[Node]) -> Iterator[Node]:
    """Return nodes and all within them."""
    for node in nodes:
        yield node
        if isinstance(node, Fork):
            for branch in node.branches:
                yield from flat(branch)
        elif isinstance(node, Loop):
            yield from flat([*node.nodes, *node.back])
