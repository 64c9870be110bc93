"""SpiffArena's extensions of the standard are translated to ours."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import check
from tests.bpmn import (
    definitions,
    extension,
    flow,
    in_line,
    line,
    many,
    node,
    process,
    process_element,
    script,
)
from tests.driving import Run
from tests.translating import element, notes


def operator(inside: str = "", more: str = 'resultVariable="reply"') -> str:
    parameters = f"<spiffworkflow:parameters>{inside}</spiffworkflow:parameters>"
    name = "spiffworkflow:serviceTaskOperator"
    return f'<{name} id="http/Get" {more}>{parameters}</{name}>'


def parameter(name: str, value: str) -> str:
    return f'<spiffworkflow:parameter id="{name}" type="str" value="{value}"/>'


def test_operator_is_work_for_another_program() -> None:
    inside = parameter("url", "'http://x'") + parameter("params", " {'a': fee, 'b': (1, 2)} # all")
    content = line(
        node("serviceTask", "a", extension(operator(inside + '<spiffworkflow:parameter id="none"/>')))
    )
    assert element(content, "a") == {
        "kind": "serviceTask",
        "topic": "http/Get",
        "request": "{'url': 'http://x', 'params': {'a': fee, 'b': (1, 2)}}",
        "result": "reply",
    }
    assert notes(content) == [("translated-service", "a")]


def test_reply_to_an_operator_has_a_name_also_if_none_is_given() -> None:
    content = line(node("serviceTask", "a-b", extension(operator(more=""))))
    assert element(content, "a-b") == {
        "kind": "serviceTask",
        "topic": "http/Get",
        "result": "spiff__a_b_result",
    }


@pytest.mark.parametrize(
    ("value", "python"),
    [
        ("invoice.contact.name", "invoice['contact']['name']"),
        ("lines[0].price * 2", "lines[0]['price'] * 2"),
        ("start.year + order.get('n').m", "start.year + order.get('n')['m']"),
        ("[item.n for item in order.items()]", "[item['n'] for item in order.items()]"),
        ("f(a.b).lower(x=c.d)", "f(a['b']).lower(x=c['d'])"),
        ("'\\d'", r"'\\d'"),
    ],
)
def test_members_of_data_are_read_as_in_spiff_arena(value: str, python: str) -> None:
    content = line(node("serviceTask", "a", extension(operator(parameter("x", value)))))
    assert element(content, "a")["request"] == f"{{'x': {python}}}"


def test_long_chain_of_calls_takes_no_time() -> None:
    content = line(node("serviceTask", "a", extension(operator(parameter("x", "a" + ".b()" * 100)))))
    assert element(content, "a")["request"] == "{'x': a" + ".b()" * 100 + "}"


def test_name_that_no_script_can_read_is_made_one_unless_something_has_it() -> None:
    task = node("serviceTask", "a", extension(operator(more='resultVariable="add-response"')))
    assert element(line(task), "a")["result"] == "add_response"
    taken = line(task, script("b", "x = add_response"))
    assert {item.code for item in check({"a.bpmn": taken}).errors} == {"invalid-variable"}


@pytest.mark.parametrize("value", ["x =", "", "a, b]", "a] + [b", "yield"])
def test_operator_with_a_parameter_that_is_no_expression_is_refused(value: str) -> None:
    content = line(node("serviceTask", "a", extension(operator(parameter("x", value)))))
    assert "unsupported-extension" in {item.code for item in check({"a.bpmn": content}).errors}


def scripts(before: str = "", after: str = "") -> str:
    inside = f"<spiffworkflow:preScript>{before}</spiffworkflow:preScript>" if before else ""
    inside += f"<spiffworkflow:postScript>{after}</spiffworkflow:postScript>" if after else ""
    return extension(inside)


def run(content: bytes, **data: Any) -> Run:
    files = {"process.bpmn": content}
    assert not check(files).errors, check(files).errors
    return Run(bpmn.build(bpmn.Source("test", files, {}), "p"), **data)


@pytest.mark.parametrize("kind", ["task", "userTask", "manualTask"])
def test_scripts_before_and_after_an_activity_run_there(kind: str) -> None:
    content = line(node(kind, "a", scripts("n = 1", "n = n + m")))
    assert [code for code, _ in notes(content)] == ["translated-script"] * 2
    case = run(content)
    assert case.data == {"n": 1}
    assert case.answer("a", m=2).data == {"n": 3, "m": 2}
    assert case.passed == ["start", "a.preScript", "a", "a.postScript", "end"]


def test_what_follows_is_chosen_after_the_script() -> None:
    task = node("task", "a", scripts(after="n = 2"), default="a-c")
    nodes = [
        node("startEvent", "start"),
        task,
        node("userTask", "b"),
        node("userTask", "c"),
        flow("start", "a"),
    ]
    content = process(*nodes, flow("a", "b", "n == 2"), flow("a", "c"))
    assert run(content).answer("a", n=1).waiting == ["b"]


def test_script_before_several_instances_runs_once() -> None:
    inside = scripts("items = [1, 2]; n = 0", "n = n + 1")
    body = inside + many("<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>", sequential=True)
    case = run(line(node("userTask", "a", body))).answer("a").answer("a")
    assert case.data["n"] == 1


def test_scripts_around_a_sub_process_run_once_each() -> None:
    inner = node("startEvent", "in") + script("s", "n = n * 5") + flow("in", "s")
    assert run(line(node("subProcess", "a", scripts("n = 1", "n = n + 1") + inner))).data == {"n": 6}


def test_fault_in_a_script_before_an_activity_has_its_line() -> None:
    content = process(node("startEvent", "start"), "", node("task", "a", scripts("x =")), flow("start", "a"))
    (finding,) = check({"a.bpmn": content}).errors
    assert (finding.code, finding.element, finding.line) == ("syntax-error", "a.preScript", 5)


def test_scripts_that_run_for_each_instance_are_refused() -> None:
    each = many("<bpmn:loopCardinality>2</bpmn:loopCardinality>").replace(
        " isSeq", ' spiffworkflow:scriptsOnInstances="true" isSeq'
    )
    found = check({"a.bpmn": line(node("task", "a", scripts("n = 1") + each))}).errors
    assert {item.code for item in found} == {"unsupported-extension"}


def test_empty_script_is_none() -> None:
    assert notes(line(node("task", "a", scripts(" ")))) == []


def test_script_between_a_gateway_and_its_event_is_refused() -> None:
    task = node("receiveTask", "a", scripts("n = 1"))
    body = [
        node("startEvent", "start"),
        node("eventBasedGateway", "g"),
        task,
        flow("start", "g"),
        flow("g", "a"),
    ]
    assert {item.code for item in check({"a.bpmn": process(*body)}).errors} == {"unsupported-extension"}


def test_script_before_a_compensation_handler_is_refused() -> None:
    definition = "<bpmn:compensateEventDefinition/>"
    content = line(
        "task a",
        node("intermediateThrowEvent", "t", definition),
        after=node("boundaryEvent", "b", definition, attachedToRef="a")
        + node("task", "u", scripts("n = 1"), isForCompensation="true")
        + '<bpmn:association id="as" sourceRef="b" targetRef="u"/>',
    )
    assert [(item.code, item.element) for item in check({"a.bpmn": content}).errors] == [
        ("unsupported-extension", "u")
    ]


def test_script_of_a_script_task_is_refused() -> None:
    task = node("scriptTask", "a", scripts("n = 1") + "<bpmn:script>m = 1</bpmn:script>")
    assert {item.code for item in check({"a.bpmn": line(task)}).errors} == {"unsupported-extension"}


PAYLOAD = "<spiffworkflow:messagePayload>\n{'fee': fee, # all\n 'x': 1}</spiffworkflow:messagePayload>"
VARIABLE = "<spiffworkflow:messageVariable>paid</spiffworkflow:messageVariable>"


def speaking(on_message: str, on_event: str = "") -> bytes:
    """A process that throws a message `m` at `a`, and catches the same at `b`."""
    definition = (
        f'<bpmn:messageEventDefinition messageRef="m">{extension(on_event)}</bpmn:messageEventDefinition>'
    )
    body = in_line(node("intermediateThrowEvent", "a", definition), node("receiveTask", "b", messageRef="m"))
    message = f'<bpmn:message id="m" name="paid">{extension(on_message)}</bpmn:message>'
    return definitions(process_element(*body), message)


def test_what_goes_with_a_message_and_what_takes_it_is_ours() -> None:
    content = speaking(PAYLOAD + VARIABLE)
    assert element(content, "a") == {"kind": "intermediateThrowEvent", "data": "{'fee': fee, 'x': 1}"}
    assert element(content, "b") == {"kind": "receiveTask", "result": "paid"}
    assert notes(content) == [("translated-message", "a"), ("translated-message", "b")]


def test_event_may_say_what_goes_with_its_message() -> None:
    assert element(speaking("", PAYLOAD), "a")["data"] == "{'fee': fee, 'x': 1}"


def test_payload_that_is_no_expression_is_refused() -> None:
    content = speaking("<spiffworkflow:messagePayload>x = </spiffworkflow:messagePayload>")
    assert {item.code for item in check({"a.bpmn": content}).errors} == {"unsupported-extension"}
