"""Values of FEEL as JSON: numbers with all their digits, dates and times as FEEL writes them."""

import json
from decimal import Decimal
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel.notation import write, write_number

LONGEST = 4 << 20  # characters: values that share parts have an unlimited text,
PARTS = 500_000  # and the limit also applies to single values
_PLAIN = 40  # digits before and after the point up to which a number is written without an exponent


def read_json(text: str) -> Any:
    """Parses JSON with exact numbers. Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refused)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def write_json(value: Any) -> str:
    """Returns the text. Raises TooMuch."""
    writer = _Writer()
    try:
        writer.write(value)
    except RecursionError:
        raise TooMuch("The result is nested too deeply.") from None
    return "".join(writer.parts)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._left = LONGEST

    def _add(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0 or len(self.parts) >= PARTS:
            raise TooMuch("The result is too large to be written.")
        self.parts.append(text)

    def write(self, value: Any) -> None:
        if isinstance(value, dict):
            self._between("{}", [(f"{_text(name)}: ", item) for name, item in value.items()])
        elif isinstance(value, list | tuple):
            self._between("[]", [("", item) for item in value])
        else:
            self._add(_single(value))

    def _between(self, signs: str, items: list[tuple[str, Any]]) -> None:
        self._add(signs[0])
        for at, (name, item) in enumerate(items):
            self._add(f", {name}" if at else name)
            self.write(item)
        self._add(signs[1])


def _text(value: str) -> str:
    """Escapes lone surrogates, which can't be encoded."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or text.encode(errors="ignore").decode() == text else json.dumps(value)


def _single(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case None | bool() | int():
            return json.dumps(value)
        case Decimal():
            return write_number(value) if abs(value.adjusted()) < _PLAIN else str(value)
    return _text(write(value))
