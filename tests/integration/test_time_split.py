"""Where the time of real cases goes: what the engine logs, with calendars and norms of the installation."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engine import cases, deadlines, tasks
from engine.cases import CaseView, messages
from engine.deadlines import working_time_between
from engine.events import administration_log
from engine.organisation import calendars
from engine.oversight import timeline
from engine.platform.db import Database
from engine.timeline import Cause, Timeline, ms_of
from tests import bpmn, clocks, factories
from tests.integration.conftest import Act

HOUR = timedelta(hours=1)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'


def deploy(database: Database) -> None:
    """A task whose norm is an hour, then a wait for the fire department."""
    waits = {"parvandeh__correlation": "{'order': order}", "parvandeh__party": "fire-department"}
    body = bpmn.in_line(
        bpmn.node("userTask", "a", parvandeh__norm="PT1H"),
        bpmn.node("intermediateCatchEvent", "c", MESSAGE, **waits),
    )
    content = bpmn.definitions('<bpmn:message id="m" name="paid"/>', bpmn.process_element(*body))
    factories.deploy(database, {"p.bpmn": content})


def read(act: Act, case: CaseView, later: timedelta) -> Timeline:
    found: Timeline = act("administrator", lambda uow: timeline.of_case(uow, case.id), later).timeline
    return found


def hours(found: Timeline) -> dict[str, float]:
    return {bucket: round(ms / 3_600_000, 2) for bucket, ms in found.totals.items() if ms >= 60_000}


def test_each_hour_of_a_case_is_in_one_bucket(
    database: Database, act: Act, start: Callable[..., CaseView]
) -> None:
    factories.work_every_day(database)
    deploy(database)
    case = start(order="1")
    (task,) = case.tasks

    def note_outage(uow: Any) -> None:
        facts = {"from_at": uow.now - HOUR, "to_at": uow.now, "seconds": 3_600}
        administration_log.note(uow, "installation.outage", None, facts)

    act("administrator", lambda uow: cases.suspend(uow, case.id), 1 * HOUR)
    act("administrator", lambda uow: cases.resume(uow, case.id), 3 * HOUR)
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), 3.5 * HOUR)
    act("administrator", lambda uow: cases.resume_definition(uow, "p"), 3.75 * HOUR)
    act("caseworker", lambda uow: tasks.claim(uow, task["id"]), 3.8 * HOUR)
    act("caseworker", lambda uow: tasks.complete(uow, task["id"], {}), 4 * HOUR)
    act("administrator", note_outage, 5 * HOUR)
    found = read(act, case, 5.5 * HOUR)
    assert hours(found) == {
        "in_queue": 1.75,
        "suspended": 2.25,
        "technical_failure": 1.0,
        "other_agency": 0.5,
    }
    act("service", lambda uow: messages.send(uow, "paid", {"order": "1"}, {}), 6 * HOUR)
    ended = read(act, case, 9 * HOUR)
    assert not ended.approximate
    assert hours(ended)["other_agency"] == 1.0
    assert sum(ended.totals.values()) == ended.end - ended.start
    kinds = [(step.kind, step.element, step.how) for step in ended.steps]
    assert kinds == [("task", "a", "completed"), ("wait", "c", "happened")]
    assert [leg.step.element for leg in ended.path if leg.step] == ["a", "c"]


def test_closed_hours_are_those_of_the_calendar(
    database: Database, act: Act, start: Callable[..., CaseView]
) -> None:
    deploy(database)
    case = start(order="1")
    later = timedelta(days=200)
    found = read(act, case, later)
    root = act("administrator", lambda uow: calendars.for_reports(uow, ["root", "no-unit"]), later)
    assert root.keys() == {"root"}
    now = act("administrator", lambda uow: uow.now, later)
    expected = working_time_between(root["root"], case.started_at, now)
    assert abs(found.totals["in_queue"] - expected / timedelta(milliseconds=1)) < 5_000
    assert found.totals["office_closed"] > found.totals["in_queue"]


def test_late_case_names_its_cause(database: Database, act: Act, start: Callable[..., CaseView]) -> None:
    factories.work_every_day(database)
    factories.deploy(database, clocks.deciding())
    case = start()
    (task,) = case.tasks
    act("caseworker", lambda uow: tasks.claim(uow, task["id"]))
    clock = clocks.clock_of(database, case.id)
    assert clock is not None
    assert clock.due_at is not None
    delay = read(act, case, 100 * HOUR).delay
    assert delay is not None
    assert delay.due == ms_of(clock.due_at)
    assert delay.causes == [Cause("root", "decide", "in_queue", delay.late_ms)]
    assert read(act, case, 1 * HOUR).delay is None


def test_norms_are_those_of_the_diagram(database: Database, act: Act, start: Callable[..., CaseView]) -> None:
    deploy(database)
    case = start(order="1")
    seen = act("administrator", lambda uow: cases.see(uow, case.id))
    assert timeline.norms_of(seen.spec)[:2] == ({"a": deadlines.term("PT1H")}, None)
    assert timeline.norm("length * 2") is None
