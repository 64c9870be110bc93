"""Sequence flows and links: BPMN 2.0.2 §8.4.13, §10.5.1, §13.2."""

from engine import bpmn
from tests.driving import Run, flow, path
from tests.matrix.table import Section

SECTION = Section("Flows")

TWO = '<startEvent id="start"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>' + path("start", "a")
ALONE = (
    '<startEvent id="start"/><userTask id="a"/><userTask id="b"/>'
    + path("start", "a")
    + flow("a", "b", "amount &gt; 1")
)
MERGE = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<userTask id="after"/>' + path("start", "fork", "a", "after") + path("fork", "b", "after")
)


def link(kind: str, name: str) -> str:
    """One end of a link called `over`."""
    return f'<{kind} id="{name}"><linkEventDefinition name="over"/></{kind}>'


@SECTION.translated(
    "several flows out of an activity or event: all are taken",
    TWO + path("a", "b") + path("a", "c"),
    "translated-flows",
)
def test_all_flows_out_of_a_task_are_taken(process: bpmn.Spec) -> None:
    run = Run(process).answer("a")
    assert run.waiting == ["b", "c"]
    assert run.answer("b").answer("c").step.ended


@SECTION.translated(
    "conditions on flows out of an activity: those that are true, otherwise the default",
    TWO.replace('<userTask id="a"/>', '<userTask id="a" default="a-c"/>')
    + flow("a", "b", "amount &gt; 1")
    + flow("a", "c"),
    "translated-flows",
)
def test_conditions_on_flows_out_of_a_task_count(process: bpmn.Spec) -> None:
    assert Run(process).answer("a", amount=2).waiting == ["b"]
    assert Run(process).answer("a", amount=1).waiting == ["c"]


@SECTION.translated(
    "a condition on the only flow out of an activity; an incident if it is not true",
    ALONE,
    "translated-flows",
)
def test_condition_on_an_only_flow_counts(process: bpmn.Spec) -> None:
    assert Run(process).answer("a", amount=2).waiting == ["b"]
    refusing = Run(process).answer("a", amount=1)
    assert refusing.waiting == []
    assert [code for _, code in refusing.failed] == ["no-flow"]


test_condition_on_a_parallel_flow_is_refused = SECTION.refused(
    "a condition on a flow out of a parallel gateway",
    MERGE.replace(flow("fork", "a"), flow("fork", "a", "amount &gt; 1")),
    "condition-ignored",
)


@SECTION.runs("branches that meet in an activity: it runs once for each token", MERGE)
def test_activity_runs_once_per_token(process: bpmn.Spec) -> None:
    run = Run(process).answer("a").answer("b")
    assert run.waiting == ["after", "after"]
    assert run.answer("after").answer("after").step.ended


@SECTION.runs(
    "a loop back to an earlier element",
    '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="a"/>'
    '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
    + path("start", "again", "a", "done", "again")
    + flow("done", "end", "n == 3"),
)
def test_loop_goes_round_until_it_is_left(process: bpmn.Spec) -> None:
    run = Run(process, n=0)
    for n in (1, 2):
        assert run.answer("a", n=n).waiting == ["a"]
    assert run.answer("a", n=3).step.ended


@SECTION.runs(
    "a branch that ends at its last element, without an end event",
    '<startEvent id="start"/><userTask id="a"/>' + path("start", "a"),
)
def test_case_ends_behind_a_last_element(process: bpmn.Spec) -> None:
    assert Run(process).answer("a").step.ended


@SECTION.runs(
    "link events: the case continues where the link is caught",
    '<startEvent id="start"/><userTask id="a"/>'
    + link("intermediateThrowEvent", "out")
    + link("intermediateCatchEvent", "in")
    + '<userTask id="b"/>'
    + path("start", "a", "out")
    + path("in", "b"),
)
def test_link_leads_on(process: bpmn.Spec) -> None:
    assert Run(process).answer("a").waiting == ["b"]


test_link_to_nowhere_is_refused = SECTION.refused(
    "a link without a catching event",
    '<startEvent id="start"/>' + link("intermediateThrowEvent", "out") + path("start", "out"),
    "link-target",
)


@SECTION.runs(
    "an element that no path leads to: it never runs, with a warning",
    '<startEvent id="start"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
    + path("start", "a")
    + path("b", "c"),
)
def test_element_that_no_path_leads_to_never_runs(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["a"]
    assert run.answer("a").step.ended
