"""Timers run when they are due, on the calendar and the clock of the place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import bpmn
from engine.bpmn.notation import timers
from engine.bpmn.notation.events import Trigger
from engine.bpmn.notation.timers import Untimely
from engine.deadlines import Calendar, Hours
from tests.driving import NOW, Run, flow
from tests.eventful import boundary, catch, line, message, spec, timer

TEHRAN = ZoneInfo("Asia/Tehran")
DAY = timedelta(days=1)


def at(text: str, zone: ZoneInfo = TEHRAN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def waiting(kind: str, text: str, now: datetime = NOW, **data: Any) -> Run:
    return Run(spec(line(catch("wait", timer(kind, text)), "userTask after")), now=now, **data)


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "PT90M", NOW + timedelta(minutes=90)),
        ("timeDuration", "P1M", datetime(2026, 4, 21, 9, tzinfo=UTC)),
        ("timeDuration", "'P1D'", NOW + DAY),
        ("timeDuration", "'P' + str(days) + 'D'", NOW + 3 * DAY),
        ("timeDate", "2026-04-01T12:00:00Z", datetime(2026, 4, 1, 12, tzinfo=UTC)),
        ("timeDate", "2026-04-01", datetime(2026, 4, 1, tzinfo=UTC)),
        ("timeDate", "deadline", datetime(2026, 5, 1, tzinfo=UTC)),
        ("timeCycle", "R3/PT1H", NOW + timedelta(hours=1)),
        ("timeCycle", "R/2026-04-01T08:00/P1D", datetime(2026, 4, 1, 8, tzinfo=UTC)),
        ("timeCycle", "R3/P1D/2026-04-10", datetime(2026, 4, 8, tzinfo=UTC)),
    ],
)
def test_intermediate_timer_waits_until_it_is_due(kind: str, text: str, due: datetime) -> None:
    run = waiting(kind, text, days=3, deadline="2026-05-01")
    assert run.due("wait") == due
    assert not run.open
    assert run.happens("wait").waiting == ["after"]
    assert [(fired.element, fired.missed) for fired in run.step.fired] == [("wait", 0)]
    assert run.log == [("passed", "start"), ("entered", "wait"), ("passed", "wait")]


def test_intermediate_cycle_happens_once_and_misses_nothing() -> None:
    run = waiting("timeCycle", "R5/PT1H").later(days=1)
    assert run.waiting == ["after"]
    assert not run.waits
    assert run.step.fired[0].missed == 0


def test_term_in_working_time_needs_a_calendar() -> None:
    process = spec(line(catch("wait", timer("timeDuration", "P5WD")), "userTask after"))
    step = bpmn.start(process, {}, NOW)
    assert [(failure.code, failure.year) for failure in step.failures] == [("timer", None)]
    run = Run(replace(process, calendar=office), now=NOW)
    assert run.due("wait") == datetime(2026, 3, 26, 16, tzinfo=UTC)


def office() -> Calendar:
    return Calendar(UTC, (Hours(480, 960),) * 7)


@pytest.mark.parametrize("value", ["tomorrow", "P1D ", "-P1D", "P1D/", 3, None, [], "9999-12-31", "P9999Y"])
def test_time_that_is_none_is_an_incident_that_a_repair_resolves(value: object) -> None:
    run = waiting("timeDate", "deadline", deadline=value)
    assert run.failed == [("wait", "timer")]
    assert run.retry(deadline="2026-05-01").due("wait") == datetime(2026, 5, 1, tzinfo=UTC)


def test_expression_that_fails_is_an_incident_and_can_be_passed_over() -> None:
    run = waiting("timeDuration", "nobody_set_this")
    assert run.failed == [("wait", "script-failed")]
    assert run.skip(why="phone").waiting == ["after"]
    assert run.data["why"] == "phone"


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2026-03-31", "P11M", "2027-02-28"),
        ("2026-12-31", "P2M", "2027-02-28"),
        ("2026-08-31", "P1M1D", "2026-10-01"),
        ("2026-05-31", "P1Y1M", "2027-06-30"),
        ("2026-01-01", "P2W", "2026-01-15"),
    ],
)
def test_months_and_years_end_on_the_last_day_at_most(start: str, text: str, end: str) -> None:
    assert timers.duration(text).after(at(start)) == at(end)


def test_months_are_counted_from_the_first_time_and_not_from_the_one_before() -> None:
    found = timers.cycle("R/2026-01-31T08:00/P1M", at("2026-01-01"))
    days = [found.nth(number).date().isoformat() for number in range(4)]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


# Iran's clocks went forward at the beginning of 1 Farvardin and back at the end of 30 Shahrivar, until 2022.
def test_day_is_the_same_time_of_day_across_a_change_of_the_clocks_and_24_hours_are_not() -> None:
    before = at("2022-03-21T08:00")
    assert timers.duration("P1D").after(before) == at("2022-03-22T08:00")
    assert timers.duration("PT24H").after(before) == at("2022-03-22T09:00")
    autumn = at("2022-09-21T08:00")
    assert timers.duration("P1D").after(autumn) == at("2022-09-22T08:00")
    assert timers.duration("PT24H").after(autumn) == at("2022-09-22T07:00")


def test_there_is_no_change_of_the_clocks_since() -> None:
    for day in ("2023-03-21T08:00", "2026-09-21T08:00"):
        assert timers.duration("P1D").after(at(day)) == timers.duration("PT24H").after(at(day))


def test_time_that_the_clocks_jump_over_comes_an_hour_later() -> None:
    skipped = timers.duration("P1D").after(at("2022-03-21T00:30"))
    assert skipped.isoformat() == "2022-03-22T01:30:00+04:30"


def test_days_in_iran_are_days_of_iran_wherever_the_state_was_stored() -> None:
    run = waiting("timeDuration", "P1D", now=at("2022-03-21T08:00"))
    assert run.due("wait").isoformat() == "2022-03-22T08:00:00+04:30"


def test_cycle_keeps_its_time_of_day_across_a_change_of_the_clocks() -> None:
    host = line("userTask work")
    reminder = boundary("remind", "work", timer("timeCycle", "R/P1D"), interrupting=False)
    run = Run(spec(host, reminder), now=at("2022-03-20T08:00"))
    for day in ("21", "22", "23"):
        assert run.due("remind") == at(f"2022-03-{day}T08:00")
        run.happens("remind")


REMINDED = line("userTask work") + boundary(
    "remind", "work", timer("timeCycle", "R3/P7D"), interrupting=False
)


def test_cycle_on_a_border_fires_as_often_as_it_says() -> None:
    run = Run(spec(REMINDED))
    for number in (1, 2, 3):
        assert run.due("remind") == NOW + 7 * number * DAY
        run.happens("remind")
        assert run.waiting == ["work"] + ["remind-task"] * number
        assert run.step.fired[0].missed == 0
    assert not run.waits
    assert run.answer("work").waiting == ["remind-task"] * 3


def test_what_a_cycle_opened_stays_open_when_its_activity_ends() -> None:
    run = Run(spec(REMINDED)).happens("remind").answer("work")
    assert not run.waits
    assert run.waiting == ["remind-task"]
    assert not run.step.ended
    assert run.answer("remind-task").step.ended


def test_cycle_that_was_missed_fires_once_and_tells_how_often_it_was_missed() -> None:
    run = Run(spec(REMINDED)).later(days=15)
    assert run.waiting == ["work", "remind-task"]
    assert run.step.fired[0].missed == 1
    assert run.due("remind") == NOW + 21 * DAY
    run.later(days=100)
    assert run.step.fired[0].missed == 0
    assert not run.waits


def test_cycle_that_was_missed_altogether_fires_once() -> None:
    run = Run(spec(REMINDED)).later(days=1000)
    assert run.waiting == ["work", "remind-task"]
    assert run.step.fired[0].missed == 2
    assert not run.waits


def test_endless_cycle_goes_on_after_a_long_silence() -> None:
    run = Run(spec(REMINDED.replace("R3/P7D", "R/PT1S"))).later(days=400, hours=0.5)
    assert run.step.fired[0].missed == 400 * 86_400 + 1_800 - 1
    assert run.due("remind") == run.now + timedelta(seconds=1)


def test_cycle_that_fires_before_its_time_does_not_fire_again_then() -> None:
    run = Run(spec(REMINDED))
    step = bpmn.fire(run.spec, run.state or b"", {next(iter(run.waits)): {}}, NOW)
    assert [wait.due for wait in step.waits] == [NOW + 14 * DAY]
    assert step.fired[0].missed == 0


def test_next_repetition_that_nobody_lives_to_see_is_not_waited_for() -> None:
    run = Run(spec(REMINDED.replace("R3/P7D", "R2/2026-04-01/P9000Y"))).happens("remind")
    assert not run.waits
    assert run.waiting == ["work", "remind-task"]


@pytest.mark.parametrize("kind", ["timeDuration", "timeDate"])
def test_timer_on_a_border_interrupts(kind: str) -> None:
    text = {"timeDuration": "P30D", "timeDate": "2026-04-20T09:00"}[kind]
    run = Run(spec(line("userTask work"), boundary("late", "work", timer(kind, text))))
    assert run.due("late") == NOW + 30 * DAY
    run.happens("late")
    assert run.waiting == ["late-task"]
    assert run.log[-2:] == [("cancelled", "work"), ("passed", "late")]
    assert run.answer("late-task").step.ended


def test_timer_on_a_border_that_does_not_interrupt_fires_once() -> None:
    process = spec(
        line("userTask work"), boundary("late", "work", timer("timeDuration", "P1D"), interrupting=False)
    )
    run = Run(process).happens("late")
    assert run.waiting == ["work", "late-task"]
    assert not run.waits
    assert run.answer("work").waiting == ["late-task"]


def test_timer_of_a_task_that_was_done_in_time_never_fires() -> None:
    run = Run(
        spec(line("userTask work", "userTask after"), boundary("late", "work", timer("timeDate", "d"))),
        d="2026-04-01",
    )
    [token] = run.waits
    run.answer("work")
    assert run.step.unwaited == (token,)
    assert run.later(days=100).waiting == ["after"]
    assert ("passed", "late") not in run.log
    assert not any(element == "late" for _, element in run.log)


def test_cycle_on_a_border_that_interrupts_fires_once() -> None:
    run = Run(spec(line("userTask work"), boundary("late", "work", timer("timeCycle", "R3/P7D")))).later(
        days=30
    )
    assert run.waiting == ["late-task"]
    assert run.step.fired[0].missed == 0


def test_two_timers_behind_a_gateway_are_two() -> None:
    process = (
        '<startEvent id="start"/><eventBasedGateway id="first"/>'
        + catch("long", timer("timeDuration", "PT5M"))
        + catch("short", timer("timeDuration", "PT1M"))
        + '<userTask id="a"/><userTask id="b"/>'
        + "".join(
            flow(one, other)
            for one, other in [
                ("start", "first"),
                ("first", "long"),
                ("first", "short"),
                ("long", "a"),
                ("short", "b"),
            ]
        )
    )
    run = Run(spec(process)).later(minutes=2)
    assert run.waiting == ["b"]
    assert not run.waits
    run = Run(spec(process)).later(minutes=10)
    assert run.waiting == ["b"]
    assert [fired.element for fired in run.step.fired] == ["short"]


def test_timer_may_start_a_case_beside_people() -> None:
    process = spec(
        line("userTask work"),
        f'<startEvent id="yearly">{timer("timeCycle", "R/2026-03-21T08:00/P1Y")}</startEvent>'
        '<sequenceFlow id="y" sourceRef="yearly" targetRef="work"/>',
    )
    assert process.startable
    assert process.starts["yearly"].text == "R/2026-03-21T08:00/P1Y"
    run = Run(process, at="yearly")
    assert run.waiting == ["work"]
    assert run.passed == ["yearly"]
    assert Run(process).passed == ["start"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("R/PT1H", NOW + timedelta(hours=1)),
        ("R/2026-01-01T08:00/P1D", datetime(2026, 3, 22, 8, tzinfo=UTC)),
        ("R/2027-01-01/P1Y", datetime(2027, 1, 1, tzinfo=UTC)),
        ("R90/2026-01-01T08:00/P1D", datetime(2026, 3, 22, 8, tzinfo=UTC)),
        ("R3/2026-01-01T08:00/P1D", datetime(2026, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_schedule_begins_with_its_next_time_unless_it_is_over(text: str, first: datetime) -> None:
    assert bpmn.first_start(Trigger("timer", timer="timeCycle", text=text), NOW) == first


def test_schedule_ends_with_its_last_time_however_late_it_was_published() -> None:
    trigger = Trigger("timer", timer="timeCycle", text="R82/2026-01-01T08:00/P1D")
    first = bpmn.first_start(trigger, NOW)
    assert first == datetime(2026, 3, 22, 8, tzinfo=UTC)
    assert bpmn.next_start(trigger, NOW, first, first) == (0, datetime(2026, 3, 23, 8, tzinfo=UTC))
    assert bpmn.next_start(trigger, NOW, first, first + timedelta(days=9)) == (1, None)


@pytest.mark.parametrize(
    "text",
    [
        "R0/PT1H", "R/PT0S", "R3/P0D", "R3", "R/PT1H/2026-01-01", "R-1/PT1H", "R3/2026-01-01/2026-01-02",
        "PT1H", "R1234567/PT1H", "R3/P1D/2026-01-01/x",
    ],
)  # fmt: skip
def test_repetitions_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Untimely):
        timers.cycle(text, NOW)


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1", "1D", "P1DT", "P-1D", "P1.5D", "PT1,5,5S", "P1H", "PT99999999999999999H"]
)
def test_durations_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Untimely):
        timers.duration(text)


def test_message_and_timer_race_and_the_first_wins() -> None:
    process = spec(
        '<startEvent id="start"/><eventBasedGateway id="first"/>'
        + catch("pay", message(), 'parvandeh:result="payment"')
        + catch("late", timer("timeDuration", "P1D"))
        + '<userTask id="a"/><userTask id="b"/>'
        + "".join(
            flow(one, other)
            for one, other in [
                ("start", "first"),
                ("first", "pay"),
                ("first", "late"),
                ("pay", "a"),
                ("late", "b"),
            ]
        )
    )
    run = Run(process).happens("pay", amount=5)
    assert run.waiting == ["a"]
    assert run.data == {"payment": {"amount": 5}}
    assert ("cancelled", "late") in run.log
    assert Run(process).happens("late").waiting == ["b"]
