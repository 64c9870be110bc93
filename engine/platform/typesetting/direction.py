"""The parts of a text that have a direction of their own, as typst wants them.

Its fonts have no isolates of Unicode (UAX 9); with them in a text, its spaces would be copied as isolates.
"""

import re
import unicodedata
from typing import Any

Runs = str | list[Any]  # strings, and runs with a direction: {"ltr": bool, "runs": Runs}

_SIGNS = re.compile("([\u2066-\u2069])")  # LRI, RLI, FSI, PDI
_END = "\u2069"
_DEEPEST = 8


def runs(text: str, *, ltr: bool) -> Runs:
    """Return the text without isolates, split where one begins or ends. `ltr`: the direction of the whole."""
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
            following = "".join(parts[place + 1 :])
            found[-1].append({"ltr": _left_to_right(part, following, ltr=ltr), "runs": inner})
            found.append(inner)
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
