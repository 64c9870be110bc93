"""Start and end events: BPMN 2.0.2 §10.5.2, §10.5.3, §13.5."""

from engine import bpmn
from tests.driving import Run, path
from tests.eventful import boundary, error, escalation, line, message, signal, sub, timer
from tests.matrix.table import Section

SECTION = Section("Starts and ends")

STARTS = (
    '<startEvent id="plain"/>'
    f'<startEvent id="told">{message()}</startEvent>'
    f'<startEvent id="storm_comes">{signal()}</startEvent>'
    f'<startEvent id="weekly">{timer("timeCycle", "R/P7D")}</startEvent>'
    '<userTask id="a"/><userTask id="b"/><userTask id="c"/><userTask id="d"/>'
    + path("plain", "a")
    + path("told", "b")
    + path("storm_comes", "c")
    + path("weekly", "d")
)


def ended(definition: str) -> str:
    """A process whose end event has this definition."""
    return line("userTask a").replace('<endEvent id="end"/>', f'<endEvent id="end">{definition}</endEvent>')


@SECTION.runs("plain start event", line("userTask a"))
def test_case_begins_at_its_start_event(process: bpmn.Spec) -> None:
    assert Run(process).waiting == ["a"]


@SECTION.runs(
    "several start events (plain, message, signal, timer): a case starts at the one that occurred", STARTS
)
def test_case_begins_at_what_happened(process: bpmn.Spec) -> None:
    begun = {at: Run(process, at=at).waiting for at in (None, "told", "storm_comes", "weekly")}
    assert begun == {None: ["a"], "told": ["b"], "storm_comes": ["c"], "weekly": ["d"]}


@SECTION.translated(
    "no start event: the case begins at all elements without an incoming flow",
    '<userTask id="a"/><userTask id="b"/>' + path("a", "b"),
    "translated-start",
)
def test_process_without_start_event_begins(process: bpmn.Spec) -> None:
    assert Run(process).answer("a").answer("b").step.ended


@SECTION.runs("end event: it ends its branch, the last one the case", line("userTask a"))
def test_case_ends_with_its_last_branch(process: bpmn.Spec) -> None:
    assert Run(process).answer("a").step.ended


@SECTION.runs(
    "terminate end event: all work of its process or sub-process is cancelled",
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<endEvent id="end"><terminateEventDefinition/></endEvent>'
    + path("start", "fork", "a", "end")
    + path("fork", "b"),
)
def test_terminate_ends_everything(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert run.step.ended
    assert ("cancelled", "b") in run.log


@SECTION.runs("message end event", ended('<messageEventDefinition messageRef="asked"/>'))
def test_message_end_throws(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert [(thrown.kind, thrown.name) for thrown in run.step.thrown] == [("message", "asked")]
    assert run.step.ended


@SECTION.runs("signal end event", ended(signal()))
def test_signal_end_throws(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert [(thrown.kind, thrown.name) for thrown in run.step.thrown] == [("signal", "storm")]
    assert run.step.ended


@SECTION.runs(
    "error end event in a sub-process: the boundary event continues, the sub-process is cancelled",
    line(sub("s", "userTask a", end=error()), "userTask after") + boundary("gone", "s", error()),
)
def test_error_ends_its_sub_process(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert run.waiting == ["gone-task"]
    assert ("cancelled", "s") in run.log
    assert "s" not in run.passed


@SECTION.runs("uncaught error: the case ends, and its outcome is the error's code", ended(error()))
def test_uncaught_error_is_the_outcome(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert run.step.ended
    assert run.step.outcome == "MISSING"


@SECTION.runs(
    "escalation end event: the boundary event continues in parallel",
    line(sub("s", "userTask a", end=escalation()), "userTask after")
    + boundary("late", "s", escalation(), interrupting=False),
)
def test_escalation_end_reaches_the_border(process: bpmn.Spec) -> None:
    assert sorted(Run(process).answer("a").waiting) == ["after", "late-task"]
