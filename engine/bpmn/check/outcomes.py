"""Checks the outcomes of a process: valid, and the only ones in its forms and end events."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn import forms
from engine.bpmn.model.diagram import Diagram, Node, Scope
from engine.bpmn.model.notes import Rules
from engine.bpmn.notation.outcomes import (
    ATTRIBUTES,
    DECISION,
    EFFECTS,
    MAX_DECLARED,
    OUTCOME,
    Outcome,
    Vocabulary,
    exactly,
    of_process,
    of_task,
    read,
    text_of,
    twice,
    variables,
)


class Outcomes(Rules):
    """Checks the outcomes of one process."""

    def process(self, diagram: Diagram, schemas: Mapping[str, Any]) -> None:
        """Checks its declarations, decisions, forms and end events."""
        for item in diagram.element.iter(OUTCOME):
            self.declaration(item)
        tasks = [node for node in diagram.nodes() if node.kind == "userTask"]
        for element in (diagram.element, *(node.element for node in tasks)):
            self.alike(element, read(element))
        known, held = of_process(diagram.element), variables(diagram.element)
        for scope in diagram.scopes:
            for node in scope.nodes:
                self.end(node, scope, known)
                self.form(node, schemas, self.fields(node, held, diagram.element))

    def declaration(self, item: Any) -> None:
        """Checks one declared outcome."""
        value, effect = item.get("value", ""), item.get("effect")
        short = value == value.strip() and 0 < len(value) <= MAX_DECLARED
        if not short or effect not in EFFECTS or set(item.attrib) - {*ATTRIBUTES, "id"} or len(item):
            self.error(
                item,
                "invalid-declaration",
                value=value[:80],
                limit=MAX_DECLARED,
                allowed=EFFECTS,
            )

    def alike(self, element: Any, declared: Sequence[Outcome]) -> None:
        """Reports two outcomes that people can't distinguish."""
        if (again := twice(declared)) is not None:
            self.error(element, "outcome-twice", value=again.value[:80])

    def fields(self, node: Node, held: Mapping[str, Vocabulary], process: Any) -> Mapping[str, Vocabulary]:
        """Returns the fields of a form that hold outcomes; a decision needs some to choose from."""
        field = node.element.get(DECISION) if node.kind == "userTask" else None
        if not field or not field.isidentifier():  # reported by other rules
            return held
        outcomes = of_task(node.element)
        if not outcomes and process.find(f".//{OUTCOME}") is None:
            self.error(node.element, "decision-without-outcomes")
        return {**held, field: outcomes} if outcomes else {}

    def form(self, node: Node, schemas: Mapping[str, Any], fields: Mapping[str, Vocabulary]) -> None:
        """Checks that no form offers an undeclared outcome."""
        if node.kind not in ("userTask", "startEvent") or not fields:
            return
        schema = forms.schema_of(node.element, schemas) or {}
        asked = schema.get("properties")
        for name in fields if isinstance(asked, Mapping) else ():
            if name in (asked or {}):
                self.choices(node.element, name, forms.choices(schema, name), fields[name])

    def choices(self, element: Any, name: str, values: Sequence[Any] | None, vocabulary: Vocabulary) -> None:
        """Checks the values of one field."""
        if values is None:
            self.error(
                element, "open-outcome", field=name[:80], allowed=tuple(one.value for one in vocabulary)
            )
        for value in values or ():
            if exactly(vocabulary, value) is None:
                self.undeclared(element, text_of(value) or "null", vocabulary)

    def end(self, node: Node, scope: Scope, known: Vocabulary) -> None:
        """Checks that an end event sets a declared outcome, if any are declared."""
        outcome = node.element.get(OUTCOME) if node.kind == "endEvent" and scope.of_case else None
        if known and outcome is not None and exactly(known, outcome) is None:
            self.undeclared(node.element, outcome, known)

    def undeclared(self, element: Any, word: str, vocabulary: Vocabulary) -> None:
        """Reports an undeclared outcome."""
        self.error(
            element,
            "undeclared-outcome",
            value=word[:80],
            allowed=tuple(one.value for one in vocabulary),
        )
