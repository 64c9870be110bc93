"""What is rewritten in a checked file before SpiffWorkflow parses it, so that it runs as drawn."""

from typing import Any

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
FLOW_NODES = frozenset(
    f"{{{BPMN}}}{name}"
    for name in (
        *("startEvent", "endEvent", "task", "userTask", "manualTask", "scriptTask", "callActivity"),
        *("subProcess", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"),
        *("intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("receiveTask", "sendTask", "serviceTask"),
    )
)

# SpiffWorkflow names its own elements so; one of the designer's with the same id would replace it.
RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", " [child]", ".BoundaryEventSplit")
OURS = " ours"  # no XML id contains a space: what carries this is renamed, or is not on the diagram at all


def tag(name: str) -> str:
    """The qualified name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def normalize(root: Any) -> None:
    """Rewrite a document in place."""
    for diagram in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        # Without positions, flows are taken in the document's order and not by where they happen to be drawn.
        root.remove(diagram)
    for process in root.findall(tag("process")):
        if process.get("isExecutable") == "false":
            root.remove(process)
    for number, flow in enumerate(root.iter(tag("sequenceFlow"))):
        # SpiffWorkflow would not see a flow without an id.
        flow.set("id", flow.get("id") or f"flow{OURS} {number}")
    _rename_reserved(root)
    for scope in [*root.iter(tag("process")), *root.iter(tag("subProcess"))]:
        _end_everywhere(scope)


def original(name: str) -> str:
    """The designer's id of an element that `normalize` renamed."""
    return name.removesuffix(OURS)


def _rename_reserved(root: Any) -> None:
    for element in root.iter(*FLOW_NODES):
        if element.get("id") in RESERVED or element.get("id").endswith(_RESERVED_ENDS):
            _rename(root, element.get("id"), element.get("id") + OURS)


def _rename(root: Any, old: str, new: str) -> None:
    for element in root.iter(etree.Element):
        for attribute in ("id", "sourceRef", "targetRef", "attachedToRef"):
            if element.get(attribute) == old:
                element.set(attribute, new)
        if element.tag == tag("flowNodeRef") and (element.text or "").strip() == old:
            element.text = new


def _end_everywhere(scope: Any) -> None:
    """Give every node without outgoing flow an end event: the branch ends there (BPMN 2.0.2 §10.5.3)."""
    sources = {flow.get("sourceRef") for flow in scope.findall(tag("sequenceFlow"))}
    for node in [child for child in scope if child.tag in FLOW_NODES and child.tag != tag("endEvent")]:
        if node.get("id") not in sources:
            end = f"{node.get('id')}{OURS} end"
            etree.SubElement(scope, tag("endEvent"), id=end)
            etree.SubElement(
                scope, tag("sequenceFlow"), id=f"{end} flow", sourceRef=node.get("id"), targetRef=end
            )
