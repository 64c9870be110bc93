"""The parts of a text that have a direction of their own, as typst wants them.

The isolates of Unicode (UAX 9) would be drawn as spaces of no width, and copied from the PDF with the spaces.
"""

import re
import unicodedata
from typing import Any

# Strings, and runs with a direction: {"ltr": bool, "short": bool, "runs": Runs}.
Runs = str | list[Any]

_SIGNS = re.compile("([\u2066-\u2069])")  # LRI, RLI, FSI, PDI
_END = "\u2069"
_DEEPEST = 8
_NEAR = 6  # parts that are searched for the first letter
_SHORT = 30  # characters that stay on one line
_BROKEN = re.compile("[\n\u200b]")


def runs(text: str, *, ltr: bool) -> Runs:
    """Return the text without isolates, split where one begins or ends. `ltr`: the direction of the whole.

    A short run is not broken, and what follows it is not drawn into it. typst only embeds longer ones.
    """
    parts = _SIGNS.split(text)
    if len(parts) == 1:
        return text
    found: list[list[Any]] = [[]]
    for place, part in enumerate(parts):
        if not _SIGNS.fullmatch(part):
            found[-1] += [part] if part else []
        elif part == _END and len(found) > 1:
            found.pop()
        elif part != _END and len(found) < _DEEPEST:
            inner: list[Any] = []
            following = "".join(parts[place + 1 : place + _NEAR])
            found[-1].append({"ltr": _left_to_right(part, following, ltr=ltr), "runs": inner})
            found.append(inner)
    _measure(found[0])
    return found[0]


def plain(text: str) -> str:
    """Return the text without isolates."""
    return _SIGNS.sub("", text)


def _left_to_right(sign: str, following: str, *, ltr: bool) -> bool:
    if sign != "\u2068":
        return sign == "\u2066"
    for char in following.partition(_END)[0]:
        strong = unicodedata.bidirectional(char)
        if strong in ("L", "R", "AL"):
            return strong == "L"
    return ltr


def _measure(parts: list[Any]) -> int:
    """Note which runs are short; return the length of all."""
    length = 0
    for part in parts:
        if isinstance(part, str):
            length += len(part) + (_SHORT if _BROKEN.search(part) else 0)
        else:
            inner = _measure(part["runs"])
            part["short"] = inner <= _SHORT
            length += inner
    return length
