"""Checks link events: each is caught once, and thrown in the same (sub-)process."""

from collections import Counter

from engine.bpmn.check.events import is_name
from engine.bpmn.model.diagram import Diagram, Node, link_name
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.values import MAX_NAME
from engine.platform.findings import Value

_PLACES = frozenset({"intermediateThrowEvent", "intermediateCatchEvent"})  # rejected elsewhere


def check_links(diagram: Diagram, notes: Notes) -> None:
    """Checks the links of all scopes of a process."""
    rules = _Rules(diagram.file, notes)
    for scope in diagram.scopes:
        events = [node for node in scope.nodes if node.kind in _PLACES and node.trigger == "link"]
        for node in events:
            rules.named(node)
            rules.alone(node)
        rules.pairs(events)


class _Rules:
    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, node: Node, code: str, /, **values: Value) -> None:
        self.notes.error(place(self.file, node.element), code, **values)

    def named(self, node: Node) -> None:
        name = link_name(node)
        if name is None or not is_name(name):
            self.error(node, "no-name", limit=MAX_NAME)

    def alone(self, node: Node) -> None:
        """Checks that a link event has no sequence flow in place of the link."""
        throws = _throws(node)
        flows = node.outgoing if throws else node.incoming
        if any(flow.element.tag == bpmn("sequenceFlow") for flow in flows):
            self.error(node, f"link-with-flow.{'throws' if throws else 'catches'}")

    def pairs(self, events: list[Node]) -> None:
        caught = Counter(link_name(node) for node in events if not _throws(node))
        thrown = {link_name(node) for node in events if _throws(node)}
        for node in events:
            name = link_name(node) or ""
            if _throws(node) and caught[name] != 1:
                self.error(node, "link-target", link=name[:80], count=caught[name])
            elif not _throws(node) and (caught[name] > 1 or name not in thrown):
                self.error(node, "link-target", link=name[:80])


def _throws(node: Node) -> bool:
    return node.kind == "intermediateThrowEvent"
