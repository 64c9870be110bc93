"""Checks ids: SpiffWorkflow finds elements by id; a missing or repeated id would silently lose one."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import BPMNDI, FLOW_NODES, RUNNING, local

MAX_ID = 200
_NEEDED = RUNNING | {
    "process", "dataObject", "dataObjectReference", "message", "signal", "error", "escalation",
}  # fmt: skip
_ITEMS = frozenset({"inputDataItem", "outputDataItem"})  # ids are names of variables: loops may share one
_GRAPH = FLOW_NODES | {"sequenceFlow", "dataObject", "dataObjectReference"}
_ID = re.compile(r"[^\W\d][\w.\-]*")
_KEY = re.compile(r"[A-Za-z_][\w.\-]{0,99}", re.ASCII)


def check_ids(file: str, root: Any, notes: Notes) -> None:
    """Checks the ids in one file, including processes that don't run: the whole file is parsed."""
    first: dict[str, Any] = {}
    variables = []
    for element in _below(root):
        name, kind = element.get("id"), local(element)
        if name is None:
            if kind in _NEEDED:
                _missing(file, element, kind, notes)
        elif kind in _ITEMS:
            variables.append(element)
        elif name in first:
            _twice(file, element, first[name], notes)
        else:
            first[name] = element
            _well_formed(file, element, notes)
    for element in variables:
        other = first.get(element.get("id"))
        if other is not None and local(other) in _GRAPH:
            _twice(file, element, other, notes)


def _below(root: Any) -> Iterator[Any]:
    """Yields the BPMN elements in document order, without the diagram interchange and extensions."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if not element.tag.startswith(f"{{{BPMNDI}}}"):
            if local(element):
                yield element
            waiting.extend(element.iterchildren(etree.Element, reversed=True))


def _missing(file: str, element: Any, kind: str, notes: Notes) -> None:
    notes.error(place(file, element), "missing-id", kind=kind)


def _twice(file: str, element: Any, other: Any, notes: Notes) -> None:
    notes.error(
        place(file, element),
        "duplicate-id.line",
        id=str(element.get("id"))[:120],
        other=etree.QName(other).localname,
        line=other.sourceline or 0,
    )


def _well_formed(file: str, element: Any, notes: Notes) -> None:
    name, kind = element.get("id"), local(element)
    if kind == "process":
        if not _KEY.fullmatch(name):
            notes.error(place(file, element), "invalid-key", id=name[:120])
    elif kind in _NEEDED and (len(name) > MAX_ID or not _ID.fullmatch(name)):
        notes.error(place(file, element), "invalid-id", id=name[:120], limit=MAX_ID)


def check_ids_together(diagrams: Sequence[Diagram], notes: Notes) -> None:
    """Checks that no two files have the same process: calls and cases name processes by id."""
    seen: dict[str, Diagram] = {}
    for diagram in diagrams:
        other = seen.setdefault(diagram.key, diagram) if diagram.key else diagram
        if other.file != diagram.file:
            _in_two_files(diagram.file, diagram.scopes[0].element, other.file, notes)


def _in_two_files(file: str, element: Any, other: str, notes: Notes) -> None:
    notes.error(
        place(file, element),
        "duplicate-id.file",
        id=str(element.get("id"))[:120],
        file=other,
    )
