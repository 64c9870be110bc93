"""The office days that outages take from the end of a term.

An outage counts where it leaves an office no time on the last day of a term. Then each office day that it
made useless counts: those that follow each other without a useful one between them, before the last day and
after it. All that lie outside office hours, and all that leave office time on the last day, change nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.deadlines.calendar import Calendar, OfficeDay
from engine.deadlines.counting import following_days
from engine.deadlines.days import day_of
from engine.deadlines.pauses import Merged, Pauses, is_paused, merge, running

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Course:
    """A term as it ran: the calendar of its office, its start, its present end, and its pauses."""

    calendar: Calendar
    start: datetime
    end: datetime
    pauses: Pauses = ()


def lost_days(course: Course, outages: Pauses, known: Collection[date] = ()) -> frozenset[date]:
    """Returns the office days that outages took from the end of a term, with those `known` before.

    Empty if the office had time on the last day, or had none without the outages either. The result doesn't
    depend on when it is asked for: `known` days find their neighbours, too. Raises NoHolidays.
    """
    merged, paused = merge(outages), merge(course.pauses)
    found = set(known)
    last = _last_day(course)
    if last is not None and _is_useless(course, last, merged):
        found.add(last.date)
    for day in list(found):
        for step in (-_DAY, _DAY):
            found.update(_neighbours(course, day, step, merged, paused))
    return frozenset(found)


def end_after(calendar: Calendar, end: datetime, days: int) -> datetime:
    """Returns the close of the office day so many after that of an end; the end itself for none.

    Raises Untimely, NoHolidays.
    """
    if not days:
        return end
    after = following_days(calendar, day_of(end, calendar.zone) + _DAY)
    for _ in range(days - 1):
        next(after)
    return next(after).closes


def _last_day(course: Course) -> OfficeDay | None:
    """Returns the last day of a term on which its office was open; None if there was none."""
    zone = course.calendar.zone
    day, first = day_of(course.end, zone), day_of(course.start, zone)
    while day >= first:
        found = course.calendar.office_day(day)
        if found is not None and max(found.opens, course.start) < min(found.closes, course.end):
            return found
        day -= _DAY
    return None


def _is_useless(course: Course, day: OfficeDay, outages: Merged) -> bool:
    """Whether outages left no office time on a day of the term."""
    begin, end = max(day.opens, course.start), min(day.closes, course.end)
    return begin < end and not running(outages, begin, end)


def _neighbours(
    course: Course, day: date, step: timedelta, outages: Merged, paused: Merged
) -> Iterator[date]:
    """Yields the useless office days next to one, in one direction; the day of the start is none of a term.

    Days at whose close the term was paused count as little as holidays.
    """
    if not outages:
        return
    zone = course.calendar.zone
    first = max(day_of(course.start, zone) + _DAY, day_of(outages[0][0], zone))
    last = day_of(outages[-1][1], zone)
    day += step
    while first <= day <= last:
        found = course.calendar.office_day(day)
        if found is not None and not is_paused(paused, found.closes):
            if running(outages, found.opens, found.closes):
                return
            yield day
        day += step
