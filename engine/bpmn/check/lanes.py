"""Checks lanes: each element is in at most one, which has a name; and each user task has a role."""

from typing import Any

from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH, bpmn
from engine.platform.findings import Value

_ASSIGNED = tuple(
    f"{{{PARVANDEH}}}{name}" for name in ("assignee", "candidateUsers", "candidateGroups", "role", "unit")
)


def check_lanes(diagram: Diagram, notes: Notes) -> None:
    """Checks the lanes of a process and those of its sub-processes."""
    nodes = {node.element.get("id"): node for node in diagram.nodes()}
    lane_of: dict[str, Any] = {}
    for reference in diagram.element.iter(bpmn("flowNodeRef")):
        name, lane = (reference.text or "").strip(), reference.getparent()
        if name not in nodes:
            notes.warn(place(diagram.file, lane), "lane-without-element", name=name[:80])
            continue
        # The last one in the document is used: it must be the innermost.
        if name in lane_of and lane_of[name] not in lane.iterancestors():
            notes.error(
                place(diagram.file, nodes[name].element),
                "two-lanes",
                lane=lane_of[name].get("name") or "",
                other=lane.get("name") or "",
            )
        lane_of[name] = lane
    for lane in {id(lane): lane for lane in lane_of.values()}.values():
        if not lane.get("name"):
            notes.warn(
                place(diagram.file, lane),
                "lane-without-name",
            )


def check_roles(diagram: Diagram, notes: Notes) -> None:
    """Reports tasks without candidate roles, once per process.

    A named lane or pool gives its tasks a role.
    """
    nobody = [
        node.element
        for node in diagram.nodes()
        if node.kind in HUMAN and not any(node.element.get(name) is not None for name in _ASSIGNED)
    ]
    if nobody:
        ids = tuple(str(element.get("id")) for element in nobody[1:6])
        more: dict[str, Value] = {"count": len(nobody) - 1, "elements": ids} if len(nobody) > 1 else {}
        notes.warn(
            place(diagram.file, nobody[0]),
            "no-role.more" if len(nobody) > 1 else "no-role",
            **more,
        )
