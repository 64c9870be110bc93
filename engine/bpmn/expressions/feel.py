"""FEEL in diagrams: expressions after an equals sign, evaluated over case data (DMN 10.3).

Numbers are exact in FEEL, and become plain numbers in a case wherever that loses nothing.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.dmn import (
    ARITHMETIC,
    SECOND,
    Date,
    DateTime,
    Days,
    Expression,
    Months,
    Range,
    Run,
    Time,
    TooMuch,
    Unreadable,
    from_python,
    normalized,
    rounded,
    write_feel,
)
from engine.platform import apart
from engine.platform.budget import remembered

MARK = "="  # before an expression in FEEL
_MICROSECOND = 1000  # in nanoseconds


class Unfit(Exception):
    """Raised for an expression that can't be evaluated, or a value that the other side can't represent."""


# Expressions


def is_feel(text: str) -> bool:
    """Whether an expression is marked as FEEL."""
    return text.lstrip().startswith(MARK) and not text.lstrip().startswith("==")


@remembered(2048)
def expression(text: str) -> Expression:
    """Parses a marked text. Raises Unreadable."""
    return Expression(text.strip().removeprefix(MARK))


def evaluate(text: str, data: Mapping[str, Any], now: datetime) -> Any:
    """Returns the value of a marked text over data. Raises Unfit."""
    try:
        code = expression(text)
        given = {name: as_feel(data[name]) for name in code.names & data.keys()}
        return apart.run(lambda until: as_data(code(given, Run(now=now, until=until))), (TooMuch, Unfit))
    except (Unreadable, TooMuch) as error:
        raise Unfit(f"FEEL: {error}") from error


# Values


def as_feel(value: Any) -> Any:
    """Converts a value of case data to FEEL."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        return _exact(value)
    if isinstance(value, list):
        return [as_feel(item) for item in value]
    if isinstance(value, Mapping):
        return {normalized(name): as_feel(item) for name, item in value.items()}
    return _moment(value)


def _exact(value: float | Decimal) -> Decimal:
    found = rounded(value)
    if found is None:
        raise Unfit("a number is larger than any of FEEL")
    return found


def _moment(value: Any) -> Any:
    match value:
        case datetime():
            return from_python(value)
        case date():
            return Date(value.year, value.month, value.day)
        case time():
            offset = value.utcoffset()
            return Time(_nanos(value), None if offset is None else int(offset.total_seconds()))
        case timedelta():
            micros = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
            return Days(micros * _MICROSECOND)
    raise Unfit(f"a {type(value).__name__} is no value of FEEL")


def _nanos(value: time) -> int:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * SECOND + value.microsecond * _MICROSECOND


def as_data(value: Any, run: Run | None = None) -> Any:
    """Converts a value of FEEL to case data; instants that Python can't represent, and months, become texts.

    Values may share parts, data may not: their total size is counted, in a new run unless one is passed.
    Raises Unfit and TooMuch.
    """
    try:
        (run or Run()).weigh(value)
        return _as_data(value)
    except RecursionError:
        raise TooMuch("The value is nested too deeply.") from None


def _as_data(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_data(item) for name, item in value.items()}
    return _single(value)


def _single(value: Any) -> Any:
    match value:
        case Decimal():
            return _number(value)
        case Days():
            return _timedelta(value)
        case Date() | Time() | DateTime():
            return _of_python(value)
        case Months() | Range():
            return write_feel(value)
    raise Unfit("a function cannot be kept with a case")


def _number(value: Decimal) -> int | float | Decimal:
    """Returns the number as a type of case data, if that is the same number."""
    if value == value.to_integral_value() and -(2**63) <= value < 2**63:
        return int(value)
    return float(value) if ARITHMETIC.create_decimal(repr(float(value))) == value else value


def _timedelta(value: Days) -> timedelta | str:
    try:
        found = timedelta(microseconds=value.nanos // _MICROSECOND)
    except OverflowError:
        return write_feel(value)
    return write_feel(value) if value.nanos % _MICROSECOND else found


def _of_python(value: Date | Time | DateTime) -> Any:
    text = write_feel(value)
    if not isinstance(value, Date) and _fine(value):
        return text
    kind: Any = {Date: date, Time: time, DateTime: datetime}[type(value)]
    moment = value if isinstance(value, DateTime) else None
    if moment is not None and moment.time.zone is not None and moment.offset is not None:
        placed = DateTime(moment.date, Time(moment.time.nanos, moment.offset))
        text = write_feel(placed)
    try:
        return kind.fromisoformat(text)
    except ValueError:
        return text


def _fine(value: Time | DateTime) -> bool:
    """Whether a time is more precise than Python can represent."""
    nanos = value.nanos if isinstance(value, Time) else value.time.nanos
    return nanos % _MICROSECOND > 0
