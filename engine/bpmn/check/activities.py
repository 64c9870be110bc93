"""Checks multi-instance markers and data objects of activities: complete and unambiguous."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn.check.diagram import Diagram, Node, Scope, by_event
from engine.bpmn.check.notes import Notes, Rules, place
from engine.bpmn.expressions.scripts import language
from engine.bpmn.notation.vocabulary import ACTIVITIES, PARVANDEH, TASKS, bpmn
from engine.platform.findings import sentence, with_values

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
            self.error(
                marker,
                "multi-instance",
                "An event sub-process runs once each time its event happens.",
                "Put a sub-process or task with the marker into it.",
            )
        if len(node.element.findall(bpmn("multiInstanceLoopCharacteristics"))) > 1:
            self.error(marker, "multi-instance", "It has several markers.", "Keep one.")
        parts = {name: marker.findall(bpmn(name)) for name in _PARTS}
        for name, found in parts.items():
            if len(found) > 1:
                self.error(
                    marker,
                    "multi-instance",
                    sentence(f"<{name}> occurs {len(found)} times.", tag=name),
                    "Keep one.",
                )
        count, collection = parts["loopCardinality"], parts["loopDataInputRef"]
        if bool(count) == bool(collection):
            self.error(
                marker,
                "multi-instance",
                "It needs either a number of instances or a list, and not both.",
                "Give it <loopCardinality>3</loopCardinality> or <loopDataInputRef>list</loopDataInputRef>.",
            )
        self.variables(marker, parts)
        self.mapped(node, marker, parts)
        self.output(node, marker, parts)

    def loop(self, node: Node) -> None:
        marker = node.element.find(bpmn("standardLoopCharacteristics"))
        if marker is None:
            return
        if node.element.find(bpmn("multiInstanceLoopCharacteristics")) is not None:
            self.error(marker, "loop", "It has a loop marker and one for several instances.", "Keep one.")
        maximum = marker.get("loopMaximum")
        if maximum is not None and not (
            maximum.isascii() and maximum.isdecimal() and 0 < int(maximum[:9]) <= 1_000
        ):
            self.error(
                marker,
                "loop",
                with_values(value=maximum[:40]),
            )
        if maximum is None and marker.find(bpmn("loopCondition")) is None:
            self.error(
                marker,
                "loop",
                "The loop says neither how often it goes round, nor while what is true.",
                "Give it a <loopCondition>, or the attribute loopMaximum.",
            )

    def variables(self, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        for name in ("loopDataInputRef", "loopDataOutputRef"):
            for element in parts[name]:
                computed = language(element.text or "") != "python"
                if name != "loopDataInputRef" or not computed:  # a list may be computed
                    self.variable(marker, f"<{name}>", (element.text or "").strip())
        for name in ("inputDataItem", "outputDataItem"):
            for element in parts[name]:
                self.variable(marker, f"the id of <{name}>", element.get("id") or "")

    def variable(self, marker: Any, what: str, name: str) -> None:
        if not name.isidentifier():
            self.error(
                marker,
                "multi-instance",
                sentence(
                    f"{what[0].upper()}{what[1:]} is {name[:80]!r}, which names no variable.",
                    variable=name[:80],
                ),
                "Write the name of a variable, as in <loopDataInputRef>members</loopDataInputRef> and"
                ' <inputDataItem id="member"/>.',
            )

    def mapped(self, node: Node, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        outputs = node.element.get(f"{{{PARVANDEH}}}outputs") is not None
        if outputs and marker.get("isSequential") != "true" and not parts["loopDataOutputRef"]:
            self.error(
                node.element,
                "outputs-collide",
                "Its instances run side by side, and each would set the outputs anew: which was to count?",
                "Collect one of them with <loopDataOutputRef> and <outputDataItem>, or remove the outputs.",
            )

    def output(self, node: Node, marker: Any, parts: Mapping[str, list[Any]]) -> None:
        collected, item = parts["loopDataOutputRef"], parts["outputDataItem"]
        if bool(collected) != bool(item):
            self.error(
                marker,
                "multi-instance",
                "Results are collected only with both <loopDataOutputRef> and <outputDataItem>.",
                "Give both, as in <loopDataOutputRef>opinions</loopDataOutputRef> and"
                ' <outputDataItem id="opinion"/>.',
            )
        sets = node.kind in TASKS - {"sendTask"}
        if sets and not collected and not item and marker.get("isSequential") != "true":
            self.notes.warn(
                place(self.file, marker),
                "answers-collide",
                "Instances that set one variable to different values stop the case with an incident.",
                "Collect the results with <loopDataOutputRef> and <outputDataItem>.",
            )

    def reference(self, reference: Any, homes: Mapping[str, Any]) -> None:
        name = reference.get("dataObjectRef")
        if name not in homes:
            self.error(
                reference,
                "data-object-missing",
                with_values(name=name[:80]),
            )

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
                self.error(
                    item,
                    "unsupported-element",
                    with_values(property=str(item.get("name") or item.get("id"))[:80]),
                )
        return found

    def elsewhere(self, element: Any, end: str, names: list[str]) -> None:
        if element.getparent().find(bpmn("ioSpecification")) is not None:
            return  # the whole reference is rejected
        self.error(
            element,
            "data-association",
            sentence(f"The association's {end} {', '.join(names)[:100]!r} is not read.", end=end),
            f"Draw it between the activity and a data object only (remove <{end}>).",
        )

    def data_object(self, element: Any, names: list[str], objects: Mapping[str, str]) -> None:
        if len(names) != 1:
            self.error(
                element,
                "data-association",
                f"The association has {len(names) or 'no'} data objects.",
                "Draw one association for each data object.",
            )
        elif names[0] not in objects:
            self.error(
                element,
                "data-object-scope",
                with_values(name=names[0][:80]),
            )
        elif not objects[names[0]].isidentifier():
            self.error(
                element,
                "data-object-name",
                with_values(name=objects[names[0]][:80]),
            )


_PARTS = (
    "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem",
    "completionCondition",
)  # fmt: skip


def _texts(element: Any, name: str) -> list[str]:
    return [(part.text or "").strip() for part in element.findall(bpmn(name))]
