"""Operations on plain values whose results are bounded, and equal to those of the sandbox.

A plain value is None, a boolean, a whole number of 64 bits, a finite float, a Decimal of 28 digits with an
exponent of at most 100, a text of 64 kB, a date, a time without zone, a datetime without zone or with a fixed
offset, or a timedelta. Only combinations of types for which the sandbox is known to have the same result are
listed here: tests compare all of them.
"""

import decimal
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import product
from math import isfinite
from types import NoneType
from typing import Any

Operation = Callable[[Any, Any], Any]
Table = Mapping[tuple[type, type], Operation]

MAX_TEXT = 64 << 10  # bytes in UTF-8
MAX_DIGITS = 28
MAX_EXPONENT = 100
# Beyond this a whole number may have no equal float, and a quotient depends on how it is rounded.
_EXACT = 2**53

# Never the context of the thread, which other code may change.
_DECIMALS = decimal.Context(
    prec=MAX_DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


class NotPlain(Exception):
    """Raised for a value or an operation that the sandbox must decide on."""


def require_plain(value: Any) -> Any:
    """Returns the value if it is a plain one. Raises NotPlain."""
    is_plain = _PLAIN.get(type(value))
    if is_plain is None or not is_plain(value):
        raise NotPlain
    return value


def is_true(value: Any) -> bool:
    """Whether a plain value counts as true. Raises NotPlain for lists and dictionaries."""
    if type(value) not in _PLAIN:
        raise NotPlain
    return bool(value)


def _always(_: Any) -> bool:
    return True


def _is_bounded(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _is_exact(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return (
        isinstance(exponent, int)  # a letter for NaN and infinity
        and len(digits) <= MAX_DIGITS
        and -MAX_EXPONENT <= exponent <= MAX_EXPONENT
    )


def _is_short(value: str) -> bool:
    if value.isascii():
        return len(value) <= MAX_TEXT
    # A lone surrogate can't be encoded: a ValueError, so not plain.
    return len(value) <= MAX_TEXT and len(value.encode()) <= MAX_TEXT


def _has_no_zone(value: time) -> bool:
    return value.tzinfo is None and not value.fold


def _has_offset(value: datetime) -> bool:
    return (value.tzinfo is None or type(value.tzinfo) is timezone) and not value.fold


_PLAIN: Mapping[type, Callable[[Any], bool]] = {
    NoneType: _always,
    bool: _always,
    int: _is_bounded,
    float: isfinite,
    Decimal: _is_exact,
    str: _is_short,
    date: _always,
    time: _has_no_zone,
    datetime: _has_offset,
    timedelta: _always,
}


def _joined(one: str, other: str) -> str:
    if len(one) + len(other) > MAX_TEXT:
        raise NotPlain
    return one + other


def _quotient(one: int, other: int) -> float:
    if abs(one) > _EXACT or abs(other) > _EXACT:
        raise NotPlain
    return one / other


def _arithmetic(floats: Operation, decimals: Operation, integers: Operation) -> dict[Any, Operation]:
    return {
        (int, int): integers,
        **dict.fromkeys([(float, float), (int, float), (float, int)], floats),
        **dict.fromkeys([(Decimal, Decimal), (int, Decimal), (Decimal, int)], decimals),
    }


ADDED: Table = {
    **_arithmetic(operator.add, _DECIMALS.add, operator.add),
    (str, str): _joined,
    **dict.fromkeys([(date, timedelta), (timedelta, date)], operator.add),
    **dict.fromkeys([(datetime, timedelta), (timedelta, datetime), (timedelta, timedelta)], operator.add),
}
SUBTRACTED: Table = {
    **_arithmetic(operator.sub, _DECIMALS.subtract, operator.sub),
    **dict.fromkeys([(date, date), (date, timedelta), (datetime, datetime)], operator.sub),
    **dict.fromkeys([(datetime, timedelta), (timedelta, timedelta)], operator.sub),
}
MULTIPLIED: Table = _arithmetic(operator.mul, _DECIMALS.multiply, operator.mul)
DIVIDED: Table = _arithmetic(operator.truediv, _DECIMALS.divide, _quotient)

NEGATED: Mapping[type, Callable[[Any], Any]] = {
    int: operator.neg,
    float: operator.neg,
    Decimal: _DECIMALS.minus,
    timedelta: operator.neg,
}

_COMPARABLE = [pair for pair in product(_PLAIN, _PLAIN) if set(pair) != {Decimal, float}]
_ORDERED: list[tuple[type, type]] = [
    *[(int, int), (int, float), (float, int), (float, float)],
    *[(Decimal, Decimal), (Decimal, int), (int, Decimal), (str, str), (time, time)],
    *[(date, date), (datetime, datetime), (timedelta, timedelta)],
]
EQUAL: Table = dict.fromkeys(_COMPARABLE, operator.eq)
DIFFERENT: Table = dict.fromkeys(_COMPARABLE, operator.ne)
LESS: Table = dict.fromkeys(_ORDERED, operator.lt)
AT_MOST: Table = dict.fromkeys(_ORDERED, operator.le)
GREATER: Table = dict.fromkeys(_ORDERED, operator.gt)
AT_LEAST: Table = dict.fromkeys(_ORDERED, operator.ge)
