"""Finds cycles: in requirements of elements, or imports of files. Ignores calls."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node")


def cycle(targets: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """Returns a path from a node to itself, the first node also last; empty if there is none."""
    done: set[Node] = set()
    for start in targets:
        way: dict[Node, None] = {}
        waiting: list[tuple[Node, bool]] = [(start, False)]
        while waiting:
            node, left = waiting.pop()
            if left:
                del way[node]
                done.add(node)
                continue
            if node in way:
                passed = list(way)
                return [*passed[passed.index(node) :], node]
            if node in done:
                continue
            way[node] = None
            waiting.append((node, True))
            waiting += [(each, False) for each in targets.get(node, ())]
    return []
