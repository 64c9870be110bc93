"""All values of an input, split into parts within which every test has the same result.

A set of parts is a number, its bits from the lowest: values less than the first constant, that constant,
values between it and the second, and so on; finally null.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from functools import cmp_to_key, reduce
from operator import and_, or_
from typing import Any

from engine.dmn.check.conditions import Comparison, Condition, Every, Opposite, Some, Unclear
from engine.dmn.feel.arithmetic import minus, plus
from engine.dmn.feel.comparing import alike_placed, order
from engine.dmn.feel.moments import DAY, SECOND, Date, DateTime, Days, Months, Time
from engine.dmn.feel.notation import write
from engine.dmn.feel.values import ARITHMETIC, kind

Truth = tuple[int, int]  # the parts for which it is true, and those for which it is false

_STEPS: dict[type, Any] = {Date: Days(DAY), Time: Days(SECOND), DateTime: Days(SECOND), Months: Months(1)}


_SHOWN = 20  # values or ranges of one column in a finding


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """Yields the start and end of each run of ones in a number, lowest first; the end is exclusive."""
    edges = mask ^ (mask << 1)
    while edges:
        begin = (edges & -edges).bit_length() - 1
        edges &= edges - 1
        end = (edges & -edges).bit_length() - 1
        edges &= edges - 1
        yield begin, end


class Axis:
    """The values of one input. Raises Unclear if the constants are of several kinds, or have no order."""

    def __init__(self, constants: Sequence[Any], *, ordered: bool) -> None:
        self.kind = _common([kind(value) for value in constants])
        self._ordered = ordered
        self.points = [False, True] if self.kind == "boolean" else _sorted(constants)
        self._keys = [_key(value) for value in self.points]
        self._only_points = sum(2 << 2 * at for at in range(len(self.points)))
        self.null = 1 << (2 * len(self.points) + 1)
        self.live = sum(1 << part for part in range(2 * len(self.points) + 1) if self._is_live(part))

    def _is_live(self, part: int) -> bool:
        if self.kind == "boolean":
            return part % 2 == 1
        return not self.points or self.example(part) is not None

    # Conditions

    def truth(self, of: Condition) -> Truth:
        """Returns where a condition is true and where it is false; elsewhere it is null."""
        match of:
            case Comparison(sign, value):
                return self._compared(sign, value)
            case Opposite(part):
                true, false = self.truth(part)
                return false, true
            case Some(parts):
                found = [self.truth(part) for part in parts]
                return _joined(found, or_, 0), _joined(found, and_, self.live | self.null, 1)
            case Every(parts):
                found = [self.truth(part) for part in parts]
                return _joined(found, and_, self.live | self.null), _joined(found, or_, 0, 1)

    def _compared(self, sign: str, value: Any) -> Truth:
        if value is None:
            equal, below, above, unequal = self.null, 0, 0, self.live
        else:
            at = 2 * bisect_left(self._keys, _key(value)) + 1
            equal, below = self.live & 1 << at, self.live & (1 << at) - 1
            above = self.live & ~equal & ~below
            unequal = self.null | below | above
        known = self.live if value is not None else 0
        true = {
            "is": equal, "=": equal, "!=": unequal, "<": below, "<=": below | known & equal,
            ">": above, ">=": above | known & equal,
        }[sign]  # fmt: skip
        return true, ((equal | unequal) if sign in ("=", "!=") else known) & ~true

    # Parts

    def example(self, part: int) -> Any:
        """Returns a value of a part; None if there is none, or if it is null."""
        if part == 2 * len(self.points) + 1:
            return None
        at, inside = divmod(part, 2)
        if inside:
            return self.points[at]
        low = self.points[at - 1] if at else None
        return _between(low, self.points[at] if at < len(self.points) else None)

    def witness(self, mask: int) -> str:
        """Returns a value of one of several parts, as it would be typed; null only if there is no other."""
        chosen = mask & ~self.null or mask
        if not self.points:
            return "null" if chosen == self.null else "…"
        points = chosen & self._only_points
        if self.kind == "string" and not points and chosen != self.null and not self._ordered:
            return '"…"'
        first = points or chosen
        return typed(self.example((first & -first).bit_length() - 1))

    def format(self, mask: int) -> str:
        """Formats parts as a cell of a table."""
        if mask & self.live == self.live:
            return "-"
        if self.kind == "boolean" or (self.kind == "string" and not self._ordered):
            return self._listed(mask)
        # There is nothing between two consecutive days, which joins them.
        last = 2 * len(self.points)
        joined = mask | ~self.live & mask << 1 & mask >> 1
        return _several([self._interval(begin, end - 1, last) for begin, end in runs(joined)])

    def _listed(self, mask: int) -> str:
        negated = self.kind == "string" and bool(mask & self.live & ~self._only_points)
        chosen = self.live & ~mask if negated else mask
        texts = [typed(value) for at, value in enumerate(self.points) if chosen >> 2 * at + 1 & 1]
        return f"not({_several(texts)})" if negated else _several(texts)

    def _interval(self, first: int, last: int, top: int) -> str:
        low = None if first == 0 else typed(self.points[(first - 1) // 2])
        high = None if last == top else typed(self.points[last // 2])
        if low is None:
            return f"{'<=' if last % 2 else '<'} {high}"
        if high is None:
            return f"{'>=' if first % 2 else '>'} {low}"
        if first == last and first % 2:
            return low
        return f"{'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"


def typed(value: Any) -> str:
    """Formats a value as it would be typed, dates and times without their @."""
    return write([value])[1:-1]


def _several(texts: Sequence[str]) -> str:
    """Returns the first text, with the number of further ones."""
    more = len(texts) - _SHOWN
    return ", ".join(texts) if more <= 0 else f"{', '.join(texts[:_SHOWN])} and {more} more"


def _joined(found: Sequence[Truth], operation: Any, start: int, which: int = 0) -> int:
    return reduce(operation, (truth[which] for truth in found), start)


def _common(kinds: Sequence[str]) -> str:
    several = sorted(set(kinds))
    if len(several) > 1:
        raise Unclear("types", types=tuple(several))
    if several and several[0] in ("list", "context", "range", "function"):
        raise Unclear("structure", found=several[0])
    return several[0] if several else ""


def _key(value: Any) -> Any:
    return value if isinstance(value, Decimal | str | bool) else cmp_to_key(_ordered)(value)


def _ordered(one: Any, other: Any) -> int:
    if isinstance(one, Time | DateTime) and not alike_placed(one, other):
        raise Unclear("times")
    return order(one, other) or 0


def _sorted(constants: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in sorted(constants, key=_key):
        if not found or _key(found[-1]) < _key(value):
            found.append(value)
    return found


def _between(low: Any, high: Any) -> Any:
    """Returns a simple value between two values; None if there is none."""
    for found in _candidates(low, high):
        above = low is None or (order(low, found) or 0) < 0
        below = high is None or (order(found, high) or 0) < 0
        if found is not None and above and below:
            return found
    return None


def _candidates(low: Any, high: Any) -> Iterator[Any]:
    end = high if low is None else low
    if isinstance(end, str):
        yield from ("",) if low is None else (f"{low} ", f"{low}\0")
    elif isinstance(end, Decimal):
        yield from _numbers(low, high)
    else:
        # Durations have nanoseconds; seconds are easier to read.
        for step in (Days(SECOND), Days(1)) if isinstance(end, Days) else (_STEPS[type(end)],):
            yield minus(high, step) if low is None else plus(low, step)


def _numbers(low: Decimal | None, high: Decimal | None) -> Iterator[Decimal]:
    if low is not None:
        yield ARITHMETIC.add(low.to_integral_value(rounding=ROUND_FLOOR), Decimal(1))
    if low is not None and high is not None:
        yield ARITHMETIC.divide(ARITHMETIC.add(low, high), Decimal(2))
    if low is not None:
        yield ARITHMETIC.next_plus(low)
    elif high is not None:
        yield from (ARITHMETIC.subtract(high, Decimal(1)), ARITHMETIC.next_minus(high))
