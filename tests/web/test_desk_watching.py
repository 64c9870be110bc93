"""The inbox shows its script what is new; and somebody who has completed a task continues with the next."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from engine import documents, tasks
from engine.models import AccessRecord, BrowserSession, Case
from engine.platform.db import Actor, Database
from tests.desks import Desks
from tests.organisation import a_person
from tests.web.conftest import Browser, statements
from tests.web.inbox import office, sara, sent

__all__ = ["office", "sara"]

SessionOf = Callable[[Actor], Browser]
NEXT = "complete-next"


def listed(browser: Browser, query: str = "") -> dict[str, str]:
    """The tasks that the script is shown, with their assignees."""
    found: list[list[str]] = browser.get(f"/desk/changes{query}").get_json()["tasks"]
    return {task: who for task, who in found}


def completed(browser: Browser, task: UUID, query: str = "") -> tuple[str, str]:
    """Where completing and continuing leads, and the notice there."""
    fields = (("then", NEXT), ("data/decision", "granted"))
    status, place, text = sent(browser, f"/desk/tasks/{task}{query}", *fields)
    assert status == 303, text
    there = browser.get(place)
    assert there.status_code == 303
    target = there.headers["Location"]
    return target, browser.get(f"{target}{'&' if '?' in target else '?'}lang=en").text


def test_the_script_is_told_what_is_listed_and_by_whom_it_is_held(office: Desks, sara: Browser) -> None:
    free, mine, other = office.some(3, hours=1)
    office.claimed("sara", mine)
    office.claimed("reza", other)
    assert listed(sara) == {str(free): "free", str(mine): "mine", str(other): "other"}
    assert listed(sara, "?view=mine") == {str(mine): "mine"}
    assert listed(sara, "?view=free&definition=none") == {}
    answer = sara.get("/desk/changes").get_json()
    assert (answer["count"], answer["more"]) == (3, False)


def test_nothing_new_is_an_empty_answer_and_one_statement(
    office: Desks, sara: Browser, database: Database
) -> None:
    office.some(1)
    tag = sara.get("/desk/changes").headers["ETag"]
    with statements(database) as told:
        again = sara.get("/desk/changes", **{"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert len(told) == 2  # the session, and the list
    office.some(1)
    assert sara.get("/desk/changes", **{"If-None-Match": tag}).status_code == 200


def test_tasks_of_ones_own_case_and_of_others_are_not_told(office: Desks, session_of: SessionOf) -> None:
    (task,) = office.some(1)
    with office.database.transaction() as session:
        case = office.row(task).case_id
        session.execute(update(Case).where(Case.id == case).values(applicant=a_person("sara")))
    assert str(task) not in listed(session_of(office["sara"]))
    assert listed(session_of(office["omid"])) == {}


def test_asking_prolongs_no_session_and_leaves_no_line(
    office: Desks, sara: Browser, database: Database
) -> None:
    office.some(1)
    before = datetime.now(UTC) - timedelta(minutes=10)
    with database.transaction() as session:
        session.execute(update(BrowserSession).values(seen_at=before))
    with capture_logs() as lines:
        sara.get("/desk/changes")
    assert [line for line in lines if line["event"] == "request"] == []
    with database.transaction() as session:
        assert session.scalars(select(BrowserSession.seen_at)).all() == [before]
        assert session.scalars(select(AccessRecord.id)).all() == []
    sara.get("/desk")
    with database.transaction() as session:
        assert session.scalars(select(BrowserSession.seen_at)).one() > before


def test_whose_session_has_ended_is_refused_and_not_sent_away(office: Desks, browser: Browser) -> None:
    assert browser.get("/desk/changes").status_code == 401


def test_the_next_task_is_that_of_the_same_list(office: Desks, sara: Browser) -> None:
    first, held, second, other = (office.some(1, hours=hours)[0] for hours in (-3, -2, -1, 400))
    office.claimed("reza", held)
    office.claimed("sara", first)
    target, page = completed(sara, first, "?view=overdue")
    assert urlsplit(target).path == f"/desk/tasks/{second}"
    assert "Task completed. This is the next one." in page
    assert office.row(second).assignee_id is None  # it was only opened
    office.claimed("sara", second)
    target, page = completed(sara, second, "?view=overdue")
    assert target == "/desk?view=overdue"
    assert "There are no other tasks for you in this list." in page
    assert office.row(other).status == "open"


def test_after_the_last_one_the_list_begins_again(office: Desks, sara: Browser) -> None:
    early, late = (office.some(1, hours=hours)[0] for hours in (1, 9))
    office.claimed("sara", late)
    assert urlsplit(completed(sara, late)[0]).path == f"/desk/tasks/{early}"


def test_one_that_waits_for_an_answer_is_not_the_next(office: Desks, sara: Browser) -> None:
    waits, done = (office.some(1, hours=hours)[0] for hours in (9, 1))
    for task in (waits, done):
        office.claimed("sara", task)
    office.do(
        "sara", lambda uow: tasks.request_opinion(uow, waits, tasks.Question("Is it safe?", unit="fire"))
    )
    assert completed(sara, done, "?view=mine")[0] == "/desk?view=mine"


def test_what_is_refused_stays_with_its_list(office: Desks, sara: Browser) -> None:
    (task,) = office.some(1)
    office.claimed("reza", task)
    status, _, page = sent(
        sara, f"/desk/tasks/{task}?view=mine", ("then", NEXT), ("data/decision", "granted")
    )
    assert status == 409
    assert "/desk?view=mine" in page


@pytest.mark.parametrize("after", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_no_or_a_strange_task_before_leads_into_the_list(sara: Browser, after: str) -> None:
    assert sara.get(f"/desk/next?view=free&after={after}").headers["Location"] == "/desk?view=free"


def test_rows_show_what_is_new_since_one_last_looked(office: Desks, sara: Browser) -> None:
    office.some(1)
    assert ">New<" not in sara.get("/desk?lang=en").text  # nobody knows when she looked
    (task,) = office.some(1)
    office.change([task], opened_at=datetime.now(UTC) + timedelta(seconds=2))
    page = sara.get("/desk?lang=en").text
    assert re.findall(r'data-task="([^"]+)"(?:(?!data-task).)*?>New<', page, re.S) == [str(task)]


def test_rows_show_that_an_opinion_was_given(office: Desks, sara: Browser) -> None:
    (task,) = office.some(1)
    office.claimed("sara", task)
    opinion = office.do(
        "sara", lambda uow: tasks.request_opinion(uow, task, tasks.Question("Is it safe?", unit="fire"))
    )
    assert "Opinion received" not in sara.get("/desk?lang=en").text
    office.claimed("omid", opinion)
    office.do("omid", lambda uow: tasks.complete(uow, opinion, {"opinion": "Yes."}))
    assert "Opinion received" in sara.get("/desk?lang=en").text


def test_rows_show_that_a_colleague_has_added_a_document(office: Desks, sara: Browser) -> None:
    (task,) = office.some(1)
    case = office.row(task).case_id
    file = documents.Received("deed.pdf", "application/pdf", 10, bytes(32))
    office.do("sara", lambda uow: documents.add(uow, file, case=case))
    assert "Document added" not in sara.get("/desk?lang=en").text
    office.do("reza", lambda uow: documents.add(uow, file, case=case))
    assert "Document added" in sara.get("/desk?lang=en").text
