"""X-On-Behalf-Of and X-Purpose: who may send them, and where they are recorded."""

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, refused

BEHALF = {"X-On-Behalf-Of": "0012345679"}


@pytest.mark.parametrize("role", ["administrator", "designer"])
@pytest.mark.parametrize("path", ["/definitions", "/cases"])
def test_role_that_acts_for_nobody_may_not_say_so(steady: Steady, role: str, path: str) -> None:
    refused(steady.client(role).get(path, headers=BEHALF), 403, "forbidden")


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_who_one_acts_for_stands_in_the_log(client: Clients, database: Database, role: str) -> None:
    factories.deploy(database, factories.one_task())
    case = body(client(role).post("/cases", {"definition": "p"}, headers=BEHALF))["id"]
    events = body(client("caseworker").get(f"/cases/{case}/events"))["items"]
    assert {event["on_behalf_of"] for event in events} == {"0012345679"}
    assert all("on_behalf_of" not in (event["payload"] or {}) for event in events)


@pytest.mark.parametrize(("headers", "starter"), [({}, "caseworker"), (BEHALF, BEHALF["X-On-Behalf-Of"])])
def test_process_may_ask_who_has_started_its_case(
    client: Clients, database: Database, headers: dict[str, str], starter: str
) -> None:
    factories.deploy(
        database,
        factories.files(bpmn.line("task a").replace(b'"start">', b'"start" parvandeh:starter="who">')),
    )
    case = body(client("caseworker").post("/cases", {"definition": "p"}, headers=headers))
    assert case["data"] == {"who": starter}


def test_who_one_acts_for_holds_for_one_request(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("caseworker").start(applicant=BEHALF["X-On-Behalf-Of"])
    client("caseworker").post(f"/tasks/{case['tasks'][0]['id']}/claim", headers=BEHALF)
    client("caseworker").complete(case["tasks"][0]["id"])
    events = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
    assert [event["kind"] for event in events if event["on_behalf_of"]] == ["task.claimed"]


def test_purpose_stands_in_the_log(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    response = client("portal").post(
        "/cases", {"definition": "p"}, headers={"X-Purpose": "licence law, art. 12"}
    )
    events = body(client("caseworker").get(f"/cases/{body(response)['id']}/events"))["items"]
    assert {event["purpose"] for event in events} == {"licence law, art. 12"}


def test_persian_purpose_stands_in_the_log(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    sent = {"X-Purpose": "رسیدگی".encode().decode("latin-1")}
    response = client("portal").post("/cases", {"definition": "p"}, headers=sent)
    events = body(client("caseworker").get(f"/cases/{body(response)['id']}/events"))["items"]
    assert {event["purpose"] for event in events} == {"رسیدگی"}


@pytest.mark.parametrize("name", ["X-On-Behalf-Of", "X-Purpose"])
@pytest.mark.parametrize("value", ["", "x" * 201, "a\tb", "\x7f"])
@pytest.mark.parametrize("path", ["/cases", "/definitions/p"])
def test_unusable_value_is_refused(steady: Steady, name: str, value: str, path: str) -> None:
    refused(steady.client("caseworker").get(path, headers={name: value}), 422, "invalid")
