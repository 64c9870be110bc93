"""Compensation and transactions: BPMN 2.0.2 §10.2.5, §10.5.6, §13.5.5."""

from engine import bpmn
from tests.driving import Run, flow, path
from tests.eventful import (
    boundary,
    compensation,
    error,
    handler,
    inside,
    line,
    sub,
    throw,
    transaction,
    undone,
)
from tests.matrix.table import Section

SECTION = Section("Compensation and transactions")

ALL = throw("all", compensation())
MANY = '<userTask id="a"><standardLoopCharacteristics loopMaximum="2"/></userTask>'
CANCEL = "<cancelEventDefinition/>"
CANCELLED = (
    transaction("t", "userTask a", "userTask b", end=CANCEL, more=undone("a") + undone("b"))
    + '<startEvent id="start"/>'
    + path("start", "t")
    + boundary("cancelled", "t", CANCEL)
)


def undone_in_order(run: Run, *names: str) -> Run:
    """Handlers wait for these tasks, one after the other."""
    for name in names:
        assert run.waiting == [name]
        run.answer(name)
    return run


@SECTION.runs(
    "intermediate event: all that completed in its (sub-)process, in reverse order",
    line("userTask a", "userTask b", ALL, "userTask c") + undone("a") + undone("b") + undone("c"),
)
def test_event_has_all_undone(process: bpmn.Spec) -> None:
    undone_in_order(Run(process).answer("a").answer("b"), "undo-b", "undo-a", "c")


@SECTION.runs(
    "`activityRef`: that activity only",
    line("userTask a", "userTask b", throw("one", compensation("a"))) + undone("a") + undone("b"),
)
def test_event_has_one_activity_undone(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a").answer("b"), "undo-a").step.ended


@SECTION.runs(
    "end event",
    line("userTask a").replace('<endEvent id="end"/>', f'<endEvent id="end">{compensation()}</endEvent>')
    + undone("a"),
)
def test_end_event_waits_for_handlers(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a"), "undo-a").step.ended


@SECTION.runs("multi-instance and loop: once for each that completed", line(MANY, ALL) + undone("a"))
def test_each_round_is_undone(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a").answer("a"), "undo-a", "undo-a").step.ended


@SECTION.runs(
    "completed sub-process: by the handlers of what completed in it",
    line(inside(sub("s", "userTask a", "userTask b"), undone("a") + undone("b")), ALL),
)
def test_sub_process_is_undone_from_within(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a").answer("b"), "undo-b", "undo-a").step.ended


@SECTION.runs(
    "completed sub-process with a handler: by that handler only",
    line(inside(sub("s", "userTask a"), undone("a")), ALL) + undone("s"),
)
def test_sub_process_is_undone_by_its_handler(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a"), "undo-s").step.ended


@SECTION.runs(
    "completed sub-process with a compensation event sub-process: by that only",
    line(inside(sub("s", "userTask a"), undone("a"), handler("h", compensation())), ALL),
)
def test_sub_process_is_undone_by_its_event_sub_process(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a"), "h-task").step.ended


@SECTION.runs(
    "event in an event sub-process: what completed in the enclosing scope",
    line("userTask a", "serviceTask x").replace('id="x"', 'id="x" parvandeh:topic="t"')
    + undone("a")
    + handler("h", error(), ALL, "userTask told"),
)
def test_event_sub_process_has_its_scope_undone(process: bpmn.Spec) -> None:
    run = Run(process).answer("a").fail("x", "MISSING")
    assert undone_in_order(run, "undo-a", "told").step.ended


@SECTION.runs(
    "transaction, cancelled: all work ends, completed work is undone, the boundary event continues", CANCELLED
)
def test_cancelled_transaction_is_undone(process: bpmn.Spec) -> None:
    run = Run(process).answer("a").answer("b")
    assert undone_in_order(run, "undo-b", "undo-a", "cancelled-task").step.ended
    assert ("cancelled", "t") in run.log


@SECTION.runs(
    "transaction, left by an error: nothing is undone",
    line(transaction("t", "userTask a", end=error(), more=undone("a")), ALL)
    + boundary("hazard", "t", error()),
)
def test_hazard_undoes_nothing(process: bpmn.Spec) -> None:
    assert undone_in_order(Run(process).answer("a"), "hazard-task").step.ended


test_not_awaited = SECTION.refused(
    '`waitForCompletion="false"`',
    line("userTask a", throw("x", '<compensateEventDefinition waitForCompletion="false"/>')) + undone("a"),
    "compensation-not-awaited",
)

test_flow_to_a_handler = SECTION.refused(
    "flow to a handler, or out of it",
    line("userTask a", ALL) + undone("a") + '<task id="b"/>' + flow("undo-a", "b"),
    "compensation-flow",
)

test_compensated_process = SECTION.refused(
    "compensation event sub-process in a process",
    line("userTask a") + handler("h", compensation()),
    "compensation-start",
)

test_cancel_without_border = SECTION.refused(
    "cancel end event without a cancel boundary event",
    line(transaction("t", "userTask a", end=CANCEL)),
    "cancel-boundary",
)
