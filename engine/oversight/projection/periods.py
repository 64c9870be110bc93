"""Periods, by which sums are stored, and months of both calendars, which consist of whole periods."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from persiantools.jdatetime import JalaliDate

from engine.platform.language import Calendar

DAY = timedelta(days=1)


@lru_cache(4096)
def period_of(day: date) -> date:
    """Returns the first day of the period that contains a day: the later of both months' first days."""
    return max(month_of(day, "gregorian"), month_of(day, "jalali"))


@lru_cache(8192)
def month_of(day: date, calendar: Calendar) -> date:
    """Returns the first day of the month that contains a day."""
    if calendar == "gregorian":
        return day.replace(day=1)
    found = JalaliDate(day)
    return day - timedelta(days=found.day - 1)


def month_after(first: date, calendar: Calendar) -> date:
    """Returns the first day of the month after the one that begins with a day."""
    return month_of(first + 31 * DAY, calendar)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def after(self) -> date:
        """The day after the last."""
        return self.last + DAY

    def whole(self, today: date) -> list[date]:
        """Returns the periods that lie in it as a whole.

        That of today has no later days yet, so it is whole if today is in it.
        """
        begin, end = period_of(self.first), period_of(self.after)
        if begin < self.first:
            begin = next_period(begin)
        if self.last >= today:
            end = next_period(period_of(self.last))
        return list(_periods(begin, end))

    def divide(self, today: date) -> tuple[list[date], list["Days"], list["Days"]]:
        """Returns consecutive periods, and the days to add to them and to subtract from them.

        So as to have few such days: a period of which most days are in it is taken as a whole.
        """
        begin, end = period_of(self.first), period_of(self.last)
        after = next_period(end)
        if begin == end and self.last < today:
            return [], [self], []
        added, subtracted = [], []
        if begin < self.first:
            if self.first - begin <= next_period(begin) - self.first or begin == end:
                subtracted.append(Days(begin, self.first - DAY))
            else:
                added.append(Days(self.first, next_period(begin) - DAY))
                begin = next_period(begin)
        if self.after < after and self.last < today:
            if after - self.after <= self.after - end:
                subtracted.append(Days(self.after, after - DAY))
            else:
                added.append(Days(end, self.last))
                after = end
        return list(_periods(begin, after)), added, subtracted

    def months(self, calendar: Calendar) -> list["Days"]:
        """Returns the months, the first and the last perhaps in part."""
        found, first = [], self.first
        while first <= self.last:
            after = month_after(month_of(first, calendar), calendar)
            found.append(Days(first, min(after - DAY, self.last)))
            first = after
        return found


def next_period(period: date) -> date:
    """Returns the first day of the period after one."""
    return min(
        month_after(month_of(period, "gregorian"), "gregorian"),
        month_after(month_of(period, "jalali"), "jalali"),
    )


def _periods(begin: date, end: date) -> Iterator[date]:
    while begin < end:
        yield begin
        begin = next_period(begin)
