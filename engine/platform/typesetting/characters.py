"""Texts in characters that the font has: PDF/A refuses a whole document for one that it lacks."""

import re
import unicodedata

from engine.platform.typesetting.model import ltr

MISSING = "\ufffd"

_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
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
        composed = _REMOVED.sub("", _BREAKS.sub("\n", unicodedata.normalize("NFC", text)))
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


def is_blank(text: str) -> bool:
    """Return whether nothing of the text is visible."""
    return not any(char.isprintable() and not char.isspace() for char in text)
