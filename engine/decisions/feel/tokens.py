"""The words of FEEL (DMN 1.5 §10.3.1.2). Names with spaces are several words; names.py puts them together."""

import re
from dataclasses import dataclass
from typing import Literal

from engine.decisions.errors import Unreadable

Kind = Literal["name", "number", "text", "at", "sign", "end"]

# Name start and name part characters (grammar rules 28 and 29).
_START = (
    r"?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"\s\u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"
_TOKEN = re.compile(
    rf"""
    (?P<skip>[{_SPACE}]+ | //[^\n\r]* | /\*.*?\*/)
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<at>@[{_SPACE}]*"(?:[^"\\]|\\.)*")
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<sign>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{{}}.,:'’])
    | (?P<name>[{_START}][{_PART}]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `text` as a name or sign, the content of a literal; where it begins and ends."""

    kind: Kind
    text: str
    at: int
    end: int


def tokens(text: str) -> list[Token]:
    """All words of a text, and an end. Raises Unreadable."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            reason = (
                "A text in quotes does not end" if text[at] == '"' else f"{text[at]!r} means nothing here"
            )
            raise Unreadable(reason, text, at)
        if match.lastgroup != "skip":
            found.append(_token(match))
        at = match.end()
    found.append(Token("end", "", len(text), len(text)))
    return found


def words(name: str) -> tuple[str, ...]:
    """The words of a name; of what is none, the text itself."""
    try:
        return tuple(token.text for token in tokens(name)[:-1]) or (name,)
    except Unreadable:
        return (name,)


def _token(match: re.Match[str]) -> Token:
    kind: Kind = match.lastgroup  # type: ignore[assignment]
    text = match[0]
    if kind in ("text", "at"):
        text = unescaped(text[text.index('"') + 1 : -1])
    return Token(kind, text, match.start(), match.end())


def unescaped(text: str) -> str:
    """A string literal's content as it is meant (rule 64), pairs of surrogates made one character."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    return _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)


def _character(match: re.Match[str]) -> str:
    sign = match[1]
    if len(sign) > 1:
        code = int(sign[1:], 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    return _ESCAPED.get(sign, match[0])
