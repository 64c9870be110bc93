"""Adds a diagram to a file without one, as in its picture: other tools only show what is drawn."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from engine.bpmn.draw.interchange import DC, DI, SCOPES, Box, Drawing, read
from engine.bpmn.draw.layout import lay_out
from engine.bpmn.notation.source import Unreadable, read_xml
from engine.bpmn.notation.vocabulary import BPMNDI, bpmn
from engine.bpmn.translate.ids import translate_ids
from engine.bpmn.translate.translations import Told

_DI = f"{{{BPMNDI}}}"
_NAMESPACES = {"bpmndi": BPMNDI, "dc": DC[1:-1], "di": DI[1:-1]}


@lru_cache(32)  # it takes most of a second for a hundred steps, and is requested at each view
def placed(file: str, content: bytes, first: str | None = None) -> bytes:
    """Returns the file with each process laid out, if none of them has a place; otherwise unchanged.

    Tools open the diagram of the process that is `first`. Steps and flows without an id get one, because
    shapes and edges must refer to them.
    """
    root = _unplaced(file, content)
    if root is None:
        return content
    for diagram in root.findall(f"{_DI}BPMNDiagram"):
        root.remove(diagram)  # it has no shape
    translate_ids(root, Told())
    _name_flows(root)
    processes = [process for process in root.iterchildren(bpmn("process")) if process.get("id")]
    for number, process in enumerate(sorted(processes, key=lambda process: process.get("id") != first)):
        root.append(_diagram(process.get("id"), lay_out(process), number))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def without_places(file: str, content: bytes) -> bool:
    """Whether a file has elements, none of which has a place."""
    root = _unplaced(file, content)
    return root is not None and any(
        element.get("id") for process in root.iterchildren(bpmn("process")) for element in process
    )


def _unplaced(file: str, content: bytes) -> Any:
    """Returns its root; None for a file that has places, contains no process, or can't be read."""
    try:
        root = read_xml(file, content).getroot()
    except Unreadable:
        return None
    processes = [process for process in root.iterchildren(bpmn("process")) if process.get("id")]
    if not processes or any(read(root, process) for process in processes):
        return None
    return root


def _name_flows(root: Any) -> None:
    taken = {element.get("id") for element in root.iter(bpmn("*"))}
    for number, flow in enumerate(root.iter(bpmn("sequenceFlow"))):
        if flow.get("id") is None:
            flow.set("id", _free(f"Flow_{number}", taken))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _diagram(key: str, drawing: Drawing, number: int) -> Any:
    taken = set(drawing.elements)
    diagram = etree.Element(f"{_DI}BPMNDiagram", id=_free(f"Drawing_{number}", taken), nsmap=_NAMESPACES)
    plane = etree.SubElement(diagram, f"{_DI}BPMNPlane", id=_free(f"Plane_{number}", taken), bpmnElement=key)
    for part in _parts(drawing):
        part.set("id", _free(f"{part.get('bpmnElement')}_di", taken))
        plane.append(part)
    return diagram


def _parts(drawing: Drawing) -> Iterator[Any]:
    for shape in drawing.shapes:
        part = etree.Element(f"{_DI}BPMNShape", bpmnElement=shape.element.get("id"))
        if shape.kind in SCOPES:
            part.set("isExpanded", str(bool(shape.expanded)).lower())
        etree.SubElement(part, f"{DC}Bounds", _bounds(shape.box))
        yield part
    for edge in drawing.edges:
        part = etree.Element(f"{_DI}BPMNEdge", bpmnElement=edge.element.get("id"))
        for x, y in edge.points:
            etree.SubElement(part, f"{DI}waypoint", x=f"{x:g}", y=f"{y:g}")
        yield part


def _bounds(box: Box) -> dict[str, str]:
    return {name: f"{getattr(box, name):g}" for name in ("x", "y", "width", "height")}
