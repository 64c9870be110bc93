"""Camunda 8's extensions of the standard are translated to ours."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import check
from engine.bpmn.translate import feel
from engine.bpmn.translate.juel import Untranslatable
from tests.bpmn import definitions, extension, flow, line, node, process, process_element
from tests.driving import Run
from tests.translating import element, notes

SPACE = b'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:bpmn='


def drawn(content: bytes) -> bytes:
    return content.replace(b"xmlns:bpmn=", SPACE, 1)


def job(more: str = "", kind: str = "serviceTask") -> bytes:
    return drawn(line(node(kind, "a", extension(f'<zeebe:taskDefinition type="charge" retries="3"/>{more}'))))


def mapped(*parts: tuple[str, str, str]) -> str:
    """An ioMapping of (kind, source, target)."""
    inside = "".join(f"<zeebe:{kind} source='{source}' target='{target}'/>" for kind, source, target in parts)
    return f"<zeebe:ioMapping>{inside}</zeebe:ioMapping>"


def refused(content: bytes) -> set[str]:
    return {item.code for item in check({"a.bpmn": content}, {"called"}).errors}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("= amount + 1", "amount + 1"), ("plain text", '"plain text"'), ("", '""'), ('a "b"', '"a \\"b\\""'),
        ("= loopCounter * 2", "(loopCounter + 1) * 2"), ('="loopCounter"', '"loopCounter"'),
    ],
)  # fmt: skip
def test_expressions_are_feel_and_other_texts_are_texts(text: str, code: str) -> None:
    assert feel.code(text) == code


@pytest.mark.parametrize("text", ["= a +", "= f(", "=", "=[1"])
def test_what_is_no_feel_is_left(text: str) -> None:
    with pytest.raises(Untranslatable):
        feel.code(text)


@pytest.mark.parametrize("kind", ["serviceTask", "sendTask", "scriptTask", "businessRuleTask"])
def test_job_is_work_for_another_program(kind: str) -> None:
    headers = '<zeebe:taskHeaders><zeebe:header key="way" value="fast"/></zeebe:taskHeaders>'
    content = job(headers + mapped(("input", "= fee", "amount"), ("input", "x@y", "to")), kind)
    assert element(content, "a") == {
        "kind": "serviceTask",
        "topic": "charge",
        "inputs": '={"amount": fee, "to": "x@y"}',
        "request": '={"amount": amount, "to": to, "customHeaders": {"way": "fast"}}',
    }
    assert notes(content) == [("translated-service", "a")]


def test_mapping_may_read_the_one_before_it() -> None:
    content = job(
        mapped(("input", "=b", "a"), ("input", "=a", "c"), ("output", "=x", "y"), ("output", "=y", "z"))
    )
    told = element(content, "a")
    assert told["inputs"] == '={"a": b, "c": a, "_reply": null}'
    assert told["outputs"].endswith('"_value": x}._value, "z": y}')
    run = case(content, b=1, x=2).reply("a", x=3)
    assert run.step.changes == {"y": 3, "z": 3}


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
def test_event_that_throws_a_message_by_a_job_is_that_job(kind: str) -> None:
    inside = extension('<zeebe:taskDefinition type="post"/>') + "<bpmn:messageEventDefinition/>"
    content = process(node("startEvent", "start"), node(kind, "a", inside), flow("start", "a"))
    assert element(drawn(content), "a") == {"kind": "serviceTask", "topic": "post"}


def test_topic_of_camunda_7_goes_before_the_job_of_camunda_8() -> None:
    inside = extension('<zeebe:taskDefinition type="other"/>')
    content = drawn(line(node("serviceTask", "a", inside, camunda__type="external", camunda__topic="charge")))
    assert element(content, "a") == {"kind": "serviceTask", "topic": "charge"}
    assert notes(content) == [("translated-service", "a")] * 2


def case(content: bytes, **data: Any) -> Run:
    files = {"process.bpmn": content}
    assert not check(files).errors, check(files).errors
    return Run(bpmn.build(bpmn.Source("test", files, {}), "p"), **data)


def test_reply_to_a_job_with_outputs_leaves_the_task_by_these_alone() -> None:
    outputs = mapped(
        ("output", "=number", "receipt"), ("output", "= fee", "fee_then"), ("output", "= 1", "one")
    )
    content = job(outputs)
    run = case(content, fee=5, number="old").reply("a", number="R-1", other=2)
    assert run.step.changes == {"receipt": "R-1", "fee_then": 5, "one": 1}
    assert run.data["number"] == "old"


def test_reply_to_a_job_without_outputs_is_the_cases() -> None:
    run = case(job(mapped(("input", "= fee", "amount"))), fee=5)
    (call,) = run.calls.values()
    assert call.request == {"amount": 5}
    assert run.reply("a", paid=True, amount=0).step.changes == {"paid": True}


def test_mapping_of_a_sub_process_is_ours() -> None:
    inside = extension(mapped(("input", "= fee", "x"), ("output", "= y", "z"))) + node("task", "b")
    content = drawn(line(node("subProcess", "a", inside)))
    assert element(content, "a") == {"kind": "subProcess", "inputs": '={"x": fee}', "outputs": '={"z": y}'}


def test_form_of_a_start_event_is_ours() -> None:
    inside = extension('<zeebe:formDefinition formId="review" bindingType="deployment"/>')
    content = drawn(line("task a")).replace(
        b'<bpmn:startEvent id="start">', f'<bpmn:startEvent id="start">{inside}'.encode()
    )
    form = b'{"type": "object", "properties": {"fee": {"type": "integer"}}}'
    files = {"a.bpmn": content, "review.form": form}
    report = bpmn.check(files)
    assert not report.errors
    assert ("translated-form", "start") in [(item.code, item.element) for item in report.findings]
    spec = bpmn.build(bpmn.Source(bpmn.digest(files, {}), files, {}), "p")
    assert spec.start_form is not None
    assert list(spec.start_form.schema["properties"]) == ["fee"]


def test_people_and_form_of_a_user_task_are_ours() -> None:
    inside = extension(
        '<zeebe:userTask/><zeebe:assignmentDefinition assignee="= clerk" candidateGroups="a, b"/>'
        '<zeebe:taskSchedule dueDate="2026-04-01T08:00:00Z"/><zeebe:priorityDefinition priority="30"/>'
        '<zeebe:formDefinition formId="review"/>'
    )
    content = drawn(line(node("userTask", "a", inside)))
    assert element(content, "a") == {
        "kind": "userTask",
        "assignee": "=clerk",
        "candidateGroups": "'a, b'",
        "due": "'2026-04-01T08:00:00Z'",
        "priority": "'30'",
    }
    assert notes(content)[-1] == ("translated-form", "a")


@pytest.mark.parametrize(
    ("how", "parts", "ours"),
    [
        ("", [], {}),
        ('propagateAllChildVariables="false"', [], {"outputs": "={}"}),
        ("", [("output", "= y", "z")], {"outputs": '={"z": y}'}),
        ('propagateAllParentVariables="false"', [("input", "= x", "y")], {"inputs": '={"y": x}'}),
    ],
)
def test_call_hands_over_and_takes_back_what_it_says(
    how: str, parts: list[tuple[str, str, str]], ours: dict[str, str]
) -> None:
    inside = extension(f'<zeebe:calledElement processId="called" {how}/>' + (mapped(*parts) if parts else ""))
    content = drawn(line(node("callActivity", "a", inside)))
    assert element(content, "a") == {"kind": "callActivity", **ours}
    assert refused(content) == set()


def test_key_of_a_message_is_that_of_what_awaits_it() -> None:
    start = node("startEvent", "start", '<bpmn:messageEventDefinition messageRef="m"/>')
    body = process_element(start, node("receiveTask", "a", messageRef="m"), flow("start", "a"))
    inside = extension('<zeebe:subscription correlationKey="= order"/>')
    content = drawn(definitions(body, f'<bpmn:message id="m" name="paid">{inside}</bpmn:message>'))
    assert element(content, "a") == {"kind": "receiveTask", "correlation": '={"correlationKey": order}'}
    assert element(content, "start") == {"kind": "startEvent"}
    assert refused(content) == set()


def test_condition_stays_as_it_is() -> None:
    body = (node("startEvent", "start"), node("exclusiveGateway", "g", default="g-b"), flow("start", "g"))
    ways = (
        node("userTask", "a"),
        node("userTask", "b"),
        flow("g", "a", "=size = &quot;big&quot;"),
        flow("g", "b"),
    )
    content = drawn(process(*body, *ways))
    assert notes(content) == []
    assert (case(content, size="big").waiting, case(content, size="no").waiting) == (["a"], ["b"])


def test_instances_go_over_a_list_and_are_collected() -> None:
    loop = (
        '<zeebe:loopCharacteristics inputCollection="= orders[paid]" inputElement="order"'
        ' outputCollection="sums" outputElement="= order.sum * loopCounter"/>'
    )
    marker = (
        f"<bpmn:multiInstanceLoopCharacteristics>{extension(loop)}</bpmn:multiInstanceLoopCharacteristics>"
    )
    content = drawn(line(node("userTask", "a", marker), "userTask after"))
    run = case(content, orders=[{"paid": True, "sum": 2}, {"paid": False}, {"paid": True, "sum": 5}])
    assert run.waiting == ["a", "a"]
    run.answer("a")
    run.answer("a")
    assert (run.data["sums"], run.waiting) == ([2, 10], ["after"])


@pytest.mark.parametrize(
    "content",
    [
        job(mapped(("input", "= a +", "x"))),
        job(mapped(("input", "= a", "x.y"))),
        drawn(line(node("serviceTask", "a", extension('<zeebe:taskDefinition type="= kind"/>')))),
        drawn(line(node("userTask", "a", extension(mapped(("output", "= x", "y")))))),
        drawn(line(node("userTask", "a", extension('<zeebe:assignmentDefinition assignee="= a."/>')))),
        drawn(
            line(node("userTask", "a", extension('<zeebe:formDefinition formKey="camunda-forms:bpmn:f"/>')))
        ),
        drawn(
            line(node("scriptTask", "a", extension('<zeebe:script expression="= 1" resultVariable="x"/>')))
        ),
        drawn(
            line(
                node(
                    "callActivity",
                    "a",
                    extension('<zeebe:calledElement processId="called"/>' + mapped(("input", "= x", "y"))),
                )
            )
        ),
    ],
)
def test_what_needs_more_of_camunda_8_is_refused(content: bytes) -> None:
    assert "unsupported-extension" in refused(content)
