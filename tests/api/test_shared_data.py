"""Over HTTP, random processes have the data and tasks that Operaton has, after each step."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body
from tests.conformance.laws import NAMES, processes
from tests.conformance.test_shared_data import BY_INTENT, TRACES

PLAYED = 10  # of the hundred, which are all replayed in memory

pytestmark = pytest.mark.skipif(not TRACES.exists(), reason=f"no traces beside the project ({TRACES.name})")


def test_data_and_tasks_are_those_of_operaton_after_each_step(client: Clients, database: Database) -> None:
    played = [one for one in processes(TRACES) if one["key"] not in BY_INTENT][:: 100 // PLAYED]
    assert len(played) == PLAYED
    for one in played:
        factories.deploy(database, {name: text.encode() for name, text in one["files"].items()})
        case = client("portal").start(one["key"], one["start"])
        for number, step in enumerate(one["trace"]):
            if number:
                _do(client, case, step)
            expected = step["after"] if number else step
            assert _state(client("caseworker"), case["id"]) == {key: expected[key] for key in _STATE}, (
                f"{one['key']} step {number}"
            )


_STATE = ("tasks", "data", "ended")


def _state(clerk: Client, case: str) -> dict[str, Any]:
    shown = body(clerk.get(f"/cases/{case}"))
    return {
        "tasks": sorted(task["element"].rpartition("/")[2] for task in _tasks(clerk, case)),
        "data": {name: shown["data"].get(name) for name in NAMES},
        "ended": shown["status"] == "completed",
    }


def _tasks(clerk: Client, case: str) -> list[dict[str, Any]]:
    """The open tasks, the oldest first."""
    found = body(clerk.get(f"/tasks?case={case}&status=open"))["items"]
    return sorted(found, key=lambda task: str(task["id"]))


def _do(client: Clients, case: Mapping[str, Any], step: Mapping[str, Any]) -> None:
    if "message" in step:
        keys = {"case_number": case["case_number"]}
        sent = {"name": step["message"], "id": step["message"], "correlation": keys, "data": step["data"]}
        assert client("service").post("/messages", sent).status_code == 200
        return
    clerk = client("caseworker")
    tasks = [task for task in _tasks(clerk, case["id"]) if task["element"].rpartition("/")[2] == step["task"]]
    done = clerk.complete(tasks[step.get("index", 0)]["id"], step["data"])
    assert done.status_code == 200, done.text
