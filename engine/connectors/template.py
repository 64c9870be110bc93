"""Texts with `{name}` in them: paths of HTTP calls, subjects and texts of letters."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.connectors.message import CallFailed

NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names(template: str) -> frozenset[str]:
    """Returns the fields that a template uses."""
    return frozenset(NAME.findall(template))


def fill(template: str, values: Mapping[str, Any], write: Callable[[str], str] = str) -> str:
    """Returns the text with its fields replaced, each formatted by `write`. Values are not interpreted again.

    Raises CallFailed if a field is missing, or is neither text nor a number.
    """
    return NAME.sub(lambda found: write(_text(values, found[1])), template)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    raise CallFailed("invalid-request", f"/{name} must be a text or a number", retriable=False)
