"""The periods of reports: whole months, quarters and years of either calendar, which are sums of periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from persiantools.jdatetime import JalaliDate

from engine.oversight.projection.periods import DAY, Days, month_after, month_of
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar

PeriodKind = Literal["month", "quarter", "year"]
PERIOD_KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
_SIZES: dict[PeriodKind, int] = {"month": 1, "quarter": 3, "year": 12}
_OFFERED: dict[PeriodKind, int] = {"month": 13, "quarter": 5, "year": 2}
_CALENDARS: tuple[Calendar, ...] = ("gregorian", "jalali")
_YEARS = range(1900, 2200)
YEARS = 5  # after the end of a period, until which a report of it can be begun
_OLDEST = timedelta(days=366 * YEARS)
DUE_AFTER = timedelta(days=15)  # of the end of a period: then its report has to be signed


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A month, a quarter or a year of a calendar."""

    kind: PeriodKind
    calendar: Calendar
    days: Days

    @property
    def due(self) -> date:
        """The day by which its report has to be signed."""
        return self.days.last + DUE_AFTER

    @property
    def before(self) -> "ReportPeriod":
        """The period of the same kind before it."""
        first = self.days.first
        for _ in range(_SIZES[self.kind]):
            first = month_of(first - DAY, self.calendar)
        return ReportPeriod(self.kind, self.calendar, Days(first, self.days.first - DAY))


def find(first: date, last: date) -> ReportPeriod | None:
    """Returns the period that consists of these days; None if they are no whole one of either calendar."""
    if not (first.year in _YEARS and last.year in _YEARS):  # beyond, calendars don't work
        return None
    for calendar in _CALENDARS:
        for kind in PERIOD_KINDS:
            if _begins(first, kind, calendar) and _end(first, kind, calendar) == last:
                return ReportPeriod(kind, calendar, Days(first, last))
    return None


def require(first: date, last: date, today: date, at: str = "") -> ReportPeriod:
    """Returns the period of these days. Raises Invalid if there is none, or if it has not begun.

    `at` is the place of the days in the request.
    """
    fault, found = None, None
    if not (first.year in _YEARS and last.year in _YEARS):
        fault = Fault(f"{at}/first", "is not between the years 1900 and 2199", "years")
    elif last < first:
        fault = Fault(f"{at}/last", "is before first", "days-order")
    elif (found := find(first, last)) is None:
        detail = "begins no whole month, quarter or year that ends with last"
        fault = Fault(f"{at}/first", detail, "report-period")
    elif first > today:
        fault = Fault(f"{at}/first", "is in the future: there is nothing to report yet", "future")
    if fault is not None or found is None:
        raise Invalid("The period of the report is not valid.", [fault] if fault else [])
    return found


def require_recent(period: ReportPeriod, today: date) -> None:
    """Raises Invalid for a period that ended more than five years ago: a typing error, or for an archive."""
    if today - period.days.last > _OLDEST:
        detail = f"ended more than {YEARS} years ago"
        fault = Fault("/first", detail, "report-period-old", {"count": YEARS})
        raise Invalid("The period of the report is not valid.", [fault])


def offered(today: date, calendar: Calendar) -> Sequence[ReportPeriod]:
    """Returns the periods of a calendar that a report can be begun for, newest first."""
    found = []
    for kind in PERIOD_KINDS:
        first = month_of(today, calendar)
        while not _begins(first, kind, calendar):
            first = month_of(first - DAY, calendar)
        one = ReportPeriod(kind, calendar, Days(first, _end(first, kind, calendar)))
        for _ in range(_OFFERED[kind]):
            found.append(one)
            one = one.before
    return found


def number_of(period: ReportPeriod) -> tuple[int, int]:
    """Returns the year and, of a quarter, its number."""
    first = period.days.first
    of_calendar = JalaliDate(first) if period.calendar == "jalali" else first
    return of_calendar.year, (of_calendar.month - 1) // 3 + 1


def _begins(day: date, kind: PeriodKind, calendar: Calendar) -> bool:
    if month_of(day, calendar) != day:
        return False
    month = JalaliDate(day).month if calendar == "jalali" else day.month
    return bool((month - 1) % _SIZES[kind] == 0)


def _end(first: date, kind: PeriodKind, calendar: Calendar) -> date:
    for _ in range(_SIZES[kind]):
        first = month_after(first, calendar)
    return first - DAY
