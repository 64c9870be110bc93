"""Many new cases with one request."""

from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import case_batches, cases
from api.command import QUOTA, Reply
from api.problems import Unauthorized
from api.quota import Quota
from engine.models import Case
from engine.platform import limits
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Uncertain
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused


def item(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "definition": "p", **more}


def test_each_case_is_started_or_refused_on_its_own_and_once(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(factories.form(x={"type": "integer"})))
    items = [item("1", data={"x": 1}), item("2", data={"x": "?"}), item("3", definition="q"), item("4")]
    portal = client("portal")
    response = portal.post("/cases/batch", {"items": items})
    first, second, third, fourth = body(response)["items"]
    assert (response.status_code, first["status"], first["case"]["data"]) == (200, 201, {"x": 1})
    assert first["case"]["secret"]
    assert (second["status"], pointers(second["problem"]), second["case"]) == (422, ["/data/x"], None)
    assert (third["status"], third["key"], fourth["status"]) == (404, "3", 201)
    again = body(portal.post("/cases/batch", {"items": [items[0], item("1b"), item("4", data={"x": 4})]}))
    assert again["items"][0] == first
    assert [one["status"] for one in again["items"]] == [201, 201, 409]
    problem = again["items"][2]["problem"]
    assert (problem["code"], "item with this key" in problem["detail"]) == ("sent-before", True)
    assert factories.count(database, Case) == 3
    # Another account's keys are its own.
    others = body(client("portal", "another").post("/cases/batch", {"items": [items[0]]}))
    assert others["items"][0]["case"]["id"] != first["case"]["id"]


def test_idempotency_key_of_a_batch_is_not_that_of_an_item(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    for keys in (["7"], ["7"], ["7", "8"]):
        sent: dict[str, Any] = {"headers": {"Idempotency-Key": "batch 7"}}
        sent["json"] = {"items": [item(key) for key in keys]}
        results = body(client("portal").send("POST", "/cases/batch", **sent))["items"]
        assert [one["status"] for one in results] == [201] * len(keys)
    assert factories.count(database, Case) == 2


def test_item_that_fails_leaves_the_others_their_results(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    usual = cases.start

    def start(uow: UnitOfWork, sent: case_batches.BatchItem) -> Reply:
        if sent.key == "locked":
            uow.connection.execute(text("DO $$ BEGIN RAISE 'locked' USING ERRCODE = '55P03'; END $$"))
        if sent.key in failures:
            raise failures[sent.key]
        return usual(uow, sent)

    failures = {"revoked": Unauthorized(), "busy": PoolTimeout(), "unknown": Uncertain("")}
    monkeypatch.setattr(case_batches, "start", start)
    begun: list[Any] = []
    monkeypatch.setattr(limits, "begin_request", lambda **of_all: begun.append(of_all))
    keys = ["1", "locked", *failures, "2"]
    results = body(client("portal").post("/cases/batch", {"items": [item(key) for key in keys]}))["items"]
    assert [one["status"] for one in results] == [201, 503, 401, 503, 503, 201]
    assert begun == [{"queued": 0}, *[{}] * len(keys)], "each item has time limits of its own"
    assert "has locked rows" in results[1]["problem"]["detail"]
    assert results[4]["problem"]["type"].endswith("outcome-unknown")
    assert factories.count(database, Case) == 2


def test_batch_that_is_wrong_itself_starts_nothing(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    portal = client("portal")
    twice = refused(portal.post("/cases/batch", {"items": [item("1"), item("1")]}), 422, "invalid")
    assert pointers(twice) == ["/items/1/key"]
    for items in ([], [item(str(number)) for number in range(101)], [item("1"), {"definition": "p"}]):
        refused(portal.post("/cases/batch", {"items": items}), 422, "invalid")
    refused(client("service").post("/cases/batch", {"items": [item("1")]}), 403, "forbidden")
    assert factories.count(database, Case) == 0


def test_batch_counts_each_item_once_or_is_refused_before_it_starts_any(
    app: APIFlask, client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    portal, items = client("portal"), [item("1"), item("2")]
    app.extensions[QUOTA] = Quota(2)
    later: dict[str, Any] = {"json": {"items": [*items, item("3")]}, "headers": {"Prefer": "respond-async"}}
    (fault,) = refused(portal.send("POST", "/cases/batch", **later), 422, "invalid")["errors"]
    assert (fault["pointer"], fault["values"]) == ("/items", {"count": 2})
    refused(portal.post("/cases/batch", {"items": items}), 429, "quota-exceeded")
    app.extensions[QUOTA] = Quota(5)
    made = [[one["case"]["id"] for one in body(portal.post("/cases/batch", {"items": items}))["items"]]]
    made += [[one["case"]["id"] for one in body(portal.post("/cases/batch", {"items": items}))["items"]]]
    assert made[0] == made[1]
    refused(portal.post("/cases/batch", {"items": [item("3"), item("4")]}), 429, "quota-exceeded")
    assert factories.count(database, Case) == 2


def test_items_without_time_are_left_to_the_next_request(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    sent: dict[str, Any] = {"json": {"items": [item("1")]}, "headers": {"Idempotency-Key": "b"}}
    with monkeypatch.context() as patched:
        patched.setattr(case_batches, "SECONDS", 0)
        (left,) = body(client("portal").send("POST", "/cases/batch", **sent))["items"]
    assert (left["status"], left["problem"]["code"], left["case"]) == (503, "no-time-left", None)
    (done,) = body(client("portal").send("POST", "/cases/batch", **sent))["items"]
    assert done["status"] == 201
