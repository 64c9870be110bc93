"""Reads and writes dates, times, durations and all other values (DMN 1.5 §10.3.2.3, §10.3.4.1)."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.dmn.feel.moments import (
    DAY,
    SECOND,
    Date,
    DateTime,
    Days,
    Months,
    Time,
    date,
    days,
    from_ordinal,
    is_zone,
    months,
)
from engine.dmn.feel.types import Function
from engine.dmn.feel.values import Range

_DATE = re.compile(r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z][\w+/-]*))?",
    re.ASCII,
)
_MONTHS = re.compile(r"(-)?P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?", re.ASCII)
_DAYS = re.compile(
    r"(-)?P(?=\d|T\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?", re.ASCII
)
_MIDNIGHT = "24:00:00"
_LONGEST = 60  # characters of a duration; longer ones are invalid
_MAX_OFFSET = 18 * 3600


def read_date(text: str) -> Date | None:
    """Parses `2026-11-25`; None if it isn't a date."""
    match = _DATE.fullmatch(text)
    return date(int(match[1]), int(match[2]), int(match[3])) if match else None


def read_time(text: str) -> Time | None:
    """Parses `11:00:00.5`, `11:00:00Z`, `11:00:00+03:30` or `11:00:00@Asia/Tehran`."""
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3]) > 59:
        return None
    nanos = ((int(match[1]) * 60 + int(match[2])) * 60 + int(match[3])) * SECOND + _fraction(match[4])
    if match[10]:
        return Time(nanos, None, match[10]) if is_zone(match[10]) else None
    if match[5]:
        return Time(nanos, 0)
    if not match[6]:
        return Time(nanos)
    offset = (int(match[7]) * 60 + int(match[8])) * 60 + int(match[9] or 0)
    if offset > _MAX_OFFSET or int(match[8]) > 59:
        return None
    return Time(nanos, -offset if match[6] == "-" else offset)


def read_date_time(text: str) -> DateTime | None:
    """Parses a date, `T` and a time; a date alone means midnight."""
    day, mark, rest = text.partition("T")
    of_day = read_time(rest) if mark else Time(0)
    on = read_date(day)
    if on and rest.startswith(_MIDNIGHT):  # the end of a day is the start of the next
        on, of_day = from_ordinal(on.ordinal + 1), read_time(rest.replace(_MIDNIGHT, "00:00:00", 1))
    return DateTime(on, of_day) if on and of_day else None


def read_duration(text: str) -> Months | Days | None:
    """Parses `P1Y2M` or `P1DT2H3M4.5S`."""
    if len(text) > _LONGEST:
        return None
    if match := _MONTHS.fullmatch(text):
        count = int(match[2] or 0) * 12 + int(match[3] or 0)
        return months(-count if match[1] else count)
    if match := _DAYS.fullmatch(text):
        minutes = (int(match[2] or 0) * 24 + int(match[3] or 0)) * 60 + int(match[4] or 0)
        nanos = (minutes * 60 + int(match[5] or 0)) * SECOND + _fraction(match[6])
        return days(-nanos if match[1] else nanos)
    return None


def read_moment(text: str) -> Date | Time | DateTime | Months | Days | None:
    """Parses the content of `@"…"`."""
    readers = (read_date, read_time, read_date_time, read_duration)
    return next((value for reader in readers if (value := reader(text)) is not None), None)


def _fraction(digits: str | None) -> int:
    return int((digits or "")[:9].ljust(9, "0"))


def write(value: Any) -> str:
    """Formats a value as the function `string` does; inside of lists and contexts as a literal."""
    return value if isinstance(value, str) else _inside(value)


def _inside(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    return write_moment(value) if writer is None else writer(value)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _context(value: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_inside(item)}" for name, item in value.items()) + "}"


def _function(value: Function) -> str:
    return "function(" + ", ".join(parameter.name for parameter in value.ways[0]) + ")"


def described(value: Function) -> str:
    """Formats a function for messages."""
    return repr(value.name) if value.name else "The function"


def write_number(value: Decimal) -> str:
    """Formats a number without an exponent and without trailing zeros."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def write_range(value: Range) -> str:
    """Formats a range with its inclusive or exclusive ends; missing ends are null."""
    begin, end = "(["[value.low_included], ")]"[value.high_included]
    return f"{begin}{_inside(value.low)}..{_inside(value.high)}{end}"


def write_moment(value: Any) -> str:
    """Formats as in ISO 8601, with a zone's name after an @."""
    match value:
        case Date():
            sign = "-" if value.year < 0 else ""
            return f"{sign}{abs(value.year):04}-{value.month:02}-{value.day:02}"
        case Time():
            return _time(value)
        case DateTime():
            return f"{write_moment(value.date)}T{_time(value.time)}"
        case Months():
            return _months(value.count)
        case Days():
            return _days(value.nanos)
    raise TypeError(f"{type(value).__name__} is no value of FEEL")


def _time(value: Time) -> str:
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}{_decimals(value.nanos % SECOND)}"
    if value.zone is not None:
        return f"{text}@{value.zone}"
    if value.offset is None:
        return text
    if value.offset == 0:
        return f"{text}Z"
    minutes, seconds = divmod(abs(value.offset), 60)
    tail = f":{seconds:02}" if seconds else ""
    return f"{text}{'-' if value.offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{tail}"


def _months(count: int) -> str:
    years, months = divmod(abs(count), 12)
    parts = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return f"{'-' if count < 0 else ''}P{parts}"


def _days(nanos: int) -> str:
    days, rest = divmod(abs(nanos), DAY)
    seconds, fraction = divmod(rest, SECOND)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    parts += f"{seconds}{_decimals(fraction)}S" if seconds or fraction else ""
    text = (f"{days}D" if days else "") + (f"T{parts}" if parts else "")
    return f"{'-' if nanos < 0 else ''}P{text or 'T0S'}"


def _decimals(nanos: int) -> str:
    return f".{nanos:09}".rstrip("0") if nanos else ""


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    Decimal: write_number,
    str: _quoted,
    list: lambda value: "[" + ", ".join(map(_inside, value)) + "]",
    dict: _context,
    Range: write_range,
    Function: _function,
}
