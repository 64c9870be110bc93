"""Tokens of an expression: the lexical rules of EL 2.2 as JUEL implements them."""

import re
from dataclasses import dataclass
from typing import Any

from engine.platform.messages.phrases import Phrase

OPENING = ("${", "#{")
_SPACE = re.compile(r"[ \t\n\r\f\v\x1c-\x1f]*")
_TOKEN = re.compile(
    r"""
      (?P<float>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    | (?P<whole>[0-9]+)
    | (?P<name>(?:[^\W\d]|\$)[\w$]*)
    | (?P<mark>&&|\|\||==|!=|<=|>=|\+=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_WORDS = {
    "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "div": "/", "mod": "%",
    "and": "&&", "or": "||", "not": "!", "empty": "empty", "instanceof": "instanceof",
}  # fmt: skip
_VALUES: dict[str, bool | None] = {"true": True, "false": False, "null": None}
RESERVED = frozenset({*_WORDS, *_VALUES})
_LONG = 2**63


class Unreadable(Exception):
    """Raised for a text that is not a valid or supported expression; `at` is the position of the error."""

    def __init__(self, mistake: str, at: int = 0, /, **values: Any) -> None:
        super().__init__(mistake)
        self.reason = Phrase(f"parsers.juel.{mistake}", values)
        self.at = at

    def __str__(self) -> str:
        """Return the reason in English."""
        return str(self.reason)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `kind` is "mark", "name" or "value"; `text` is the mark or name, `value` that of a literal."""

    kind: str
    text: str
    at: int
    value: Any = None


END = ""


class Scanner:
    """Reads the tokens of a text from a position on, with one token of lookahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0  # after the current token
        self.seen = Token("mark", END, 0)

    def start(self, at: int) -> None:
        """Moves to the first token from a position on."""
        self.at = at
        self.take()

    def take(self) -> Token:
        """Returns the current token and moves to the next one."""
        found = self.seen
        self.seen = self._next()
        return found

    def _next(self) -> Token:
        space = _SPACE.match(self.text, self.at)
        at = space.end() if space else self.at
        if at == len(self.text):
            return Token("mark", END, at)
        if self.text[at] in "'\"":
            return self._quoted(at)
        match = _TOKEN.match(self.text, at)
        if match is None:
            raise Unreadable("sign", at, text=self.text[at : at + 20])
        self.at = match.end()
        return _token(match[0], match.lastgroup or "", at)

    def _quoted(self, at: int) -> Token:
        """Reads a quoted text: a backslash only escapes its quotation mark or another backslash."""
        quote, place = self.text[at], at + 1
        parts: list[str] = []
        while place < len(self.text):
            letter = self.text[place]
            if letter == "\\":
                place += 1
                letter = self.text[place : place + 1]
                if letter not in ("\\", quote):
                    raise Unreadable("escape", place - 1, text=letter)
            elif letter == quote:
                self.at = place + 1
                return Token("value", self.text[at : self.at], at, "".join(parts))
            parts.append(letter)
            place += 1
        raise Unreadable("quote", at)


def _token(found: str, group: str, at: int) -> Token:
    if found in _VALUES:
        return Token("value", found, at, _VALUES[found])
    if found in _WORDS:
        return Token("mark", _WORDS[found], at)
    if group in ("float", "whole"):
        return Token("value", found, at, float(found) if group == "float" else _whole(found, at))
    return Token(group, found, at)


def _whole(digits: str, at: int) -> int:
    found = digits.lstrip("0")
    if len(found) > 19 or int(found or "0") >= _LONG:
        raise Unreadable("large", at)
    return int(found or "0")


def quoted(text: str) -> str:
    """Returns a text as a literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
