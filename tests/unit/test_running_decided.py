"""At every moment, the data that are shown of a scope are those by which its next element decides.

Over random processes and histories: what form and case show before a task is completed, and the answer, give
the branch that the gateway behind it takes; whatever other branches, events, instances and calls have set.
Some decisions read only names that nothing writes: their path is that of the start, and no case stops.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import load
from engine.bpmn.values import plain
from tests.deciding import NEVER_WRITTEN, WRITTEN, Drawing
from tests.driving import Run, document, source

HISTORIES, STEPS = 2, 25


def drawn(seed: int) -> tuple[Any, Drawing]:
    """A process that the check accepts, ready to run."""
    drawing = Drawing(Random(seed))
    body = drawing.process()
    files = {f"k{number}.bpmn": document(one, f"k{number}") for number, one in enumerate(drawing.called, 1)}
    return bpmn.build(source(body, more=drawing.more, files=files), "process"), drawing


def shown(run: Run, token: Any, element: str) -> Mapping[str, Any]:
    """What the form of a task shows, as API and pages read it."""
    own = bpmn.known_at(run.spec, run.state, token, element, run.now)
    return run.data if own is None else own


@pytest.mark.parametrize("seed", range(60))
def test_what_is_shown_decides(seed: int) -> None:
    spec, drawing = drawn(seed)
    for history in range(HISTORIES):
        random = Random(1_000 * seed + history)
        values: dict[str, Any] = {name: random.randint(0, 9) for name in (*WRITTEN, *NEVER_WRITTEN)}
        run = Run(spec, items=[1, 8], **values)
        for _ in range(STEPS):
            if run.state is None:
                break
            _require_one_truth(run)
            _act(run, drawing, random)
            assert not run.step.failures, run.failed


def _act(run: Run, drawing: Drawing, random: Random) -> None:
    """Complete a task, and require that its decision follows from what was shown; or let a message arrive."""
    if not run.open or (run.waits and random.random() < 0.3):
        token = random.choice(list(run.waits))
        run.happens(run.waits[token].element, **_answer(random))
        return
    token = random.choice(list(run.open))
    element = run.open[token].element
    number = int(element.rpartition("/")[2].removeprefix("t"))
    before, answer = shown(run, token, element), _answer(random)
    one, other = (answer.get(name, before[name]) for name in drawing.conditions[number])
    assert run.state is not None
    run._took(bpmn.complete(run.spec, run.state, token, answer, run.now))
    passed = {
        passage.element.rpartition("/")[2] for passage in run.step.passages if passage.movement == "passed"
    }
    assert passed & {f"yes{number}", f"no{number}"} == {f"yes{number}" if one > other else f"no{number}"}


def _answer(random: Random) -> dict[str, int]:
    return {name: random.randint(0, 9) for name in WRITTEN if random.random() < 0.5}


def _require_one_truth(run: Run) -> None:
    """What the case shows is its store, and what each token reads is what is shown where it is."""
    assert run.state is not None
    workflow = load(run.state, run.spec, Sandbox(run.now))
    assert workflow.values == run.data
    for tree in (workflow, *workflow.subprocesses.values()):
        for token in tree.tasks.values():
            if token.id in run.open or token.id in run.waits:
                element = token.task_spec.element.path
                assert plain(dict(token.data)) == plain(dict(shown(run, token.id, element)))
