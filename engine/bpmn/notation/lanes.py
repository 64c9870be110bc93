"""In which lane an element stands: the innermost that lists it, else that of the sub-process around it."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.notation.vocabulary import bpmn


def listed(root: Any) -> dict[str, Any]:
    """The lanes of a document by the ids of what they list; an inner one stands behind that around it."""
    return {(item.text or "").strip(): item.getparent() for item in root.iter(bpmn("flowNodeRef"))}


def lane_of(node: Any, lanes: Mapping[str, Any]) -> Any:
    """The lane of a flow node, or None."""
    while node is not None and node.tag != bpmn("process"):
        if node.get("id") in lanes:
            return lanes[node.get("id")]
        node = node.getparent()
    return None


def lanes_around(node: Any, lanes: Mapping[str, Any]) -> Iterator[Any]:
    """The lanes in which a flow node stands, from the innermost outwards."""
    seen = []
    lane = lane_of(node, lanes)
    while lane is not None and lane not in seen:
        seen.append(lane)
        yield lane
        outer = next(lane.iterancestors(bpmn("lane")), None)
        if outer is None:  # that of the sub-process in which its lane set stands
            scope = next(lane.iterancestors(bpmn("subProcess"), bpmn("transaction")), None)
            outer = None if scope is None else lane_of(scope, lanes)
        lane = outer
