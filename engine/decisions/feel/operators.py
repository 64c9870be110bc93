"""Logic of three values, comparison and arithmetic (DMN 1.5 §10.3.2.6 to §10.3.2.8). None is "no value"."""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any

from engine.decisions.feel.moments import (
    DAY,
    DAY_SECONDS,
    SECOND,
    Date,
    DateTime,
    Days,
    Months,
    Time,
    add_months,
    from_local,
    from_ordinal,
)
from engine.decisions.feel.values import ARITHMETIC, Function, Range, kind, number

_MIDNIGHT = Time(0, 0)
Operation = Callable[[Any, Any], Any]


def conjunction(left: Any, right: Any) -> bool | None:
    """`and` (table 50): false beats what is unknown."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def disjunction(left: Any, right: Any) -> bool | None:
    """`or`: true beats what is unknown."""
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


# Equality and order


def equal(left: Any, right: Any) -> bool | None:
    """`=` (table 52): values of different types are not comparable, and nothing equals but nothing."""
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    match left:
        case list():
            return _equal_lists(left, right)
        case Mapping():
            if left.keys() != right.keys():
                return False
            return _all(equal(left[name], right[name]) for name in left)
        case Range():
            return _equal_ranges(left, right)
        case Function():
            return left is right
        case Time() | DateTime():
            return _place(left, right) and _key(left) == _key(right)
    return bool(left == right)


def _all(results: Any) -> bool | None:
    found: bool | None = True
    for result in results:
        if result is False:
            return False
        found = None if result is None else found
    return found


def _equal_lists(left: list[Any], right: list[Any]) -> bool | None:
    if len(left) != len(right):
        return False
    return _all(equal(one, other) for one, other in zip(left, right, strict=True))


def _equal_ranges(left: Range, right: Range) -> bool | None:
    if (left.low_included, left.high_included, left.test) != (
        right.low_included,
        right.high_included,
        right.test,
    ):
        return False
    return _all((equal(left.low, right.low), equal(left.high, right.high)))


def _place(left: Time | DateTime, right: Any) -> bool:
    """Whether both know their distance from UTC or neither does."""
    one, other = (value.time if isinstance(value, DateTime) else value for value in (left, right))
    return bool(one.placed == other.placed)


def _key(value: Any) -> Any:
    """By what values of one type are ordered; times to the second, as their properties tell them."""
    match value:
        case Date():
            return value.ordinal
        case Time():
            offset = value.offset if value.zone is None else _zone_offset(value)
            return value.nanos // SECOND - (offset or 0)
        case DateTime():
            return value.instant // SECOND
        case Months():
            return value.count
        case Days():
            return value.nanos
    return value


def _zone_offset(value: Time) -> int:
    """Of a named zone without a day: that of its standard time."""
    return DateTime(Date(1970, 1, 1), value).offset or 0


_ORDERED = (Decimal, str, Date, Time, DateTime, Months, Days)


def order(left: Any, right: Any) -> int | None:
    """Below, at or above 0 as one value is less, equal or more; None where they have no order."""
    if type(left) is Decimal and type(right) is Decimal:
        return (left > right) - (left < right)
    if not isinstance(left, _ORDERED) or type(left) is not type(right):
        return None
    if isinstance(left, Time | DateTime) and not _place(left, right):
        return None
    one, other = _key(left), _key(right)
    return (one > other) - (one < other)


def less(left: Any, right: Any) -> bool | None:
    """`<`."""
    found = order(left, right)
    return None if found is None else found < 0


def more(left: Any, right: Any) -> bool | None:
    """`>`."""
    found = order(left, right)
    return None if found is None else found > 0


def at_most(left: Any, right: Any) -> bool | None:
    """`<=`."""
    found = order(left, right)
    return None if found is None else found <= 0


def at_least(left: Any, right: Any) -> bool | None:
    """`>=`."""
    found = order(left, right)
    return None if found is None else found >= 0


def unequal(left: Any, right: Any) -> bool | None:
    """`!=`."""
    found = equal(left, right)
    return None if found is None else not found


def within(value: Any, interval: Range) -> bool | None:
    """Whether a value lies in a range."""
    above = below = True
    if interval.low is not None:
        above = (at_least if interval.low_included else more)(value, interval.low)  # type: ignore[assignment]
    if interval.high is not None:
        below = (at_most if interval.high_included else less)(value, interval.high)  # type: ignore[assignment]
    return conjunction(above, below)


# Arithmetic


def plus(left: Any, right: Any) -> Any:
    """`+` of numbers, texts, durations, and of a moment and a duration."""
    match left, right:
        case Decimal(), Decimal():
            return ARITHMETIC.add(left, right)
        case str(), str():
            return left + right
        case Months(), Months():
            return Months(left.count + right.count)
        case Days(), Days():
            return Days(left.nanos + right.nanos)
        case ((Months() | Days()), (Date() | Time() | DateTime())):
            return _moved(right, left)
        case ((Date() | Time() | DateTime()), (Months() | Days())):
            return _moved(left, right)
    return None


def minus(left: Any, right: Any) -> Any:
    """`-` of numbers and durations, of a moment and a duration, and between two moments."""
    match left, right:
        case Decimal(), Decimal():
            return ARITHMETIC.subtract(left, right)
        case (_, Months() | Days()):
            return plus(left, negative(right))
        case Time(), Time():
            return _between_times(left, right)
        case ((Date() | DateTime()), (Date() | DateTime())):
            return _between(_as_moment(left), _as_moment(right))
    return None


def negative(value: Any) -> Any:
    """`-x`."""
    match value:
        case Decimal():
            return ARITHMETIC.minus(value)
        case Months():
            return Months(-value.count)
        case Days():
            return Days(-value.nanos)
    return None


def times(left: Any, right: Any) -> Any:
    """`*` of numbers, and of a duration and a number."""
    match left, right:
        case Decimal(), Decimal():
            return ARITHMETIC.multiply(left, right)
        case Decimal(), (Months() | Days()):
            return times(right, left)
        case Months(), Decimal():
            return Months(_whole(left.count * right))
        case Days(), Decimal():
            return Days(_whole(left.nanos * right))
    return None


def divided(left: Any, right: Any) -> Any:
    """`/` of numbers, of a duration by a number, and of two durations of a kind."""
    match left, right:
        case Decimal(), Decimal():
            return ARITHMETIC.divide(left, right)
        case (Months(), Months()):
            return ARITHMETIC.divide(number(left.count), number(right.count))
        case (Days(), Days()):
            return ARITHMETIC.divide(number(left.nanos), number(right.nanos))
        case (Months(), Decimal()) if right:
            return Months(_whole(left.count / right))
        case (Days(), Decimal()) if right:
            return Days(_whole(left.nanos / right))
    return None


def power(left: Any, right: Any) -> Any:
    """`**` of numbers."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return ARITHMETIC.power(left, right)
    return None


def calculated(operation: Operation) -> Operation:
    """The operation, without a value where there is none: a division by zero, a number too large."""

    def guarded(left: Any, right: Any) -> Any:
        try:
            return operation(left, right)
        except DecimalException:
            return None

    return guarded


def _whole(value: Decimal) -> int:
    return int(ARITHMETIC.plus(value))


def _as_moment(value: Date | DateTime) -> DateTime:
    return DateTime(value, _MIDNIGHT) if isinstance(value, Date) else value


def _between(left: DateTime, right: DateTime) -> Days | None:
    return Days(left.instant - right.instant) if _place(left, right) else None


def _between_times(left: Time, right: Time) -> Days | None:
    if not _place(left, right):
        return None
    one, other = (
        time.nanos - ((time.offset if time.zone is None else _zone_offset(time)) or 0) * SECOND
        for time in (left, right)
    )
    return Days(one - other)


def _moved(moment: Date | Time | DateTime, by: Months | Days) -> Any:
    match moment, by:
        case Date(), Months():
            return add_months(moment, by.count)
        case Date(), Days():
            return from_ordinal((moment.ordinal * DAY + by.nanos) // DAY)
        case Time(), Days():
            return Time((moment.nanos + by.nanos) % (DAY_SECONDS * SECOND), moment.offset, moment.zone)
        case DateTime(), Months():
            day = add_months(moment.date, by.count)
            return day and DateTime(day, moment.time)
        case DateTime(), Days():
            return from_local(moment.local + by.nanos, moment.time.offset, moment.time.zone)
    return None


BINARY: Mapping[str, Operation] = {
    "and": conjunction,
    "or": disjunction,
    "=": equal,
    "!=": unequal,
    "<": less,
    "<=": at_most,
    ">": more,
    ">=": at_least,
    "+": calculated(plus),
    "-": calculated(minus),
    "*": calculated(times),
    "/": calculated(divided),
    "**": calculated(power),
}
