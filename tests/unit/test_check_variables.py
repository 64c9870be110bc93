"""Variables that no earlier step can have set, and names that are nearly one that is set."""

import json
from typing import Any

import pytest

from engine.bpmn import check
from engine.bpmn.notation.findings import Finding
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
from tests.checking import condition

FORM = {"type": "object", "properties": {"amount": {"type": "integer"}, "approved": {"type": "boolean"}}}
MESSAGE = '<bpmn:message id="m" name="paid"/>'


def unknown(content: bytes, **forms: Any) -> list[Finding]:
    """What is found of unknown variables; nothing else is refused."""
    files = {"a.bpmn": content, **{f"{name}.json": json.dumps(form).encode() for name, form in forms.items()}}
    report = check(files, {"called"})
    assert {finding.code for finding in report.errors} <= {"unknown-variable"}
    return [finding for finding in report.findings if finding.code == "unknown-variable"]


def filled(*elements: str, form: dict[str, Any] | None = None, after: str = "") -> list[str]:
    """What is unknown in a process whose start form sets `amount` and `approved`."""
    content = line(*elements, after=after).replace(
        b'<bpmn:startEvent id="start">', b'<bpmn:startEvent id="start" camunda:formKey="form.json">'
    )
    return [f"{item.element} {item.line}" for item in unknown(content, form=form or FORM)]


def test_a_variable_that_nothing_sets_is_told_with_its_place_and_the_nearest_name() -> None:
    content = line(script("a", "fee = 1\n\ntotal = amuont + fee"))
    content = content.replace(b'id="start"', b'id="start" camunda:formKey="form.json"')
    (finding,) = unknown(content, form=FORM)
    assert (finding.severity, finding.element, finding.line) == ("warning", "a", 7)
    assert finding.variant == "before-meant"
    assert finding.values == {"part": "script", "variable": "amuont", "meant": "amount", "count": 1}


def test_a_variable_that_is_read_in_several_places_is_told_once() -> None:
    assert filled(script("a", "x = fee"), script("b", "y = fee"), script("c", "z = fee")) == ["a 5"]


@pytest.mark.parametrize(
    "element",
    [
        script("a", "x = amount\ny = x"),
        script("a", "def double(n):\n    return 2 * n * amount\nx = double(2)"),
        script("a", "x = [n for n in range(amount)]"),
        script("a", "try:\n    x = fee\nexcept NameError:\n    x = 0"),
        script("a", "import math as m\nx = m.floor(amount)"),
        script("a", "count = count + 1"),
        node("userTask", "a", parvandeh__outputs="{'fee': amount}", parvandeh__due="'P' + str(amount) + 'D'"),
        node("userTask", "a", parvandeh__inputs="{'fee': amount}", parvandeh__assignee="str(fee)"),
        node("callActivity", "a", calledElement="called", parvandeh__outputs="{'fee': anything}"),
        node("userTask", "a", many("<bpmn:loopCardinality>amount</bpmn:loopCardinality>"
             "<bpmn:completionCondition>answer and nrOfActiveInstances</bpmn:completionCondition>")),
        script("a", "results = amount").replace("</bpmn:scriptTask>", many(
            "<bpmn:loopCardinality>3</bpmn:loopCardinality><bpmn:completionCondition>results and loopCounter"
            "</bpmn:completionCondition>") + "</bpmn:scriptTask>"),
    ],
)  # fmt: skip
def test_what_is_set_before_or_by_the_element_itself_is_known(element: str) -> None:
    assert filled(element) == []


@pytest.mark.parametrize(
    "element",
    [
        script("a", "x = fee"),
        script("a", "def cost():\n    return fee\nx = cost()"),
        node("userTask", "a", parvandeh__assignee="fee"),
        node("userTask", "a", parvandeh__inputs="{'fee': fee}"),
        node("callActivity", "a", calledElement="called", parvandeh__inputs="{'fee': fee}"),
        node("serviceTask", "a", parvandeh__topic="t", parvandeh__request="{'fee': fee}"),
        node("userTask", "a", many("<bpmn:loopCardinality>fee</bpmn:loopCardinality>")),
        node("userTask", "a", many("<bpmn:loopDataInputRef>fee</bpmn:loopDataInputRef>"
                                   '<bpmn:inputDataItem id="fee"/>')),
        node("intermediateCatchEvent", "a", "<bpmn:timerEventDefinition><bpmn:timeDuration>fee"
             "</bpmn:timeDuration></bpmn:timerEventDefinition>"),
    ],
)  # fmt: skip
def test_what_nothing_sets_is_told_wherever_it_is_read(element: str) -> None:
    assert len(filled(element)) == 1


@pytest.mark.parametrize(
    "before",
    [
        "task first",
        "manualTask first",
        "userTask first",
        node("callActivity", "first", calledElement="called"),
        node("serviceTask", "first", parvandeh__topic="t"),
        node("userTask", "first", camunda__formKey="embedded:app:forms/elsewhere.html"),
        node("serviceTask", "first", parvandeh__topic="t", parvandeh__outputs="names"),
        node("subProcess", "first", "".join(in_line("task inner", prefix="i"))),
    ],
)
def test_where_any_data_may_have_come_nothing_is_told(before: str) -> None:
    given = [before] if "names" not in before else [script("zero", "names = {}"), before]
    assert filled(*given, script("a", "x = fee")) == []


@pytest.mark.parametrize(
    "before",
    [
        script("first", "other = 1"),
        node("userTask", "first", camunda__formKey="form.json"),
        node("serviceTask", "first", parvandeh__topic="t", parvandeh__result="reply"),
        node("callActivity", "first", calledElement="called", parvandeh__outputs="{'reply': x}"),
        node("userTask", "first", many(
            "<bpmn:loopCardinality>3</bpmn:loopCardinality><bpmn:loopDataOutputRef>all</bpmn:loopDataOutputRef>"
            '<bpmn:outputDataItem id="fee"/>')),
        node("subProcess", "first", "".join(in_line(script("inner", "other = amount"), prefix="i"))),
    ],
)  # fmt: skip
def test_what_other_elements_set_besides_does_not_help(before: str) -> None:
    assert filled(before, script("a", "x = fee")) == ["a 6"]


@pytest.mark.parametrize("free", [{"additionalProperties": True}, {"patternProperties": {"^x": {}}}])
def test_a_form_that_takes_other_fields_may_give_any(free: dict[str, Any]) -> None:
    assert filled(script("a", "x = fee"), form={**FORM, **free}) == []


def closed(*body: str, more: str = "") -> list[str | None]:
    """The elements of unknown variables in a process that a message with one variable starts."""
    about = '<bpmn:messageEventDefinition messageRef="m"/>'
    start = node("startEvent", "start", about, parvandeh__result="payment")
    return [item.element for item in unknown(definitions(process_element(start, *body), MESSAGE, more))]


def test_a_variable_that_another_branch_may_have_set_is_known() -> None:
    body = [
        *(node("parallelGateway", name) for name in ("split", "join")),
        *(
            script("a", "fee = payment"),
            script("b", "x = fee"),
            script("c", "y = fee"),
            flow("start", "split"),
        ),
        *(flow("split", "a"), flow("split", "b"), flow("a", "join"), flow("b", "join"), flow("join", "c")),
    ]
    assert closed(*body) == []


def test_what_is_set_in_a_loop_is_known_in_its_next_round() -> None:
    body = [
        node("exclusiveGateway", "again"),
        node("exclusiveGateway", "more", default="out"),
        *(
            script("a", "x = payment if not payment else fee"),
            script("b", "fee = x"),
            node("endEvent", "end"),
        ),
        *(flow("start", "again"), flow("again", "a"), flow("a", "b"), flow("b", "more")),
        *(flow("more", "again", "fee > 1"), flow("more", "end", name="out")),
    ]
    assert closed(*body) == []


def test_a_condition_knows_what_its_gateway_does() -> None:
    body = [
        node("exclusiveGateway", "g", default="g-b"),
        *(node("endEvent", "a"), node("endEvent", "b"), flow("start", "g")),
        *(flow("g", "a", "payment and fee"), flow("g", "b")),
    ]
    assert closed(*body) == ["g-a"]


def on_border(kind: str, reads: str, **named: str) -> list[str | None]:
    """An event on a sub-process that sets `fee`; `late` reads behind it."""
    inside = "".join(in_line(script("inner", "fee = payment"), prefix="i"))
    definition = f"<bpmn:{kind}EventDefinition/>" if kind != "timer" else (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )  # fmt: skip
    return closed(
        *(node("subProcess", "host", inside), flow("start", "host")),
        node("boundaryEvent", "x", definition, attachedToRef="host", **named),
        *(script("late", f"y = {reads}"), flow("x", "late")),
    )


def test_behind_an_event_on_a_border_all_may_be_known_that_the_activity_sets() -> None:
    assert on_border("timer", "fee") == []
    assert on_border("timer", "other") == ["late"]


def test_variables_for_what_went_wrong_are_known_behind_it() -> None:
    named = {"parvandeh__result": "problem", "parvandeh__code": "code", "parvandeh__detail": "words"}
    assert on_border("error", "problem + code + words", **named) == []
    assert on_border("error", "detail") == ["late"]


def test_an_event_sub_process_knows_all_that_its_scope_sets_and_its_event_what_was_there_before() -> None:
    about = '<bpmn:messageEventDefinition messageRef="m"/>'
    event = node("startEvent", "asked", about, parvandeh__correlation="{'k': KEY}", parvandeh__result="got")
    handler = node("subProcess", "handler", event + script("b", "y = fee + got") + flow("asked", "b"),
                   triggeredByEvent="true")  # fmt: skip
    body = [script("a", "fee = payment"), flow("start", "a")]
    assert closed(*body, handler.replace("KEY", "payment")) == []
    assert closed(*body, handler.replace("KEY", "fee")) == ["asked"]


def test_instances_know_their_item_and_what_follows_knows_their_results() -> None:
    marker = many(
        "<bpmn:loopDataInputRef>payment</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>all</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="item"/><bpmn:outputDataItem id="part"/>'
    )
    inside = marker + "".join(in_line(script("inner", "part = item"), prefix="i"))
    body = [node("subProcess", "each", inside), flow("start", "each"), flow("each", "late")]
    assert closed(*body, script("late", "x = all")) == []
    assert closed(*body, script("late", "x = item")) == ["late"]


def test_a_data_object_is_known() -> None:
    objects = '<bpmn:dataObject id="file"/><bpmn:dataObjectReference id="f" dataObjectRef="file"/>'
    reads = "<bpmn:dataInputAssociation><bpmn:sourceRef>f</bpmn:sourceRef></bpmn:dataInputAssociation>"
    task = script("a", "x = file").replace("</bpmn:scriptTask>", f"{reads}</bpmn:scriptTask>")
    assert closed(objects, task, flow("start", "a")) == []


def test_a_process_that_others_of_the_upload_call_may_be_given_anything() -> None:
    call = process_element(*in_line(node("callActivity", "c", calledElement="p"), prefix="c"), key="caller")
    start = node("startEvent", "plain", extension(
        '<camunda:formData><camunda:formField id="amount" type="long"/></camunda:formData>'))  # fmt: skip
    body = [start, script("a", "x = fee"), flow("plain", "a"), flow("start", "a")]
    assert closed(*body) == ["a"]
    assert closed(*body, more=call) == []


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("x = amuont", "amount"),
        ("x = amont", "amount"),
        ("x = amountt", "amount"),
        ("x = Amount", "amount"),
        ("x = payerName", "payer_name"),
        ("total = 1\nx = totla", "total"),
        ("x = true", "True"),
        ("x = Flase", "False"),
    ],
)
def test_a_slip_is_found_where_any_data_may_have_come(code: str, meant: str) -> None:
    first = script("first", "amount = 1\npayer_name = ''")
    (finding,) = unknown(line(first, script("a", code)))
    assert finding.element == "a"
    assert finding.values["meant"] == meant


@pytest.mark.parametrize(
    "code",
    [
        "x = amounts",
        "x = amount2",
        "x = quantity",
        "x = approver",
        "x = id",
        "x = pay",
        "x = amuont if True else {}",
    ],
)
def test_another_name_is_no_slip(code: str) -> None:
    first = script("first", "amount = 1\napproved = 1\npaid = 1\nidx = 1")
    second = [script("b", "y = amuont")] if "amuont" in code else []  # what two places read has a meaning
    assert unknown(line(first, script("a", code), *second)) == []


def test_a_name_that_only_another_process_of_the_upload_sets_is_no_slip() -> None:
    one = process_element(*in_line(script("a", "amount = 1"), script("b", "x = amuont")))
    two = process_element(*in_line(script("c", "amuont = 1"), prefix="q"), key="q")
    assert unknown(definitions(one, two)) == []
    assert len(unknown(definitions(one))) == 1


def test_files_with_errors_are_not_looked_at() -> None:
    body = node("startEvent", "s", camunda__formKey="form.json") + script("a", "x = fee") + flow("s", "a")
    for broken in (True, False):
        content = process(body, "<bpmn:complexGateway id='g'/>" if broken else "")
        report = check({"a.bpmn": content, "form.json": json.dumps(FORM).encode()})
        assert any(item.code == "unknown-variable" for item in report.findings) != broken


def test_of_very_many_variables_none_is_told_wrongly() -> None:
    scripts = [script(f"s{n}", "\n".join(f"v{n}_{m} = 1" for m in range(1000))) for n in range(5)]
    assert filled(*scripts, script("a", "x = v0_0 + v4_999")) == []


def test_of_very_many_unknown_variables_not_all_are_told() -> None:
    told = filled(*(script(f"s{n}", f"x = fee_{n}_") for n in range(200)))
    assert len(told) == 100


def test_a_list_that_is_called_as_a_word_of_python_breaks_nothing() -> None:
    marker = many('<bpmn:loopDataInputRef>class</bpmn:loopDataInputRef><bpmn:inputDataItem id="x"/>')
    assert unknown(line(node("userTask", "a", marker))) == []


def test_mappings_are_read_as_python_reads_them() -> None:
    odd = node("userTask", "a", parvandeh__outputs="{'x': '\\d'}", parvandeh__candidateGroups="'\\d'")
    assert filled(odd, script("b", "y = x")) == []


def awaiting(text: str, *behind: str) -> str:
    """An event behind the start that waits for a condition."""
    event = node("intermediateCatchEvent", "wait", condition(text))
    parts = [event, *behind, flow("start", "wait")]
    return "".join([*parts, flow("wait", "b")] if behind else parts)


def test_a_condition_is_made_true_by_what_any_branch_sets() -> None:
    assert filled(script("a", "risk = amount"), after=awaiting("risk &gt; 1")) == []
    assert filled(script("a", "risk = amount"), after=awaiting("rsik &gt; 1")) == ["wait 9"]


def test_what_made_a_condition_true_is_known_behind_it() -> None:
    assert filled(script("a", "risk = amount"), after=awaiting("risk &gt; 1", script("b", "x = risk"))) == []


def test_who_started_a_case_is_known() -> None:
    content = line(script("a", "x = starter + str(amount)")).replace(
        b'<bpmn:startEvent id="start">',
        b'<bpmn:startEvent id="start" camunda:formKey="form.json" parvandeh:starter="starter">',
    )
    assert unknown(content, form=FORM) == []


# Our own attributes


@pytest.mark.parametrize("attribute", ["due", "followUp", "priority", "assignee", "candidateUsers", "inputs"])
def test_unknown_name_in_an_attribute_of_ours_is_an_error_where_nothing_can_supply_it(attribute: str) -> None:
    code = "{'x': fee}" if attribute == "inputs" else "fee"
    content = line(node("userTask", "a", **{f"parvandeh__{attribute}": code}))
    content = content.replace(b'id="start"', b'id="start" camunda:formKey="form.json"')
    (finding,) = unknown(content, form=FORM)
    assert (finding.severity, finding.element) == ("error", "a")
    assert finding.values == {"part": f"parvandeh:{attribute}", "variable": "fee", "count": 1}


@pytest.mark.parametrize(
    "task",
    [
        node("userTask", "a", parvandeh__assignee="sara"),
        node("userTask", "a", parvandeh__due="next_month"),
        node("serviceTask", "a", parvandeh__topic="t", parvandeh__request="{'it': national_id}"),
    ],
)
def test_unknown_name_in_an_attribute_of_ours_is_a_warning_where_it_may_come_as_data(task: str) -> None:
    (finding,) = unknown(line(task))
    assert (finding.severity, finding.element) == ("warning", "a")
    assert finding.variant == "outside"


def test_input_that_a_data_object_declares_is_known() -> None:
    assert (
        unknown(line(node("userTask", "a", parvandeh__assignee="who"), after='<bpmn:dataObject id="who"/>'))
        == []
    )


def test_name_that_another_branch_sets_is_no_error() -> None:
    content = line(node("userTask", "a", parvandeh__assignee="fee"), script("later", "fee = 1"))
    content = content.replace(b'id="start"', b'id="start" camunda:formKey="form.json"')
    assert [finding.severity for finding in unknown(content, form=FORM)] == ["warning"]


def test_unknown_name_in_feel_is_null_and_no_error() -> None:
    content = line(node("userTask", "a", parvandeh__assignee="=fee"))
    content = content.replace(b'id="start"', b'id="start" camunda:formKey="form.json"')
    assert [finding.severity for finding in unknown(content, form=FORM)] == ["warning"]
