"""JUEL's type conversions (JSR-245 EL 2.2, §1.18), and Java's texts of values.

Case values correspond to Java's types: int is Long, float is Double, Decimal is BigDecimal, dates and times
are those of java.time. A value without a correspondence raises Fault and is never replaced by another value.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any

from engine.bpmn.values import MAX_BYTES

EXACT = Context(prec=2_000, Emax=999_999, Emin=-999_999, traps=[Inexact, InvalidOperation, Overflow])
_LONG, _LONGS = 2**63, 2**64
_INT, _INTS = 2**31, 2**32
_LONGEST_NUMBER = 2_000  # characters
_WHOLE = re.compile(r"[+-]?\d+")
_DOUBLE = re.compile(r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?")
_BLANK = "".join(map(chr, range(33)))  # characters that Java trims
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7  # between these limits, Java writes a Double without an exponent


class Fault(Exception):
    """Raised when an expression has no value, with the reason. Never contains the data themselves."""


def kind(value: Any) -> str:
    """Returns the kind of a value, in words."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "a map" if isinstance(value, Mapping) else "a time"


def boolean(value: Any) -> bool:
    """Converts a value to a boolean."""
    if isinstance(value, bool):
        return value
    if value is None or value == "":
        return False
    if isinstance(value, str):
        return value.lower() == "true"
    raise Fault(f"{kind(value)} is neither true nor false")


def wrapped(value: int) -> int:
    """Wraps a whole number to 64 bits without an error, as Java's Long does."""
    return value if -_LONG <= value < _LONG else (value + _LONG) % _LONGS - _LONG


def long(value: Any) -> int:
    """Converts a value to a whole number."""
    if isinstance(value, bool):
        raise Fault("true or false is no number")
    if isinstance(value, int):
        return value
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        return _read_long(value)
    raise Fault(f"{kind(value)} is no whole number")


def _read_long(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or not _WHOLE.fullmatch(text):
        raise Fault("a text that is no whole number stands where one is needed")
    found = int(text)
    if not -_LONG <= found < _LONG:
        raise Fault("a text has a whole number that does not fit in 64 bits")
    return found


def integer(value: Any) -> int:
    """Converts a value to a whole number of 32 bits: a position or a number of characters."""
    if isinstance(value, float | Decimal):
        return _cut(value)
    found = long(value)
    if isinstance(value, str) and not -_INT <= found < _INT:
        raise Fault("a text has a whole number that does not fit in 32 bits")
    return (found + _INT) % _INTS - _INT


def _cut(value: float | Decimal) -> int:
    """Truncates a number to a whole number within 32 bits."""
    if isinstance(value, Decimal):
        if value.adjusted() > _LONGEST_NUMBER:
            raise Fault("a number is too large")
        return (int(value) + _INT) % _INTS - _INT
    if math.isnan(value):
        return 0
    return int(max(-_INT, min(_INT - 1, value)))


def double(value: Any) -> float:
    """Converts a value to a floating-point number."""
    if isinstance(value, bool):
        raise Fault("true or false is no number")
    if isinstance(value, int | float | Decimal):
        return float(value)
    if value is None or value == "":
        return 0.0
    if isinstance(value, str):
        return _read_double(value)
    raise Fault(f"{kind(value)} is no number")


def _read_double(text: str) -> float:
    found = text.strip(_BLANK)
    if len(found) > _LONGEST_NUMBER or not _DOUBLE.fullmatch(found):
        raise Fault("a text that is no number stands where one is needed")
    return float(found.rstrip("fFdD") if found[-1] in "fFdD" else found)


def decimal(value: Any) -> Decimal:
    """Converts a value to an exact number."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        raise Fault("true or false is no number")
    if isinstance(value, int | float):
        number = float(value)
        if not math.isfinite(number):
            raise Fault("an endless number stands where an exact one is needed")
        return Decimal(number) if number else Decimal(0)
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, str):
        if len(value) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(value):
            raise Fault("a text that is no number stands where one is needed")
        return exact(Decimal(value))
    raise Fault(f"{kind(value)} is no number")


def exact(value: Decimal) -> Decimal:
    """Returns an exact number as Java represents it, without negative zero."""
    try:
        return EXACT.plus(value) if value else value.copy_abs()
    except DecimalException:
        raise Fault("a number has too many digits") from None


def text(value: Any) -> str:
    """Converts a value to a text; null is the empty text."""
    if isinstance(value, str):
        return value
    found = "" if value is None else _written(value)
    if len(found) > MAX_BYTES:
        raise Fault(f"a text would be longer than {MAX_BYTES:,} letters")
    return found


def _written(value: Any) -> str:
    for types, write in _WRITERS:
        if isinstance(value, types):
            return write(value)
    raise Fault(f"{kind(value)} has no text here")


def _of_map(value: Mapping[str, Any]) -> str:
    if len(value) > 1:
        raise Fault("a map with several entries has no text: Java knows no order of them")
    return "{" + "".join(f"{name}={_written(part)}" for name, part in value.items()) + "}"


def _of_double(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        found = format(Decimal(repr(value)), "f")
        return found if "." in found else f"{found}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, rest = digits[0], "".join(map(str, digits[1:])) or "0"
    return f"{'-' * sign}{first}.{rest}E{int(exponent) + len(digits) - 1}"


def _of_time(_value: Any) -> str:
    raise Fault("a time has no text: Java writes it in other ways than a case does")


_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, str),
    (type(None), lambda _: "null"),
    (bool, lambda value: "true" if value else "false"),
    (float, _of_double),
    (int | Decimal, str),
    (list, lambda value: f"[{', '.join(map(_written, value))}]"),
    (Mapping, _of_map),
    (datetime | time, _of_time),
    (date, date.isoformat),
)
