"""JUEL in diagrams, wherever an expression is allowed: it means what it means in Camunda and Operaton."""

from datetime import timedelta
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import CallFailure
from engine.bpmn.run.commands import answer, fail_call, retry
from engine.bpmn.run.scripts import Sandbox
from tests.driving import NOW, Run, built, document, flow, path, script
from tests.eventful import catch, condition, line, spec

EXPRESSIONS = [
    ("${approved &amp;&amp; true}", {"approved": "true"}, True),
    ("${approved &amp;&amp; true}", {"approved": False}, False),
    ("${count &lt; '10'}", {"count": 9}, True),
    ("${count &lt; '10'}", {"count": 10}, False),
    ("${fee + '5' == 12}", {"fee": 7}, True),
    ("${fee + '5' == 75}", {"fee": 7}, False),
    ("#{t &lt;= '10' and empty u}", {"t": "10", "u": ""}, True),
    ("${clarified.equals('no')}", {"clarified": "no"}, True),
    ("${execution.getVariable('gone') == null}", {}, True),
]


def choice(text: str) -> str:
    return (
        '<startEvent id="start"/><exclusiveGateway id="g" default="g-b"/><userTask id="a"/><userTask id="b"/>'
        + path("start", "g")
        + flow("g", "a", text)
        + flow("g", "b")
    )


@pytest.mark.parametrize(("text", "data", "found"), EXPRESSIONS)
def test_expression_is_true_or_false_in_a_condition(text: str, data: dict[str, Any], found: bool) -> None:
    assert Run(choice(text), **data).waiting == ["a" if found else "b"]


@pytest.mark.parametrize(("text", "data", "found"), EXPRESSIONS)
def test_expression_is_true_or_false_in_a_mapping(text: str, data: dict[str, Any], found: bool) -> None:
    mapping = (
        "<extensionElements><camunda:inputOutput>"
        f'<camunda:inputParameter name="x">{text}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    assert Run(line(script("a", "seen = x", mapping)), **data).data["seen"] is found


@pytest.mark.parametrize(
    ("code", "data", "count"),
    [
        ("n + '1'", {"n": 1}, 2),
        ("n / 2", {"n": 7}, 3),
        ("n", {"n": "2"}, 2),
        ("empty n ? 1 : 2", {"n": None}, 1),
    ],
)
def test_number_of_instances_may_be_a_fraction_or_a_text(code: str, data: dict[str, Any], count: int) -> None:
    inside = f"<loopCardinality>${{{code}}}</loopCardinality>"
    body = line(
        f'<userTask id="a"><multiInstanceLoopCharacteristics>{inside}</multiInstanceLoopCharacteristics>'
        "</userTask>"
    )
    assert Run(body, **data).waiting == ["a"] * count


@pytest.mark.parametrize("value", [None, True, "two", [1]])
def test_what_is_no_number_of_instances_is_an_incident(value: Any) -> None:
    inside = "<loopCardinality>${n}</loopCardinality>"
    body = line(
        f'<userTask id="a"><multiInstanceLoopCharacteristics>{inside}</multiInstanceLoopCharacteristics>'
        "</userTask>"
    )
    ((_, code),) = Run(body, n=value).failed
    assert code == "script-failed"


def test_instances_go_over_a_list_that_is_computed_and_end_early() -> None:
    marker = (
        '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="${order.lines}"'
        ' camunda:elementVariable="line">'
        "<completionCondition>${line.price &gt;= '10'}</completionCondition>"
        "</multiInstanceLoopCharacteristics>"
    )
    body = f'<startEvent id="start"/><userTask id="a">{marker}</userTask><userTask id="b"/>' + path(
        "start", "a", "b"
    )
    run = Run(body, order={"lines": [{"price": 1}, {"price": 2}]}, line={"price": 0})
    assert run.waiting == ["a"]
    assert run.answer("a").answer("a").waiting == ["b"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("PT${hours}H", {"hours": "3"}),
        ("${'PT'}${hours + '1'}H", {"hours": 2}),
        ("${empty wait ? 'PT3H' : wait}", {"wait": ""}),
        ("PT3${nothing}H", {"nothing": None}),
    ],
)
def test_time_may_be_put_together(text: str, data: dict[str, Any]) -> None:
    event = f"<timerEventDefinition><timeDuration>{text}</timeDuration></timerEventDefinition>"
    (wait,) = Run(
        line(f'<intermediateCatchEvent id="wait">{event}</intermediateCatchEvent>'), **data
    ).waits.values()
    assert wait.due == NOW + timedelta(hours=3)


def test_due_date_is_counted_from_the_clock_of_the_case() -> None:
    how = (
        'camunda:dueDate="${dateTime().plusDays(2)}" camunda:followUpDate="${now()}"'
        ' camunda:priority="${n / 2}" camunda:candidateGroups="${unit}-desk,registry"'
    )
    body = f'<startEvent id="start"/><userTask id="a" {how}/>' + path("start", "a")
    (work,) = Run(body, n=20, unit="tax").open.values()
    assert work.people is not None
    assert (work.people.due, work.people.follow_up) == (NOW + timedelta(days=2), NOW)
    assert (work.people.priority, work.people.groups) == (10, ["tax-desk", "registry"])


SERVICE = (
    '<startEvent id="start"/><serviceTask id="a" camunda:expression="${order.total * rate}"'
    ' camunda:resultVariable="sum"/><userTask id="b"/>' + path("start", "a", "b")
)


def test_service_task_with_a_result_evaluates_its_expression() -> None:
    run = Run(SERVICE, order={"total": "10"}, rate=1.5)
    assert (run.waiting, run.data["sum"]) == (["b"], 15.0)


@pytest.mark.parametrize(
    "how",
    [
        'camunda:expression="${bean.charge(x)}" camunda:resultVariable="sum"',
        'camunda:expression="${order.size()}" camunda:resultVariable="sum"',
        'camunda:expression="${bean.charge}"',
        "camunda:expression=\"${execution.setVariable('x', 1)}\"",
    ],
)
def test_service_task_that_may_ask_java_is_work_for_another_program(how: str) -> None:
    body = f'<startEvent id="start"/><serviceTask id="a" {how}/>' + path("start", "a")
    assert len(Run(body, bean={}, order=[]).calls) == 1


def test_script_in_juel_sets_its_result() -> None:
    how = 'scriptFormat="JUEL" camunda:resultVariable="sum"'
    task = f"<scriptTask id=\"a\" {how}><script>${{x + '1'}}</script></scriptTask>"
    assert Run(line(task), x=1).data["sum"] == 2


def test_failure_shows_the_expression_and_the_cause_but_no_data() -> None:
    (failed,) = Run(SERVICE, order={"total": "secret"}, rate=1).step.failures
    assert (failed.element, failed.code) == ("a", "script-failed")
    assert failed.message == (
        "JUEL: a text that is no number stands where one is needed, in ${order.total * rate}"
    )


def test_value_that_no_case_can_hold_is_an_incident() -> None:
    (failed,) = Run(SERVICE, order={"total": 1e308}, rate=1e308).step.failures
    assert "not finite" in failed.message


def test_failed_expression_is_evaluated_again_with_repaired_data() -> None:
    run = Run(SERVICE, order={"total": "x"}, rate=2)
    assert run.retry(order={"total": 4}).data["sum"] == 8


@pytest.mark.parametrize("value", ["true", 1, None, "", []])
def test_condition_is_nothing_but_true_or_false(value: Any) -> None:
    (failed,) = Run(choice("${x}"), x=value).step.failures
    assert "neither true nor false, in ${x}" in failed.message
    assert Run(choice("${'true'}")).failed == [("g", "script-failed")]


def test_reply_that_was_awaited_before_is_still_taken() -> None:
    """A version that was published when such expressions were work of another program."""
    before = built(SERVICE.replace("camunda:expression", "camunda:class"))
    run = Run(before, order={"total": 1}, rate=1)
    ((token, _),) = run.calls.items()
    now = built(SERVICE)
    step = answer(now, run.step.state or b"", token, {"value": 3}, NOW)
    assert step.changes["sum"] == {"value": 3}
    assert (step.failures, step.ended) == ((), False)
    failed = fail_call(now, run.step.state or b"", token, CallFailure("call-failed", "gone"), NOW)
    (token,) = (failure.token for failure in failed.failures)
    assert retry(now, failed.state or b"", token, NOW).changes["sum"] == 1


def test_conditional_event_is_asked_only_with_its_variables() -> None:
    body = line(catch("wait", condition("${count &gt; '3'}")))
    assert Run(spec(body)).failed == [("wait", "never-true")]
    assert Run(spec(body), count=10).step.ended


def test_conditional_event_may_ask_whether_there_is_a_variable() -> None:
    body = line(catch("wait", condition("${not execution.hasVariable('stop')}")))
    assert Run(spec(body)).step.ended


def test_expression_over_a_case_needs_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bpmn.sandbox._Pool.open", None)
    sandbox = Sandbox(NOW)
    assert sandbox.holds("${a lt '3'}", {"a": 2}) is True
    assert sandbox.execute("x = ${a * 2}", {"a": 2, "b": 1}) == {"x": 4}
    assert sandbox.execute("${a * 2}", {"a": 2}) == {}
    assert sandbox.execute("x = ${a}", {"a": 2, "x": 2}) == {}


# What the check sees


def report(body: str) -> list[tuple[str, str | None]]:
    found = bpmn.check({"a.bpmn": document(body)})
    return [(item.code, item.element) for item in found.findings if item.severity != "note"]


def test_names_in_expressions_are_variables_for_the_check() -> None:
    form = (
        "<extensionElements><camunda:formData><camunda:formField id='count' type='long'/></camunda:formData>"
        "</extensionElements>"
    )
    body = choice("${cuont &gt; '3'}").replace(
        '<startEvent id="start"/>', f'<startEvent id="start">{form}</startEvent>'
    )
    assert ("unknown-variable", "g-a") in report(body)
    assert ("unknown-variable", "g-a") not in report(body.replace("cuont", "count"))


def test_result_of_an_expression_is_known_behind_it() -> None:
    service = '<serviceTask id="a" camunda:expression="${1 + 1}" camunda:resultVariable="sum"/>'
    body = (
        '<startEvent id="start"><extensionElements><camunda:formData/></extensionElements></startEvent>'
        + service
    )
    later = '<userTask id="b" camunda:assignee="${sum}"/>' + path("start", "a", "b")
    assert "unknown-variable" not in {code for code, _ in report(body + later)}


def test_counter_outside_of_instances_is_refused() -> None:
    assert ("unknown-variable", "g-a") in report(choice("${loopCounter == 1}"))


@pytest.mark.parametrize(
    "text", ["${a.run()}", "${execution.id}", "${a", "${[1]}", "${a}${b}", "a ${b}", "${instanceof}"]
)
def test_condition_that_means_nothing_here_is_refused_in_words(text: str) -> None:
    found = [item for item in bpmn.check({"a.bpmn": document(choice(text))}).errors]
    assert [(item.code, item.element) for item in found] == [("expression-language", "g-a")]
