"""Cases that run for years: nothing grows, nothing freezes, nothing runs for ever."""

import pytest

from engine import bpmn
from engine.bpmn.run.workflow import STEP_BUDGET
from tests.driving import NOW, Run, flow, path, script

ROUNDS = (
    '<startEvent id="start"/><exclusiveGateway id="again"/>'
    + script("count", "n = n + 1")
    + '<userTask id="work"/><exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
    + path("start", "again", "count", "work", "done")
    + flow("done", "again")
    + flow("done", "end", "stop")
)
FORKED_ROUNDS = (
    '<startEvent id="start"/><exclusiveGateway id="again"/><parallelGateway id="fork"/>'
    '<userTask id="a"/><userTask id="b"/><parallelGateway id="join"/>'
    '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
    + path("start", "again", "fork", "a", "join", "done")
    + path("fork", "b", "join")
    + flow("done", "again")
    + flow("done", "end", "stop")
)


def test_thousand_rounds_end_and_their_state_does_not_grow() -> None:
    run = Run(ROUNDS, n=0, stop=False)
    sizes = set()
    for _ in range(999):
        run.answer("work")
        sizes.add(len(run.state or b""))
    assert run.answer("work", stop=True).step.ended
    assert run.data["n"] == 1000
    assert max(sizes) - min(sizes) < 20  # the counter's digits


def test_rounds_with_a_fork_and_a_join_do_not_grow_either() -> None:
    run = Run(FORKED_ROUNDS, stop=False)
    run.answer("a").answer("b")
    size = len(run.state or b"")
    for _ in range(50):
        run.answer("a").answer("b")
    assert len(run.state or b"") == size
    assert run.answer("a").answer("b", stop=True).step.ended


def test_rounds_of_a_sub_process_do_not_grow_either() -> None:
    process = ROUNDS.replace(
        '<userTask id="work"/>',
        '<subProcess id="sub"><startEvent id="in"/><userTask id="work"/>'
        + path("in", "work")
        + "</subProcess>",
    ).replace(path("count", "work", "done"), path("count", "sub", "done"))
    run = Run(process, n=100, stop=False).answer("work")
    size = len(run.state or b"")
    for _ in range(8):
        run.answer("work")
    assert len(run.state or b"") == size


def test_loop_without_end_stops_at_the_step_budget_and_can_go_on() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/>'
        '<exclusiveGateway id="choice" default="choice-again"/>'
        '<endEvent id="end"/>'
        + path("start", "again", "choice")
        + flow("choice", "again")
        + flow("choice", "end", "False")
    )
    run = Run(process)
    assert run.failed[0][1] == "step-budget"
    assert len(run.passed) == STEP_BUDGET - 1  # one step is the library's own start
    assert run.retry().failed[0][1] == "step-budget"


def test_three_hundred_elements_in_a_row_run_in_one_command() -> None:
    names = [f"g{number}" for number in range(296)]
    gateways = "".join(f'<exclusiveGateway id="{name}"/>' for name in names)
    run = Run('<startEvent id="start"/>' + gateways + '<userTask id="last"/>' + path("start", *names, "last"))
    assert run.waiting == ["last"]


def test_state_holds_the_same_whatever_the_length_of_the_process() -> None:
    names = [f"t{number}" for number in range(200)]
    tasks = "".join(f'<userTask id="{name}"/>' for name in names)
    run = Run('<startEvent id="start"/>' + tasks + path("start", *names))
    assert len(run.state or b"") < 400


def test_state_of_a_later_format_is_refused() -> None:
    run = Run(ROUNDS, n=0, stop=False)
    later = (run.state or b"").replace(b'"format":2', b'"format":3')
    with pytest.raises(ValueError, match="format 3"):
        bpmn.cancel(run.spec, later, NOW)


def test_completing_a_token_that_is_not_there_is_refused() -> None:
    run = Run(ROUNDS, n=0, stop=False)
    done = next(iter(run.open))
    state = run.answer("work").state or b""
    with pytest.raises(LookupError):
        bpmn.complete(run.spec, state, done, {}, NOW)


def test_retrying_a_token_that_did_not_fail_is_refused() -> None:
    run = Run(ROUNDS, n=0, stop=False)
    with pytest.raises(LookupError):
        bpmn.retry(run.spec, run.state or b"", next(iter(run.open)), NOW)


def test_step_budget_stops_many_instances_with_one_incident_that_a_retry_resolves() -> None:
    process = (
        '<startEvent id="start"/><subProcess id="sub"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>900</loopCardinality></multiInstanceLoopCharacteristics>"
        '<startEvent id="in"/><exclusiveGateway id="g"/><exclusiveGateway id="h"/>'
        + path("in", "g", "h")
        + '</subProcess><userTask id="after"/>'
        + path("start", "sub", "after")
    )
    run = Run(process)
    assert [code for _, code in run.failed] == ["step-budget"]
    assert run.retry().waiting == ["after"]


@pytest.mark.parametrize("message", ["'a' + chr(0)", "'x' * 30_000_000"])
def test_message_of_a_failure_is_short_and_can_be_stored(message: str) -> None:
    run = Run(
        '<startEvent id="start"/>' + script("fails", f"raise ValueError({message})") + path("start", "fails")
    )
    told = run.step.failures[0].message
    assert "\0" not in told
    assert len(told) <= 2_000
