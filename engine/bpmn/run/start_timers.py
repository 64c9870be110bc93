"""Computes when timers start cases, from the diagram and the instant of publication alone."""

from datetime import datetime

from engine.bpmn.notation import timers
from engine.bpmn.notation.events import Trigger


def first_start(trigger: Trigger, published: datetime) -> datetime:
    """Returns the first instant at which a timer start event starts a case.

    Repetitions before the publication are ignored; only if all of them are over, it is the first.
    """
    text = timers.plain_text(trigger.text)
    if trigger.timer == "timeCycle":
        cycle = timers.cycle(text, published)
        passed = cycle.passed(published)
        return cycle.first if passed == cycle.count else cycle.nth(passed)
    if trigger.timer == "timeDuration":
        return timers.duration(text).after(published)
    return timers.instant(text, published)


def next_start(
    trigger: Trigger, published: datetime, due: datetime, now: datetime
) -> tuple[int, datetime | None]:
    """Returns how many more starts were missed after the due one, and the next one; None if there is none."""
    if trigger.timer != "timeCycle":
        return 0, None
    cycle = timers.cycle(timers.plain_text(trigger.text), published)
    at = cycle.passed(due.astimezone(published.tzinfo))
    number = max(cycle.passed(now.astimezone(published.tzinfo)), at)
    over = cycle.count is not None and number >= cycle.count
    return number - at, None if over else cycle.nth(number)
