"""Terms end when the law says so: cases counted by hand, and the limits."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine import deadlines
from engine.deadlines import Calendar, Count, Hours, NoHolidays, Side, Untimely

TEHRAN = ZoneInfo("Asia/Tehran")
OFFICE = Hours(8 * 60, 16 * 60)
THURSDAY_FRIDAY = Calendar(TEHRAN, (OFFICE, OFFICE, OFFICE, None, None, OFFICE, OFFICE))
FRIDAY = Calendar(TEHRAN, (OFFICE, OFFICE, OFFICE, OFFICE, None, OFFICE, OFFICE))
NOWRUZ = [date(2027, 3, day) for day in range(20, 25)]
PAUSED = (("2026-12-07 10:00", "2026-12-10 10:00"),)
ACCEPTED = "2026-12-02 15:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def closed(*days: date, calendar: Calendar = THURSDAY_FRIDAY) -> Calendar:
    return Calendar(calendar.zone, calendar.week, frozenset(days))


def pauses(*texts: tuple[str, str]) -> list[tuple[datetime, datetime]]:
    return [(at(begin), at(end)) for begin, end in texts]


def ends(
    term: str, start: str, calendar: Calendar = THURSDAY_FRIDAY, paused: tuple[tuple[str, str], ...] = ()
) -> datetime:
    return deadlines.due(Count(calendar, at(start), pauses=pauses(*paused)), deadlines.term(term))


def ends_for_applicant(
    term: str, start: str, calendar: Calendar = THURSDAY_FRIDAY, paused: tuple[tuple[str, str], ...] = ()
) -> datetime:
    count = Count(calendar, at(start), side="applicant", pauses=pauses(*paused))
    return deadlines.due(count, deadlines.term(term))


def test_five_working_days_end_at_the_close_of_the_fifth() -> None:
    assert ends("P5WD", ACCEPTED) == z("2026-12-09 12:30")


def test_a_holiday_does_not_count() -> None:
    assert ends("P5WD", ACCEPTED, closed(date(2026, 12, 6))) == z("2026-12-12 12:30")


def test_a_day_at_whose_close_the_clock_is_paused_does_not_count() -> None:
    holiday = closed(date(2026, 12, 6))
    assert ends("P5WD", ACCEPTED, holiday, PAUSED) == z("2026-12-15 12:30")
    resumed = Count(holiday, at(ACCEPTED), pauses=pauses(*PAUSED), recalculated_at=at("2026-12-10 10:00"))
    assert deadlines.due(resumed, deadlines.term("P5WD")) == z("2026-12-15 12:30")


def test_the_weekend_is_that_of_the_office() -> None:
    assert ends("P5WD", ACCEPTED, FRIDAY) == z("2026-12-08 12:30")


def test_a_closure_that_is_declared_the_day_before_moves_the_end() -> None:
    count = Count(closed(date(2026, 12, 9)), at(ACCEPTED), recalculated_at=at("2026-12-08 09:00"))
    assert deadlines.due(count, deadlines.term("P5WD")) == z("2026-12-12 12:30")


def test_nowruz_is_not_counted() -> None:
    assert ends("P5WD", "2027-03-17 10:00", closed(*NOWRUZ)) == z("2027-03-31 12:30")


@pytest.mark.parametrize(("term", "due"), [("P5WD", "2022-09-21 11:30"), ("P6WD", "2022-09-24 12:30")])
def test_offices_close_by_the_clock_when_summer_time_ends(term: str, due: str) -> None:
    assert ends(term, "2022-09-14 15:00") == z(due)


@pytest.mark.parametrize(
    ("start", "paused", "due"),
    [
        ("2026-12-02 15:00", (), "2026-12-05 11:30"),
        ("2026-12-02 17:00", (), "2026-12-05 12:30"),
        ("2026-12-02 15:00", (("2026-12-05 09:00", "2026-12-05 13:00"),), "2026-12-06 07:30"),
    ],
)
def test_working_hours_are_office_hours(start: str, paused: tuple[tuple[str, str], ...], due: str) -> None:
    assert ends("PT8WH", start, paused=paused) == z(due)


def test_a_term_of_the_applicant_ends_at_midnight_of_the_next_working_day() -> None:
    assert ends_for_applicant("P15D", "2026-12-09 11:00") == z("2026-12-26 20:30")
    assert ends_for_applicant("P14D", "2026-12-09 11:00") == z("2026-12-23 20:30"), (
        "a Wednesday is no weekend"
    )


@pytest.mark.parametrize(
    ("term", "due"),
    [
        ("P5WD", "2026-12-09 20:30"),
        ("PT8WH", "2026-12-05 20:30"),
        ("P1M", "2027-01-02 20:30"),
        ("P1W", "2026-12-09 20:30"),
    ],
)
def test_any_term_of_the_applicant_in_days_or_working_time_ends_at_midnight(term: str, due: str) -> None:
    assert ends_for_applicant(term, ACCEPTED) == z(due)


@pytest.mark.parametrize("count", [ends, ends_for_applicant])
def test_other_hours_are_elapsed_time_whoever_has_the_term(count: Callable[..., datetime]) -> None:
    assert count("PT48H", ACCEPTED) == z("2026-12-04 11:30"), "a Friday"
    assert count("P1DT12H", ACCEPTED) == z("2026-12-03 23:30")


def test_calendar_days_of_an_office_end_at_the_close_of_a_working_day() -> None:
    assert ends("P14D", ACCEPTED) == z("2026-12-16 12:30")
    assert ends("P15D", ACCEPTED) == z("2026-12-19 12:30"), "from Thursday to Saturday"
    assert ends("P14D", ACCEPTED, paused=PAUSED) == z("2026-12-19 12:30"), "three midnights are paused"
    assert ends("PT48H", ACCEPTED, paused=PAUSED) == z("2026-12-04 11:30")


def test_a_duration_keeps_its_time_of_day_and_is_postponed_by_pauses() -> None:
    count = Count(THURSDAY_FRIDAY, at(ACCEPTED), pauses=pauses(*PAUSED))
    assert deadlines.elapsed_due(count, deadlines.duration("P1D")) == at("2026-12-03 15:00")
    assert deadlines.elapsed_due(count, deadlines.duration("P7D")) == at("2026-12-12 15:00")
    late = Count(THURSDAY_FRIDAY, at("2026-12-07 12:00"), pauses=pauses(*PAUSED))
    assert deadlines.elapsed_due(late, deadlines.duration("PT1H")) == at("2026-12-10 11:00")


def test_pauses_that_overlap_or_touch_are_one() -> None:
    parts = pauses(("2026-12-08 10:00", "2026-12-10 10:00"), ("2026-12-07 10:00", "2026-12-08 12:00"))
    touching = pauses(("2026-12-07 10:00", "2026-12-08 10:00"), ("2026-12-08 10:00", "2026-12-10 10:00"))
    empty = pauses(("2026-12-01 10:00", "2026-12-01 10:00"))
    whole = deadlines.merge(pauses(*PAUSED))
    assert deadlines.merge(parts) == deadlines.merge(touching + empty) == whole
    assert ends("PT8WH", "2026-12-07 09:00", paused=PAUSED) == ends("PT8WH", "2026-12-12 07:00") - timedelta(
        hours=1
    )


def test_a_pause_covers_its_beginning_and_not_its_end() -> None:
    close = "2026-12-05 16:00"
    assert ends("P1WD", ACCEPTED, paused=((close, "2026-12-05 17:00"),)) == z("2026-12-06 12:30")
    assert ends("P1WD", ACCEPTED, paused=(("2026-12-05 09:00", close),)) == z("2026-12-05 12:30")


def test_a_recalculation_leaves_time_until_the_close_of_the_next_working_day() -> None:
    wednesday = at("2026-12-09 17:00")  # the term has just ended
    found: dict[Side, str] = {"office": "2026-12-12 12:30", "applicant": "2026-12-12 20:30"}
    for side, end in found.items():
        count = Count(THURSDAY_FRIDAY, at(ACCEPTED), side=side, recalculated_at=wednesday)
        assert deadlines.due(count, deadlines.term("P5WD")) == z(end)
    assert deadlines.close_of_next_day(THURSDAY_FRIDAY, wednesday) == z("2026-12-12 12:30")
    assert deadlines.close_of_next_day(THURSDAY_FRIDAY, at("2026-12-12 00:00")) == z("2026-12-13 12:30")


def test_remaining_time_counts_office_hours_without_pauses() -> None:
    def hours(start: str, end: str, *paused: tuple[str, str]) -> float:
        left = deadlines.working_time_between(THURSDAY_FRIDAY, at(start), at(end), pauses(*paused))
        return left / timedelta(hours=1)

    assert hours(ACCEPTED, "2026-12-09 16:00") == 1 + 5 * 8
    assert hours(ACCEPTED, "2026-12-09 16:00", *PAUSED) == 1 + 2 * 8 + 2
    assert hours("2026-12-03 09:00", "2026-12-04 09:00") == 0
    assert hours("2026-12-09 16:00", ACCEPTED) == 0
    assert deadlines.working_days_between(THURSDAY_FRIDAY, at(ACCEPTED), at("2026-12-09 16:00")) == 5
    assert deadlines.working_days_between(THURSDAY_FRIDAY, at(ACCEPTED), at("2026-12-09 15:59")) == 4


def test_a_part_of_a_term_is_an_amount_of_working_time() -> None:
    whole = deadlines.working_time_between(THURSDAY_FRIDAY, at(ACCEPTED), at("2026-12-09 16:00"))
    assert deadlines.working_time_due(Count(THURSDAY_FRIDAY, at(ACCEPTED)), whole) == z("2026-12-09 12:30")
    part = deadlines.working_time_due(Count(THURSDAY_FRIDAY, at(ACCEPTED)), whole * 8 / 10)
    assert part == at("2026-12-08 15:48")


def test_hours_differ_by_weekday() -> None:
    short = Calendar(TEHRAN, (OFFICE, OFFICE, OFFICE, Hours(8 * 60, 13 * 60), None, OFFICE, OFFICE))
    assert ends("P1WD", ACCEPTED, short) == z("2026-12-03 09:30")
    assert ends("PT8WH", ACCEPTED, short) == z("2026-12-05 06:30")


def test_an_office_may_work_around_the_clock() -> None:
    always = Calendar(TEHRAN, (Hours(0, 24 * 60),) * 7)
    assert ends("PT30WH", ACCEPTED, always) == at("2026-12-03 21:00")
    assert ends("P1WD", ACCEPTED, always) == at("2026-12-04 00:00")


def years(*numbers: int, jalali: bool) -> Calendar:
    return Calendar(TEHRAN, THURSDAY_FRIDAY.week, frozenset(), frozenset(numbers), jalali)


def test_a_year_without_holidays_is_named_when_a_deadline_needs_it() -> None:
    known = years(1405, jalali=True)
    assert ends("P1WD", "2027-03-17 10:00", known) == z("2027-03-20 12:30"), "the last day of 1405"
    with pytest.raises(NoHolidays, match="1406") as caught:
        ends("P2WD", "2027-03-17 10:00", known)
    assert (caught.value.year, caught.value.code) == (1406, "no-holidays")
    with pytest.raises(NoHolidays, match="1406"):
        deadlines.working_time_between(known, at("2027-03-17 10:00"), at("2027-03-21 10:00"))
    with pytest.raises(NoHolidays, match="2027"):
        ends("P25WD", ACCEPTED, years(2026, jalali=False))
    assert ends("P8WD", "2026-12-20 10:00", years(2026, jalali=False)) == z("2026-12-30 12:30")


def test_a_weekend_needs_no_holidays() -> None:
    known = years(2026, jalali=False)
    assert (
        deadlines.working_time_between(known, at("2026-12-30 08:00"), at("2027-01-01 23:00")).seconds
        == 8 * 3600
    )


def test_another_week_applies_from_a_date_on() -> None:
    friday = Calendar(TEHRAN, FRIDAY.week, frozenset({date(2026, 12, 10)}))
    both = Calendar(TEHRAN, THURSDAY_FRIDAY.week, followed_by=(date(2026, 12, 7), friday))
    assert ends("P5WD", ACCEPTED, both) == z("2026-12-09 12:30")
    assert ends("P6WD", ACCEPTED, both) == z("2026-12-12 12:30"), "Thursday the 10th is a holiday"
    assert ends("P10WD", ACCEPTED, both) == z("2026-12-16 12:30")
    assert ends("P11WD", ACCEPTED, both) == z("2026-12-17 12:30"), "Thursday the 17th is a working day"


def test_a_calendar_without_a_working_day_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a working day"):
        Calendar(TEHRAN, (None,) * 7)
    with pytest.raises(ValueError, match="seven days"):
        Calendar(TEHRAN, (OFFICE,))


@pytest.mark.parametrize(("opens", "closes"), [(480, 480), (960, 480), (-1, 60), (0, 1441)])
def test_office_hours_are_within_a_day(opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="Office hours"):
        Hours(opens, closes)


def test_a_calendar_that_is_closed_for_ever_has_no_due_instant() -> None:
    first = date(2026, 12, 1)
    never = closed(*(first + timedelta(days=number) for number in range(61 * 366)))
    with pytest.raises(Untimely, match="too far"):
        ends("P1WD", ACCEPTED, never)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("P0WD", "no-term"),
        ("PT0WH", "no-term"),
        ("PT0S", "no-term"),
        ("P0D", "no-term"),
        ("P50Y", "too-long"),
        ("P2601WD", "too-long"),
        ("PT20801WH", "too-long"),
        ("P3661D", "too-long"),
        ("PT87841H", "too-long"),
        ("P5WDT4WH", "working-time"),
        ("P1.5WD", "working-time"),
        ("-P5WD", "duration"),
        ("P-5WD", "working-time"),
        ("P5WH", "working-time"),
        ("PT5WD", "working-time"),
        ("P9999999999WD", "working-time"),
        ("P1MWD", "working-time"),
        ("5WD", "duration"),
        ("P", "duration"),
        ("tomorrow", "duration"),
        (5, "no-text"),
        (None, "no-text"),
    ],
)
def test_terms_that_are_none_or_beyond_the_limits(text: object, code: str) -> None:
    with pytest.raises(Untimely) as caught:
        deadlines.term(text)
    assert caught.value.code == code


def test_the_longest_terms_end() -> None:
    assert ends("P2600WD", ACCEPTED) == z("2036-11-19 12:30")
    assert ends("PT20800WH", ACCEPTED).year == 2036
    assert ends("P10Y", ACCEPTED) == z("2036-12-02 12:30")


def test_a_day_that_the_clock_skips_is_no_working_day() -> None:
    apia = Calendar(ZoneInfo("Pacific/Apia"), (OFFICE,) * 7)
    thursday = datetime(2011, 12, 29, 9, tzinfo=apia.zone)
    due = deadlines.due(Count(apia, thursday), deadlines.term("P1WD"))
    assert due == datetime(2011, 12, 31, 16, tzinfo=apia.zone)
    assert apia.office_day(date(2011, 12, 30)) is None


def test_a_midnight_that_the_clock_shows_twice_ends_the_day_once() -> None:
    zone = ZoneInfo("America/St_Johns")  # at 00:01 on 7 November 2010 the clock went back to 23:01
    end = deadlines.end_of_day(date(2010, 11, 6), zone)
    assert end == datetime(2010, 11, 7, 0, 0, tzinfo=zone, fold=1).astimezone(UTC)
    assert deadlines.day_of(end - timedelta(hours=1), zone) == date(2010, 11, 6)
    assert deadlines.day_of(end, zone) == date(2010, 11, 7)
