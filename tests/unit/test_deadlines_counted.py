"""Terms against a naive counter, minute by minute and day by day, at every change of every zone's clock."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import deadlines
from engine.deadlines import Calendar, Count, Hours, Side

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAYS = 15  # that the naive counter looks at
FROM, UNTIL = datetime(2015, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@cache
def changes() -> list[tuple[str, datetime]]:
    """Every change of a clock, found by halving weeks; zones with the same changes once."""
    found: dict[tuple[str, ...], tuple[str, list[datetime]]] = {}
    for name in sorted(available_timezones() - {"localtime"}):
        zone = ZoneInfo(name)
        instants = list(changes_of(zone))
        found.setdefault(tuple(str(instant.astimezone(zone)) for instant in instants), (name, instants))
    return [(name, instant) for name, instants in found.values() for instant in instants]


def changes_of(zone: ZoneInfo) -> Iterator[datetime]:
    begin = FROM
    while begin < UNTIL:
        end = begin + 7 * DAY
        if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            low, high = begin, end
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == begin.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high.replace(microsecond=0)
        begin = end


def kinds() -> list[tuple[str, datetime]]:
    """One change of each kind: the clock's time before and after it."""
    found: dict[tuple[object, ...], tuple[str, datetime]] = {}
    for name, instant in changes():
        zone = ZoneInfo(name)
        before = (instant - timedelta(seconds=1)).astimezone(zone)
        after = instant.astimezone(zone)
        found.setdefault((before.time(), before.utcoffset(), after.time()), (name, instant))
    return list(found.values())


@lru_cache(maxsize=4)
def minutes(zone: ZoneInfo, begin: datetime) -> list[tuple[datetime, date, int]]:
    """Each minute, with the date and the minute of the day that the clock shows."""
    shown = []
    for number in range((DAYS + 3) * 24 * 60):
        instant = begin + number * MINUTE
        local = instant.astimezone(zone)
        shown.append((instant, local.date(), local.hour * 60 + local.minute))
    return shown


class Naive:
    """Counts minutes and days one by one."""

    def __init__(self, count: Count) -> None:
        self.count = count
        zone = count.calendar.zone
        begin = count.start.astimezone(UTC).replace(hour=0, minute=0) - 2 * DAY
        self.days: dict[date, list[tuple[datetime, int]]] = {}
        for instant, day, minute in minutes(zone, begin):
            self.days.setdefault(day, []).append((instant, minute))
        self.days.popitem()  # which is not whole
        self.offices: dict[date, list[datetime]] = {}
        self.event = count.start.astimezone(zone).date()

    def office(self, day: date) -> list[datetime]:
        """The minutes of office hours: from the first that shows the opening to the last before the close."""
        if day not in self.offices:
            self.offices[day] = self.office_of(day)
        return self.offices[day]

    def office_of(self, day: date) -> list[datetime]:
        hours = self.count.calendar.week[day.weekday()]
        if hours is None or day in self.count.calendar.closed:
            return []
        shown = self.days.get(day, [])
        opened = [number for number, (_, minute) in enumerate(shown) if minute >= hours.opens]
        unclosed = [number for number, (_, minute) in enumerate(shown) if minute < hours.closes]
        if not opened or not unclosed:
            return []
        return [instant for instant, _ in shown[opened[0] : unclosed[-1] + 1]]

    def paused(self, instant: datetime) -> bool:
        return any(begin <= instant < end for begin, end in self.count.pauses)

    def end(self, day: date) -> datetime:
        last = self.office(day)[-1] if self.count.side == "office" else self.days[day][-1][0]
        return last + MINUTE

    def working_days(self, number: int) -> datetime:
        for day in self.days:
            if day > self.event and self.office(day) and not self.paused(self.end(day)):
                number -= 1
                if number == 0:
                    return self.end(day)
        raise LookupError

    def next_end(self, first: date) -> datetime:
        for day in self.days:
            if day >= first and self.office(day) and not self.paused(self.end(day)):
                return self.end(day)
        raise LookupError

    def calendar_days(self, number: int) -> datetime:
        for day in self.days:
            if day > self.event and not self.paused(self.days[day][-1][0] + MINUTE):
                number -= 1
                if number == 0:
                    return self.next_end(day)
        raise LookupError

    def running(self) -> list[datetime]:
        """The minutes of office hours from the start on, in which the clock isn't paused."""
        return [
            minute
            for day in self.days
            for minute in self.office(day)
            if minute >= self.count.start and not self.paused(minute)
        ]


def calendar_of(draw: st.DrawFn, zone: ZoneInfo, near: date) -> Calendar:
    times = st.integers(0, 48).map(lambda half: half * 30)
    hours = st.tuples(times, times).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Hours(*pair))
    usual = st.just(Hours(480, 960))
    week = draw(st.lists(st.one_of(st.none(), usual, hours), min_size=7, max_size=7).filter(any))
    closed = draw(st.sets(st.integers(-2, 12), max_size=4))
    return Calendar(zone, tuple(week), frozenset(near + number * DAY for number in closed))


@st.composite
def counts(draw: st.DrawFn) -> Count:
    name, change = draw(st.sampled_from(changes()))
    zone = ZoneInfo(name)
    start = change.replace(second=0) + draw(st.integers(-4 * 24 * 60, 24 * 60)) * MINUTE
    calendar = calendar_of(draw, zone, start.astimezone(zone).date())
    side: Side = draw(st.sampled_from(["office", "applicant"]))
    parts = draw(st.lists(st.tuples(st.integers(-1000, 9000), st.integers(0, 6000)), max_size=3))
    pauses = [(start + begin * MINUTE, start + (begin + length) * MINUTE) for begin, length in parts]
    return Count(calendar, start, side, pauses)


def same(count: Count, term: str, expected: datetime) -> None:
    assert deadlines.due(count, deadlines.term(term)) == expected


@settings(max_examples=100, deadline=None)
@given(counts(), st.integers(1, 5))
def test_days_are_those_of_a_naive_counter(count: Count, number: int) -> None:
    naive = Naive(count)
    for term, counted in ((f"P{number}WD", naive.working_days), (f"P{number}D", naive.calendar_days)):
        try:
            expected = counted(number)
        except LookupError:
            continue  # beyond the days that it looks at
        same(count, term, expected)


@settings(max_examples=100, deadline=None)
@given(counts(), st.integers(1, 30))
def test_hours_are_those_of_a_naive_counter(count: Count, number: int) -> None:
    naive = Naive(count)
    running = naive.running()
    if len(running) < number * 60:
        return
    last = running[number * 60 - 1] + MINUTE
    if count.side == "office":
        same(count, f"PT{number}WH", last)
        between = deadlines.working_time_between(count.calendar, count.start, last, count.pauses)
        assert between == timedelta(hours=number)
        return
    day = (last - MINUTE).astimezone(count.calendar.zone).date()
    try:
        expected = naive.next_end(day)
    except LookupError:
        return  # beyond the days that it looks at
    same(count, f"PT{number}WH", expected)


@pytest.mark.parametrize(("name", "change"), kinds())
def test_each_kind_of_change_is_counted_as_a_naive_counter_does(name: str, change: datetime) -> None:
    zone = ZoneInfo(name)
    for week in (
        (Hours(480, 960),) * 7,
        (Hours(0, 1440),) * 7,
        (Hours(0, 30), Hours(1350, 1440)) * 3 + (None,),
    ):
        for side in ("office", "applicant"):
            count = Count(Calendar(zone, week), change.replace(second=0) - 30 * timedelta(hours=1), side)
            naive = Naive(count)
            for number in (1, 2, 3):
                same(count, f"P{number}WD", naive.working_days(number))
                same(count, f"P{number}D", naive.calendar_days(number))
            if side == "office":
                same(count, "PT6WH", naive.running()[6 * 60 - 1] + MINUTE)


def test_every_change_of_every_clock_leaves_the_close_at_its_time_of_day() -> None:
    found = changes()
    assert len(found) > 1_500
    for name, change in found:
        zone = ZoneInfo(name)
        calendar = Calendar(zone, (Hours(480, 960),) * 7)
        start = change - 2 * DAY
        for number in (1, 2, 3, 4):
            due = deadlines.due(Count(calendar, start), deadlines.term(f"P{number}WD")).astimezone(zone)
            day = start.astimezone(zone).date() + number * DAY
            assert (due.date(), due.hour, due.minute) == (day, 16, 0), (name, change)
            until = Count(calendar, start, "applicant")
            midnight = deadlines.due(until, deadlines.term(f"P{number}D"))
            assert (midnight - timedelta(microseconds=1)).astimezone(zone).date() == day, (name, change)
            assert midnight.astimezone(zone).date() == day + DAY, (name, change)
