"""Times in BPMN: dates, durations and repetitions of ISO 8601, and terms in working time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from engine import deadlines
from engine.deadlines import (
    Calendar,
    Count,
    Duration,
    NoHolidays,
    Untimely,
    duration,
    in_days,
    in_working_time,
    quote,
    text_of,
)

__all__ = [
    "MAX_YEARS",
    "Cycle",
    "Duration",
    "GetCalendar",
    "NoHolidays",
    "Untimely",
    "check_term",
    "counted_due",
    "cycle",
    "duration",
    "in_working_time",
    "instant",
    "is_counted",
    "is_literal",
    "is_term",
    "later",
    "plain_text",
    "term",
    "within_reach",
]

GetCalendar = Callable[[], Calendar]  # of the unit whose case it is

MAX_YEARS = 200  # from now: no deadline may be further away, and dates have an upper limit

_LITERAL = re.compile(r"[-+]?P[-\dT]|R-?\d*/|R\d+$|\d{4}-[\dW]\d")
# In a task's due date, names such as P1_days and PTO are variables.
_TERM = re.compile(r"[-+]?P-?T?-?\d[\dA-Z.,-]*|R\d*/P.*|\d{4}-[\dW]\d[\dTZ:.,+-]*")


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
    """Returns the instant of a duration from `now`, a date or a datetime, by the clock. Raises Untimely."""
    is_duration = isinstance(value, str) and value.lstrip().startswith("P")
    found = duration(value.strip()).after(now) if is_duration else instant(value, now)
    return within_reach(found, now)


def is_counted(value: Any) -> bool:
    """Whether a task's term is counted by a calendar: in working time, or in days."""
    return in_working_time(value) or in_days(value)


def check_term(text: str, now: datetime) -> None:
    """Checks a literal term: as `term`, or one that is counted by a calendar. Raises Untimely."""
    if is_counted(text):
        deadlines.term(text)
    else:
        term(text, now)


def counted_due(
    value: Any, now: datetime, calendar: GetCalendar | None, side: deadlines.Side = "office"
) -> datetime:
    """Returns the end of a side's term, such as P5WD or P20D, by a calendar. Raises Untimely, NoHolidays."""
    found = deadlines.term(value)
    if calendar is None:
        raise Untimely("no-calendar", f"{quote(value)} needs a calendar")
    return deadlines.due(Count(calendar(), now, side), found).astimezone(now.tzinfo)


def plain_text(text: str) -> str:
    """Returns a literal text, without the quotes if it is a Python string."""
    found = text.strip()
    quoted = len(found) > 1 and found[0] == found[-1] and found[0] in "'\""
    return found[1:-1] if quoted else found


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
        text = text_of(value, "a date, such as 2026-03-21T08:00:00")
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise Untimely(
                "date", f"{quote(value)} is no date, such as 2026-03-21 or 2026-03-21T08:00:00"
            ) from error
    try:
        return found.astimezone(now.tzinfo) if found.tzinfo else found.replace(tzinfo=now.tzinfo)
    except OverflowError as error:  # at the limits of the calendar
        raise Untimely("too-far", "lies too far away") from error


def cycle(value: Any, now: datetime) -> Cycle:
    """Parses a repetition: R5/PT1H, R/2026-03-21T08:00/P1D or R3/P1D/2026-03-21. Raises Untimely."""
    text = text_of(value, "a repetition, such as R3/P7D")
    head, *parts = text.split("/")
    if not re.fullmatch(r"R\d{0,6}", head) or len(parts) not in (1, 2):
        raise Untimely("repetition", f"{quote(value)} is no repetition, such as R3/P7D or R/PT1H")
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
