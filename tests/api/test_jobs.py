"""The queue over HTTP: how much waits and since when, and what was given up."""

import pytest
from apiflask import APIFlask

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused

CALLING = bpmn.node("serviceTask", "ask", parvandeh__connector="it", parvandeh__result="reply")


@pytest.fixture
def waiting(client: Clients, database: Database) -> None:
    """Two cases whose calls nobody has made."""
    factories.deploy(database, factories.files(bpmn.line(CALLING)))
    for _ in range(2):
        client("portal").start()


@pytest.mark.usefixtures("waiting")
def test_queues_tell_their_depth_and_age(client: Clients) -> None:
    found = body(client("administrator").get("/jobs"))
    queues = {queue["queue"]: queue for queue in found["queues"]}
    assert (queues["calls"]["waiting"], queues["cases"]["waiting"], found["workers"]) == (2, 0, 0)
    assert queues["calls"]["age"] >= 0
    assert queues["cases"]["age"] is None


def test_job_that_was_given_up_is_listed_and_tried_anew_once(client: Clients, database: Database) -> None:
    job = factories.a_failed_job(database)
    administrator = client("administrator")
    (listed,) = body(administrator.get("/jobs"))["failed"]
    assert (listed["id"], listed["task"]) == (job, "begin")
    assert body(administrator.post(f"/jobs/{job}/retry")) == listed
    found = body(administrator.get("/jobs"))
    assert (found["failed"], found["queues"][0]["waiting"]) == ([], 1)
    refused(administrator.post(f"/jobs/{job}/retry"), 404, "not-found")


@pytest.mark.parametrize("number", [0, 1 << 62, 1 << 70])
def test_unknown_job_is_not_found(client: Clients, number: int) -> None:
    refused(client("administrator").post(f"/jobs/{number}/retry"), 404, "not-found")


@pytest.mark.usefixtures("waiting")
def test_readiness_tells_the_queues(app: APIFlask) -> None:
    ready = body(app.test_client().get("/readyz"))
    assert ready["status"] == "ready"
    assert [(queue["queue"], queue["waiting"]) for queue in ready["queues"]] == [
        *(("cases", 0), ("calls", 2), ("checks", 0))
    ]
