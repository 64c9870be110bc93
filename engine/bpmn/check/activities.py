"""Checks multi-instance markers and data objects of activities: complete and unambiguous."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn.expressions.scripts import language
from engine.bpmn.model.diagram import Diagram, Node, Scope, by_event
from engine.bpmn.model.notes import Notes, Rules
from engine.bpmn.notation.vocabulary import ACTIVITIES, PARVANDEH, bpmn

PLACEHOLDER = "__targetRef_placeholder"  # written by Camunda Modeler, because the standard requires a target


def check_activities(diagram: Diagram, notes: Notes) -> None:
    """Checks every activity of a process."""
    rules = _Rules(diagram.file, notes)
    references = {
        item.get("id"): item for scope in diagram.scopes for item in _inside(scope, "dataObjectReference")
    }
    homes = {
        item.get("id"): scope.element for scope in diagram.scopes for item in _inside(scope, "dataObject")
    }
    for reference in references.values():
        rules.reference(reference, homes)
    for scope in diagram.scopes:
        # SpiffWorkflow looks for a data object in its scope and the enclosing one; further out, it never
        # ends.
        near = (scope.element, scope.element.getparent())
        objects = {
            name: item.get("dataObjectRef")
            for name, item in references.items()
            if homes.get(item.get("dataObjectRef")) in near
        }
        for node in scope.nodes:
            if node.kind in ACTIVITIES:
                rules.multi_instance(node)
                rules.loop(node)
                rules.associations(node, objects)


def _inside(scope: Scope, name: str) -> list[Any]:
    return [item for item in scope.element.findall(bpmn(name)) if item.get("id")]


class _Rules(Rules):
    def multi_instance(self, node: Node) -> None:
        marker = node.element.find(bpmn("multiInstanceLoopCharacteristics"))
        if marker is None:
            return
        if by_event(node.element):
            self.error(marker, "multi-instance.event-sub-process")
        if len(node.element.findall(bpmn("multiInstanceLoopCharacteristics"))) > 1:
            self.error(marker, "multi-instance.several-markers")
        parts = {name: marker.findall(bpmn(name)) for name in _PARTS}
        for name, found in parts.items():
            if len(found) > 1:
                self.error(marker, "multi-instance", tag=name)
        count, collection = parts["loopCardinality"], parts["loopDataInputRef"]
        if bool(count) == bool(collection):
            self.error(marker, "multi-instance.count-or-list")
        self.variables(marker, parts)
        self.mapped(node, marker, parts)
        self.output(marker, parts)

    def loop(self, node: Node) -> None:
        marker = node.element.find(bpmn("standardLoopCharacteristics"))
        if marker is None:
            return
        if node.element.find(bpmn("multiInstanceLoopCharacteristics")) is not None:
            self.error(marker, "loop.two-markers")
        maximum = marker.get("loopMaximum")
        if maximum is not None and not (
            maximum.isascii() and maximum.isdecimal() and 0 < int(maximum[:9]) <= 1_000
        ):
            self.error(marker, "loop", value=maximum[:40])
        if maximum is None and marker.find(bpmn("loopCondition")) is None:
            self.error(marker, "loop.endless")

    def variables(self, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        for name in ("loopDataInputRef", "loopDataOutputRef"):
            for element in parts[name]:
                computed = language(element.text or "") != "python"
                if name != "loopDataInputRef" or not computed:  # a list may be computed
                    self.variable(marker, f"<{name}>", (element.text or "").strip())
        for name in ("inputDataItem", "outputDataItem"):
            for element in parts[name]:
                self.variable(marker, f"id (<{name}>)", element.get("id") or "")

    def variable(self, marker: Any, what: str, name: str) -> None:
        if not name.isidentifier():
            self.error(marker, "multi-instance.variable", part=what, variable=name[:80])

    def mapped(self, node: Node, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        outputs = node.element.get(f"{{{PARVANDEH}}}outputs") is not None
        if outputs and marker.get("isSequential") != "true" and not parts["loopDataOutputRef"]:
            self.error(node.element, "outputs-collide")

    def output(self, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        collected, item = parts["loopDataOutputRef"], parts["outputDataItem"]
        if bool(collected) != bool(item):
            self.error(marker, "multi-instance.half-collected")

    def reference(self, reference: Any, homes: Mapping[str, Any]) -> None:
        name = reference.get("dataObjectRef")
        if name not in homes:
            self.error(reference, "data-object-missing", name=name[:80])

    def associations(self, node: Node, objects: Mapping[str, str]) -> None:
        placeholders = self.placeholders(node)
        for element in node.element.findall(bpmn("dataInputAssociation")):
            self.data_object(element, _texts(element, "sourceRef"), objects)
            targets = _texts(element, "targetRef")
            if not placeholders.issuperset(targets):
                self.elsewhere(element, "targetRef", targets)
        for element in node.element.findall(bpmn("dataOutputAssociation")):
            self.data_object(element, _texts(element, "targetRef"), objects)
            sources = _texts(element, "sourceRef")
            if sources:
                self.elsewhere(element, "sourceRef", sources)

    def placeholders(self, node: Node) -> set[str]:
        found = set()
        for item in node.element.findall(bpmn("property")):
            if item.get("name") == PLACEHOLDER:
                found.add(item.get("id"))
            else:
                self.error(item, "unsupported-element", property=str(item.get("name") or item.get("id"))[:80])
        return found

    def elsewhere(self, element: Any, end: str, names: list[str]) -> None:
        if element.getparent().find(bpmn("ioSpecification")) is not None:
            return  # the whole reference is rejected
        self.error(element, "data-association.end", end=end, name=", ".join(names)[:100])

    def data_object(self, element: Any, names: list[str], objects: Mapping[str, str]) -> None:
        if len(names) != 1:
            self.error(element, "data-association.count", count=len(names))
        elif names[0] not in objects:
            self.error(element, "data-object-scope", name=names[0][:80])
        elif not objects[names[0]].isidentifier():
            self.error(element, "data-object-name", name=objects[names[0]][:80])


_PARTS = (
    "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem",
    "completionCondition",
)  # fmt: skip


def _texts(element: Any, name: str) -> list[str]:
    return [(part.text or "").strip() for part in element.findall(bpmn(name))]
