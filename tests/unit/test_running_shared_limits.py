"""Shared data at their limits: many writes, many variables, missing ones, and more than a case may hold."""

from typing import Any

from engine.bpmn.values import MAX_BYTES
from tests.driving import Run, flow, path, script

LOOPS = (
    '<startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><userTask id="after"/>'
    + "".join(
        f'<exclusiveGateway id="again{name}"/>'
        + script(f"set{name}", f"x = x + 1\n{name} = {name} + 1")
        + f'<exclusiveGateway id="enough{name}" default="enough{name}-again{name}"/>'
        + path("fork", f"again{name}", f"set{name}", f"enough{name}", f"again{name}")
        + flow(f"enough{name}", "join", f"{name} == 500")
        for name in "ab"
    )
    + path("start", "fork")
    + path("join", "after")
)


def test_two_branches_that_write_one_variable_a_thousand_times_lose_no_write() -> None:
    run = Run(LOOPS, x=0, a=0, b=0)
    assert run.data == {"x": 1000, "a": 500, "b": 500}
    assert run.waiting == ["after"]
    assert len(run.state or b"") < 1_000


def test_variable_that_nothing_sets_while_another_branch_waits_for_it_is_an_incident_to_repair() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<exclusiveGateway id="choose" default="choose-low"/><userTask id="low"/><userTask id="high"/>'
        + script("none", "fee = None")
        + path("start", "fork", "a", "none")
        + path("fork", "b", "choose", "low")
        + flow("choose", "high", "fee &gt; 10")
    )
    run = Run(body, fee=20).answer("a").answer("b")
    assert [element for element, _ in run.failed] == ["choose"]
    assert run.retry(fee=20).waiting == ["high"]


def test_ten_thousand_variables_are_kept_and_read() -> None:
    many: dict[str, Any] = {f"v{number}": number for number in range(10_000)}
    body = (
        '<startEvent id="start"/><userTask id="a"/>'
        + script("sum", "total = v0 + v9999")
        + path("start", "a", "sum")
    )
    run = Run(body, **many).answer("a", v0=1)
    assert run.data["total"] == 10_000
    assert run.step.ended


def test_script_that_exceeds_the_limit_loses_nothing() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        + script("grow", "big = 'x' * size")
        + path("start", "fork", "a", "grow")
        + path("fork", "b")
    )
    run = Run(body, size=MAX_BYTES + 1, kept="y").answer("a", seen=True)
    assert [element for element, _ in run.failed] == ["grow"]
    assert run.data == {"size": MAX_BYTES + 1, "kept": "y", "seen": True}
    assert run.retry(size=3).data["big"] == "xxx"
    assert run.answer("b").step.ended
