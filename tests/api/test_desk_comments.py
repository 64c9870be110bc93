"""Comments: internal or visible to the applicant, in the log, and recorded when they are read."""

import pytest
from sqlalchemy import select

from engine.models import AccessRecord
from engine.platform.db import Database
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.api.desk import Office, an_office


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def texts(office: Office, role: str, name: str | None = None) -> list[str]:
    listed = body(office.client(role, name).get(f"/cases/{office.case}/comments"))
    return [item["text"] for item in listed["items"]]


def test_applicants_side_reads_what_is_visible_and_the_office_all(office: Office) -> None:
    path = f"/cases/{office.case}/comments"
    assert office["sara"].post(path, {"text": "internal"}).status_code == 201
    assert office["sara"].post(path, {"text": "for you", "visible": True}).status_code == 201
    assert office.client("portal").post(path, {"text": "thanks"}).status_code == 201
    assert texts(office, "caseworker", "reza") == ["internal", "for you", "thanks"]
    assert texts(office, "portal") == ["for you", "thanks"]
    authors = [one["author"] for one in body(office.client("portal").get(path))["items"]]
    assert (authors[0], authors[1]["name"]) == (None, "portal")  # applicants don't see who handles their case


def test_comment_on_a_task_names_it(office: Office) -> None:
    made = body(office["sara"].post(f"/tasks/{office.task}/comments", {"text": "خط اول\nخط دوم"}))
    assert (made["task"], made["case"], made["author"]["name"]) == (office.task, office.case, "sara")
    assert (made["text"], made["visible"]) == ("خط اول\nخط دوم", False)


def test_log_tells_it(office: Office) -> None:
    made = body(office["sara"].post(f"/tasks/{office.task}/comments", {"text": "look"}))
    event = office.events()[-1]
    assert (event["kind"], event["task"], event["actor"]["unit"]) == ("comment.added", office.task, "office")
    assert event["payload"] == {"comment": made["id"], "text": "look", "visible": False}


def test_applicants_side_says_nothing_in_secret(office: Office) -> None:
    answer = office.client("portal").post(
        f"/cases/{office.case}/comments", {"text": "psst", "visible": False}
    )
    assert pointers(refused(answer, 422, "invalid")) == ["/visible"]


def test_comments_of_another_agencys_case_do_not_exist(office: Office) -> None:
    path = f"/cases/{office.case}/comments"
    refused(office["omid"].get(path), 404, "not-found")
    refused(office["omid"].post(path, {"text": "x"}), 404, "not-found")
    refused(office["omid"].post(f"/tasks/{office.task}/comments", {"text": "x"}), 404, "not-found")
    refused(office.client("portal", "other").get(path), 404, "not-found")
    refused(office.client("portal").post(f"/tasks/{office.task}/comments", {"text": "x"}), 404, "not-found")


def test_reading_is_recorded(office: Office, database: Database) -> None:
    texts(office, "caseworker", "sara")
    with database.transaction() as session:
        assert session.scalars(select(AccessRecord.what)).all() == ["comments"]


@pytest.mark.parametrize("text", ["", "\0", "a" * 10_001])
def test_text_that_is_none_is_refused(office: Office, text: str) -> None:
    answer = office["sara"].post(f"/cases/{office.case}/comments", {"text": text})
    assert pointers(refused(answer, 422, "invalid")) == ["/text"]


def test_comments_are_paged(office: Office) -> None:
    path = f"/cases/{office.case}/comments"
    for number in range(51):
        assert office["sara"].post(path, {"text": str(number)}).status_code == 201
    first = body(office["sara"].get(path))
    second = body(office["sara"].get(f"{path}?cursor={first['next']}"))
    assert [item["text"] for item in first["items"] + second["items"]] == [str(n) for n in range(51)]
