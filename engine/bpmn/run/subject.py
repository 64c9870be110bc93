"""The subject of a case, in one line: an expression of its process, for lists of tasks and cases.

It is only descriptive: if it fails or isn't a text, there is no subject, and the case continues.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions.scripts import language, names
from engine.bpmn.forms import secret_names
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.sandbox import ScriptFailed

MAX_SUBJECT = 200  # characters
_JOINING = "\u200c\u200d"  # of the invisible characters, those that belong to the spelling
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # among them those that change the direction of text


def subject(spec: Spec, data: Mapping[str, Any], now: datetime) -> str | None:
    """Returns the subject of a case with these data; None if its process defines none, or it isn't a text.

    The expression can't read values that a form hides from some roles: lists show the subject to all who may
    see the case.
    """
    expression = spec.rules.subject
    if expression is None:
        return None
    hidden = _hidden(spec)
    try:
        value = Sandbox(now).evaluate(
            expression, {name: value for name, value in data.items() if name not in hidden}
        )
    except ScriptFailed:
        return None
    return one_line(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def depends_on(spec: Spec, changed: Collection[str]) -> bool:
    """Whether the subject may change when these variables change."""
    expression = spec.rules.subject
    if expression is None or not changed:
        return False
    # The variables of a FEEL or JUEL text aren't known for certain; evaluating it again costs nothing.
    return language(expression) != "python" or not names(expression.strip(), "eval").reads.isdisjoint(changed)


@lru_cache(1024)
def shown_by(spec: Spec, element: str) -> bool:
    """Whether the form of a step shows everything that the subject reads, so that it reveals nothing more.

    The variables of a FEEL text aren't known for certain.
    """
    step, expression = spec.elements.get(element), spec.rules.subject
    if expression is None or step is None or step.form is None or language(expression) == "feel":
        return False
    # A form may show less of a group or list than the subject reads.
    told = step.form.schema.get("properties") or {}
    plain = {name for name, one in told.items() if one.get("type") not in ("object", "array")}
    shown = plain - _hidden(spec)
    return names(expression.strip(), "eval").reads <= shown


def one_line(value: Any) -> str | None:
    """Returns a value as a line of text, without invisible or direction characters; None if it is empty."""
    seen = "".join(_seen(char) for char in str(value)[: 10 * MAX_SUBJECT])
    found = re.sub(r"\s+", " ", seen).strip(f" {_JOINING}")
    if len(found) > MAX_SUBJECT:
        found = f"{found[: MAX_SUBJECT - 1].rstrip()}…"
    return found or None


def _seen(char: str) -> str:
    if char.isspace():
        return " "
    return "" if char not in _JOINING and unicodedata.category(char) in _UNSEEN else char


@lru_cache(256)
def _hidden(spec: Spec) -> frozenset[str]:
    """Returns the variables that a form of the process hides from some roles."""
    forms = [part.form for part in spec.elements.values() if part.form is not None]
    return frozenset(name for form in forms for name in secret_names(form.schema))
