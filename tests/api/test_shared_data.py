"""A hundred random processes over HTTP: after each step the API shows the tasks and data of Operaton."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body
from tests.conformance.corpus import CORPUS
from tests.conformance.laws import NAMES, processes

TRACES = CORPUS.parent / "data-law" / "traces.jsonl"
# Operaton also computes the outputs of a sub-process that an event interrupts; here, its work must be done.
BY_INTENT = {"law2x69"}
_numbers = count()

pytestmark = pytest.mark.skipif(not TRACES.exists(), reason=f"no traces beside the project ({TRACES.name})")


def test_api_shows_the_data_and_tasks_of_operaton_after_each_step(
    client: Clients, database: Database
) -> None:
    different = {}
    for one in processes(TRACES):
        factories.deploy(database, {name: text.encode() for name, text in one["files"].items()})
        if difference := _difference(client, one):
            different[one["key"]] = difference
    assert different.keys() == BY_INTENT, different


def _difference(client: Clients, one: Mapping[str, Any]) -> str | None:
    """The first step after which something is otherwise; None if the traces agree."""
    worker = client("caseworker")
    tasks: list[dict[str, Any]] = []
    case: str = client("portal").start(one["key"], one["start"])["id"]
    for number, step in enumerate(one["trace"]):
        if number:
            _do(client, tasks, step)
        expected = step["after"] if number else step
        shown = body(worker.get(f"/cases/{case}"))
        tasks = sorted(shown["tasks"], key=lambda task: str(task["id"]))  # the oldest first
        found = {
            "tasks": sorted(map(_name, tasks)),
            "data": {name: shown["data"].get(name) for name in NAMES},
            "ended": shown["status"] == "completed",
        }
        if found != {key: expected[key] for key in found} or shown["incidents"]:
            return f"step {number}: {found} {shown['incidents']}, expected {expected}"
    return None


def _name(task: Mapping[str, Any]) -> str:
    return str(task["element"].rpartition("/")[2])


def _do(client: Clients, tasks: Sequence[Mapping[str, Any]], step: Mapping[str, Any]) -> None:
    """Sends a message, or completes the open task of a step."""
    if "message" in step:
        message = {"name": step["message"], "id": f"m{next(_numbers)}", "data": step["data"]}
        assert client("service").post("/messages", message).status_code == 200
        return
    among = [task["id"] for task in tasks if _name(task) == step["task"]]
    done = client("caseworker").complete(among[step.get("index", 0)], step["data"])
    assert done.status_code == 200, done.text
