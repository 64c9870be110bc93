"""Days of a place: when they begin and end on its clock, whatever its zone's offset does.

The days of a zone follow each other without gap or overlap: a day ends when the clock shows its date for the
last time. Clocks may be changed at midnight (Tehran until 2022, Beirut, Havana), twice show the same midnight
(Saint John's until 2011), or skip a whole day (Apia, 30 December 2011).
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


def day_of(instant: datetime, zone: tzinfo) -> date:
    """Returns the day to which an instant belongs."""
    shown = instant.astimezone(zone).date()
    # At a repeated midnight the clock shows the next day's date for a moment, then this one's again.
    return shown - _DAY if instant < end_of_day(shown - _DAY, zone) else shown


@lru_cache(maxsize=8192)
def end_of_day(day: date, zone: tzinfo) -> datetime:
    """Returns the instant at which a day ends, in UTC: 24:00 on its clock, unless it is changed then."""
    return over(day, 24 * 60, zone)


def reached(day: date, minutes: int, zone: tzinfo) -> datetime:
    """Returns the instant at which the clock first shows this time of a day, or skips it. In UTC."""
    return _instants(_wall(day, minutes), zone)[0]


def over(day: date, minutes: int, zone: tzinfo) -> datetime:
    """Returns the instant from which on the clock shows no time before this one of a day. In UTC."""
    wall = _wall(day, minutes)
    first, last = _instants(wall, zone)
    return last if (last - _TICK).astimezone(zone).replace(tzinfo=None) < wall else first


def _wall(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


def _instants(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Returns the first and last instant at which a clock shows a time; if it skips it, when it does so."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    last = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if last >= first:
        return first, last
    # Skipped: the offset before the change puts it too late, the offset after it too early.
    low, high, before = last, first, wall.replace(tzinfo=zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    change = high.replace(microsecond=0)
    return change, change
