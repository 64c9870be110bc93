"""A second open case of the same person and service, by the rule in service.toml."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.models import Case
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.test_decisions import GROUND, deciding
from tests.factories import count

ME, OTHER = "0012345679", "0084575948"
FOR_ME = {"X-On-Behalf-Of": ME}
SERVICE = '[description]\nfa = "پروانه"\nen = "Permit"\n'


def deploy(database: Database, rule: str | None = None, key: str = "p") -> None:
    """A service with this rule; None: that of a service.toml without one."""
    said = SERVICE if rule is None else f'duplicates = "{rule}"\n{SERVICE}'
    factories.deploy(database, factories.one_task(key) | {"service.toml": said.encode()})


def start(client: Client, applicant: str | None = ME, **more: Any) -> Any:
    given = {"definition": "p", **({} if applicant is None else {"applicant": applicant}), **more}
    return client.post("/cases", given)


def test_a_second_open_case_is_confirmed(client: Clients, database: Database) -> None:
    deploy(database)
    portal = client("portal")
    first = body(start(portal))
    problem = refused(start(portal, "۰۰۱۲۳۴۵۶۷۹"), 409, "conflict")
    assert (problem["code"], problem["state"]["confirmable"]) == ("duplicate", True)
    assert problem["state"]["case"]["case_number"] == first["case_number"]
    elsewhere = refused(start(client("portal", "another")), 409, "conflict")
    assert "case" not in elsewhere["state"], "another portal doesn't see the open case"
    assert start(portal, OTHER).status_code == start(portal, None).status_code == 201
    second = body(start(portal, confirm_duplicate=True))
    for case in (first, second):
        portal.post(f"/cases/{case['id']}/withdraw", {})
    assert start(portal).status_code == 201, "nothing is open any more"
    assert ME not in problem["detail"]


@pytest.mark.parametrize(("rule", "status"), [("refuse", 409), ("allow", 201)])
def test_a_service_can_refuse_or_allow_it(
    client: Clients, database: Database, rule: str, status: int
) -> None:
    deploy(database, rule)
    start(client("portal"))
    again = start(client("portal"), confirm_duplicate=True)
    assert again.status_code == status
    if status == 409:
        assert body(again)["state"]["confirmable"] is False


def test_of_two_at_once_one_starts(client: Clients, database: Database) -> None:
    deploy(database)
    portal = client("portal")
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(lambda _: start(portal), range(8)))
    assert sorted(answer.status_code for answer in done) == [201, *[409] * 7]
    assert {body(answer).get("code") for answer in done} == {None, "duplicate"}
    assert count(database, Case) == 1


def test_a_draft_asks_too_and_remains(client: Clients, database: Database) -> None:
    deploy(database)
    factories.deploy(database, factories.one_task("q"))
    portal = client("portal")
    start(portal)
    begun = portal.post("/drafts", {"services": ["p", "q"]}, headers=FOR_ME)
    path = f"/drafts/{body(begun)['id']}/submit"
    assert refused(portal.post(path, {}, headers=FOR_ME), 409, "conflict")["code"] == "duplicate"
    assert count(database, Case) == 1, "neither service has a case"
    sent = portal.post(path, {"confirm_duplicate": True}, headers=FOR_ME)
    assert sent.status_code == 201


def test_an_appeal_is_no_open_application(client: Clients, database: Database) -> None:
    deploy(database, "refuse", "again")
    factories.deploy(database, deciding(parvandeh__appeal="again", parvandeh__appealWithin="P20D"))
    portal = client("portal")
    decided = body(start(portal))
    answer = {"decision": "refused", "ground": GROUND}
    body(client("caseworker").complete(decided["tasks"][0]["id"], answer))
    appealed = portal.post(f"/cases/{decided['id']}/appeals", {"data": {}})
    assert appealed.status_code == 201
    assert start(portal, definition="again").status_code == 201
