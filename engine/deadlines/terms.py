"""Terms: P5WD (working days), PT8WH (working hours), and durations of ISO 8601."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from engine.deadlines.durations import Duration, Untimely, duration, quote, text_of

Unit = Literal["working-days", "working-hours", "time"]

MAX_WORKING_DAYS = 2_600  # ten years of 52 weeks
MAX_WORKING_HOURS = 20_800
MAX_MONTHS = 120
MAX_DAYS = 3_660

_WORKING = re.compile(r"P(?:(\d{1,9})WD|T(\d{1,9})WH)")
_NONE = Duration(0, 0, 0)
_LOOKS = re.compile(r"P.*W[DH].*")


@dataclass(frozen=True, slots=True)
class Term:
    """How long something may take: `count` working days or hours, or a duration."""

    unit: Unit
    count: int = 0
    duration: Duration = _NONE

    @property
    def elapses(self) -> bool:
        """Whether it is elapsed time, such as PT48H: counted by the clock, not in days of a calendar."""
        return bool(self.duration.seconds)


def in_working_time(value: Any) -> bool:
    """Whether a value looks like a term in working days or hours: right or wrong, it is no ISO duration."""
    return isinstance(value, str) and _LOOKS.fullmatch(value.strip()) is not None


def in_days(value: Any) -> bool:
    """Whether a value is a duration in days, months or years without hours, such as P20D: not a zero one."""
    if not isinstance(value, str) or in_working_time(value):
        return False
    try:
        length = duration(value)
    except Untimely:
        return False
    return not length.seconds and not length.empty


def term(value: Any) -> Term:
    """Parses a term: between one working hour and ten years.

    Raises Untimely: `working-time` (neither P5WD nor PT8WH), `duration`, `no-term` (zero), `too-long`.
    """
    text = text_of(value, "a term, such as P5WD, PT8WH or P30D")
    found = _parse_working(text) if in_working_time(text) else Term("time", 0, duration(text))
    if not found.count and found.duration.empty:
        raise Untimely("no-term", "is zero; a term has at least one working day, hour or second")
    if _is_too_long(found):
        raise Untimely("too-long", "is longer than ten years")
    return found


def _parse_working(text: str) -> Term:
    found = _WORKING.fullmatch(text)
    if found is None:
        raise Untimely("working-time", f"{quote(text)} is no term in working time, such as P5WD or PT8WH")
    if found[1] is not None:
        return Term("working-days", int(found[1]))
    return Term("working-hours", int(found[2]))


def _is_too_long(found: Term) -> bool:
    length = found.duration
    if found.unit != "time":
        return found.count > (MAX_WORKING_DAYS if found.unit == "working-days" else MAX_WORKING_HOURS)
    days = length.months * 30 + length.days + length.seconds / 86_400
    return length.months > MAX_MONTHS or days > MAX_DAYS
