"""Which elements of a scope may run at the same time, as drawn. Checks nothing.

Sets of nodes are numbers with a bit for each node.
"""

from collections.abc import Iterator, Sequence

from engine.bpmn.model.diagram import Node, Scope, by_event
from engine.bpmn.model.loops import Successors, components, targets
from engine.platform.budget import spend

_ONE_PATH = frozenset({"exclusiveGateway", "eventBasedGateway", "complexGateway"})


class Concurrency:
    """The nodes of one scope that may run at the same time."""

    def __init__(self, scope: Scope) -> None:
        self._nodes = scope.nodes
        self._bits = {node: 1 << index for index, node in enumerate(scope.nodes)}
        self._after = self._reachable(targets)
        self._unjoined = self._reachable(_past_no_join)
        self._repeated = 0  # nodes that several tokens may pass independently, one after the other
        self._apart = dict.fromkeys(scope.nodes, 0)  # those on another branch, before a join
        self._beside = self._forked()

    def may_precede(self, node: Node) -> list[Node]:
        """Returns the nodes that may run at the same time and may be done when this one begins."""
        found = self._beside[node] & ~self._only_later(node)
        if self._bits[node] & self._repeated:
            found |= self._beside[node] & self._repeated
        return [other for other in self._nodes if found & self._bits[other]]

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yields the pairs of nodes on different branches of a fork, before anything joins these."""
        spend(len(self._nodes) ** 2 // 8)
        for index, node in enumerate(self._nodes):
            for other in self._nodes[index + 1 :]:
                if self._apart[node] & self._bits[other]:
                    yield node, other

    def _only_later(self, node: Node) -> int:
        found = 0
        for other in self._nodes:
            if self._after[node] & self._bits[other] and not self._after[other] & self._bits[node]:
                found |= self._bits[other]
        return found

    def _reachable(self, successors: Successors) -> dict[Node, int]:
        """Returns the nodes that a token reaches after each node."""
        found: dict[Node, int] = {}
        for part in components(self._nodes, successors):  # each before those that lead to it
            within = sum(self._bits[node] for node in part)
            loop = len(part) > 1 or part[0] in successors(part[0])
            mask = within if loop else 0
            for node in part:
                for target in successors(node):
                    mask |= self._bits[target] | found.get(target, 0)
            for node in part:
                found[node] = mask
        return found

    def _forked(self) -> dict[Node, int]:
        """Returns the nodes on another branch behind a common fork of each node."""
        found = dict.fromkeys(self._nodes, 0)
        for firsts in self._forks():
            spend(len(firsts) * len(self._nodes))
            self._note_repeated(firsts)
            self._note(found, [self._bits[first] | self._after[first] for first in firsts])
            alone = [self._bits[first] | self._unjoined[first] for first in firsts]
            shared = _twice(alone)
            self._note(self._apart, [branch & ~shared for branch in alone])
        return found

    def _note(self, found: dict[Node, int], branches: Sequence[int]) -> None:
        for index, branch in enumerate(branches):
            others = 0
            for number, other in enumerate(branches):
                others |= other if number != index else 0
            for node in self._nodes:
                if branch & self._bits[node]:
                    found[node] |= others

    def _note_repeated(self, firsts: Sequence[Node]) -> None:
        """Notes the nodes at which branches meet without a join, and those after them."""
        twice = _twice([self._bits[first] | self._unjoined[first] for first in firsts])
        for node in self._nodes:
            if twice & self._bits[node]:
                self._repeated |= self._bits[node] | self._after[node]

    def _forks(self) -> Iterator[Sequence[Node]]:
        """Yields the first nodes of branches that may run at the same time."""
        for node in self._nodes:
            ways = [flow.target for flow in node.outgoing if flow.target]
            if len(ways) > 1 and node.kind not in _ONE_PATH:
                yield ways
            yield from ((event, node) for event in node.boundaries if not event.interrupting)
        alone = [node for node in self._nodes if not node.incoming and node.host is None]
        if not any(node.kind == "startEvent" for node in self._nodes):
            yield [node for node in alone if not by_event(node.element)]
        for node in alone:
            if by_event(node.element) and not _interrupts(node):
                yield from ((node, other) for other in alone if other is not node)


def _twice(branches: Sequence[int]) -> int:
    """Returns the nodes on more than one branch."""
    seen = twice = 0
    for branch in branches:
        twice |= seen & branch
        seen |= branch
    return twice


def _past_no_join(node: Node) -> list[Node]:
    """Returns the nodes that a token reaches from here, but not from a gateway that joins branches."""
    joins = node.kind in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1
    return [] if joins else targets(node)


def _interrupts(handler: Node) -> bool:
    """Whether an event sub-process ends the other work of its scope."""
    starts = handler.element.findall("{*}startEvent")
    return all(start.get("isInterrupting", "true") != "false" for start in starts)
