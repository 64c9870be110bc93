"""The visits that a diagram plans: the least, the most, and those along a path."""

import itertools
from collections.abc import Mapping, Sequence

import pytest

from engine import bpmn as engine_bpmn
from engine.bpmn import PlannedVisits, Source
from tests import bpmn


def visit(name: str, inside: str = "", presence: str = "required") -> str:
    return bpmn.node("userTask", name, inside, parvandeh__presence=presence)


def planned(*elements: str, calls: Mapping[str, bytes] | None = None) -> PlannedVisits:
    bound = {key: Source(key, {"p.bpmn": content}, {}) for key, content in (calls or {}).items()}
    return engine_bpmn.planned_visits(Source("digest", {"p.bpmn": bpmn.process(*elements)}, bound), "p")


def branches(split: str, *paths: Sequence[str], more: Sequence[str] = ()) -> PlannedVisits:
    """Start → split → each path of visits → join → end."""
    nodes = [visit(name) for path in paths for name in path]
    flows = [
        bpmn.flow(*ends)
        for path in paths
        for ends in itertools.pairwise(["split", *path, "join"])
    ]  # fmt: skip
    nodes += [bpmn.node(split, "split"), bpmn.node(split, "join")]
    ends = [bpmn.node("startEvent", "start"), bpmn.node("endEvent", "end")]
    return planned(*ends, *nodes, bpmn.flow("start", "split"), *flows, bpmn.flow("join", "end"), *more)


def counts(found: PlannedVisits) -> tuple[int, int]:
    return found.least, found.most


@pytest.mark.parametrize(
    ("split", "expected"),
    [("exclusiveGateway", (0, 2)), ("parallelGateway", (3, 3)), ("inclusiveGateway", (0, 3))],
)
def test_branches(split: str, expected: tuple[int, int]) -> None:
    assert counts(branches(split, ["a", "b"], ["c"], [])) == expected


def test_what_follows_a_join_is_counted_once() -> None:
    more = [visit("z"), bpmn.flow("join", "z"), bpmn.flow("z", "end")]
    assert counts(branches("parallelGateway", ["a"], ["b"], more=more)) == (3, 3)


def test_only_required_ones_count() -> None:
    found = planned(*bpmn.in_line(visit("a"), visit("b", presence="optional"), visit("c", presence="none")))
    assert (counts(found), found.steps, found.optional) == ((1, 1), ("a",), ("b",))
    assert planned(*bpmn.in_line("userTask a")) == PlannedVisits()


def test_a_loop_counts_once_and_is_marked() -> None:
    drawn = [
        *(bpmn.node("startEvent", "start"), bpmn.node("endEvent", "end")),
        *(visit("a"), bpmn.node("exclusiveGateway", "x"), visit("b")),
        *(bpmn.flow("start", "a"), bpmn.flow("a", "x"), bpmn.flow("x", "b"), bpmn.flow("b", "a")),
        bpmn.flow("x", "end"),
    ]
    found = planned(*drawn)
    assert (counts(found), sorted(found.repeated)) == ((1, 2), ["a", "b"])
    many = planned(*bpmn.in_line(visit("a", bpmn.many("<bpmn:loopCardinality>3</bpmn:loopCardinality>"))))
    assert (counts(many), many.repeated) == ((1, 1), ("a",))


@pytest.mark.parametrize(("interrupts", "expected"), [("true", (0, 2)), ("false", (1, 2))])
def test_boundary_events(interrupts: str, expected: tuple[int, int]) -> None:
    timer = "<bpmn:timerEventDefinition/>"
    border = bpmn.node("boundaryEvent", "late", timer, attachedToRef="a", cancelActivity=interrupts)
    more = [border, visit("b"), bpmn.node("endEvent", "other"), bpmn.node("exclusiveGateway", "x")]
    flows = [bpmn.flow("late", "x"), bpmn.flow("x", "b"), bpmn.flow("b", "other"), bpmn.flow("x", "other")]
    assert counts(planned(*bpmn.in_line(visit("a")), *more, *flows)) == expected


def test_sub_processes_and_called_processes() -> None:
    inside = "\n".join(bpmn.in_line(visit("b"), prefix="in_"))
    called = bpmn.node("callActivity", "call", calledElement="q")
    drawn = bpmn.in_line(visit("a"), bpmn.node("subProcess", "s", inside), called)
    found = planned(*drawn, calls={"q": bpmn.process(*bpmn.in_line(visit("c")), key="q")})
    assert (counts(found), sorted(found.steps)) == ((3, 3), ["a", "b", "q/c"])


def test_a_process_that_calls_itself_ends() -> None:
    called = bpmn.node("callActivity", "call", calledElement="p")
    assert planned(*bpmn.in_line(visit("a"), called)).most == 1


def test_visits_along_the_path() -> None:
    found = branches("exclusiveGateway", ["a", "b"], ["c"])
    assert [found.along(path) for path in (["split", "a", "b"], ["c", "join", "c"], [])] == [2, 1, 0]
