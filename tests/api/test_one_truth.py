"""Over HTTP, too, what case, task, form and search show is what the next gateway decides by."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body
from tests.deciding import NEVER_WRITTEN, WRITTEN, Drawing, deployed

STEPS = 8


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_what_is_shown_decides(client: Clients, database: Database, seed: int) -> None:
    random = Random(seed)
    drawing = Drawing(random, forms=True)
    factories.deploy(database, deployed(drawing))
    values: dict[str, Any] = {name: random.randint(0, 9) for name in (*WRITTEN, *NEVER_WRITTEN)}
    case = client("portal").start("process", {"items": [1, 8], **values})
    clerk = client("caseworker")
    for _ in range(STEPS):
        tasks = body(clerk.get(f"/tasks?case={case['id']}&status=open"))["items"]
        if not tasks:
            break
        _complete(clerk, case["id"], random.choice(tasks), drawing, random)


def _complete(clerk: Client, case: str, row: Mapping[str, Any], drawing: Drawing, random: Random) -> None:
    shown, task = (body(clerk.get(path)) for path in (f"/cases/{case}", f"/tasks/{row['id']}"))
    subject = f"file {shown['data']['x0'] * 100 + shown['data']['x1'] + 1000}"
    found = body(clerk.post("/tasks/search", {"text": subject}))["items"]
    assert {shown["subject"], row["subject"], *(one["subject"] for one in found)} == {subject}
    number = int(row["element"].rpartition("/")[2].removeprefix("t"))
    names = drawing.conditions[number]
    if "/" not in row["element"]:
        ours = {name: value for name, value in shown["data"].items() if name in names}
        assert task["data"].items() >= ours.items()
    answer = {name: random.randint(0, 9) for name in names if name in WRITTEN and random.random() < 0.5}
    one, other = (answer.get(name, task["data"][name]) for name in names)
    before = len(_log(clerk, case))
    assert clerk.complete(row["id"], answer).status_code == 200
    passed = {event["element"].rpartition("/")[2] for event in _log(clerk, case)[before:] if event["element"]}
    assert passed & {f"yes{number}", f"no{number}"} == {f"yes{number}" if one > other else f"no{number}"}


def _log(clerk: Client, case: str) -> list[dict[str, Any]]:
    """The whole log of a case."""
    found: list[dict[str, Any]] = []
    path: str | None = f"/cases/{case}/events"
    while path is not None:
        page = body(clerk.get(path))
        found += page["items"]
        path = f"/cases/{case}/events?cursor={page['next']}" if page.get("next") else None
    return found
