"""Modified cases are where a case could have come by itself, and end like it; all else is refused."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from engine import bpmn
from engine.bpmn import Spec, Unmodifiable
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import load
from engine.bpmn.run.tokens import FINISHED, FORESEEN
from tests.driving import NOW, Run, built, flow, path

TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def tasks(*names: str) -> str:
    return "".join(f'<userTask id="{name}"/>' for name in names)


START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
CHOICE = (
    START + tasks("a", "b", "c", "d") + END
    + '<exclusiveGateway id="x" default="x-c"/><exclusiveGateway id="y"/>'
    + path("start", "a", "x") + flow("x", "b", "v == 1") + flow("x", "c") + path("b", "y") + path("c", "y")
    + path("y", "d", "end")
)  # fmt: skip
LOOP = (
    START + tasks("a", "b") + '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-end"/>' + END
    + path("start", "m", "a", "b", "x") + flow("x", "m", "v == 1") + path("x", "end")
)  # fmt: skip
FORK = (
    START + tasks("a", "b1", "b2", "c", "d") + '<parallelGateway id="f"/><parallelGateway id="j"/>' + END
    + path("start", "a", "f") + path("f", "b1", "b2", "j") + path("f", "c", "j") + path("j", "d", "end")
)  # fmt: skip
NESTED = (
    START + tasks("a", "b", "c", "d", "e")
    + "".join(f'<parallelGateway id="{name}"/>' for name in ("f", "g", "k", "j")) + END
    + path("start", "f") + path("f", "a", "j") + path("f", "b", "g") + path("g", "c", "k")
    + path("g", "d", "k")
    + path("k", "e", "j") + path("j", "end")
)  # fmt: skip
APART = (
    START + tasks("a", "b", "c", "d") + '<parallelGateway id="f"/><endEvent id="e1"/><endEvent id="e2"/>'
    + path("start", "a", "f") + path("f", "b", "c", "e1") + path("f", "d", "e2")
)  # fmt: skip
SIDE = (
    START + tasks("a") + END + path("start", "a", "end")
    + '<subProcess id="s" triggeredByEvent="true"><startEvent id="s0" isInterrupting="false">'
    + f'{TIMER}</startEvent><userTask id="i"/>' + path("s0", "i") + "</subProcess>"
)  # fmt: skip
INCLUSIVE = (
    START + tasks("a", "b1", "b2", "c", "d")
    + '<inclusiveGateway id="f" default="f-c"/><inclusiveGateway id="j"/>' + END
    + path("start", "a", "f") + flow("f", "b1", "v == 1") + flow("f", "c") + path("b1", "b2", "j")
    + path("c", "j") + path("j", "d", "end")
)  # fmt: skip
EVENTS = (
    START + tasks("a", "b", "c")
    + f'<eventBasedGateway id="g"/><intermediateCatchEvent id="t">{TIMER}</intermediateCatchEvent>'
    + f'<intermediateCatchEvent id="u">{TIMER}</intermediateCatchEvent><exclusiveGateway id="m"/>' + END
    + path("start", "a", "g") + path("g", "t", "b", "m") + path("g", "u", "m") + path("m", "c", "end")
)  # fmt: skip
BORDERED = (
    START + tasks("a", "b", "c", "n", "z")
    + f'<boundaryEvent id="late" attachedToRef="a">{TIMER}</boundaryEvent>'
    + f'<boundaryEvent id="note" attachedToRef="b" cancelActivity="false">{TIMER}</boundaryEvent>'
    + END + '<endEvent id="e2"/><exclusiveGateway id="m"/>'
    + path("start", "a", "b", "m", "z", "end") + path("late", "c", "m") + path("note", "n", "e2")
)  # fmt: skip
INSIDE = (
    START + tasks("a", "z") + '<subProcess id="s"><startEvent id="s0"/><userTask id="i"/>'
    + path("s0", "i") + '</subProcess><userTask id="m"><multiInstanceLoopCharacteristics>'
    + "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask>" + END
    + path("start", "a", "s", "m", "z", "end")
)  # fmt: skip
PROCESSES = {
    "choice": CHOICE, "loop": LOOP, "fork": FORK, "nested": NESTED, "apart": APART, "side": SIDE,
    "inclusive": INCLUSIVE, "events": EVENTS, "bordered": BORDERED, "inside": INSIDE,
}  # fmt: skip

Marking = tuple[tuple[str, str], ...]


def marking(run: Run) -> Marking:
    """Where a case is: each live token's element, and for those that wait at a join the one before it."""
    if run.state is None:
        return ()
    workflow = load(run.state, run.spec, Sandbox(NOW))
    trees = (workflow, *workflow.subprocesses.values())
    live = [one for tree in trees for one in tree.tasks.values() if not one._state & (FINISHED | FORESEEN)]
    return tuple(
        sorted((one.task_spec.name, one.parent.task_spec.name) for one in live if one.task_spec.element)
    )


def where(found: Marking) -> tuple[str, ...]:
    """The same without what came before: a token that was moved comes from elsewhere."""
    return tuple(sorted(f"{name} after {before}" if name in ("j", "k") else name for name, before in found))


def copied(run: Run) -> Run:
    assert run.state is not None
    return Run.stored(run.spec, run.state)


def reached(spec: Spec) -> dict[tuple[str, ...], Run]:
    """A case for each place to which cases of a process can come, whatever is answered and happens."""
    first = Run(spec, v=0)
    found, left = {where(marking(first)): first}, deque([first])
    while left:
        run = left.popleft()
        for element, v in product({*run.waiting, *run.awaited}, (0, 1)):
            after = copied(run)
            done = after.answer(element, v=v) if element in after.waiting else after.happens(element, v=v)
            place = where(marking(done))
            if place not in found:
                found[place] = done
                if done.state is not None:
                    left.append(done)
    return found


def changes(run: Run, elements: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What may be asked for: one or all elements are left, and none or one entered."""
    here = sorted({name for name, _ in marking(run)})
    for leave in [[name] for name in here] + [here]:
        yield leave, []
        for element in elements:
            yield leave, [element]


@pytest.mark.parametrize("name", PROCESSES)
def test_modified_case_is_where_a_case_can_come(name: str) -> None:
    spec = built(PROCESSES[name])
    places = reached(spec)
    elements = sorted(spec.elements)
    accepted = 0
    for run in [one for one in places.values() if one.state is not None]:
        assert run.state is not None
        for leave, enter in changes(run, elements):
            after = copied(run)
            try:
                after._took(bpmn.modify(spec, run.state, leave, enter, NOW))
            except Unmodifiable:
                continue
            accepted += 1
            assert where(marking(after)) in places, (where(marking(run)), leave, enter)
            assert not after.failed
            assert after.state is None or after.waiting or after.awaited, "it has work, or it has ended"
    assert accepted, "some changes are possible in each of them"


def modified(body: str, leave: Sequence[str], *enter: str, done: Sequence[str] = ()) -> Run:
    run = Run(body, v=1)
    for element in done:
        run.go(element)
    assert run.state is not None
    return run._took(bpmn.modify(run.spec, run.state, leave, enter, NOW))


@pytest.mark.parametrize(
    ("body", "done", "leave", "enter", "end"),
    [
        (CHOICE, ["a", "b"], ["d"], "a", ["a", "b", "d"]),
        (CHOICE, [], ["a"], "c", ["c", "d"]),
        (FORK, ["a"], ["b1"], "b2", ["b2", "c", "d"]),
        (FORK, ["a", "b1"], ["b2"], "b1", ["b1", "c", "b2", "d"]),
        (FORK, ["a", "b1", "b2"], ["c", "j"], "d", ["d"]),
        (FORK, ["a", "c"], ["b1", "j"], "a", ["a", "b1", "b2", "c", "d"]),
        (EVENTS, ["a"], ["t"], "b", ["b", "c"]),
        (INSIDE, ["a"], ["s"], "m", ["m", "m", "z"]),
        (BORDERED, [], ["a"], "c", ["c", "z"]),
    ],
)
def test_modified_case_ends_like_one_that_came_there(
    body: str, done: list[str], leave: list[str], enter: str, end: list[str]
) -> None:
    run = modified(body, leave, enter, done=done)
    for element in end:
        run.answer(element, v=1)
    assert (run.state, run.waits, run.calls) == (None, {}, {})


@pytest.mark.parametrize(
    ("body", "done", "leave", "enter", "code"),
    [
        (FORK, ["a"], ["b1"], ["d"], "branches"),
        (FORK, ["a"], ["b1"], ["c"], "branches"),
        (FORK, ["a"], ["b1"], ["a"], "branches"),
        (FORK, ["a"], ["b1"], ["j"], "join"),
        (FORK, ["a"], ["b1"], [], "branches"),
        (FORK, ["a"], ["b1", "c"], ["b2"], "branches"),
        (FORK, ["a"], [], ["b2"], "additional"),
        (FORK, [], ["a"], [], "nothing-left"),
        (APART, ["a", "d", "b"], ["c"], [], "nothing-left"),
        (FORK, [], [], [], "empty"),
        (FORK, [], ["c"], ["a"], "not-there"),
        (INSIDE, ["a"], ["s"], ["i"], "other-scope"),
        (INSIDE, ["a"], ["i"], ["z"], "not-there"),
        (FORK, [], ["a"], ["f"], "join"),
        (EVENTS, [], ["a"], ["t"], "alternative"),
        (CHOICE, [], ["a"], ["start"], "not-enterable"),
        (BORDERED, [], ["a"], ["late"], "not-enterable"),
        (CHOICE, [], ["a"], ["nowhere"], "other-scope"),
    ],
)
def test_what_could_run_wrongly_is_refused(
    body: str, done: list[str], leave: list[str], enter: list[str], code: str
) -> None:
    with pytest.raises(Unmodifiable) as refused:
        modified(body, leave, *enter, done=done)
    assert refused.value.code == code


def test_task_that_is_left_is_cancelled_with_its_events() -> None:
    run = modified(BORDERED, ["a"], "b")
    assert run.waiting == ["b"]
    assert run.awaited == ["note"]
    assert ("cancelled", "a") in run.log
