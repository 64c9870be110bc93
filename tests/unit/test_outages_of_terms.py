"""The office days that outages take from a term, by hand: office 08–16, Thursday and Friday off."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from engine.deadlines import Calendar, Course, Hours, NoHolidays, end_after, lost_days

# December 2026: the 2nd is a Wednesday, the 5th a Saturday; the 7th, a Monday, is a holiday.
OPEN = Hours(480, 960)
CALENDAR = Calendar(UTC, (OPEN, OPEN, OPEN, None, None, OPEN, OPEN), frozenset({date(2026, 12, 7)}))
START = datetime(2026, 11, 25, 9, tzinfo=UTC)


def at(day: int, hour: float = 16) -> datetime:
    return datetime(2026, 12, day, int(hour), round(hour % 1 * 60), tzinfo=UTC)


def lost(end: datetime, *outages: tuple[datetime, datetime], start: datetime = START) -> list[int]:
    """The days that are taken in the end, when the term has moved by those that were taken before."""
    days: frozenset[date] = frozenset()
    while True:
        course = Course(CALENDAR, start, end_after(CALENDAR, end, len(days)))
        found = lost_days(course, outages, days)
        if found == days:
            return sorted(day.day for day in found)
        days = found


@pytest.mark.parametrize(
    ("outages", "days"),
    [
        ([], []),
        ([(at(2, 8), at(2, 16))], [2]),
        ([(at(2, 8), at(2, 15.75))], []),
        ([(at(2, 8.25), at(2, 16))], []),
        ([(at(2, 16), at(5, 8))], []),
        ([(at(3, 0), at(4, 23))], []),
        ([(at(1, 7), at(1, 17))], []),
        ([(at(1, 7), at(2, 17))], [1, 2]),
        ([(at(2, 7), at(5, 17))], [2, 5]),
        ([(at(2, 7), at(6, 17))], [2, 5, 6]),
        ([(at(2, 7), at(8, 17))], [2, 5, 6, 8]),  # the 7th is a holiday
        ([(at(2, 7), at(2, 12)), (at(2, 12), at(2, 17))], [2]),
        ([(at(2, 7), at(2, 12)), (at(2, 11), at(2, 17))], [2]),
        ([(at(2, 7), at(2, 12)), (at(2, 12.25), at(2, 17))], []),
        ([(at(2, 7), at(2, 17)), (at(5, 7), at(5, 17))], [2, 5]),
        ([(at(2, 7), at(2, 17)), (at(6, 7), at(6, 17))], [2]),
        ([(at(1, 7), at(1, 17)), (at(2, 7), at(2, 17))], [1, 2]),
    ],
)
def test_days_without_office_time_next_to_the_last_day_are_taken(
    outages: Sequence[tuple[datetime, datetime]], days: list[int]
) -> None:
    assert lost(at(2), *outages) == days


@pytest.mark.parametrize(
    ("known", "outages", "days"),
    [
        # What is learnt later gives the same days: an outage that continued after the term had moved.
        ([2], [(at(2, 7), at(6, 17))], [2, 5, 6]),
        ([2, 5], [(at(2, 7), at(6, 17))], [2, 5, 6]),
        ([2], [], [2]),  # and nothing is taken back
    ],
)
def test_the_days_do_not_depend_on_when_they_are_asked_for(
    known: list[int], outages: Sequence[tuple[datetime, datetime]], days: list[int]
) -> None:
    before = frozenset(date(2026, 12, day) for day in known)
    course = Course(CALENDAR, START, end_after(CALENDAR, at(2), len(before)))
    assert sorted(day.day for day in lost_days(course, outages, before)) == days


def test_days_before_the_term_are_none_of_it() -> None:
    down = (at(1, 7), at(6, 17))
    assert lost(at(6), down, start=at(2, 9)) == [5, 6]


def test_a_term_in_hours_ends_on_its_only_day() -> None:
    down = (at(2, 9), at(2, 12))
    assert lost(at(2, 12), down, start=at(2, 10)) == [2]
    assert lost(at(2, 13), down, start=at(2, 10)) == []


def test_a_term_that_ends_while_the_office_is_closed_has_its_last_open_day() -> None:
    assert lost(at(4, 3), (at(2, 7), at(4, 12))) == [2]
    assert lost(at(4, 3), (at(3, 7), at(4, 12))) == []
    assert lost(at(4, 3), (at(3, 1), at(4, 12)), start=at(3, 2)) == []  # the office was never open


def test_a_day_at_whose_close_the_term_was_paused_counts_as_little_as_a_holiday() -> None:
    course = Course(CALENDAR, START, at(2), [(at(1, 10), at(1, 18))])
    down = [(datetime(2026, 11, 30, 7, tzinfo=UTC), at(2, 17))]
    assert sorted(lost_days(course, down)) == [date(2026, 11, 30), date(2026, 12, 2)]


def test_the_end_moves_to_the_close_of_an_office_day() -> None:
    assert end_after(CALENDAR, at(2, 11), 0) == at(2, 11)
    assert end_after(CALENDAR, at(2, 11), 1) == at(5)
    assert end_after(CALENDAR, at(2, 11), 3) == at(8)


def test_without_the_holidays_of_a_year_nothing_is_guessed() -> None:
    closing = Calendar(UTC, CALENDAR.week, years=frozenset({2025}))
    with pytest.raises(NoHolidays):
        lost_days(Course(closing, START, at(2)), [(at(2, 7), at(2, 17))])
