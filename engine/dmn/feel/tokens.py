"""The tokens of FEEL (DMN 1.5 §10.3.1.2). Names with spaces are several tokens; names.py combines them."""

import re
from typing import NamedTuple

from engine.dmn.errors import Unreadable
from engine.platform.budget import spend

_WRONG = {
    "open": "comment",
    '"': "quote",
    "nothing": "sign",
}

# Name start and name part characters (grammar rules 28 and 29).
_START = (
    r"?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"\s\u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"
_ARABIC_ZEROS = {0x0660, 0x06F0}
LONGEST = 100_000  # characters; takes half a second to read
_TOKEN = re.compile(
    rf"""
    (?:[{_SPACE}]++ | //[^\n\r]*+ | /\*.*?\*/)*+
    (?: (?P<digits>(?=[0-9.]*[^\x00-\x7F])\d+(?:[.\u066B\u066C]\d+)*(?![{_PART}]))
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<at>@[{_SPACE}]*"(?:[^"\\]++|\\.)*+")
    | (?P<text>"(?:[^"\\]++|\\.)*+")
    | (?P<open>/\*)
    | (?P<sign>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{{}}.,:'’])
    | (?P<name>[{_START}][{_PART}]*)
    | (?P<end>\Z)
    | (?P<nothing>.)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """One token: `text` is a name or symbol, or the content of a literal; with its start and end.

    It is a name, number, text, at (`@"…"`), sign or the end; digits are a number with characters outside of
    ASCII.
    """

    kind: str
    text: str
    at: int
    end: int


def tokens(text: str) -> list[Token]:
    """Returns all tokens of a text, and an end. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable("long", text, LONGEST, limit=LONGEST)
    found: list[Token] = []
    spend(len(text) // 4)
    for match in _TOKEN.finditer(text):  # each starts where the last ended: one alternative is any character
        found.append(_token(match, text))
        if found[-1].kind == "end":
            break
    spend(4 * len(found))  # including parsing
    return found


def words(name: str) -> tuple[str, ...]:
    """Returns the words of a name; for an invalid name, the text itself."""
    try:
        return tuple(token.text for token in tokens(name)[:-1]) or (name,)
    except Unreadable:
        return (name,)


def ascii_number(text: str) -> str | None:
    """Converts a number in the digits of one script, such as ۱۸ or ۲٫۵, to ASCII; None if it isn't one.

    Its decimal point is `.`, or `٫` with Persian and Arabic digits.
    """
    whole, _, decimals = text.replace("\u066b", ".").partition(".")
    zeros = {ord(digit) - int(digit) for digit in whole + decimals if digit.isdecimal()}
    if len(zeros) != 1 or not (whole + decimals).isdecimal() or ("\u066b" in text and zeros - _ARABIC_ZEROS):
        return None
    return "".join(str(int(sign)) if sign.isdecimal() else "." for sign in text)


def _token(match: re.Match[str], source: str) -> Token:
    kind = match.lastgroup or "end"
    at, end = match.span(kind)
    text = source[at:end]
    if kind in ("text", "at"):
        text = unescaped(text[text.index('"') + 1 : -1])
    elif kind in _WRONG:
        mistake = _WRONG['"' if text in ('"', "@") else kind]
        raise Unreadable(mistake, source, at, **({"sign": text} if mistake == "sign" else {}))
    return Token(kind, text, at, end)


def unescaped(text: str) -> str:
    """Resolves the escapes in a string literal's content (rule 64).

    A surrogate pair is one character, and a lone surrogate is invalid.
    """
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    sign = match[1]
    if len(sign) > 1:
        code = int(sign[1:], 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    return _ESCAPED.get(sign, match[0])
