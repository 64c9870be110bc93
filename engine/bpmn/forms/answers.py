"""Normalises answers before they are stored: numbers and dates in one format. Rejects nothing."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn.forms.parts import parts, types
from engine.platform.formats import FORMATS
from engine.platform.persian import digits

_NUMBER = re.compile(r"[+-]?(\d+)(?:\.(\d+))?", re.ASCII)
_EXACT = 15  # digits that a float preserves
_WHOLE = 18  # digits that fit in 64 bits
# No keyboard types them, and no page shows them; tabs and line ends are allowed.
_CONTROLS = dict.fromkeys(set(range(32)) - {9, 10, 13} | set(range(127, 160)))


def normalised(schema: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the answer with numbers and the product's formats normalised, as the schema requires.

    A value that can't be parsed stays unchanged; it then doesn't fit the schema.
    """
    found: dict[str, Any] = _value(dict(data), [schema], schema)
    return found


def _value(value: Any, told: Iterable[Any], root: Mapping[str, Any]) -> Any:
    found = [part for one in told for part in parts(one, root)]
    if isinstance(value, str):
        return _text(value, found)
    if isinstance(value, dict):
        known: dict[str, list[Any]] = {}
        for part in found:
            for name, inside in (part.get("properties") or {}).items():
                known.setdefault(name, []).append(inside)
        return {name: _value(inside, known.get(name, ()), root) for name, inside in value.items()}
    if isinstance(value, list):
        inside = [part["items"] for part in found if "items" in part]
        return [_value(item, inside, root) for item in value]
    return value


def _text(value: str, found: list[Mapping[str, Any]]) -> Any:
    asked = {kind for part in found for kind in types(part)}
    if asked & {"integer", "number"} and "string" not in asked:
        return _number(value)
    formats = {part["format"] for part in found if part.get("format") in FORMATS}
    if len(formats) == 1:
        read = FORMATS[formats.pop()](value)
        return value if read is None else read
    return value.translate(_CONTROLS)


def _number(text: str) -> Any:
    """Parses a number from a text, if all its digits can be preserved."""
    typed = digits(text).replace("\u066b", ".").strip()
    found = _NUMBER.fullmatch(typed)
    if found is None:
        return text
    whole, decimals = found.groups()
    if decimals is None:
        return int(typed) if len(whole.lstrip("0")) <= _WHOLE else text
    return float(typed) if len(whole.lstrip("0") + decimals) <= _EXACT else text
