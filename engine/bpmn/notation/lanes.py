"""Finds the lane of an element: the innermost that lists it, else that of the enclosing sub-process."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.notation.vocabulary import bpmn


def listed(root: Any) -> dict[str, Any]:
    """Returns the lanes of a document by the ids that they list; inner lanes override outer ones."""
    return {(item.text or "").strip(): item.getparent() for item in root.iter(bpmn("flowNodeRef"))}


def lane_of(node: Any, lanes: Mapping[str, Any]) -> Any:
    """Returns the lane of a flow node, or None."""
    while node is not None and node.tag != bpmn("process"):
        if node.get("id") in lanes:
            return lanes[node.get("id")]
        node = node.getparent()
    return None


def lanes_around(node: Any, lanes: Mapping[str, Any]) -> Iterator[Any]:
    """Yields the lanes that contain a flow node, innermost first."""
    seen = []
    lane = lane_of(node, lanes)
    while lane is not None and lane not in seen:
        seen.append(lane)
        yield lane
        outer = next(lane.iterancestors(bpmn("lane")), None)
        if outer is None:  # that of the sub-process that contains its lane set
            scope = next(lane.iterancestors(bpmn("subProcess"), bpmn("transaction")), None)
            outer = None if scope is None else lane_of(scope, lanes)
        lane = outer
