"""Office time as a measure: how much of it lies between any two instants, and back, by bisection.

For lists that are sorted by remaining office time, where counting day by day would take too long.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from engine.deadlines.calendar import Calendar

PAST, FUTURE = 400, 800  # days around a month; beyond them, all time counts as office time
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OfficeTime:
    """The office days of some years, in microseconds since 1970.

    `before` and `after` each day is how long the office was open until then.
    """

    opens: Sequence[int]
    closes: Sequence[int]
    before: Sequence[int]
    after: Sequence[int]

    def until(self, instant: datetime) -> int:
        """Returns the office time until an instant: only differences have a meaning. It never decreases."""
        at = (instant - _EPOCH) // _TICK
        place = bisect_right(self.opens, at) - 1
        if place < 0:
            return at - self.opens[0]
        if at > self.closes[-1]:
            return self.after[-1] + at - self.closes[-1]
        return self.before[place] + min(at, self.closes[place]) - self.opens[place]

    def first(self, worked: int) -> datetime:
        """Returns the first instant until which there is so much office time."""
        return self._at(worked, bisect_left(self.after, worked))

    def last(self, worked: int) -> datetime:
        """Returns the last one: the office may be closed after the first."""
        return self._at(worked, bisect_right(self.after, worked))

    def _at(self, worked: int, place: int) -> datetime:
        if place >= len(self.after):
            at = self.closes[-1] + worked - self.after[-1]
        else:
            at = self.opens[place] + worked - self.before[place]
        return _EPOCH + at * _TICK


@lru_cache(maxsize=256)
def office_time(calendar: Calendar, month: date) -> OfficeTime:
    """Returns the office time around a month, given by its first day. Years without holidays have none."""
    lenient = _lenient(calendar)
    opens, closes, before, after = [], [], [], []
    total = 0
    for number in range(-PAST, FUTURE):
        day = lenient.office_day(month + number * _DAY)
        if day is None:
            continue
        opens.append((day.opens - _EPOCH) // _TICK)
        closes.append((day.closes - _EPOCH) // _TICK)
        before.append(total)
        total += closes[-1] - opens[-1]
        after.append(total)
    return OfficeTime(opens, closes, before, after)


def _lenient(calendar: Calendar) -> Calendar:
    """Returns a calendar that doesn't ask for the holidays of any year."""
    if calendar.followed_by is None:
        return replace(calendar, years=None)
    since, later = calendar.followed_by
    return replace(calendar, years=None, followed_by=(since, _lenient(later)))
