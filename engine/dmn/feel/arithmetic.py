"""Arithmetic of numbers, durations, dates and times (DMN 1.5 §10.3.2.8, tables 55 to 59).

None means that there is no value.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any

from engine.dmn.feel.comparing import alike_placed, standard_offset
from engine.dmn.feel.moments import (
    DAY,
    LONGEST,
    SECOND,
    Date,
    DateTime,
    Days,
    Months,
    Time,
    add_months,
    days,
    from_instant,
    from_local,
    from_ordinal,
    months,
)
from engine.dmn.feel.values import ARITHMETIC, number

Operation = Callable[[Any, Any], Any]
_MIDNIGHT = Time(0, 0)


def negative(value: Any) -> Any:
    """Returns `-x`."""
    match value:
        case Decimal():
            return ARITHMETIC.minus(value)
        case Months():
            return Months(-value.count)
        case Days():
            return Days(-value.nanos)
    return None


def _times(count: int, factor: Decimal) -> int:
    """Multiplies a whole number of months or nanoseconds, truncated; exceeds all durations if too large."""
    return _cut(ARITHMETIC.multiply(number(count), factor))


def _through(count: int, divisor: Decimal) -> int:
    return _cut(ARITHMETIC.divide(number(count), divisor))


def _cut(value: Decimal) -> int:
    return int(value) if abs(value) <= LONGEST else LONGEST + 1


# Dates, times and durations


def _date_and_days(day: Date, by: Days) -> Date | None:
    return from_ordinal((day.ordinal * DAY + by.nanos) // DAY)


def _time_and_days(time: Time, by: Days) -> Time:
    return Time((time.nanos + by.nanos) % DAY, time.offset, time.zone)


def _moment_and_months(moment: DateTime, by: Months) -> DateTime | None:
    day = add_months(moment.date, by.count)
    return None if day is None else DateTime(day, moment.time)


def _moment_and_days(moment: DateTime, by: Days) -> DateTime | None:
    """Returns the date and time after a duration, in local time: the UTC offset may change in between."""
    if moment.time.zone is not None:
        return from_instant(moment.instant + by.nanos, moment.time.zone)
    return from_local(moment.local + by.nanos, moment.time.offset, moment.time.zone)


def _between(left: Date | DateTime, right: Date | DateTime) -> Days | None:
    one, other = (DateTime(value, _MIDNIGHT) if isinstance(value, Date) else value for value in (left, right))
    return days(one.instant - other.instant) if alike_placed(one, other) else None


def _between_times(left: Time, right: Time) -> Days | None:
    if not alike_placed(left, right):
        return None
    one, other = (
        time.nanos - ((time.offset if time.zone is None else standard_offset(time)) or 0) * SECOND
        for time in (left, right)
    )
    return Days(one - other)


def _turned(operation: Operation) -> Operation:
    return lambda left, right: operation(right, left)


def _less(operation: Operation) -> Operation:
    return lambda left, right: operation(left, negative(right))


# The implementation of each operation, by the types of both operands.

_MOVED: Mapping[tuple[type, type], Operation] = {
    (Date, Months): lambda day, by: add_months(day, by.count),
    (Date, Days): _date_and_days,
    (Time, Days): _time_and_days,
    (DateTime, Months): _moment_and_months,
    (DateTime, Days): _moment_and_days,
}
_PLUS: Mapping[tuple[type, type], Operation] = {
    (Decimal, Decimal): ARITHMETIC.add,
    (str, str): lambda left, right: left + right,
    (Months, Months): lambda left, right: months(left.count + right.count),
    (Days, Days): lambda left, right: days(left.nanos + right.nanos),
    **_MOVED,
    **{(by, moment): _turned(move) for (moment, by), move in _MOVED.items()},
}
_MINUS: Mapping[tuple[type, type], Operation] = {
    (Decimal, Decimal): ARITHMETIC.subtract,
    (Months, Months): lambda left, right: months(left.count - right.count),
    (Days, Days): lambda left, right: days(left.nanos - right.nanos),
    (Time, Time): _between_times,
    **{(one, other): _between for one in (Date, DateTime) for other in (Date, DateTime)},
    **{types: _less(move) for types, move in _MOVED.items()},
}
_TIMES: Mapping[tuple[type, type], Operation] = {
    (Decimal, Decimal): ARITHMETIC.multiply,
    (Months, Decimal): lambda by, factor: months(_times(by.count, factor)),
    (Days, Decimal): lambda by, factor: days(_times(by.nanos, factor)),
    (Decimal, Months): lambda factor, by: months(_times(by.count, factor)),
    (Decimal, Days): lambda factor, by: days(_times(by.nanos, factor)),
}
_DIVIDED: Mapping[tuple[type, type], Operation] = {
    (Decimal, Decimal): ARITHMETIC.divide,
    (Months, Months): lambda left, right: ARITHMETIC.divide(number(left.count), number(right.count)),
    (Days, Days): lambda left, right: ARITHMETIC.divide(number(left.nanos), number(right.nanos)),
    (Months, Decimal): lambda by, divisor: months(_through(by.count, divisor)),
    (Days, Decimal): lambda by, divisor: days(_through(by.nanos, divisor)),
}
_POWER: Mapping[tuple[type, type], Operation] = {(Decimal, Decimal): ARITHMETIC.power}


def _by_types(operations: Mapping[tuple[type, type], Operation]) -> Operation:
    """Combines implementations to one operation.

    It has no value for other types, division by zero and results that are too large.
    """

    def operate(left: Any, right: Any) -> Any:
        operation = operations.get((type(left), type(right)))
        try:
            return None if operation is None else operation(left, right)
        except DecimalException:
            return None

    return operate


plus = _by_types(_PLUS)
minus = _by_types(_MINUS)
times = _by_types(_TIMES)
divided = _by_types(_DIVIDED)
power = _by_types(_POWER)

_OPERATIONS = {"+": _PLUS, "-": _MINUS, "*": _TIMES, "/": _DIVIDED, "**": _POWER}


def is_defined(sign: str, left: Any, right: Any) -> bool:
    """Whether the operation is defined for values of these types."""
    return (type(left), type(right)) in _OPERATIONS.get(sign, {})
