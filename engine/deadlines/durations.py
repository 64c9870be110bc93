"""Durations of ISO 8601.

Years, months and days are counted on the calendar and the clock of a place (a day later is the same time of
day, even if the zone's offset changes in between); hours, minutes and seconds are elapsed time.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d{1,6})?)S)?)?"
)
_DIGITS = 9  # of each number in a duration


class Untimely(ValueError):
    """Raised for a text or value that is not a time; the message and a code state the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration: months and days of the calendar, and seconds."""

    months: int
    days: int
    seconds: float

    def after(self, instant: datetime, times: int = 1) -> datetime:
        """Returns the instant `times` durations later, in the zone of `instant`. Raises Untimely."""
        try:
            return self._after(instant, times)
        except (OverflowError, ValueError) as error:
            raise Untimely("too-far", "lies too far away") from error

    def _after(self, instant: datetime, times: int) -> datetime:
        count = instant.year * 12 + instant.month - 1 + self.months * times
        year, month = count // 12, count % 12 + 1
        day = min(instant.day, monthrange(year, month)[1])
        moved = instant.replace(year=year, month=month, day=day) + timedelta(days=self.days * times)
        real = moved.astimezone(UTC) + timedelta(seconds=self.seconds * times)
        return real.astimezone(instant.tzinfo)

    @property
    def empty(self) -> bool:
        """Whether the duration is zero."""
        return not (self.months or self.days or self.seconds)


def duration(value: Any) -> Duration:
    """Parses a duration from a text or timedelta. Raises Untimely."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise Untimely("negative", "is negative")
        return Duration(0, 0, value.total_seconds())
    found = _DURATION.fullmatch(text_of(value, "a duration, such as PT8H or P30D"))
    if found is None or any(len(part or "") > _DIGITS + 7 for part in found.groups()):
        raise Untimely("duration", f"{quote(value)} is no duration, such as PT8H, P30D or P1Y2M")
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups()[:6])
    seconds = float((found[7] or "0").replace(",", "."))
    return Duration(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)


def text_of(value: Any, wanted: str) -> str:
    """Returns a text without white space around it. Raises Untimely for anything else than a text."""
    if not isinstance(value, str):
        raise Untimely("no-text", f"must be {wanted}, not {type(value).__name__}")
    return value.strip()


def quote(value: Any) -> str:
    """Returns the beginning of a value in quotes, for a message."""
    return repr(str(value)[:60])
