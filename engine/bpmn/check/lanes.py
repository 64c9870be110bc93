"""Checks lanes: each element is in at most one, which has a name; and each user task has a role."""

from typing import Any

from engine.bpmn.check.diagram import Diagram
from engine.bpmn.check.notes import Notes, place
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH, bpmn
from engine.platform.findings import with_values

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
            notes.warn(
                place(diagram.file, lane),
                "lane-without-element",
                with_values(name=name[:80]),
            )
            continue
        # The last one in the document is used: it must be the innermost.
        if name in lane_of and lane_of[name] not in lane.iterancestors():
            notes.error(
                place(diagram.file, nodes[name].element),
                "two-lanes",
                with_values(lane=lane_of[name].get("name") or "", other=lane.get("name") or ""),
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
        more = ", ".join(repr(element.get("id")) for element in nobody[1:6]) + (
            " …" if len(nobody) > 6 else ""
        )
        notes.warn(
            place(diagram.file, nobody[0]),
            "no-role",
            "The task is for nobody in particular: anyone who may work on tasks gets it."
            + (f" So are {len(nobody) - 1} more: {more}." if more else ""),
            "Draw it in a lane that is named after the role, or choose a role for the task.",
        )
