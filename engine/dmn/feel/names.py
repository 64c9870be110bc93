"""The names known at a place: needed to distinguish names with spaces and symbols from operations."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from engine.dmn.feel.tokens import Token, words
from engine.platform.budget import spend

PROPERTIES = ("time offset", "start included", "end included")  # names allowed after a dot anywhere
LONGEST = 50  # words of a name, and letters of a word; longer ones don't occur in practice
_split = lru_cache(maxsize=4096)(words)


def normalized(name: str) -> str:
    """Returns a name with single spaces between its words."""
    return " ".join(name.split())


class Names:
    """The names of all scopes around a place, innermost last; `members` are those of any contexts."""

    def __init__(self, *scopes: Iterable[str], members: Iterable[str] = ()) -> None:
        self._scopes = [_Scope(names) for names in scopes]
        self._members = _Scope((*PROPERTIES, *members))

    @contextmanager
    def within(self, names: Iterable[str] = ()) -> Iterator["Names"]:
        """Opens a scope inside of these."""
        self._scopes.append(_Scope(names))
        try:
            yield self
        finally:
            self._scopes.pop()

    def add(self, name: str) -> None:
        """Adds a name to the innermost scope, and as the name of a member."""
        self._scopes[-1].add(name)
        self._members.add(name)

    def variable(self, found: Sequence[Token], at: int) -> tuple[str, int] | None:
        """Returns the longest known name at this position, and how many words it has."""
        best = self._members.longest(found, at)
        for scope in reversed(self._scopes):
            known = scope.longest(found, at)
            if known is not None and (best is None or known[1] > best[1]):
                best = known
        return best


class _Scope:
    """Names as a tree of their words; where a name ends, its original spelling is stored."""

    def __init__(self, names: Iterable[str]) -> None:
        self._words: dict[str | None, Any] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        parts = _split(name) if 0 < len(name) <= LONGEST * LONGEST else ()
        if 0 < len(parts) <= LONGEST:
            place = self._words
            spend(len(parts))
            for part in parts:
                place = place.setdefault(part, {})
            place[None] = name

    def longest(self, found: Sequence[Token], at: int) -> tuple[str, int] | None:
        best = None
        place = self._words.get(found[at].text)
        end = at
        while place is not None:
            end += 1
            if None in place:
                best = place[None], end - at
            following = found[end] if end < len(found) else None
            place = place.get(following.text) if following and following.kind not in ("text", "at") else None
        return best
