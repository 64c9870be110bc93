"""Acting for a person elsewhere: GovStack, later responses, files, and tokens that demand it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import update

from engine.identity import accounts
from engine.models import Case
from engine.platform.db import Database
from engine.platform.errors import Invalid
from engine.worker.command_runner import CommandRunner
from engine.worker.deferred_requests import Replayer
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, Contract, body, refused
from tests.api.govstack import Caller
from tests.api.matrix import PERSON
from tests.api.test_deferred_requests import Here, path_of

LAWYER, STRANGER = "0499370899", "0012345679"
BEHALF, ASYNC = "X-On-Behalf-Of", {"Prefer": "respond-async"}


def carry_out(database: Database, path: str) -> None:
    """A worker does what was deferred."""
    Replayer(cast(CommandRunner, Here(database)))._carry_out(UUID(path.rpartition("/")[2]))


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case of the person, with a lawyer, started by the portal; its task is the applicant's."""
    factories.deploy(database, factories.one_task())
    return client("portal").start(applicant=PERSON, representative=LAWYER, channel="assisted")


@pytest.mark.parametrize("role", ["portal", "caseworker"])
@pytest.mark.parametrize(("person", "status"), [(None, 200), (PERSON, 200), (LAWYER, 200), (STRANGER, 404)])
def test_govstack_has_only_that_persons_instances(
    app: APIFlask, client: Clients, case: Mapping[str, Any], role: str, person: str | None, status: int
) -> None:
    headers = {} if person is None else {BEHALF: person}
    workflow = Caller(app, "workflow", client(role).token)
    registration = Caller(app, "registration", client(role).token)
    found = [one["id"] for one in workflow.get("/instances/", headers=headers)]
    assert found == ([case["id"]] if status == 200 else [])
    workflow.get(f"/instances/{case['id']}", headers=headers, status=status)
    registration.get(f"/applications/{case['id']}", headers=headers, status=status)
    listed = str(registration.get("/applications", headers=headers))
    assert (case["id"] in listed) == (status == 200)
    if role == "caseworker":
        tasks = str(registration.get("/tasks", headers=headers))
        assert (case["tasks"][0]["id"] in tasks) == (status == 200)
        registration.get(f"/tasks/{case['tasks'][0]['id']}", headers=headers, status=status)
    stopped = workflow.post(
        f"/instances/{case['id']}/stop", status=201 if status == 200 else 404, headers=headers
    )
    assert stopped


@pytest.mark.parametrize("header", [True, False])
def test_instance_of_govstack_is_that_persons(
    app: APIFlask, client: Clients, case: Mapping[str, Any], header: bool
) -> None:
    workflow = Caller(app, "workflow", client("portal").token)
    sent = {"InstanceValues": [], "processStartedBy": PERSON}
    headers = {BEHALF: PERSON} if header else {}
    started = workflow.post("/processes/p/start", sent, status=201, headers=headers)
    assert body(client("portal").get(f"/cases/{started['id']}"))["applicant"] == PERSON


def test_later_response_is_gone_with_the_representation(
    client: Clients, database: Database, case: Mapping[str, Any]
) -> None:
    lawyer = {BEHALF: LAWYER}
    started = {"definition": "p", "applicant": PERSON, "representative": LAWYER}
    path = path_of(client("portal").post("/cases", started, headers={**ASYNC, **lawyer}))
    carry_out(database, path)
    response = body(client("portal").get(path, headers=lawyer))["response"]
    assert response["status"] == 201
    for person in (None, STRANGER, PERSON):
        headers = {} if person is None else {BEHALF: person}
        refused(client("portal").get(path, headers=headers), 404, "not-found")
    body(client("portal").post(f"/cases/{response['body']['id']}/representation/end"))
    refused(client("portal").get(path, headers=lawyer), 404, "not-found")


def test_later_work_for_another_person_is_refused(
    client: Clients, database: Database, case: Mapping[str, Any]
) -> None:
    stranger = {BEHALF: STRANGER}
    complete = f"/tasks/{case['tasks'][0]['id']}/complete"
    response = client("caseworker").post(complete, {}, headers={**ASYNC, **stranger})
    if response.status_code == 202:
        carry_out(database, path_of(response))
        response = client("caseworker").get(path_of(response), headers=stranger)
        assert body(response)["response"]["status"] == 404
    else:
        refused(response, 404, "not-found")
    assert body(client("caseworker").get(f"/tasks/{case['tasks'][0]['id']}"))["status"] == "open"


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (PERSON, PERSON, 201),
        (None, PERSON, 201),
        (PERSON, None, 201),
        (PERSON, STRANGER, 422),
    ],
)
def test_file_of_a_person_enters_no_other_persons_case(
    client: Clients, database: Database, before: str | None, after: str | None, status: int
) -> None:
    field = {"type": "string", "format": "document"}
    factories.deploy(database, factories.with_start_form(factories.form(deed=field)))
    headers = {} if before is None else {BEHALF: before}
    fields = {"definition": "p", "field": "/deed"}
    file = body(client("portal").upload("", filed.pdf(), fields=fields, headers=headers))["id"]
    headers = {} if after is None else {BEHALF: after}
    started = client("portal").post("/cases", {"definition": "p", "data": {"deed": file}}, headers=headers)
    assert started.status_code == status, started.text
    if status == 422:
        refused(client("portal").send("DELETE", f"/documents/{file}", headers=headers), 404, "not-found")


def test_erased_case_is_nobodys(client: Clients, database: Database, case: Mapping[str, Any]) -> None:
    with database.transaction() as session:
        session.execute(update(Case).values(applicant=None, representative=None))
    for person in (PERSON, LAWYER):
        refused(client("portal").get(f"/cases/{case['id']}", headers={BEHALF: person}), 404, "not-found")


# Tokens that demand it


def demanding(app: APIFlask, contract: Contract, database: Database, **more: Any) -> Client:
    given = {"name": "portal", "role": "portal", **more}
    limits = accounts.Limits(given.pop("scopes", None), requires_behalf=True)
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), limits=limits, **given)
    return Client(app, contract, token)


def test_token_demands_that_a_person_is_named(
    app: APIFlask, contract: Contract, client: Clients, database: Database, case: Mapping[str, Any]
) -> None:
    portal = demanding(app, contract, database)
    named, path = {BEHALF: PERSON}, f"/cases/{case['id']}"
    for response in (portal.get(path), portal.get("/cases"), portal.post(f"{path}/withdraw")):
        assert refused(response, 403, "behalf-missing")["code"] == "behalf-missing"
    refused(portal.post("/cases/batch", {"items": [{"key": "k", "definition": "p"}]}), 403, "behalf-missing")
    assert body(portal.get("/me"))["requires_behalf"] is True
    assert body(portal.get("/me", headers=named))["requires_behalf"] is True
    assert body(client("portal").get("/me"))["requires_behalf"] is False
    assert body(portal.get(path, headers=named))["id"] == case["id"]
    refused(portal.get(path, headers={BEHALF: STRANGER}), 404, "not-found")


def test_token_that_demands_a_person_is_replaced_without_one_and_its_successor_demands_it(
    app: APIFlask, contract: Contract, database: Database
) -> None:
    portal = demanding(app, contract, database)
    own = body(portal.get("/me"))["token_id"]
    assert [one["id"] for one in body(portal.get("/me/tokens"))["items"]] == [own]
    made = body(portal.post(f"/me/tokens/{own}/rotate", {}))
    refused(Client(app, contract, made["token"]).get("/cases"), 403, "behalf-missing")


@pytest.mark.parametrize("more", [{"role": "service", "name": "hub"}, {"scopes": ["cases.read"]}])
def test_token_that_may_act_for_nobody_cannot_demand_it(
    app: APIFlask, contract: Contract, database: Database, more: Mapping[str, Any]
) -> None:
    with pytest.raises(Invalid) as raised:
        demanding(app, contract, database, **more)
    assert [fault.code for fault in raised.value.faults] == ["no-behalf"]
