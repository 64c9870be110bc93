"""Norms are counted as terms: to the close of the last working day, and moved by the same pauses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import deadlines
from engine.deadlines import Calendar, Count
from engine.oversight.timeline.surroundings import hours_of
from engine.timeline import Event, Surroundings, Timeline, instant_of, ms_of, timeline

WEEK = (
    *((deadlines.Hours(480, 960),) * 3),
    deadlines.Hours(480, 720),
    None,
    *((deadlines.Hours(480, 960),) * 2),
)
OFFICE = Calendar(UTC, WEEK)  # Thursday until noon, Friday off
SHORT = Calendar(UTC, ((deadlines.Hours(600, 720),) * 7))
BEGIN = datetime(2026, 12, 2, 15, tzinfo=UTC)  # a Wednesday
Row = tuple[str, str, str | None, str | None, dict[str, Any]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def case(*rows: Row, now: str = "2027-03-01", **around: Any) -> Timeline:
    """The timeline of a case from rows of time, kind, element, task and facts."""
    begun: Row = (BEGIN.isoformat()[:16], "case.started", None, None, {"unit": "home"})
    events = [
        Event(seq, ms_of(at(when)), kind, element, task, "caseworker", "home", facts)
        for seq, (when, kind, element, task, facts) in enumerate([begun, *rows], 1)
    ]
    offices = {"home": hours_of(OFFICE), "short": hours_of(SHORT)}.get
    return timeline(events, Surroundings("home", ms_of(at(now)), offices, **around))


def task(opened: str, name: str, closed: str | None = None, **facts: Any) -> list[Row]:
    created: Row = (opened, "task.created", name, name, {"kind": "step", "side": "office", **facts})
    return [created] if closed is None else [created, (closed, "task.completed", name, name, {})]


def ended(when: str) -> Row:
    return when, "case.completed", None, None, {}


def norm(text: str) -> deadlines.Term:
    return deadlines.term(text)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P6WD", "2026-12-09 16:00"),  # 3, 5, 6, 7, 8, 9 December
        ("P1WD", "2026-12-03 12:00"),
        ("P2D", "2026-12-05 16:00"),  # a Friday
        ("PT48H", "2026-12-04 15:00"),
        ("PT5WH", "2026-12-03 12:00"),
    ],
)
def test_process_is_late_after_the_end_that_a_term_would_have(text: str, due: str) -> None:
    last = at(due)
    for end, late in ((last, False), (last + timedelta(hours=30), True)):
        found = case(*task("2026-12-02 15:00", "a"), ended(end.isoformat()[:16]), norm=norm(text))
        assert found.due == ms_of(last)
        assert (found.delay is not None) is late
    count = Count(OFFICE, BEGIN)
    assert deadlines.due(count, norm(text)) == last


@pytest.mark.parametrize(
    ("rows", "around"),
    [
        (
            [
                ("2026-12-05 10:00", "case.suspended", None, None, {}),
                ("2026-12-06 17:00", "case.resumed", None, None, {}),
            ],
            {},
        ),
        (
            [
                ("2026-12-05 10:00", "correction.asked", "a", "x", {"parent": "a"}),
                ("2026-12-06 17:00", "data.corrected", "a", "x", {}),
            ],
            {},
        ),
        (task("2026-12-05 10:00", "b", "2026-12-06 17:00", side="applicant"), {"pauses": frozenset({"b"})}),
        (
            [
                ("2026-12-05 10:00", "opinion.asked", "a", "x", {"parent": "a", "unit": "short"}),
                ("2026-12-06 17:00", "opinion.given", "a", "x", {}),
            ],
            {"opinions": frozenset({"a"})},
        ),
    ],
)  # fmt: skip
def test_norm_is_moved_by_what_pauses_a_term(rows: list[Row], around: dict[str, Any]) -> None:
    """Two closes are paused, that of the 5th and of the 6th."""
    found = case(*task("2026-12-02 15:00", "a"), *rows, norm=norm("P6WD"), **around)
    assert instant_of(found.due or 0) == at("2026-12-12 16:00")
    assert found.pauses == [(ms_of(at("2026-12-05 10:00")), ms_of(at("2026-12-06 17:00")))]


def test_other_waits_move_no_norm() -> None:
    rows = task("2026-12-05 10:00", "b", "2026-12-06 17:00", side="applicant")
    found = case(*task("2026-12-02 15:00", "a"), *rows, norm=norm("P6WD"))
    assert (instant_of(found.due or 0), found.pauses) == (at("2026-12-09 16:00"), [])


def test_norms_of_days_that_fill_the_term_are_no_plan_that_exceeds_it() -> None:
    """Neither the rest of the first day nor that of the day between both counts twice."""
    clock: Row = (
        "2026-12-02 15:00",
        "clock.started",
        None,
        None,
        {"started_at": BEGIN.isoformat(), "due_at": at("2026-12-14 16:00").isoformat()},
    )
    rows = [*task("2026-12-02 15:00", "a", "2026-12-08 10:00"), *task("2026-12-08 10:00", "b")]
    found = case(clock, *rows, ended("2026-12-16 16:00"), norms={"a": norm("P5WD"), "b": norm("P5WD")})
    assert found.delay is not None
    assert [cause.bucket for cause in found.delay.causes] == ["in_queue"]
    longer = case(clock, *rows, ended("2026-12-16 16:00"), norms={"a": norm("P5WD"), "b": norm("P6WD")})
    assert longer.delay is not None
    assert "plan" in [cause.bucket for cause in longer.delay.causes]


def test_norm_of_a_step_is_counted_by_the_calendar_of_who_has_it() -> None:
    """`short` works two hours a day, also on Fridays; the day of the event does not count."""
    clock: Row = (
        "2026-12-02 15:00",
        "clock.started",
        None,
        None,
        {"started_at": BEGIN.isoformat(), "due_at": BEGIN.isoformat()},
    )
    rows = [*task("2026-12-02 15:00", "a", "2026-12-06 13:00", unit="short"), ended("2026-12-06 13:00")]
    found = case(clock, *rows, norms={"a": norm("P2WD")})
    assert found.delay is not None
    hours = {(cause.party, cause.bucket): cause.ms / 3_600_000 for cause in found.delay.causes}
    assert hours["short", "in_queue"] == 4, "on the 5th and 6th; the 3rd and 4th are within the norm"


def test_year_without_holidays_and_an_office_that_hardly_works_stop_no_report() -> None:
    unknown = Calendar(UTC, WEEK, years=frozenset({2020}))
    monday = Calendar(UTC, (deadlines.Hours(480, 481), *(None,) * 6))
    for calendar, text in ((unknown, "P6WD"), (monday, "PT9999WH")):
        around = Surroundings(
            "home", ms_of(at("2027-03-01")), {"home": hours_of(calendar)}.get, norm=norm(text)
        )
        begun = Event(1, ms_of(BEGIN), "case.started", None, None, "caseworker", "home", {"unit": "home"})
        found = timeline([begun], around)
        assert (found.delay is not None) is (text == "P6WD")
