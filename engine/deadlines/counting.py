"""The end of a term, and working time between two instants.

The day of the event does not count. A term of an office in days ends at the close of office of its last day,
a term of an applicant at the end of its last day, 24:00. A day at whose end (so defined) the clock is paused
does not count. If the last day is no working day, the term ends on the next. Working hours are office hours;
those of an applicant last until 24:00. Other hours, such as PT48H, are elapsed time for both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from engine.deadlines.calendar import MAX_YEARS, Calendar, OfficeDay
from engine.deadlines.days import day_of, end_of_day
from engine.deadlines.durations import Duration, Untimely
from engine.deadlines.pauses import Merged, Pauses, is_paused, merge, postpone, running
from engine.deadlines.terms import Term

Side = Literal["office", "applicant"]

_DAY = timedelta(days=1)
NEARLY = 4, 5  # of a term, when it is nearly over


@dataclass(frozen=True)
class Count:
    """What a term is counted from: the event's instant, a calendar, whose term it is, and the clock's pauses.

    `recalculated_at`: the term is counted again at this instant, after a change of the calendar, an extension
    or a pause; its end is then not before the close of the next working day.
    """

    calendar: Calendar
    start: datetime
    side: Side = "office"
    pauses: Pauses = ()
    recalculated_at: datetime | None = None


def due(count: Count, term: Term) -> datetime:
    """Returns the instant at which a term ends: the only rule for due times of tasks, of law and of norms.

    Raises Untimely, NoHolidays.
    """
    merged = merge(count.pauses)
    if term.unit == "working-days":
        end = _nth_working_day(count, term.count, merged)
    elif term.unit == "working-hours":
        end = _end_for(count, _after_working_time(count, timedelta(hours=term.count), merged), merged)
    elif term.elapses:
        end = _elapsed(count, term.duration, merged)
    else:
        end = _last_calendar_day(count, term.duration, merged)
    if count.recalculated_at is None:
        return end
    return max(end, _next_end(count, count.recalculated_at))


def elapsed_due(count: Count, length: Duration) -> datetime:
    """Returns the instant a duration after the start, to the same time of day, plus the pauses.

    No due time is counted like this unless it has hours. Raises Untimely.
    """
    return _elapsed(count, length, merge(count.pauses))


def working_time_due(count: Count, length: timedelta) -> datetime:
    """Returns the instant after an amount of working time, such as four fifths of a term. Raises Untimely."""
    return _after_working_time(count, length, merge(count.pauses))


def working_time_between(
    calendar: Calendar, start: datetime, end: datetime, pauses: Pauses = ()
) -> timedelta:
    """Returns how much office time lies between two instants without the pauses; zero if the end is past.

    Raises NoHolidays.
    """
    total, merged = timedelta(0), merge(pauses)
    for day in _days_within(calendar, start, end):
        for begin, stop in running(merged, max(day.opens, start), min(day.closes, end)):
            total += stop - begin
    return total


def working_days_between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Returns how many times the office closes after the start's day and until the end. Raises NoHolidays."""
    first = day_of(start, calendar.zone)
    return sum(1 for day in _days_within(calendar, start, end) if day.date > first and day.closes <= end)


def close_of_next_day(calendar: Calendar, instant: datetime) -> datetime:
    """Returns the close of the first working day after the day of an instant. Raises Untimely, NoHolidays."""
    return next(following_days(calendar, day_of(instant, calendar.zone) + _DAY)).closes


def following_days(calendar: Calendar, first: date) -> Iterator[OfficeDay]:
    """Yields the working days from a date on. Raises Untimely after 60 years, NoHolidays."""
    for number in range(366 * MAX_YEARS):
        try:
            found = calendar.office_day(first + number * _DAY)
        except OverflowError:
            break
        if found is not None:
            yield found
    raise Untimely("too-far", "lies too far away")


def _end(count: Count, day: OfficeDay) -> datetime:
    """Returns when a working day is over: for an office at its close, for an applicant at midnight."""
    return day.closes if count.side == "office" else end_of_day(day.date, count.calendar.zone)


def _next_end(count: Count, instant: datetime) -> datetime:
    day = day_of(instant, count.calendar.zone) + _DAY
    return _end(count, next(following_days(count.calendar, day)))


def _counted(count: Count, first: date, merged: Merged) -> Iterator[datetime]:
    """Yields the end of each working day at which the clock is not paused."""
    for day in following_days(count.calendar, first):
        end = _end(count, day)
        if not is_paused(merged, end):
            yield end


def _nth_working_day(count: Count, number: int, merged: Merged) -> datetime:
    ends = _counted(count, day_of(count.start, count.calendar.zone) + _DAY, merged)
    for _ in range(number - 1):
        next(ends)
    return next(ends)


def _last_calendar_day(count: Count, length: Duration, merged: Merged) -> datetime:
    zone = count.calendar.zone
    event = day_of(count.start, zone)
    noon = datetime(event.year, event.month, event.day, 12, tzinfo=UTC)
    left, last = (length.after(noon).date() - event).days, event
    for _ in range(366 * MAX_YEARS):
        if left == 0:
            return next(_counted(count, last, merged))
        last += _DAY
        left -= not is_paused(merged, end_of_day(last, zone))
    raise Untimely("too-far", "lies too far away")


def _after_working_time(count: Count, left: timedelta, merged: Merged) -> datetime:
    for day in following_days(count.calendar, day_of(count.start, count.calendar.zone)):
        for begin, end in running(merged, max(day.opens, count.start), day.closes):
            if left <= end - begin:
                return (begin + left).astimezone(UTC)
            left -= end - begin
    raise AssertionError("the working days don't end")


def _elapsed(count: Count, length: Duration, merged: Merged) -> datetime:
    end = length.after(count.start.astimezone(count.calendar.zone)).astimezone(UTC)
    return postpone(merged, count.start, end)


def _end_for(count: Count, instant: datetime, merged: Merged) -> datetime:
    """Returns the instant for an office; for an applicant the end of its day or of the next working day."""
    if count.side == "office":
        return instant
    last = day_of(instant, count.calendar.zone)
    if instant == end_of_day(last - _DAY, count.calendar.zone):
        last -= _DAY  # it ended at midnight, with the day before
    return next(_counted(count, last, merged))


def _days_within(calendar: Calendar, start: datetime, end: datetime) -> Iterator[OfficeDay]:
    day, last = day_of(start, calendar.zone), day_of(end, calendar.zone)
    while day <= last:
        if (found := calendar.office_day(day)) is not None:
            yield found
        day += _DAY


def nearly_over(count: Count, length: Term, end: datetime) -> datetime:
    """Returns when four fifths of the working time until `end` are over; of all time, if nobody works."""
    part, whole = NEARLY
    if length.elapses:  # counted by the clock, also when nobody works
        return count.start + (end - count.start) * part / whole
    working = working_time_between(count.calendar, count.start, end, count.pauses)
    if working > timedelta(0):
        return min(working_time_due(count, working * part / whole), end)
    return count.start + (end - count.start) * part / whole
