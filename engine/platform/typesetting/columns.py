"""The widths of a table's columns, by their texts."""

import re
from collections.abc import Sequence

# A short part with a direction of its own stays on one line, like a word.
_WORD = re.compile("[\u2066-\u2068][^\u2066-\u2069]{1,30}\u2069|\\S+")
_LINE = 106  # characters over the whole width
_NARROW, _PADDING = 3, 4  # characters, of a column


def widths(columns: Sequence[Sequence[str]]) -> list[float]:
    """Return the widths in characters: each column gets room for its longest word, then for its text.

    What is left is shared equally among the columns that want more, so that short texts stay on one line.
    """
    most = _LINE / max(2, len(columns)) * (2 if len(columns) > 2 else 1)
    least, wished = [], []
    for cells in columns:
        longest = max(len(word) for cell in (*cells, "") for word in _WORD.findall(cell) or [""])
        least.append(min(max(longest, _NARROW) + _PADDING, most))
        wished.append(max(least[-1], min(max(map(len, cells)) + _PADDING, _LINE)))
    found, room = list(least), max(0.0, _LINE - sum(least))
    by_wish = sorted(range(len(columns)), key=lambda column: wished[column] - least[column])
    for place, column in enumerate(by_wish):
        more = min(wished[column] - least[column], room / (len(columns) - place))
        found[column] += more
        room -= more
    return [_LINE * width / sum(found) for width in found]


def breakable(text: str, width: float) -> str:
    """Return the text with places for line breaks in words that are longer than a column is wide."""
    longest = max(4, int(width) - _PADDING)
    return _WORD.sub(lambda word: _parted(word[0], longest), text) if len(text) > longest else text


def _parted(word: str, longest: int) -> str:
    if len(word) <= longest + _PADDING:
        return word
    return "\u200b".join(word[at : at + longest] for at in range(0, len(word), longest))
