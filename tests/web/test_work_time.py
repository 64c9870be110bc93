"""The pages of work time, and the report of an open page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine import tasks
from engine.cases import work_notes
from engine.platform.db import Actor, Database
from tests import factories
from tests.measured import a_stretch
from tests.organisation import a_member
from tests.web.conftest import Browser, statements
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


def _earlier(office: Office, minutes: int) -> None:
    with office.database.transaction() as session:
        by = timedelta(minutes=minutes)
        session.execute(text("UPDATE work_stretches SET from_at = from_at - :by").bindparams(by=by))


def test_an_open_page_is_reported_by_its_assignee_only(office: Office) -> None:
    sara, reza, task = office["sara"], office["reza"], office.task
    assert sara.send(f"/tasks/{task}/open").status_code == 404
    sara.claimed()
    answer = sara.send(f"/tasks/{task}/open")
    assert (answer.status_code, answer.text) == (204, "")
    assert reza.send(f"/tasks/{task}/open").status_code == 404
    office.do("sara", tasks.complete, task, {"decision": "granted"})
    assert sara.send(f"/tasks/{task}/open").status_code == 404


def test_only_the_page_of_a_task_that_can_be_answered_reports(office: Office) -> None:
    sara, task = office["sara"], office.task
    attribute = f'data-open="/desk/tasks/{task}/open"'
    assert attribute not in sara.see(f"/tasks/{task}").text
    sara.claimed()
    assert attribute in sara.see(f"/tasks/{task}").text
    assert attribute not in office["reza"].see(f"/tasks/{task}").text


def test_opening_saving_and_answering_count_without_scripts(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    sara.see(f"/tasks/{task}")
    _earlier(office, 62)
    sara.send(f"/tasks/{task}", then="draft", data__area="12")
    page = sara.see(f"/tasks/{task}").text
    assert "1 h 2 min" in page
    sara.send(f"/tasks/{task}", then="complete", data__decision="granted")
    assert "1 h 2 min" in sara.see("/work-time").text
    factories.as_actor(office.database, office.actors["mina"], work_notes.note_ended)
    page = sara.see("/work-time").text
    assert "1 h 2 min" in page
    assert f"/desk/tasks/{task}" in page
    assert str(task) not in office["reza"].see("/work-time").text


def test_a_task_without_time_is_not_measured(office: Office) -> None:
    sara, task = office["sara"], office.task
    office.do("sara", tasks.complete, task, {"decision": "granted"})
    assert "Not measured" in sara.see(f"/tasks/{task}").text
    assert "Not measured" not in office["reza"].see(f"/tasks/{task}").text


def test_a_leader_sees_sums_of_five_and_is_told_why_there_are_none(office: Office) -> None:
    mina = office["mina"]
    page = mina.see("/work-time").text
    assert '"/desk/work-time/office"' in page
    assert "No work time was measured in this unit" in mina.see("/work-time/office").text
    _two_weeks_ago(office, office.actors["sara"])
    ago = office.database.run(lambda _, now: now - timedelta(days=14)).date()
    then = f"/desk/work-time/office?lang=en&week={ago}"
    assert "fewer than five people" in mina.browser.get(then).text
    for number in range(5):
        _two_weeks_ago(office, a_member(office.database, f"p{number}", "office"))
    page = mina.browser.get(then).text
    assert "fewer than five people" not in page
    assert "1 h 0 min" in page
    assert office["sara"].see("/work-time/office").status_code == 403


def test_a_manager_has_no_time_of_its_own_but_the_sums(office: Office) -> None:
    office.actors["boss"] = a_member(office.database, "boss", "office", account_role="manager")
    boss = office["boss"]
    assert '"/desk/work-time"' in boss.see("").text
    page = boss.see("/work-time").text
    assert "My work time" not in page
    assert '"/desk/work-time/office"' in page
    assert boss.see("/work-time/office").status_code == 200
    assert boss.see("/work-time/fire").status_code == 403


@pytest.mark.parametrize("week", ["x", "0001-01-01", "9999-12-31", "1378-01-01", "2026-02-30"])
def test_odd_weeks_show_the_usual_one(office: Office, week: str) -> None:
    mina = office["mina"].browser
    for path in ("/desk/work-time", "/desk/work-time/office"):
        usual, page = (mina.get(f"{path}?lang=en{query}") for query in ("", f"&week={week}"))
        weeks = [re.findall("<strong>(.*)</strong>", one.text) for one in (usual, page)]
        assert len(weeks[0]) == 1
        assert weeks[0] == weeks[1]


def test_the_pages_need_few_statements(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    for path in ("/work-time", f"/tasks/{task}"):
        with statements(office.database) as told:
            sara.see(path)
        assert len(told) <= 12, told


def _two_weeks_ago(office: Office, person: Actor) -> None:
    """Ten minutes of work."""
    a_stretch(office.database, person, "office", minutes=10, days=14, data={"name": "پروین"})
