"""What was said in other words runs as it was meant: mappings, people, flows out of tasks, links, loops."""

from datetime import UTC, datetime, timedelta

import pytest

from engine import bpmn
from tests.driving import NOW, Run, built, flow, path, script, source

START = '<startEvent id="start"/>'


def mapped(inside: str) -> str:
    return f"<extensionElements><camunda:inputOutput>{inside}</camunda:inputOutput></extensionElements>"


def given(name: str, value: str) -> str:
    return f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>'


def taken(name: str, value: str) -> str:
    return f'<camunda:outputParameter name="{name}">{value}</camunda:outputParameter>'


# Inputs and outputs


def test_inputs_are_seen_by_their_task_alone() -> None:
    task = script("a", "seen = fee + extra", mapped(given("extra", "${fee * 2}")))
    run = Run(START + task + script("b", "after = 'extra' in locals()") + path("start", "a", "b"), fee=5)
    assert run.data == {"fee": 5, "seen": 15, "after": False}


def test_input_hides_a_variable_of_the_case_for_a_while() -> None:
    task = f'<userTask id="a">{mapped(given("fee", "${fee + 1}") + taken("told", "${fee}"))}</userTask>'
    run = Run(START + task + script("b", "after = fee") + path("start", "a", "b"), fee=5).answer("a", ok=True)
    assert run.data == {"fee": 5, "ok": True, "told": 6, "after": 5}


def test_outputs_are_computed_from_what_the_task_set() -> None:
    task = f'<userTask id="a">{mapped(taken("total", "${first + second}"))}</userTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).answer("a", first=1, second=2)
    assert run.data["total"] == 3
    assert run.step.changes == {"first": 1, "second": 2, "total": 3}


def test_service_is_sent_its_inputs_and_its_reply_is_mapped() -> None:
    inside = mapped(given("amount", "${fee}") + taken("receipt", "${number}"))
    task = f'<serviceTask id="a" camunda:class="Charge">{inside}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b"), fee=7)
    (call,) = run.calls.values()
    assert (call.topic, call.request) == ("Charge", {"amount": 7})
    run.reply("a", number="R-1")
    assert run.data == {"fee": 7, "number": "R-1", "receipt": "R-1"}


def test_input_that_cannot_be_computed_is_an_incident_before_anybody_sees_the_task() -> None:
    task = f'<userTask id="a">{mapped(given("x", "${missing}"))}</userTask>'
    run = Run(START + task + path("start", "a"))
    assert run.failed == [("a", "script-failed")]
    assert run.waiting == []
    run.retry(missing=1)
    assert run.waiting == ["a"]
    assert run.answer("a").step.ended


def test_output_that_cannot_be_computed_loses_no_answer_and_asks_nobody_again() -> None:
    task = f'<userTask id="a">{mapped(taken("x", "${missing}"))}</userTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).answer("a", typed="long text")
    assert run.failed == [("a", "script-failed")]
    run.retry(missing=1)
    assert run.waiting == ["b"]
    assert run.data == {"typed": "long text", "missing": 1, "x": 1}


def test_reply_whose_outputs_fail_is_not_asked_for_again() -> None:
    task = f'<serviceTask id="a" camunda:class="X">{mapped(taken("x", "${missing}"))}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).reply("a", paid=True)
    assert run.failed == [("a", "script-failed")]
    run.retry(missing=1)
    assert not run.step.calls
    assert run.waiting == ["b"]
    assert run.data["paid"] is True


def test_task_whose_outputs_fail_can_be_passed_over() -> None:
    task = f'<serviceTask id="a" camunda:class="X">{mapped(taken("x", "${missing}"))}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).reply("a", paid=True)
    assert run.skip(x=2).waiting == ["b"]
    assert run.data == {"paid": True, "x": 2}


def test_each_instance_has_inputs_of_its_own() -> None:
    marker = (
        '<multiInstanceLoopCharacteristics camunda:collection="${items}" camunda:elementVariable="item"/>'
    )
    inside = mapped(given("double", "${item * 2}")) + marker
    task = f'<serviceTask id="a" camunda:topic="t" camunda:type="external">{inside}</serviceTask>'
    run = Run(START + task + path("start", "a"), items=[1, 2])
    assert [call.request for call in run.calls.values()] == [{"double": 2}, {"double": 4}]


def test_what_interrupts_a_task_goes_on_without_its_inputs() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    event = f'<boundaryEvent id="late" attachedToRef="a">{timer}</boundaryEvent>'
    task = f'<userTask id="a">{mapped(given("x", "1"))}</userTask>'
    check = script("b", "seen = 'x' in locals()")
    run = Run(START + task + event + check + path("start", "a") + path("late", "b")).later(hours=2)
    assert run.data["seen"] is False


# Calls


def called(inside: str, body: str, **data: object) -> Run:
    other = source(START + body + path("start", "x"), "other")
    extension = f"<extensionElements>{inside}</extensionElements>"
    caller = START + f'<callActivity id="call" calledElement="other">{extension}</callActivity>'
    spec = bpmn.build(
        source(caller + '<userTask id="b"/>' + path("start", "call", "b"), calls={"other": other}), "process"
    )
    return Run(spec, **data)


def test_called_process_gets_only_what_is_handed_over_and_gives_back_only_what_is_taken() -> None:
    mapping = (
        '<camunda:in source="fee" target="amount"/><camunda:in sourceExpression="${fee + 1}" target="more"/>'
        '<camunda:out source="sum" target="total"/>'
    )
    run = called(mapping, script("x", "sum = amount + more\nsaw = 'fee' in locals()"), fee=3)
    assert run.waiting == ["b"]
    assert {name: run.data[name] for name in ("total", "saw")} == {"total": 7, "saw": False}
    assert "sum" not in Run.stored(run.spec, run.state).answer("b").step.changes


def test_what_cannot_be_handed_over_is_an_incident_of_the_call() -> None:
    run = called('<camunda:in source="missing" target="amount"/>', script("x", "y = amount"))
    assert run.failed == [("call", "script-failed")]
    assert run.retry(missing=1).waiting == ["b"]


def test_what_cannot_be_taken_back_is_an_incident_and_the_process_is_not_called_again() -> None:
    run = called('<camunda:out source="missing" target="y"/>', '<userTask id="x"/>').answer("other/x")
    assert run.failed == [("call", "script-failed")]
    assert run.skip(y=1).waiting == ["b"]


# People


def test_people_and_dates_of_a_task_are_computed_when_it_opens() -> None:
    how = (
        'camunda:assignee="${clerk}" camunda:candidateUsers="ali,${deputies}"'
        ' camunda:candidateGroups="registry"'
        ' camunda:dueDate="P3D" camunda:followUpDate="2026-04-01T08:00:00Z" camunda:priority="${20 + 30}"'
    )
    run = Run(
        START + f'<userTask id="a" {how}/>' + path("start", "a"), clerk="sara", deputies=["omid", "ali"]
    )
    (work,) = run.open.values()
    assert work.people == bpmn.People(
        assignee="sara",
        users=["ali", "omid"],
        groups=["registry"],
        due=NOW + timedelta(days=3),
        follow_up=datetime(2026, 4, 1, 8, tzinfo=UTC),
        priority=50,
    )


@pytest.mark.parametrize(
    "how",
    [
        'camunda:assignee="${1 + 1}"', 'camunda:candidateUsers="${5}"', 'camunda:dueDate="soon"',
        'camunda:priority="high"', 'camunda:dueDate="${missing}"',
    ],
)  # fmt: skip
def test_people_that_cannot_be_told_are_an_incident(how: str) -> None:
    run = Run(START + f'<userTask id="a" {how}/>' + path("start", "a"))
    assert [element for element, _ in run.failed] == ["a"]
    assert run.waiting == []


# Flows out of activities and events


def test_all_flows_out_of_a_task_are_taken() -> None:
    tasks = "".join(f'<userTask id="{name}"/>' for name in "abc")
    run = Run(START + tasks + path("start", "a") + path("a", "b") + path("a", "c")).answer("a")
    assert sorted(run.waiting) == ["b", "c"]
    assert [item for item in run.log if "split" in item[1]] == []


def choosing(more: str, **data: object) -> list[str]:
    attributes = 'default="a-d"' if "a-d" in more and "default" in more else ""
    more = more.replace("default", "")
    tasks = "".join(f'<userTask id="{name}"/>' for name in "bcd" if f'"a-{name}"' in more)
    task = script("a", "y = 1").replace("<scriptTask", f"<scriptTask {attributes}")
    return sorted(Run(START + task + tasks + path("start", "a") + more, **data).waiting)


def test_flows_out_of_a_task_are_taken_whose_condition_is_true() -> None:
    flows = flow("a", "b", "x > 1") + flow("a", "c", "x > 2")
    assert choosing(flows, x=2) == ["b"]
    assert choosing(flows, x=3) == ["b", "c"]


def test_default_flow_out_of_a_task_is_taken_if_no_condition_is_true() -> None:
    flows = flow("a", "b", "x > 1") + flow("a", "d") + "default"
    assert choosing(flows, x=2) == ["b"]
    assert choosing(flows, x=0) == ["d"]


def test_flow_without_condition_is_taken_besides() -> None:
    flows = flow("a", "b", "x > 1") + flow("a", "c")
    assert choosing(flows, x=2) == ["b", "c"]
    assert choosing(flows, x=0) == ["c"]


def test_only_flow_with_a_condition_that_is_not_true_is_an_incident() -> None:
    run = Run(
        START + script("a", "x = 1") + '<userTask id="b"/>' + path("start", "a") + flow("a", "b", "x > 1")
    )
    assert run.failed == [("a", "no-flow")]


# Links, starts, loops


def test_link_leads_to_where_it_is_caught() -> None:
    def link(kind: str, name: str) -> str:
        return f'<{kind} id="{name}"><linkEventDefinition name="on"/></{kind}>'

    body = (
        START + script("a", "n = 1") + link("intermediateThrowEvent", "go")
        + link("intermediateCatchEvent", "come") + '<userTask id="b"/>'
        + path("start", "a", "go") + path("come", "b")
    )  # fmt: skip
    run = Run(body)
    assert run.waiting == ["b"]
    assert run.passed[-2:] == ["go", "come"]


def test_sub_process_without_start_begins_at_what_nothing_leads_to() -> None:
    inside = '<userTask id="a"/><userTask id="b"/><userTask id="c"/>' + path("a", "c") + path("b", "c")
    run = Run(START + f'<subProcess id="sub">{inside}</subProcess>' + path("start", "sub"))
    assert sorted(run.waiting) == ["a", "b"]


def test_process_without_start_begins_at_what_nothing_leads_to() -> None:
    assert Run('<userTask id="a"/><userTask id="b"/>' + path("a", "b")).waiting == ["a"]


WHILE = "<standardLoopCharacteristics><loopCondition>{}</loopCondition></standardLoopCharacteristics>"


def looped(marker: str, **data: object) -> Run:
    task = script("a", "n = n + 1", marker)
    return Run(START + task + '<userTask id="b"/>' + path("start", "a", "b"), **data)


def test_loop_goes_round_while_its_condition_is_true() -> None:
    marker = (
        "<standardLoopCharacteristics><loopCondition>n &lt; 5</loopCondition></standardLoopCharacteristics>"
    )
    assert looped(marker, n=0).data["n"] == 5
    assert looped(marker, n=9).data["n"] == 10  # asked after the first round


def test_loop_may_ask_before_its_first_round() -> None:
    marker = WHILE.format("n &lt; 5").replace(">", ' testBefore="true">', 1)
    assert looped(marker, n=9).data["n"] == 9
    assert looped(marker, n=4).data["n"] == 5


def test_loop_goes_round_no_more_than_its_maximum() -> None:
    marker = WHILE.format("True").replace(">", ' loopMaximum="3">', 1)
    assert looped(marker, n=0).data["n"] == 3
    assert looped('<standardLoopCharacteristics loopMaximum="2"/>', n=0).data["n"] == 2


def test_loop_without_end_is_an_incident() -> None:
    assert looped(WHILE.format("True"), n=0).failed == [("a", "multi-instance")]


def test_person_goes_round_a_loop() -> None:
    marker = (
        "<standardLoopCharacteristics><loopCondition>not done</loopCondition></standardLoopCharacteristics>"
    )
    run = Run(START + f'<userTask id="a">{marker}</userTask><userTask id="b"/>' + path("start", "a", "b"))
    assert run.answer("a", done=False).waiting == ["a"]
    assert run.answer("a", done=True).waiting == ["b"]
    assert run.data == {"done": True}


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_instances_know_their_number_and_how_many_there_are(sequential: str) -> None:
    marker = (
        f'<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>3</loopCardinality>'
        '<loopDataOutputRef>all</loopDataOutputRef><outputDataItem id="one"/>'
        "</multiInstanceLoopCharacteristics>"
    )
    run = Run(START + script("a", "one = [loopCounter, nrOfInstances]", marker) + path("start", "a"))
    assert run.data == {"all": [[0, 3], [1, 3], [2, 3]]}


def test_inclusive_flow_without_condition_is_taken_each_time() -> None:
    body = START + '<inclusiveGateway id="g"/><userTask id="a"/><userTask id="b"/>' + path("start", "g")
    spec = built(body + flow("g", "a", "x") + flow("g", "b"))
    assert Run(spec, x=False).waiting == ["b"]
    assert sorted(Run(spec, x=True).waiting) == ["a", "b"]


# Lanes and pools


LANES = (
    '<laneSet id="ls"><lane id="l1" name="{}"><flowNodeRef>{}</flowNodeRef><childLaneSet id="cs">'
    '<lane id="l2" name="Head"><flowNodeRef>c</flowNodeRef></lane></childLaneSet></lane></laneSet>'
)


def groups(body: str, **data: object) -> dict[str, tuple[str | None, list[str] | None]]:
    """The lane and the groups of each open task."""
    work = Run(body, **data).open.values()
    return {item.element: (item.lane, item.people and list(item.people.groups)) for item in work}


@pytest.mark.parametrize("kind", ["task", "userTask", "manualTask"])
@pytest.mark.parametrize("name", ["Desk", "پیشخوان | Desk", "Police, border", "It's {x} \\ #1"])
def test_a_task_is_for_the_group_of_its_lane(kind: str, name: str) -> None:
    body = LANES.format(name, "a") + START + f'<{kind} id="a"/>' + path("start", "a")
    assert groups(body) == {"a": (name, [name])}


def test_the_innermost_lane_counts_and_that_of_a_sub_process_for_all_in_it() -> None:
    inside = '<startEvent id="s"/><userTask id="x"/><userTask id="c"/>' + path("s", "x") + path("s", "c")
    body = LANES.format("Desk", "sub") + START + f'<subProcess id="sub">{inside}</subProcess>'
    assert groups(body + path("start", "sub")) == {"x": ("Desk", ["Desk"]), "c": ("Head", ["Head"])}


def test_a_task_with_people_of_its_own_keeps_them_and_its_lane() -> None:
    task = '<userTask id="a" parvandeh:assignee="clerk"/>'
    found = groups(LANES.format("Desk", "a") + START + task + path("start", "a"), clerk="sara")
    assert found == {"a": ("Desk", [])}


def test_instances_are_for_the_group_of_their_lane() -> None:
    kind = "multiInstanceLoopCharacteristics"
    marker = f"<{kind}><loopCardinality>2</loopCardinality></{kind}>"
    body = LANES.format("Desk", "a") + START + f'<userTask id="a">{marker}</userTask>' + path("start", "a")
    assert groups(body) == {"a": ("Desk", ["Desk"])}


def test_a_task_is_for_the_group_of_its_pool_where_there_are_no_lanes() -> None:
    pool = '<collaboration id="co"><participant id="pool" name="Desk" processRef="process"/></collaboration>'
    run = Run(built(START + '<userTask id="a"/>' + path("start", "a"), more=pool))
    assert [(work.lane, work.people and work.people.groups) for work in run.open.values()] == [
        (None, ["Desk"])
    ]


def test_names_in_a_list_are_not_taken_apart() -> None:
    how = "parvandeh:candidateGroups=\"[groups, 'a, b']\""
    body = START + f'<userTask id="a" {how}/>' + path("start", "a")
    assert groups(body, groups=["c, d"]) == {"a": (None, ["c, d", "a", "b"])}


# Drawn data


def test_what_is_only_drawn_hides_nothing_and_hands_nothing_over() -> None:
    described = (
        '<ioSpecification><dataInput id="i"/><dataOutput id="o"/><inputSet/><outputSet/></ioSpecification>'
        "<dataInputAssociation><sourceRef>r</sourceRef><targetRef>i</targetRef></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>d</targetRef></dataOutputAssociation>"
    )
    body = (
        '<dataObject id="paper"/><dataObjectReference id="r" dataObjectRef="paper"/>'
        '<dataStoreReference id="d" dataStoreRef="archive"/>'
        + START
        + f'<userTask id="a">{described}</userTask>'
        + script("b", "y = x + 1", described)
        + path("start", "a", "b")
    )
    run = Run(body, paper=1).answer("a", x=1)
    assert run.data == {"paper": 1, "x": 1, "y": 2}


# What drawings leave unsaid


def test_an_empty_sub_process_is_passed_at_once() -> None:
    run = Run(START + '<subProcess id="sub"/><userTask id="a"/>' + path("start", "sub", "a"))
    assert run.waiting == ["a"]
    assert ("passed", "sub") in run.log


def test_an_abstract_service_task_waits_for_who_serves_its_topic() -> None:
    run = Run(START + '<serviceTask id="ask"/>' + path("start", "ask"))
    assert [(call.element, call.topic) for call in run.calls.values()] == [("ask", "ask")]


def test_a_message_event_that_says_nothing_awaits_a_message_of_its_own_name() -> None:
    event = '<intermediateCatchEvent id="paid"><messageEventDefinition/></intermediateCatchEvent>'
    run = Run(START + event + path("start", "paid"))
    assert [(wait.kind, wait.name) for wait in run.waits.values()] == [("message", "paid")]


def test_a_call_of_a_global_task_is_work_for_a_person() -> None:
    body = START + '<callActivity id="a" calledElement="g"/>' + path("start", "a")
    assert Run(built(body, more='<globalUserTask id="g"/>')).waiting == ["a"]


def test_what_stands_in_a_definition_that_nothing_uses_does_no_harm() -> None:
    body = START + '<userTask id="a"/>' + path("start", "a")
    drawing = 'xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI"'
    odd = f'<message id="odd"><d:BPMNPlane {drawing}><receiveTask/></d:BPMNPlane></message>'
    assert Run(built(body, more=odd)).waiting == ["a"]
