"""Checks bills: declarations are complete, and the process waits for the payment in one way."""

import ast
from collections.abc import Sequence
from typing import Any

from engine.bpmn.check import python
from engine.bpmn.check.diagram import Diagram, Node, definitions
from engine.bpmn.check.notes import Notes, Rules
from engine.bpmn.notation.bills import BILL, PAID, PARTS
from engine.bpmn.notation.money import CURRENCIES, is_code
from engine.bpmn.notation.vocabulary import PARVANDEH
from engine.platform.findings import sentence

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
            self.error(
                element,
                _DECLARED,
                sentence(
                    f"parvandeh:billCurrency={currency!r} is not a currency of ISO 4217.", currency=currency
                ),
                'Write a code such as "IRR", or the name of the part of the reply that has the currency.',
            )
        keys = _keys(_attribute(element, "request"))
        for name in ("billAmount", "billPurpose"):
            part = _attribute(element, name)
            if part and keys is not None and part not in keys:
                self.error(
                    element,
                    _DECLARED,
                    sentence(
                        f"parvandeh:{name}={part[:80]!r} names no part of the request.",
                        attribute=f"parvandeh:{name}",
                        part=part[:80],
                    ),
                    f"Send it, as in parvandeh:request=\"{{'{part[:40]}': …}}\", or name a part that is sent:"
                    " the engine compares what was asked for with what was issued.",
                )

    def awaits(self, element: Any) -> None:
        """Checks the attributes of an event or task that waits for a payment."""
        self.names(element, PAID, PAID, _AWAITED)
        keys = _keys(_attribute(element, "correlation"))
        if keys is not None and BILL not in keys:
            self.error(
                element,
                _AWAITED,
                sentence(
                    f"What awaits a payment has no key {BILL!r}: nobody could know which bill is paid.",
                    key=BILL,
                ),
                f"Write the number of the bill: parvandeh:correlation=\"{{'{BILL}': …}}\".",
            )
        if _attribute(element, "name") is not None:
            self.error(
                element,
                _AWAITED,
                sentence(
                    "The name of the message that confirms a payment is computed.", computed="parvandeh:name"
                ),
                "Name the message as it stands, and remove parvandeh:name.",
            )

    def names(self, element: Any, known: Sequence[str], needed: Sequence[str], code: str) -> None:
        """Checks names of parts: required ones are present, and none is empty."""
        missing = [f"parvandeh:{name}" for name in needed if not _attribute(element, name)]
        if missing:
            self.error(
                element,
                code,
                sentence(f"{', '.join(missing)} is missing or empty.", missing=", ".join(missing)),
                "Write the name of the part that has it, or remove all that is said of a bill.",
            )
        for name in known:
            said = _attribute(element, name)
            if said and said != said.strip():
                self.error(
                    element,
                    code,
                    sentence(
                        f"parvandeh:{name}={said[:80]!r} has space around it.", attribute=f"parvandeh:{name}"
                    ),
                    "Write the name of a part of the request, reply or message as it stands.",
                )

    def together(self, issuing: Sequence[Node], awaiting: Sequence[Node], diagram: Diagram) -> None:
        """Checks that a process waits for the payment of its bills, by one message with the same parts."""
        if not awaiting:
            self.error(
                issuing[0].element,
                _AWAITED,
                "A bill is issued, and nothing in the process awaits its payment.",
                "Add a receive task or a message event with parvandeh:paidAmount and parvandeh:paidCurrency.",
            )
        elif not issuing:
            self.error(
                awaiting[0].element,
                _AWAITED,
                "The payment of a bill is awaited, and no service task of the process issues one.",
                "Declare the bill where it is issued, with parvandeh:bill; or remove parvandeh:paidAmount and"
                " parvandeh:paidCurrency.",
            )
        ways = {(_message(node), *(_attribute(node.element, name) for name in PAID)) for node in awaiting}
        if len(ways) > 1:
            self.error(
                awaiting[1].element,
                _AWAITED,
                "Payments are awaited by several messages, or other parts of the message are read here.",
                "Let all that await a payment in one process name the same message and the same parts.",
            )


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
