"""The Jalali (solar Hijri) calendar: additional functions for FEEL, whose dates stay Gregorian."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from persiantools.jdatetime import JalaliDate

from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.moments import Date, DateTime
from engine.dmn.feel.values import number
from engine.platform import persian

YEARS = range(1, 3001)  # whose leap years are known
_MONTHS = 12
_WRITTEN = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})", re.ASCII)


def read(text: str) -> Date | None:
    """Parses `1405-01-01` or `1405/1/1`, in ASCII, Persian or Arabic digits."""
    match = _WRITTEN.fullmatch(persian.digits(text).strip())
    return None if match is None else _day(int(match[1]), int(match[3]), int(match[4]))


def _day(year: int, month: int, day: int) -> Date | None:
    if year not in YEARS or not JalaliDate.check_date(year, month, day):
        return None
    found = JalaliDate(year, month, day).to_gregorian()
    return Date(found.year, found.month, found.day)


def _of(value: Any) -> JalaliDate | None:
    """Returns the Jalali day of a date, or of a date and time."""
    day = value.date if isinstance(value, DateTime) else value
    if not isinstance(day, Date) or not 622 <= day.year <= YEARS[-1] + 621:
        return None
    try:
        found = JalaliDate.to_jalali(date(day.year, day.month, day.day))
    except ValueError:  # before the first day of the first year
        return None
    return found if found.year in YEARS else None


def _whole(value: Decimal) -> int | None:
    return int(value) if value == value.to_integral_value() and abs(value) <= YEARS[-1] * _MONTHS else None


@built_in("jalali", "from: string")
def jalali(text: str) -> Date | None:
    """Parses a date in the Jalali calendar."""
    return read(text)


@built_in("jalali date", "year: number, month: number, day: number")
def jalali_date(year: Decimal, month: Decimal, day: Decimal) -> Date | None:
    """Creates a date from a Jalali year, month and day."""
    parts = [whole for part in (year, month, day) if (whole := _whole(part)) is not None]
    return _day(*parts) if len(parts) == 3 else None


@built_in("jalali string", "date: Any")
def jalali_string(value: Any) -> str | None:
    """Formats a date as in the Jalali calendar: 1405/01/01."""
    day = _of(value)
    return None if day is None else f"{day.year:04}/{day.month:02}/{day.day:02}"


@built_in("jalali year", "date: Any")
def jalali_year(value: Any) -> Decimal | None:
    """Returns the Jalali year."""
    day = _of(value)
    return None if day is None else number(day.year)


@built_in("jalali month", "date: Any")
def jalali_month(value: Any) -> Decimal | None:
    """Returns the Jalali month, from 1."""
    day = _of(value)
    return None if day is None else number(day.month)


@built_in("jalali day", "date: Any")
def jalali_day(value: Any) -> Decimal | None:
    """Returns the day of the Jalali month, from 1."""
    day = _of(value)
    return None if day is None else number(day.day)


@built_in("jalali month end", "date: Any")
def jalali_month_end(value: Any) -> Date | None:
    """Returns the last day of the Jalali month."""
    day = _of(value)
    return None if day is None else _day(day.year, day.month, JalaliDate.days_in_month(day.month, day.year))


@built_in("jalali add months", "date: Any, months: number")
def jalali_add_months(value: Any, months: Decimal) -> Date | None:
    """Returns the same day a number of Jalali months later, or the last day of that month."""
    day, count = _of(value), _whole(months)
    if day is None or count is None:
        return None
    year, month = divmod(day.year * _MONTHS + day.month - 1 + count, _MONTHS)
    if year not in YEARS:
        return None
    return _day(year, month + 1, min(day.day, JalaliDate.days_in_month(month + 1, year)))


@built_in("jalali months between", "from: Any, to: Any")
def jalali_months_between(first: Any, last: Any) -> Decimal | None:
    """Returns the whole Jalali months between two days; negative if the second is earlier."""
    begin, end = _of(first), _of(last)
    if begin is None or end is None:
        return None
    months = (end.year - begin.year) * _MONTHS + end.month - begin.month
    if months > 0 and end.day < begin.day:
        months -= 1
    elif months < 0 and end.day > begin.day:
        months += 1
    return number(months)
