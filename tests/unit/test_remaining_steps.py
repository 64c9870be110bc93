"""The number of remaining steps of people: shown where a diagram determines it, and nowhere else."""

import pytest

from engine import bpmn as engine_bpmn
from engine.bpmn import Source, Spec
from tests import bpmn, factories

SHIPPED = ("verify-identity", "collect-fee", "objection")


def built(content: bytes) -> Spec:
    return engine_bpmn.build(Source("digest", {"p.bpmn": content}, {}), "p")


def test_steps_in_a_line_are_counted_to_the_end() -> None:
    spec = built(bpmn.line("userTask a", "receiveTask x", "userTask b", "manualTask c"))
    assert engine_bpmn.steps_ahead(spec) == 3
    assert engine_bpmn.steps_ahead(spec, ["b"]) == 2
    assert engine_bpmn.steps_ahead(spec, ["a", "c"]) == 3


def test_plain_tasks_are_steps_of_people() -> None:
    assert engine_bpmn.steps_ahead(built(bpmn.line("task a", "task b", "task c"))) == 3


def test_the_longest_of_several_ways_is_told() -> None:
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        *(bpmn.node("userTask", name) for name in ("a", "b", "c")),
        *(bpmn.node("endEvent", name) for name in ("short", "long")),
    ]
    ways = [("start", "fork"), ("fork", "a"), ("fork", "b"), ("b", "c"), ("a", "short"), ("c", "long")]
    spec = built(bpmn.process(*nodes, *(bpmn.flow(*ends) for ends in ways)))
    assert engine_bpmn.steps_ahead(spec) == 2
    assert engine_bpmn.steps_ahead(spec, ["a"]) == 1


def test_a_way_back_counts_each_step_once() -> None:
    spec = built(factories.counting("n > 3")["p.bpmn"].replace(b"scriptTask", b"userTask"))
    assert engine_bpmn.steps_ahead(spec) == 1


def test_without_steps_there_are_none() -> None:
    spec = built(bpmn.line("receiveTask a"))
    assert engine_bpmn.steps_ahead(spec) == 0
    assert engine_bpmn.steps_ahead(spec, []) is None


def test_steps_in_a_sub_process_are_not_guessed_at() -> None:
    inner = "\n".join(bpmn.in_line("userTask b", prefix="in_"))
    spec = built(bpmn.line("userTask a", bpmn.node("subProcess", "s", inner)))
    assert engine_bpmn.steps_ahead(spec) is None


def test_those_of_the_licence_include_what_happens_at_the_border_of_others() -> None:
    called = {key: Source(key, factories.shipped(key), {}) for key in SHIPPED}
    content = Source("digest", factories.shipped(factories.LICENCE), called)
    spec = engine_bpmn.build(content, factories.LICENCE)
    assert engine_bpmn.steps_ahead(spec) == 4
    assert engine_bpmn.steps_ahead(spec, ["decide"]) == 1


@pytest.mark.parametrize(
    ("written", "told"),
    [("<x/>", ""), ("<bpmn:documentation>what\n  it is</bpmn:documentation>", "what it is")],
)
def test_what_is_written_of_a_process_is_known(written: str, told: str) -> None:
    drawn = bpmn.line("task a", before=written if told else "")
    assert built(drawn).description == told
