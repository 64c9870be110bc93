"""Checks a file against the allow-list and rejects any other element or attribute. Ignores flows."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from lxml import etree

from engine.bpmn.check.allow_list import ATTRIBUTES, CHILDREN, UNUSED_DEFINITIONS, Values
from engine.bpmn.check.extensions import Extensions
from engine.bpmn.check.refusals import REFUSED, REFUSED_ATTRIBUTES
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import BPMN, BPMNDI, NAMED_BY_EVENTS, SUBPROCESSES, local

MAX_ATTRIBUTES = 200
_CORRELATION = frozenset({"correlationProperty"})  # rejected where it is used to throw or wait for messages
_DIAGRAM = f"{{{BPMNDI}}}BPMNDiagram"


def check_elements(file: str, root: Any, passed_over: Collection[Any], notes: Notes) -> None:
    """Checks everything in a file except the processes in `passed_over`."""
    _Walk(file, notes).all(root, passed_over)


class _Walk:
    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes
        self.extensions = Extensions(file, notes)
        self.referenced: Collection[str] = ()

    def all(self, root: Any, passed_over: Collection[Any]) -> None:
        self.referenced = _referenced(root)
        self.attributes(root)
        open_elements = [root]
        while open_elements:
            parent = open_elements.pop()
            for child in parent.iterchildren(etree.Element):
                if child not in passed_over and self.may_stand(parent, child):
                    self.attributes(child)
                    open_elements.append(child)

    def may_stand(self, parent: Any, child: Any) -> bool:
        """Whether the content of `child` is to be checked. A rejected element is reported once."""
        name, around = local(child), local(parent)
        if not name:
            self.foreign(parent, child)
            return False
        unused = around == "definitions" and not self.used(child, name)
        if name not in CHILDREN[around] and not (unused and name in _CORRELATION):
            self.refuse(child, name, around)
            return False
        if name == "import" and child.get("importType", BPMN) == BPMN:  # processes, which could be called
            self.refuse(child, name, around)
            return False
        if name in UNUSED_DEFINITIONS | _CORRELATION and unused:
            self.notes.warn(place(self.file, child), "unused-definition", tag=name)
            return False
        return True

    def used(self, definition: Any, name: str) -> bool:
        """Whether anything that may run refers to a definition, or to what it defines."""
        if name in _CORRELATION:
            about = {item.get("messageRef", "").rpartition(":")[2] for item in definition.iterchildren()}
            return not about.isdisjoint(self.referenced)
        return name in NAMED_BY_EVENTS and definition.get("id") in self.referenced

    def foreign(self, parent: Any, child: Any) -> None:
        if child.tag == _DIAGRAM:
            self.extensions.element(parent, child)
            return
        owner = parent.getparent() if local(parent) == "extensionElements" else parent
        self.extensions.element(owner, child)

    def refuse(self, child: Any, name: str, around: str) -> None:
        variant, told = REFUSED.get(name, "tag"), {"tag": name}
        if name in CHILDREN and name not in REFUSED:
            variant, told = "misplaced", {"tag": name, "around": around}
        where = place(self.file, child)
        if child.get("id") and around in SUBPROCESSES | {"process"}:
            where = replace(where, element=child.get("id"), name=child.get("name"))
        self.notes.error(where, f"unsupported-element.{variant}", **told)

    def attributes(self, element: Any) -> None:
        name = local(element)
        allowed = ATTRIBUTES.get(name, {})
        if len(element.attrib) > MAX_ATTRIBUTES:  # each look-up visits all of them
            self.notes.error(place(self.file, element), "too-many-attributes", tag=name, limit=MAX_ATTRIBUTES)
            return
        for attribute, value in element.attrib.items():
            if attribute.startswith("{"):
                self.extensions.attribute(element, attribute)
            elif attribute not in allowed or not _fits(value, allowed[attribute]):
                self.notes.error(
                    place(self.file, element),
                    f"unsupported-attribute.{REFUSED_ATTRIBUTES.get(attribute, 'attribute-kind-value')}",
                    attribute=attribute,
                    value=value[:80],
                    kind=name,
                )


def _referenced(root: Any) -> set[str]:
    """Returns the ids of referenced messages, signals and errors; ignores references by definitions."""
    return {
        name.rpartition(":")[2]
        for element in root.iter(etree.Element)
        if local(element) != "correlationPropertyRetrievalExpression"
        for kind in NAMED_BY_EVENTS
        if (name := element.get(f"{kind}Ref"))
    }


def _fits(value: str, values: Values) -> bool:
    return values is None or value in values
