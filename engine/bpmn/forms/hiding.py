"""Which fields of a form are hidden by another answer."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn.forms.fields import Field
from engine.platform import persian

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def hidden(field: Field | None, answers: Mapping[str, Any]) -> bool:
    """Return whether a field is hidden by another answer."""
    if field is None or field.hide_when is None:
        return False
    told = field.hide_when
    given = answers.get(plain(told["field"].rpartition("/")[2]))
    if told["is"] in ("=", "!="):
        return (_same(given, told["value"])) is (told["is"] == "=")
    try:
        return _ORDER[told["is"]](float(persian.digits(str(given))), told["value"])
    except (ValueError, TypeError):
        return False


def _same(given: Any, value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return given is value
    return given is not None and persian.digits(str(given)) == str(value)


def plain(token: str) -> str:
    """Return the name in a token of a JSON Pointer."""
    return token.replace("~1", "/").replace("~0", "~")
