"""The widths of a table's columns, estimated by their texts. In points, at the size that tables have."""

import re
from collections.abc import Sequence
from math import sqrt

# A short part with a direction of its own stays on one line, like a word.
_WORD = re.compile("[\u2066-\u2068][^\u2066-\u2069]{1,30}\u2069|\\S+")
_WITHOUT_WIDTH = re.compile("[\u064b-\u0655\u200b-\u200f\u2066-\u2069]")
_DIGITS = re.compile("[0-9۰-۹]")

_PAGE = 482  # the width of all columns
_LETTER, _DIGIT = 4.4, 5.3
_BOLD = 1.1
_MARGIN = 14  # of a cell, on both sides
_NARROW = 25
_HIGH = 15  # lines


def widths(columns: Sequence[Sequence[str]], numbers: Sequence[bool]) -> list[float]:
    """Return the widths of columns: each gets room for its longest word, then for its text.

    What is left is shared among the columns that want more, by the root of what each wants: short texts
    mostly stay on one line, and a long one does not become a narrow column.
    The first text of a column is its title; that of numbers takes as many lines as it needs.
    """
    most = _PAGE / max(2, len(columns)) * (2 if len(columns) > 2 else 1)
    least, wished = [], []
    for (title, *cells), number in zip(columns, numbers, strict=True):
        words = [_width(word) for cell in cells for word in _WORD.findall(cell)]
        titles = [_width(word) * _BOLD for word in _WORD.findall(title)]
        least.append(min(max([*words, *titles, _NARROW - _MARGIN]) + _MARGIN, most))
        whole = max([0 if number else _width(title) * _BOLD, *map(_width, cells)])
        wished.append(max(least[-1], min(whole + _MARGIN, _PAGE)))
    found, room = list(least), max(0.0, _PAGE - sum(least))
    wants = [wish - width for wish, width in zip(wished, least, strict=True)]
    weight = sum(map(sqrt, wants))  # of the columns that have not got their part yet
    for column in sorted(range(len(columns)), key=wants.__getitem__):
        if want := wants[column]:
            more = min(want, room * sqrt(want) / weight)
            found[column] += more
            room, weight = room - more, weight - sqrt(want)
    return [round(_PAGE * width / sum(found), 2) for width in found]


def is_high(cells: Sequence[str], widths: Sequence[float]) -> bool:
    """Return whether a row may need so many lines that it has to be divided between two pages."""
    lines = (
        cell.count("\n") + _width(cell) / (width - _MARGIN) for cell, width in zip(cells, widths, strict=True)
    )
    return max(lines) > _HIGH


def breakable(text: str, width: float) -> str:
    """Return the text with places for line breaks in words that are longer than a column is wide."""
    longest = max(4, int((width - _MARGIN) / _DIGIT))
    return _WORD.sub(lambda word: _parted(word[0], longest), text) if len(text) > longest else text


def _width(text: str) -> float:
    digits = len(_DIGITS.findall(text))
    return digits * _DIGIT + (len(text) - digits - len(_WITHOUT_WIDTH.findall(text))) * _LETTER


def _parted(word: str, longest: int) -> str:
    if len(word) <= longest * 1.3:  # an estimate: letters are narrower than digits
        return word
    return "\u200b".join(word[at : at + longest] for at in range(0, len(word), longest))
