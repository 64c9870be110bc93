"""The statutory term of a case: literal, or an expression over its data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn.notation.clock import MAX_YEARS, is_length, is_literal
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.sandbox import ScriptFailed


class NoTerm(Exception):
    """Raised if the expression for the term fails, or its value is no term; the message states the reason."""


def statutory_term(spec: Spec, data: Mapping[str, Any], now: datetime) -> str:
    """Returns the term of a case with these data. Raises NoTerm."""
    text = spec.clock.statutory or ""
    if is_literal(text):
        return text.strip()
    try:
        value = Sandbox(now).evaluate(text, data)
    except ScriptFailed as error:
        raise NoTerm(f"The expression for the statutory term failed: {error}") from error
    if not isinstance(value, str) or not is_length(value):
        wanted = f"a text such as P20D or P5WD, of more than zero and at most {MAX_YEARS} years"
        raise NoTerm(f"The value of the expression is no statutory term, {wanted}: {str(value)[:60]!r}.")
    return value.strip()


def concerns_safety(spec: Spec, data: Mapping[str, Any], now: datetime) -> bool:
    """Whether a case with these data concerns public safety; also if that can't be determined."""
    text = spec.clock.safety
    if text in (None, "true"):
        return text is not None
    try:
        return bool(Sandbox(now).evaluate(text, data))
    except ScriptFailed:
        return True
