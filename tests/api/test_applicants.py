"""Applicants with an account of their own, and the ways by which cases come."""

from typing import Any

import pytest
from sqlalchemy import update

from engine.models import User
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.api.test_decisions import GROUND, deciding

ME, OTHER = "0012345679", "0084575948"


@pytest.fixture
def me(client: Clients, database: Database) -> Client:
    """The applicant `me`, of whom it is known who they are; `p` has one task for them, and `q` a decision."""
    task = bpmn.node("userTask", "a", parvandeh__role="applicant")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task, "userTask b"))))
    factories.deploy_shipped(database, "objection")
    factories.deploy(database, deciding("q", parvandeh__appeal="objection"))
    found = client("applicant", "me")
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "me").values(person=ME))
    return found


@pytest.mark.parametrize("given", [{}, {"applicant": ME}])
def test_applicant_starts_a_case_of_its_own(me: Client, given: dict[str, Any]) -> None:
    case = me.start(**given)
    assert case["applicant"] == ME
    assert [item["id"] for item in body(me.get("/cases"))["items"]] == [case["id"]]


def test_applicant_starts_no_case_of_another(me: Client) -> None:
    problem = refused(me.post("/cases", {"definition": "p", "applicant": OTHER}), 422, "invalid")
    assert pointers(problem) == ["/applicant"]
    assert body(me.get("/cases"))["items"] == []


def test_applicant_of_whom_nothing_is_proven_starts_no_case(client: Clients, me: Client) -> None:
    refused(client("applicant", "unknown").post("/cases", {"definition": "p"}), 403, "forbidden")


def test_applicant_does_not_start_what_is_disabled(client: Clients, me: Client) -> None:
    client("administrator").post("/definitions/p/disable")
    refused(me.post("/cases", {"definition": "p"}), 409, "conflict")


def test_applicant_does_its_task_and_nobody_elses(me: Client) -> None:
    case = me.start()
    done = body(me.complete(case["tasks"][0]["id"]))
    assert done["task"]["status"] == "completed"
    (staff,) = done["tasks"]
    refused(me.complete(staff["id"]), 403, "forbidden")


def test_applicant_sees_what_another_has_started_for_it(client: Clients, me: Client) -> None:
    case = client("portal").start(applicant=ME)
    client("portal").start(applicant=OTHER)
    assert [item["id"] for item in body(me.get("/cases"))["items"]] == [case["id"]]
    for rest in ("", "/decisions", "/documents", "/access-log"):
        assert me.get(f"/cases/{case['id']}{rest}").status_code == 200
    assert me.get(f"/tasks?case={case['id']}").status_code == 200


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("GET", "/decisions"),
        ("GET", "/documents"),
        ("GET", "/access-log"),
        ("POST", "/withdraw"),
        ("POST", "/appeals"),
    ],
)
def test_case_of_another_person_does_not_exist(client: Clients, me: Client, method: str, rest: str) -> None:
    case = client("portal").start(applicant=OTHER)
    refused(me.send(method, f"/cases/{case['id']}{rest}"), 404, "not-found")


@pytest.mark.parametrize("rest", ["/cancel", "/secret"])
def test_applicant_may_not(me: Client, rest: str) -> None:
    refused(me.post(f"/cases/{me.start()['id']}{rest}"), 403, "forbidden")


def test_applicant_withdraws_its_case(me: Client) -> None:
    assert body(me.post(f"/cases/{me.start()['id']}/withdraw"))["outcome"] == "withdrawn"


def test_applicant_appeals_a_decision(client: Clients, me: Client) -> None:
    case = me.start("q")
    client("caseworker").complete(case["tasks"][0]["id"], {"decision": "refused", "ground": GROUND})
    appeal = body(me.post(f"/cases/{case['id']}/appeals", {"data": {"reasons": "All taxes are paid."}}))
    assert appeal["applicant"] == ME
    assert me.get(f"/cases/{appeal['id']}").status_code == 200


def test_portal_does_the_applicants_task_on_their_behalf(client: Clients, me: Client) -> None:
    case = client("portal").start(applicant=ME)
    task = case["tasks"][0]["id"]
    refused(client("portal", "another").complete(task), 404, "not-found")
    done = client("portal").complete(task, headers={"X-On-Behalf-Of": ME})
    assert done.status_code == 200
    events = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
    (completed,) = [event for event in events if event["kind"] == "task.completed"]
    assert (completed["actor"]["name"], completed["on_behalf_of"]) == ("portal", ME)


def test_staff_does_not_do_the_applicants_task(client: Clients, me: Client) -> None:
    case = client("portal").start(applicant=ME)
    refused(client("caseworker").complete(case["tasks"][0]["id"]), 403, "forbidden")


@pytest.mark.parametrize(
    ("role", "given", "channel"),
    [
        ("portal", {}, "online"),
        ("caseworker", {}, "assisted"),
        ("caseworker", {"channel": "post"}, "post"),
        ("portal", {"channel": "phone"}, "phone"),
    ],
)
def test_case_knows_the_way_by_which_it_came(
    client: Clients, me: Client, role: str, given: dict[str, Any], channel: str
) -> None:
    case = client(role).start(**given)
    assert case["channel"] == channel
    assert body(client(role).get(f"/cases/{case['id']}"))["channel"] == channel
    events = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
    assert events[0]["payload"]["channel"] == channel


def test_unknown_channel_is_refused(client: Clients, me: Client) -> None:
    sent = {"definition": "p", "channel": "pigeon"}
    refused(client("portal").post("/cases", sent), 422, "invalid")


def test_published_process_is_no_public_service_until_it_is_offered(
    client: Clients, database: Database, me: Client
) -> None:
    designer, portal = client("designer"), client("portal")
    made = designer.deploy(factories.one_task("fresh"))
    assert made.status_code == 201, made.text
    assert body(designer.get("/definitions/fresh"))["offered_at"] is None
    assert "fresh" not in {one["key"] for one in body(me.get("/definitions"))["items"]}
    refusal = refused(me.post("/cases", {"definition": "fresh"}), 409, "conflict")
    assert refusal["state"] == {"definition": {"key": "fresh"}}
    for other in (portal, client("caseworker")):
        assert other.post("/cases", {"definition": "fresh"}).status_code == 201
    for _ in range(2):
        assert body(designer.post("/definitions/fresh/offer"))["offered_at"]
    assert "fresh" in {one["key"] for one in body(me.get("/definitions"))["items"]}
    assert me.post("/cases", {"definition": "fresh"}).status_code == 201
    assert body(designer.post("/definitions/fresh/withdraw"))["offered_at"] is None
    refused(me.post("/cases", {"definition": "fresh"}), 409, "conflict")
    assert portal.post("/cases", {"definition": "fresh"}).status_code == 201
