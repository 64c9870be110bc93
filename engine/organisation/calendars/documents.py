"""What a version of a calendar contains: its week with office hours, its holidays, and their years."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from typing import Any

from engine.deadlines import Calendar, Hours, year_of
from engine.platform.errors import Fault, Invalid

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_HOLIDAYS = 5_000
MAX_NAME = 200
MAX_TERM = 5  # years: no term is longer
YEARS = range(1300, 2201)  # Jalali and Gregorian
_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day without work; `estimated` if it follows the moon and may still be a day off."""

    date: date
    name: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """`week` has the office hours by weekday; days that it doesn't have are the weekend.

    `years` are those whose holidays are known, Jalali if `jalali`; None: this calendar has no holidays.
    """

    week: Mapping[str, Hours]
    jalali: bool
    years: frozenset[int] | None
    holidays: Sequence[Holiday] = ()

    def calendar(
        self, zone: tzinfo, closed: Collection[date], after: tuple[date, Calendar] | None
    ) -> Calendar:
        """Returns the calendar, closed also on these days, until `after` applies."""
        days = frozenset(holiday.date for holiday in self.holidays) | frozenset(closed)
        week = tuple(self.week.get(name) for name in WEEKDAYS)
        return Calendar(zone, week, days, self.years, self.jalali, after)

    def holidays_of(self, year: int) -> list[Holiday]:
        """Returns the holidays of a year, in order."""
        return sorted(one for one in self.holidays if year_of(one.date, jalali=self.jalali) == year)

    def year_at(self, day: date) -> int:
        """Returns the year of a day, as the calendar counts years."""
        return year_of(day, jalali=self.jalali)

    def with_year(self, year: int, holidays: Sequence[Holiday]) -> "Document":
        """Returns the same with these holidays of a year, instead of those that it had.

        A calendar without holidays remains known for the years before, from which terms may still run.
        """
        known = self.years
        if known is None:
            known = frozenset(one for one in range(year - MAX_TERM, year) if one in YEARS)
        others = [one for one in self.holidays if year_of(one.date, jalali=self.jalali) != year]
        return replace(self, holidays=sorted([*others, *holidays]), years=known | frozenset({year}))

    def stored(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {
            "week": {name: [hours.opens, hours.closes] for name, hours in self.week.items()},
            "jalali": self.jalali,
            "years": None if self.years is None else sorted(self.years),
            "holidays": [[one.date.isoformat(), one.name, one.estimated] for one in self.holidays],
        }


def load(stored: Mapping[str, Any]) -> Document:
    """Returns the document of stored JSON."""
    return Document(
        {name: Hours(*hours) for name, hours in stored["week"].items()},
        stored["jalali"],
        None if stored["years"] is None else frozenset(stored["years"]),
        [Holiday(date.fromisoformat(day), name, estimated) for day, name, estimated in stored["holidays"]],
    )


def check(document: Document) -> None:
    """Raises Invalid with everything that is wrong."""
    faults = []
    if not document.week:
        faults.append(Fault("/week", "must have a working day", "no-working-day"))
    if len(document.holidays) > MAX_HOLIDAYS:
        limit = {"count": MAX_HOLIDAYS}
        faults.append(Fault("/holidays", f"must have at most {MAX_HOLIDAYS} days", "maxItems", limit))
    if any(year not in YEARS for year in document.years or ()):
        faults.append(Fault("/years", "must be years between 1300 and 2200", "calendar-year"))
    faults += holiday_faults(document, document.holidays)
    if faults:
        raise Invalid("The calendar can't be saved.", faults)


def holiday_faults(document: Document, holidays: Sequence[Holiday], field: str = "holidays") -> list[Fault]:
    """Returns the faults of holidays: names, days that are twice, and days of years that aren't listed."""
    faults, seen = [], set()
    for place, one in enumerate(holidays):
        at = f"/{field}/{place}"
        if not is_name(one.name):
            faults.append(Fault(f"{at}/name", "must be 1 to 200 printable characters", "text"))
        if one.date in seen:
            faults.append(Fault(f"{at}/date", "is in the list twice", "repeated"))
        elif document.years is None or document.year_at(one.date) not in document.years:
            faults.append(_unlisted(document, one, f"{at}/date"))
        seen.add(one.date)
    return faults


def _unlisted(document: Document, holiday: Holiday, pointer: str) -> Fault:
    """Returns the fault of a holiday whose year must be listed first.

    The year is not added in silence: once a calendar lists years, no term counts on days of any other.
    """
    year = document.year_at(holiday.date)
    if document.years is None:
        detail = f"is in {year}, but the calendar has no list of years yet: it needs years with the holidays"
        return Fault(pointer, detail, "no-years", {"year": year})
    detail = f"is in {year}, which is not in the list of years"
    return Fault(pointer, detail, "other-year", {"year": year})


def is_name(text: str) -> bool:
    """Whether a text can be the name of a calendar or a holiday."""
    return 0 < len(text) <= MAX_NAME and text.replace("\u200c", "").isprintable() and text == text.strip()


def read_hours(text: str) -> Hours | None:
    """Returns office hours written as 08:00-16:00; None for anything else."""
    parts = [part.strip().split(":") for part in text.split("-")]
    if len(parts) != 2 or any(len(part) != 2 for part in parts):
        return None
    numbers = [number for part in parts for number in part]
    if not all(number.isascii() and number.isdecimal() and len(number) == 2 for number in numbers):
        return None
    opens, closes = (int(hour) * 60 + int(minute) for hour, minute in parts)
    sound = all(int(minute) < 60 for _, minute in parts) and 0 <= opens < closes <= _MINUTES
    return Hours(opens, closes) if sound else None


def show_hours(hours: Hours) -> str:
    """Returns office hours as 08:00-16:00."""
    times = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (hours.opens, hours.closes))
    return "-".join(times)
