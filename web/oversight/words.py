"""Figures in the reader's words: what was not measured is never 0."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine.oversight.metrics import Figure
from web import texts

_MINUTE, _HOUR, DAY = 60_000, 3_600_000, 86_400_000  # ms

Write = Callable[[Any], str]


def count(value: float) -> str:
    """Return a number."""
    return texts.reader().number(value)


def share(value: float) -> str:
    """Return a share as a percentage, with one decimal below 10 %."""
    percent = 100 * value
    if 0 < percent < 0.05:
        return texts.say("oversight.tiny-share")
    shown = round(percent, 1) if 0 < percent < 10 else round(percent)
    return texts.say("oversight.percent", value=_plain(shown))


def average(value: float) -> str:
    """Return an average with at most one decimal."""
    return count(_plain(round(value, 1)))


def length(ms: float) -> str:
    """Return a length of time in the unit that suits it: days of 24 hours, hours or minutes."""
    if ms >= 2 * DAY:
        return texts.say("oversight.days", count=_plain(round(ms / DAY, 1)))
    return hours(ms)


def hours(ms: float) -> str:
    """Return a length of time in hours, below one in minutes."""
    if ms < _HOUR:
        return _minutes(ms)
    value = ms / _HOUR
    return texts.say("oversight.hours", count=round(value) if value >= 100 else _plain(round(value, 1)))


def _minutes(ms: float) -> str:
    minutes = round(ms / _MINUTE)
    if minutes or not ms:
        return texts.say("oversight.minutes", count=minutes) if minutes else count(0)
    return texts.say("oversight.moment")


def rials(value: float) -> str:
    """Return an amount of money."""
    return texts.say("oversight.rials", count=round(value))


def noted_hours(value: float) -> str:
    """Return hours of noted work."""
    return hours(value * _HOUR)


def points(value: float) -> str:
    """Return a score from 0 to 1 as points of 100."""
    return count(round(100 * value))


def day(instant: datetime) -> str:
    """Return the day of an instant."""
    return texts.reader().day(instant)


def figure(found: Figure, write: Write) -> str:
    """Return a figure in words: its value, or why there is none."""
    if found.status == "too_few" and write is rials:
        return texts.say("oversight.too-few-cases")
    if found.value is None:
        return texts.say(f"oversight.status.{found.status}")
    return write(found.value)


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value
