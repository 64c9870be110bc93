"""Office time by bisection: what counting day by day says."""

import random
from datetime import UTC, date, datetime, timedelta

from engine.deadlines import Calendar, Hours, office_time, working_time_between

MONTH = date(2026, 12, 1)
NOW = datetime(2026, 12, 3, 10, tzinfo=UTC)
_HOURS = Hours(480, 930)
CALENDAR = Calendar(UTC, (*(_HOURS,) * 5, None, None), frozenset({date(2026, 12, 25)}), frozenset({2026}))
PLAIN = Calendar(UTC, CALENDAR.week, CALENDAR.closed)


def test_it_is_the_office_time_between_instants() -> None:
    some, time = random.Random(3), office_time(CALENDAR, MONTH)
    for _ in range(300):
        begin, end = sorted(NOW + timedelta(hours=some.uniform(-3000, 6000)) for _ in range(2))
        counted = working_time_between(PLAIN, begin, end) / timedelta(microseconds=1)
        assert time.until(end) - time.until(begin) == counted


def test_it_never_decreases_also_beyond_the_days_that_are_known() -> None:
    time = office_time(CALENDAR, MONTH)
    instants = [NOW + timedelta(days=days) for days in range(-1000, 3000)]
    found = [time.until(one) for one in instants]
    assert found == sorted(found)
    assert found[0] < found[1] < found[-2] < found[-1]


def test_first_and_last_are_the_bounds_of_a_time() -> None:
    some, time, tick = random.Random(5), office_time(CALENDAR, MONTH), timedelta(microseconds=1)
    instants = [NOW + timedelta(hours=some.uniform(-20_000, 40_000)) for _ in range(300)]
    friday = datetime(2026, 12, 4, 15, 30, tzinfo=UTC)
    for at in [*instants, friday]:
        worked = time.until(at)
        first, last = time.first(worked), time.last(worked)
        assert first <= at <= last
        assert time.until(first) == time.until(last) == worked
        assert time.until(first - tick) < worked < time.until(last + tick)
    assert (time.first(time.until(friday)), time.last(time.until(friday))) == (
        friday,
        datetime(2026, 12, 7, 8, tzinfo=UTC),
    )
