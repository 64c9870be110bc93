"""Nobody answers blindly: the tag of a task covers the values that its form shows or asks for."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused

FORM = factories.form(
    fee={"type": "integer"},
    plot={"type": "string", "readOnly": True, "not": {}},
    owner={"type": "object", "properties": {"name": {"type": "string"}}},
)
OTHER = factories.form(
    fee={"type": "integer"},
    plot={"type": "string"},
    note={"type": "string"},
    owner={"type": "object", "properties": {"name": {"type": "string"}}},
)


@pytest.fixture
def forked(client: Clients, database: Database) -> dict[str, str]:
    """A case with the open tasks `a` and `b`, whose forms share fields."""
    factories.deploy(database, factories.side_by_side(FORM, OTHER))
    case = client("portal").start(data={"fee": 100})
    return {task["element"]: task["id"] for task in case["tasks"]}


def _read(worker: Client, task: str) -> str:
    found: str = worker.get(f"/tasks/{task}").headers["ETag"]
    return found


def _complete(worker: Client, task: str, tag: str | None, **data: Any) -> Any:
    headers = {} if tag is None else {"If-Match": tag}
    return worker.post(f"/tasks/{task}/complete", {"data": data}, headers=headers)


def test_changed_field_is_refused_with_both_values(client: Clients, forked: dict[str, str]) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    worker.complete(forked["b"], {"fee": 250})
    problem = refused(_complete(worker, forked["a"], tag, fee=100), 409, "data-changed")
    assert problem["code"] == "data-changed"
    assert problem["state"]["changes"] == [{"field": "fee", "before": 100, "now": 250}]
    assert body(worker.get(f"/tasks/{forked['a']}"))["status"] == "open"


def test_reading_again_makes_the_answer_acceptable(client: Clients, forked: dict[str, str]) -> None:
    worker = client("caseworker")
    old = _read(worker, forked["a"])
    worker.complete(forked["b"], {"fee": 250})
    assert (new := _read(worker, forked["a"])) != old
    assert _complete(worker, forked["a"], new, fee=100).status_code == 200


@pytest.mark.parametrize(
    ("written", "before", "now"),
    [
        ({"plot": "7/12"}, None, "7/12"),
        ({"owner": {"name": "x"}}, None, {"name": "x"}),
    ],
    ids=["only-shown", "object"],
)
def test_value_that_was_absent_had_none(
    client: Clients, forked: dict[str, str], written: dict[str, Any], before: Any, now: Any
) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    worker.complete(forked["b"], written)
    problem = refused(_complete(worker, forked["a"], tag), 409, "data-changed")
    (name,) = written
    assert problem["state"]["changes"] == [{"field": name, "before": before, "now": now}]


@pytest.mark.parametrize("written", [{}, {"fee": 100}, {"note": "x"}], ids=["nothing", "same", "elsewhere"])
def test_other_events_of_the_case_change_nothing_for_the_reader(
    client: Clients, forked: dict[str, str], written: dict[str, Any]
) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    worker.complete(forked["b"], written)
    assert _complete(worker, forked["a"], tag, fee=100).status_code == 200


def test_tag_of_a_claim_still_covers_what_was_read(client: Clients, forked: dict[str, str]) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    claimed = worker.post(f"/tasks/{forked['a']}/claim", headers={"If-Match": tag}).headers["ETag"]
    assert claimed != tag
    worker.complete(forked["b"], {"fee": 250})
    refused(_complete(worker, forked["a"], claimed, fee=100), 409, "data-changed")


def test_one_true_tag_of_several_is_enough(client: Clients, forked: dict[str, str]) -> None:
    worker = client("caseworker")
    old = _read(worker, forked["a"])
    worker.complete(forked["b"], {"fee": 250})
    tags = f"{old}, {_read(worker, forked['a'])}"
    assert _complete(worker, forked["a"], tags, fee=100).status_code == 200


def test_without_a_tag_the_last_answer_counts(client: Clients, forked: dict[str, str]) -> None:
    worker = client("caseworker")
    worker.complete(forked["b"], {"fee": 250})
    assert _complete(worker, forked["a"], None, fee=100).status_code == 200


@pytest.mark.parametrize("end", ["AAAAAAAAAAAA", "", "x"], ids=["false", "none", "garbage"])
def test_forged_tag_is_never_taken(client: Clients, forked: dict[str, str], end: str) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    worker.complete(forked["b"], {"fee": 250})
    forged = "-".join([*tag.strip('"').split("-", 2)[:2], end])
    assert _complete(worker, forked["a"], f'"{forged}"', fee=100).status_code in (409, 412)


def test_value_that_is_no_longer_in_the_log_is_left_out(
    client: Clients, forked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = client("caseworker")
    tag = _read(worker, forked["a"])
    worker.complete(forked["b"], {"fee": 250})
    forged = tag.strip('"').split("-", 2)
    shortened = f'"{forged[0]}-0-{forged[2]}"'
    problem = refused(_complete(worker, forked["a"], shortened, fee=100), 409, "data-changed")
    assert problem["state"]["changes"] == [{"field": "fee", "now": 250}]


def test_instances_do_not_disturb_each_other(client: Clients, database: Database) -> None:
    form = factories.form(vote={"type": "string"})
    loop = bpmn.many("<bpmn:loopCardinality>3</bpmn:loopCardinality>")
    task = bpmn.node("userTask", "a", loop, camunda__formKey="f.json")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task)), f=form))
    worker, case = client("caseworker"), client("portal").start()
    seen = {one["id"]: _read(worker, one["id"]) for one in case["tasks"]}
    answers = [_complete(worker, one, tag, vote=one) for one, tag in seen.items()]
    assert [one.status_code for one in answers] == [200, 200, 200]


def test_value_of_a_script_is_found_in_the_log(client: Clients, database: Database) -> None:
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.script("s", "fee = 1"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.node("userTask", "a", camunda__formKey="f.json"),
        bpmn.node("userTask", "b"),
        bpmn.script("t", "fee = 2"),
        bpmn.node("endEvent", "end"),
    ]
    pairs = (("start", "s"), ("s", "fork"), ("fork", "a"), ("fork", "b"), ("b", "t"), ("t", "end"))
    diagram = bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs), bpmn.flow("a", "end"))
    factories.deploy(database, factories.files(diagram, f=factories.form(fee={"type": "integer"})))
    worker, case = client("caseworker"), client("portal").start()
    tasks = {task["element"]: task["id"] for task in case["tasks"]}
    tag = _read(worker, tasks["a"])
    worker.complete(tasks["b"])
    problem = refused(_complete(worker, tasks["a"], tag, fee=1), 409, "data-changed")
    assert problem["state"]["changes"] == [{"field": "fee", "before": 1, "now": 2}]
