"""Weeks, by which work time is shown: from Saturday to Friday, in the installation's zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Self

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
_SATURDAY = 5


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week, by its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> Self:
        """Returns the week that contains a day."""
        return cls(day - timedelta(days=(day.weekday() - _SATURDAY) % 7))

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + timedelta(days=6)

    @property
    def before(self) -> "Week":
        """The week before it."""
        return Week(self.first - timedelta(days=7))

    @property
    def after(self) -> "Week":
        """The week after it."""
        return Week(self.first + timedelta(days=7))

    def span(self, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """Returns its beginning and its end, which it excludes."""
        return midnight(self.first, zone), midnight(self.after.first, zone)


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """Returns the beginning of a day."""
    return datetime.combine(day, time.min, zone)
