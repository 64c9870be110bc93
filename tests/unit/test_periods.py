"""Periods of figures: whole ones, and the days to add and to subtract, are the days that were asked for."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.oversight.projection.bins import bin_of, limits
from engine.oversight.projection.periods import DAY, Days, month_of, next_period, period_of

DATES = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def days_of(first: date, after: date) -> list[date]:
    return [first + number * DAY for number in range((after - first).days)]


@given(DATES, st.integers(0, 400), DATES)
def test_periods_and_edges_are_the_days_asked_for(first: date, length: int, today: date) -> None:
    asked = Days(first, first + timedelta(days=length))
    whole, added, subtracted = asked.divide(today)
    counted: Counter[date] = Counter()
    for period in whole:
        counted.update(days_of(period, next_period(period)))
    for edge in added:
        counted.update(days_of(edge.first, edge.after))
    for edge in subtracted:
        counted.subtract(days_of(edge.first, edge.after))
    present = {day for day, times in counted.items() if times and day <= today}
    assert set(counted.values()) <= {0, 1}
    assert present == {day for day in days_of(asked.first, asked.after) if day <= today}
    assert set(asked.whole(date.max)) <= {period_of(day) for day in days_of(asked.first, asked.after)}


@given(DATES)
def test_a_period_is_in_one_month_of_each_calendar(day: date) -> None:
    period = period_of(day)
    assert period <= day < next_period(period)
    for other in days_of(period, next_period(period)):
        assert month_of(other, "gregorian") == month_of(period, "gregorian")
        assert month_of(other, "jalali") == month_of(period, "jalali")


@given(st.sampled_from(["life", "wait"]), st.integers(0, 1 << 45))
def test_a_bin_contains_its_durations(name: str, duration: int) -> None:
    low, high = limits(name, bin_of(name, duration))
    assert low <= duration < high
