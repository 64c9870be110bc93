"""What the diagram of a process says about its fee, before there is a case."""

import ast
from dataclasses import dataclass

from engine.bpmn.expressions.syntax import tree
from engine.bpmn.notation.money import NotMoney, amount, is_code
from engine.bpmn.notation.service_tasks import Service
from engine.bpmn.run.spec import Spec


@dataclass(frozen=True, slots=True)
class Fee:
    """The fee of a process that issues a bill. Amount and currency are None if they depend on the case."""

    amount: str | None
    currency: str | None


def fee(spec: Spec) -> Fee | None:
    """Returns the fee of a process, or of one that it calls; None if it issues no bill."""
    if not spec.billing:
        return None
    return _written(spec.billing[0]) if len(spec.billing) == 1 else Fee(None, None)


def _written(service: Service) -> Fee:
    terms, written = service.bill, _constants(service.request or "")
    if terms is None:
        return Fee(None, None)
    code = terms.currency if is_code(terms.currency) else written.get(terms.currency)
    try:
        value = str(amount(written.get(terms.amount)))
    except NotMoney:
        return Fee(None, None)
    return Fee(value, code) if isinstance(code, str) and is_code(code) else Fee(None, None)


def _constants(request: str) -> dict[object, object]:
    """Returns the parts of a request that are written as constants."""
    try:
        parsed = tree(request, "eval").body
    except SyntaxError:  # another language than Python
        return {}
    if not isinstance(parsed, ast.Dict):
        return {}
    pairs = zip(parsed.keys, parsed.values, strict=True)
    return {
        key.value: value.value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
    }
