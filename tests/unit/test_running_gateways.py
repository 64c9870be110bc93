"""Gateways run as BPMN 2.0.2 §13.4 has them."""

import pytest

from engine import bpmn
from tests.driving import INCLUSIVE, Run, document, flow, path, script

CHOICE = (
    '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-low"/>'
    '<userTask id="high"/><userTask id="middle"/><userTask id="low"/>'
    + path("start", "choice")
    + flow("choice", "high", "amount &gt; 100")
    + flow("choice", "middle", "amount &gt; 10")
    + flow("choice", "low")
)


@pytest.mark.parametrize(("amount", "taken"), [(500, "high"), (50, "middle"), (5, "low")])
def test_exclusive_gateway_takes_the_first_true_flow_else_the_default(amount: int, taken: str) -> None:
    assert Run(CHOICE, amount=amount).waiting == [taken]


def test_exclusive_gateway_follows_the_document_and_not_the_drawing() -> None:
    drawn = (
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><bpmndi:BPMNPlane bpmnElement="process">'
        '<bpmndi:BPMNShape bpmnElement="high">'
        '<dc:Bounds x="0" y="900" width="1" height="1"/></bpmndi:BPMNShape>'
        '<bpmndi:BPMNShape bpmnElement="middle">'
        '<dc:Bounds x="0" y="1" width="1" height="1"/></bpmndi:BPMNShape>'
        "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
    )
    files = {"process.bpmn": document(CHOICE, more=drawn)}
    spec = bpmn.build(bpmn.Source("drawn", files, {}), "process")
    assert Run(spec, amount=500).waiting == ["high"]


def test_drawing_inside_an_element_is_none() -> None:
    shape = (
        '<bpmndi:BPMNShape xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" bpmnElement="a"><dc:Bounds x="left"/>'
        "</bpmndi:BPMNShape>"
    )
    assert Run(
        f'<startEvent id="start"/><userTask id="a">{shape}</userTask>' + path("start", "a")
    ).waiting == ["a"]


def test_no_true_flow_and_no_default_is_an_incident_at_the_gateway() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="choice"/><userTask id="a"/><userTask id="b"/>'
        + path("start", "choice")
        + flow("choice", "a", "amount == 1")
        + flow("choice", "b", "amount == 2")
    )
    run = Run(process, amount=3)
    assert run.failed == [("choice", "no-flow")]
    assert run.retry().failed == [("choice", "no-flow")]


def test_failing_condition_is_an_incident_at_the_gateway() -> None:
    assert Run(CHOICE, amount="much").failed == [("choice", "script-failed")]


FORK = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<parallelGateway id="join"/><userTask id="after"/>'
    + path("start", "fork", "a", "join", "after")
    + path("fork", "b", "join")
)


def test_parallel_join_waits_for_every_branch() -> None:
    run = Run(FORK)
    assert run.waiting == ["a", "b"]
    assert run.answer("b").waiting == ["a"]
    assert run.answer("a").waiting == ["after"]
    assert run.passed.count("join") == 1


def test_join_keeps_what_each_branch_set() -> None:
    run = Run(FORK, shared=[1, 2], left=0, right=0).answer("a", left=[1]).answer("b", right=[2])
    run.answer("after")
    assert run.data == {"shared": [1, 2], "left": [1], "right": [2]}


def test_branch_that_set_a_list_is_not_merged_with_the_one_before() -> None:
    check = script("note", "seen = votes")
    process = FORK.replace('<userTask id="after"/>', check).replace("after", "note")
    run = Run(process, votes=["yes", "no"]).answer("a", votes=["yes"]).answer("b")
    assert run.data["seen"] == ["yes"]


def test_of_two_branches_that_set_one_variable_the_last_one_counts() -> None:
    run = Run(FORK).answer("b", decision="no").answer("a", decision="yes")
    assert (run.data["decision"], run.waiting) == ("yes", ["after"])


def test_branch_reads_at_once_what_another_one_has_set() -> None:
    process = FORK.replace('<userTask id="b"/>', '<userTask id="b"/>' + script("look", "seen = city"))
    process = process.replace(path("b", "join"), path("b", "look", "join"))
    run = Run(process, city="old").answer("a", city="new").answer("b")
    assert run.data["seen"] == "new"


def test_parallel_join_waits_again_in_every_round_of_a_loop() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><parallelGateway id="join"/>'
        '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "fork", "a", "join", "done")
        + path("fork", "b", "join")
        + flow("done", "again")
        + flow("done", "end", "n == 3")
    )
    run = Run(process, n=0)
    for n in (1, 2):
        assert run.answer("a", n=n).waiting == ["b"]
        assert run.answer("b").waiting == ["a", "b"]
    assert run.answer("b").waiting == ["a"]
    assert run.answer("a", n=3).step.ended


def test_a_second_token_on_one_incoming_flow_waits_for_its_own_partner() -> None:
    # Two tokens come through `merge`: the join may fire only once for the single token of `b`.
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="x"/><userTask id="y"/>'
        '<exclusiveGateway id="merge"/><userTask id="b"/><parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "fork", "x", "merge", "join", "after")
        + path("fork", "y", "merge")
        + path("fork", "b", "join")
    )
    run = Run(process).answer("x").answer("y")
    assert run.answer("b").waiting == ["after"]
    assert not run.answer("after").step.ended


@pytest.mark.parametrize(("amount", "taken"), [(3, ["a", "b"]), (2, ["a"]), (1, ["c"])])
def test_inclusive_join_waits_for_exactly_the_flows_taken(amount: int, taken: list[str]) -> None:
    run = Run(INCLUSIVE, amount=amount)
    assert run.waiting == taken
    for element in taken[:-1]:
        assert "after" not in run.answer(element).waiting
    assert run.answer(taken[-1]).waiting == ["after"]


def test_inclusive_join_waits_again_in_every_round_of_a_loop() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><inclusiveGateway id="fork" default="fork-c"/>'
        '<userTask id="a"/><userTask id="b"/><userTask id="c"/><inclusiveGateway id="join"/>'
        '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "fork")
        + flow("fork", "a", "True")
        + flow("fork", "b", "True")
        + flow("fork", "c")
        + path("a", "join", "done")
        + path("b", "join")
        + path("c", "join")
        + flow("done", "again")
        + flow("done", "end", "n == 2")
    )
    run = Run(process, n=0)
    assert run.answer("a", n=1).waiting == ["b"]
    assert run.answer("b").waiting == ["a", "b"]
    assert run.answer("b").waiting == ["a"]
    assert run.answer("a", n=2).step.ended


def test_inclusive_join_waits_for_a_token_that_can_still_reach_it_from_afar() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><userTask id="late"/>'
        '<inclusiveGateway id="join"/><userTask id="after"/>'
        + path("start", "fork", "a", "join", "after")
        + path("fork", "b", "late", "join")
    )
    run = Run(process).answer("a").answer("b")
    assert run.waiting == ["late"]
    assert run.answer("late").waiting == ["after"]


def test_several_flows_into_a_task_run_it_once_for_each_token() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="once"/>'
        '<userTask id="a"/>' + path("start", "fork", "a", "once") + flow("fork", "once")
    )
    run = Run(process).answer("a")
    assert run.waiting == ["once", "once"]


def twice(source: str, target: str, condition: str = "") -> str:
    """Two flows from a gateway `g` to `t`, behind which there is `z`."""
    nodes = f'<{source} id="g"/><{target} id="t"/><userTask id="z"/>'
    flows = flow("g", "t", condition, name="f1") + flow("g", "t", condition, name="f2")
    return '<startEvent id="start"/>' + nodes + path("start", "g") + flows + path("t", "z")


def test_each_of_two_flows_between_the_same_elements_has_a_token() -> None:
    assert Run(twice("parallelGateway", "userTask")).waiting == ["t", "t"]
    assert Run(twice("userTask", "userTask")).answer("g").waiting == ["t", "t"]
    run = Run(twice("inclusiveGateway", "task", "True"))
    assert (run.waiting, run.passed) == (["t", "t"], ["start", "g"])


def test_two_flows_from_a_fork_to_a_join_are_joined() -> None:
    assert Run(twice("parallelGateway", "parallelGateway")).waiting == ["z"]
    assert Run(twice("inclusiveGateway", "inclusiveGateway", "True")).waiting == ["z"]


def test_choice_between_two_flows_to_the_same_element_takes_one() -> None:
    assert Run(twice("exclusiveGateway", "userTask", "True")).waiting == ["t"]
    run = Run(twice("exclusiveGateway", "parallelGateway", "True"))
    assert run.failed == [("t", "deadlock")]


def test_join_that_waits_for_what_can_never_come_is_an_incident_and_no_silent_end() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-b"/><userTask id="a"/>'
        '<userTask id="b"/><parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "choice")
        + flow("choice", "a", "left")
        + flow("choice", "b")
        + path("a", "join", "after")
        + path("b", "join")
    )
    run = Run(process, left=True).answer("a")
    assert run.failed == [("join", "deadlock")]
    assert run.retry().failed == [("join", "deadlock")]
    assert run.cancel().step.ended


def test_value_that_was_sent_again_unchanged_is_no_change() -> None:
    run = Run(FORK, name="Sara Ahmadi", place={"p": 1, "q": 2})
    run.answer("a", name="".join(["Sara ", "Ahmadi"]), place={"q": 2, "p": 1}).answer("b", name="Sara K.")
    assert run.waiting == ["after"]
    assert run.data["name"] == "Sara K."
