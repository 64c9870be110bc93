"""Plays traces of processes and compares what is open, and the data, after each step."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import bpmn
from engine.bpmn import Source
from tests.driving import Run

NAMES = tuple(f"x{number}" for number in range(5))


def processes(file: Path) -> Iterator[Mapping[str, Any]]:
    """Yields the processes of a file, each with its trace."""
    for line in file.read_text().splitlines():
        yield json.loads(line)


def spec_of(one: Mapping[str, Any]) -> Any:
    """Returns the built process, which the check must accept."""
    files = {name: text.encode() for name, text in one["files"].items()}
    errors = bpmn.check(files).errors
    assert not errors, errors
    return bpmn.build(Source(bpmn.digest(files, {}), files, {}), one["key"])


def differences(one: Mapping[str, Any]) -> Iterator[str]:
    """Yields the first step after which something is otherwise; nothing if the traces agree."""
    run = Run(spec_of(one), **one["start"])
    for number, step in enumerate(one["trace"]):
        if number:
            _do(run, step)
        expected = step["after"] if number else step
        open_tasks = sorted(work.element.rpartition("/")[2] for work in run.open.values())
        data = {name: run.data.get(name) for name in NAMES}
        found = {"tasks": open_tasks, "data": data, "ended": run.state is None}
        if found != {key: expected[key] for key in found} or run.step.failures:
            did = step.get("task") or step.get("message")
            yield f"{one['key']} step {number} ({did}): {found} {run.failed}, expected {expected}"
            return


def _do(run: Run, step: Mapping[str, Any]) -> None:
    if "message" in step:
        element = next(wait.element for wait in run.waits.values() if wait.name == step["message"])
        run.happens(element, **step["data"])
    else:
        element = next(w.element for w in run.open.values() if w.element.rpartition("/")[2] == step["task"])
        run.answer(element, step.get("index", 0), **step["data"])
