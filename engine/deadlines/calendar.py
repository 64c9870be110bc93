"""The calendar of an office: its time zone, its week with office hours, and the days when it is closed."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from persiantools.jdatetime import JalaliDate

from engine.deadlines.days import end_of_day, over, reached
from engine.deadlines.durations import Untimely

MAX_YEARS = 60  # from the event: a term whose days are not found until then has no end
MINUTES = 24 * 60
_DAY = timedelta(days=1)
_CONVERTED = range(1900, 2801)  # Gregorian years


class NoHolidays(Untimely):
    """Raised if a deadline needs the holidays of a year, `year`, that the calendar doesn't have."""

    def __init__(self, year: int) -> None:
        super().__init__("no-holidays", f"needs the holidays of {year}, which the calendar doesn't have")
        self.year = year


@dataclass(frozen=True, slots=True)
class Hours:
    """Office hours of a weekday in minutes since midnight; 1440 is the end of the day."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= MINUTES:
            raise ValueError("Office hours must open before they close, within one day.")


@dataclass(frozen=True, slots=True)
class OfficeDay:
    """A working day: its date, and the instants at which the office opens and closes, in UTC."""

    date: date
    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Calendar:
    """When an office works.

    `week` has the office hours of Monday to Sunday, None for the weekend. `closed` are holidays and closures.
    `years` are those whose holidays are known, Jalali years if `jalali`; None: there are no holidays to know.
    From the date in `followed_by` on, the calendar in it applies. Raises ValueError if no day of the
    week is a working day.
    """

    zone: tzinfo
    week: tuple[Hours | None, ...]
    closed: frozenset[date] = field(default=frozenset(), repr=False)
    years: frozenset[int] | None = None
    jalali: bool = False
    followed_by: "tuple[date, Calendar] | None" = None
    _days: dict[date, OfficeDay | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("A week has seven days.")
        if not any(self.week):
            raise ValueError("A calendar must have a working day.")

    def office_day(self, day: date) -> OfficeDay | None:
        """Returns a working day with its hours; None if the office is closed. Raises NoHolidays."""
        try:
            return self._days[day]
        except KeyError:
            return self._days.setdefault(day, self._office_day(day))

    def _office_day(self, day: date) -> OfficeDay | None:
        if self.followed_by is not None and day >= self.followed_by[0]:
            return self.followed_by[1].office_day(day)
        hours = self.week[day.weekday()]
        if hours is None or day in self.closed:
            return None
        if self.years is not None and (year := year_of(day, jalali=self.jalali)) not in self.years:
            raise NoHolidays(year)
        begin, end = end_of_day(day - _DAY, self.zone), end_of_day(day, self.zone)
        opens = max(reached(day, hours.opens, self.zone), begin)
        closes = min(over(day, hours.closes, self.zone), end)
        return OfficeDay(day, opens, closes) if opens < closes else None  # a clock may skip the office hours


@lru_cache(maxsize=8192)
def year_of(day: date, *, jalali: bool) -> int:
    """Returns the year of a day, Jalali or Gregorian.

    About the Jalali one for days that no calendar lists: those of the first years can't be converted.
    """
    if not jalali:
        return day.year
    if day.year not in _CONVERTED:
        return day.year - 621
    year: int = JalaliDate(day).year
    return year
