"""bpmnlint's recommended rules, as implemented by bpmn-io, for files with a diagram."""

from collections.abc import Iterator, Sequence
from typing import Any

from bpmn_io import BpmnModdle, ParseError
from bpmn_io.lint.rules import RULES
from bpmn_io.lint.test_rule import test_rule as apply_rule

from engine.bpmn.lint.accepted import accepts
from engine.bpmn.lint.rules import DRAWING
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import local
from engine.platform.findings import Value

_LARGEST = 512 << 10  # bytes; the parser in plain Python takes a second for them
_MOST_SHAPES = 500  # the rules compare each with each
_MORE = 5  # elements that a finding lists after the first
_SHAPES = b"BPMNShape"
# A rule that fails on an element reports nothing about it, and doesn't stop the check.
_FAILURES = (ParseError, AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError)


def check_drawing(file: str, content: bytes, diagrams: Sequence[Diagram], notes: Notes) -> None:
    """Reports each rule once per file, at the first element that breaks it; lists the other elements."""
    if _SHAPES not in content or len(content) > _LARGEST:
        return
    elements = {
        element.get("id"): element
        for diagram in diagrams
        for element in diagram.element.iter()
        if element.get("id") and local(element)
    }
    for code, ids in _reports(content):
        found = [elements[name] for name in ids if name in elements]
        broken = [element for element in found if _meant(code, element) and not accepts(element, code)]
        if broken:
            more: dict[str, Value] = (
                {"count": len(broken) - 1, "elements": _ids(broken[1:])} if len(broken) > 1 else {}
            )
            notes.warn(place(file, broken[0]), f"{code}.more" if more else code, **more)


def _ids(elements: Sequence[Any]) -> tuple[str, ...]:
    more = ("…",) if len(elements) > _MORE else ()
    return (*(str(element.get("id")) for element in elements[:_MORE]), *more)


def _meant(code: str, element: Any) -> bool:
    """Whether a report is about the flow itself; both its ends are also reported."""
    return code != "no-duplicate-sequence-flows" or local(element) == "sequenceFlow"


def _reports(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """Yields the ids that each rule reports.

    The rules have state, so each file has its own. bpmn-io's linter, which would run them all, is not used:
    it prints the exceptions of rules.
    """
    few = content.count(_SHAPES) <= 2 * _MOST_SHAPES  # started and ended
    try:
        root: Any = BpmnModdle().from_xml(content.decode()).root_element
    except _FAILURES:
        return
    for code in DRAWING:
        if code == "no-overlapping-elements" and not few:
            continue
        try:
            found = apply_rule(root, RULES[code]())
        except _FAILURES:
            continue
        # A report may also be about the file.
        yield code, list(dict.fromkeys(str(item["id"]) for item in found if item.get("id")))
