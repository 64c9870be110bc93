"""Visits and ratings over HTTP."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    visit = bpmn.node("userTask", "a", parvandeh__presence="required")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(visit))))
    return client("portal").start()


def test_a_visit_is_recorded_corrected_and_listed(client: Clients, case: dict[str, Any]) -> None:
    path, worker = f"/cases/{case['id']}/visits", client("caseworker")
    given = {"occurred_at": case["started_at"], "reason": "identity"}
    answer = worker.post(path, given)
    assert answer.status_code == 201
    visit = body(answer)
    assert (visit["planned"], visit["recorded_by"]["name"]) == (True, "caseworker")
    assert body(worker.post(path, given)) == visit
    assert body(client("manager").get(path)) == {"count": 1, "items": [visit]}
    corrected = body(worker.post(f"{path}/{visit['id']}/correct", {"withdrawn": True}))
    assert (corrected["withdrawn"], body(worker.get(path))["count"]) == (True, 0)
    assert worker.post(f"{path}/{visit['id']}/correct", {"reason": "other"}).status_code == 409


def test_wrong_visits_and_ratings_are_explained(client: Clients, case: dict[str, Any]) -> None:
    path, worker = f"/cases/{case['id']}", client("caseworker")
    wrong = worker.post(f"{path}/visits", {"occurred_at": "2026-01-01T00:00:00", "reason": "tea"})
    assert set(pointers(body(wrong))) == {"/occurred_at", "/reason"}
    future = worker.post(f"{path}/visits", {"occurred_at": "2999-01-01T00:00:00Z", "reason": "other"})
    assert (future.status_code, pointers(body(future))) == (422, ["/occurred_at"])
    assert worker.post(f"{path}/visits/{case['id']}/correct", {"reason": "other"}).status_code == 404
    early = client("portal").post(f"{path}/rating", {"stars": 5, "had_to_come": False})
    assert (early.status_code, body(early)["code"]) == (409, "rating-early")
    many = client("portal").post(f"{path}/rating", {"stars": 9, "had_to_come": False})
    assert pointers(body(many)) == ["/stars"]
