"""Sub-processes, called processes, multi-instance, ends and data objects run as drawn."""

import pytest

from engine import bpmn
from tests.driving import NOW, Run, document, flow, path, script, source

INNER = (
    '<subProcess id="sub"><startEvent id="in"/><userTask id="work"/><endEvent id="out"/>'
    + path("in", "work", "out")
    + "</subProcess>"
)
AROUND = '<startEvent id="start"/>' + INNER + '<userTask id="after"/>' + path("start", "sub", "after")


def test_sub_process_is_entered_and_passed_and_shares_the_data() -> None:
    run = Run(AROUND, given=1)
    assert run.waiting == ["work"]
    run.answer("work", found=2).answer("after")
    assert run.log[1:6] == [
        ("entered", "sub"),
        ("passed", "in"),
        ("passed", "work"),
        ("passed", "out"),
        ("passed", "sub"),
    ]
    assert run.step.ended
    assert run.data == {"given": 1, "found": 2}


def test_script_after_a_sub_process_sees_what_was_set_in_it() -> None:
    process = AROUND.replace('<userTask id="after"/>', script("after", "total = given + found"))
    assert Run(process, given=1).answer("work", found=2).data["total"] == 3


def test_terminate_end_ends_its_own_sub_process_only() -> None:
    process = (
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + path("in", "fork", "a", "stop")
        + path("fork", "b", "stop")
        + '</subProcess><userTask id="after"/>'
        + path("start", "sub", "after")
    )
    run = Run(process).answer("a")
    assert run.waiting == ["after"]
    assert ("cancelled", "b") in run.log


def test_terminate_end_of_the_process_cancels_open_work_and_failures() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/>'
        + script("broken", "x = 1 / 0")
        + INNER
        + '<endEvent id="stop" parvandeh:outcome="withdrawn"><terminateEventDefinition/></endEvent>'
        + path("start", "fork", "a", "stop")
        + path("fork", "broken")
        + path("fork", "sub")
    )
    run = Run(process)
    assert run.failed == [("broken", "script-failed")]
    run.answer("a")
    assert run.step.ended
    assert run.step.outcome == "withdrawn"
    assert {("cancelled", "work"), ("cancelled", "broken"), ("cancelled", "sub")} <= set(run.log)
    assert not run.open


def test_cancelling_takes_out_every_open_task() -> None:
    run = Run(AROUND).cancel()
    assert run.step.ended
    assert run.step.outcome is None
    assert run.log[-2:] == [("cancelled", "sub"), ("cancelled", "work")]


CALL = '<startEvent id="start"/><callActivity id="call" calledElement="called"/>' + path("start", "call")


def test_call_activity_runs_the_version_that_it_was_bound_to() -> None:
    old = source('<startEvent id="start"/>' + script("set", "version = 1") + path("start", "set"), "called")
    new = source('<startEvent id="start"/>' + script("set", "version = 2") + path("start", "set"), "called")
    for called, version in ((old, 1), (new, 2)):
        spec = bpmn.build(source(CALL, calls={"called": called}), "process")
        assert Run(spec).data["version"] == version


def test_elements_of_a_called_process_carry_its_key() -> None:
    called = source('<startEvent id="start"/><userTask id="work"/>' + path("start", "work"), "called")
    run = Run(bpmn.build(source(CALL, calls={"called": called}), "process"))
    assert run.waiting == ["called/work"]
    assert run.answer("called/work").step.ended


def test_same_ids_in_caller_and_called_process_do_not_meet() -> None:
    called = source(AROUND, "called")
    process = AROUND.replace('<userTask id="after"/>', '<callActivity id="after" calledElement="called"/>')
    run = Run(bpmn.build(source(process, calls={"called": called}), "process"))
    assert run.answer("work").waiting == ["called/work"]
    assert run.answer("called/work").waiting == ["called/after"]
    assert run.answer("called/after").step.ended


def many(kind: str = "userTask", *, sequential: bool = False, inner: str = "", output: bool = True) -> str:
    """A process around one multi-instance activity over `items`."""
    results = "<loopDataOutputRef>results</loopDataOutputRef>" if output else ""
    item = '<outputDataItem id="result"/>' if output else ""
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f'<loopDataInputRef>items</loopDataInputRef>{results}<inputDataItem id="item"/>{item}{inner}'
        "</multiInstanceLoopCharacteristics>"
    )
    body = "<script>result = item * 10</script>" if kind == "scriptTask" else ""
    return f'<startEvent id="start"/><{kind} id="many">{loop}{body}</{kind}><userTask id="after"/>' + path(
        "start", "many", "after"
    )


def test_parallel_instances_collect_results_in_the_order_of_the_items() -> None:
    run = Run(many(), items=["a", "b", "c"])
    assert run.waiting == ["many"] * 3
    run.answer("many", 2, result=3).answer("many", 0, result=1).answer("many", 0, result=2)
    assert run.waiting == ["after"]
    assert run.data["results"] == [1, 2, 3]


def test_sequential_instances_come_one_after_the_other() -> None:
    run = Run(many(sequential=True), items=["a", None, "c"])
    for result in (1, 2, 3):
        assert run.waiting == ["many"]
        run.answer("many", result=result)
    assert run.data["results"] == [1, 2, 3]


@pytest.mark.parametrize("sequential", [False, True])
def test_no_items_pass_at_once_with_an_empty_result(sequential: bool) -> None:
    run = Run(many(sequential=sequential), items=[])
    assert run.waiting == ["after"]
    assert run.data["results"] == []


@pytest.mark.parametrize("sequential", [False, True])
def test_completion_condition_ends_the_remaining_instances(sequential: bool) -> None:
    condition = "<completionCondition>nrOfCompletedInstances == 2</completionCondition>"
    run = Run(many(sequential=sequential, inner=condition), items=["a", "b", "c", "d"])
    run.answer("many", result=1).answer("many", result=2)
    assert run.waiting == ["after"]
    assert run.data["results"] == [1, 2]


@pytest.mark.parametrize("items", ["text", None, 3])
def test_items_that_are_no_list_are_an_incident(items: object) -> None:
    assert Run(many(), items=items).failed == [("many", "multi-instance")]


def test_more_than_a_thousand_instances_are_an_incident() -> None:
    assert Run(many(), items=list(range(1001))).failed == [("many", "multi-instance")]


def test_instances_have_their_items_and_results_to_themselves() -> None:
    run = Run(many(), items=["a", "b"]).answer("many", result=1)
    assert run.data == {"items": ["a", "b"]}
    assert run.answer("many", result=2).data == {"items": ["a", "b"], "results": [1, 2]}


def test_name_that_nothing_outside_reads_or_writes_belongs_to_each_instance() -> None:
    run = Run(many("scriptTask", output=False), items=[1, 2])
    assert (run.data, run.waiting) == ({"items": [1, 2]}, ["after"])


def test_name_that_the_diagram_does_not_say_belongs_to_the_case() -> None:
    run = Run(many(), items=["a", "b"]).answer("many", result=1, remark="x")
    assert run.data["remark"] == "x"


@pytest.mark.parametrize("sequential", [True, False])
def test_instances_build_on_each_other_in_a_name_that_is_read_outside(sequential: bool) -> None:
    process = many("scriptTask", sequential=sequential, output=False).replace(
        "result = item * 10", "total = total + item"
    )
    process = process.replace('<userTask id="after"/>', script("after", "double = total * 2"))
    assert Run(process, items=[1, 2, 3], total=0).data["double"] == 12


def test_sequential_instance_sets_back_what_the_one_before_has_set() -> None:
    process = many("userTask", sequential=True, output=False)
    run = Run(process, items=[1, 2], open=False).answer("many", open=True).answer("many", open=False)
    assert run.data["open"] is False


def test_each_instance_knows_its_own_item() -> None:
    run = Run(many(sequential=True), items=["a", "b"])
    for item in ("a", "b"):
        [token] = run.open
        known = bpmn.known_at(run.spec, run.state, token, "many", NOW)
        assert known is not None
        assert known["item"] == item
        run.answer("many")
    [token] = run.open
    assert bpmn.known_at(run.spec, run.state, token, "after", NOW) is None


def test_multi_instance_sub_process_runs_each_instance_through_all_its_elements() -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
        "<loopDataOutputRef>results</loopDataOutputRef>"
        '<inputDataItem id="item"/><outputDataItem id="result"/>'
        "</multiInstanceLoopCharacteristics>"
    )
    process = AROUND.replace('<subProcess id="sub">', f'<subProcess id="sub">{loop}').replace(
        '<endEvent id="out"/>', script("out", "result = item + answer")
    )
    run = Run(process, items=[10, 20])
    run.answer("work", 1, answer=2).answer("work", answer=1)
    assert run.waiting == ["after"]
    assert run.data["results"] == [11, 22]


def test_branch_without_end_event_ends_there() -> None:
    run = Run('<startEvent id="start"/><userTask id="last"/>' + path("start", "last")).answer("last")
    assert run.step.ended
    assert run.passed == ["start", "last"]


def test_plain_task_and_manual_task_are_work_for_a_person() -> None:
    run = Run(
        '<startEvent id="start"/><task id="plain"/><manualTask id="manual"/>'
        + path("start", "plain", "manual")
    )
    assert run.waiting == ["plain"]
    assert run.answer("plain").waiting == ["manual"]


@pytest.mark.parametrize("name", ["Start", "End", "Root", "process.EndJoin"])
def test_ids_that_the_library_uses_itself_are_free_to_use(name: str) -> None:
    process = f'<startEvent id="first"/><userTask id="{name}"/><endEvent id="last"/>' + path(
        "first", name, "last"
    )
    run = Run(process)
    assert run.waiting == [name]
    assert run.answer(name).step.ended
    assert run.passed == ["first", name, "last"]


def test_outcome_is_the_end_events_else_the_variable() -> None:
    ends = (
        '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-plain"/>'
        '<endEvent id="named" parvandeh:outcome="granted"/><endEvent id="plain"/>'
        + path("start", "choice")
        + flow("choice", "named", "well")
        + flow("choice", "plain")
    )
    assert Run(ends, well=True, outcome="else").step.outcome == "granted"
    assert Run(ends, well=False, outcome="else").step.outcome == "else"
    assert Run(ends, well=False).step.outcome is None


def test_lanes_reach_the_open_tasks() -> None:
    lanes = (
        '<laneSet id="lanes"><lane id="l1" name="Desk"><flowNodeRef>start</flowNodeRef>'
        "<flowNodeRef>work</flowNodeRef></lane></laneSet>"
    )
    run = Run(lanes + '<startEvent id="start"/><userTask id="work"/>' + path("start", "work"))
    assert [work.lane for work in run.open.values()] == ["Desk"]


DATA_OBJECT = (
    '<dataObject id="note"/><dataObjectReference id="ref" dataObjectRef="note"/><startEvent id="start"/>'
    '<userTask id="write"><dataOutputAssociation id="o"><targetRef>ref</targetRef>'
    "</dataOutputAssociation></userTask>"
    '<userTask id="between"/>'
    '<scriptTask id="read"><dataInputAssociation id="i"><sourceRef>ref</sourceRef>'
    '</dataInputAssociation><script>seen = note</script></scriptTask><userTask id="after"/>'
    + path("start", "write", "between", "read", "after")
)


def test_data_object_carries_a_value_from_one_activity_to_another() -> None:
    run = Run(DATA_OBJECT).answer("write", note="kept").answer("between")
    assert run.data["seen"] == "kept"


def test_data_object_that_nothing_has_written_reads_as_none() -> None:
    run = Run(DATA_OBJECT).answer("write").answer("between")
    assert run.data["seen"] is None


def test_process_called_in_two_versions_is_refused() -> None:
    old = source('<startEvent id="start"/>' + script("set", "v = 1") + path("start", "set"), "leaf")
    new = source('<startEvent id="start"/>' + script("set", "v = 2") + path("start", "set"), "leaf")
    middle = source(
        '<startEvent id="start"/><callActivity id="c" calledElement="leaf"/>' + path("start", "c"),
        "middle",
        {"leaf": old},
    )
    top = (
        '<startEvent id="start"/><callActivity id="a" calledElement="middle"/>'
        '<callActivity id="b" calledElement="leaf"/>' + path("start", "a", "b")
    )
    with pytest.raises(bpmn.Unbuildable) as refused:
        bpmn.build(source(top, "top", {"middle": middle, "leaf": new}), "top")
    assert refused.value.finding.code == "two-versions"


def test_multi_instance_task_keeps_its_lane() -> None:
    lanes = (
        '<laneSet id="lanes"><lane id="l1" name="Desk"><flowNodeRef>start</flowNodeRef>'
        "<flowNodeRef>many</flowNodeRef><flowNodeRef>after</flowNodeRef></lane></laneSet>"
    )
    run = Run(lanes + many(), items=[1])
    assert [work.lane for work in run.open.values()] == ["Desk"]


def test_flow_without_id_is_followed() -> None:
    process = (
        '<startEvent id="start"/><userTask id="work"/><sequenceFlow sourceRef="start" targetRef="work"/>'
    )
    assert Run(process).waiting == ["work"]


def test_script_may_be_indented_as_its_file_is() -> None:
    code = "\n        total = 1\n        if total:\n            total = 2\n      "
    assert Run('<startEvent id="start"/>' + script("calc", code) + path("start", "calc")).data["total"] == 2


def test_case_goes_on_after_instances_with_sub_processes_in_them_were_cancelled() -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
        "<completionCondition>nrOfCompletedInstances == 1</completionCondition>"
        "</multiInstanceLoopCharacteristics>"
    )
    nested = (
        f'<startEvent id="start"/><subProcess id="outer">{loop}<startEvent id="o"/>{INNER}'
        + path("o", "sub")
        + '</subProcess><userTask id="after"/>'
        + path("start", "outer", "after")
    )
    run = Run(nested).answer("work")
    assert run.waiting == ["after"]
    assert run.log.count(("entered", "outer")) == 3
    assert run.log.count(("cancelled", "outer")) == 1
    assert run.answer("after").step.ended


def test_failure_that_was_cancelled_cannot_be_retried() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/>'
        + script("broken", "x = 1 / 0")
        + '<subProcess id="sub"><startEvent id="in"/><parallelGateway id="f"/><userTask id="s"/>'
        + script("bad", "y = 1 / 0")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + path("in", "f", "s", "stop")
        + path("f", "bad")
        + "</subProcess>"
        + path("start", "fork", "a")
        + path("fork", "broken")
        + path("fork", "sub")
    )
    run = Run(process)
    [bad] = [failure for failure in run.step.failures if failure.element == "bad"]
    run.answer("s")
    with pytest.raises(LookupError):
        bpmn.retry(run.spec, run.state or b"", bad.token, NOW)


def test_equal_ids_in_two_files_do_not_meet() -> None:
    files = {
        "a.bpmn": document('<startEvent id="start"/><userTask id="t" name="A"/>' + path("start", "t"), "pa"),
        "b.bpmn": document('<startEvent id="start"/><userTask id="t" name="B"/>' + path("start", "t"), "pb"),
    }
    both = bpmn.Source("both", files, {})
    names = [next(iter(Run(bpmn.build(both, key)).open.values())).name for key in ("pa", "pb")]
    assert names == ["A", "B"]


def test_cancelled_case_has_no_outcome() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        '<endEvent id="early" parvandeh:outcome="granted"/>'
        '<userTask id="work"/>' + path("start", "fork", "early") + path("fork", "work")
    )
    assert Run(process).cancel().step.outcome is None
