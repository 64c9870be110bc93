"""Due times against a counter written from docs/calendars.md alone, and against cases counted by hand.

The counter looks at one day after the other, or one minute after the other, and shares no code with
`engine.deadlines`.
"""

import calendar as months
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from engine import deadlines
from engine.deadlines import Calendar, Count, Hours, Side

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
Pauses = Sequence[tuple[datetime, datetime]]
NOWRUZ = {date(2027, 3, day) for day in range(20, 25)}
MOTHERS_DAY = date(2026, 12, 23)


@dataclass(frozen=True)
class Place:
    """An office: its zone, from when until when it is open on each weekday (Monday first), its holidays."""

    zone: str
    week: Sequence[tuple[int, int] | None]
    holidays: set[date] = field(default_factory=set)

    @property
    def calendar(self) -> Calendar:
        """The same, as the product has it."""
        week = tuple(None if hours is None else Hours(hours[0] * 60, hours[1] * 60) for hours in self.week)
        return Calendar(ZoneInfo(self.zone), week, frozenset(self.holidays))

    def works(self, day: date) -> bool:
        return self.week[day.weekday()] is not None and day not in self.holidays

    def at(self, day: date, hour: int) -> datetime:
        """An instant by the clock on the wall; hour 24 is the end of the day."""
        shown = datetime.combine(day + DAY if hour == 24 else day, time(hour % 24))
        return shown.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


TEHRAN = Place("Asia/Tehran", [(8, 16)] * 3 + [None, None] + [(8, 16)] * 2, NOWRUZ | {MOTHERS_DAY})
HALF_THURSDAY = Place("Asia/Tehran", [(7, 14)] * 3 + [(7, 12), None] + [(7, 14)] * 2, NOWRUZ)
BERLIN = Place("Europe/Berlin", [(9, 17)] * 5 + [None, None], {date(2026, 12, 25), date(2027, 1, 1)})
NEW_YORK = Place("America/New_York", [(9, 17)] * 5 + [None, None], {date(2026, 11, 26)})
KATHMANDU = Place("Asia/Kathmandu", [(10, 17)] * 4 + [(10, 15), None, (10, 17)])
PLACES = (TEHRAN, HALF_THURSDAY, BERLIN, NEW_YORK, KATHMANDU)


@dataclass(frozen=True)
class Counter:
    """Counts the days of a term, one by one."""

    place: Place
    side: Side
    start: datetime
    pauses: Pauses = ()

    @property
    def event(self) -> date:
        return self.start.astimezone(ZoneInfo(self.place.zone)).date()

    def paused(self, instant: datetime) -> bool:
        return any(begin <= instant < end for begin, end in self.pauses)

    def end(self, day: date) -> datetime:
        hours = self.place.week[day.weekday()]
        assert hours is not None
        return self.place.at(day, hours[1] if self.side == "office" else 24)

    def counts(self, day: date) -> bool:
        """Whether it is a working day at whose end the clock runs."""
        return self.place.works(day) and not self.paused(self.end(day))

    def working_days(self, number: int) -> datetime:
        day = self.event
        while number:
            day += DAY
            number -= self.counts(day)
        return self.end(day)

    def calendar_days(self, number: int) -> datetime:
        day = self.event
        while number:
            day += DAY
            number -= not self.paused(self.place.at(day, 24))
        while not self.counts(day):
            day += DAY
        return self.end(day)

    def months(self, number: int) -> datetime:
        year, month = divmod(self.event.year * 12 + self.event.month - 1 + number, 12)
        last = months.monthrange(year, month + 1)[1]
        return self.calendar_days((date(year, month + 1, min(self.event.day, last)) - self.event).days)

    def elapsed(self, hours: int) -> datetime:
        left, now = hours * 60, self.start
        while left:
            left -= not self.paused(now)
            now += MINUTE
        while self.paused(now):
            now += MINUTE
        return now


def product(place: Place, side: Side, start: datetime, term: str, pauses: Pauses = ()) -> datetime:
    return deadlines.due(Count(place.calendar, start, side, pauses), deadlines.term(term))


def counters(seed: int, number: int) -> list[tuple[Random, Counter]]:
    rng, found = Random(seed), []
    for _ in range(number):
        start = datetime(2026, 9, 1, tzinfo=UTC) + rng.randrange(300 * 24 * 60) * MINUTE
        begins = [start + rng.randrange(-3_000, 60_000) * MINUTE for _ in range(rng.randrange(4))]
        pauses = [(begin, begin + rng.randrange(1, 15_000) * MINUTE) for begin in begins]
        side: Side = rng.choice(["office", "applicant"])
        found.append((rng, Counter(rng.choice(PLACES), side, start, pauses)))
    return found


def test_days_and_months_are_those_of_the_counter() -> None:
    for rng, naive in counters(34, 1_500):
        number = rng.randrange(1, 90)
        expected = {
            f"P{number}WD": naive.working_days(number),
            f"P{number}D": naive.calendar_days(number),
            "P2W": naive.calendar_days(14),
            "P1M": naive.months(1),
            "P2M": naive.months(2),
        }
        found = {term: product(naive.place, naive.side, naive.start, term, naive.pauses) for term in expected}
        assert found == expected, naive


def test_elapsed_hours_are_those_of_the_counter_for_both_sides() -> None:
    for rng, naive in counters(48, 150):
        number = rng.randrange(1, 72)
        found = product(naive.place, naive.side, naive.start, f"PT{number}H", naive.pauses)
        assert found == naive.elapsed(number), naive


def test_no_due_time_from_days_lies_on_a_closed_day() -> None:
    for rng, naive in counters(7, 1_500):
        term = rng.choice([f"P{rng.randrange(1, 400)}D", f"P{rng.randrange(1, 60)}M", "P1Y", "P3WD"])
        end = product(naive.place, naive.side, naive.start, term, naive.pauses)
        day = (end - MINUTE).astimezone(ZoneInfo(naive.place.zone)).date()
        assert naive.place.works(day), (term, naive)
        assert end == naive.end(day), (term, naive)


@pytest.mark.parametrize(
    ("place", "side", "start", "term", "end"),
    [
        # A Wednesday at 15:00.
        (TEHRAN, "office", "2026-12-02 15:00", "P5WD", "2026-12-09 16:00"),
        (TEHRAN, "applicant", "2026-12-02 15:00", "P5WD", "2026-12-09 24:00"),
        (TEHRAN, "office", "2026-12-02 15:00", "P20D", "2026-12-22 16:00"),
        (TEHRAN, "office", "2026-12-02 15:00", "P21D", "2026-12-26 16:00"),  # a holiday, then the weekend
        (TEHRAN, "applicant", "2026-12-02 15:00", "P21D", "2026-12-26 24:00"),
        (TEHRAN, "applicant", "2026-12-02 15:00", "P15D", "2026-12-19 24:00"),
        (TEHRAN, "applicant", "2027-03-02 12:00", "P20D", "2027-03-27 24:00"),  # Nowruz, then the weekend
        (TEHRAN, "office", "2027-03-02 12:00", "P20D", "2027-03-27 16:00"),
        (TEHRAN, "office", "2027-03-10 10:00", "P10WD", "2027-03-31 16:00"),
        (TEHRAN, "office", "2026-12-02 15:00", "PT8WH", "2026-12-05 15:00"),
        (TEHRAN, "applicant", "2026-12-02 15:00", "PT8WH", "2026-12-05 24:00"),
        (TEHRAN, "office", "2026-12-02 15:00", "PT48H", "2026-12-04 15:00"),  # a Friday
        (TEHRAN, "applicant", "2026-12-02 15:00", "PT48H", "2026-12-04 15:00"),
        (TEHRAN, "office", "2027-01-31 09:00", "P1M", "2027-02-28 16:00"),
        (TEHRAN, "office", "2026-12-31 09:00", "P2M", "2027-02-28 16:00"),
        (HALF_THURSDAY, "office", "2026-12-02 15:00", "P1D", "2026-12-03 12:00"),
        (HALF_THURSDAY, "office", "2026-12-01 09:00", "P3WD", "2026-12-05 14:00"),
        (BERLIN, "office", "2026-10-23 10:00", "P1WD", "2026-10-26 17:00"),  # the clock goes back
        (BERLIN, "applicant", "2026-12-04 10:00", "P3W", "2026-12-28 24:00"),  # Christmas, a Friday
        (NEW_YORK, "applicant", "2026-11-01 01:00", "P7D", "2026-11-09 24:00"),  # a Sunday
        (NEW_YORK, "office", "2027-03-12 16:00", "PT6WH", "2027-03-15 14:00"),  # the clock goes forward
        (KATHMANDU, "office", "2026-12-01 11:00", "P3D", "2026-12-04 15:00"),
    ],
)
def test_end_is_the_one_counted_by_hand(place: Place, side: Side, start: str, term: str, end: str) -> None:
    zone = ZoneInfo(place.zone)
    begun = datetime.fromisoformat(start).replace(tzinfo=zone)
    found = product(place, side, begun, term)
    hour = int(end[11:13])
    assert found == place.at(date.fromisoformat(end[:10]), hour)
