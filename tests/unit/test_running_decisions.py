"""Business rule tasks: a decision of the deployment's own files sets the case's data, and says why."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn import Spec
from engine.bpmn.notation.rule_tasks import RESULTS
from tests.dmn_files import data, ruled, table, task
from tests.driving import Run
from tests.matrix.test_others import extension

AMOUNT = data("amount")
BOTH = (("&lt; 10", '"a"'), ("&lt; 20", '"b"'))
CLASHING = (("? * 1 &lt; 10", '"a"'), ("? * 1 &lt; 20", '"b"'))  # which no check can foresee


RESULT = 'parvandeh:decisionRef="route" parvandeh:resultVariable="found"'


def literal(name: str, text: str, *requires: str, key: str = "") -> str:
    """A decision by one expression; what it requires is data if its name is in lower case."""
    needs = "".join(
        f'<informationRequirement id="{key or name}-{each}">'
        f'<required{"Decision" if each[0].isupper() else "Input"} href="#{each}"/></informationRequirement>'
        for each in requires
    )
    return (
        f'<decision id="{key or name}" name="{name}"><variable name="{name}"/>{needs}'
        f'<literalExpression id="{key or name}-text"><text>{text}</text></literalExpression></decision>'
    )


def why(run: Run) -> dict[str, Any]:
    (told,) = (passage.why for passage in run.step.passages if passage.why is not None)
    return dict(told)


def failure(run: Run) -> tuple[str, str]:
    (failed,) = run.step.failures
    return failed.code, failed.message


@pytest.fixture(scope="module")
def process() -> Spec:
    return ruled(task(), AMOUNT, table())


def test_outputs_set_the_variables_of_their_names(process: Spec) -> None:
    run = Run(process, amount=5)
    assert run.waiting == ["after"]
    assert run.step.changes == {"route": "auto", "days": 3}
    assert isinstance(run.data["days"], int)


def test_a_case_tells_why(process: Spec) -> None:
    told = why(Run(process, amount=Decimal("12.50")))
    assert (told["decision"], told["file"], len(told["digest"])) == ("route", "rules.dmn", 64)
    assert told["inputs"] == {"amount": 12.5}
    (found,) = told["tables"]
    assert (found["policy"], found["rules"]) == ("U", [{"number": 2, "id": "route-2", "remark": ""}])
    assert told["result"] == found["result"] == {"route": "desk", "days": 10}


def test_decisions_that_were_needed_are_told_with_their_values() -> None:
    twice = (
        '<decision id="twice" name="twice"><variable name="twice"/><informationRequirement id="t">'
        '<requiredInput href="#amount"/></informationRequirement><literalExpression id="l">'
        "<text>amount * 2</text></literalExpression></decision>"
    )
    needs = table(tested="twice").replace("requiredInput", "requiredDecision")
    told = why(Run(ruled(task(), AMOUNT, twice, needs), amount=6))
    assert told["required"] == [{"decision": "twice", "name": "twice", "value": 12}]
    assert told["result"]["route"] == "desk"


def test_only_the_first_rule_counts_where_the_table_says_so() -> None:
    run = Run(ruled(task(), AMOUNT, table(rules=BOTH, policy="FIRST", outputs=("x",))), amount=5)
    assert run.data["x"] == "a"
    assert why(run)["tables"][0]["rules"] == [{"number": 1, "id": "route-1", "remark": ""}]


@pytest.mark.parametrize(
    ("rules", "amount", "reason"),
    [
        (CLASHING, 5, "The rules 1, 2 match, but only one may."),
        (CLASHING, "much", "The value of amount is not of its type."),
    ],
)
def test_no_guess_is_made(rules: Any, amount: Any, reason: str) -> None:
    run = Run(ruled(task(), AMOUNT, table(rules=rules, outputs=("x",))), amount=amount)
    code, message = failure(run)
    assert code == "decision-failed"
    assert message.startswith("route: ")
    assert reason in message
    assert "x" not in run.data


def test_it_goes_on_when_the_data_are_right(process: Spec) -> None:
    run = Run(process, amount="much")
    assert run.failed == [("rule", "decision-failed")]
    run.retry(amount=4)
    assert (run.data["route"], run.waiting) == ("auto", ["after"])


WITHOUT_VALUE = {
    "what is required is not of its type": (
        data("amount", "Any"),
        literal("Mid", "amount", "amount").replace("<variable", '<variable typeRef="string"'),
        literal("route", 'if Mid = "a" then "granted" else "refused"', "Mid"),
    ),
    "what is required is given what is not allowed": (
        data("amount", "Any"),
        table("Mid", outputs=("x",), rules=(("&lt; 5", '"a"'), ("&gt;= 5", '"b"'))).replace(
            "</inputExpression>", "</inputExpression><inputValues><text>[0..9]</text></inputValues>"
        ),
        literal("route", 'if Mid = "a" then "granted" else "refused"', "Mid"),
    ),
    "one of several outputs is not allowed": (
        data("amount", "Any"),
        table(rules=(("-", "string(amount)", "3"),)).replace(
            '<output id="o0" name="route"/>',
            '<output id="o0" name="route"><outputValues><text>"a", "b"</text></outputValues></output>',
        ),
    ),
}


@pytest.mark.parametrize("decisions", WITHOUT_VALUE.values(), ids=WITHOUT_VALUE)
def test_what_has_no_value_for_a_fault_decides_nothing(decisions: tuple[str, ...]) -> None:
    run = Run(ruled(task(RESULT), *decisions), amount=50)
    assert failure(run)[0] == "decision-failed"


SUM = (
    data("x"),
    data("y", "Any"),
    literal("route", 'if x + y > 10 then "refuse" else "grant"'.replace(">", "&gt;"), "x", "y"),
)


@pytest.mark.parametrize(
    ("values", "code"), [({"x": 100}, "missing-input"), ({"x": 100, "y": "5"}, "operand-types")]
)
def test_null_of_a_fault_is_recorded_and_the_case_continues(values: dict[str, Any], code: str) -> None:
    run = Run(ruled(task(RESULT), *SUM), **values)
    assert run.data["found"] == "grant"
    told = why(run)["faults"]
    assert told[0]["code"] == code
    assert told[-1]["expression"].startswith("if x + y > 10")
    assert told[-1]["at"] == 6


@pytest.mark.parametrize("values", [{"x": 100}, {"x": 100, "y": "5"}])
@pytest.mark.parametrize("where", ["task", "process"])
def test_null_of_a_fault_is_an_incident_where_that_is_wanted(values: dict[str, Any], where: str) -> None:
    strict = ' parvandeh:nullFaults="incident"'
    spec = ruled(
        task(RESULT + (strict if where == "task" else "")), *SUM, process=strict if where == "process" else ""
    )
    code, message = failure(Run(spec, **values))
    assert code == "decision-failed"
    assert "at character 6 of “if x + y > 10" in message
    assert Run(spec, x=1, y=2).data["found"] == "grant"


def test_task_is_excepted_from_what_its_process_says() -> None:
    excepted = f'{RESULT} parvandeh:nullFaults="record"'
    spec = ruled(task(excepted), *SUM, process=' parvandeh:nullFaults="incident"')
    assert Run(spec, x=100).data["found"] == "grant"


def test_what_takes_too_much_stops() -> None:
    endless = (
        '<decision id="route" name="route"><variable name="route"/><literalExpression id="l">'
        "<text>count(for i in 1..1000000000 return i)</text></literalExpression></decision>"
    )
    code, message = failure(Run(ruled(task(), endless)))
    assert code == "decision-failed"
    assert "too many steps" in message


def test_data_that_nobody_drew_are_those_of_the_case() -> None:
    process = ruled(task(), table(drawn=False))
    assert Run(process, amount=5).data["route"] == "auto"
    assert failure(Run(process, amount="much"))[0] == "decision-failed"


@pytest.mark.parametrize("how", RESULTS)
@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (15, dict(zip(RESULTS, ("b", {"x": "b"}, ["b"], [{"x": "b"}]), strict=True))),
        (50, dict(zip(RESULTS, (None, None, [], []), strict=True))),
        (5, {"collectEntries": ["a", "b"], "resultList": [{"x": "a"}, {"x": "b"}]}),
    ],
)
def test_result_is_mapped_as_camunda_does(how: str, amount: int, expected: dict[str, Any]) -> None:
    words = f'camunda:decisionRef="route" camunda:resultVariable="y" camunda:mapDecisionResult="{how}"'
    rules = table(rules=BOTH, policy="COLLECT", outputs=("x",), drawn=False)
    run = Run(ruled(task(words), rules), amount=amount)
    if how in expected:
        assert run.data["y"] == expected[how]
    else:
        assert "it gives 2 results" in failure(run)[1]


def test_result_has_the_name_that_spiffworkflow_gives_it() -> None:
    inside = extension("<spiffworkflow:calledDecisionId>route</spiffworkflow:calledDecisionId>")
    run = Run(ruled(task("", inside), table(drawn=False)), amount=50)
    assert run.step.changes == {"route": "desk", "days": 10}


def test_result_has_the_name_that_camunda_8_gives_it() -> None:
    inside = extension('<zeebe:calledDecision decisionId="route" resultVariable="found"/>')
    run = Run(ruled(task("", inside), table(drawn=False)), amount=50)
    assert run.step.changes == {"found": {"route": "desk", "days": 10}}


def test_outputs_of_camunda_8_are_all_that_leaves_the_task() -> None:
    inside = extension(
        '<zeebe:calledDecision decisionId="route" resultVariable="found"/><zeebe:ioMapping>'
        '<zeebe:input source="= total" target="amount"/>'
        '<zeebe:output source="= found.days + 1" target="days"/>'
        "</zeebe:ioMapping>"
    )
    run = Run(ruled(task("", inside), table(drawn=False)), total=50)
    assert run.step.changes == {"days": 11}


def test_inputs_may_have_other_names_in_the_task() -> None:
    words = 'parvandeh:decisionRef="route" parvandeh:inputs="={&quot;amount&quot;: paid - 1}"'
    run = Run(ruled(task(words), AMOUNT, table()), paid=10)
    assert run.step.changes == {"route": "auto", "days": 3}


def test_inputs_may_have_names_with_spaces() -> None:
    words = "parvandeh:inputs='={&quot;asked for&quot;: paid}' parvandeh:decisionRef=\"route\""
    rules = table(tested="asked for").replace('href="#asked for"', 'href="#asked"')
    asked = data("asked for").replace('id="asked for"', 'id="asked"')
    run = Run(ruled(task(words), asked, rules), paid=10)
    assert run.step.changes == {"route": "desk", "days": 10}


def test_moments_of_a_case_are_those_of_the_decision_and_back() -> None:
    due = (
        '<decision id="route" name="due"><variable name="due"/><informationRequirement id="i">'
        '<requiredInput href="#since"/></informationRequirement><literalExpression id="l">'
        '<text>since + duration("P1M")</text></literalExpression></decision>'
    )
    run = Run(ruled(task(), data("since", "date"), due), since=date(2026, 1, 31))
    assert run.data["due"] == date(2026, 2, 28)


def test_id_goes_before_the_name_of_another() -> None:
    decisions = literal("route", '"by name"', key="other"), literal("named", '"by id"', key="route")
    assert Run(ruled(task(RESULT), *decisions)).data["found"] == "by id"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"a\\u0000b"', "cannot be stored"),
        ("{a0: [1], " + ", ".join(f"a{at}: [a{at - 1}, a{at - 1}]" for at in range(1, 40)) + "}", "too many"),
    ],
)
def test_reasons_that_cannot_be_kept_stop_the_case(text: str, reason: str) -> None:
    run = Run(ruled(task(RESULT), literal("Mid", text), literal("route", "Mid = null", "Mid")))
    code, message = failure(run)
    assert code == "decision-failed"
    assert reason in message


def test_service_takes_the_results_of_decisions_that_it_leaves_to_others() -> None:
    needs = '<informationRequirement id="q"><requiredDecision href="#route"/></informationRequirement>'
    above = (
        f'<decision id="above" name="above"><variable name="above"/>{needs}<literalExpression id="l">'
        "<text>route</text></literalExpression></decision>"
    )
    service = (
        '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#above"/>'
        '<inputDecision href="#route"/></decisionService>'
    )
    asks = task('parvandeh:decisionRef="s" parvandeh:resultVariable="found"')
    run = Run(ruled(asks, AMOUNT, table(), above, service), route="desk")
    assert run.step.changes == {"found": "desk"}


@pytest.mark.parametrize(
    ("of", "value"),
    [
        ("date", date(2026, 1, 1)),
        ("days and time duration", timedelta(days=2)),
        ("number", Decimal("0.12345678901234567890123")),
    ],
)
def test_inputs_keep_their_types(of: str, value: Any) -> None:
    words = f"{RESULT} parvandeh:inputs='={{\"x\": y}}'"
    run = Run(ruled(task(words), data("x", of), literal("route", "x", "x")), y=value)
    assert run.data["found"] == value


@pytest.mark.parametrize("repaired", ["paid", "amount"])
def test_inputs_follow_what_is_repaired(repaired: str) -> None:
    words = 'parvandeh:decisionRef="route" parvandeh:inputs="={&quot;amount&quot;: paid}"'
    run = Run(ruled(task(words), AMOUNT, table()), paid="much")
    assert failure(run)[0] == "decision-failed"
    run.retry(**{repaired: 5})
    assert run.data["route"] == "auto"
