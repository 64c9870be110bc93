"""Stored states of every release load, go on and finish."""

import json
from pathlib import Path

import pytest

from engine.bpmn.script import Sandbox
from engine.bpmn.state import load
from engine.bpmn.step import Work
from engine.bpmn.workflow import READY
from tests.driving import NOW, Run, built
from tests.golden.histories import HISTORIES

RELEASES = {path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("*.json")}
AFTER = {history.name: history for history in HISTORIES}


def test_there_is_a_release_to_keep() -> None:
    assert RELEASES


@pytest.mark.parametrize(
    ("release", "name"), [(release, name) for release, states in RELEASES.items() for name in states]
)
def test_stored_state_goes_on_and_finishes(release: str, name: str) -> None:
    stored, history = RELEASES[release][name], AFTER[name]
    run = Run.__new__(Run)
    run.spec, run.state, run.data, run.log = built(stored["process"]), stored["state"].encode(), {}, []
    workflow = load(run.state, run.spec, Sandbox(NOW))
    trees = [workflow, *workflow.subprocesses.values()]
    ready = [
        token for tree in trees for token in tree.tasks.values() if token._state == READY and token.human
    ]
    run.open = {token.id: Work(token.id, token.task_spec.element.path, "", None) for token in ready}
    for element, data in history.after:
        run.answer(element, **data)
    assert run.step.ended
    kept = {**history.start, **run.data}
    for answers in (history.before, history.after):
        for _, data in answers:
            kept.update({key: value for key, value in data.items() if key not in run.data})
    assert {key: kept[key] for key in history.data} == history.data
