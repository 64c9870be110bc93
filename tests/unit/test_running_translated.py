"""What was said in other words runs as it was meant: people, flows out of tasks, links, loops."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine import bpmn
from tests.driving import Run, built, flow, path, script, source

START = '<startEvent id="start"/>'


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
        due=datetime(2026, 3, 25, tzinfo=UTC),
        follow_up=datetime(2026, 4, 1, 8, tzinfo=UTC),
        priority=50,
        term="P3D",
    )


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P10D", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01T10:00:00+03:30", datetime(2026, 4, 1, 6, 30, tzinfo=UTC)),
        ("'P10D'", datetime(2026, 4, 1, tzinfo=UTC)),
        ("P1_days or 'P10D'", datetime(2026, 3, 25, tzinfo=UTC)),
    ],
)
def test_term_of_a_task_is_read_as_it_is_written(text: str, due: datetime) -> None:
    task = f'<userTask id="a" parvandeh:due="{text}" parvandeh:followUp="{text}"/>'
    (work,) = Run(START + task + path("start", "a"), P1_days="P3D").open.values()
    assert work.people is not None
    assert (work.people.due, work.people.follow_up) == (due, due)


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


def test_variable_takes_who_has_started_the_case() -> None:
    body = '<startEvent id="start" parvandeh:starter="who"/><userTask id="a"/>' + path("start", "a")
    run = Run(body, by="Sara", fee=5)
    assert run.step.changes == {"who": "Sara"}
    assert run.data == {"fee": 5, "who": "Sara"}


def test_nobody_else_can_say_who_has_started_the_case() -> None:
    body = '<startEvent id="start" parvandeh:starter="who"/><userTask id="a"/>' + path("start", "a")
    assert Run(body, by="Sara", who="Omid").data == {"who": "Sara"}


def test_case_that_begins_by_itself_was_started_by_nobody() -> None:
    timer = "<timerEventDefinition><timeDate>2027-01-01</timeDate></timerEventDefinition>"
    body = f'<startEvent id="start" parvandeh:starter="who">{timer}</startEvent><userTask id="a"/>'
    assert Run(body + path("start", "a"), at="start").data == {"who": None}


def test_called_process_knows_who_has_started_the_case() -> None:
    other = source(
        '<startEvent id="start" parvandeh:starter="who"/>' + path("start", "x") + script("x", "y = 1"),
        "other",
    )
    caller = START + '<userTask id="a"/><callActivity id="call" calledElement="other"/><userTask id="b"/>'
    spec = bpmn.build(source(caller + path("start", "a", "call", "b"), calls={"other": other}), "process")
    assert Run(spec, by="Sara").answer("a").data == {"who": "Sara", "y": 1}


# Flows out of activities and events


def test_all_flows_out_of_a_task_are_taken() -> None:
    tasks = "".join(f'<userTask id="{name}"/>' for name in "abc")
    run = Run(START + tasks + path("start", "a") + path("a", "b") + path("a", "c")).answer("a")
    assert sorted(run.waiting) == ["b", "c"]
    assert [item for item in run.log if "split" in item[1]] == []


def choosing(more: str, **data: Any) -> list[str]:
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
    run = Run('<userTask id="a"/><userTask id="b"/>' + path("a", "b"))
    assert run.waiting == ["a"]
    assert run.spec.start_form is None


def test_process_without_start_does_not_begin_where_a_link_leads_to() -> None:
    def link(kind: str, name: str) -> str:
        return f'<{kind} id="{name}"><linkEventDefinition name="on"/></{kind}>'

    links = link("intermediateThrowEvent", "go") + link("intermediateCatchEvent", "come")
    run = Run('<userTask id="a"/><userTask id="b"/>' + links + path("a", "go") + path("come", "b"))
    assert run.waiting == ["a"]
    assert run.answer("a").waiting == ["b"]


def test_sub_process_that_only_an_event_ends_goes_round_until_then() -> None:
    inside = '<startEvent id="in"/><exclusiveGateway id="again"/><userTask id="a"/>'
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    run = Run(
        START + f'<subProcess id="sub">{inside}{path("in", "again", "a", "again")}</subProcess>'
        f'<boundaryEvent id="late" attachedToRef="sub">{timer}</boundaryEvent><userTask id="b"/>'
        + path("start", "sub") + path("late", "b")
    )  # fmt: skip
    assert run.answer("a").answer("a").waiting == ["a"]
    assert run.later(hours=2).waiting == ["b"]


def test_process_that_only_an_event_ends_goes_round_until_then() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    begin = f'<startEvent id="late">{timer}</startEvent><userTask id="b"/>' + path("late", "b")
    loop = START + '<exclusiveGateway id="again"/><userTask id="a"/>' + path("start", "again", "a", "again")
    run = Run(loop + f'<subProcess id="sub" triggeredByEvent="true">{begin}</subProcess>')
    assert run.answer("a").later(hours=2).waiting == ["b"]
    assert run.answer("b").step.ended


@pytest.mark.parametrize("kind", ["message", "interface", "globalTask"])
def test_what_stands_in_a_definition_that_nothing_uses_is_nobodys(kind: str) -> None:
    event = '<boundaryEvent id="x" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
    inside = f'{event}<process id="q"><task id="z"/></process>'
    more = f'<{kind} id="m" name="m">{inside}</{kind}>'
    run = Run(built(START + '<userTask id="a"/>' + path("start", "a"), more=more))
    assert run.waiting == ["a"]


def test_what_no_path_reaches_never_runs() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    lost = f'<userTask id="b"/><boundaryEvent id="late" attachedToRef="b">{timer}</boundaryEvent>'
    body = START + '<userTask id="a"/><endEvent id="end"/>' + lost + path("start", "a", "end")
    run = Run(body + flow("b", "a") + flow("late", "end"))
    assert (run.waiting, run.awaited) == (["a"], [])
    assert run.answer("a").step.ended


WHILE = "<standardLoopCharacteristics><loopCondition>{}</loopCondition></standardLoopCharacteristics>"


def looped(marker: str, **data: Any) -> Run:
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


def groups(body: str, **data: Any) -> dict[str, tuple[str | None, list[str] | None]]:
    """The lane and the groups of each open task."""
    work = Run(body, **data).open.values()
    return {item.element: (item.lane, list(item.people.groups) if item.people else None) for item in work}


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
