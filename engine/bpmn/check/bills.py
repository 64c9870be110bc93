"""Checks bills: declarations are complete, and the process waits for the payment in one way."""

import ast
from collections.abc import Sequence
from typing import Any

from engine.bpmn.model import python
from engine.bpmn.model.diagram import Diagram, Node, definitions
from engine.bpmn.model.notes import Notes, Rules
from engine.bpmn.notation.bills import BILL, PAID, PARTS
from engine.bpmn.notation.money import CURRENCIES, is_code
from engine.bpmn.notation.vocabulary import PARVANDEH

_NEEDED = ("billAmount", "billCurrency")
_DECLARED = "bill-declaration"
_AWAITED = "bill-payment"


def check_bills(diagram: Diagram, notes: Notes) -> None:
    """Checks the bills that a process issues, and the events that wait for their payment."""
    rules = _Rules(diagram.file, notes)
    nodes = list(diagram.nodes())
    issuing = [node for node in nodes if node.kind == "serviceTask" and _has(node, (BILL, *PARTS))]
    awaiting = [node for node in nodes if _has(node, PAID)]
    for node in issuing:
        rules.declaration(node.element)
    for node in awaiting:
        rules.awaits(node.element)
    if issuing or awaiting:
        rules.together(issuing, awaiting, diagram)


def _has(node: Node, names: Sequence[str]) -> bool:
    return any(_attribute(node.element, name) is not None for name in names)


def _attribute(element: Any, name: str) -> str | None:
    said: str | None = element.get(f"{{{PARVANDEH}}}{name}")
    return said


class _Rules(Rules):
    def declaration(self, element: Any) -> None:
        """Checks the attributes of a service task that issues a bill."""
        self.names(element, (BILL, *PARTS), (BILL, *_NEEDED), _DECLARED)
        currency = _attribute(element, "billCurrency") or ""
        if is_code(currency) and currency not in CURRENCIES:
            self.error(element, "bill-declaration.currency", currency=currency)
        keys = _keys(_attribute(element, "request"))
        for name in ("billAmount", "billPurpose"):
            part = _attribute(element, name)
            if part and keys is not None and part not in keys:
                self.error(
                    element, "bill-declaration.attribute-part", attribute=f"parvandeh:{name}", part=part[:80]
                )

    def awaits(self, element: Any) -> None:
        """Checks the attributes of an event or task that waits for a payment."""
        self.names(element, PAID, PAID, _AWAITED)
        keys = _keys(_attribute(element, "correlation"))
        if keys is not None and BILL not in keys:
            self.error(element, "bill-payment.key", key=BILL)
        if _attribute(element, "name") is not None:
            self.error(element, "bill-payment.computed", computed="parvandeh:name")

    def names(self, element: Any, known: Sequence[str], needed: Sequence[str], code: str) -> None:
        """Checks names of parts: required ones are present, and none is empty."""
        missing = [f"parvandeh:{name}" for name in needed if not _attribute(element, name)]
        if missing:
            self.error(element, code, missing=", ".join(missing))
        for name in known:
            said = _attribute(element, name)
            if said and said != said.strip():
                self.error(element, code, attribute=f"parvandeh:{name}")

    def together(self, issuing: Sequence[Node], awaiting: Sequence[Node], diagram: Diagram) -> None:
        """Checks that a process waits for the payment of its bills, by one message with the same parts."""
        if not awaiting:
            self.error(issuing[0].element, "bill-payment.not-awaited")
        elif not issuing:
            self.error(awaiting[0].element, "bill-payment.not-issued")
        ways = {(_message(node), *(_attribute(node.element, name) for name in PAID)) for node in awaiting}
        if len(ways) > 1:
            self.error(awaiting[1].element, "bill-payment.different")


def _message(node: Node) -> str | None:
    """Returns the id of the message that a node waits for."""
    definition = node.element if node.kind == "receiveTask" else next(iter(definitions(node.element)), None)
    reference = None if definition is None else definition.get("messageRef")
    return reference and str(reference).rpartition(":")[2]


def _keys(expression: str | None) -> set[str] | None:
    """Returns the names in a literal mapping; None if they are computed."""
    if expression is None:
        return set()
    try:
        body = python.expression(expression.strip())
    except SyntaxError:
        return None
    if not isinstance(body, ast.Dict) or not all(isinstance(key, ast.Constant) for key in body.keys):
        return None
    return {str(key.value) for key in body.keys if isinstance(key, ast.Constant)}
