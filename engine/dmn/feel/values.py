"""Values of FEEL in Python: None, bool, Decimal, str, list, dict; dates and times; ranges.

Functions are in `types`. Numbers have 34 digits (IEEE 754 decimal128, DMN 1.5 §10.3.2.3.1).
"""

from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any

from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time

ARITHMETIC = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of numbers, texts, dates or times; an end that is None is unlimited."""

    low: Any
    high: Any
    low_included: bool
    high_included: bool
    test: str | None = None  # the operator of the comparison that it was created from, if any


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    Months: "years and months duration",
    Days: "days and time duration",
    Range: "range",
}


def kind(value: Any) -> str:
    """Returns the name of a value's type; any other value is a function."""
    return _KINDS.get(type(value), "function")


def number(value: int) -> Decimal:
    """Converts a whole number, rounded to 34 digits."""
    return ARITHMETIC.create_decimal(value)


def rounded(value: float | Decimal) -> Decimal | None:
    """Converts a number of JSON to 34 digits; None if it is too large, such as an infinite float."""
    try:
        found = ARITHMETIC.create_decimal(repr(value) if isinstance(value, float) else value)
    except DecimalException:
        return None
    return found if found.is_finite() else None
