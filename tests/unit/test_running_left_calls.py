"""Errors and escalations out of a call map its outputs only in files of Camunda, Operaton and Flowable."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Source
from tests.driving import Run, path

CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
OURS = f'{CAMUNDA} xmlns:parvandeh="https://parvandeh.org/bpmn"'
EVENTS = '<error id="bad" errorCode="BAD"/><escalation id="up" escalationCode="UP"/>'
ERROR = '<errorEventDefinition errorRef="bad"/>'
ESCALATION = '<escalationEventDefinition escalationRef="up"/>'
OUT = '<camunda:out source="x" target="y"/>'
SETS = '<scriptTask id="sets" scriptFormat="python"><script>x = 5\nother = 6</script></scriptTask>'
THROWS = {
    "error": f'<endEvent id="leave">{ERROR}</endEvent>',
    "escalation": f'<intermediateThrowEvent id="leave">{ESCALATION}</intermediateThrowEvent>'
    '<userTask id="on"/><endEvent id="done"/>' + path("leave", "on", "done"),
}
INNER = '<startEvent id="in"/>' + SETS + "{}" + path("in", "sets", "leave")


def process(key: str, body: str) -> str:
    return f'<process id="{key}" isExecutable="true">{body}</process>'


def calling(mapping: str, *, stays: bool = False, kind: str = "error") -> str:
    inside = f"<extensionElements>{mapping}</extensionElements>" if mapping else ""
    definition = ERROR if kind == "error" else ESCALATION
    more = 'cancelActivity="false"' if stays else ""
    return (
        f'<startEvent id="start"/><callActivity id="call" calledElement="called">{inside}</callActivity>'
        f'<boundaryEvent id="caught" attachedToRef="call" {more}>{definition}</boundaryEvent>'
        '<userTask id="after"/><userTask id="end-task"/>'
        + path("start", "call", "end-task")
        + path("caught", "after")
    )


def file(spaces: str, *processes: str) -> dict[str, bytes]:
    head = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" {spaces}>'
    return {"p.bpmn": f"{head}{''.join(processes)}{EVENTS}</definitions>".encode()}


def notes(files: dict[str, bytes]) -> set[str]:
    return {f"{one.code}.{one.variant}" for one in bpmn.check(files).findings if one.severity == "note"}


def run(files: dict[str, bytes], key: str = "caller", **data: Any) -> Run:
    report = bpmn.check(files)
    assert not report.errors, report.errors
    return Run(bpmn.build(Source(bpmn.digest(files, {}), files, {}), key), **data)


def called(spaces: str, mapping: str, kind: str = "error", *, stays: bool = False) -> Run:
    inner = process("called", INNER.format(THROWS[kind]))
    return run(file(spaces, process("caller", calling(mapping, stays=stays, kind=kind)), inner))


@pytest.mark.parametrize(("kind", "stays"), [("error", False), ("escalation", False), ("escalation", True)])
def test_outputs_of_camunda_are_set_when_the_call_is_left(kind: str, stays: bool) -> None:
    case = called(CAMUNDA, OUT, kind, stays=stays)
    assert case.data == {"y": 5}
    assert "after" in case.waiting
    (passage,) = (one for one in case.step.passages if one.element == "caught")
    assert passage.changes == {"y": 5}


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_own_calls_return_nothing_unless_they_complete(kind: str) -> None:
    case = called(OURS, OUT, kind)
    assert (case.data, case.waiting) == ({}, ["after"])


def test_outputs_of_camunda_are_set_by_an_escalation_that_nothing_catches() -> None:
    """As in Operaton's testPropagateOutputVariablesWithoutCatchEscalation."""
    inner = process("called", INNER.format(THROWS["escalation"]))
    caller = calling(OUT).replace(ERROR, "<errorEventDefinition/>")
    case = run(file(CAMUNDA, process("caller", caller), inner))
    assert (case.data, case.waiting) == ({"y": 5}, ["called/on"])
    (passage,) = (one for one in case.step.passages if one.element == "called/leave")
    assert passage.changes == {"y": 5}


def test_what_maps_nothing_returns_nothing_when_it_is_left() -> None:
    assert called(CAMUNDA, "").data == {}


def test_what_returns_all_returns_it_early_too() -> None:
    mapping = '<camunda:in variables="all"/><camunda:out variables="all"/>'
    assert called(CAMUNDA, mapping).data == {"x": 5, "other": 6}


def test_each_call_that_is_left_maps_its_outputs() -> None:
    inner = process("called", INNER.format(THROWS["error"]))
    between = (
        '<startEvent id="b-start"/><callActivity id="b-call" calledElement="called"><extensionElements>'
        '<camunda:out sourceExpression="${x + 1}" target="x"/></extensionElements></callActivity>'
        '<endEvent id="b-end"/>' + path("b-start", "b-call", "b-end")
    )
    outer = process("caller", calling(OUT).replace('calledElement="called"', 'calledElement="between"'))
    case = run(file(CAMUNDA, outer, process("between", between), inner))
    assert (case.data, case.waiting) == ({"y": 6}, ["after"])


def test_outputs_that_fail_are_an_incident_of_what_throws() -> None:
    case = called(CAMUNDA, '<camunda:out sourceExpression="${x + missing}" target="y"/>')
    assert case.failed == [("called/leave", "script-failed")]
    case.retry(missing=1)
    assert (case.data["y"], case.waiting) == (6, ["after"])


def service(out: str) -> Run:
    inner = process(
        "called",
        '<startEvent id="in"/>'
        + SETS
        + '<serviceTask id="work" camunda:type="external" camunda:topic="t"/><endEvent id="out"/>'
        + path("in", "sets", "work", "out"),
    )
    return run(file(CAMUNDA, process("caller", calling(out)), inner))


def test_error_of_another_system_maps_them_too() -> None:
    case = service(OUT).fail("called/work", "BAD")
    assert (case.data, case.waiting) == ({"y": 5}, ["after"])


def test_outputs_that_fail_then_are_an_incident_of_the_service() -> None:
    case = service('<camunda:out sourceExpression="${x + missing}" target="y"/>').fail("called/work", "BAD")
    assert case.failed == [("called/work", "script-failed")]
    case.retry(missing=1).fail("called/work", "BAD")
    assert (case.data["y"], case.waiting) == (6, ["after"])


def test_call_without_mapping_is_noted_in_files_of_camunda() -> None:
    inner = process("called", INNER.format(THROWS["error"]))

    def told(spaces: str, mapping: str) -> set[str]:
        return notes(file(spaces, process("caller", calling(mapping)), inner))

    assert "translated-mapping.everything" in told(CAMUNDA, "")
    assert "translated-mapping.everything" not in told(CAMUNDA, OUT) | told(OURS, "")
    assert "translated-mapping.completed" in told(OURS, OUT)
    assert "translated-mapping.completed" not in told(CAMUNDA, OUT)


def test_transaction_that_also_undoes_what_is_inside_is_noted() -> None:
    def body(name: str, *inner: str) -> str:
        work = (
            f'<userTask id="{name}-a"/><boundaryEvent id="{name}-b" attachedToRef="{name}-a">'
            "<compensateEventDefinition/></boundaryEvent>"
            f'<userTask id="{name}-undo" isForCompensation="true"/>'
            f'<association id="{name}-l" sourceRef="{name}-b" targetRef="{name}-undo"/>'
        )
        return (
            f'<startEvent id="{name}-s"/>{work}<userTask id="{name}-w"/><endEvent id="{name}-e"/>'
            + path(f"{name}-s", f"{name}-a", f"{name}-w", f"{name}-e")
            + "".join(inner)
        )

    outer = (
        f'<transaction id="outer"><startEvent id="o-s"/><parallelGateway id="o-f"/>'
        f'<subProcess id="inner" name="Inner">{body("i")}</subProcess><userTask id="o-c"/>'
        '<endEvent id="o-x"><cancelEventDefinition/></endEvent><endEvent id="o-e"/>'
        + path("o-s", "o-f", "inner", "o-e")
        + path("o-f", "o-c", "o-x")
        + "</transaction>"
        '<boundaryEvent id="cancelled" attachedToRef="outer"><cancelEventDefinition/></boundaryEvent>'
        '<endEvent id="c-e"/>'
    )
    whole = (
        '<startEvent id="s"/>'
        + outer
        + '<endEvent id="e"/>'
        + path("s", "outer", "e")
        + path("cancelled", "c-e")
    )
    found = [one for one in bpmn.check(file(CAMUNDA, process("p", whole))).findings]
    (note,) = [one for one in found if one.code == "transaction-compensates-inside"]
    assert (note.severity, note.element, note.values) == ("note", "o-x", {"inner": "Inner"})
    ours = bpmn.check(file(OURS, process("p", whole))).findings
    assert "transaction-compensates-inside" not in {one.code for one in ours}
