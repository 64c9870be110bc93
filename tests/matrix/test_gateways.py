"""Gateways: BPMN 2.0.2 §10.6, §13.4."""

from engine import bpmn
from tests.driving import INCLUSIVE, Run, flow, path
from tests.eventful import catch, message, timer
from tests.matrix.table import Section

SECTION = Section("Gateways")

CHOICE = (
    '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-low"/>'
    '<userTask id="high"/><userTask id="low"/>'
    + path("start", "choice")
    + flow("choice", "high", "amount &gt; 100")
    + flow("choice", "low")
)
FORK = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<parallelGateway id="join"/><userTask id="after"/>'
    + path("start", "fork", "a", "join", "after")
    + path("fork", "b", "join")
)


def race(*events: str) -> str:
    """An event-based gateway; behind each event, called e0, e1 …, a task t0, t1 …"""
    drawn = "".join(
        f'{event}<userTask id="t{number}"/>' + path("first", f"e{number}", f"t{number}")
        for number, event in enumerate(events)
    )
    return '<startEvent id="start"/><eventBasedGateway id="first"/>' + path("start", "first") + drawn


@SECTION.runs("exclusive gateway: the first flow whose condition is true, otherwise the default", CHOICE)
def test_exclusive_gateway_takes_one_flow(process: bpmn.Spec) -> None:
    assert Run(process, amount=500).waiting == ["high"]
    assert Run(process, amount=5).waiting == ["low"]


@SECTION.runs(
    "exclusive gateway without default, no condition true: an incident",
    CHOICE.replace(' default="choice-low"', "").replace(
        flow("choice", "low"), flow("choice", "low", "amount &lt; 0")
    ),
)
def test_exclusive_gateway_never_guesses(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).failed == [("choice", "no-flow")]


test_exclusive_gateway_with_no_conditions_is_refused = SECTION.refused(
    "exclusive gateway with several flows that have no condition",
    CHOICE.replace(' default="choice-low"', "").replace(
        flow("choice", "high", "amount &gt; 100"), flow("choice", "high")
    ),
    "missing-condition",
)


@SECTION.runs(
    "exclusive gateway that merges: each token continues",
    FORK.replace('parallelGateway id="join"', 'exclusiveGateway id="join"'),
)
def test_exclusive_merge_synchronises_nothing(process: bpmn.Spec) -> None:
    assert Run(process).answer("a").answer("b").waiting == ["after", "after"]


@SECTION.runs("parallel gateway: all flows at once; its join waits for all of them", FORK)
def test_parallel_join_waits_for_every_branch(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["a", "b"]
    assert run.answer("b").waiting == ["a"]
    assert run.answer("a").waiting == ["after"]


@SECTION.runs("join of branches: it merges nothing, since branches share their data", FORK)
def test_join_keeps_the_values_of_both_branches(process: bpmn.Spec) -> None:
    run = Run(process, votes=["yes"]).answer("a", votes=["no", "no"]).answer("b", papers=["c"])
    assert run.data == {"votes": ["no", "no"], "papers": ["c"]}
    assert run.waiting == ["after"]


@SECTION.runs("branches that set one variable: the last value counts, at once and everywhere", FORK)
def test_last_of_two_values_counts(process: bpmn.Spec) -> None:
    run = Run(process).answer("a", decision="yes").answer("b", decision="no")
    assert (run.data["decision"], run.waiting) == ("no", ["after"])


@SECTION.runs(
    "inclusive gateway: every flow whose condition is true; its join waits for exactly these", INCLUSIVE
)
def test_inclusive_gateway_takes_and_joins_what_is_true(process: bpmn.Spec) -> None:
    both = Run(process, amount=3)
    assert both.waiting == ["a", "b"]
    assert both.answer("a").waiting == ["b"]
    assert both.answer("b").waiting == ["after"]
    assert Run(process, amount=2).answer("a").waiting == ["after"]


@SECTION.runs("inclusive gateway, no condition true: the default flow", INCLUSIVE)
def test_inclusive_gateway_takes_its_default(process: bpmn.Spec) -> None:
    assert Run(process, amount=1).waiting == ["c"]


@SECTION.runs(
    "event-based gateway, message against timer: the first event cancels the other",
    race(catch("e0", message()), catch("e1", timer("timeDuration", "P3D"))),
)
def test_first_event_behind_a_gateway_wins(process: bpmn.Spec) -> None:
    paid = Run(process).happens("e0")
    assert (paid.waiting, paid.awaited) == (["t0"], [])
    late = Run(process).later(days=3)
    assert (late.waiting, late.awaited) == (["t1"], [])


@SECTION.runs(
    "event-based gateway with two timers: the shorter one",
    race(catch("e0", timer("timeDuration", "P9D")), catch("e1", timer("timeDuration", "PT1H"))),
)
def test_shorter_timer_behind_a_gateway_wins(process: bpmn.Spec) -> None:
    run = Run(process).later(hours=1)
    assert (run.waiting, run.awaited) == (["t1"], [])


test_complex_gateway_is_refused = SECTION.refused(
    "complex gateway",
    FORK.replace('parallelGateway id="join"', 'complexGateway id="join"'),
    "unsupported-element",
)
test_choice_that_is_joined_in_parallel_is_refused = SECTION.refused(
    "exclusive choice whose branches meet in a parallel join: it would wait forever",
    FORK.replace('<parallelGateway id="fork"/>', '<exclusiveGateway id="fork" default="fork-b"/>').replace(
        flow("fork", "a"), flow("fork", "a", "amount &gt; 1")
    ),
    "deadlock",
)
