"""Where the time of a case goes, its steps, its critical path and the causes of its delay: rule by rule.

Times are in minutes; the office of `home` is open in the first half of each hour, that of `other` always.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import cases, deadlines
from engine.timeline import INSTALLATION, NOTICES, Event, Hours, Surroundings, Timeline, timeline, units_of

MINUTE = 60_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HALF = Hours(
    lambda begin, end: [
        (max(hour * 60 * MINUTE, begin), min((hour * 60 + 30) * MINUTE, end))
        for hour in range(begin // (60 * MINUTE), end // (60 * MINUTE) + 1)
        if max(hour * 60 * MINUTE, begin) < min((hour * 60 + 30) * MINUTE, end)
    ]
)
ALWAYS = Hours(lambda begin, end: [(begin, end)])
Row = tuple[Any, ...]


def instant(minute: int) -> str:
    return (EPOCH + timedelta(minutes=minute)).isoformat(timespec="microseconds")


def case(*rows: Row, now: int = 1_000, home: Hours = ALWAYS, half: Hours = ALWAYS, **around: Any) -> Timeline:
    """The timeline of a case from rows of minute, kind, element, task and facts; it starts at 0."""
    begun: Row = (0, "case.started", None, None, {"unit": "home"})
    events = [
        Event(seq, row[0] * MINUTE, row[1], row[2], row[3], "caseworker", "home", row[4])
        for seq, row in enumerate([begun, *rows], 1)
    ]
    offices = {"home": home, "other": ALWAYS, "half": half}.get
    return timeline(events, Surroundings("home", now * MINUTE, offices, **around))


def opened(minute: int, task: str, side: str = "office", **facts: Any) -> Row:
    return minute, "task.created", task, task, {"kind": "step", "side": side, **facts}


def completed(minute: int, task: str) -> Row:
    return minute, "task.completed", task, task, {}


def waits(minute: int, key: str, kind: str = "message", **facts: Any) -> Row:
    return minute, "wait.opened", key, None, {"wait": key, "kind": kind, **facts}


def unwaits(minute: int, key: str) -> Row:
    return minute, "wait.closed", key, None, {"wait": key, "kind": "message"}


def worked(minute: int, task: str, begin: int, end: int) -> Row:
    return minute, "work.noted", task, task, {"from_at": instant(begin), "to_at": instant(end)}


def ended(minute: int) -> Row:
    return minute, "case.completed", None, None, {}


def clock(minute: int, what: str, **facts: Any) -> Row:
    return minute, f"clock.{what}", None, None, facts


def term(due: int, begin: int = 0) -> Row:
    return clock(begin, "started", started_at=instant(begin), due_at=instant(due))


def norm(text: str) -> deadlines.Term:
    return deadlines.term(text)


def minutes(found: Timeline) -> dict[str, int]:
    """The minutes in each bucket that has any."""
    return {bucket: ms // MINUTE for bucket, ms in found.totals.items() if ms}


def causes(found: Timeline) -> list[tuple[str | None, str | None, str, int]]:
    assert found.delay is not None
    return [(*cause[:3], cause.ms // MINUTE) for cause in found.delay.causes]


def test_task_is_in_queue_until_somebody_works_on_it() -> None:
    found = case(
        opened(0, "a"), (2, "task.claimed", "a", "a", {}), completed(9, "a"), worked(40, "a", 5, 8), ended(10)
    )
    assert minutes(found) == {"worked": 3, "in_queue": 6, "scheduled_wait": 1}
    (step,) = found.steps
    assert (step.opened, step.claimed, step.closed) == (0, 2 * MINUTE, 9 * MINUTE)
    assert (step.kind, step.unit, step.party, step.how) == ("task", None, "home", "completed")
    assert step.work == [(5 * MINUTE, 8 * MINUTE, "home")]


def test_others_are_not_shown_when_somebody_worked() -> None:
    found = case(opened(0, "a"), completed(9, "a"), worked(40, "a", 5, 8), ended(9))
    assert [one[2:] for one in found.segments] == [
        (bucket, "home", "a") for bucket in ("in_queue", "worked", "in_queue")
    ]
    assert found.shown_segments == [(0, 9 * MINUTE, "in_queue", "home", "a")]


def test_two_who_work_at_the_same_time_count_once() -> None:
    """One of them at the case as a whole, which is at no step."""
    together = (5, "work.noted", None, None, {"from_at": instant(1), "to_at": instant(3)})
    found = case(opened(0, "a"), worked(5, "a", 1, 3), together, completed(9, "a"), ended(9))
    assert minutes(found) == {"worked": 2, "in_queue": 7}


def test_a_fact_that_is_null_is_not_stated() -> None:
    stated: dict[str, Any] = dict.fromkeys(("unit", "party", "due_at", "started_at", "paused_at"))
    kinds = ("task.created", "wait.opened", "clock.started", "clock.paused", "clock.resumed")
    rows = [(0, kind, "a", "a", {"kind": "step", "wait": "w"}) for kind in kinds]
    nulls = [(*row[:4], {**row[4], **stated}) for row in rows]
    assert case(*nulls, ended(9)).totals == case(*rows, ended(9)).totals
    event = Event(1, 0, "task.created", "a", "a", "caseworker", "home", stated)
    assert units_of([event], "home") == {"home"}


def test_work_that_is_noted_after_the_end_counts_within_the_life_of_the_case() -> None:
    found = case(opened(0, "a"), completed(10, "a"), ended(10), worked(30, "a", 8, 25))
    assert minutes(found) == {"worked": 2, "in_queue": 8}
    assert found.end == 10 * MINUTE


def test_task_that_awaits_a_correction_is_with_the_applicant() -> None:
    asked = (2, "correction.asked", "a", "fix", {"parent": "a", "side": "applicant"})
    found = case(opened(0, "a"), asked, (9, "data.corrected", "a", "fix", {}), completed(10, "a"), ended(10))
    assert minutes(found) == {"in_queue": 3, "with_applicant": 7}


@pytest.mark.parametrize(
    ("unit", "bucket"),
    [({"unit": "other"}, "other_agency"), ({}, "in_queue"), ({"unit": "home"}, "in_queue")],
)
def test_opinion_is_with_another_agency_only_if_another_unit_was_asked(
    unit: dict[str, str], bucket: str
) -> None:
    asked = (2, "opinion.asked", "a", "view", {"parent": "a", "side": "office", **unit})
    found = case(opened(0, "a"), asked, (9, "opinion.given", "a", "view", {}), completed(9, "a"), ended(9))
    assert (2 * MINUTE, 9 * MINUTE, bucket) in [
        (max(one.begin, 2 * MINUTE), *one[1:3]) for one in found.segments
    ]


def test_suspended_case_has_no_open_tasks_but_is_still_awaited_by_others() -> None:
    found = case(
        opened(0, "a"),
        opened(0, "b", "applicant"),
        (2, "case.suspended", None, None, {}),
        (4, "call.made", "c", None, {"call": "c", "party": "tax"}),
        (5, "call.answered", "c", None, {"call": "c"}),
        (9, "case.resumed", None, None, {}),
        ended(10),
    )
    assert minutes(found) == {"in_queue": 3, "suspended": 6, "other_agency": 1}


def test_suspension_of_the_definition_counts_too() -> None:
    found = case(opened(0, "a"), ended(10), suspensions=[(3 * MINUTE, 5 * MINUTE)])
    assert minutes(found) == {"in_queue": 8, "suspended": 2}


def test_call_is_a_technical_failure_from_its_first_failed_attempt_on() -> None:
    found = case(
        (0, "call.made", "c", None, {"call": "c", "party": "tax"}),
        (3, "call.tried", "c", None, {"call": "c", "code": "timeout"}),
        (7, "call.tried", "c", None, {"call": "c", "code": "timeout"}),
        (7, "call.failed", "c", None, {"call": "c"}),
        (7, "incident.opened", "c", None, {"incident": "i", "code": "call-failed"}),
        (9, "incident.retried", "c", None, {"incident": "i", "code": "call-failed"}),
        (9, "call.made", "c", None, {"call": "c", "party": "tax"}),
        (12, "call.tried", "c", None, {"call": "c", "code": "ok"}),
        (12, "call.answered", "c", None, {"call": "c"}),
        ended(12),
    )
    assert minutes(found) == {"technical_failure": 6, "other_agency": 6}
    assert [step.how for step in found.steps] == ["failed", "retried", "answered"]


@pytest.mark.parametrize(
    ("stated", "party"),
    [
        ({"party": "tax", "agency": "treasury"}, "tax"),
        ({"agency": "tax", "connector": "registry"}, "tax"),
        ({"connector": "registry"}, "registry"),
        ({"party": "applicant"}, None),
        ({}, None),
    ],
)
def test_incident_of_a_failed_call_is_that_of_the_called(stated: dict[str, str], party: str | None) -> None:
    found = case(
        (0, "call.made", "c", None, {"call": "c", **stated}),
        (4, "call.failed", "c", None, {"call": "c"}),
        (4, "incident.opened", "c", None, {"incident": "i", "code": "call-failed"}),
        (8, "incident.closed", "c", None, {"incident": "i"}),
        (9, "incident.opened", "c", None, {"incident": "j", "code": "script"}),
        ended(10),
    )
    failures = [one for one in found.segments if one.bucket == "technical_failure"]
    assert failures == [
        (4 * MINUTE, 8 * MINUTE, "technical_failure", party, "c"),
        (9 * MINUTE, 10 * MINUTE, "technical_failure", None, "c"),
    ]


def test_wait_for_a_call_is_the_call() -> None:
    found = case(
        waits(0, "c", "call", party="tax"),
        (4, "wait.closed", "c", None, {"wait": "c", "kind": "call", "party": "tax"}),
        ended(9),
    )
    assert minutes(found) == {"other_agency": 4, "scheduled_wait": 5}


def test_outage_of_the_installation_is_a_technical_failure() -> None:
    found = case(opened(0, "a", "applicant"), ended(10), outages=[(-5 * MINUTE, 4 * MINUTE)])
    assert minutes(found) == {"technical_failure": 4, "with_applicant": 6}
    assert [one.party for one in found.segments] == [INSTALLATION, "applicant"]


def test_incidents_that_stop_nothing_are_no_failures() -> None:
    assert cases.NOTICES | {*cases.CLOCK_FAILURES} == NOTICES
    opened_ones = [(1, "incident.opened", "p", None, {"incident": code, "code": code}) for code in NOTICES]
    found = case(opened(0, "a"), *opened_ones, ended(10), process="p")
    assert minutes(found) == {"in_queue": 10}
    failed = (1, "incident.opened", "timer", None, {"incident": "i", "code": "no-holidays"})
    assert minutes(case(failed, ended(10), process="p")) == {"technical_failure": 9, "scheduled_wait": 1}


@pytest.mark.parametrize(
    ("facts", "bucket", "party"),
    [
        ({}, "scheduled_wait", None),
        ({"party": "fire"}, "other_agency", "fire"),
        ({"party": "applicant"}, "with_applicant", "applicant"),
    ],
)
def test_wait_is_that_of_its_party(facts: dict[str, str], bucket: str, party: str | None) -> None:
    (segment,) = case(waits(0, "m", **facts), ended(10)).segments
    assert segment[2:] == (bucket, party, "m")


def test_scheduled_wait_is_that_of_the_innermost_event() -> None:
    found = case(waits(0, "withdrawal"), waits(1, "timer", "timer"), now=9)
    assert [one[2:] for one in found.segments] == [
        ("scheduled_wait", None, "withdrawal"),
        ("scheduled_wait", None, "timer"),
    ]
    assert legs(found) == [("withdrawal", 0, 1), ("timer", 1, 9)]
    assert found.party_not_stated
    assert not case(opened(0, "a"), waits(0, "withdrawal"), now=9).party_not_stated


def test_open_bill_is_with_the_applicant() -> None:
    bill = {"bill": "b", "amount": "1", "currency": "IRR"}
    found = case(
        (0, "bill.issued", "pay", None, bill), waits(0, "m"), (8, "bill.paid", "pay", None, bill), ended(10)
    )
    assert minutes(found) == {"with_applicant": 8, "scheduled_wait": 2}


def test_task_of_a_delegate_is_with_another_agency_until_it_is_returned() -> None:
    delegated = (2, "task.delegated", "a", "a", {"unit": "firm", "delegation": "d"})
    found = case(opened(0, "a"), delegated, (7, "task.returned", "a", "a", {"unit": "home"}), ended(10))
    assert [one[2:4] for one in found.segments] == [
        ("in_queue", "home"),
        ("other_agency", "firm"),
        ("in_queue", "home"),
    ]


def test_closed_hours_are_taken_out_of_queue_and_agency_only() -> None:
    found = case(
        *(opened(0, "a"), completed(60, "a"), opened(60, "b", "applicant"), completed(120, "b")),
        *(waits(120, "m", party="fire"), unwaits(180, "m"), waits(180, "t"), ended(240)),
        home=HALF,
    )
    assert minutes(found) == {
        **{"other_agency": 30, "in_queue": 30, "with_applicant": 60},
        **{"scheduled_wait": 60, "office_closed": 60},
    }
    assert [one[3:] for one in found.segments if one.bucket == "office_closed"] == [
        ("home", "a"),
        ("fire", "m"),
    ]


def test_office_is_closed_only_while_all_offices_with_a_task_are() -> None:
    found = case(opened(0, "a"), opened(0, "b", unit="other"), ended(60), home=HALF)
    assert [(one.party, one.begin // MINUTE) for one in found.segments] == [("home", 0), ("other", 30)]


def test_event_without_facts_is_in_the_queue_of_the_unit_of_the_case() -> None:
    old = [
        (0, "task.created", "a", "a", None),
        (4, "task.completed", "a", "a", None),
        (4, "wait.opened", "m", None, None),
    ]
    found = case(*old, ended(10))
    assert found.approximate
    assert minutes(found) == {"in_queue": 10}
    assert not case(ended(10)).approximate


def test_correction_without_facts_belongs_to_the_task_of_its_element() -> None:
    asked = (2, "correction.asked", "a", "fix", None)
    found = case(
        (0, "task.created", "a", "a", None), asked, (9, "data.corrected", "a", "fix", None), ended(10)
    )
    assert minutes(found) == {"in_queue": 3, "with_applicant": 7}


def test_migrated_wait_continues_and_may_have_another_party() -> None:
    moved = (4, "case.moved", None, None, {"from": 1, "to": 2})
    found = case(
        waits(0, "m"),
        moved,
        (4, "wait.opened", "n", None, {"wait": "m", "kind": "message", "party": "fire"}),
        ended(10),
    )
    assert minutes(found) == {"other_agency": 6, "scheduled_wait": 4}
    assert [step.element for step in found.steps] == ["n"]


def test_steps_know_which_steps_they_followed() -> None:
    found = case(
        *(opened(0, "a"), opened(0, "b"), completed(4, "a"), opened(4, "c"), completed(6, "b")),
        *(completed(9, "c"), opened(9, "d"), ended(12)),
    )
    assert [(step.element, step.predecessors) for step in found.steps] == [
        *(("a", ()), ("b", ()), ("c", (0,)), ("d", (2,))),
    ]
    assert found.steps[3].how == "ended"


def test_passage_has_a_split_of_its_own_without_its_requests() -> None:
    found = case(
        *(opened(0, "a"), opened(0, "b"), worked(3, "a", 1, 3)),
        (4, "correction.asked", "a", "fix", {"parent": "a"}),
        *((9, "data.corrected", "a", "fix", {}), completed(10, "a"), ended(12)),
    )
    split = [{name: ms // MINUTE for name, ms in found.totals_of(step).items() if ms} for step in found.steps]
    assert split == [{"worked": 2, "in_queue": 3}, {"in_queue": 12}, {"with_applicant": 5}]


def legs(found: Timeline) -> list[tuple[str | None, int, int]]:
    return [
        (leg.step.element if leg.step else None, leg.begin // MINUTE, leg.end // MINUTE) for leg in found.path
    ]


def test_critical_path_follows_the_last_to_finish_at_a_join() -> None:
    found = case(
        *(
            opened(0, "a"),
            completed(2, "a"),
            opened(2, "b"),
            opened(2, "c"),
            completed(5, "b"),
            completed(9, "c"),
        ),
        *(opened(9, "d"), completed(10, "d"), ended(10)),
    )
    assert legs(found) == [("a", 0, 2), ("c", 2, 9), ("d", 9, 10)]


def test_critical_path_distinguishes_the_commands_of_one_instant() -> None:
    """Both branches continue at minute 5: `c` waited for `a`, not for `b`, though agencies come first."""
    found = case(
        *(opened(0, "a"), waits(0, "b", party="fire"), completed(5, "a"), opened(5, "c")),
        *((5, "message.received", "b", None, {}), unwaits(5, "b"), opened(5, "d")),
        *(completed(7, "d"), completed(9, "c"), ended(9)),
    )
    assert legs(found) == [("a", 0, 5), ("c", 5, 9)]
    assert [step.predecessors for step in found.steps] == [(), (), (0,), (1,)]


def test_critical_path_goes_through_the_requests_of_a_task() -> None:
    found = case(
        opened(0, "a"),
        (2, "opinion.asked", "x", "x", {"parent": "a", "unit": "other"}),
        (3, "opinion.asked", "y", "y", {"parent": "a", "unit": "other"}),
        (6, "opinion.given", "x", "x", {}),
        (8, "opinion.given", "y", "y", {}),
        *(completed(10, "a"), ended(10)),
    )
    assert legs(found) == [("a", 0, 2), ("x", 2, 3), ("y", 3, 8), ("a", 8, 10)]


def test_critical_path_is_contiguous_though_the_clock_of_the_server_was_set_back() -> None:
    asked = (6, "opinion.asked", "x", "x", {"parent": "a", "unit": "other"})
    found = case(opened(0, "a"), asked, (4, "opinion.given", "x", "x", {}), completed(8, "a"), ended(8))
    assert legs(found) == [("a", 0, 8)]


def test_task_cancelled_by_its_timer_is_on_the_critical_path() -> None:
    found = case(
        *(
            opened(0, "a"),
            waits(0, "timer", "timer"),
            (5, "timer.fired", "timer", None, {}),
            unwaits(5, "timer"),
        ),
        *((5, "task.cancelled", "a", "a", {}), opened(5, "b"), completed(9, "b"), ended(9)),
    )
    assert legs(found) == [("a", 0, 5), ("b", 5, 9)]
    assert [step.how for step in found.steps] == ["cancelled", "happened", "completed"]


def test_critical_path_of_an_open_case_ends_with_what_is_open() -> None:
    found = case(opened(0, "a"), completed(3, "a"), opened(3, "b"), waits(3, "timer", "timer"), now=7)
    assert legs(found) == [("a", 0, 3), ("b", 3, 7)]


def test_one_planted_cause_explains_the_whole_delay() -> None:
    norms = {"a": norm("PT70M"), "b": norm("PT50M")}  # 40 and 20 of the office
    found = case(
        *(term(120), opened(0, "a"), completed(70, "a"), opened(70, "b"), completed(260, "b"), ended(260)),
        *(worked(300, "b", 240, 250), clock(260, "stopped", due_at=instant(120))),
        norms=norms,
        home=HALF,
    )
    assert found.delay is not None
    assert found.delay.late_ms == 80 * MINUTE  # of the office: 120–150, 180–210, 240–260
    assert causes(found) == [("home", "b", "in_queue", 80)]  # the work was within the norm
    assert not found.delay.unexplained_ms


def test_norm_covers_work_and_queue_before_it_covers_failures() -> None:
    found = case(
        *(term(30), opened(0, "a"), completed(50, "a"), worked(60, "a", 0, 10), ended(50)),
        norms={"a": norm("PT30M")},
        outages=[(20 * MINUTE, 35 * MINUTE)],
    )
    assert causes(found) == [(INSTALLATION, "a", "technical_failure", 15), ("home", "a", "in_queue", 5)]


def test_delay_is_spread_in_proportion_to_what_exceeds_the_norms() -> None:
    found = case(
        *(
            term(20),
            opened(0, "a"),
            completed(20, "a"),
            waits(20, "m", party="fire"),
            unwaits(50, "m"),
            ended(50),
        ),
        norms={"a": norm("PT10M")},
    )
    assert causes(found) == [("fire", "m", "other_agency", 22), ("home", "a", "in_queue", 7)]
    assert found.delay is not None
    assert sum(cause.ms for cause in found.delay.causes) == 30 * MINUTE


def test_causes_are_counted_in_office_time_as_the_delay_is() -> None:
    """All of it is the delay: neither failures nor the applicant count when no office is open.

    Without their proportion: 90, 30, 10 and 10 minutes. The norm of `a` alone exceeds the term.
    """
    broken = {"incident": "i", "code": "script-error"}
    found = case(
        *(term(0), (0, "incident.opened", "s", None, broken), (150, "incident.retried", "s", None, broken)),
        *(opened(150, "a", "applicant"), completed(200, "a"), opened(200, "b"), completed(220, "b")),
        ended(220),
        norms={"a": norm("PT40M")},
        home=HALF,
    )
    assert causes(found) == [
        *((None, "s", "technical_failure", 77), (None, None, "plan", 25)),
        *(("applicant", "a", "with_applicant", 8), ("home", "b", "in_queue", 8)),
    ]
    assert found.delay is not None
    assert not found.delay.unexplained_ms


def test_closed_office_of_those_who_were_awaited_explains_what_is_left() -> None:
    """`half` is closed in the second half of each hour, when the unit of the case is open."""
    found = case(*(term(30), waits(0, "m", party="half"), unwaits(120, "m"), ended(120)), half=HALF)
    assert causes(found) == [("half", "m", "other_agency", 60), ("half", "m", "office_closed", 30)]
    assert found.delay is not None
    assert (found.delay.unexplained_ms, found.delay.asks_reason) == (0, False)


def test_norm_of_a_task_covers_its_requests_last() -> None:
    asked = (2, "opinion.asked", "a", "x", {"parent": "a", "unit": "other"})
    found = case(
        *(term(20), opened(0, "a"), asked, (12, "opinion.given", "a", "x", {}), completed(20, "a")),
        *(opened(20, "b"), completed(30, "b"), ended(30)),
        norms={"a": norm("PT15M")},
    )
    assert causes(found) == [("home", "b", "in_queue", 6), ("other", "a", "other_agency", 3)]


def test_time_for_which_the_clock_was_paused_delays_nothing() -> None:
    found = case(
        *(
            term(20),
            opened(0, "a", "applicant"),
            clock(0, "paused", side="applicant", code="wait"),
            completed(30, "a"),
        ),
        *(
            clock(30, "resumed", paused_at=instant(0), due_at=instant(50)),
            opened(30, "b"),
            completed(70, "b"),
            ended(70),
        ),
    )
    assert causes(found) == [("home", "b", "in_queue", 20)]


def test_time_before_the_term_delays_nothing() -> None:
    found = case(
        opened(0, "a"), completed(30, "a"), term(40, 30), opened(30, "b"), completed(50, "b"), ended(50)
    )
    assert causes(found) == [("home", "b", "in_queue", 10)]


def test_norms_that_exceed_the_term_are_the_plan() -> None:
    norms = {"a": norm("PT30M"), "b": norm("PT20M")}
    found = case(
        *(term(40), opened(0, "a"), completed(30, "a"), opened(30, "b"), completed(50, "b"), ended(50)),
        norms=norms,
    )
    assert causes(found) == [(None, None, "plan", 10)]


def test_timer_is_planned_by_the_process() -> None:
    timer = waits(0, "t", "timer", due_at=instant(50))
    found = case(term(40), timer, (52, "timer.fired", "t", None, {}), unwaits(52, "t"), ended(52))
    assert causes(found) == [(None, None, "plan", 10), (None, "t", "scheduled_wait", 2)]


@pytest.mark.parametrize("reason", [None, "archive"])
def test_delay_that_nobody_can_explain_asks_for_a_reason(reason: str | None) -> None:
    given = [] if reason is None else [(60, "delay.explained", None, None, {"code": reason, "hours": 1})]
    found = case(term(10), opened(0, "a"), completed(5, "a"), ended(50), *given)
    assert found.delay is not None
    assert (found.delay.unexplained_ms // MINUTE, found.delay.reason) == (36, reason)
    assert causes(found) == [("home", "a", "in_queue", 4)]
    assert found.delay.asks_reason is (reason is None)


def test_decision_by_silence_names_who_had_the_case_without_hours() -> None:
    found = case(
        *(term(120), opened(0, "a"), completed(30, "a"), opened(30, "b", unit="half")),
        *(clock(120, "breached", due_at=instant(120)), clock(120, "deemed", due_at=instant(120))),
        *((120, "task.cancelled", "b", "b", {}), opened(120, "c"), completed(400, "c"), ended(400)),
    )
    assert found.delay is not None
    assert (found.delay.late_ms, found.delay.unexplained_ms, found.delay.asks_reason) == (0, 0, False)
    assert found.delay.until == found.delay.due
    assert causes(found) == [("half", "b", "in_queue", 0), ("home", "a", "in_queue", 0)]


def test_case_decided_in_time_is_not_late_however_long_it_continues() -> None:
    rows = [
        term(20),
        opened(0, "a"),
        completed(10, "a"),
        clock(10, "stopped", due_at=instant(20)),
        waits(10, "m"),
    ]
    assert case(*rows, ended(90)).delay is None


def test_case_without_a_term_is_measured_by_the_norm_of_its_process() -> None:
    rows = [
        opened(0, "a"),
        (10, "case.suspended", None, None, {}),
        (30, "case.resumed", None, None, {}),
        ended(100),
    ]
    assert case(*rows).delay is None
    found = case(*rows, norm=norm("PT50M"))
    assert found.delay is not None
    assert found.delay.due == 70 * MINUTE
    assert causes(found) == [("home", "a", "in_queue", 30)]
