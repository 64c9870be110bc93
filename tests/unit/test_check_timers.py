"""Timers: a time is one, lies ahead, and repeats only where that has an effect."""

import pytest

from tests.bpmn import in_line, node
from tests.checking import EVENTS, bordered, findings, sole, timer, told, warned


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("timeDate", "2026-13-01"),
        ("timeDate", "2026-02-30T08:00"),
        ("timeDate", "2227-01-01"),
        ("timeDate", "9999-12-31T23:59:59-14:00"),
        ("timeDate", "0001-01-01T00:00:00+14:00"),
        ("timeDate", "2026-W60-1"),
        ("timeDate", "0001-01-01T00:00:00"),
        ("timeDate", "P1D"),
        ("timeDate", "5"),
        ("timeDuration", "P1H"),
        ("timeDuration", "PT"),
        ("timeDuration", "P-1D"),
        ("timeDuration", "-P1D"),
        ("timeDuration", "P201Y"),
        ("timeDuration", "P99999999999Y"),
        ("timeDuration", "R3/PT1H"),
        ("timeDuration", "'soon'"),
        ("timeDuration", "30"),
        ("timeCycle", "R0/PT1H"),
        ("timeCycle", "R3/P0D"),
        ("timeCycle", "R/PT1H/2026-04-01"),
        ("timeCycle", "R5"),
        ("timeCycle", "R-1/PT1H"),
        ("timeCycle", "PT1H"),
        ("timeCycle", "R1/2227-01-01/P1D"),
    ],
)
def test_time_that_is_none_is_refused(kind: str, time: str, text: str) -> None:
    assert told(*sole(kind, timer(time, text))) == [("invalid-timer", "x")]


@pytest.mark.parametrize("text", ["30 days", "1D", "0 0/5 * * * ?", "P 1 D"])
def test_time_that_is_neither_one_nor_python_is_refused(text: str) -> None:
    (finding,) = findings(*sole("intermediateCatchEvent", timer("timeDuration", text)))
    assert (finding.code, finding.element) == ("syntax-error", "x")
    assert "P10D" in finding.fix


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${deadline()}", "expression-language"),
        ("=deadline +", "syntax-error"),
        ("", "empty-expression"),
        ("open('x')", "not-in-sandbox"),
    ],
)
def test_expression_for_a_time_that_does_not_run_is_refused(text: str, code: str) -> None:
    assert told(*sole("intermediateCatchEvent", timer("timeDate", text))) == [(code, "x")]


def test_time_may_be_computed_from_the_data_of_a_case() -> None:
    assert warned(*sole("intermediateCatchEvent", timer("timeDate", "deadline"))) == []
    assert told(*sole("startEvent", timer("timeDate", "deadline"))) == [("timer-computed", "x")]


@pytest.mark.parametrize(
    "inside", ["", "<bpmn:timeDate>2027-01-01</bpmn:timeDate><bpmn:timeDuration>P1D</bpmn:timeDuration>"]
)
def test_timer_has_one_time(inside: str) -> None:
    definition = f"<bpmn:timerEventDefinition>{inside}</bpmn:timerEventDefinition>"
    assert told(*sole("intermediateCatchEvent", definition)) == [("timer-times", "x")]


@pytest.mark.parametrize("text", ["P0D", "PT0S"])
def test_timer_without_time_is_warned_of(text: str) -> None:
    assert warned(*sole("intermediateCatchEvent", timer("timeDuration", text))) == [("timer-at-once", "x")]


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("timeDate", "2026-03-21T09:00"),
        ("timeDate", "2020-01-01"),
        ("timeDate", "2026-03-21T12:30+03:30"),
        ("timeCycle", "R1/2026-03-20/P1D"),
    ],
)
def test_time_that_is_over_is_warned_of(kind: str, time: str, text: str) -> None:
    assert warned(*sole(kind, timer(time, text))) == [("timer-past", "x")]


def test_schedule_that_began_earlier_is_over_for_a_case_and_goes_on_for_a_definition() -> None:
    daily = timer("timeCycle", "R/2026-01-01T08:00/P1D")
    assert warned(*bordered("userTask", daily, cancelActivity="false")) == [("timer-past", "x")]
    assert warned(*sole("startEvent", daily)) == []


def test_repetition_where_an_event_happens_once_is_warned_of() -> None:
    cycle = timer("timeCycle", "R3/PT1H")
    assert warned(*sole("intermediateCatchEvent", cycle)) == [("cycle-once", "x")]
    assert warned(*bordered("userTask", cycle)) == [("cycle-once", "x")]
    assert warned(*bordered("userTask", cycle, cancelActivity="false")) == []
    assert warned(*sole("startEvent", cycle)) == []


@pytest.mark.parametrize("attribute", ["due", "followUp"])
@pytest.mark.parametrize(
    "text",
    [
        "P10D",
        "PT8H",
        " P1M ",
        "2026-04-21",
        "2026-03-21T10:00:00+03:30",
        "'P10D'",
        "P1_days or 'P1D'",
        "P5WD",
        "PT8WH",
    ],
)
def test_term_of_a_task_is_a_literal_or_an_expression(attribute: str, text: str) -> None:
    assert told(*in_line(node("userTask", "x", **{f"parvandeh__{attribute}": text}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "P10X",
        "P1H",
        "-P1D",
        "P201Y",
        "2026-13-01",
        "2026-02-30T08:00",
        "R3/P1D",
        "'P10X'",
        "P0WD",
        "P5WDT1H",
        "P2601WD",
        "P11Y",
        "P3661D",
        "PT5WD",
    ],
)
def test_term_of_a_task_that_is_no_time_is_refused(text: str) -> None:
    (finding,) = findings(*in_line(node("userTask", "x", parvandeh__due=text)))
    assert (finding.code, finding.element) == ("invalid-timer", "x")
    assert "parvandeh:due" in finding.reason


@pytest.mark.parametrize("kind", ["intermediateCatchEvent", "boundaryEvent"])
def test_duration_may_be_in_working_time(kind: str) -> None:
    within = timer("timeDuration", "P5WD")
    body = sole(kind, within) if kind == "intermediateCatchEvent" else bordered("userTask", within)
    assert told(*body) == []


@pytest.mark.parametrize(
    ("kind", "time", "value", "code"),
    [
        ("intermediateCatchEvent", "timeDuration", "P5WDT1H", "invalid-timer"),
        ("intermediateCatchEvent", "timeDuration", "P0WD", "invalid-timer"),
        ("intermediateCatchEvent", "timeCycle", "R3/P5WD", "invalid-timer"),
        ("intermediateCatchEvent", "timeDate", "P5WD", "invalid-timer"),
        ("startEvent", "timeDuration", "P5WD", "invalid-timer"),
    ],
)
def test_working_time_is_only_in_durations_of_cases(kind: str, time: str, value: str, code: str) -> None:
    (finding,) = findings(*sole(kind, timer(time, value)))
    assert finding.code == code
