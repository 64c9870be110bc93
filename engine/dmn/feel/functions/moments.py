"""Functions of dates, times and durations (DMN 1.5 tables 74, 79 and 81)."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from engine.dmn.feel import moments
from engine.dmn.feel.comparing import equal
from engine.dmn.feel.frames import Run
from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.moments import SECOND, Date, DateTime, Days, Months, Time
from engine.dmn.feel.notation import read_date, read_date_time, read_duration, read_time
from engine.dmn.feel.values import ARITHMETIC, number

_NAMES_OF_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES_OF_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _whole(value: Decimal) -> int | None:
    return int(value) if value == value.to_integral_value() and abs(value) <= moments.MAX_YEAR else None


@built_in("date", "from: Any", "year: number, month: number, day: number")
def date(first: Any, month: Decimal | None = None, day: Decimal | None = None) -> Date | None:
    """Creates a date from a text, a date and time, or a year, month and day."""
    if month is not None and day is not None:
        parts = [whole for part in (first, month, day) if (whole := _whole(part)) is not None]
        return moments.date(*parts) if len(parts) == 3 else None
    match first:
        case str():
            return read_date(first)
        case DateTime():
            return first.date
        case Date():
            return first
    return None


@built_in(
    "time",
    "from: Any",
    "hour: number, minute: number, second: number, offset?: days and time duration?",
)
def time(
    first: Any, minute: Decimal | None = None, second: Decimal | None = None, offset: Days | None = None
) -> Time | None:
    """Creates a time from a text, a date and time (a date: midnight in UTC), or hour, minute and second."""
    if minute is not None and second is not None:
        return _time(first, minute, second, None if offset is None else offset.nanos // SECOND, None)
    match first:
        case str():
            return read_time(first)
        case DateTime():
            return first.time
        case Date():
            return Time(0, 0)
        case Time():
            return first
    return None


def _time(
    hour: Decimal, minute: Decimal, second: Decimal, offset: int | None, zone: str | None
) -> Time | None:
    at_hour, at_minute = _whole(hour), _whole(minute)
    if at_hour is None or at_minute is None or not (0 <= at_hour < 24 and 0 <= at_minute < 60):
        return None
    if not 0 <= second < 60 or (offset is not None and abs(offset) > 18 * 3600):
        return None
    nanos = int(ARITHMETIC.multiply(second, number(SECOND)).to_integral_value(rounding=ROUND_DOWN))
    return Time((at_hour * 60 + at_minute) * 60 * SECOND + nanos, offset, zone)


_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"


@built_in(
    "date and time",
    "from: Any",
    "date: Any, time: time",
    f"{_PARTS}, offset?: days and time duration?",
    f"{_PARTS}, timezone: string",
)
def date_and_time(*given: Any) -> DateTime | None:
    """Creates a date and time from a text, a date and a time, or all parts."""
    if len(given) > 2:
        return _of_parts(*given)
    if len(given) == 2:
        day = given[0].date if isinstance(given[0], DateTime) else given[0]
        return DateTime(day, given[1]) if isinstance(day, Date) else None
    match given[0]:
        case str():
            return read_date_time(given[0])
        case DateTime():
            return given[0]
        case Date():
            return DateTime(given[0], Time(0, 0))
    return None


def _of_parts(*given: Any) -> DateTime | None:
    place = given[6]
    zone = place if isinstance(place, str) else None
    if zone is not None and not moments.is_zone(zone):
        return None
    hour, minute, second = given[3:6]
    on = date(*given[:3])
    at = _time(hour, minute, second, place.nanos // SECOND if isinstance(place, Days) else None, zone)
    return DateTime(on, at) if on and at else None


@built_in("duration", "from: Any")
def duration(value: Any) -> Months | Days | None:
    """Creates a duration from a text."""
    if isinstance(value, str):
        return read_duration(value)
    return value if isinstance(value, Months | Days) else None


@built_in("years and months duration", "from: Any, to: Any")
def years_and_months_duration(first: Any, last: Any) -> Months | None:
    """Returns the whole months between two dates, or dates and times."""
    days = [value.date if isinstance(value, DateTime) else value for value in (first, last)]
    if not all(isinstance(day, Date) for day in days):
        return None
    begin, end = days
    months = (end.year - begin.year) * 12 + end.month - begin.month
    if months > 0 and end.day < begin.day:
        months -= 1
    elif months < 0 and end.day > begin.day:
        months += 1
    return Months(months)


@built_in("now", "", with_run=True)
def now(run: Run) -> DateTime:
    """Returns the instant of the evaluation, constant during it, in its local time."""
    return moments.from_python(run.now)


@built_in("today", "", with_run=True)
def today(run: Run) -> Date:
    """Returns the local date of the evaluation."""
    return moments.from_python(run.now).date


def _day(value: Any) -> Date | None:
    day = value.date if isinstance(value, DateTime) else value
    return day if isinstance(day, Date) else None


@built_in("day of year", "date: Any")
def day_of_year(value: Any) -> Decimal | None:
    """Returns the day of the year, from 1."""
    day = _day(value)
    return None if day is None else number(day.ordinal - moments.ordinal(day.year, 1, 1) + 1)


@built_in("day of week", "date: Any")
def day_of_week(value: Any) -> str | None:
    """Returns the English name of the weekday."""
    day = _day(value)
    return None if day is None else _NAMES_OF_DAYS[day.weekday - 1]


@built_in("month of year", "date: Any")
def month_of_year(value: Any) -> str | None:
    """Returns the English name of the month."""
    day = _day(value)
    return None if day is None else _NAMES_OF_MONTHS[day.month - 1]


@built_in("week of year", "date: Any")
def week_of_year(value: Any) -> Decimal | None:
    """Returns the week of the year by ISO 8601: week 1 contains the first Thursday."""
    day = _day(value)
    if day is None:
        return None
    thursday = moments.from_ordinal(day.ordinal - day.weekday + 4)
    if thursday is None:
        return None
    return number((thursday.ordinal - moments.ordinal(thursday.year, 1, 1)) // 7 + 1)


@built_in("is", "value1?: Any?, value2?: Any?", with_run=True)
def same(run: Run, one: Any, other: Any) -> bool:
    """Whether two values are identical, including their time zones."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Date | Time | DateTime):
        return bool(one == other)
    return equal(one, other, run) is True
