"""Paths to an element: whether a case can reach it without passing certain others."""

from collections.abc import Callable, Iterator

from engine.bpmn.model.diagram import Diagram, Node, Scope
from engine.bpmn.notation.vocabulary import SUBPROCESSES


def comes_without(end: Node, diagram: Diagram, passes: Callable[[Node], bool]) -> bool:
    """Whether a path from a start of the case to `end` passes no node for which `passes` is true.

    A sub-process is passed as a whole: it counts if it contains such a node.
    """
    scopes = {scope.element: scope for scope in diagram.scopes}
    homes = {node: scope for scope in diagram.scopes for node in scope.nodes}
    around = {node.element: node for node in diagram.nodes()}

    def met(node: Node) -> bool:
        return passes(node) or (node.kind in SUBPROCESSES and any(map(met, scopes[node.element].nodes)))

    seen: set[Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        before = list(_before(node))
        if not before and _begins(homes[node], around):
            return True
        if not before:  # of a sub-process: the nodes that lead into it
            inner = around[homes[node].element]
            before = list(_before(inner)) or [inner]
        waiting += [each for each in before if not met(each)]
    return False


def _begins(scope: Scope, around: dict[object, Node]) -> bool:
    """Whether a scope starts by itself: a process, or an event sub-process, at any time."""
    return scope.element not in around or scope.element.get("triggeredByEvent") == "true"


def _before(node: Node) -> Iterator[Node]:
    """Yields the nodes before a node; for a boundary event, those before its activity is complete."""
    if node.host is not None:
        yield from _before(node.host)
    for flow in node.incoming:
        if flow.source is not None:
            yield flow.source
