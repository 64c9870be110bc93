"""Patterns of red flags, in generated offices and one by one; thresholds, and what chance explains."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from engine.models import Pattern
from engine.oversight.flags import MEASURED, OF_PLACES, OF_UNITS
from engine.oversight.flags.judging import Queue, compare, is_unusual, surprise
from engine.oversight.flags.measured import KINDS, OFFICES, Kind, Measured
from engine.oversight.flags.reading import Place
from engine.oversight.flags.rows import Finding, Logged, PlaceLog, by_case
from engine.oversight.flags.searching import findings
from engine.platform import red_flags
from engine.platform.config import Settings
from tests import flagged
from tests.flagged import BEGIN, DAY, HOUR, HOURS, MINUTE, PATTERNS

CLEAN = 25
PLANTED = 3


@pytest.mark.parametrize("kind", KINDS)
def test_clean_offices_have_at_most_the_stated_share_of_flags(kind: Kind) -> None:
    false = dict.fromkeys(PATTERNS, 0)
    for seed in range(CLEAN):
        for pattern, found in flagged.findings(flagged.an_office(seed, None, kind)).items():
            false[pattern] += len(found)
    place = KINDS.index(kind)
    stated = {name: MEASURED[name].false_by_kind[place] for name in PATTERNS}
    assert {name: count for name, count in false.items() if count > stated[name]} == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_planted_pattern_is_found_of_the_one_who_does_it(pattern: Pattern, kind: Kind) -> None:
    stated = MEASURED[pattern]
    found = sum(flagged.is_found(pattern, seed, kind) for seed in range(1000, 1000 + PLANTED))
    expected = stated.found_by_kind[KINDS.index(kind)]
    assert found >= PLANTED * expected // stated.planted_by_kind - 1


def test_measured_mistakes_are_few_in_each_kind_of_office() -> None:
    for place, clean in enumerate(Measured.clean_by_kind):
        false = [one.false_by_kind[place] for one in MEASURED.values()]
        assert clean >= 2000
        assert max(false) <= 0.002 * clean
        assert sum(false) <= 0.01 * clean
    assert Measured.clean == sum(Measured.clean_by_kind)
    assert Measured.clean_by_kind[0] == flagged.officials(KINDS[0], OFFICES)


def test_every_pattern_has_thresholds_and_was_measured() -> None:
    assert {*red_flags.USUAL} == {*PATTERNS} == {*MEASURED}
    assert all({"least", "share", "usual"} <= {*limits} for limits in red_flags.USUAL.values())


def test_what_everybody_does_is_not_unusual() -> None:
    limits = {"least": 3, "share": 0.1, "usual": 0.02}

    def unusual(*queues: Queue) -> bool:
        return is_unusual(compare(queues, limits), limits)

    assert unusual(Queue(10, 30, 2, 90))
    assert not unusual(Queue(10, 30, 30, 90))
    assert not unusual(Queue(2, 2, 0, 90))  # too few, however certain
    assert not unusual(Queue(9, 100, 0, 900))  # too small a part
    assert not unusual(Queue(86, 100, 123, 151))  # odds 1.4 times theirs
    # Certain, but odds of 2.9 and 3.1 times theirs.
    assert not unusual(Queue(490, 1000, 2500, 10_000))
    assert unusual(Queue(510, 1000, 2500, 10_000))
    # Twice as often as all others, but in each queue as often as the others there.
    assert not unusual(Queue(40, 50, 120, 150), Queue(1, 10, 30, 300))
    # In a queue of one account nothing shows what is usual but the expectation.
    alone = [compare([Queue(count, count, 0, 0)], limits) for count in (3, 9)]
    assert surprise(alone[0], 0.3) > 0.01 > surprise(alone[1], 0.02)
    assert surprise(compare([Queue(0, 5, 0, 40)], limits), None) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "text",
    [
        "speed=off",
        "outside-hours",
        "outside-hours=no",
        "outside-hours.seconds=5",
        "quick-decisions.seconds=off",
        "quick-decisions.seconds=0",
        "quick-decisions.seconds=30.5",
        "outside-hours.usual=0",
        "outside-hours.usual=5",
        "outside-hours.share=30",
        "outside-hours.share=0",
        "outside-hours.minutes=999999",
        "outside-hours.least=0",
        "outside-hours.least=4.5",
        "returned-often.times=0",
        "queue-jumping.waiting=0",
    ],
)
def test_a_setting_that_changes_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RED_FLAGS"):
        red_flags.read(text)


def test_a_setting_switches_patterns_off_and_sets_thresholds() -> None:
    found = red_flags.read("outside-hours=off, quick-decisions.seconds=30,")
    assert "outside-hours" not in found
    assert found["quick-decisions"] == {**red_flags.USUAL["quick-decisions"], "seconds": 30}
    assert red_flags.read("") == Settings.read({}).red_flags == red_flags.USUAL
    assert Settings.read({"RED_FLAGS": "outside-hours=off"}).red_flags.keys() == found.keys()


# Each pattern alone, at its borders.

ONE, OTHER, SYSTEM = (UUID(int=number) for number in (1, 2, 3))
NOON = BEGIN // DAY * DAY + 14 * DAY + 10 * HOUR
NOON += (7 - NOON // DAY % 7) * DAY  # the first day of a week


class Log:
    """Events of one place, each in a case of its own unless one is named."""

    def __init__(self) -> None:
        self.events: list[Logged] = []
        self.more: dict[str, Any] = {}

    def add(self, number: int, at: int, kind: str, person: UUID = ONE, **facts: Any) -> None:
        case, role = UUID(int=1000 + number), "system" if person == SYSTEM else "caseworker"
        role = facts.pop("as_role", role)
        task = UUID(int=5000 + facts.pop("task", number))
        given = (case, len(self.events), at, kind, facts.pop("element", "decide"), task, person, role, facts)
        self.events.append(Logged(*given))

    def find(self, pattern: Pattern) -> Sequence[Finding]:
        log = PlaceLog(BEGIN, by_case(self.events), HOURS, **self.more)
        return [*({**OF_PLACES, **OF_UNITS}[pattern](log, red_flags.USUAL[pattern]))]


def decided(log: Log, count: int, at: int, person: UUID = ONE, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        log.add(number, at, "task.completed", person)
        log.add(number, at, "decision.made", person)


def test_decisions_shortly_after_closing_time_are_not_outside_hours() -> None:
    log = Log()
    decided(log, 6, NOON + 5 * HOUR + 50 * MINUTE)
    assert log.find("outside-hours") == []
    decided(log, 6, NOON + 9 * HOUR, OTHER, begin=10)
    (found,) = log.find("outside-hours")
    assert (found.subject, found.numerator, found.base, found.usual) == (OTHER, 6, 6, (0, 6))
    assert [*found.cases.values()] == [NOON + 9 * HOUR] * 6


def test_what_was_before_the_period_is_no_reason() -> None:
    log = Log()
    decided(log, 9, NOON + 9 * HOUR - 40 * DAY)
    assert log.find("outside-hours") == []


def test_a_decision_is_quick_after_the_first_opening_only() -> None:
    log = Log()
    for number in range(6):
        log.add(number, NOON, "task.created", SYSTEM, side="office")
        log.add(number, NOON + HOUR, "task.claimed")
    decided(log, 6, NOON + HOUR + 8000)
    assert [one.numerator for one in log.find("quick-decisions")] == [6]
    log.more = {"opened": {(ONE, UUID(int=1000 + number)): NOON + MINUTE for number in range(3)}}
    assert log.find("quick-decisions") == []  # half of them were read before


def test_an_automatic_assignment_that_was_recused_is_no_reassignment() -> None:
    log = Log()
    for number in range(5):
        log.add(number, NOON, "task.created", SYSTEM, side="office", assignment="random")
        log.add(number, NOON, "task.assigned", SYSTEM, account=str(OTHER), how="random")
        log.add(number, NOON + 1, "task.released", OTHER, reason="recusal")
        log.add(number, NOON + 2, "task.assigned", SYSTEM, account=str(ONE), how="random")
        log.add(number, NOON + HOUR, "task.completed", ONE)
    assert log.find("reassigned-until") == []
    for number in range(5):
        log.add(number, NOON + 3, "task.assigned", OTHER, account=str(ONE), how="given")
    assert [one.subject for one in log.find("reassigned-until")] == [ONE]


def test_queue_jumping_needs_others_that_wait_longer() -> None:
    log = Log()
    for number in range(30):
        log.add(number, NOON + number * DAY, "task.created", SYSTEM, side="office", role="clerk")
    for number in range(29, 20, -1):  # the newest first, while others wait
        log.add(number, NOON + 40 * DAY + (30 - number) * HOUR, "task.claimed")
    assert log.find("queue-jumping") == []  # nobody else serves this queue in another manner
    for number in range(9):
        log.add(number, NOON + 40 * DAY + number * HOUR + MINUTE, "task.claimed", OTHER)
    (found,) = log.find("queue-jumping")
    assert (found.subject, found.numerator, found.base, found.usual) == (ONE, 9, 9, (0, 9))
    assert found.expected == 0
    log = Log()
    for number in range(30):
        log.add(number, NOON + number * DAY, "task.created", SYSTEM, side="office", role="clerk")
    for number in range(20):
        log.add(number, NOON + 40 * DAY + number * HOUR, "task.claimed")
    assert log.find("queue-jumping") == []


def test_an_office_that_always_serves_the_newest_first_has_no_flag() -> None:
    log = Log()
    for number in range(60):
        log.add(number, NOON + number * DAY, "task.created", SYSTEM, side="office", role="clerk")
    for number in range(59, 20, -1):
        person = OTHER if number % 8 == 0 else ONE
        log.add(number, NOON + 70 * DAY + (60 - number) * HOUR, "task.claimed", person)
    assert log.find("queue-jumping") == []


def test_officials_of_a_slow_queue_are_not_compared_with_those_of_a_quick_one() -> None:
    log = Log()
    for number in range(400):
        slow = number < 200
        person = UUID(int=20 + number % 4 + 4 * slow)
        role = "inspector" if slow else "clerk"
        log.add(number, NOON, "task.created", SYSTEM, side="office", role=role)
        at = NOON + 9 * HOUR if slow and number % 7 else NOON
        log.add(number, at, "task.completed", person)
        log.add(number, at, "decision.made", person)
    assert log.find("outside-hours") == []


def test_a_more_urgent_task_is_no_queue_jumping() -> None:
    log = Log()
    for number in range(30):
        due = f"2026-05-{30 - number:02}T10:00:00+00:00"
        log.add(number, NOON + number * HOUR, "task.created", SYSTEM, side="office", role="clerk", due_at=due)
    for number in range(29, 15, -1):
        log.add(number, NOON + 40 * DAY + (30 - number) * HOUR, "task.claimed")
    assert log.find("queue-jumping") == []


def test_a_pause_on_the_last_day_or_over_a_closing_counts_and_an_earlier_one_does_not() -> None:
    log = Log()
    for number in range(9):
        log.add(number, NOON - DAY, "clock.started", SYSTEM, due_at="2026-12-01T10:00:00+00:00")
        log.add(number, NOON, "clock.paused", code="suspension")
        log.add(number, NOON + 2 * DAY, "clock.resumed")
    assert log.find("pauses-at-the-end") == []
    for number in range(10, 20):  # from closing time to opening time
        log.add(number, NOON + 5 * HOUR, "clock.paused", OTHER, code="suspension")
        log.add(number, NOON + 21 * HOUR, "clock.resumed", OTHER)
    (found,) = log.find("pauses-at-the-end")
    assert (found.subject, found.numerator, found.base, found.usual) == (OTHER, 10, 10, (0, 9))


def test_changes_that_an_administrator_only_confirmed_are_those_of_the_proposer() -> None:
    log = Log()
    decided(log, 20, NOON, OTHER, begin=100)
    for number in range(6):
        log.add(number, NOON, "change.confirmed", OTHER, what="variables", proposed_by=str(ONE))
        log.add(number + 10, NOON, "change.confirmed", SYSTEM, what="modification", proposed_by=str(OTHER))
    (found,) = log.find("changed-variables")
    assert (found.subject, found.numerator, found.base) == (ONE, 6, 32)


def test_an_entry_that_breaks_a_rule_stops_no_search() -> None:
    log = Log()
    log.add(1, NOON, "task.created", SYSTEM, side="office", assignment="random")
    log.add(1, NOON, "task.assigned", SYSTEM, account="nobody", how="random")
    place, where = PlaceLog(BEGIN, by_case(log.events), HOURS), Place(UUID(int=1), "root", "p")
    failed: list[Pattern] = []
    for pattern, find in OF_PLACES.items():
        with capture_logs() as told:
            found = findings(pattern, find, place, red_flags.USUAL[pattern], where)
        assert found == (None if told else [])
        if told:
            failed.append(pattern)
            (line,) = told
            assert (line["event"], line["pattern"], line["unit"]) == ("flags.search-failed", pattern, "root")
    assert "reassigned-until" in failed
    with pytest.raises(ValueError, match="UUID"):
        log.find("reassigned-until")


def test_one_applicant_counts_only_what_others_could_have_decided() -> None:
    log = Log()
    decided(log, 8, NOON)
    log.more = {"applicants": {UUID(int=1000 + number): "company" for number in range(8)}}
    assert log.find("one-applicant") == []  # nobody else decides such cases
    decided(log, 20, NOON, OTHER, begin=10)
    (found,) = log.find("one-applicant")
    assert (found.subject, found.numerator, found.base, found.usual) == (ONE, 8, 8, (0, 20))
