"""Giving a task to somebody: who may, to whom, and what nobody learns by trying."""

from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.api.desk import Office, an_office
from tests.organisation import LONG_AGO, a_member


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def give(office: Office, who: str, to: str, **options: Any) -> TestResponse:
    return office[who].post(f"/tasks/{office.task}/assign", {"to": to}, **options)


def test_who_has_a_task_gives_it_to_a_colleague(office: Office) -> None:
    office.claimed()
    given = body(give(office, "sara", "reza"))
    assert given["assignee"]["name"] == "reza"
    event = office.events()[-1]
    told = {"account": given["assignee"]["id"], "name": "reza", "how": "given"}
    assert (event["kind"], event["payload"]) == ("task.assigned", told)
    assert (event["actor"]["name"], event["actor"]["unit"]) == ("sara", "office")
    refused(office["sara"].complete(office.task, {"decision": "x"}), 409, "conflict")
    assert office["reza"].complete(office.task, {"decision": "x"}).status_code == 200


def test_colleague_is_named_by_id_too(office: Office) -> None:
    reza = body(office.claimed("reza").post(f"/tasks/{office.task}/claim"))["assignee"]["id"]
    assert body(give(office, "mina", "sara"))["assignee"]["name"] == "sara"
    assert body(give(office, "mina", reza))["assignee"]["id"] == reza


def test_supervisor_gives_anybodys_task_and_nobodys(office: Office) -> None:
    assert body(give(office, "mina", "sara"))["assignee"]["name"] == "sara"
    assert body(give(office, "mina", "reza"))["assignee"]["name"] == "reza"


def test_colleague_without_the_task_gives_it_to_nobody(office: Office) -> None:
    refused(give(office, "reza", "reza"), 409, "conflict")
    office.claimed()
    refused(give(office, "reza", "reza"), 409, "conflict")


def test_administrator_gives_tasks_of_its_unit_alone(
    client: Clients, office: Office, database: Database
) -> None:
    a_member(database, "amir", "office", "caseworker", "administrator")
    a_member(database, "arash", "fire", "caseworker", "administrator")
    order = {"to": "sara"}
    path = f"/tasks/{office.task}/assign"
    assert client("administrator", "amir").post(path, order).status_code == 200
    refused(client("administrator", "arash").post(path, order), 404, "not-found")


def test_names_of_other_agencies_are_not_found_out(office: Office) -> None:
    office.claimed()
    told = {
        refused(give(office, "sara", to), 422, "invalid")["detail"]
        for to in ("omid", "nobody", str(uuid4()), "portal")
    }
    assert len(told) == 1
    assert pointers(body(give(office, "sara", "omid"))) == ["/to"]


def test_membership_that_has_ended_receives_nothing(office: Office, database: Database) -> None:
    a_member(database, "nima", "office", valid_to=LONG_AGO)
    refused(give(office, "mina", "nima"), 422, "invalid")


def test_task_of_another_agency_does_not_exist(office: Office) -> None:
    refused(give(office, "omid", "omid"), 404, "not-found")
    refused(office["omid"].get(f"/colleagues?task={office.task}"), 404, "not-found")


def test_stale_reader_gives_nothing(office: Office) -> None:
    office.claimed()
    refused(give(office, "sara", "reza", headers={"If-Match": '"1"'}), 412, "stale")


def test_giving_it_to_who_has_it_changes_nothing(office: Office) -> None:
    office.claimed()
    events = office.events()
    assert give(office, "sara", "sara").status_code == 200
    assert office.events() == events


def test_closed_task_is_given_to_nobody(office: Office) -> None:
    office.claimed().complete(office.task, {"decision": "x"})
    refused(give(office, "mina", "reza"), 409, "conflict")


def test_colleagues_are_those_who_may_take_the_task_by_name(office: Office) -> None:
    listed = body(office["sara"].get(f"/colleagues?task={office.task}"))
    assert [one["name"] for one in listed["items"]] == ["mina", "reza", "sara"]
    assert listed["next"] is None


def test_colleagues_are_paged(office: Office, database: Database) -> None:
    for number in range(60):
        a_member(database, f"w{number:02}", "office")
    first = body(office["sara"].get(f"/colleagues?task={office.task}"))
    second = body(office["sara"].get(f"/colleagues?task={office.task}&cursor={first['next']}"))
    names = [one["name"] for page in (first, second) for one in page["items"]]
    assert len(names) == 63
    assert names == sorted(names)


def test_two_who_give_at_once_are_both_told_what_holds(office: Office) -> None:
    office.claimed()
    answers = factories.at_once(2, lambda number: give(office, "sara", ("reza", "mina")[number]).status_code)
    assert sorted(map(str, answers)) in (["200", "409"], ["200", "200"])
    assert [event["kind"] for event in office.events()].count("task.assigned") == answers.count(200)
