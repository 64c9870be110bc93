"""Three-valued logic, equality and order (DMN 1.5 §10.3.2.6 to §10.3.2.8). None means "no value"."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.feel.moments import SECOND, Date, DateTime, Days, Months, Time
from engine.dmn.feel.types import Function
from engine.dmn.feel.values import Range

LONG = 1000  # characters that cost a step to compare


def conjunction(left: Any, right: Any) -> bool | None:
    """Returns `and` (table 50): false takes precedence over null."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def disjunction(left: Any, right: Any) -> bool | None:
    """Returns `or`: true takes precedence over null."""
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


# Equality and order


def equal(left: Any, right: Any, run: Run) -> bool | None:
    """Returns `=` (table 52): values of different types aren't comparable, and only null equals null."""
    if left is None or right is None:
        return left is right
    if type(left) is not type(right):
        return None
    special = _EQUAL.get(type(left))
    return bool(left == right) if special is None else special(left, right, run)


def _all(results: Iterable[bool | None]) -> bool | None:
    found: bool | None = True
    for result in results:
        if result is False:
            return False
        found = None if result is None else found
    return found


def _equal_texts(left: str, right: str, run: Run) -> bool:
    if len(left) == len(right) > LONG:
        run.spend(len(left) // LONG)
    return left == right


def _equal_lists(left: list[Any], right: list[Any], run: Run) -> bool | None:
    if len(left) != len(right):
        return False
    run.spend(len(left))
    return _all(equal(one, other, run) for one, other in zip(left, right, strict=True))


def _equal_contexts(left: Mapping[str, Any], right: Mapping[str, Any], run: Run) -> bool | None:
    if left.keys() != right.keys():
        return False
    run.spend(len(left))
    return _all(equal(left[name], right[name], run) for name in left)


def _equal_times(left: Time | DateTime, right: Time | DateTime, _: Run) -> bool:
    return alike_placed(left, right) and _key(left) == _key(right)


def _equal_ranges(left: Range, right: Range, run: Run) -> bool | None:
    if (left.low_included, left.high_included, left.test) != (
        right.low_included,
        right.high_included,
        right.test,
    ):
        return False
    return _all((equal(left.low, right.low, run), equal(left.high, right.high, run)))


_EQUAL: Mapping[type, Callable[[Any, Any, Run], bool | None]] = {
    str: _equal_texts,
    list: _equal_lists,
    dict: _equal_contexts,
    Range: _equal_ranges,
    Time: _equal_times,
    DateTime: _equal_times,
    Function: lambda left, right, _: left is right,
}


def alike_placed(left: Time | DateTime, right: Any) -> bool:
    """Whether the UTC offsets of both are known or both unknown."""
    one, other = (value.time if isinstance(value, DateTime) else value for value in (left, right))
    return bool(one.placed == other.placed)


def _key(value: Any) -> Any:
    """Returns the sort key for values of one type; for times, in seconds, as in their properties."""
    match value:
        case Date():
            return value.ordinal
        case Time():
            offset = value.offset if value.zone is None else standard_offset(value)
            return value.nanos // SECOND - (offset or 0)
        case DateTime():
            return value.instant // SECOND
        case Months():
            return value.count
        case Days():
            return value.nanos
    return value


def standard_offset(value: Time) -> int:
    """Returns the UTC offset in seconds of a named zone without a date: that of its standard time."""
    return DateTime(Date(1970, 1, 1), value).offset or 0


_ORDERED = (Decimal, str, Date, Time, DateTime, Months, Days)


def order(left: Any, right: Any) -> int | None:
    """Returns a number below, at or above 0 if one is less, equal or more; None if they have no order."""
    if type(left) is Decimal and type(right) is Decimal:
        return (left > right) - (left < right)
    if not isinstance(left, _ORDERED) or type(left) is not type(right):
        return None
    key = _key
    if isinstance(left, Time | DateTime) and not alike_placed(left, right):
        key = _clock
    one, other = key(left), key(right)
    return int(one > other) - int(one < other)


def _clock(value: Any) -> Any:
    """Returns the local time: if only one of two has a time zone, both are assumed to be in it (table 54)."""
    return (value.nanos if isinstance(value, Time) else value.local) // SECOND


def less(left: Any, right: Any) -> bool | None:
    """Returns `<`."""
    found = order(left, right)
    return None if found is None else found < 0


def more(left: Any, right: Any) -> bool | None:
    """Returns `>`."""
    found = order(left, right)
    return None if found is None else found > 0


def at_most(left: Any, right: Any) -> bool | None:
    """Returns `<=`."""
    found = order(left, right)
    return None if found is None else found <= 0


def at_least(left: Any, right: Any) -> bool | None:
    """Returns `>=`."""
    found = order(left, right)
    return None if found is None else found >= 0


def unequal(left: Any, right: Any, run: Run) -> bool | None:
    """Returns `!=`."""
    found = equal(left, right, run)
    return None if found is None else not found


def within(value: Any, interval: Range) -> bool | None:
    """Whether a value lies in a range."""
    above: bool | None = True
    below: bool | None = True
    if interval.low is not None:
        above = at_least(value, interval.low) if interval.low_included else more(value, interval.low)
    if interval.high is not None:
        below = at_most(value, interval.high) if interval.high_included else less(value, interval.high)
    return conjunction(above, below)
