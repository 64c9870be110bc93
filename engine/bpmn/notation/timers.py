"""Times in BPMN: dates, durations and repetitions of ISO 8601.

Years, months and days are counted on the calendar and the clock of a place (a day later is the same time of
day, even if the zone's offset changes in between); hours, minutes and seconds are elapsed time.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

MAX_YEARS = 200  # from now: no deadline may be further away, and dates have an upper limit

_DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d{1,6})?)S)?)?"
)
_DIGITS = 9  # of each number in a duration
_LITERAL = re.compile(r"[-+]?P[-\dT]|R-?\d*/|R\d+$|\d{4}-[\dW]\d")
# In a task's due date, names such as P1_days and PTO are variables.
_TERM = re.compile(r"[-+]?P-?T?-?\d[\dA-Z.,-]*|R\d*/P.*|\d{4}-[\dW]\d[\dTZ:.,+-]*")


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


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repetition: `count` times (None: unlimited), first at `first`, then after each `every`."""

    count: int | None
    first: datetime
    every: Duration

    def nth(self, number: int) -> datetime:
        """Returns the n-th time, counted from 0. Raises Untimely."""
        return self.every.after(self.first, number)

    def passed(self, now: datetime) -> int:
        """Returns how many of its times are at or before `now`."""
        low, high = 0, 1  # nth(low - 1) has passed, nth(high) may not have
        while self._is_over(high - 1, now):
            low, high = high, high * 2
        while low < high:
            middle = (low + high) // 2
            if self._is_over(middle, now):
                low = middle + 1
            else:
                high = middle
        return low

    def _is_over(self, number: int, now: datetime) -> bool:
        if self.count is not None and number >= self.count:
            return False
        try:
            return self.nth(number) <= now
        except Untimely:
            return False


def is_literal(text: str) -> bool:
    """Whether a timer's text is a literal time, not an expression."""
    return bool(_LITERAL.match(text.strip()))


def is_term(text: str) -> bool:
    """Whether a task's term looks like a literal time, such as P10D, and not like an expression."""
    return bool(_TERM.fullmatch(text.strip()))


def term(value: Any, now: datetime) -> datetime:
    """Returns the instant of a duration from `now`, a date or a datetime. Raises Untimely."""
    is_duration = isinstance(value, str) and value.lstrip().startswith("P")
    found = duration(value.strip()).after(now) if is_duration else instant(value, now)
    return within_reach(found, now)


def plain_text(text: str) -> str:
    """Returns a literal text, without the quotes if it is a Python string."""
    found = text.strip()
    quoted = len(found) > 1 and found[0] == found[-1] and found[0] in "'\""
    return found[1:-1] if quoted else found


def duration(value: Any) -> Duration:
    """Parses a duration from a text or timedelta. Raises Untimely."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise Untimely("negative", "is negative")
        return Duration(0, 0, value.total_seconds())
    found = _DURATION.fullmatch(_text(value, "a duration, such as PT8H or P30D"))
    if found is None or any(len(part or "") > _DIGITS + 7 for part in found.groups()):
        raise Untimely("duration", f"{_format(value)} is no duration, such as PT8H, P30D or P1Y2M")
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups()[:6])
    seconds = float((found[7] or "0").replace(",", "."))
    return Duration(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)


def later(text: str, start: datetime) -> datetime | None:
    """Returns the instant a duration after another; None if it exceeds the calendar."""
    try:
        return duration(text).after(start)
    except Untimely:
        return None


def instant(value: Any, now: datetime) -> datetime:
    """Parses an instant from a text, date or datetime; without a zone, it has that of `now`.

    Raises Untimely.
    """
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    else:
        text = _text(value, "a date, such as 2026-03-21T08:00:00")
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise Untimely(
                "date", f"{_format(value)} is no date, such as 2026-03-21 or 2026-03-21T08:00:00"
            ) from error
    try:
        return found.astimezone(now.tzinfo) if found.tzinfo else found.replace(tzinfo=now.tzinfo)
    except OverflowError as error:  # at the limits of the calendar
        raise Untimely("too-far", "lies too far away") from error


def cycle(value: Any, now: datetime) -> Cycle:
    """Parses a repetition: R5/PT1H, R/2026-03-21T08:00/P1D or R3/P1D/2026-03-21. Raises Untimely."""
    text = _text(value, "a repetition, such as R3/P7D")
    head, *parts = text.split("/")
    if not re.fullmatch(r"R\d{0,6}", head) or len(parts) not in (1, 2):
        raise Untimely("repetition", f"{_format(value)} is no repetition, such as R3/P7D or R/PT1H")
    count = int(head[1:]) if head[1:] else None
    if count == 0:
        raise Untimely("never", "repeats not even once")
    if len(parts) == 1:
        every = duration(parts[0])
        first = every.after(now)
    elif parts[0].startswith("P"):
        every = duration(parts[0])
        if count is None:
            raise Untimely(
                "no-beginning", "has an end and no number of times, so that its beginning is not known"
            )
        first = every.after(instant(parts[1], now), 1 - count)
    else:
        first, every = instant(parts[0], now), duration(parts[1])
    if every.empty:
        raise Untimely("no-pause", "repeats without a pause")
    return Cycle(count, first, every)


def within_reach(found: datetime, now: datetime) -> datetime:
    """Returns the instant unchanged. Raises Untimely if it is too far in the future or past."""
    if abs(found.year - now.year) > MAX_YEARS:
        raise Untimely("too-far", f"lies more than {MAX_YEARS} years away")
    return found


def _text(value: Any, wanted: str) -> str:
    if not isinstance(value, str):
        raise Untimely("no-text", f"must be {wanted}, not {type(value).__name__}")
    return value.strip()


def _format(value: Any) -> str:
    return repr(str(value)[:60])
