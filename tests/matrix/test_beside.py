"""Event sub-processes: BPMN 2.0.2 §10.2.5, §10.5.6, §13.5.4."""

from engine import bpmn
from tests.driving import Run
from tests.eventful import (
    condition,
    error,
    escalation,
    handler,
    inside,
    line,
    message,
    signal,
    sub,
    throw,
    timer,
)
from tests.matrix.table import Section

SECTION = Section("Event sub-processes")

WORK = line("userTask work")


def interrupted(run: Run) -> None:
    """The handler has taken the place of the work, and its end is that of the case."""
    assert (run.waiting, run.awaited) == (["h-task"], [])
    assert ("cancelled", "work") in run.log
    assert run.answer("h-task").step.ended


def beside(run: Run, times: int) -> None:
    """The handler runs alongside the work, so many times."""
    assert run.waiting == ["work"] + ["h-task"] * times
    for _ in range(times):
        run.answer("h-task")
    assert run.answer("work").step.ended


@SECTION.runs("message, interrupting", WORK + handler("h", message()))
def test_message_interrupts_the_scope(process: bpmn.Spec) -> None:
    interrupted(Run(process).happens("h.in"))


@SECTION.runs(
    "message, not interrupting: each time it arrives", WORK + handler("h", message(), interrupting=False)
)
def test_message_begins_one_every_time(process: bpmn.Spec) -> None:
    beside(Run(process).happens("h.in").happens("h.in"), 2)


@SECTION.runs("signal, interrupting", WORK + handler("h", signal()))
def test_signal_interrupts_the_scope(process: bpmn.Spec) -> None:
    interrupted(Run(process).happens("h.in"))


@SECTION.runs(
    "signal, not interrupting: each time it arrives", WORK + handler("h", signal(), interrupting=False)
)
def test_signal_begins_one_every_time(process: bpmn.Spec) -> None:
    beside(Run(process).happens("h.in").happens("h.in"), 2)


@SECTION.runs("timer, interrupting", WORK + handler("h", timer("timeDuration", "P3D")))
def test_timer_interrupts_the_scope(process: bpmn.Spec) -> None:
    interrupted(Run(process).later(days=3))


@SECTION.runs(
    "timer, not interrupting, also each time of a cycle",
    WORK + handler("h", timer("timeCycle", "R2/P1D"), interrupting=False),
)
def test_cycle_begins_one_every_time(process: bpmn.Spec) -> None:
    beside(Run(process).later(days=1).later(days=1), 2)


@SECTION.runs(
    "condition, interrupting", line("userTask before", "userTask work") + handler("h", condition("n &gt; 1"))
)
def test_condition_interrupts_the_scope(process: bpmn.Spec) -> None:
    run = Run(process, n=1).answer("before", n=2)
    assert (run.waiting, run.awaited) == (["h-task"], [])


@SECTION.runs(
    "condition, not interrupting: each time it becomes true",
    line("userTask a", "userTask b", "userTask c", "userTask work")
    + handler("h", condition("n &gt; 1"), interrupting=False),
)
def test_condition_begins_one_each_time(process: bpmn.Spec) -> None:
    run = Run(process, n=1)
    for name, n in (("a", 2), ("b", 1), ("c", 2)):
        run.answer(name, n=n)
    assert sorted(run.waiting) == ["h-task", "h-task", "work"]


@SECTION.runs(
    "an event that never occurs: the case ends without it", WORK + handler("h", timer("timeDuration", "P3D"))
)
def test_event_that_never_comes_keeps_nothing_open(process: bpmn.Spec) -> None:
    assert Run(process).answer("work").step.ended


@SECTION.runs(
    "error thrown in its scope; without one it never starts",
    line("userTask work", sub("s", "userTask a", end=error())) + handler("h", error()),
)
def test_error_begins_its_event_sub_process(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["work"]
    assert run.answer("work").answer("a").waiting == ["h-task"]


@SECTION.runs(
    "escalation thrown in its scope, interrupting",
    line(throw("up", escalation()), "userTask work") + handler("h", escalation()),
)
def test_escalation_interrupts_its_scope(process: bpmn.Spec) -> None:
    assert Run(process).waiting == ["h-task"]


@SECTION.runs(
    "escalation thrown in its scope, not interrupting; without one it never starts",
    line("userTask before", throw("up", escalation()), "userTask work")
    + handler("h", escalation(), interrupting=False),
)
def test_escalation_begins_one_beside(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["before"]
    assert sorted(run.answer("before").waiting) == ["h-task", "work"]


@SECTION.runs(
    "within an embedded sub-process: it interrupts only that sub-process",
    line(inside(sub("s", "userTask work"), handler("h", message())), "userTask after"),
)
def test_event_of_a_sub_process_concerns_that_only(process: bpmn.Spec) -> None:
    run = Run(process).happens("h.in")
    assert run.waiting == ["h-task"]
    assert run.answer("h-task").waiting == ["after"]


@SECTION.runs(
    "within another event sub-process",
    WORK + inside(handler("h", message()), handler("i", signal())),
)
def test_event_sub_processes_are_nested(process: bpmn.Spec) -> None:
    run = Run(process).happens("h.in").happens("i.in")
    assert run.waiting == ["i-task"]
    assert run.answer("i-task").step.ended


test_event_sub_process_for_nothing_is_refused = SECTION.refused(
    "without a start event with a definition",
    WORK + handler("h", ""),
    "no-definition",
)
