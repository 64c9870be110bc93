"""Service tasks, and our own attributes on events: whom to ask, with what, and where the answer goes."""

import pytest

from tests.bpmn import flow, in_line, node
from tests.checking import about, bordered, findings, sole, timer, told, warned


def service(**attributes: str) -> list[str]:
    return in_line(node("serviceTask", "x", **attributes))


def test_service_task_asks_a_connector_or_serves_a_topic() -> None:
    asks = {"parvandeh__connector": "registry", "parvandeh__operation": "person"}
    assert warned(*service(**asks, parvandeh__request="{'id': number}", parvandeh__result="person")) == []
    assert warned(*service(parvandeh__topic="stamps")) == []
    assert warned(*service(camunda__type="external", camunda__topic="stamps")) == []


def test_service_task_that_asks_nobody_is_for_the_topic_of_its_own_id() -> None:
    assert warned(*service()) == [("abstract-service", "x")]


def test_service_task_that_asks_two_is_refused() -> None:
    assert told(*service(parvandeh__connector="a", parvandeh__topic="b")) == [("service-target", "x")]


@pytest.mark.parametrize("attribute", ["parvandeh__connector", "parvandeh__topic"])
@pytest.mark.parametrize("name", ["", " ", " a", "x" * 201, "${where}", "#{where}", "=where"])
def test_name_of_a_connector_or_topic_stands_as_it_is(attribute: str, name: str) -> None:
    assert told(*service(**{attribute: name})) == [("service-target", "x")]


def test_operation_is_a_name_too() -> None:
    body = service(parvandeh__connector="a", parvandeh__operation="${what}")
    assert told(*body) == [("service-target", "x")]


@pytest.mark.parametrize("attributes", [{"type": "external"}, {"topic": "t"}, {"type": "mail", "topic": "t"}])
def test_half_of_an_external_task_is_refused(attributes: dict[str, str]) -> None:
    body = service(**{f"camunda__{name}": value for name, value in attributes.items()})
    assert ("unsupported-extension", "x") in told(*body)


@pytest.mark.parametrize("attribute", ["class", "expression", "delegateExpression", "resultVariable"])
def test_what_another_engine_would_call_is_refused(attribute: str) -> None:
    body = service(parvandeh__topic="t", **{f"camunda__{attribute}": "x"})
    assert told(*body) == [("unsupported-extension", "x")]


# Expressions that give names with values


def mapping(attribute: str, text: str) -> list[str]:
    """A process with the attribute where it is read."""
    if attribute == "request":
        return service(parvandeh__topic="t", parvandeh__request=text)
    kind = "endEvent" if attribute == "data" else "intermediateCatchEvent"
    return sole(kind, about("message", "m"), **{f"parvandeh__{attribute}": text})


@pytest.mark.parametrize("attribute", ["correlation", "data", "request"])
@pytest.mark.parametrize(
    "text", ["{'order': number}", "{}", "keys", "{**keys, 'a': 1}", "dict(a=1)", "a if b else {}"]
)
def test_names_with_values_pass(attribute: str, text: str) -> None:
    assert warned(*mapping(attribute, text)) == []


@pytest.mark.parametrize("attribute", ["correlation", "data", "request"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("number ==", "syntax-error"),
        ("{'a': 1", "syntax-error"),
        ("a = 1", "syntax-error"),
        ("", "empty-expression"),
        ("${number", "expression-language"),
        ("${number + 1}", "no-names"),
        ("={'a': 1}", "no-names"),
        ("={a: 1", "syntax-error"),
        ("=7", "no-names"),
        ("{'a': open('x')}", "not-in-sandbox"),
        ("'number'", "no-names"),
        ("7", "no-names"),
        ("['order']", "no-names"),
        ("('order', 7)", "no-names"),
        ("{'order'}", "no-names"),
        ("a == b", "no-names"),
        ("f'{a}'", "no-names"),
    ],
)
def test_expression_that_gives_no_names_with_values_is_refused(attribute: str, text: str, code: str) -> None:
    (finding,) = findings(*mapping(attribute, text))
    assert (finding.code, finding.element) == (code, "x")
    assert finding.values["part"] == f"parvandeh:{attribute}"


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "class", "None", "${a}"])
def test_result_is_the_name_of_a_variable(name: str) -> None:
    assert told(*service(parvandeh__topic="t", parvandeh__result=name)) == [("invalid-variable", "x")]
    caught = sole("intermediateCatchEvent", about("signal", "s"), parvandeh__result=name)
    assert told(*caught) == [("invalid-variable", "x")]
    begun = [node("startEvent", "x", parvandeh__starter=name), node("task", "a"), flow("x", "a")]
    assert told(*begun) == [("invalid-variable", "x")]


def test_nobody_starts_a_sub_process() -> None:
    inside = [node("startEvent", "x", parvandeh__starter="who"), node("task", "a"), flow("x", "a")]
    assert told(*in_line(node("subProcess", "sub", "".join(inside)))) == [("unknown-extension", "x")]


def test_result_may_have_a_persian_name() -> None:
    assert warned(*service(parvandeh__topic="t", parvandeh__result="پاسخ")) == []


@pytest.mark.parametrize(
    ("kind", "definition", "attribute"),
    [
        ("startEvent", about("message", "m"), "correlation"),
        ("startEvent", timer("timeDuration", "P1D"), "result"),
        ("intermediateCatchEvent", about("signal", "s"), "correlation"),
        ("intermediateCatchEvent", timer("timeDuration", "P1D"), "result"),
        ("intermediateCatchEvent", about("message", "m"), "data"),
        ("intermediateThrowEvent", about("message", "m"), "result"),
        ("intermediateThrowEvent", about("signal", "s"), "correlation"),
        ("intermediateThrowEvent", "", "data"),
        ("endEvent", about("error", "e"), "data"),
        ("endEvent", "", "data"),
        ("boundaryEvent", about("error", "e"), "correlation"),
        ("boundaryEvent", about("message", "m"), "topic"),
        ("endEvent", about("message", "m"), "connector"),
        ("startEvent", "", "businessKey"),
    ],
)
def test_attribute_that_nobody_reads_there_is_refused(kind: str, definition: str, attribute: str) -> None:
    text = {"correlation": "{'a': 1}", "data": "{'a': 1}"}.get(attribute, "a")
    body = sole(kind, definition, **{f"parvandeh__{attribute}": text})
    assert told(*body) == [("unknown-extension", "x")]


def test_attribute_on_the_definition_of_an_event_is_refused() -> None:
    definition = about("message", "m").replace("/>", " parvandeh:correlation=\"{'a': 1}\"/>")
    (finding,) = findings(*sole("intermediateCatchEvent", definition))
    assert (finding.code, finding.element) == ("unknown-extension", "x")
    assert finding.values["advice"] == "correlation"


def test_receive_task_reads_what_an_event_reads_and_a_user_task_does_not() -> None:
    keys = {"parvandeh__correlation": "{'a': 1}"}
    assert warned(*bordered("receiveTask", about("message", "m"), **keys)) == []
    assert told(*in_line(node("userTask", "x", **keys))) == [("unknown-extension", "x")]


@pytest.mark.parametrize(
    "value", ["unique", "personal", "unique-personal", "", "Unique", "personal unique", "true", "${a}"]
)
def test_business_key_is_unique_personal_or_not_said(value: str) -> None:
    attributes = f'parvandeh:businessKey="{value}"'
    expected = [] if value in ("unique", "personal", "unique-personal") else [("invalid-business-key", "p")]
    assert told(*in_line("task a"), attributes=attributes) == expected
