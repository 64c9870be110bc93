"""What SpiffArena writes beside the standard is read in our own words."""

import pytest

from engine.bpmn.check import check
from tests.bpmn import extension, line, node
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


@pytest.mark.parametrize("value", ["x =", "", "a, b]", "a] + [b", "yield"])
def test_operator_with_a_parameter_that_is_no_expression_is_refused(value: str) -> None:
    content = line(node("serviceTask", "a", extension(operator(parameter("x", value)))))
    assert "unsupported-extension" in {item.code for item in check({"a.bpmn": content}).errors}
