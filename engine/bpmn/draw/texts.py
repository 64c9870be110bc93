"""Labels: in one language, without control characters, wrapped to a width."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 240  # characters of a label; longer ones end with an ellipsis
LINE = 1.25  # the height of a line, in font sizes

# Direction overrides and isolates, which could make a name look like another, and non-characters.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]"
)
_SPACES = re.compile(r"\s+")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
_NARROW, _WIDE = frozenset("ijlftrI.,:;|!'()[]/ -"), frozenset("mwMW@%—")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A label in lines, with its font size and its direction."""

    lines: tuple[str, ...]
    size: float
    rtl: bool

    @property
    def height(self) -> float:
        """Returns the height of all lines."""
        return len(self.lines) * self.size * LINE


def named(name: str | None, language: str) -> str:
    """Returns the part of a name in the language, if it is written as `Persian | English`."""
    whole = _SPACES.sub(" ", _UNSEEN.sub(" ", (name or "")[: 4 * LONGEST])).strip()
    parts = [part.strip() for part in whole.split("|")]
    if len(parts) == 2 and all(parts):
        persian, english = parts if not _ARABIC.search(parts[1]) or _ARABIC.search(parts[0]) else parts[::-1]
        whole = persian if language == "fa" else english
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def reads_rtl(words: str) -> bool:
    """Whether the first letter with a direction belongs to a right-to-left script."""
    for letter in words:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def width(words: str, size: float) -> float:
    """Returns the approximate width of a text."""
    return size * sum(_of(letter) for letter in words)


def _of(letter: str) -> float:
    if letter < "\u0100":
        wide = letter in _WIDE
        return 0.86 if wide else 0.31 if letter in _NARROW else 0.68 if letter.isupper() else 0.56
    if letter == "\u200c" or unicodedata.combining(letter):
        return 0
    return 1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.52


def wrap(words: str, wide: float, high: float, sizes: tuple[float, ...] = (12, 10.5, 9)) -> Wrapped:
    """Wraps a text, in the first size in which it fits without splitting a word.

    If there is none, in the last one; text that still doesn't fit ends with an ellipsis.
    """
    longest = max(words.split(" "), key=len)
    for size in sizes:
        lines = _lines(words, wide, size)
        room = max(1, int(high / (size * LINE)))
        whole = size == sizes[-1] or width(longest, size) <= wide
        if len(lines) <= room and whole:
            return Wrapped(tuple(lines), size, reads_rtl(words))
    return Wrapped((*lines[: room - 1], lines[room - 1].rstrip() + "…"), size, reads_rtl(words))


def _lines(words: str, wide: float, size: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= wide:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, wide, size)
        lines += full
    return [*lines, line] if line or not lines else lines


def _pieces(word: str, wide: float, size: float) -> list[str]:
    """Splits a word that is too long for a line."""
    pieces, piece, used = [], "", 0.0
    for letter in word:
        more = size * _of(letter)
        if piece and used + more > wide:
            pieces.append(piece)
            piece, used = "", 0.0
        piece += letter
        used += more
    return [*pieces, piece]
