"""Which values a hidden figure can have for a reader who adds and subtracts everything published.

A breakdown of services, agencies and all is a network: each figure is the flow of an edge, and each published
sum says that as much flows into a node as out of it. A published figure has a fixed flow; a hidden one any
whole number from 0 on. Then the possible values of a hidden figure are all those between a smallest and a
greatest one, which a maximum flow finds exactly.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

Node = Hashable


@dataclass(slots=True)
class Edge:
    """A figure, from the sum in which it is to the sum that it is part of."""

    tail: Node
    head: Node
    value: int
    hidden: bool = False


@dataclass(slots=True)
class Network:
    """The figures of a breakdown."""

    edges: list[Edge] = field(default_factory=list)
    leaving: dict[Node, list[Edge]] = field(default_factory=dict)
    entering: dict[Node, list[Edge]] = field(default_factory=dict)

    def add(self, tail: Node, head: Node, value: int) -> Edge:
        """Adds a figure."""
        edge = Edge(tail, head, value)
        self.edges.append(edge)
        self.leaving.setdefault(tail, []).append(edge)
        self.entering.setdefault(head, []).append(edge)
        return edge

    def may_be_any_of(self, edge: Edge, most: int) -> bool:
        """Returns whether a hidden figure can have every value from 0 to `most`, as far as is known."""
        down = self._shift(edge, edge.tail, edge.head, edge.value)
        return down >= edge.value and (
            most <= edge.value
            or self._shift(edge, edge.head, edge.tail, most - edge.value) >= most - edge.value
        )

    def _shift(self, edge: Edge, source: Node, target: Node, wanted: int) -> int:
        """Returns how much, up to `wanted`, other hidden figures can carry from a node to another instead."""
        changed: dict[int, int] = {}
        moved = 0
        while moved < wanted:
            path = self._path(edge, source, target, changed)
            if path is None:
                break
            room = [one.value + changed.get(id(one), 0) for one, sign in path if sign < 0]
            amount = min([wanted - moved, *room])
            for one, sign in path:
                changed[id(one)] = changed.get(id(one), 0) + sign * amount
            moved += amount
        return moved

    def _path(
        self, edge: Edge, source: Node, target: Node, changed: dict[int, int]
    ) -> list[tuple[Edge, int]] | None:
        """Returns a shortest path on which hidden figures, without this one, can grow (1) or shrink (-1)."""
        came: dict[Node, tuple[Node, Edge, int]] = {}
        queue = deque([source])
        while queue and target not in came:
            node = queue.popleft()
            for one, sign, other in self._steps(node, changed):
                if one is not edge and other not in came and other != source:
                    came[other] = (node, one, sign)
                    queue.append(other)
        if target not in came:
            return None
        path = []
        node = target
        while node != source:
            node, one, sign = came[node]
            path.append((one, sign))
        return path

    def _steps(self, node: Node, changed: dict[int, int]) -> Iterator[tuple[Edge, int, Node]]:
        for one in self.leaving.get(node, ()):
            if one.hidden:
                yield one, 1, one.head
        for one in self.entering.get(node, ()):
            if one.hidden and one.value + changed.get(id(one), 0) > 0:
                yield one, -1, one.tail
