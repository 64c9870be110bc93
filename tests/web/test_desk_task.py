"""The current task: its form, what else is asked, and that nothing typed is lost."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from engine import cases, tasks
from engine.models import BrowserSession
from engine.platform.db import Actor, Database
from engine.tasks import Marks, Question
from tests.web.conftest import Browser, statements
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


def test_a_free_task_is_taken_by_its_button_and_given_back(office: Office) -> None:
    sara, task = office["sara"], office.task
    assert f'action="/desk/tasks/{task}/claim"' in sara.see(f"/tasks/{task}").text
    assert sara.send(f"/tasks/{task}/claim").status_code == 303
    assert office.do("sara", tasks.get, task)["assignee"] == "sara"
    assert 'value="complete"' in sara.see(f"/tasks/{task}").text
    sara.send(f"/tasks/{task}/release")
    assert office.do("sara", tasks.get, task)["assignee"] is None


def test_an_answer_completes_the_task_in_the_readers_digits(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    done = sara.send(f"/tasks/{task}", then="complete", data__decision="granted", data__area="۱۲")
    assert (done.status_code, done.headers["Location"]) == (303, f"/desk/tasks/{task}")
    assert office.do("sara", cases.get, office.case).data["area"] == 12
    assert "sara completed this task" in _plain(sara.see(f"/tasks/{task}").text)


def test_a_draft_is_kept_and_shown_again(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    assert sara.send(f"/tasks/{task}", then="draft", data__area="a lot").status_code == 303
    page = sara.see(f"/tasks/{task}").text
    assert 'value="a lot"' in page
    assert "This is your saved draft." in page


def test_a_draft_that_a_script_sends_is_answered_with_the_time_alone(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    told = sara.send(f"/tasks/{task}", {"HX_Request": "true"}, then="draft", data__why="so")
    assert told.status_code == 200
    assert told.text.startswith("Draft saved at")
    office.do("sara", tasks.release, task)
    told = sara.send(f"/tasks/{task}", {"HX_Request": "true"}, then="draft", data__why="so")
    assert told.status_code == 422
    assert "The draft was not saved." in told.text


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}", then="complete", data__area="wide", data__why="kept as typed")
    assert page.status_code == 422
    assert 'href="#data-decision"' in page.text
    assert 'id="data-area-wrong0"' in page.text
    assert 'value="wide"' in page.text
    assert "kept as typed" in page.text


def test_a_row_is_added_and_removed_by_buttons(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}", add="/rows", data__why="stays")
    assert page.status_code == 200
    assert 'name="data/rows/0"' in page.text
    assert "stays" in page.text
    page = sara.send(f"/tasks/{task}", remove="/rows/0", rows__rows="1", data__rows__0="x")
    assert 'name="data/rows/0"' not in page.text


def test_who_comes_too_late_is_told_who_has_done_it_and_keeps_the_text(office: Office) -> None:
    sara, reza = office["sara"], office["reza"]
    task = sara.claimed()
    office.do("sara", tasks.release, task)
    reza.claimed()
    reza.send(f"/tasks/{task}", then="complete", data__decision="granted")
    page = sara.send(f"/tasks/{task}", then="complete", data__decision="refused", data__why="my long text")
    assert page.status_code == 409
    assert "my long text" in page.text
    assert "reza completed it" in _plain(page.text)
    assert "reza completed the task" in _plain(page.text)  # its timeline


def test_a_task_that_somebody_else_has_is_explained(office: Office) -> None:
    task = office["sara"].claimed()
    page = office["reza"].send(f"/tasks/{task}/claim")
    assert page.status_code == 409
    assert "It is now assigned to sara" in _plain(page.text)


def test_completing_twice_says_that_it_was_oneself(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    sara.send(f"/tasks/{task}", then="complete", data__decision="granted")
    page = sara.send(f"/tasks/{task}", then="complete", data__decision="granted")
    assert page.status_code == 409
    assert "You completed it yourself" in page.text


def test_a_case_that_was_cancelled_meanwhile_is_explained(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    office.do("mina", cases.cancel, office.case, reason="a mistake")
    page = sara.send(f"/tasks/{task}", then="complete", data__why="typed for nothing")
    assert page.status_code == 409
    assert "typed for nothing" in page.text
    assert "mina cancelled the case" in _plain(page.text)


def test_an_older_revision_is_told_and_may_be_sent_again(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}", then="complete", seen="1", data__decision="granted", data__why="w")
    assert page.status_code == 409
    assert ">w</textarea>" in page.text or 'value="w"' in page.text
    assert f'name="seen" value="{office.do("sara", tasks.get, task)["revision"]}-' in page.text


def test_fields_that_the_form_has_lost_are_still_to_be_read(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}", then="complete", data__gone="of the older version")
    assert page.status_code == 422
    assert "of the older version" in page.text


def test_what_is_marked_goes_back_to_the_applicant_with_its_text(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    text = sara.see(f"/tasks/{task}/send-back").text
    assert "پروین" in text
    assert "Secret" not in text
    sent = sara.send(f"/tasks/{task}/send-back", mark="/name", text__name="write it whole", due="2999-01-01")
    assert sent.status_code == 303
    (asked,) = office.do("sara", tasks.list_subtasks, task)
    assert asked["asked"]["fields"] == [{"pointer": "/name", "text": "write it whole"}]
    assert "write it whole" in sara.see(f"/tasks/{task}").text
    page = sara.send(f"/tasks/{task}", then="complete", data__decision="granted")
    assert page.status_code == 409
    office["sara"].send(f"/tasks/{asked['id']}/withdraw")
    assert sara.send(f"/tasks/{task}", then="complete", data__decision="granted").status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {"whole": "all of it"},
        {"mark": "/name", "text__name": ""},
        {"text__name": "x", "due": "1999-01-01"},
        {"text__name": "x", "due": "soon"},
        {"text__nothing": "no such field"},
    ],
)
def test_a_send_back_that_cannot_be_is_explained_and_keeps_its_texts(
    office: Office, form: dict[str, Any]
) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}/send-back", **form)
    assert page.status_code == 422
    assert all(text in page.text for name, text in form.items() if name in ("whole", "due"))
    assert not office.do("sara", tasks.list_subtasks, task)


def test_an_opinion_is_asked_read_and_taken_back(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    assert "office" in sara.see(f"/tasks/{task}/ask").text
    assert sara.send(f"/tasks/{task}/ask", question="", to="nobody").status_code == 422
    assert (
        sara.send(f"/tasks/{task}/ask", question="Is it safe?", unit="fire", show="name").status_code == 303
    )
    (asked,) = office.do("sara", tasks.list_subtasks, task)
    omid = office["omid"]
    page = omid.see(f"/tasks/{asked['id']}").text
    assert "Is it safe?" in page
    assert f"/desk/cases/{office.case}" not in page
    omid.send(f"/tasks/{asked['id']}/claim")
    assert omid.send(f"/tasks/{asked['id']}", then="complete", data__opinion="It is.").status_code == 303
    assert "It is." in sara.see(f"/tasks/{task}").text


def test_fields_of_the_application_go_along_with_a_question_as_far_as_the_asker_sees_them(
    office: Office,
) -> None:
    sara = office["sara"]
    task = sara.claimed()
    offered = re.findall(r'name="show" value="(\w+)"', sara.see(f"/tasks/{task}/ask").text)
    assert {"born", "name", "area"} <= set(offered)
    assert "secret" not in offered
    assert sara.send(f"/tasks/{task}/ask", question="Of age?", unit="fire", show="secret").status_code == 422
    sara.send(f"/tasks/{task}/ask", question="Of age?", unit="fire", show="born")
    (asked,) = office.do("sara", tasks.list_subtasks, task)
    page = office["omid"].see(f"/tasks/{asked['id']}").text
    assert re.search(r"21 March 2001|2001-03-21|2001/03/21", page)
    assert "پروین" not in page
    assert "<dt>Process</dt>" in page


def test_an_opinion_is_for_the_unit_that_is_asked(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    sara.send(f"/tasks/{task}/ask", question="Is it safe?", unit="fire")
    (asked,) = office.do("sara", tasks.list_subtasks, task)
    assert _for_whom(office["omid"].see(f"/tasks/{asked['id']}").text) == "fire"
    assert _for_whom(sara.see(f"/tasks/{task}").text) != "fire"
    assert "requested from: fire" in _plain(sara.see(f"/tasks/{task}").text)


def test_a_correction_is_for_the_applicant(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    correction = office.do("sara", tasks.request_correction, task, Marks([("/name", "Whose?")]))
    assert _for_whom(sara.see(f"/tasks/{correction}").text) == "applicant"


def _for_whom(page: str) -> str:
    found = re.search(r"<dt>For</dt><dd>(.*?)</dd>", page)
    return found[1] if found else ""


def options(page: str, start: str) -> set[str]:
    """What a list of choices on a page offers to send; `start` is how its element begins."""
    return set(re.findall(r'<option value="([^"]+)"', page.partition(start)[2].partition("</div>")[0]))


def test_who_can_be_asked_is_offered_and_nobody_of_another_agency_is_named(office: Office) -> None:
    sara = office["sara"]
    page = sara.see(f"/tasks/{sara.claimed()}/ask").text
    assert {"office", "fire"} <= options(page, '<select id="unit"')
    assert options(page, '<datalist id="to-list"') == {"reza", "mina"}


def test_of_whom_one_asks_nothing_is_told_to_who_works_elsewhere(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    sara.send(f"/tasks/{task}/ask", question="Is it safe?", unit="fire")
    (asked,) = office.do("sara", tasks.list_subtasks, task)
    assert office.do("sara", tasks.colleagues_to_ask, task)
    assert not office.do("omid", tasks.colleagues_to_ask, asked["id"])


def test_whoever_has_a_task_is_not_offered_it(office: Office) -> None:
    sara = office["sara"]
    page = sara.see(f"/tasks/{sara.claimed()}/assign").text
    assert options(page, '<select id="to"') == {str(office.actors[name].id) for name in ("reza", "mina")}


def test_a_task_is_given_to_a_colleague(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.see(f"/tasks/{task}/assign").text
    assert "reza" in page
    assert "omid" not in page
    assert sara.send(f"/tasks/{task}/assign", to="omid").status_code == 422
    assert sara.send(f"/tasks/{task}/assign", to=str(office.actors["reza"].id)).status_code == 303
    assert office.do("sara", tasks.get, task)["assignee"] == "reza"


def test_stepping_back_takes_no_reason_and_is_explained_later(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    assert sara.see(f"/tasks/{task}/recuse").status_code == 200
    assert sara.send(f"/tasks/{task}/recuse").status_code == 303
    page = sara.send(f"/tasks/{task}/claim")
    assert page.status_code == 403
    assert "You have recused yourself from this case." in page.text


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ({"sod": "both"}, "another"),
        ({"assignment": "random"}, "supervisor"),
    ],
)
def test_what_the_process_demands_of_people_is_explained(
    database: Database,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
    marks: dict[str, str],
    told: str,
) -> None:
    office = an_office(database, actor, session_of, **marks)
    if "sod" in marks:
        office["sara"].send(f"/tasks/{office['sara'].claimed()}", then="complete", data__decision="granted")
    holder = office.do("mina", tasks.get, office.task)["assignee"]
    name = "reza" if holder == "sara" else "sara"
    page = office[name].send(f"/tasks/{office.task}/claim")
    assert page.status_code == 403
    assert told in page.text


def test_with_too_low_a_login_nothing_typed_is_lost(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> None:
    office = an_office(database, actor, session_of, acr="high")
    sara = office["sara"]
    task = sara.claimed()
    with database.transaction() as session:
        session.execute(update(BrowserSession).values(acr="low"))
    page = sara.send(f"/tasks/{task}", then="complete", data__decision="granted", data__why="kept text")
    assert page.status_code == 403
    assert "higher level" in page.text
    assert "kept text" in page.text


def test_a_text_beyond_all_measure_is_refused_with_an_explanation(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    page = sara.send(f"/tasks/{task}", then="complete", data__why="x" * (9 << 20))
    assert page.status_code == 413
    assert "What you sent is too large." in page.text
    page = sara.send(f"/tasks/{task}", then="complete", data__decision="granted", data__why="y" * 100_000)
    assert page.status_code == 422
    assert "y" * 100_000 in page.text


@pytest.mark.parametrize("path", ["", "/send-back", "/ask", "/assign", "/recuse"])
def test_a_task_of_another_agency_does_not_exist(office: Office, path: str) -> None:
    assert office["omid"].see(f"/tasks/{office.task}{path}").status_code == 404
    assert office["sara"].see(f"/tasks/{uuid4()}{path}").status_code == 404


def test_the_page_of_a_task_counts_few_statements(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    for number in range(3):
        office.do("sara", tasks.comment, f"note {number}", case=office.case)
        due = datetime.now(UTC) + timedelta(days=1)
        office.do("sara", tasks.request_opinion, task, Question(f"question {number}", due_at=due))
    sara.see(f"/tasks/{task}")
    for path in ("", "/send-back", "/ask", "/assign", "/recuse"):
        with statements(office.database) as told:
            assert sara.see(f"/tasks/{task}{path}").status_code == 200
        assert len(told) <= 12, path
    with statements(office.database) as told:
        assert sara.send(f"/tasks/{task}", then="complete", data__area="x", revision="1").status_code == 409
    assert (
        len([one for one in told if "sessions" not in one]) <= 24
    )  # the attempt, and the page that explains


def _plain(page: str) -> str:
    """Without the marks that keep the direction of names."""
    return page.replace("\u2068", "").replace("\u2069", "")
