"""Incidents over HTTP: they come with the answer, are listed, and are retried."""

from uuid import uuid4

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused

FAILING = factories.scripted("fee = amount / 0")


def test_completion_before_a_failing_script_succeeds_and_tells_the_incident(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, FAILING)
    case = client("portal").start()
    response = client("caseworker").complete(case["tasks"][0]["id"], {"amount": 1})
    assert response.status_code == 200
    done = body(response)
    (incident,) = done["incidents"]
    assert (incident["element"], incident["line"], done["case"]["status"]) == ("s", 1, "active")
    assert body(client("portal").get(f"/cases/{case['id']}"))["incidents"] == [incident]


def test_start_that_fails_on_its_way_is_a_case_with_an_incident(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    case = client("portal").start()
    assert (case["status"], [incident["element"] for incident in case["incidents"]]) == ("active", ["s"])


def test_open_incidents_are_listed_unless_others_are_asked_for(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    case = client("portal").start()
    administrator = client("administrator")
    (first,) = body(administrator.get("/incidents"))["items"]
    retried = body(administrator.post(f"/incidents/{first['id']}/retry"))
    (second,) = body(administrator.get(f"/incidents?case={case['id']}"))["items"]
    assert first["case"] == second["case"] == case["id"]
    assert [incident["id"] for incident in retried["incidents"]] == [second["id"]]
    (resolved,) = body(administrator.get("/incidents?status=resolved"))["items"]
    assert (resolved["id"], resolved["status"]) == (first["id"], "resolved")
    assert resolved["resolved_at"] is not None


@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", "A script or expression failed."), ("fa", "اجرای یک اسکریپت یا عبارت خطا داد.")],
)
def test_incidents_are_explained_in_the_callers_language(
    client: Clients, database: Database, language: str, reason: str
) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    client("portal").start()
    answer = client("administrator").get("/incidents", headers={"Accept-Language": language})
    (found,) = body(answer)["items"]
    assert (found["code"], found["reason"]) == ("script-failed", reason)
    assert found["fix"]
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == (language, "Accept-Language")


def test_incidents_come_in_pages(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    for _ in range(51):
        client("portal").start()
    first = body(client("administrator").get("/incidents"))
    second = body(client("administrator").get(f"/incidents?cursor={first['next']}"))
    ids = [item["id"] for page in (first, second) for item in page["items"]]
    assert (len(first["items"]), len(set(ids)), second["next"]) == (50, 51, None)


def test_incidents_are_narrowed_by_code(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    client("portal").start()
    administrator = client("administrator")
    assert len(body(administrator.get("/incidents?code=script-failed"))["items"]) == 1
    assert body(administrator.get("/incidents?code=timer"))["items"] == []


def test_incident_is_retried_once(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    incident = client("portal").start()["incidents"][0]["id"]
    administrator = client("administrator")
    assert administrator.post(f"/incidents/{incident}/retry").headers["ETag"]
    problem = refused(administrator.post(f"/incidents/{incident}/retry"), 409, "conflict")
    assert problem["state"]["incident"] == {"id": incident, "status": "resolved"}


def test_unknown_incident_does_not_exist(steady: Steady) -> None:
    refused(steady.client("administrator").post(f"/incidents/{uuid4()}/retry"), 404, "not-found")


@pytest.mark.parametrize("query", ["status=completed", "case=1", "cursor=x", "odd=1"])
def test_query_that_is_not_understood_is_refused_with_its_name(steady: Steady, query: str) -> None:
    response = steady.client("administrator").get(f"/incidents?{query}")
    assert pointers(refused(response, 422, "invalid")) == [f"/query/{query.partition('=')[0]}"]


def test_all_of_a_kind_are_ordered_at_once(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    for _ in range(3):
        client("portal").start()
    administrator, order = client("administrator"), {"definition": "p", "code": "script-failed"}
    answer = administrator.post("/retries", order)
    made = body(answer)
    assert (answer.status_code, made["counts"]["waiting"]) == (201, 3)
    assert body(administrator.get(answer.headers["Location"].removeprefix("/api/v1"))) == made
    refused(administrator.post("/retries", {**order, "code": "timer"}), 409, "conflict")
