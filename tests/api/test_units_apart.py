"""Units of one agency: what a list shows can be read, and who has lost a post has lost all it gave."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine import definitions
from engine.models import Role
from engine.platform.db import Database
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.organisation import a_member, a_unit

# Where each listed thing is read alone.
ALONE = {
    "/cases": "/cases/{id}",
    "/tasks": "/tasks/{id}",
    "/people": "/people/{id}",
    "/migrations": "/migrations/{id}",
    "/incidents": "/cases/{case}",
    "/definitions": "/definitions/{key}",
    "/units": "/units/{key}",
}


@pytest.fixture(autouse=True)
def agency(database: Database) -> None:
    """`a` and `b` are parts of `guild`; its process has a task for caseworkers, and one for `b`."""
    a_unit(database, "guild", kind="agency")
    a_unit(database, "a", "guild")
    a_unit(database, "b", "guild")
    for unit in ("a", "b"):
        a_member(database, f"clerk {unit}", unit)
    a_member(database, "inspector b", "b", "inspector")
    there = bpmn.node("userTask", "there", parvandeh__role="inspector", parvandeh__unit="b")
    own, broken = bpmn.node("userTask", "own"), bpmn.script("s", "1 / 0")
    fork = bpmn.node("parallelGateway", "fork")
    nodes = [bpmn.node("startEvent", "start"), fork, own, there, broken, bpmn.node("endEvent", "end")]
    flows = [bpmn.flow("start", "fork")]
    flows += [bpmn.flow(*pair) for name in ("own", "there", "s") for pair in (("fork", name), (name, "end"))]
    files = factories.files(bpmn.process(*nodes, *flows))
    who = factories.an_actor(database, "designer")
    factories.as_actor(database, who, lambda uow: definitions.deploy(uow, files, unit="guild"))


def started(client: Clients, unit: str) -> dict[str, Any]:
    """A case of this unit: its id, and those of its tasks by element."""
    case = client("caseworker", f"clerk {unit}").start()
    return {"case": case["id"], **{task["element"]: task["id"] for task in case["tasks"]}}


def listed(client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """What all lists show that the account may call, each with where it is read alone."""
    for path, alone in ALONE.items():
        response = client.get(path)
        if response.status_code != 403:
            for item in body(response)["items"]:
                yield alone.format_map(item), item


@pytest.mark.parametrize("unit", ["a", "b", "guild"])
@pytest.mark.parametrize("post", ["caseworker", "inspector", "supervisor", "*"])
@pytest.mark.parametrize("role", ["administrator", "caseworker"])
def test_what_a_list_shows_can_be_read(
    client: Clients, database: Database, role: Role, post: str, unit: str
) -> None:
    for place in ("a", "b"):
        client("caseworker", f"clerk {place}").upload(f"/cases/{started(client, place)['case']}", filed.pdf())
    a_member(database, "reader", unit, post, role)
    reader = client(role, "reader")
    shown = [path for path, _ in listed(reader)]
    assert [path for path in shown if reader.get(path).status_code != 200] == []
    cases = [path for path in shown if path.startswith("/cases/")]
    assert len(set(cases)) == (2 if unit == "guild" else 1)
    for path in set(cases):
        for item in body(reader.get(f"{path}/documents"))["items"]:
            assert reader.get(f"/documents/{item['id']}").status_code == 200


def test_supervisor_gives_a_task_of_another_units_case(client: Clients, database: Database) -> None:
    task = started(client, "a")["there"]
    a_member(database, "supervisor b", "b", "supervisor")
    a_member(database, "supervisor a", "a", "supervisor")
    given = client("caseworker", "supervisor b").post(f"/tasks/{task}/assign", {"to": "inspector b"})
    assert (given.status_code, body(given)["assignee"]["name"]) == (200, "inspector b")
    refused(
        client("caseworker", "supervisor a").post(f"/tasks/{task}/assign", {"to": "clerk a"}),
        403,
        "forbidden",
    )
