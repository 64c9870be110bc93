"""States of releases in which parallel branches had data of their own, and had set a variable differently."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.bpmn import migrate
from tests.driving import NOW, Run, built, flow, path

FORKED = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<userTask id="c"/><userTask id="d"/><parallelGateway id="join"/>'
    '<exclusiveGateway id="choose" default="choose-low"/><userTask id="low"/><userTask id="high"/>'
    + path("start", "fork", "a", "c", "join", "choose")
    + path("fork", "b", "d", "join")
    + flow("choose", "high", "fee &gt; 10")
    + path("choose", "low")
)
PASSED, OPEN = 64, 16


def run(a: Mapping[str, Any], b: Mapping[str, Any], body: str = FORKED) -> Run:
    """A case as release 0.2.0 stored it: the branches have set these, `c` and `d` are open."""
    ids = [f"01a224bb9f9070000000{number:012d}" for number in range(6)]
    rows = [
        [ids[0], -1, PASSED, "Start", 0, None, {"fee": 0, "plot": 1}, None],
        [ids[1], 0, PASSED, "fork", 0, None, None, None],
        [ids[2], 1, PASSED, "a", 0, None, a, None],
        [ids[3], 1, PASSED, "b", 0, None, b, None],
        [ids[4], 2, OPEN, "c", 0, None, None, None],
        [ids[5], 3, OPEN, "d", 0, None, None, None],
    ]
    stored = {"format": 1, "outcome": None, "main": [rows, {}, False], "inner": []}
    return Run.stored(built(body), json.dumps(stored).encode())


def disputed(case: Run) -> list[tuple[str, list[Any], str | None]]:
    """What the last command has found."""
    return [(one.name, list(one.values), one.scope) for one in case.step.disputed]


def test_first_command_names_each_variable_with_both_values() -> None:
    case = run({"fee": 5, "plot": 2}, {"fee": 20, "plot": 2}).answer("c")
    assert disputed(case) == [("fee", [5, 20], None)]
    assert disputed(case.answer("d")) == []


@pytest.mark.parametrize("b", [{}, {"plot": 3}, {"fee": 5}], ids=["unset", "another", "same"])
def test_branches_that_agree_are_no_dispute(b: dict[str, Any]) -> None:
    case = run({"fee": 5}, b).answer("c").answer("d")
    assert case.failed == []
    assert case.waiting == ["low"]


def test_condition_that_reads_it_stops_until_a_person_has_chosen() -> None:
    case = run({"fee": 5}, {"fee": 20}).answer("c").answer("d")
    assert case.failed == [("choose", "data-conflict")]
    assert case.retry(fee=5).waiting == ["low"]


def test_retry_without_a_value_accepts_the_last_one() -> None:
    case = run({"fee": 5}, {"fee": 20}).answer("c").answer("d")
    assert case.retry().waiting == ["high"]


def test_setting_the_variable_settles_it() -> None:
    case = run({"fee": 5}, {"fee": 20}).answer("c", fee=7).answer("d")
    assert case.failed == []
    assert case.waiting == ["low"]


def test_variable_that_nothing_ahead_reads_stops_nothing() -> None:
    case = run({"plot": 5}, {"plot": 20}).answer("c").answer("d")
    assert disputed(case) == []
    assert case.failed == []


def test_dispute_is_kept_in_the_state_until_it_is_settled() -> None:
    case = run({"fee": 5}, {"fee": 20}).answer("c")
    assert json.loads(case.state or b"")["disputes"] == [[None, "fee", [5, 20]]]
    case.answer("d").retry()
    assert "disputes" not in json.loads(case.state or b"")


def test_condition_of_an_event_that_reads_it_stops() -> None:
    event = (
        '<intermediateCatchEvent id="wait"><conditionalEventDefinition><condition>fee &gt; 10</condition>'
        "</conditionalEventDefinition></intermediateCatchEvent>"
    )
    body = FORKED.replace('<exclusiveGateway id="choose" default="choose-low"/>', event)
    body = body[: body.index('<sequenceFlow id="choose-high"')].replace('Ref="choose"', 'Ref="wait"')
    body += path("wait", "high")
    case = run({"fee": 5}, {"fee": 20}, body).answer("c").answer("d")
    assert case.failed == [("wait", "data-conflict")]
    assert case.retry(fee=20).waiting == ["high"]


def test_dispute_moves_with_the_case_to_another_version() -> None:
    case = run({"fee": 5}, {"fee": 20})
    newer = FORKED.replace('<userTask id="low"/>', '<userTask id="low" name="Low"/>')
    moved = migrate(case.state or b"", case.spec, built(newer), NOW)
    assert [(one.name, list(one.values)) for one in moved.step.disputed] == [("fee", [5, 20])]
    assert json.loads(moved.step.state or b"")["disputes"] == [[None, "fee", [5, 20]]]
