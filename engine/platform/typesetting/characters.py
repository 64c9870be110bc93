"""Texts in characters that the font has: PDF/A refuses a whole document for one that it lacks."""

import re
import unicodedata

from engine.platform.typesetting.model import ltr

MISSING = "\ufffd"

MARKS, LINES = 4, 2  # combining marks of a letter, and breaks in a row: more take time and show nothing
_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_EMPTY = re.compile(rf"\n(?:[ \t]*\n){{{LINES},}}")
# Selectors of variants, and overrides of direction, which make a text look like another.
_REMOVED = re.compile("[\ufe00-\ufe0f\ufeff\u202a-\u202e\U000e0100-\U000e01ef]")
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069")
# Numbers joined by hyphens: after Persian letters their parts would be shown in reverse order.
_JOINED = re.compile(r"[0-9۰-۹٠-٩]+(?:-[0-9۰-۹٠-٩]+)+")


class Cleaner:
    """Replaces the characters that a font lacks. `missing` collects those without a compatible one."""

    def __init__(self, known: frozenset[int]) -> None:
        self._known = known
        self.missing: dict[str, None] = {}

    def clean(self, text: str) -> str:
        """Return the text with line breaks of one kind, and numbers of several parts isolated."""
        broken = _EMPTY.sub("\n" * LINES, _BREAKS.sub("\n", text))
        composed = _REMOVED.sub("", unicodedata.normalize("NFC", _few_marks(broken)))
        return _JOINED.sub(lambda number: ltr(number[0]), "".join(map(self._replaced, composed)))

    def _replaced(self, char: str) -> str:
        if char == "\n" or char in _ISOLATES or (ord(char) in self._known and char >= " "):
            return char
        category = unicodedata.category(char)
        if category in ("Cc", "Cf"):  # controls, and what is invisible
            return " " if category == "Cc" else ""
        compatible = unicodedata.normalize("NFKC", char)
        if all(ord(each) in self._known for each in compatible):
            return compatible
        self.missing[char] = None
        return MISSING


def _few_marks(text: str) -> str:
    """Return the text with at most so many combining marks in a row."""
    if text.isascii():
        return text
    kept, row = [], 0
    for char in text:
        row = row + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if row <= MARKS:
            kept.append(char)
    return "".join(kept)


def is_blank(text: str) -> bool:
    """Return whether nothing of the text is visible."""
    return not any(char.isprintable() and not char.isspace() for char in text)
