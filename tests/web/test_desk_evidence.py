"""The basis of a decision is open next to its form: the application, and what colleagues have found."""

import re
from collections.abc import Callable

import pytest

from engine import cases, tasks
from engine.platform.db import Actor, Database
from engine.tasks import Question
from tests.web.conftest import Browser, statements
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


def groups(page: str) -> list[tuple[str, dict[str, str]]]:
    """Headings of what is open, each with its labels and values."""
    found = re.findall(r'<section class="card evidence"><h2>([^<]+)</h2>(.*?)</section>', page, re.S)
    pairs = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.S)
    return [
        (title, {re.sub("<[^>]+>", "", label): " ".join(re.sub("<[^>]+>", "", value).split())
                 for label, value in pairs.findall(body)})
        for title, body in found
    ]  # fmt: skip


def test_the_application_is_open_also_before_the_task_is_claimed(office: Office) -> None:
    page = office["sara"].see(f"/tasks/{office.task}").text
    assert groups(page) == [("Application", {"Name": "پروین", "Born on": "21 March 2001"})]
    assert page.index('class="card evidence"') < page.index('id="answer"')


def test_what_a_colleague_has_found_stands_under_the_name_of_the_step(office: Office) -> None:
    task = office["reza"].claimed()
    office.do("reza", tasks.complete, task, {"decision": "granted", "area": 12, "why": "all is well"})
    page = office["sara"].see(f"/tasks/{office.task}").text
    assert [title for title, _ in groups(page)] == ["Application", "a"]
    assert groups(page)[1][1] == {"Decision": "granted", "Area": "12", "Why": "all is well"}


def test_what_a_form_hides_from_a_role_is_not_there(office: Office) -> None:
    office.do("mina", cases.start, "p", {"name": "x", "secret": "hush"})
    (case,) = (row["id"] for row in office.do("sara", cases.page, cases.Wanted()) if row["id"] != office.case)
    (task,) = (row["id"] for row in office.do("mina", tasks.latest, case))
    assert "hush" not in office["sara"].see(f"/tasks/{task}").text
    assert "hush" in office["mina"].see(f"/tasks/{task}").text


def test_a_long_text_shows_how_it_begins(office: Office) -> None:
    office.do("portal", cases.start, "p", {"name": "beginning " + "x" * 700 + " end"})
    (case,) = (row["id"] for row in office.do("sara", cases.page, cases.Wanted()) if row["id"] != office.case)
    (task,) = (row["id"] for row in office.do("mina", tasks.latest, case))
    page = office["sara"].see(f"/tasks/{task}").text
    assert re.search(r"beginning x+…</span>\s*<details class=\"more\"><summary>Full text", page)


def test_who_is_asked_for_an_opinion_sees_no_more_than_was_shared(office: Office) -> None:
    task = office["sara"].claimed()
    asked = office.do("sara", tasks.request_opinion, task, Question("Is it safe?", unit="fire"))
    page = office["omid"].see(f"/tasks/{asked}").text
    assert groups(page) == []
    assert "پروین" not in page


def test_its_page_needs_no_more_statements(office: Office, database: Database) -> None:
    sara, task = office["sara"], office["sara"].claimed()
    sara.see(f"/tasks/{task}")
    with statements(database) as told:
        assert sara.see(f"/tasks/{task}").status_code == 200
    assert len(told) <= 12
