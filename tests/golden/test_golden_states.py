"""Stored states of every release load, continue and finish."""

import json
from pathlib import Path

import pytest

from tests.driving import Run, built
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
    run = Run.stored(built(stored["process"], more=stored.get("more", "")), stored["state"].encode())
    for element, data in history.after:
        run.go(element, **data)
    assert run.step.ended
    kept = {**history.start, **run.data}
    for answers in (history.before, history.after):
        for _, data in answers:
            kept.update({key: value for key, value in data.items() if key not in run.data})
    assert {key: kept[key] for key in history.data} == history.data
