"""Events of other engines are read in our own words: what they name, throw and send along."""

import pytest

from engine.bpmn import check
from tests.bpmn import definitions, extension, flow, in_line, line, node, process, process_element
from tests.translating import element, notes, parameters


def signalling(items: str, kind: str = "endEvent") -> bytes:
    signal = f'<bpmn:signalEventDefinition signalRef="s">{extension(items)}</bpmn:signalEventDefinition>'
    body = process_element(
        node("startEvent", "start"), node(kind, "a", parameters("input") + signal), flow("start", "a")
    )
    return definitions(body, '<bpmn:signal id="s" name="alert"/>')


@pytest.mark.parametrize(
    ("items", "data"),
    [
        ('<camunda:in variables="all" local="true"/>', "{'x': x}"),
        (
            '<camunda:in source="a" target="b"/><camunda:in sourceExpression="${c + 1}" target="d"/>',
            "${{'b': a, 'd': c + 1}}",
        ),
    ],
)
def test_what_goes_with_a_signal_is_ours(items: str, data: str) -> None:
    content = signalling(items)
    assert element(content, "a") == {"kind": "endEvent", "inputs": "{'x': '1'}", "data": data}
    assert notes(content) == [("translated-mapping", "a")] * 2


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        ('<camunda:in variables="all"/>', "endEvent"),
        ('<camunda:in businessKey="${x}"/>', "endEvent"),
        ('<camunda:in source="a" target="b" local="true"/>', "endEvent"),
        ('<camunda:in source="a" target="b"/>', "intermediateCatchEvent"),
    ],
)
def test_what_cannot_go_with_a_signal_is_refused(items: str, kind: str) -> None:
    found = check({"a.bpmn": signalling(items, kind)}).errors
    assert [item.code for item in found] == ["unsupported-extension"]


@pytest.mark.parametrize(
    ("kind", "about"),
    [("endEvent", "message"), ("intermediateCatchEvent", "signal"), ("receiveTask", "message")],
)
def test_computed_name_is_ours(kind: str, about: str) -> None:
    inside = f'<bpmn:{about}EventDefinition {about}Ref="x"/>'
    drawn = node(kind, "a", messageRef="x") if kind == "receiveTask" else node(kind, "a", inside)
    body = process_element(node("startEvent", "start"), drawn, flow("start", "a"))
    content = definitions(body, f'<bpmn:{about} id="x" name="paid-${{number}}"/>')
    assert element(content, "a") == {"kind": kind, "name": "${'paid-' += number}"}
    assert notes(content) == [("translated-expression", "a")]


def test_computed_name_of_what_starts_a_case_is_refused() -> None:
    start = node("startEvent", "start", '<bpmn:signalEventDefinition signalRef="x"/>')
    body = process_element(start, node("task", "a"), flow("start", "a"))
    content = definitions(body, '<bpmn:signal id="x" name="paid-${number}"/>')
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["name-computed"]


def test_receive_task_without_message_awaits_one_of_its_own_name() -> None:
    assert notes(line("receiveTask a")) == [("translated-message", "a")]


def test_error_without_definition_is_known_by_its_code() -> None:
    inner = in_line(prefix="inner_")
    inner[1] = node("endEvent", "inner_end", '<bpmn:errorEventDefinition errorRef="late"/>')
    sub = node("subProcess", "sub", "".join(inner))
    caught = node("boundaryEvent", "x", '<bpmn:errorEventDefinition errorRef="late"/>', attachedToRef="sub")
    content = line(sub, after=caught + flow("x", "end"))
    assert notes(content) == [("translated-error", "inner_end"), ("translated-error", "x")]


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
def test_event_that_lets_a_program_send_is_work_for_that_program(kind: str) -> None:
    event = node(kind, "a", '<bpmn:messageEventDefinition camunda:type="external" camunda:topic="post"/>')
    content = process(node("startEvent", "start"), event, flow("start", "a"))
    assert element(content, "a") == {"kind": "serviceTask", "topic": "post"}


@pytest.mark.parametrize(
    ("event", "definition", "code"),
    [
        (
            '<bpmn:errorEventDefinition errorRef="GONE"/>',
            '<bpmn:error errorCode="GONE"/>',
            "translated-error",
        ),
        ("<bpmn:messageEventDefinition/>", '<bpmn:message name="end"/>', "translated-message"),
    ],
)
def test_definition_without_id_is_referred_to_by_nothing(event: str, definition: str, code: str) -> None:
    body = [node("startEvent", "start"), node("endEvent", "end", event), flow("start", "end")]
    report = check({"a.bpmn": definitions(process_element(*body), definition)})
    assert code in {item.code for item in report.findings}
    assert {item.code for item in report.errors} <= {"missing-id"}
