"""Months that are published: their names in addresses, and when they are due."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from persiantools.jdatetime import JalaliDate

from engine.oversight.projection.periods import DAY, month_after, month_of
from engine.platform.language import Calendar

SETTLED = timedelta(days=4)  # after the end of a month: it is published on the fifth day of the next
_NAME = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_YEARS = {"jalali": range(1300, 1500), "gregorian": range(1921, 2121)}


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a calendar, by its first day."""

    first: date
    calendar: Calendar

    @property
    def after(self) -> date:
        """The first day of the next month."""
        return month_after(self.first, self.calendar)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after - DAY

    @property
    def due(self) -> date:
        """The day on which it is published."""
        return self.after + SETTLED

    @property
    def name(self) -> str:
        """Its name in addresses: 1405-07, 2026-10."""
        if self.calendar == "gregorian":
            return f"{self.first:%Y-%m}"
        found = JalaliDate(self.first)
        return f"{found.year:04}-{found.month:02}"

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.after, self.calendar)


def month_at(day: date, calendar: Calendar) -> Month:
    """Returns the month that contains a day."""
    return Month(month_of(day, calendar), calendar)


def named(name: str) -> Month | None:
    """Returns the month with a name; None if there is none. The year says of which calendar it is."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    if year in _YEARS["jalali"]:
        return Month(JalaliDate(year, month, 1).to_gregorian(), "jalali")
    return Month(date(year, month, 1), "gregorian") if year in _YEARS["gregorian"] else None
