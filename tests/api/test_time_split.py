"""Where the time of a case went, over HTTP."""

from itertools import pairwise
from typing import Any

from engine.platform.db import Database
from engine.timeline import BUCKETS
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body


def test_time_of_a_case_adds_up(client: Clients, database: Database) -> None:
    factories.work_every_day(database)
    factories.deploy(database, factories.one_task())
    worker = client("caseworker")
    case = body(worker.post("/cases", {"definition": "p"}))
    task = case["tasks"][0]["id"]
    assert worker.post(f"/tasks/{task}/claim").status_code == 200
    assert worker.post(f"/tasks/{task}/complete", {"data": {}}).status_code == 200
    found: dict[str, Any] = body(worker.get(f"/cases/{case['id']}/time"))
    assert tuple(one["bucket"] for one in found["buckets"]) == BUCKETS
    assert sum(one["ms"] for one in found["buckets"]) == found["ms"] > 0
    assert {one["bucket"]: one["share"] for one in found["buckets"]}["in_queue"] == 1
    segments = found["segments"]
    assert (segments[0]["from_at"], segments[-1]["to_at"]) == (found["started_at"], found["until_at"])
    assert all(one["to_at"] == two["from_at"] for one, two in pairwise(segments))
    assert {(one["bucket"], one["party"], one["element"]) for one in segments} == {("in_queue", "root", "a")}
    assert (found["approximate"], found["delay"]) == (False, None)
    assert body(worker.get(f"/cases/{case['id']}/time")) == found, "it has ended"


def test_time_of_an_unknown_case_is_not_found(client: Clients) -> None:
    answer = client("caseworker").get("/cases/00000000-0000-7000-8000-000000000001/time")
    assert answer.status_code == 404
