"""Which names are known at a place: only so can names with spaces and signs be told from operations."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from engine.decisions.feel.tokens import Token, words

PROPERTIES = ("time offset", "start included", "end included")  # what may follow a dot anywhere


def normalized(name: str) -> str:
    """A name with single spaces between its words."""
    return " ".join(name.split())


class Names:
    """The names of all scopes around a place, the innermost last; `members` are those of any contexts."""

    def __init__(self, *scopes: Iterable[str], members: Iterable[str] = ()) -> None:
        self._scopes = [_Scope(names) for names in scopes]
        self._members = _Scope((*PROPERTIES, *members))

    @contextmanager
    def within(self, names: Iterable[str] = ()) -> Iterator["Names"]:
        """Another scope inside of these."""
        self._scopes.append(_Scope(names))
        try:
            yield self
        finally:
            self._scopes.pop()

    def add(self, name: str) -> None:
        """Know a name in the innermost scope, and as that of a member."""
        self._scopes[-1].add(name)
        self._members.add(name)

    def variable(self, found: Sequence[Token], at: int) -> tuple[str, int] | None:
        """The longest known name that begins there, and how many words it has."""
        known = [scope.longest(found, at) for scope in (*self._scopes, self._members)]
        return max((name for name in known if name), key=lambda name: name[1], default=None)


class _Scope:
    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        parts = words(name)
        alike = self._by_first.setdefault(parts[0], [])
        if (parts, name) not in alike:
            alike.append((parts, name))
            alike.sort(key=lambda known: -len(known[0]))

    def longest(self, found: Sequence[Token], at: int) -> tuple[str, int] | None:
        for parts, name in self._by_first.get(found[at].text, ()):
            if len(parts) == 1 or tuple(token.text for token in found[at : at + len(parts)]) == parts:
                return name, len(parts)
        return None
