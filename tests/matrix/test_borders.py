"""Boundary events: BPMN 2.0.2 §10.5.4, §13.5.3."""

from engine import bpmn
from tests.driving import Run
from tests.eventful import boundary, condition, error, escalation, line, message, signal, sub, throw, timer
from tests.matrix.table import Section

SECTION = Section("Boundary events")

CALL = '<serviceTask id="work" parvandeh:topic="registry"/>'


def bordered(definition: str, *, interrupting: bool = True, work: str = "userTask work") -> str:
    """A process with the event `e` on the border of `work`, and tasks behind both."""
    return line(work, "userTask after") + boundary("e", "work", definition, interrupting=interrupting)


@SECTION.runs("message, interrupting", bordered(message()))
def test_message_interrupts(process: bpmn.Spec) -> None:
    run = Run(process).happens("e")
    assert (run.waiting, run.awaited) == (["e-task"], [])
    assert ("cancelled", "work") in run.log


@SECTION.runs("message, not interrupting: each time it arrives", bordered(message(), interrupting=False))
def test_message_comes_every_time(process: bpmn.Spec) -> None:
    run = Run(process).happens("e").happens("e")
    assert run.waiting == ["work", "e-task", "e-task"]
    run.answer("work")
    assert run.awaited == []


@SECTION.runs("signal, interrupting", bordered(signal()))
def test_signal_interrupts(process: bpmn.Spec) -> None:
    assert Run(process).happens("e").waiting == ["e-task"]


@SECTION.runs("signal, not interrupting: each time it arrives", bordered(signal(), interrupting=False))
def test_signal_comes_every_time(process: bpmn.Spec) -> None:
    assert Run(process).happens("e").happens("e").waiting == ["work", "e-task", "e-task"]


@SECTION.runs("timer, interrupting", bordered(timer("timeDuration", "P3D")))
def test_timer_interrupts(process: bpmn.Spec) -> None:
    assert Run(process).later(days=3).waiting == ["e-task"]


@SECTION.runs("timer, not interrupting", bordered(timer("timeDuration", "P3D"), interrupting=False))
def test_timer_runs_beside(process: bpmn.Spec) -> None:
    run = Run(process).later(days=3)
    assert (run.waiting, run.awaited) == (["work", "e-task"], [])


@SECTION.runs(
    "timer whose activity completes in time: it never fires", bordered(timer("timeDuration", "P3D"))
)
def test_timer_ends_with_its_activity(process: bpmn.Spec) -> None:
    run = Run(process).answer("work")
    assert (run.waiting, run.awaited) == (["after"], [])


@SECTION.runs(
    "cycle, not interrupting: the work that it started stays open when the activity completes",
    bordered(timer("timeCycle", "R3/P1D"), interrupting=False),
)
def test_cycle_leaves_what_it_opened(process: bpmn.Spec) -> None:
    run = Run(process).later(days=1).later(days=1)
    assert run.waiting == ["work", "e-task", "e-task"]
    assert run.answer("work").waiting == ["e-task", "e-task", "after"]
    assert not run.answer("after").step.ended


@SECTION.runs("error of the system that a service task called", bordered(error(), work=CALL))
def test_error_of_a_call_is_caught(process: bpmn.Spec) -> None:
    assert Run(process).fail("work", "MISSING").waiting == ["e-task"]


@SECTION.runs("error without code: it catches every error", bordered(error(None), work=CALL))
def test_error_without_code_catches_all(process: bpmn.Spec) -> None:
    assert Run(process).fail("work", "OTHER").waiting == ["e-task"]


@SECTION.runs("error of another code: it propagates outwards", bordered(error(), work=CALL))
def test_error_of_another_code_is_not_caught(process: bpmn.Spec) -> None:
    assert Run(process).fail("work", "OTHER").failed == [("work", "unreachable")]


test_error_at_a_script_is_refused = SECTION.refused(
    "error of a script task: a failing script is an incident, not a BPMN error",
    bordered(error(), work='<scriptTask id="work"><script>x = 1</script></scriptTask>'),
    "boundary-never",
)


@SECTION.runs(
    "escalation, interrupting",
    bordered(escalation(), work=sub("work", throw("up", escalation()), "userTask inner")),
)
def test_escalation_interrupts(process: bpmn.Spec) -> None:
    assert Run(process).waiting == ["e-task"]


@SECTION.runs(
    "escalation, not interrupting",
    bordered(escalation(), interrupting=False, work=sub("work", throw("up", escalation()), "userTask inner")),
)
def test_escalation_runs_beside(process: bpmn.Spec) -> None:
    assert sorted(Run(process).waiting) == ["e-task", "inner"]


@SECTION.runs(
    "condition, interrupting", bordered(condition("n &gt; 1"), work=sub("work", "userTask a", "userTask b"))
)
def test_condition_interrupts(process: bpmn.Spec) -> None:
    assert Run(process, n=1).answer("a", n=2).waiting == ["e-task"]


@SECTION.runs(
    "condition, not interrupting: each time it becomes true",
    bordered(
        condition("n &gt; 1"),
        interrupting=False,
        work=sub("work", "userTask a", "userTask b", "userTask c", "userTask d"),
    ),
)
def test_condition_happens_each_time_it_becomes_true(process: bpmn.Spec) -> None:
    run = Run(process, n=1).answer("a", n=2).answer("b", n=3)
    assert run.waiting == ["e-task", "c"]
    assert run.answer("c", n=1).answer("d", n=2).waiting.count("e-task") == 2


@SECTION.runs(
    "interrupted sub-process: everything in it is cancelled, and it counts as cancelled",
    bordered(message(), work=sub("work", "userTask inner")),
)
def test_interrupted_sub_process_is_cancelled(process: bpmn.Spec) -> None:
    run = Run(process).happens("e")
    assert run.waiting == ["e-task"]
    assert {("cancelled", "inner"), ("cancelled", "work")} <= set(run.log)
    assert not {"inner", "work"} & set(run.passed)
