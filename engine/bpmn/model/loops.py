"""The nodes that follow a flow node, and the loops among them."""

from collections.abc import Callable, Sequence

from engine.bpmn.model.diagram import Node

Successors = Callable[[Node], Sequence[Node]]


def targets(node: Node) -> list[Node]:
    """Returns the nodes that a token can reach from here; boundary events follow their activity."""
    return [flow.target for flow in node.outgoing if flow.target] + node.boundaries


def components(nodes: Sequence[Node], successors: Successors) -> list[list[Node]]:
    """Returns the strongly connected components, each before those that lead to it.

    Tarjan's algorithm, with an explicit stack.
    """
    search = _Search(successors)
    for node in nodes:
        if node not in search.index:
            search.walk(node)
    return search.components


class _Search:
    def __init__(self, successors: Successors) -> None:
        self.successors = successors
        self.index: dict[Node, int] = {}
        self.low: dict[Node, int] = {}
        self.path: dict[Node, None] = {}  # open nodes in order of discovery
        self.components: list[list[Node]] = []

    def walk(self, root: Node) -> None:
        waiting = [(root, iter(self._enter(root)))]
        while waiting:
            node, targets = waiting[-1]
            for target in targets:
                if target not in self.index:
                    waiting.append((target, iter(self._enter(target))))
                    break
                if target in self.path:
                    self.low[node] = min(self.low[node], self.index[target])
            else:
                waiting.pop()
                if waiting:
                    parent = waiting[-1][0]
                    self.low[parent] = min(self.low[parent], self.low[node])
                self._close(node)

    def _enter(self, node: Node) -> Sequence[Node]:
        self.index[node] = self.low[node] = len(self.index)
        self.path[node] = None
        return self.successors(node)

    def _close(self, node: Node) -> None:
        if self.low[node] != self.index[node]:
            return
        part = []
        while node in self.path:
            part.append(self.path.popitem()[0])
        self.components.append(part)
