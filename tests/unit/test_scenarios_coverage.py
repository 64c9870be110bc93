"""What scenarios have passed of a process: elements, flows, conditions, as figures and lists."""

from engine.bpmn import Source, Spec, build, digest
from engine.definitions.scenarios import Coverage, Part
from tests.driving import built, document, flow, path, script, source
from tests.eventful import DEFINITIONS, error, handler, message, timer
from tests.stories import run_stories

DECIDING = (
    '<startEvent id="start"/><exclusiveGateway id="g" default="other"/>'
    '<endEvent id="high"/><endEvent id="low"/><endEvent id="none"/>'
    f"{path('start', 'g')}{flow('g', 'high', 'x > 10')}{flow('g', 'low', 'x &lt; 5')}"
    f"{flow('g', 'none', name='other')}"
)


def covered(spec: Spec, *stories: str) -> Coverage:
    made = run_stories(spec, *stories)
    assert not made.findings, made.findings
    [found] = made.coverage
    return found


def with_x(*values: int) -> list[str]:
    return [f"start: {{data: {{x: {value}}}}}\nexpect: {{ended: true}}\n" for value in values]


def test_what_one_scenario_passes_is_counted() -> None:
    assert covered(built(DECIDING), *with_x(11)) == Coverage(
        process="process",
        scenarios=1,
        elements=Part(5, 3, ("low", "none")),
        flows=Part(4, 2, ("g-low", "other")),
        never_true=("g-low",),
        never_false=("g-high", "g-low"),
    )


def test_what_several_scenarios_pass_counts_together() -> None:
    found = covered(built(DECIDING), *with_x(11, 7))
    assert (found.elements.missing, found.flows.missing) == (("low",), ("g-low",))
    assert (found.never_true, found.never_false) == (("g-low",), ())
    assert not found.full
    assert covered(built(DECIDING), *with_x(11, 7, 1)).full


def test_scenario_that_fails_counts_as_far_as_it_came() -> None:
    made = run_stories(built(DECIDING), "start: {data: {x: 1}}\nexpect: {outcome: high}\n")
    assert made.findings
    assert made.coverage[0].elements.passed == 3


def test_parallel_branches_and_their_joins_are_passed() -> None:
    spec = built(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="join"/><endEvent id="end"/>'
        f"{path('start', 'fork', 'a', 'join', 'end')}{path('fork', 'b', 'join')}"
    )
    assert covered(spec, "steps: [{task: b}, {task: a}]\nexpect: {ended: true}\n").full
    half = covered(spec, "steps: [{task: b}]\nexpect: {tasks: [a]}\n")
    assert half.elements.missing == ("a", "join", "end")


def test_inclusive_choice_asks_every_condition() -> None:
    spec = built(
        '<startEvent id="start"/><inclusiveGateway id="g"/><endEvent id="high"/><endEvent id="odd"/>'
        f"{path('start', 'g')}{flow('g', 'high', 'x > 10')}{flow('g', 'odd', 'x % 2 == 1')}"
    )
    found = covered(spec, *with_x(12))
    assert (found.flows.missing, found.never_true) == (("g-odd",), ("g-odd",))
    assert found.never_false == ("g-high",)
    assert covered(spec, *with_x(13, 1)).full


def test_only_what_happens_behind_an_event_based_gateway_is_passed() -> None:
    spec = built(
        '<startEvent id="start"/><eventBasedGateway id="first"/>'
        f'<intermediateCatchEvent id="got">{message()}</intermediateCatchEvent>'
        f'<intermediateCatchEvent id="late">{timer("timeDuration", "P1D")}</intermediateCatchEvent>'
        f'<endEvent id="end"/><endEvent id="over"/>{path("start", "first", "got", "end")}'
        f"{path('first', 'late', 'over')}",
        more=DEFINITIONS,
    )
    found = covered(spec, "steps: [{wait: P1D}]\nexpect: {ended: true}\n")
    assert found.flows.missing == ("first-got", "got-end")
    assert found.elements.missing == ("got", "end")


def test_boundary_events_and_event_sub_processes_are_passed_when_they_happen() -> None:
    spec = built(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/><userTask id="a"/>'
        f'<endEvent id="broken">{error()}</endEvent>{path("in", "a", "broken")}</subProcess>'
        f'<boundaryEvent id="caught" attachedToRef="sub">{error()}</boundaryEvent>'
        f'<endEvent id="end"/><endEvent id="never"/>{path("start", "sub", "never")}{flow("caught", "end")}'
        + handler("ask", message("asked"), interrupting=False),
        more=DEFINITIONS,
    )
    story = "steps: [{message: asked}, {task: ask-task}, {task: a}]\nexpect: {ended: true}\n"
    found = covered(spec, story)
    assert found.elements.missing == ("sub", "never")
    assert found.flows.missing == ("sub-never",)


def test_flows_with_conditions_out_of_a_task_are_passed() -> None:
    spec = built(
        f'<startEvent id="start"/>{script("s", "y = x")}<endEvent id="one"/><endEvent id="two"/>'
        f"{path('start', 's')}{flow('s', 'one', 'y == 1')}{flow('s', 'two', 'y == 2')}"
    )
    found = covered(spec, *with_x(1))
    assert (found.flows.missing, found.never_true) == (("s-two",), ("s-two",))
    assert covered(spec, *with_x(1, 2)).full


def test_instances_of_many_and_loops_are_passed() -> None:
    many = (
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )
    spec = built(
        f'<startEvent id="start"/><userTask id="a">{many}</userTask><endEvent id="end"/>'
        f"{path('start', 'a', 'end')}"
    )
    assert covered(spec, "steps: [{task: a}, {task: a}]\nexpect: {ended: true}\n").full


def test_called_process_is_covered_by_its_own_scenarios() -> None:
    inner = source('<startEvent id="s"/><userTask id="a"/><endEvent id="e"/>' + path("s", "a", "e"), "inner")
    body = '<startEvent id="start"/><callActivity id="call" calledElement="inner"/><endEvent id="end"/>'
    files = {"process.bpmn": document(body + path("start", "call", "end"))}
    spec = build(Source(digest(files, {"inner": inner.digest}), files, {"inner": inner}), "process")
    found = covered(spec, "steps: [{task: inner/a}]\nexpect: {ended: true, contains: [inner/e]}\n")
    assert (found.elements, found.flows) == (Part(3, 3, ()), Part(2, 2, ()))


def test_names_that_the_engine_needs_itself_are_told_as_drawn() -> None:
    spec = built('<startEvent id="Start"/><userTask id="a"/><endEvent id="End"/>' + path("Start", "a", "End"))
    found = covered(spec, "steps: [{task: a}]\nexpect: {ended: true, path: [Start, a, End]}\n")
    assert found.full
    assert spec.flows["Start-a"].source == "Start"
