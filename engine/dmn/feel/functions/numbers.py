"""Functions of numbers (DMN 1.5 tables 74 and 76)."""

import re
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from engine.dmn.feel.frames import COSTLY, Run
from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.moments import Days, Months
from engine.dmn.feel.values import ARITHMETIC, number

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MIN_SCALE, _MAX_SCALE = -6111, 6176  # of decimal128


@built_in("number", "from: string", "from: string, grouping separator: string?, decimal separator: string?")
def to_number(text: str, grouping: str | None = None, point: str | None = None) -> Decimal | None:
    """Parses a number from a text."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", "."):
        return None
    if grouping is not None and grouping == point:
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        text = text.replace(".", "_").replace(",", ".")
    return ARITHMETIC.create_decimal(text) if _NUMBER.fullmatch(text) else None


def _rounded(value: Decimal, scale: Decimal | None, rounding: str) -> Decimal | None:
    places = int(scale) if scale is not None else 0
    if not _MIN_SCALE <= places <= _MAX_SCALE:
        return None
    digits = value.adjusted() + places + 1
    if digits > ARITHMETIC.prec:
        return value  # more places than it has digits
    with_places = value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=_WIDE)
    return ARITHMETIC.plus(with_places)


_WIDE = ARITHMETIC.copy()
_WIDE.prec = 2 * ARITHMETIC.prec + 2


@built_in("decimal", "n: number, scale: number")
def decimal(value: Decimal, scale: Decimal) -> Decimal | None:
    """Rounds to a scale, halves to the even neighbour."""
    return _rounded(value, scale, ROUND_HALF_EVEN)


@built_in("floor", "n: number", "n: number, scale: number")
def floor(value: Decimal, scale: Decimal | None = None) -> Decimal | None:
    """Rounds down."""
    return _rounded(value, scale, ROUND_FLOOR)


@built_in("ceiling", "n: number", "n: number, scale: number")
def ceiling(value: Decimal, scale: Decimal | None = None) -> Decimal | None:
    """Rounds up."""
    return _rounded(value, scale, ROUND_CEILING)


@built_in("round up", "n: number, scale: number")
def round_up(value: Decimal, scale: Decimal) -> Decimal | None:
    """Rounds away from zero."""
    return _rounded(value, scale, ROUND_UP)


@built_in("round down", "n: number, scale: number")
def round_down(value: Decimal, scale: Decimal) -> Decimal | None:
    """Rounds towards zero."""
    return _rounded(value, scale, ROUND_DOWN)


@built_in("round half up", "n: number, scale: number")
def round_half_up(value: Decimal, scale: Decimal) -> Decimal | None:
    """Rounds to the nearest, halves away from zero."""
    return _rounded(value, scale, ROUND_HALF_UP)


@built_in("round half down", "n: number, scale: number")
def round_half_down(value: Decimal, scale: Decimal) -> Decimal | None:
    """Rounds to the nearest, halves towards zero."""
    return _rounded(value, scale, ROUND_HALF_DOWN)


@built_in("abs", "n: Any")
def absolute(value: Any) -> Any:
    """Returns the absolute value of a number or duration."""
    match value:
        case Decimal():
            return ARITHMETIC.abs(value)
        case Months():
            return Months(abs(value.count))
        case Days():
            return Days(abs(value.nanos))
    return None


@built_in("modulo", "dividend: number, divisor: number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Returns the remainder, with the sign of the divisor."""
    quotient = ARITHMETIC.divide(dividend, divisor).to_integral_value(rounding=ROUND_FLOOR)
    return ARITHMETIC.subtract(dividend, ARITHMETIC.multiply(divisor, quotient))


@built_in("sqrt", "number: number")
def square_root(value: Decimal) -> Decimal:
    """Returns the square root."""
    return ARITHMETIC.sqrt(value)


@built_in("log", "number: number", with_run=True)
def logarithm(run: Run, value: Decimal) -> Decimal | None:
    """Returns the natural logarithm."""
    run.spend(COSTLY)
    return ARITHMETIC.ln(value) if value > 0 else None


@built_in("exp", "number: number", with_run=True)
def exponential(run: Run, value: Decimal) -> Decimal:
    """Returns Euler's number raised to a power."""
    run.spend(COSTLY)
    return ARITHMETIC.exp(value)


@built_in("odd", "number: number")
def odd(value: Decimal) -> bool:
    """Whether a number is odd."""
    return bool(modulo(value, number(2)) == 1)


@built_in("even", "number: number")
def even(value: Decimal) -> bool:
    """Whether a number is even."""
    return bool(modulo(value, number(2)) == 0)


@built_in("not", "negand: Any?")
def negated(value: Any) -> bool | None:
    """Returns the logical negation."""
    return not value if isinstance(value, bool) else None
