"""Finds which rules of a table overlap or are hidden, and gaps: sets of rules, column by column.

A set of rules is also a number, the first rule its lowest bit. Columns are processed one after the other;
parts with the same set of rules so far are processed once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from engine.dmn.check.axes import runs
from engine.platform.budget import spend

MAX_BOXES = 200_000
MAX_PARTS = 10_000_000
_MOST = 100  # boxes that are stored of a gap; nobody reads more
Box = tuple[int, ...]  # its parts for each column


@dataclass(slots=True)
class Effort:
    """The limit of work for the tables of all files together."""

    boxes: int = 3 * MAX_BOXES
    parts: int = 3 * MAX_PARTS


class Stopped(Exception):
    """Raised when the limit is exceeded."""


class Sweep:
    """The rules of one table: `cells` has for each column the parts that each rule matches.

    `live` has for each column all parts that count as a gap if they are not covered.
    """

    def __init__(
        self, cells: Sequence[Sequence[int]], live: Sequence[int], rules: int, effort: Effort | None = None
    ) -> None:
        self._effort = effort or Effort()
        self._cells = cells
        self._live = live
        self._all = (1 << rules) - 1
        self._at = [_by_part(column, alive) for column, alive in zip(cells, live, strict=True)]
        self.renew()
        self._full_from = self._suffixes(
            [
                sum(1 << rule for rule, mask in enumerate(column) if mask & alive == alive)
                for column, alive in zip(cells, live, strict=True)
            ]
        )
        self._gaps: dict[tuple[int, int], tuple[Box, ...]] = {}

    def _suffixes(self, sets: Sequence[int]) -> list[int]:
        """Returns for each column the rules in its set and in those of all following columns."""
        found = [self._all]
        for each in reversed(sets):
            found.append(found[-1] & each)
        return found[::-1]

    def renew(self) -> None:
        """Restores the limit for a table, as far as the total limit allows."""
        self._boxes, self._parts = MAX_BOXES, MAX_PARTS

    def spend(self) -> None:
        """Counts one step. Raises Stopped."""
        spend(2)
        self._boxes -= 1
        self._effort.boxes -= 1
        if self._boxes < 0 or self._effort.boxes < 0:
            raise Stopped

    def _visit(self, mask: int) -> None:
        """Counts all parts of a mask. Raises Stopped."""
        parts = mask.bit_count()
        spend(parts)
        self._parts -= parts
        self._effort.parts -= parts
        if self._parts < 0 or self._effort.parts < 0:
            raise Stopped

    def _within(self, mask: int, at: Sequence[int]) -> Iterator[int]:
        """Yields the rules at each part of a mask. Raises Stopped."""
        self._visit(mask)
        return _rules_within(mask, at)

    # Overlaps

    def meeting(self, rule: int) -> int:
        """Returns the rules, including itself, that overlap with this one."""
        found = self._all
        for column, at in zip(self._cells, self._at, strict=True):
            found &= reduce(or_, self._within(column[rule], at), 0)
            if not found & ~(1 << rule):
                break
        return found

    def common(self, one: int, other: int) -> Box:
        """Returns what two rules both match."""
        return tuple(column[one] & column[other] for column in self._cells)

    # Hidden

    def hidden(self, rule: int, by: int, *, live_only: bool) -> bool:
        """Whether everything a rule matches is matched by other rules, possibly several together."""
        box = [
            column[rule] & (live if live_only else -1)
            for column, live in zip(self._cells, self._live, strict=True)
        ]
        if not all(box):
            return False
        around = self._suffixes(
            [reduce(and_, self._within(mask, at), self._all) for mask, at in zip(box, self._at, strict=True)]
        )
        return self._covered(0, by, box, around, set())

    def _covered(
        self, column: int, by: int, box: Sequence[int], around: Sequence[int], known: set[tuple[int, int]]
    ) -> bool:
        if by & around[column]:
            return True
        if not by or column == len(box):
            return False
        for each in dict.fromkeys(by & rules for rules in self._within(box[column], self._at[column])):
            self.spend()
            if (column, each) not in known:
                if not self._covered(column + 1, each, box, around, known):
                    return False
                known.add((column, each))
        return True

    # Gaps

    def gaps(self) -> tuple[Box, ...]:
        """Returns what no rule matches, merged to few boxes; only some of very many. Raises Stopped."""
        return _merged(self._gap(0, self._all))

    def _gap(self, column: int, alive: int) -> tuple[Box, ...]:
        if not alive:
            return (tuple(self._live[column:]),)
        if alive & self._full_from[column]:
            return ()
        key = (column, alive)
        if key not in self._gaps:
            self._gaps[key] = self._split(column, alive)
        return self._gaps[key]

    def _split(self, column: int, alive: int) -> tuple[Box, ...]:
        alike: dict[int, int] = {}
        self._visit(self._live[column])
        for begin, end in runs(self._live[column]):
            for part, rules in enumerate(self._at[column][begin:end], begin):
                alike[alive & rules] = alike.get(alive & rules, 0) | 1 << part
        found: dict[Box, int] = {}
        for rules, parts in alike.items():
            self.spend()
            for rest in self._gap(column + 1, rules):
                found[rest] = found.get(rest, 0) | parts
            if len(found) > _MOST:
                break
        return tuple((parts, *rest) for rest, parts in found.items())


def _by_part(column: Sequence[int], live: int) -> list[int]:
    """Returns for each part the rules that match it."""
    size = max(live.bit_length(), *(mask.bit_length() for mask in column))
    changes = [0] * (size + 1)
    for rule, mask in enumerate(column):
        for begin, end in runs(mask):
            changes[begin] ^= 1 << rule
            changes[end] ^= 1 << rule
    found, rules = [], 0
    for change in changes[:-1]:
        rules ^= change
        found.append(rules)
    return found


def _rules_within(mask: int, at: Sequence[int]) -> Iterator[int]:
    for begin, end in runs(mask):
        yield from at[begin:end]


def _merged(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Merges boxes that differ in one column only, as long as there are any."""
    found = list(boxes)
    at = 0
    while at < len(found):
        for other in range(at + 1, len(found)):
            apart = [c for c, (a, b) in enumerate(zip(found[at], found[other], strict=True)) if a != b]
            if len(apart) == 1:
                whole = list(found[at])
                whole[apart[0]] |= found[other][apart[0]]
                found[at] = tuple(whole)
                del found[other]
                at = -1
                break
        at += 1
    return tuple(found)
