"""Dates, times and durations of FEEL (DMN 1.5 §10.3.2.3): years to 999,999,999, nanoseconds, time zones.

Python's own types are limited to the years 1 to 9999 and microseconds, and have no times with a named zone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

MAX_YEAR = 999_999_999
SECOND = 1_000_000_000  # in nanoseconds
DAY_SECONDS = 86_400
DAY = DAY_SECONDS * SECOND
LONGEST = 10**34  # months or nanoseconds of a duration: the limit of exact numbers
_CYCLE = 400  # years after which the calendar repeats
_CYCLE_DAYS = 146_097
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Months:
    """A years and months duration."""

    count: int


@dataclass(frozen=True, slots=True)
class Days:
    """A days and time duration, in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar."""

    year: int
    month: int
    day: int

    @property
    def ordinal(self) -> int:
        """Returns the days since 1970-01-01."""
        return ordinal(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """Returns 1 for Monday to 7 for Sunday."""
        return (self.ordinal + 3) % 7 + 1


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in nanoseconds, with a UTC offset in seconds, a zone's name, or neither."""

    nanos: int
    offset: int | None = None
    zone: str | None = None

    @property
    def hour(self) -> int:
        """Returns 0 to 23."""
        return self.nanos // (3600 * SECOND)

    @property
    def minute(self) -> int:
        """Returns 0 to 59."""
        return self.nanos // (60 * SECOND) % 60

    @property
    def second(self) -> int:
        """Returns 0 to 59, without its fraction."""
        return self.nanos // SECOND % 60

    @property
    def placed(self) -> bool:
        """Whether its UTC offset is known."""
        return self.offset is not None or self.zone is not None


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and a time."""

    date: Date
    time: Time

    @property
    def offset(self) -> int | None:
        """Returns the UTC offset in seconds; for a named zone, at that instant."""
        if self.time.zone is None:
            return self.time.offset
        return zone_offset(self.time.zone, self.date, self.time.nanos)

    @property
    def local(self) -> int:
        """Returns the nanoseconds since 1970-01-01T00:00:00 in local time."""
        return self.date.ordinal * DAY + self.time.nanos

    @property
    def instant(self) -> int:
        """Returns the same in UTC; without a time zone, UTC is assumed."""
        return self.local - (self.offset or 0) * SECOND


def month_length(year: int, month: int) -> int:
    """Returns the number of days in a month."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


def date(year: int, month: int, day: int) -> Date | None:
    """Returns the day, if it exists."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        return None
    return Date(year, month, day)


def ordinal(year: int, month: int, day: int) -> int:
    """Returns the days since 1970-01-01; counts in years that start in March, so that leap days are last."""
    year -= month <= 2
    cycle, of_cycle = divmod(year, _CYCLE)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return cycle * _CYCLE_DAYS + of_cycle * 365 + of_cycle // 4 - of_cycle // 100 + of_year - 719_468


def from_ordinal(days: int) -> Date | None:
    """Returns the day a number of days after 1970-01-01, unless it exceeds all years."""
    cycle, of_cycle = divmod(days + 719_468, _CYCLE_DAYS)
    year = (of_cycle - of_cycle // 1460 + of_cycle // 36_524 - of_cycle // 146_096) // 365
    of_year = of_cycle - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return date(year + cycle * _CYCLE + (month <= 2), month, day)


def from_local(nanos: int, offset: int | None, zone: str | None) -> DateTime | None:
    """Returns the date and time with this local time in nanoseconds since 1970."""
    days, of_day = divmod(nanos, DAY)
    day = from_ordinal(days)
    return None if day is None else DateTime(day, Time(of_day, offset, zone))


def months(count: int) -> Months | None:
    """Returns a duration of months, unless it exceeds the limit."""
    return Months(count) if abs(count) <= LONGEST else None


def days(nanos: int) -> Days | None:
    """Returns a duration of nanoseconds, unless it exceeds the limit."""
    return Days(nanos) if abs(nanos) <= LONGEST else None


def from_instant(nanos: int, zone: str) -> DateTime | None:
    """Returns the local time of a zone for an instant in nanoseconds since 1970 in UTC."""
    utc = from_local(nanos, 0, None)
    if utc is None:
        return None
    offset = (_placed(utc.date, UTC, utc.time.nanos).astimezone(ZoneInfo(zone))).utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    return from_local(nanos + seconds * SECOND, None, zone)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether a time zone has that name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, an invalid name, or a folder of zones
        return False
    return True


def zone_offset(zone: str, day: Date, nanos: int) -> int:
    """Returns a zone's UTC offset in seconds at a local time; beyond Python's years, of an equal year."""
    offset = _placed(day, ZoneInfo(zone), nanos).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _placed(day: Date, zone: tzinfo, nanos: int) -> datetime:
    year = day.year if 1 < day.year < 9999 else 2000 + day.year % _CYCLE
    return datetime(year, day.month, day.day, tzinfo=zone) + timedelta(seconds=nanos // SECOND)


def from_python(moment: datetime) -> DateTime:
    """Converts an instant of Python in local time, with its UTC offset if it has one."""
    nanos = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * SECOND + moment.microsecond * 1000
    offset = moment.utcoffset()
    seconds = None if offset is None else int(offset.total_seconds())
    return DateTime(Date(moment.year, moment.month, moment.day), Time(nanos, seconds))


def add_months(day: Date, months: int) -> Date | None:
    """Returns the same day of another month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if abs(year) > MAX_YEAR:
        return None
    return Date(year, month + 1, min(day.day, month_length(year, month + 1)))
