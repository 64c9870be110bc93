"""Lays out a process without a diagram, using bpmn-auto-layout. Omits pools, lanes and data."""

from collections.abc import Iterator
from typing import Any

from bpmn_io import LayoutError, ParseError, layout_process
from lxml import etree

from engine.bpmn.draw.interchange import SCOPES, Box, Drawing, Edge, Shape, elements_of, read
from engine.bpmn.notation.vocabulary import BPMN, BPMNDI, FLOW_NODES, bpmn, local
from engine.platform import xml

LARGEST = 1_200  # nodes and flows: about a second
_DI = f"{{{BPMNDI}}}"
# bpmn-io raises these if it can't lay out a process, and fails with the others.
_FAILURES = (
    LayoutError, ParseError, AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError,
)  # fmt: skip


def lay_out(process: Any) -> Drawing:
    """Lays out the process from left to right; in simple rows if it is too large or not supported."""
    elements = elements_of(process.getroottree().getroot())
    bare = _bare(process)
    count = sum(1 for _ in bare.iter(*map(bpmn, FLOW_NODES | {"sequenceFlow"})))
    drawing = _automatic(bare) if 0 < count <= LARGEST else None
    if drawing is None:
        return Drawing(tuple(_rows(process)), tuple(_joined(process)), elements)
    shapes = (
        Shape(elements[shape.element.get("id")], shape.kind, shape.box, None, shape.expanded)
        for shape in drawing.shapes
    )
    edges = (Edge(elements[edge.element.get("id")], edge.kind, edge.points) for edge in drawing.edges)
    return Drawing(tuple(shapes), tuple(edges), elements)


def _automatic(bare: Any) -> Drawing | None:
    try:
        laid_out = layout_process(etree.tostring(bare, encoding="unicode"))
        root = xml.parse(laid_out.encode())
        return read(root, root.find(bpmn("process")))
    except _FAILURES:
        return None


def _bare(process: Any) -> Any:
    """Returns the process with its steps and flows only, its sub-processes marked as expanded."""
    root = etree.Element(bpmn("definitions"), nsmap={"bpmn": BPMN, "bpmndi": BPMNDI})
    root.set("targetNamespace", "https://parvandeh.org/picture")
    _copy(process, etree.SubElement(root, bpmn("process"), id=process.get("id")))
    diagram = etree.SubElement(root, f"{_DI}BPMNDiagram")
    plane = etree.SubElement(diagram, f"{_DI}BPMNPlane", bpmnElement=process.get("id"))
    for number, scope in enumerate(root.iter(*map(bpmn, SCOPES))):
        shape = {"bpmnElement": scope.get("id", ""), "isExpanded": "true"}
        # bpmn-io uses the ids of shapes: a shape without an id is ignored.
        etree.SubElement(plane, f"{_DI}BPMNShape", shape, id=f"__open_{number}")
    return root


def _copy(scope: Any, copy: Any) -> None:
    made: dict[str, Any] = {}
    ids = {child.get("id"): child for child in scope if local(child) in FLOW_NODES and child.get("id")}
    for name, node in ids.items():
        host = ids.get(node.get("attachedToRef"))
        if local(node) == "boundaryEvent" and (host is None or local(host) == "boundaryEvent"):
            continue
        made[name] = etree.SubElement(copy, node.tag, id=name)
        if host is not None and local(node) == "boundaryEvent":
            made[name].set("attachedToRef", node.get("attachedToRef"))
        if local(node) in SCOPES:
            _copy(node, made[name])
    for flow in scope.iterchildren(bpmn("sequenceFlow")):
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if flow.get("id") and source in made and target in made:
            etree.SubElement(copy, flow.tag, id=flow.get("id"), sourceRef=source, targetRef=target)
            etree.SubElement(made[source], bpmn("outgoing")).text = flow.get("id")
            etree.SubElement(made[target], bpmn("incoming")).text = flow.get("id")


def _rows(process: Any) -> Iterator[Shape]:
    """Yields the steps in rows of twenty, in document order; sub-processes are collapsed."""
    nodes = [child for child in process if local(child) in FLOW_NODES and child.get("id")]
    for index, node in enumerate(nodes):
        row, column = divmod(index, 20)
        kind = local(node)
        wide, high = (36, 36) if kind.endswith("Event") else (50, 50) if "Gateway" in kind else (100, 80)
        box = Box(column * 150 + (100 - wide) / 2, row * 160 + (80 - high) / 2, wide, high)
        yield Shape(node, kind, box, None, expanded=False)


def _joined(process: Any) -> Iterator[Edge]:
    places = {shape.element.get("id"): shape.box.middle for shape in _rows(process)}
    for flow in process.iterchildren(bpmn("sequenceFlow")):
        source, target = places.get(flow.get("sourceRef")), places.get(flow.get("targetRef"))
        if source is not None and target is not None and source != target:
            yield Edge(flow, "sequenceFlow", (source, target))
