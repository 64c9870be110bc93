"""Opinions: requested from a colleague or another agency, awaited, read with the task."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import events, tasks
from engine.identity import accounts
from engine.models import Case, Task
from engine.platform.db import Database, UnitOfWork
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.api.desk import Office, an_office

QUESTION = {"question": "آیا راه خروج اضطراری کافی است؟", "unit": "fire"}
DONE = {"decision": "granted"}


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    """Sara has the task."""
    made = an_office(client, database)
    made.claimed()
    return made


@pytest.fixture
def expire(database: Database) -> Callable[[], int]:
    """Let the due time of all that is asked have passed, and what was not answered be closed: how many."""

    def run() -> int:
        with database.transaction() as session:
            session.execute(
                update(Task)
                .where(Task.parent_id.is_not(None))
                .values(due_at=datetime(2026, 1, 1, tzinfo=UTC))
            )

        def command(session: Any, now: datetime) -> bool:
            return tasks.expire_requests(UnitOfWork(session, accounts.system(session, now), now))

        closed = 0
        while database.run(command):
            closed += 1
        return closed

    return run


def ask(office: Office, **more: Any) -> dict[str, Any]:
    answer = office["sara"].post(f"/tasks/{office.task}/opinions", {**QUESTION, **more})
    assert answer.status_code == 201, answer.text
    return body(answer)


def complete(office: Office) -> Any:
    return office["sara"].complete(office.task, DONE)


def test_asked_agency_finds_the_question_in_its_inbox(office: Office) -> None:
    asked = ask(office)
    (found,) = body(office["omid"].get("/tasks"))["items"]
    assert (found["id"], found["kind"]) == (asked["id"], "opinion")
    shown = office.shown("omid", asked["id"])
    assert (shown["asked"]["question"], shown["asked"]["by"]["name"]) == (QUESTION["question"], "sara")
    assert list(shown["form"]["schema"]["properties"]) == ["opinion", "favourable"]
    assert shown["data"] == {}


def test_asked_agency_sees_neither_the_case_nor_the_task(office: Office) -> None:
    ask(office)
    refused(office["omid"].get(f"/cases/{office.case}"), 404, "not-found")
    refused(office["omid"].get(f"/tasks/{office.task}"), 404, "not-found")
    refused(office["omid"].get(f"/cases/{office.case}/events"), 404, "not-found")


def test_fields_that_the_asker_shows_go_along_and_no_others(office: Office) -> None:
    asked = ask(office, show=["area"])
    shown = office.shown("omid", asked["id"])
    assert shown["data"] == {"area": 12}
    assert shown["form"]["schema"]["properties"]["area"]["readOnly"] is True
    refused(office["omid"].complete(asked["id"], {"opinion": "yes", "area": 1}), 422, "invalid")


@pytest.mark.parametrize("field", ["grade", "nothing"])
def test_field_that_the_asker_does_not_see_is_not_shown(office: Office, field: str) -> None:
    answer = office["sara"].post(f"/tasks/{office.task}/opinions", {**QUESTION, "show": [field]})
    assert pointers(refused(answer, 422, "invalid")) == ["/show/0"]


def test_answer_is_read_with_the_task(office: Office) -> None:
    asked = ask(office)
    assert (
        office["omid"].complete(asked["id"], {"opinion": "کافی است", "favourable": True}).status_code == 200
    )
    (found,) = office.shown()["opinions"]
    assert (found["opinion"], found["favourable"], found["status"]) == ("کافی است", True, "completed")
    assert found["assignee"]["name"] == "omid"


def test_task_waits_for_the_opinion(office: Office) -> None:
    asked = ask(office)
    problem = refused(complete(office), 409, "opinion-awaited")
    assert problem["state"]["task"]["id"] == asked["id"]
    assert office["omid"].complete(asked["id"], {"opinion": "yes"}).status_code == 200
    assert complete(office).status_code == 200


def test_withdrawn_opinion_is_awaited_no_more(office: Office) -> None:
    asked = ask(office)
    assert office["sara"].post(f"/tasks/{asked['id']}/withdraw").status_code == 200
    refused(office["omid"].complete(asked["id"], {"opinion": "yes"}), 409, "conflict")
    assert complete(office).status_code == 200


def test_nobody_else_withdraws_it(office: Office) -> None:
    asked = ask(office)
    refused(office["reza"].post(f"/tasks/{asked['id']}/withdraw"), 403, "forbidden")
    refused(office["omid"].post(f"/tasks/{asked['id']}/withdraw"), 403, "forbidden")
    refused(office["sara"].post(f"/tasks/{office.task}/withdraw"), 409, "conflict")


def test_who_has_the_task_now_withdraws_what_another_has_asked(office: Office) -> None:
    asked = ask(office)
    assert office["mina"].post(f"/tasks/{office.task}/assign", {"to": "reza"}).status_code == 200
    assert office["reza"].post(f"/tasks/{asked['id']}/withdraw").status_code == 200


def test_opinion_that_is_late_is_awaited_no_more(office: Office, database: Database) -> None:
    ask(office, due_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    refused(complete(office), 409, "opinion-awaited")
    with database.transaction() as session:
        session.execute(
            update(Task).where(Task.parent_id.is_not(None)).values(due_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    assert complete(office).status_code == 200
    kinds = [event["kind"] for event in office.events()]
    assert kinds.index("opinion.expired") < kinds.index("task.completed")


def test_worker_closes_what_is_late(office: Office, expire: Callable[[], int]) -> None:
    asked = ask(office)
    assert expire() == 1
    assert expire() == 0
    assert office.events()[-1]["kind"] == "opinion.expired"
    refused(office["omid"].complete(asked["id"], {"opinion": "yes"}), 409, "conflict")
    assert office.shown()["opinions"][0]["status"] == "cancelled"


@pytest.mark.parametrize("suspended", ["case", "definition"])
def test_what_is_late_in_a_suspended_case_waits(
    office: Office, expire: Callable[[], int], suspended: str
) -> None:
    ask(office)
    path = f"/cases/{office.case}" if suspended == "case" else "/definitions/p"
    administrator = office.client("administrator")
    assert administrator.post(f"{path}/suspend", {}).status_code == 200
    assert expire() == 0
    assert administrator.post(f"{path}/resume", {}).status_code == 200
    assert expire() == 1


def test_cancelled_case_takes_its_questions_along(office: Office, database: Database) -> None:
    asked = ask(office)
    assert office["sara"].post(f"/cases/{office.case}/cancel").status_code == 200
    cancelled = [event["task"] for event in office.events() if event["kind"] == "task.cancelled"]
    assert set(cancelled) == {office.task, asked["id"]}
    refused(office["omid"].complete(asked["id"], {"opinion": "yes"}), 409, "conflict")
    assert body(office["omid"].get("/tasks"))["items"] == []


def test_process_is_not_moved_by_it_and_the_case_has_a_new_revision(
    office: Office, database: Database
) -> None:
    wanted = select(Case.state, Case.revision)
    with database.transaction() as session:
        state, revision = session.execute(wanted).one()
    asked = ask(office)
    assert office["omid"].complete(asked["id"], {"opinion": "yes"}).status_code == 200
    with database.transaction() as session:
        assert session.execute(wanted).one() == (state, revision + 2)
        assert events.verify(session) == []


def test_decision_on_an_older_reading_than_the_opinion_is_stale(office: Office) -> None:
    asked = ask(office)
    tag = office["sara"].get(f"/tasks/{office.task}").headers["ETag"]
    assert office["omid"].complete(asked["id"], {"opinion": "no"}).status_code == 200
    refused(office["sara"].complete(office.task, DONE, headers={"If-Match": tag}), 412, "stale")


def test_log_tells_question_and_answer(office: Office) -> None:
    asked = ask(office)
    office["omid"].complete(asked["id"], {"opinion": "yes"})
    told, given = office.events()[-2:]
    assert (told["kind"], told["task"]) == ("opinion.asked", asked["id"])
    assert told["payload"] == {"parent": office.task, **QUESTION}
    assert (given["kind"], given["payload"]) == ("opinion.given", {"data": {"opinion": "yes"}})
    assert (given["actor"]["name"], given["actor"]["unit"]) == ("omid", "fire")


def test_colleague_who_is_named_has_the_question(office: Office) -> None:
    asked = ask(office, to="omid")
    assert asked["assignee"]["name"] == "omid"
    refused_one = office["sara"].post(f"/tasks/{office.task}/opinions", {**QUESTION, "to": "reza"})
    assert pointers(refused(refused_one, 422, "invalid")) == ["/to"]


def test_without_a_unit_that_of_the_case_is_asked(office: Office) -> None:
    asked = ask(office, unit=None)
    assert office["reza"].complete(asked["id"], {"opinion": "yes"}).status_code == 200
    refused(office["omid"].get(f"/tasks/{asked['id']}"), 404, "not-found")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"unit": "nowhere"}, "/unit"),
        ({"role": "applicant"}, "/role"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "/due_at"),
        ({"question": ""}, "/question"),
    ],
)
def test_what_cannot_be_asked_is_refused(office: Office, wrong: dict[str, Any], pointer: str) -> None:
    answer = office["sara"].post(f"/tasks/{office.task}/opinions", {**QUESTION, **wrong})
    assert pointers(refused(answer, 422, "invalid")) == [pointer]


def test_only_who_has_the_task_asks(office: Office) -> None:
    refused(office["reza"].post(f"/tasks/{office.task}/opinions", QUESTION), 409, "conflict")
    refused(office["omid"].post(f"/tasks/{office.task}/opinions", QUESTION), 404, "not-found")


def test_opinion_asks_for_no_opinion(office: Office) -> None:
    asked = ask(office)
    office["omid"].post(f"/tasks/{asked['id']}/claim")
    refused(office["omid"].post(f"/tasks/{asked['id']}/opinions", QUESTION), 409, "conflict")


def test_more_than_twenty_are_not_awaited_at_once(office: Office) -> None:
    for _ in range(20):
        ask(office)
    refused(office["sara"].post(f"/tasks/{office.task}/opinions", QUESTION), 409, "conflict")


def test_document_is_handed_in_with_the_opinion(office: Office) -> None:
    asked = ask(office)
    added = office["omid"].upload(f"/tasks/{asked['id']}", filed.pdf())
    assert added.status_code == 201, added.text
    assert office["omid"].get(f"/documents/{body(added)['id']}/content").status_code == 200
    assert len(body(office["sara"].get(f"/cases/{office.case}/documents"))["items"]) == 1
    other = office["sara"].upload(f"/cases/{office.case}", filed.pdf())
    refused(office["omid"].get(f"/documents/{body(other)['id']}"), 404, "not-found")


def test_asking_and_completing_at_once_leaves_nothing_open(office: Office) -> None:
    def act(number: int) -> int:
        if number:
            return int(complete(office).status_code)
        return office["sara"].post(f"/tasks/{office.task}/opinions", QUESTION).status_code

    asked, done = factories.at_once(2, act)
    assert (asked, done) in {(201, 409), (409, 200)}
