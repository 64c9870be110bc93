"""Drafts: an unfinished answer is stored with the task, for its assignee, and is not an act."""

import pytest
from sqlalchemy import select

from engine.models import Case, Task
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused, revision_tag
from tests.api.desk import Office, an_office

BEGUN = {"data": {"area": 5}}


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def path(office: Office) -> str:
    return f"/tasks/{office.task}/draft"


def put(office: Office, name: str, data: object, status: int = 200) -> dict[str, object]:
    answer = office[name].send("PUT", path(office), json={"data": data})
    assert answer.status_code == status, answer.text
    return body(answer)


def test_draft_is_shown_to_who_has_the_task_alone(office: Office) -> None:
    office.claimed()
    put(office, "sara", {"area": 5})
    assert office.shown()["draft"] == {"area": 5}
    assert office.shown("reza")["draft"] is None


def test_draft_may_lack_what_the_form_demands_and_be_of_another_kind(office: Office) -> None:
    office.claimed()
    put(office, "sara", {"area": "hal"})
    assert office.shown()["draft"] == {"area": "hal"}


@pytest.mark.parametrize("field", ["nothing", "grade"])
def test_field_that_the_role_may_not_answer_is_refused(office: Office, field: str) -> None:
    office.claimed()
    assert pointers(put(office, "sara", {field: 1}, 422)) == [f"/data/{field}"]


def test_draft_that_no_case_can_hold_is_refused(office: Office) -> None:
    office.claimed()
    put(office, "sara", {"decision": "a" * (1 << 20)}, 422)
    put(office, "sara", {"decision": "\0"}, 422)


def test_who_has_not_the_task_saves_no_draft(office: Office) -> None:
    refused(office["sara"].send("PUT", path(office), json=BEGUN), 409, "conflict")
    office.claimed()
    refused(office["reza"].send("PUT", path(office), json=BEGUN), 409, "conflict")
    refused(office["omid"].send("PUT", path(office), json=BEGUN), 404, "not-found")


def test_saving_changes_neither_revision_nor_log(office: Office) -> None:
    office.claimed()
    before, events = revision_tag(office["sara"].get(f"/tasks/{office.task}")), office.events()
    put(office, "sara", {"area": 5})
    assert revision_tag(office["sara"].get(f"/tasks/{office.task}")) == before
    assert office.events() == events
    done = office["sara"].complete(office.task, {"decision": "granted"}, headers={"If-Match": before})
    assert done.status_code == 200


def test_saving_does_not_wait_for_who_holds_the_case(office: Office, database: Database) -> None:
    office.claimed()
    with database.transaction() as session:
        session.execute(select(Case.id).with_for_update()).all()
        put(office, "sara", {"area": 5})


def test_next_one_who_has_the_task_finds_the_draft(office: Office) -> None:
    office.claimed()
    put(office, "sara", {"area": 5})
    assert office["sara"].post(f"/tasks/{office.task}/release").status_code == 200
    assert office.shown()["draft"] is None
    office.claimed("reza")
    assert office.shown("reza")["draft"] == {"area": 5}


def test_completing_clears_the_draft(office: Office, database: Database) -> None:
    office.claimed()
    put(office, "sara", {"area": 5})
    assert office["sara"].complete(office.task, {"decision": "granted"}).status_code == 200
    with database.transaction() as session:
        assert session.scalars(select(Task.draft)).one() is None
    put(office, "sara", {"area": 6}, 409)


def test_cancelling_the_case_clears_the_draft(office: Office, database: Database) -> None:
    office.claimed()
    put(office, "sara", {"area": 5})
    assert office["sara"].post(f"/cases/{office.case}/cancel").status_code == 200
    with database.transaction() as session:
        assert session.scalars(select(Task.draft)).one() is None


def test_two_drafts_at_once_are_both_saved_one_after_the_other(office: Office, app: object) -> None:
    office.claimed()
    answers = factories.at_once(2, lambda number: put(office, "sara", {"area": number}))
    assert {str(answer) for answer in answers} == {"{'data': {'area': 0}}", "{'data': {'area': 1}}"}
    assert office.shown()["draft"] in ({"area": 0}, {"area": 1})
