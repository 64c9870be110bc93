"""A called process with mappings has variables of its own: only what is taken out of it is the case's."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body

FIELDS = {"type": "object", "properties": {"total": {"type": "integer"}, "note": {"type": "string"}}}
MAPPED = {"parvandeh__inputs": "{'amount': fee}", "parvandeh__outputs": "{'result': total}"}


@pytest.fixture
def case(client: Clients, database: Database) -> Mapping[str, Any]:
    """A case whose called process has computed `total` and `secret`, and asks for `note` twice."""
    asks = [bpmn.node("userTask", name, camunda__formKey="note.json") for name in ("a", "b")]
    child = bpmn.in_line(bpmn.script("s", "total = amount * 2\nsecret = 1"), *asks, prefix="c_")
    parent = bpmn.in_line(bpmn.node("callActivity", "call", calledElement="child", **MAPPED), "userTask z")
    files = {
        "p.bpmn": bpmn.process(*parent),
        "child.bpmn": bpmn.process(*child, key="child"),
        "note.json": json.dumps(FIELDS).encode(),
    }
    factories.deploy(database, files)
    return client("portal").start(data={"fee": 10, "total": 1})


def test_variables_of_a_called_process_are_not_the_cases(client: Clients, case: Mapping[str, Any]) -> None:
    clerk, path = client("caseworker"), f"/cases/{case['id']}"
    assert case["data"] == {"fee": 10, "total": 1}
    for answer in ({"note": "first"}, {}):
        [task] = body(clerk.get(f"/tasks?case={case['id']}&status=open"))["items"]
        clerk.complete(task["id"], answer)
    assert body(clerk.get(path))["data"] == {"fee": 10, "total": 1, "result": 20}
    sources = body(clerk.get(f"{path}/file"))["sources"]
    assert {one["field"]: one["element"] for one in sources} == {"fee": None, "total": None, "result": "call"}


def test_form_in_a_called_process_shows_what_that_decides_by(
    client: Clients, case: Mapping[str, Any]
) -> None:
    clerk = client("caseworker")
    first = case["tasks"][0]["id"]
    assert body(clerk.get(f"/tasks/{first}"))["data"] == {"total": 20}
    clerk.complete(first, {"total": 20, "note": "first"})
    [second] = body(clerk.get(f"/tasks?case={case['id']}&status=open"))["items"]
    assert body(clerk.get(f"/tasks/{second['id']}"))["data"] == {"total": 20, "note": "first"}


def test_log_names_the_call_whose_variables_were_set(client: Clients, case: Mapping[str, Any]) -> None:
    clerk = client("caseworker")
    clerk.complete(case["tasks"][0]["id"], {"note": "first"})
    log = body(clerk.get(f"/cases/{case['id']}/events"))["items"]
    set_by = {one["element"]: one["payload"] for one in log if (one["payload"] or {}).get("scope")}
    assert set_by == {
        "child/s": {"changes": {"total": 20, "secret": 1}, "scope": "call"},
        "child/a": {"data": {"note": "first"}, "scope": "call"},
    }


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_form_of_a_repeated_task_shows_its_own_item(
    client: Clients, database: Database, sequential: str
) -> None:
    loop = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">'
        '<bpmn:loopDataInputRef>owners</bpmn:loopDataInputRef><bpmn:inputDataItem id="owner"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    task = bpmn.node("userTask", "a", loop, camunda__formKey="f.json")
    owner = {"type": "string", "readOnly": True}
    form = {"type": "object", "properties": {"owner": owner, "given": {"type": "boolean"}}}
    files = {"p.bpmn": bpmn.process(*bpmn.in_line(task)), "f.json": json.dumps(form).encode()}
    factories.deploy(database, files)
    case = client("portal").start(data={"owners": ["Sara", "Reza"]})
    clerk, shown = client("caseworker"), []
    while found := body(clerk.get(f"/tasks?case={case['id']}&status=open"))["items"]:
        shown.append(body(clerk.get(f"/tasks/{found[0]['id']}"))["data"])
        clerk.complete(found[0]["id"], {"given": True})
    assert sorted(one["owner"] for one in shown) == ["Reza", "Sara"]
    assert "owner" not in body(clerk.get(f"/cases/{case['id']}"))["data"]
