"""In which lane an element stands: the innermost that lists it, else that of the sub-process around it."""

from collections.abc import Mapping
from typing import Any

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def listed(root: Any) -> dict[str, Any]:
    """The lanes of a document by the ids of what they list; an inner one stands behind that around it."""
    return {(item.text or "").strip(): item.getparent() for item in root.iter(f"{BPMN}flowNodeRef")}


def lane_of(node: Any, lanes: Mapping[str, Any]) -> Any:
    """The lane of a flow node, or None."""
    while node is not None and node.tag != f"{BPMN}process":
        if node.get("id") in lanes:
            return lanes[node.get("id")]
        node = node.getparent()
    return None
