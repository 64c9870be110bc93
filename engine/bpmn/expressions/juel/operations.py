"""The operators of JUEL over values of any type (JSR-245 EL 2.2, §1.7-1.9)."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from engine.bpmn.expressions.juel.coercion import (
    EXACT,
    Fault,
    boolean,
    decimal,
    double,
    exact,
    integer,
    kind,
    long,
    text,
    wrapped,
)
from engine.bpmn.values import MAX_BYTES, same

_MOST_DIGITS = 2_000


def _fractional(value: Any) -> bool:
    """Whether a value makes an operation use Doubles; texts do if they have a point or an exponent."""
    if isinstance(value, str):
        return "." in value or "e" in value or "E" in value
    return isinstance(value, float)


def _calculated(name: str, plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    exactly = getattr(EXACT, name)

    def calculate(one: Any, two: Any) -> Any:
        if type(one) is type(two) is int:
            return wrapped(plain(one, two))
        if one is None and two is None:
            return 0
        if isinstance(one, Decimal) or isinstance(two, Decimal):
            try:
                return exact(exactly(decimal(one), decimal(two)))
            except DecimalException:
                raise Fault("a number has too many digits") from None
        if _fractional(one) or _fractional(two):
            return plain(double(one), double(two))
        return wrapped(plain(long(one), long(two)))

    return calculate


add = _calculated("add", operator.add)
subtract = _calculated("subtract", operator.sub)
multiply = _calculated("multiply", operator.mul)


def divide(one: Any, two: Any) -> Any:
    """Divides with a fraction; for exact numbers, the result has as many decimal places as the first."""
    if one is None and two is None:
        return 0
    if isinstance(one, Decimal) or isinstance(two, Decimal):
        return _exact_quotient(decimal(one), decimal(two))
    return _quotient(double(one), double(two))


def _quotient(one: float, two: float) -> float:
    if two:
        return one / two
    if one == 0 or math.isnan(one) or math.isnan(two):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1, two)


def _exact_quotient(one: Decimal, two: Decimal) -> Decimal:
    if not two:
        raise Fault("it divides by zero")
    (sign, digits, scale), (other, others, shift) = one.as_tuple(), two.as_tuple()
    scale, shift = int(scale), int(shift)
    if max(len(digits), len(others), abs(scale), abs(shift)) > _MOST_DIGITS:
        raise Fault("a number has too many digits")
    above, below = int(one.copy_abs().scaleb(-scale, EXACT)), int(two.copy_abs().scaleb(-shift, EXACT))
    above, below = (above * 10**-shift, below) if shift < 0 else (above, below * 10**shift)
    found, rest = divmod(above, below)
    found += 2 * rest >= below
    return exact(Decimal(found if sign == other else -found).scaleb(scale, EXACT))


def remainder(one: Any, two: Any) -> Any:
    """Returns the remainder of a division, with the sign of the first number."""
    if one is None and two is None:
        return 0
    if any(isinstance(value, Decimal) or _fractional(value) for value in (one, two)):
        return _rest(double(one), double(two))
    above, below = long(one), long(two)
    if below == 0:
        raise Fault("it divides by zero")
    found = abs(above) % abs(below)
    return -found if above < 0 else found


def _rest(one: float, two: float) -> float:
    if two == 0 or math.isinf(one) or math.isnan(one) or math.isnan(two):
        return math.nan
    return math.fmod(one, two)


def negate(value: Any) -> Any:
    """Returns the negative of a number."""
    if value is None:
        return 0
    if isinstance(value, Decimal):
        return exact(value.copy_negate())
    if isinstance(value, float) or (isinstance(value, str) and _fractional(value)):
        return -double(value)
    return wrapped(-long(value))


# Comparing


def _comparable(one: Any, two: Any) -> tuple[Any, Any]:
    """Converts two values, neither of them null, to a common type for comparison."""
    if isinstance(one, Decimal) or isinstance(two, Decimal):
        return decimal(one), decimal(two)
    if isinstance(one, float) or isinstance(two, float):
        return double(one), double(two)
    if _whole(one) or _whole(two):
        return long(one), long(two)
    if isinstance(one, str) or isinstance(two, str):
        return _letters(text(one)), _letters(text(two))
    if isinstance(one, bool) and isinstance(two, bool):
        return one, two
    if type(one) is type(two) and isinstance(one, date | time | timedelta):
        return one, two
    raise Fault(f"{kind(one)} and {kind(two)} cannot be compared")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _letters(value: str) -> str | bytes:
    """Returns a text's sort key in Java's order: by its UTF-16."""
    return value.encode("utf-16-be", "surrogatepass")


def _compared(test: Callable[[Any, Any], bool], *, negated: bool, alike: bool) -> Callable[[Any, Any], bool]:
    def compare(one: Any, two: Any) -> bool:
        if type(one) is type(two) is int:
            return test(one, two) is not negated
        if one is two:
            return alike
        if one is None or two is None:
            return False
        try:
            return test(*_comparable(one, two)) is not negated
        except TypeError:
            raise Fault("times with a zone and without one cannot be compared") from None

    return compare


less = _compared(operator.lt, negated=False, alike=False)
greater = _compared(operator.gt, negated=False, alike=False)
at_least = _compared(operator.lt, negated=True, alike=True)
at_most = _compared(operator.gt, negated=True, alike=True)


def equal(one: Any, two: Any) -> bool:
    """Whether two values are equal after conversion to a common type: number, boolean or text."""
    if one is two:
        return True
    if one is None or two is None:
        return False
    if _number(one) or _number(two):
        return _same_numbers(*_comparable(one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return boolean(one) is boolean(two)
    if isinstance(one, str) or isinstance(two, str):
        return text(one) == text(two)
    return _same(one, two)


def _number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _same_numbers(one: Any, two: Any) -> bool:
    """Compares as Java's objects do: 0.0 and -0.0 differ, and NaN equals itself."""
    if isinstance(one, float):
        if math.isnan(one) or math.isnan(two):
            return math.isnan(one) and math.isnan(two)
        return one == two and math.copysign(1, one) == math.copysign(1, two)
    return bool(one == two)


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, datetime) and isinstance(two, datetime):
        return one == two
    return type(one) is type(two) and same(one, two)


def differs(one: Any, two: Any) -> bool:
    """The opposite of `equal`."""
    return not equal(one, two)


def empty(value: Any) -> bool:
    """Whether a value is null, or an empty text, list or map."""
    return value is None or (isinstance(value, str | list | Mapping) and not value)


# Members


def member(base: Any, key: Any) -> Any:
    """Returns the member of a value under a key; None for null, a null key, or a missing member."""
    if base is None or key is None:
        return None
    if isinstance(base, Mapping):
        return base.get(key) if isinstance(key, str) else None
    if isinstance(base, list):
        index = _index(key)
        return base[index] if 0 <= index < len(base) else None
    if isinstance(base, str) and key == "empty":
        return not base
    raise Fault(f"{kind(base)} has no such member")


def _index(key: Any) -> int:
    if isinstance(key, bool):
        return int(key)
    if key == "" or not isinstance(key, int | float | Decimal | str):
        raise Fault(f"{kind(key)} is no position in a list")
    return integer(key)


BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "==": equal,
    "!=": differs,
    "<": less,
    ">": greater,
    "<=": at_most,
    ">=": at_least,
    "+=": lambda one, two: joined((one, two)),
}
UNARY: Mapping[str, Callable[[Any], Any]] = {
    "-": negate,
    "!": lambda value: not boolean(value),
    "empty": empty,
}


def joined(values: Iterable[Any]) -> str:
    """Joins texts."""
    found: list[str] = []
    length = 0
    for value in values:
        found.append(text(value))
        length += len(found[-1])
        if length > MAX_BYTES:
            raise Fault(f"a text would be longer than {MAX_BYTES:,} letters")
    return "".join(found)
