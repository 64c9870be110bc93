"""What is on the allow-list passes, and nothing else does."""

from collections.abc import Callable
from typing import get_args

import pytest

from engine.bpmn import Source, build
from engine.bpmn.check.allow_list import ATTRIBUTES, CHILDREN
from engine.bpmn.check.refusals import REFUSED
from engine.bpmn.notation.findings import Severity
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
from tests.checking import check_without_roles as check

FORM = b'{"type": "object", "properties": {"a": {"type": "string"}}}'


def codes(*contents: bytes, severity: str = "error", **more: bytes) -> set[str]:
    files = {f"{index}.bpmn": content for index, content in enumerate(contents)}
    files |= {name.replace("_", "."): content for name, content in more.items()}
    return {finding.code for finding in check(files, {"deployed"}).findings if finding.severity == severity}


def test_every_supported_element_passes_together() -> None:
    inner = "".join(in_line("task inner", prefix="inner_"))
    content = definitions(
        '<bpmn:collaboration id="co"><bpmn:participant id="pool" name="Agency" processRef="p"/>'
        '<bpmn:participant id="black" name="Applicant"/>'
        '<bpmn:textAnnotation id="t"><bpmn:text>x</bpmn:text></bpmn:textAnnotation>'
        '<bpmn:association id="as" sourceRef="t" targetRef="pool"/></bpmn:collaboration>',
        process_element(
            '<bpmn:documentation id="doc" textFormat="text/plain">What it is.</bpmn:documentation>',
            '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Desk"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
            '<bpmn:childLaneSet id="cl"><bpmn:lane id="l2" name="Head"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
            "</bpmn:lane></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>",
            *in_line(
                node("userTask", "a", camunda__formKey="forms/x.json", implementation="unspecified"),
                node("manualTask", "b", startQuantity="1", completionQuantity="1", isForCompensation="false"),
                script("c", "x = 1"),
                node("exclusiveGateway", "g", gatewayDirection="Diverging", default="g-h"),
                node("inclusiveGateway", "h", default="h-sub"),
                node("subProcess", "sub", inner, triggeredByEvent="false"),
                node("callActivity", "call", calledElement="deployed"),
                node("task", "each", many(
                    "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>"
                    "<bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef>"
                    '<bpmn:inputDataItem id="item" name="Item"/><bpmn:outputDataItem id="result"/>'
                    "<bpmn:completionCondition>nrOfCompletedInstances == 2</bpmn:completionCondition>"
                )),
                '<bpmn:parallelGateway id="par" name="Both"/>',
            ),
            node("endEvent", "e2", '<bpmn:terminateEventDefinition id="td"/>', parvandeh__outcome="refused"),
            flow("g", "e2", "x &gt; 1"),
            '<bpmn:group id="gr" categoryValueRef="v"/>',
        ),
        '<bpmn:category id="cat"><bpmn:categoryValue id="v" value="Group"/></bpmn:category>',
        "<bpmndi:BPMNDiagram><bpmndi:BPMNPlane/></bpmndi:BPMNDiagram>",
        more='targetNamespace="x" exporter="e" xsi:schemaLocation="a b" expressionLanguage="x"',
    )  # fmt: skip
    report = check({"a.bpmn": content, "x.json": FORM}, {"deployed"})
    assert {finding.code for finding in report.findings} == {
        *(
            "translated-role",
            "no-deadline",
            "manual-without-basis",
            "refusal-without-ground",
            "no-appeal",
        ),
    }
    assert [(item.key, item.file, item.calls) for item in report.processes] == [
        ("p", "a.bpmn", frozenset({"deployed"}))
    ]


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_refused_element_names_reason_and_mend(kind: str) -> None:
    around = {
        "participantMultiplicity": "participant", "messageFlow": "collaboration",
    }.get(kind, "process")  # fmt: skip
    assert kind not in CHILDREN[around]
    named = script("a", "x = odd")  # what expressions name is no mere drawing
    part = "<bpmn:assignment/>" if kind == "ioSpecification" else ""
    report = check({"a.bpmn": line(named, after=f'<bpmn:{kind} id="odd" name="Odd">{part}</bpmn:{kind}>')})
    found = [finding for finding in report.errors if finding.code == "unsupported-element"]
    assert [(item.file, item.line) for item in found] == [("a.bpmn", 9)]
    assert kind in found[0].reason
    assert found[0].fix


@pytest.mark.parametrize(
    ("event", "definition"),
    [
        ("endEvent", "timer"),
        ("endEvent", "conditional"),
        ("startEvent", "cancel"),
        ("startEvent", "link"),
        ("endEvent", "link"),
    ],
)
def test_a_definition_that_an_event_cannot_have_is_refused_as_the_events_own(
    event: str, definition: str
) -> None:
    inside = f'<bpmn:{definition}EventDefinition id="inside"/>'
    nodes = in_line("task a")
    index = 0 if event == "startEvent" else 2
    nodes[index] = nodes[index].replace("></", f">{inside}</")
    found = check({"a.bpmn": process(*nodes)}).errors
    assert [(item.code, item.element) for item in found] == [
        ("unsupported-element", nodes[index].split('"')[1])
    ]


def test_an_unknown_element_is_refused() -> None:
    assert codes(line("task a", after='<bpmn:messsage id="m"/>')) == {"unsupported-element"}


def test_a_known_element_in_the_wrong_place_is_refused() -> None:
    assert codes(line(node("userTask", "a", "<bpmn:script>x</bpmn:script>"))) == {"unsupported-element"}
    assert codes(line(node("exclusiveGateway", "a", many("")))) == {"unsupported-element"}
    assert codes(line("task a"), definitions(process_element(*in_line(), key="q"), "<bpmn:lane/>")) == {
        "unsupported-element"
    }


@pytest.mark.parametrize(
    "attribute",
    [
        'isForCompensation="yes"', 'startQuantity="2"', 'completionQuantity="0"',
        'implementation="x"',
        'scriptFormat="python"', 'odd="1"', 'bpmn:name="x"', 'operationRef="o"',
    ],
)  # fmt: skip
def test_an_attribute_that_would_be_ignored_is_refused(attribute: str) -> None:
    assert codes(line(f'<bpmn:manualTask id="a" {attribute}/>')) == {"unsupported-attribute"}


@pytest.mark.parametrize("value", ["1", "0", "True", "yes", ""])
def test_a_truth_value_that_would_be_misread_is_refused(value: str) -> None:
    assert "unsupported-attribute" in codes(process(*in_line("task a"), attributes=f'isExecutable="{value}"'))
    marker = f'<bpmn:multiInstanceLoopCharacteristics isSequential="{value}"/>'
    assert "unsupported-attribute" in codes(line(node("task", "a", marker)))


def test_an_event_sub_process_without_event_is_refused_for_one_reason() -> None:
    inner = "".join(in_line("task x", prefix="inner_"))
    assert codes(line("task a", after=node("subProcess", "s", inner, triggeredByEvent="true"))) == {
        "no-definition"
    }


@pytest.mark.parametrize("kind", ["userTask", "adHocSubProcess"])
def test_a_boundary_event_does_not_make_its_way_unreachable(kind: str) -> None:
    late = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    content = line(
        f"{kind} a",
        after=node("boundaryEvent", "b", late, attachedToRef="a") + node("task", "late") + flow("b", "late"),
    )
    assert codes(content) == (set() if kind == "userTask" else {"unsupported-element"})


@pytest.mark.parametrize(
    ("how", "found"),
    [('minimum="0" maximum="1"', set()), ("", set()), ('maximum="2"', {"unsupported-attribute"})],
)
def test_a_pool_is_there_once(how: str, found: set[str]) -> None:
    pool = f'<bpmn:participant id="q" processRef="p"><bpmn:participantMultiplicity {how}/></bpmn:participant>'
    content = definitions(
        f'<bpmn:collaboration id="c">{pool}</bpmn:collaboration>', process_element(*in_line("task a"))
    )
    assert codes(content) == found


def test_unused_definitions_are_only_warned_of() -> None:
    content = definitions(process_element(*in_line("task a")), '<bpmn:message id="m" name="M"/>')
    assert codes(content) == set()
    assert "unused-definition" in codes(content, severity="warning")


@pytest.mark.parametrize(
    "attribute",
    [
        "class", "expression", "delegateExpression", "topic", "type", "resultVariable", "initiator",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "space", ["http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn"]
)
def test_what_another_engine_would_act_upon_is_refused(attribute: str, space: str) -> None:
    content = line(f'<bpmn:userTask id="a" xmlns:e="{space}" e:{attribute}="x"/>')
    assert codes(content) == {"unsupported-extension"}


@pytest.mark.parametrize(
    "space", ["http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn"]
)
def test_word_that_its_own_engine_does_not_know_is_ignored(space: str) -> None:
    content = line(f'<bpmn:task id="a" xmlns:e="{space}" e:assigne="x"/>')
    (finding,) = check({"a.bpmn": content}).findings
    assert (finding.severity, finding.code, "assigne" in finding.reason) == (
        "warning",
        "ignored-extension",
        True,
    )


@pytest.mark.parametrize("space", ["http://flowable.org/bpmn", "http://activiti.org/bpmn"])
def test_word_of_an_engine_whose_words_are_not_all_known_is_refused(space: str) -> None:
    content = line(f'<bpmn:manualTask id="a" xmlns:e="{space}" e:skipExpression="${{x}}"/>')
    assert codes(content) == {"unsupported-extension"}


@pytest.mark.parametrize(
    "inside",
    [
        "<camunda:executionListener/>", "<camunda:taskListener/>", "<camunda:formProperty/>",
        "<spiffworkflow:serviceTaskOperator/>",
        "<spiffworkflow:scriptsOnInstances/>",
        '<z:taskDefinition xmlns:z="http://camunda.org/schema/zeebe/1.0"/>',
    ],
)  # fmt: skip
def test_extension_elements_of_engines_are_refused(inside: str) -> None:
    assert codes(line(node("manualTask", "a", extension(inside)))) == {"unsupported-extension"}


@pytest.mark.parametrize(("task", "code"), [("task", set()), ("receiveTask", {"unsupported-element"})])
def test_correlation_is_refused_where_its_message_is_used(task: str, code: set[str]) -> None:
    read = '<bpmn:correlationPropertyRetrievalExpression messageRef="m"/>'
    more = (
        f'<bpmn:correlationProperty id="c">{read}</bpmn:correlationProperty><bpmn:message id="m" name="M"/>'
    )
    drawn = node(task, "a", messageRef="m") if task == "receiveTask" else node(task, "a")
    content = definitions(process_element(*in_line(drawn)), more)
    assert codes(content) == code
    assert ("unused-definition" in codes(content, severity="warning")) == (not code)


def test_correlation_that_nothing_uses_does_no_harm() -> None:
    files = {"a.bpmn": definitions(process_element(*in_line("task a")), "<bpmn:correlationProperty/>")}
    assert codes(files["a.bpmn"]) == set()
    assert build(Source("test", files, {}), "p").startable


@pytest.mark.parametrize("attribute", ["candidateStarterUsers", "candidateStarterGroups"])
def test_it_is_told_that_a_process_does_not_say_who_may_start_it(attribute: str) -> None:
    attributes = f'isExecutable="true" camunda:{attribute}="sara"'
    report = check({"a.bpmn": process(*in_line("task a"), attributes=attributes)})
    assert [(item.severity, item.code) for item in report.findings] == [("warning", "starters-ignored")]
    task = line(f'<bpmn:manualTask id="a" camunda:{attribute}="sara"/>')
    assert codes(task) == {"unsupported-extension"}


@pytest.mark.parametrize(
    "attribute", ["asyncBefore", "asyncAfter", "exclusive", "jobPriority", "historyTimeToLive", "versionTag"]
)
def test_how_another_engine_stores_and_schedules_is_ignored(attribute: str) -> None:
    content = line(f'<bpmn:task id="a" camunda:{attribute}="x"/>')
    assert check({"a.bpmn": content}).findings == ()


def test_colours_and_drawings_are_ignored() -> None:
    content = line(
        '<bpmn:task id="a" xmlns:c="http://www.omg.org/spec/BPMN/non-normative/color/1.0"'
        ' c:background="red"/>'
    )
    assert check({"a.bpmn": content}).findings == ()


def test_a_foreign_namespace_is_warned_of_once() -> None:
    tasks = [f'<bpmn:task id="a{n}" xmlns:o="urn:other" o:note="x"/>' for n in range(5)]
    report = check({"a.bpmn": line(*tasks)})
    assert [finding.code for finding in report.findings] == ["ignored-extension"]


@pytest.mark.parametrize("attribute", ["outcome", "decision", "odd"])
def test_our_own_attributes_are_refused_where_they_mean_nothing(attribute: str) -> None:
    assert codes(line(f'<bpmn:manualTask id="a" parvandeh:{attribute}="x"/>')) == {"unknown-extension"}
    assert codes(line("task a", after=extension("<parvandeh:odd/>"))) == {"unknown-extension"}


@pytest.mark.parametrize("outcome", ["", "  ", "x" * 101])
def test_an_outcome_is_a_short_word(outcome: str) -> None:
    nodes = in_line("task a")
    nodes[2] = f'<bpmn:endEvent id="end" parvandeh:outcome="{outcome}"/>'
    assert codes(process(*nodes)) == {"invalid-outcome"}


def test_an_outcome_inside_a_sub_process_is_refused() -> None:
    nodes = in_line("task x", prefix="inner_")
    nodes[2] = '<bpmn:endEvent id="inner_end" parvandeh:outcome="granted"/>'
    assert codes(line(node("subProcess", "s", "".join(nodes)))) == {"outcome-inside"}


def test_an_editors_own_elements_without_a_prefix_are_no_bpmn() -> None:
    inside = extension(
        '<odd:drawing xmlns:odd="urn:odd"><Grid xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/></odd:drawing>'
    )
    assert codes(line(node("manualTask", "a", inside))) == set()


@pytest.mark.parametrize(
    "hidden",
    [
        '<bpmn:sequenceFlow id="f" sourceRef="start" targetRef="end"/>',
        "<bpmn:script>x = 1</bpmn:script>",
        '<o:sequenceFlow xmlns:o="urn:o" id="f" sourceRef="start" targetRef="end"/>',
        '<o:box xmlns:o="urn:o"><o:boundaryEvent id="f" attachedToRef="a"/></o:box>',
    ],
)
def test_bpmn_hidden_in_an_extension_is_refused(hidden: str) -> None:
    assert codes(line(node("manualTask", "a", extension(hidden)))) == {"unsupported-element"}


@pytest.mark.parametrize("name", ["starter", "outcome", "businessKey", "result", "inputs", "odd"])
def test_extension_of_a_whole_file_is_refused(name: str) -> None:
    content = line("task a").replace(
        b"<bpmn:definitions ", f'<bpmn:definitions parvandeh:{name}="x" '.encode()
    )
    assert codes(content) == {"unknown-extension"}


def test_calls_that_pass_all_data_need_no_mapping() -> None:
    inside = extension('<camunda:in variables="all"/><camunda:out variables="all"/>')
    assert codes(line(node("callActivity", "a", inside, calledElement="deployed"))) == set()


@pytest.mark.parametrize(
    "mapping",
    [
        '<camunda:in source="x" target="y" local="true"/>',
        '<camunda:in sourceExpression="${a.b()}" target="y"/>',
        '<camunda:in variables="all"/><camunda:in source="x" target="y"/>',
        '<camunda:out source="x y" target="y"/>',
    ],
)
def test_what_a_call_cannot_hand_over_is_refused(mapping: str) -> None:
    content = line(node("callActivity", "a", extension(mapping), calledElement="deployed"))
    assert codes(content) == {"unsupported-extension"}


def test_every_finding_tells_its_place_and_mend() -> None:
    content = line(
        '<bpmn:serviceTask id="s" name="Call" camunda:type="x" camunda:topic="y"/>',
        node("sendTask", "r", messageRef="gone"),
        script("c", "x ="),
    )
    report = check({"a.bpmn": content})
    assert {finding.element for finding in report.errors} == {"s", "r", "c"}
    for finding in report.errors:
        assert finding.severity in get_args(Severity)
        assert finding.file == "a.bpmn"
        assert finding.line
        assert finding.reason
        assert finding.fix
    assert {finding.name for finding in report.errors if finding.element == "s"} == {"Call"}


def test_a_line_beyond_what_the_parser_counts_is_not_told_wrongly() -> None:
    content = line("task a", before="\n" * 70_000, after="<bpmn:odd/>")
    (finding,) = check({"a.bpmn": content}).errors
    assert finding.line is None


def test_the_tables_name_each_other() -> None:
    reachable = {child for children in CHILDREN.values() for child in children}
    assert set(CHILDREN) - reachable == {"definitions"}
    assert set(ATTRIBUTES) <= set(CHILDREN)


@pytest.mark.parametrize("build", [lambda: b"<html/>", lambda: b"<definitions/>"])
def test_another_kind_of_xml_is_told_so(build: Callable[[], bytes]) -> None:
    assert codes(line("task a"), build()) == {"not-bpmn"}


def test_another_namespace_is_named_with_the_expected_one() -> None:
    found = check({"a.bpmn": b'<definitions xmlns="urn:other"/>'}).findings
    (reason,) = (one.reason for one in found if one.code == "not-bpmn")
    assert '"urn:other"; that of BPMN 2.0 is "http' in reason
