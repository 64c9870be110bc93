"""Flows, gateways, ids, lanes and loops: what would be lost, taken always, or never left."""

import pytest

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
from tests.checking import timer

START = node("startEvent", "start")
END = node("endEvent", "end")


def errors(content: bytes) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.element) for finding in check({"a.bpmn": content}).errors]


def found(content: bytes, severity: str) -> list[tuple[str, str | None]]:
    findings = check({"a.bpmn": content}).findings
    return [(item.code, item.element) for item in findings if item.severity == severity]


def warnings(content: bytes) -> list[tuple[str, str | None]]:
    return found(content, "warning")


def gateway(kind: str, *flows: str, default: str | None = None) -> bytes:
    more = {"default": default} if default else {}
    return process(
        START, node(kind, "g", **more), node("task", "a"), node("task", "b"), flow("start", "g"), *flows
    )


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
def test_a_choice_with_conditions_and_a_default_passes(kind: str) -> None:
    content = gateway(kind, flow("g", "a", "x"), flow("g", "b"), default="g-b")
    assert check({"a.bpmn": content}).findings == ()


def test_a_flow_without_condition_out_of_a_choice_is_refused() -> None:
    content = gateway("exclusiveGateway", flow("g", "a"), flow("g", "b"))
    assert errors(content) == [("missing-condition", "g-a"), ("missing-condition", "g-b")]
    content = gateway("exclusiveGateway", flow("g", "a", "x"), flow("g", "b"), flow("g", "c"), default="g-c")
    assert ("missing-condition", "g-b") in errors(content)


def test_the_only_flow_without_condition_out_of_a_choice_is_its_default() -> None:
    content = gateway("exclusiveGateway", flow("g", "a", "x"), flow("g", "b"))
    (found,) = check({"a.bpmn": content}).findings
    assert (found.severity, found.code, found.element) == ("note", "translated-default", "g-b")


def test_a_flow_that_is_always_taken_is_warned_of() -> None:
    content = gateway("inclusiveGateway", flow("g", "a", "x"), flow("g", "b"))
    assert errors(content) == []
    assert ("always-taken", "g-b") in warnings(content)


def test_a_choice_without_default_is_warned_of() -> None:
    content = gateway("exclusiveGateway", flow("g", "a", "x"), flow("g", "b", "not x"))
    assert errors(content) == []
    assert warnings(content) == [("no-default", "g")]


def test_a_single_conditional_flow_is_warned_of() -> None:
    content = process(START, node("exclusiveGateway", "g"), END, flow("start", "g"), flow("g", "end", "x"))
    assert errors(content) == []
    assert warnings(content) == [("no-default", "g")]


def test_a_gateway_that_only_merges_needs_no_condition() -> None:
    assert errors(line("exclusiveGateway g", "inclusiveGateway h", "parallelGateway i")) == []


def test_a_condition_on_the_default_flow_is_refused() -> None:
    content = gateway("exclusiveGateway", flow("g", "a", "x"), flow("g", "b", "y"), default="g-b")
    assert errors(content) == [("condition-on-default", "g-b")]


def test_a_default_that_leads_from_elsewhere_is_refused() -> None:
    content = gateway("exclusiveGateway", flow("g", "a", "x"), flow("g", "b", "y"), default="start-g")
    assert errors(content) == [("invalid-default", "g")]


def test_a_condition_that_is_never_asked_is_refused() -> None:
    content = process(START, node("parallelGateway", "g"), END, flow("start", "g"), flow("g", "end", "x"))
    assert errors(content) == [("condition-ignored", "g-end")]


def test_several_flows_out_of_an_activity_are_told_of() -> None:
    nodes = (START, node("task", "a"), node("task", "b"), END, flow("start", "a"), flow("a", "b"))
    content = process(*nodes, flow("a", "end"))
    assert errors(content) == []
    assert found(content, "note") == [("translated-flows", "a")]


def test_flow_without_id_is_not_taken_for_a_default() -> None:
    bare = [flow("start", "a").replace('id="start-a" ', ""), flow("a", "b").replace('id="a-b" ', "")]
    content = process(node("startEvent", "start"), script("a", "x = 1"), script("b", "x = 1"), *bare)
    assert found(content, "note") == []
    loop = content.replace(
        b"</bpmn:process>", flow("b", "a").replace('id="b-a" ', "").encode() + b"</bpmn:process>"
    )
    assert [code for code, _ in errors(loop)] == ["endless-loop"]


def test_a_default_flow_out_of_an_activity_has_no_condition() -> None:
    nodes = (START, node("task", "a", default="a-b"), node("task", "b"), END, flow("start", "a"))
    content = process(*nodes, flow("a", "b", "x"), flow("a", "end"))
    assert errors(content) == [("condition-on-default", "a-b")]


def test_several_flows_into_a_task_pass() -> None:
    content = process(
        *(START, node("parallelGateway", "g"), node("task", "a"), node("task", "b"), END),
        *(flow("start", "g"), flow("g", "a"), flow("g", "b"), flow("a", "end"), flow("b", "end")),
    )
    assert errors(content) == []


def test_a_branch_may_end_without_an_end_event() -> None:
    assert errors(process(START, node("task", "a"), flow("start", "a"))) == []


def test_flows_into_the_start_and_out_of_the_end_are_refused() -> None:
    content = process(START, END, node("task", "a"), flow("start", "end"), flow("end", "a"))
    assert errors(content) == [("flow-from-end", "end")]
    content = process(
        *(START, END, node("exclusiveGateway", "g", default="g-end")),
        *(flow("start", "g"), flow("g", "start", "x"), flow("g", "end")),
    )
    assert errors(content) == [("flow-to-start", "start")]


def test_a_flow_with_a_loose_end_is_refused() -> None:
    assert errors(line("task a", after=flow("a", "nowhere"))) == [("dangling-flow", "a-nowhere")]
    assert errors(line("task a", after='<bpmn:sequenceFlow id="f" sourceRef="a"/>')) == [
        ("dangling-flow", "f")
    ]


def test_a_flow_across_a_border_is_refused() -> None:
    inside = "".join(in_line("task x", prefix="inner_"))
    content = line(node("subProcess", "s", inside), after=flow("s", "x", name="f"))
    assert errors(content) == [("flow-crosses-border", "f")]
    other = definitions(
        process_element(*in_line("task a")),
        process_element(*in_line("task b", prefix="q_"), flow("a", "b", name="f"), key="q"),
    )
    assert errors(other) == [("flow-crosses-border", "f")]


def test_exactly_one_start_event_is_needed() -> None:
    two = process(START, node("startEvent", "s2"), node("task", "a"), flow("start", "a"), flow("s2", "a"))
    assert errors(two) == [("several-starts", "s2")]
    assert errors(process()) == [("empty-process", "p")]


def test_an_empty_sub_process_is_passed_and_an_empty_event_sub_process_refused() -> None:
    assert warnings(line(node("subProcess", "s"))) == [("empty-sub-process", "s")]
    assert errors(line(node("subProcess", "s"))) == []
    assert errors(line("task a", after=node("subProcess", "s", triggeredByEvent="true"))) == [
        ("empty-process", "s")
    ]


def test_what_has_no_start_event_begins_at_what_nothing_leads_to() -> None:
    for content, name in (
        (process(node("task", "a")), "p"),
        (line(node("subProcess", "s", node("task", "a"))), "s"),
    ):
        assert errors(content) == []
        assert found(content, "note") == [("translated-start", name)]


def test_what_begins_nowhere_is_refused() -> None:
    ring = process(node("task", "a"), node("task", "b"), flow("a", "b"), flow("b", "a"))
    assert ("no-start", "p") in errors(ring)


def test_what_no_path_reaches_is_warned_of() -> None:
    content = line("task a", after=node("task", "orphan") + flow("orphan", "end"))
    assert errors(content) == []
    assert warnings(content) == [("unreachable", "orphan")]
    island = node("task", "x") + node("task", "y") + flow("x", "y") + flow("y", "x")
    assert {code for code, _ in errors(line("task a", after=island))} == {"endless-loop"}


def test_what_no_path_reaches_and_a_join_waits_for_is_refused() -> None:
    content = line("task a", "parallelGateway g", after=node("task", "orphan") + flow("orphan", "g"))
    assert errors(content) == [("unreachable", "orphan")]


@pytest.mark.parametrize("kind", ["task", "exclusiveGateway", "parallelGateway"])
def test_a_loop_without_a_choice_is_refused(kind: str) -> None:
    content = process(
        *(START, node(kind, "a"), node("userTask", "b"), flow("start", "a"), flow("a", "b"), flow("b", "a"))
    )
    assert errors(content) == [("endless-loop", "a")]


def test_a_loop_onto_itself_is_refused() -> None:
    assert errors(process(START, node("task", "a"), flow("start", "a"), flow("a", "a"))) == [
        ("endless-loop", "a")
    ]


def test_a_loop_whose_choices_all_lead_back_is_refused() -> None:
    content = process(
        *(START, node("exclusiveGateway", "m"), node("exclusiveGateway", "g", default="g-b")),
        *(node("task", "a"), node("task", "b"), flow("start", "m"), flow("m", "g")),
        *(flow("g", "a", "x"), flow("g", "b"), flow("a", "m"), flow("b", "m")),
    )
    assert errors(content) == [("endless-loop", "m")]


def test_a_correction_loop_passes() -> None:
    content = process(
        *(START, node("userTask", "a"), node("exclusiveGateway", "g", default="g-end"), END),
        *(flow("start", "a"), flow("a", "g"), flow("g", "a", "again"), flow("g", "end")),
    )
    assert errors(content) == []


def test_many_nested_loops_are_judged_quickly() -> None:
    nodes = [node("exclusiveGateway", f"g{n}", default=f"g{n}-g{n + 1}") for n in range(140)]
    flows = [flow(f"g{n}", f"g{n + 1}") for n in range(139)] + [
        flow(f"g{n}", f"g{n // 2}", "x") for n in range(1, 140)
    ]
    content = process(START, *nodes, END, flow("start", "g0"), flow("g139", "end", name="g139-g140"), *flows)
    assert errors(content) == []


def test_duplicate_and_missing_ids_are_refused() -> None:
    assert ("duplicate-id", "a") in errors(line("task a", after=node("manualTask", "a")))
    assert ("missing-id", "p") in errors(line("task a", after="<bpmn:dataObject/>"))
    assert ("missing-id", None) in errors(line("task a").replace(b'id="p"', b""))


def test_a_variable_may_not_be_called_as_an_element() -> None:
    item = '<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:inputDataItem id="b"/>'
    assert errors(line(node("sendTask", "a", many(item), camunda__class="X"), "task b")) == [
        ("duplicate-id", "a")
    ]


def test_a_field_of_a_form_may_be_called_as_an_element() -> None:
    field = '<camunda:formData><camunda:formField id="b" type="string"/></camunda:formData>'
    assert errors(line(node("userTask", "a", extension(field)), "task b")) == []


@pytest.mark.parametrize("name", ["1a", "a b", "a/b", "a" * 201, "", "a$"])
def test_ids_that_are_no_xml_names_are_refused(name: str) -> None:
    assert ("invalid-id", name or "p") in [
        (code, element) for code, element in errors(line("task a", after=f'<bpmn:task id="{name}"/>'))
    ]


@pytest.mark.parametrize("key", ["1a", "a b", "پروانه", "a" * 101, "a/b"])
def test_a_process_id_must_be_a_key(key: str) -> None:
    assert ("invalid-key", key) in errors(process(*in_line("task a"), key=key))


def test_ids_in_persian_pass() -> None:
    assert errors(line("task بررسی")) == []


def test_more_than_300_flow_nodes_are_refused() -> None:
    assert errors(line(*(f"task t{n}" for n in range(298)))) == []
    assert errors(line(*(f"task t{n}" for n in range(299)))) == [("too-many-nodes", "p")]
    inside = "".join(in_line(*(f"task t{n}" for n in range(297)), prefix="inner_"))
    assert errors(line(node("subProcess", "s", inside))) == [("too-many-nodes", "p")]


def lanes(*members: tuple[str, str]) -> str:
    inside = "".join(
        f'<bpmn:lane id="{name}" name="{name}"><bpmn:flowNodeRef>{member}</bpmn:flowNodeRef></bpmn:lane>'
        for name, member in members
    )
    return f'<bpmn:laneSet id="ls">{inside}</bpmn:laneSet>'


def test_an_element_in_two_lanes_is_refused() -> None:
    assert errors(line("task a", before=lanes(("l1", "a"), ("l2", "a")))) == [("two-lanes", "a")]


def test_a_lane_that_lists_what_is_not_there_is_warned_of() -> None:
    assert warnings(line("task a", before=lanes(("l1", "gone")))) == [("lane-without-element", "l1")]


def test_a_lane_without_a_name_is_warned_of() -> None:
    content = line("task a", before=lanes(("l1", "a")).replace('name="l1"', ""))
    assert warnings(content) == [("lane-without-name", "l1")]


def test_many_faults_are_all_told_at_once() -> None:
    content = process(
        *(
            START,
            script("a", "x ="),
            node("serviceTask", "b", parvandeh__topic=""),
            node("businessRuleTask", "c"),
        ),
        *(node("task", "d"), flow("start", "a")),
    )
    assert set(errors(content)) == {
        ("syntax-error", "a"),
        ("service-target", "b"),
        ("decision-unnamed", "c"),
    }


def test_nothing_can_end_a_loop_in_which_only_an_empty_sub_process_stands() -> None:
    def loop(inside: str) -> list[tuple[str, str | None]]:
        event = timer("timeDuration", "P1D")
        return errors(
            process(
                *(START, node("exclusiveGateway", "g"), node("subProcess", "s", inside), flow("start", "g")),
                *(flow("g", "s"), flow("s", "g"), node("boundaryEvent", "b", event, attachedToRef="s")),
                *(node("task", "t"), flow("b", "t")),
            )
        )

    assert loop("".join(in_line("task a", prefix="i"))) == []
    assert loop("") == [("endless-loop", "g")]


def test_where_nothing_begins_nothing_else_is_told_of_that() -> None:
    content = process(node("task", "a"), node("task", "b"), flow("a", "b"), flow("b", "a"))
    report = check({"a.bpmn": content})
    assert "no-start" in {item.code for item in report.errors}
    assert "unreachable" not in {item.code for item in report.findings}
