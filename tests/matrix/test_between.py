"""Intermediate events: BPMN 2.0.2 §10.5.4, §13.5.2."""

from datetime import timedelta

from engine import bpmn
from tests.driving import NOW, Run, path
from tests.eventful import catch, condition, line, message, signal, throw, timer
from tests.matrix.table import Section

SECTION = Section("Intermediate events")

BESIDE = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/><userTask id="after"/>'
    + catch("wait", condition("amount &gt; 10"))
    + path("start", "fork", "work")
    + path("fork", "wait", "after")
)
KEYED = "parvandeh:correlation=\"{'bill': bill}\""


def waiting_for(definition: str, more: str = "") -> str:
    """A process that waits at an event `wait`."""
    return line(catch("wait", definition, more), "userTask after")


@SECTION.runs("timer: a duration, in plain ISO 8601", waiting_for(timer("timeDuration", "P1DT2H")))
def test_duration_is_waited_for(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.due("wait") == NOW + timedelta(days=1, hours=2)
    assert run.later(days=1, hours=2).waiting == ["after"]


@SECTION.runs("timer: a date, in plain ISO 8601", waiting_for(timer("timeDate", "2026-04-01T08:00:00Z")))
def test_date_is_waited_for(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.due("wait").isoformat() == "2026-04-01T08:00:00+00:00"
    assert run.later(days=30).waiting == ["after"]


@SECTION.runs("timer: an expression", waiting_for(timer("timeDuration", "'P' + str(days) + 'D'")))
def test_computed_time_is_waited_for(process: bpmn.Spec) -> None:
    assert Run(process, days=3).due("wait") == NOW + timedelta(days=3)


@SECTION.runs(
    "timer: a cycle, of which one event waits for the first time", waiting_for(timer("timeCycle", "R3/PT1H"))
)
def test_cycle_gives_one_token(process: bpmn.Spec) -> None:
    run = Run(process).later(hours=1)
    assert (run.waiting, run.awaited) == (["after"], [])


@SECTION.runs("message: by name and keys; its data become variables", waiting_for(message(), KEYED))
def test_message_is_awaited_by_its_keys(process: bpmn.Spec) -> None:
    run = Run(process, bill="B-7")
    [wait] = run.waits.values()
    assert (wait.name, wait.keys) == ("paid", {"bill": "B-7"})
    assert run.happens("wait", sum=5).data["sum"] == 5


@SECTION.runs(
    "message: thrown to the cases that wait for it with these keys",
    line(throw("tell", message()).replace("<intermediateThrowEvent", f"<intermediateThrowEvent {KEYED}")),
)
def test_message_is_thrown_with_its_keys(process: bpmn.Spec) -> None:
    [thrown] = Run(process, bill="B-7").step.thrown
    assert (thrown.name, thrown.keys) == ("paid", {"bill": "B-7"})


@SECTION.runs("signal: awaited", waiting_for(signal()))
def test_signal_is_awaited(process: bpmn.Spec) -> None:
    assert Run(process).happens("wait").waiting == ["after"]


@SECTION.runs("signal: thrown to all cases that wait for it", line(throw("tell", signal())))
def test_signal_is_thrown(process: bpmn.Spec) -> None:
    [thrown] = Run(process).step.thrown
    assert (thrown.kind, thrown.name) == ("signal", "storm")


@SECTION.runs("condition: awaited until the data make it true", BESIDE)
def test_condition_is_awaited(process: bpmn.Spec) -> None:
    run = Run(process, amount=0)
    assert (run.waiting, run.awaited) == (["work"], ["wait"])
    assert run.answer("work", amount=11).waiting == ["after"]


@SECTION.runs("condition that is true already: passed immediately", BESIDE)
def test_condition_that_is_true_is_passed(process: bpmn.Spec) -> None:
    assert sorted(Run(process, amount=11).waiting) == ["after", "work"]


@SECTION.runs("condition over a missing variable: not true yet", BESIDE)
def test_condition_without_its_variable_is_not_true(process: bpmn.Spec) -> None:
    run = Run(process)
    assert (run.failed, run.awaited) == ([], ["wait"])


@SECTION.runs(
    "condition that can no longer become true: an incident", waiting_for(condition("amount &gt; 10"))
)
def test_condition_that_never_comes_true_is_told(process: bpmn.Spec) -> None:
    assert Run(process, amount=0).failed == [("wait", "never-true")]


@SECTION.runs("plain intermediate event: a milestone", line(throw("reached", ""), "userTask after"))
def test_milestone_is_passed(process: bpmn.Spec) -> None:
    assert Run(process).passed == ["start", "reached"]


test_several_things_at_once_are_refused = SECTION.refused(
    "event for several things at once", waiting_for(message() + signal()), "several-definitions"
)
test_message_without_definition_is_refused = SECTION.refused(
    "message without a definition", waiting_for(message("gone")), "unknown-reference"
)
