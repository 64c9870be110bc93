"""Deadlines: calendars of offices, terms, and the instant at which a term ends.

Pure: no database, no settings, no files. All functions take and return aware datetimes; results are in UTC.
Other packages import from here only.
"""

from engine.deadlines.calendar import MAX_YEARS, Calendar, Hours, NoHolidays, OfficeDay, year_of
from engine.deadlines.counting import (
    Count,
    Side,
    close_of_next_day,
    due,
    elapsed_due,
    following_days,
    nearly_over,
    working_days_between,
    working_time_between,
    working_time_due,
)
from engine.deadlines.days import day_of, end_of_day
from engine.deadlines.durations import Duration, Untimely, duration, quote, text_of
from engine.deadlines.outages import Course, end_after, lost_days
from engine.deadlines.pauses import Pauses, merge
from engine.deadlines.terms import MAX_WORKING_DAYS, MAX_WORKING_HOURS, Term, in_days, in_working_time, term
from engine.deadlines.worked import OfficeTime, office_time

__all__ = [
    "MAX_WORKING_DAYS",
    "MAX_WORKING_HOURS",
    "MAX_YEARS",
    "Calendar",
    "Count",
    "Course",
    "Duration",
    "Hours",
    "NoHolidays",
    "OfficeDay",
    "OfficeTime",
    "Pauses",
    "Side",
    "Term",
    "Untimely",
    "close_of_next_day",
    "day_of",
    "due",
    "duration",
    "elapsed_due",
    "end_after",
    "end_of_day",
    "following_days",
    "in_days",
    "in_working_time",
    "lost_days",
    "merge",
    "nearly_over",
    "office_time",
    "quote",
    "term",
    "text_of",
    "working_days_between",
    "working_time_between",
    "working_time_due",
    "year_of",
]
