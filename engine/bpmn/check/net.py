"""A (sub-)process as a net of tokens: from which flows an element takes them, and where it puts them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.bpmn.model.diagram import Flow, Node

Join = Literal[
    "any", "all", "some"
]  # incoming flows that need a token: one, all, or all that can still receive one

BITS = 8  # for the number of tokens on one flow; the highest bit is a guard
FULL = (1 << BITS) - 1
GUARD = 1 << (BITS - 1)
TERMINATE = ""  # in place of an error code: ends a scope without an error,
CANCELLED = "\0cancelled"  # or cancels the transaction that it is


@dataclass(eq=False, slots=True)
class Arc:
    """A place for tokens before an element: a sequence flow, or (without `flow`) the start of a scope.

    `shift` is the position of its number of tokens in a marking. `upstream` are the places, before an
    inclusive join, from which a token can still arrive.
    """

    target: "Station"
    flow: Flow | None = None
    shift: int = 0
    upstream: int = 0


@dataclass(eq=False, slots=True)
class Way:
    """An alternative of an element: adds a token to each of `arcs`. `choice` describes its condition."""

    arcs: tuple[Arc, ...]
    choice: str = ""
    put: int = 0  # the tokens as a marking

    @property
    def marks(self) -> int:
        """Returns the guards of their places."""
        return self.put * GUARD


@dataclass(eq=False, slots=True)
class Station:
    """An element that consumes tokens. If `stop` is a code, it ends the whole scope with it."""

    node: Node
    join: Join = "any"
    stop: str | None = None
    arcs: list[Arc] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    ones: int = 0  # a token on each of its arcs
    place: int = 0  # all bits of its arcs
    guards: int = 0

    def targets(self) -> list["Station"]:
        """Returns the elements that a token can reach from here."""
        return [arc.target for way in self.ways for arc in way.arcs]


@dataclass(eq=False, slots=True)
class Net:
    """The stations of a scope. A marking is a number: the tokens of each arc, in the order of the stations.

    `begins` are the initial markings. `partial` means that some choice with many flows lacks some
    combinations, `any_error` that any error may leave the scope.
    """

    stations: list[Station]
    firsts: list[Arc]
    partial: bool
    any_error: bool
    begins: list[int] = field(default_factory=list)
    guards: int = 0
    owners: list[Station] = field(default_factory=list)  # by the number of the place

    def __post_init__(self) -> None:
        self.stations = _in_order([*(arc.target for arc in self.firsts), *self.stations])
        self.owners = [station for station in self.stations for _ in station.arcs]
        for number, arc in enumerate(arc for station in self.stations for arc in station.arcs):
            arc.shift = number * BITS
            self.guards |= GUARD << arc.shift
        for station in self.stations:
            station.ones = sum(1 << arc.shift for arc in station.arcs)
            station.place, station.guards = station.ones * FULL, station.ones * GUARD
            for way in station.ways:
                way.put = sum(1 << arc.shift for arc in way.arcs)
        self._look_upstream()
        places = [1 << arc.shift for arc in self.firsts]
        # Each start event is a separate beginning; in a scope without any, all elements start together.
        alone = any(arc.target.node.kind == "startEvent" for arc in self.firsts)
        self.begins = places if alone else [sum(places)]

    @property
    def bits(self) -> int:
        """Returns the size of a marking in bits."""
        return BITS * max(len(self.owners), 1)

    def _look_upstream(self) -> None:
        places: Counter[Node] = Counter()
        for station in self.stations:
            places[station.node] += station.place if station.stop is None else 0
        for station in self.stations:
            for arc in station.arcs if station.join == "some" else []:
                before = upstream([arc.flow.source] if arc.flow and arc.flow.source else [], station.node)
                arc.upstream = sum(places[node] for node in before)


def upstream(nodes: Sequence[Node], apart: Node | None = None) -> set[Node]:
    """Returns these nodes and all from which a path leads to one of them without visiting `apart`."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found and node is not apart:
            found.add(node)
            waiting += [flow.source for flow in node.incoming if flow.source]
            waiting += [node.host] if node.host else []
    return found


def _in_order(roots: Sequence[Station]) -> list[Station]:
    """Returns all stations; those of one branch are adjacent, and precede what branches lead to.

    (The reverse postorder of a depth-first search; loops lead back.)
    """
    found: list[Station] = []
    seen: set[Station] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(root.targets()))]
        while path:
            station, targets = path[-1]
            target = next((target for target in targets if target not in seen), None)
            if target is None:
                found.append(station)
                path.pop()
            else:
                seen.add(target)
                path.append((target, iter(target.targets())))
    return found[::-1]
