"""Diagrams of other engines are read in our own words, and the report says what was translated."""

import pytest

from engine.bpmn import check
from engine.bpmn.notation.source import read_xml
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.run.scripts import parse
from engine.bpmn.translate import translate
from engine.bpmn.translate.juel import Untranslatable, expression
from engine.bpmn.translate.translations import BPMN
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
from tests.translating import element, notes, parameters


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("${true}", "${true}"),
        ("#{ amount > 100 }", "${amount > 100}"),
        ("${a && !b || c == null}", "${a && !b || c == null}"),
        ("${order.lines[0]['price'] * 1.5}", "${order.lines[0]['price'] * 1.5}"),
        (r"${'it\'s'}", '"it\'s"'),  # a text as it is written is one in Python
        ("PT${hours}H", "${'PT' += hours += 'H'}"),
        (" ${a ? 1 : b}c", "${(a ? 1 : b) += 'c'}"),
        ("it's ${x}", r"${'it\'s ' += x}"),
        (r"\${x} ${y}", "${'${x} ' += y}"),
        ("${a}${b.c}", "${a += b.c}"),
        ("plain", "${'plain'}"),
    ],
)
def test_expression_is_one_of_ours(text: str, ours: str) -> None:
    assert expression(text) == ours
    parse(ours, "eval")


@pytest.mark.parametrize(
    "text",
    [
        "${bean.method()}", "${method()}", "${execution.id}", "${task}", "${x", "${a b}", "${a ==}",
        "${'x}", "${a[}", "${a ? b}", "${a}${", "${;}", "${a}#{b}", "${[1]}", "${{'a': 1}}", "${a += b}",
        "${" + "(" * 1_000 + ")" * 1_000 + "}",
        "${a}" * 101, "${a.b.c(1)}", "${" + "!" * 5_000 + "a}", "${" + "-" * 5_000 + "1}",
    ],
)  # fmt: skip
def test_expression_without_meaning_here_is_left(text: str) -> None:
    with pytest.raises(Untranslatable):
        expression(text)


def test_condition_is_one_expression() -> None:
    with pytest.raises(Untranslatable):
        expression("${a} and ${b}", whole=True)


def test_translated_condition_is_told() -> None:
    body = (node("startEvent", "start"), node("exclusiveGateway", "g", default="g-b"), flow("start", "g"))
    content = process(*body, node("task", "a"), node("task", "b"), flow("g", "a", "${x}"), flow("g", "b"))
    assert notes(content) == [("translated-expression", "g-a")]


@pytest.mark.parametrize("space", ["operaton.org/schema/1.0/bpmn", "activiti.org/bpmn", "flowable.org/bpmn"])
def test_relatives_of_camunda_are_read_like_it(space: str) -> None:
    content = line(
        f'<bpmn:serviceTask id="a" xmlns:e="http://{space}" e:type="external" e:topic="register"/>'
    )
    assert element(content, "a") == {"kind": "serviceTask", "topic": "register"}
    assert notes(content) == [("translated-service", "a")]


@pytest.mark.parametrize("kind", ["serviceTask", "sendTask", "businessRuleTask"])
@pytest.mark.parametrize(
    ("way", "topic"),
    [
        ('camunda:class="org.example.Charge"', "org.example.Charge"),
        ('camunda:delegateExpression="${charge}"', "charge"),
        ('camunda:expression="#{payment.charge(amount)}"', "payment.charge(amount)"),
        ('camunda:type="external" camunda:topic="charge"', "charge"),
        ('camunda:type="mail"', "mail"),
    ],
)
def test_work_of_a_java_class_is_work_for_another_program(kind: str, way: str, topic: str) -> None:
    content = line(f'<bpmn:{kind} id="a" {way} camunda:resultVariable="paid"/>')
    assert element(content, "a") == {"kind": "serviceTask", "topic": topic, "result": "paid"}
    assert notes(content) == [("translated-service", "a")]


def test_fields_and_inputs_are_what_is_sent() -> None:
    mapping = (
        '<camunda:inputOutput><camunda:inputParameter name="amount">${fee + 1}</camunda:inputParameter>'
        '<camunda:outputParameter name="receipt">${number}</camunda:outputParameter></camunda:inputOutput>'
    )
    fields = (
        '<camunda:field name="to" stringValue="x@y"/><camunda:field name="text" expression="Fee ${fee}"/>'
    )
    more = "<camunda:field name='cc'><camunda:string>z</camunda:string></camunda:field>"
    content = line(node("serviceTask", "a", extension(mapping + fields + more), camunda__class="Mail"))
    assert element(content, "a") == {
        "kind": "serviceTask",
        "topic": "Mail",
        "inputs": "${{'amount': fee + 1}}",
        "outputs": "${{'receipt': number}}",
        "request": "${{'amount': amount, 'to': 'x@y', 'text': 'Fee ' += fee, 'cc': 'z'}}",
    }


def test_connector_is_work_for_another_program() -> None:
    inside = (
        "<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId><camunda:inputOutput>"
        '<camunda:inputParameter name="url">http://example.org</camunda:inputParameter>'
        '<camunda:outputParameter name="answer">${response}</camunda:outputParameter>'
        "</camunda:inputOutput></camunda:connector>"
    )
    assert element(line(node("serviceTask", "a", extension(inside))), "a") == {
        "kind": "serviceTask",
        "topic": "http-connector",
        "request": "{'url': 'http://example.org'}",
        "outputs": "${{'answer': response}}",
    }


def test_expression_that_needs_no_java_is_a_script() -> None:
    content = line(
        node("serviceTask", "a", camunda__expression="${amount * 2}", camunda__resultVariable="double")
    )
    assert element(content, "a") == {"kind": "scriptTask"}
    assert notes(content) == [("translated-service", "a")]


def test_values_of_inputs_may_be_lists_and_maps() -> None:
    value = (
        '<camunda:inputParameter name="a"><camunda:list><camunda:value>x</camunda:value>'
        "<camunda:value>${y}</camunda:value></camunda:list></camunda:inputParameter>"
        '<camunda:inputParameter name="b"><camunda:map><camunda:entry key="k">${z}</camunda:entry>'
        '<camunda:entry key="${n}">1</camunda:entry>'
        "</camunda:map>"
        '</camunda:inputParameter><camunda:inputParameter name="c"/>'
    )
    content = line(node("userTask", "a", extension(f"<camunda:inputOutput>{value}</camunda:inputOutput>")))
    assert element(content, "a")["inputs"] == "${{'a': ['x', y], 'b': {'k': z, n: '1'}, 'c': null}}"
    assert notes(content) == [("translated-mapping", "a")]


def test_input_with_several_values_is_refused() -> None:
    def refused(values: str) -> set[str]:
        inside = f'<camunda:inputParameter name="a">{values}</camunda:inputParameter>'
        content = line(node("task", "a", extension(f"<camunda:inputOutput>{inside}</camunda:inputOutput>")))
        return {item.code for item in check({"a.bpmn": content}).errors}

    assert refused("<camunda:list/><camunda:map/>") == {"unsupported-extension"}
    assert "unsupported-element" in refused("<camunda:value>x<bpmn:task/></camunda:value>")


def test_inputs_by_script_are_refused() -> None:
    inside = (
        '<camunda:inputOutput><camunda:inputParameter name="a"><camunda:script scriptFormat="groovy">1'
        "</camunda:script></camunda:inputParameter></camunda:inputOutput>"
    )
    found = check({"a.bpmn": line(node("userTask", "a", extension(inside)))}).errors
    assert [item.code for item in found] == ["unsupported-extension"]


@pytest.mark.parametrize("kind", ["userTask", "subProcess", "intermediateThrowEvent"])
def test_inputs_and_outputs_are_ours(kind: str) -> None:
    inside = "".join(in_line(prefix="inner")) if kind == "subProcess" else ""
    content = line(node(kind, "a", parameters("input", "output") + inside))
    assert element(content, "a") == {"kind": kind, "inputs": "{'x': '1'}", "outputs": "{'x': '1'}"}
    assert notes(content) == [("translated-mapping", "a")]


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("endEvent", ["output"]),
        ("startEvent", ["input"]),
        ("startEvent", ["input", "output"]),
        ("exclusiveGateway", ["output"]),
    ],
)
def test_inputs_and_outputs_that_would_mean_nothing_are_refused(kind: str, parts: list[str]) -> None:
    nodes = {"startEvent": "", "endEvent": "", "exclusiveGateway": ""} | {kind: parameters(*parts)}
    drawn = [node(name, name, inside) for name, inside in nodes.items()]
    content = process(*drawn, flow("startEvent", "exclusiveGateway"), flow("exclusiveGateway", "endEvent"))
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["unsupported-extension"]


@pytest.mark.parametrize(
    ("inputs", "second", "found"),
    [
        ("", "${sum * 2}", {"unsupported-extension"}),  # Camunda reads what it has just set
        ('<camunda:inputParameter name="sum">1</camunda:inputParameter>', "${sum * 2}", set()),
        ("", "${fee * 2}", set()),
        ("", "${fee['sum']} is no sum", set()),
    ],
)
def test_output_that_reads_another_one_before_it_is_refused(
    inputs: str, second: str, found: set[str]
) -> None:
    first = '<camunda:outputParameter name="sum">${sum + fee}</camunda:outputParameter>'
    more = f'<camunda:outputParameter name="more">{second}</camunda:outputParameter>'
    mapping = extension(f"<camunda:inputOutput>{inputs}{first}{more}</camunda:inputOutput>")
    content = line(node("userTask", "a", mapping))
    assert {item.code for item in check({"a.bpmn": content}).errors} == found


def test_outputs_of_a_connector_and_of_its_task_are_too_many() -> None:
    taken = '<camunda:outputParameter name="x">1</camunda:outputParameter>'
    taken = f"<camunda:inputOutput>{taken}</camunda:inputOutput>"
    connector = f"<camunda:connector><camunda:connectorId>c</camunda:connectorId>{taken}</camunda:connector>"
    content = line(node("serviceTask", "a", extension(connector + taken)))
    assert {item.code for item in check({"a.bpmn": content}).errors} == {"unsupported-extension"}


def test_sub_process_that_an_event_begins_has_no_inputs_and_outputs() -> None:
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    inside = parameters("input") + "".join(in_line("task b", prefix="h")).replace(
        '"hstart">', f'"hstart">{timer}'
    )
    content = line("task a", after=node("subProcess", "h", inside, triggeredByEvent="true"))
    assert [(item.code, item.element) for item in check({"a.bpmn": content}).errors] == [
        ("unsupported-extension", "h")
    ]


def test_call_hands_over_what_it_says() -> None:
    inside = (
        '<camunda:in source="fee" target="amount"/><camunda:in sourceExpression="${a + b}" target="sum"/>'
        '<camunda:out source="paid" target="done"/>'
    )
    content = line(node("callActivity", "a", extension(inside), calledElement="called"))
    assert element(content, "a") == {
        "kind": "callActivity",
        "inputs": "${{'amount': fee, 'sum': a + b}}",
        "outputs": "${{'done': execution.getVariable('paid')}}",
    }
    assert notes(content) == [("translated-mapping", "a")] * 2


@pytest.mark.parametrize(
    ("inside", "ours"),
    [
        ('<camunda:in source="a" target="b"/>', {"inputs": "{'b': a}", "outputs": "{}"}),
        (
            '<camunda:out source="a" target="b"/>',
            {"inputs": "{}", "outputs": "${{'b': execution.getVariable('a')}}"},
        ),
        ('<camunda:in variables="all"/>', {"outputs": "{}"}),
        ('<camunda:in businessKey="${key}"/>', {"inputs": "{}", "outputs": "{}"}),
        ('<camunda:in variables="all"/><camunda:out variables="all"/>', {}),
        ("", {}),
    ],
)
def test_call_that_says_what_it_hands_over_hands_over_nothing_else(inside: str, ours: dict[str, str]) -> None:
    content = line(node("callActivity", "a", extension(inside), calledElement="called"))
    assert element(content, "a") == {"kind": "callActivity", **ours}
    assert notes(content) == [("translated-mapping", "a")] * len(ours)


def test_people_of_a_task_are_kept_with_it() -> None:
    content = line(
        node(
            "userTask",
            "a",
            camunda__assignee="${clerk}",
            camunda__candidateUsers="ali, ${deputy}",
            camunda__candidateGroups="registry",
            camunda__dueDate="P3D",
            camunda__followUpDate="2026-04-01T08:00:00",
            camunda__priority="50",
        )
    )
    assert element(content, "a") == {
        "kind": "userTask",
        "assignee": "${clerk}",
        "candidateUsers": "${['ali', deputy]}",
        "candidateGroups": "['registry']",
        "due": "'P3D'",
        "followUp": "'2026-04-01T08:00:00'",
        "priority": "'50'",
    }


def test_initiator_is_who_has_started_the_case() -> None:
    content = process(
        node("startEvent", "start", camunda__initiator="who"), node("task", "a"), flow("start", "a")
    )
    assert element(content, "start") == {"kind": "startEvent", "starter": "who"}
    assert notes(content) == [("translated-starter", "start")]


def test_resource_roles_of_the_standard_are_people_too() -> None:
    def role(kind: str, text: str) -> str:
        inside = f"<bpmn:formalExpression>{text}</bpmn:formalExpression>"
        inside = f"<bpmn:resourceAssignmentExpression>{inside}</bpmn:resourceAssignmentExpression>"
        return f"<bpmn:{kind}>{inside}</bpmn:{kind}>"

    roles = role("humanPerformer", "${clerk}") + role(
        "potentialOwner", "user(sara), group(${unit}), desk, user(${a ? b : 'c,d'})"
    )
    assert element(line(node("userTask", "a", roles)), "a") == {
        "kind": "userTask",
        "assignee": "${clerk}",
        "candidateUsers": "${['sara', a ? b : 'c,d']}",
        "candidateGroups": "${[unit, 'desk']}",
    }


def test_form_properties_are_fields_of_a_form() -> None:
    inside = (
        '<camunda:formProperty id="age" name="Age" type="long" required="true"/>'
        '<camunda:formProperty id="kind" type="enum"><camunda:value id="new" name="A"/>'
        "</camunda:formProperty>"
        '<camunda:formProperty id="shown" writable="false"/>'
    )
    content = line(node("userTask", "a", extension(inside)))
    assert notes(content) == [("translated-form", "a")]
    assert check({"a.bpmn": content}).errors == []


@pytest.mark.parametrize(
    "how", ['expression="${x}"', 'writable="perhaps"', 'odd="1"', 'type="date" datePattern="MMyyyy"']
)
def test_form_property_that_is_not_understood_is_refused(how: str) -> None:
    content = line(node("userTask", "a", extension(f'<camunda:formProperty id="x" {how}/>')))
    assert {item.code for item in check({"a.bpmn": content}).errors} <= {
        "unsupported-extension",
        "form-field",
    }
    assert check({"a.bpmn": content}).errors


@pytest.mark.parametrize("key", ["start.html", "app:start", "embedded:app:forms/start.html", "${form}"])
def test_form_of_another_application_takes_any_data(key: str) -> None:
    task = node("userTask", "a", camunda__formKey=key, parvandeh__candidateGroups="'clerks'")
    found = check({"a.bpmn": line(task)}).findings
    assert [(item.severity, item.code) for item in found] == [("warning", "form-elsewhere")]


def test_collection_and_its_items_are_the_standards() -> None:
    marker = many("").replace(">", ' camunda:collection="${members}" camunda:elementVariable="member">', 1)
    content = line(node("sendTask", "a", marker, camunda__class="X"))
    assert ("translated-marker", "a") in notes(content)


def test_transaction_without_id_is_called_by_its_kind_and_line() -> None:
    inside = "".join(in_line("task a", prefix="t"))
    content = line("task b", after=f"<bpmn:transaction>{inside}</bpmn:transaction>")
    assert ("translated-id", "transaction_9") in notes(content)


def test_flow_node_without_id_is_called_by_its_kind_and_line() -> None:
    content = process('<bpmn:task id="task_3"/><bpmn:task/><bpmn:task/>')
    assert [code for code in notes(content) if code[0] == "translated-id"] == [
        ("translated-id", "task_3_1"),
        ("translated-id", "task_3_2"),
    ]


def test_nothing_is_translated_in_a_diagram_of_ours() -> None:
    assert notes(line("userTask a", script("b", "x = '${y}'"))) == []


# Lanes and pools


def lane(name: str, *members: str, inside: str = "", key: str = "l") -> str:
    listed = "".join(f"<bpmn:flowNodeRef>{member}</bpmn:flowNodeRef>" for member in members)
    return f'<bpmn:lane id="{key}" name="{name}">{listed}{inside}</bpmn:lane>'


def in_lanes(*lanes_and_tasks: str, lanes: str) -> bytes:
    return line(*lanes_and_tasks, before=f'<bpmn:laneSet id="ls">{lanes}</bpmn:laneSet>')


def in_pool(name: str, body: str, key: str = "p") -> bytes:
    pool = f'<bpmn:participant id="pool" name="{name}" processRef="{key}"/>'
    return definitions(f"<bpmn:collaboration>{pool}</bpmn:collaboration>", process_element(body))


def test_all_tasks_of_a_lane_are_told_of_in_one_note() -> None:
    content = in_lanes("userTask a", "manualTask b", "task c", lanes=lane("Desk", "a", "b", "c"))
    assert notes(content) == [("translated-role", "l")]


def test_a_pool_counts_where_there_are_no_lanes() -> None:
    tasks = "".join(in_line("userTask a"))
    assert notes(in_pool("Desk", tasks)) == [("translated-role", "pool")]
    assert notes(in_pool("Desk", '<bpmn:laneSet id="ls"><bpmn:lane id="l"/></bpmn:laneSet>' + tasks)) == []
    assert notes(in_pool(" ", tasks)) == []


@pytest.mark.parametrize("name", ["assignee", "candidateUsers", "candidateGroups"])
@pytest.mark.parametrize("space", ["parvandeh", "camunda"])
def test_a_task_that_names_people_is_for_them(space: str, name: str) -> None:
    task = node("userTask", "a", **{f"{space}__{name}": "'sara'"})
    assert ("translated-role", "l") not in notes(in_lanes(task, lanes=lane("Desk", "a")))


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_lane_that_can_be_no_group_is_none(name: str) -> None:
    assert notes(in_lanes("userTask a", lanes=lane(name, "a"))) == []


def test_tasks_for_nobody_in_particular_are_warned_of_once() -> None:
    tasks = [*(f"userTask a{n}" for n in range(8)), "manualTask b", "task c"]
    content = in_lanes(*tasks, lanes=lane("Desk", "a0"))
    (found,) = [item for item in check({"a.bpmn": content}).findings if item.code == "no-role"]
    assert (found.severity, found.element) == ("warning", "a1")
    assert found.values == {"count": 8, "elements": ("a2", "a3", "a4", "a5", "a6")}


# What drawings leave unsaid


@pytest.mark.parametrize("kind", ["intermediateCatchEvent", "intermediateThrowEvent", "endEvent"])
def test_a_message_event_without_message_is_about_one_of_its_own_name(kind: str) -> None:
    content = process(
        *(node("startEvent", "s"), node(kind, "e", "<bpmn:messageEventDefinition/>"), flow("s", "e"))
    )
    assert notes(content) == [("translated-message", "e")]


def two_parties(sends: str, receives: str, *more: str) -> bytes:
    message_flow = '<bpmn:messageFlow id="m" sourceRef="tell" targetRef="hear"/>'
    return definitions(
        f"<bpmn:collaboration>{message_flow}</bpmn:collaboration>",
        process_element(*in_line(sends)),
        process_element(*in_line(receives, prefix="q"), key="q"),
        *more,
    )


@pytest.mark.parametrize(
    ("sends", "receives", "name"),
    [
        ("sendTask tell", "receiveTask hear", "tell"),
        ("sendTask tell", node("receiveTask", "hear", messageRef="x"), "paid"),
        (node("sendTask", "tell", messageRef="x"), "receiveTask hear", "paid"),
        (
            node("intermediateThrowEvent", "tell", "<bpmn:messageEventDefinition/>"),
            node("intermediateCatchEvent", "hear", "<bpmn:messageEventDefinition/>"),
            "tell",
        ),
    ],
)
def test_what_a_message_flow_connects_is_about_the_same_message(sends: str, receives: str, name: str) -> None:
    content = two_parties(sends, receives, '<bpmn:message id="x" name="paid"/>')
    report = check({"a.bpmn": content})
    assert not report.errors
    told = [item.values["message"] for item in report.findings if item.code == "translated-message"]
    assert {*told} == {name}


def test_a_message_or_signal_without_name_is_known_by_its_id() -> None:
    thrown = node("intermediateThrowEvent", "t", '<bpmn:signalEventDefinition signalRef="s"/>')
    task = node("sendTask", "a", messageRef="m")
    content = definitions(
        '<bpmn:message id="m"/>',
        '<bpmn:signal id="s" name=" "/>',
        '<bpmn:message id="unused"/>',
        process_element(*in_line(task, thrown)),
    )
    assert notes(content) == [("translated-name", "m"), ("translated-name", "s")]


@pytest.mark.parametrize(
    ("kind", "task"),
    [("globalTask", "task"), ("globalUserTask", "userTask"), ("globalManualTask", "manualTask")],
)
def test_a_call_of_a_global_task_is_that_task(kind: str, task: str) -> None:
    content = definitions(
        f'<bpmn:{kind} id="g"/>', process_element(*in_line(node("callActivity", "c", calledElement="x:g")))
    )
    assert notes(content) == [("translated-call", "c")]
    root = read_xml("a.bpmn", content).getroot()
    translate(root)
    assert root.find(f".//{BPMN}{task}").get("id") == "c"


@pytest.mark.parametrize(
    ("inside", "attributes"),
    [("<bpmn:ioSpecification/>", {}), ("", {"parvandeh__outputs": "{'x': y}"})],
)
def test_a_call_or_global_task_that_says_more_stays_as_it_is(inside: str, attributes: dict[str, str]) -> None:
    call = node("callActivity", "c", calledElement="g", **attributes)
    content = definitions(
        f'<bpmn:globalTask id="g">{inside}</bpmn:globalTask>', process_element(*in_line(call))
    )
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["unknown-process"]


def test_a_call_of_a_global_task_that_names_people_stays_as_it_is() -> None:
    content = definitions(
        '<bpmn:globalUserTask id="g" name="Ask" camunda:assignee="sara"/>',
        process_element(*in_line(node("callActivity", "c", calledElement="g"))),
    )
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["unknown-process"]


@pytest.mark.parametrize(
    ("attributes", "more"),
    [
        ('camunda:candidateGroups="law"', ""),
        ("", "<bpmn:potentialOwner><bpmn:resourceRef>r</bpmn:resourceRef></bpmn:potentialOwner>"),
    ],
)
def test_groups_of_two_sources_are_refused_and_none_is_lost(attributes: str, more: str) -> None:
    role = (
        "<bpmn:potentialOwner><bpmn:resourceAssignmentExpression><bpmn:formalExpression>tax"
        "</bpmn:formalExpression></bpmn:resourceAssignmentExpression></bpmn:potentialOwner>"
    )
    task = f'<bpmn:userTask id="a" {attributes}>{more}{role}</bpmn:userTask>'
    content = definitions(process_element(*in_line(task)), '<bpmn:resource id="r" name="law"/>')
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["unsupported-element"]


@pytest.mark.parametrize("role", ["potentialOwner", "performer", "humanPerformer"])
def test_a_role_that_names_a_resource_is_a_group(role: str) -> None:
    task = node("userTask", "a", f"<bpmn:{role}><bpmn:resourceRef>r</bpmn:resourceRef></bpmn:{role}>")
    content = definitions('<bpmn:resource id="r" name="Approver, senior"/>', process_element(*in_line(task)))
    assert notes(content) == [("translated-assignment", "a")]
    root = read_xml("a.bpmn", content).getroot()
    translate(root)
    assert root.find(f".//{BPMN}userTask").get(f"{OURS}candidateGroups") == "[['Approver, senior']]"


@pytest.mark.parametrize(
    "inside",
    [
        "<bpmn:resourceRef>gone</bpmn:resourceRef>",
        "<bpmn:resourceRef>r</bpmn:resourceRef><bpmn:resourceParameterBinding/>",
    ],
)
def test_a_role_that_names_a_resource_in_another_way_is_refused(inside: str) -> None:
    task = node("userTask", "a", f"<bpmn:performer>{inside}</bpmn:performer>")
    content = definitions('<bpmn:resource id="r" name="Approver"/>', process_element(*in_line(task)))
    assert [item.code for item in check({"a.bpmn": content}).errors] == ["unsupported-element"]
