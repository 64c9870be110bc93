"""Pages of red flags and of questions: what they show, to whom, and what they refuse."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from engine.models import User
from engine.platform.db import Actor, Database
from engine.platform.red_flags import USUAL
from tests import factories
from tests.flagging import a_flag
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements
from web.site import SITE, Site

SessionOf = Callable[[Actor], Browser]


@pytest.fixture
def people(database: Database) -> Mapping[str, Actor]:
    a_unit(database, "guild", name="اتحادیه | Guild")
    factories.deploy(database, factories.one_task())
    return {
        "sara": a_member(database, "sara", "guild"),
        "head": a_member(database, "head", "guild", "supervisor"),
        "nima": a_member(database, "nima", "root", "*", "auditor"),
    }


@pytest.fixture
def flag(database: Database, people: Mapping[str, Actor]) -> str:
    cases = [factories.a_case(database, factories.an_actor(database, "portal")).id for _ in range(3)]
    return str(a_flag(database, people["sara"], "guild", cases=cases))


@pytest.fixture
def inspector(session_of: SessionOf, people: Mapping[str, Actor]) -> Browser:
    """The inspector's browser, in English, with a purpose."""
    browser = session_of(people["nima"])
    browser.get("/audit/flags?lang=en")
    browser.post("/purpose", {"token": browser.token("/account"), "purpose": "inspection", "next": "/"})
    return browser


def sent(browser: Browser, path: str, **form: str) -> Any:
    return browser.post(path, {"token": browser.token("/account"), **form})


def test_the_list_says_in_plain_words_what_was_seen_and_names_nobody(inspector: Browser, flag: str) -> None:
    page = inspector.get("/audit/flags").text
    assert "7 of 31 decisions were made while the office was closed." in page
    assert "Of all others in the same queues: 1 of 40." in page
    assert "Guild" in page
    assert f"/audit/flags/{flag}" in page
    assert "sara" not in page
    assert "7 of 31" in inspector.get("/audit/flags?pattern=outside-hours&unit=guild&state=raised").text
    for other in ("pattern=queue-jumping", "unit=nothing", "state=closed"):
        assert "No flag matches" in inspector.get(f"/audit/flags?{other}").text
    assert "7 of 31" in inspector.get("/audit/flags?pattern=nonsense&cursor=x").text


def test_a_flag_asks_for_a_purpose_first(
    session_of: SessionOf, people: Mapping[str, Actor], flag: str
) -> None:
    browser = session_of(people["nima"])
    answer = browser.get(f"/audit/flags/{flag}")
    assert answer.status_code == 403
    assert 'name="purpose"' in answer.text
    assert "sara" not in answer.text


def test_an_inspector_asks_and_closes_and_the_official_answers(
    inspector: Browser, session_of: SessionOf, people: Mapping[str, Actor], flag: str
) -> None:
    page = inspector.get(f"/audit/flags/{flag}").text
    for said in (
        "sara",
        "1 of 40",
        "generated months of officials",
        "queue by queue",
        "a reason to ask",
        "Nobody has been",
    ):
        assert said in page
    assert page.count('href="/desk/cases/') == 3
    sara = session_of(people["sara"])
    assert "/questions" not in sara.get("/desk?lang=en").text  # until somebody asks
    assert "Nobody has asked you" in sara.get("/questions").text
    ask = f"/audit/flags/{flag}/questions"
    assert sent(inspector, ask, text="Why at night?", asked=str(people["sara"].id)).status_code == 303
    again = sent(inspector, ask, text="And why?", asked=str(people["sara"].id))
    assert (again.status_code, "And why?" in again.text) == (409, True)
    assert "1 awaits your answer" in sara.get("/desk").text
    listed = sara.get("/questions").text
    path = listed.partition('href="/questions/')[2].partition('"')[0]
    asked = sara.get(f"/questions/{path}").text
    assert "Why at night?" in asked
    assert "queue by queue" in asked  # the same rule that the inspector reads
    empty = sent(sara, f"/questions/{path}/answer", text=" ")
    assert (empty.status_code, "This field is required." in empty.text) == (422, True)
    assert sent(sara, f"/questions/{path}/answer", text="A busy week.").status_code == 303
    assert "A busy week." in inspector.get(f"/audit/flags/{flag}").text
    close = f"/audit/flags/{flag}/close"
    wrong = sent(inspector, close, conclusion_text="x")
    assert (wrong.status_code, "Choose a conclusion." in wrong.text) == (422, True)
    done = sent(inspector, close, conclusion="explained", conclusion_text="A good reason.")
    assert done.status_code == 303
    assert "Send the question" not in inspector.get(f"/audit/flags/{flag}").text
    assert "A good reason." in sara.get(f"/questions/{path}").text
    assert "awaits your answer" not in sara.get("/desk").text


def test_others_find_neither_flag_nor_question(
    inspector: Browser, session_of: SessionOf, people: Mapping[str, Actor], flag: str, actor: Any
) -> None:
    sent(inspector, f"/audit/flags/{flag}/questions", text="Why?", asked=str(people["sara"].id))
    sara = session_of(people["sara"])
    path = sara.get("/questions").text.partition('href="/questions/')[2].partition('"')[0]
    others = [session_of(people["head"]), session_of(actor("administrator")), session_of(actor("manager"))]
    for other in (*others, sara):
        assert other.get(f"/audit/flags/{flag}").status_code == 404
        assert sent(other, f"/audit/flags/{flag}/close", conclusion="explained").status_code == 404
        assert other.get("/audit/flags").status_code == 403
    for other in others:
        assert other.get(f"/questions/{path}").status_code == 404
        assert sent(other, f"/questions/{path}/answer", text="x").status_code == 404
        assert "Red flags" not in other.get("/audit/search?lang=en").text


@pytest.mark.parametrize("due", ["1.1.2020", quote("دیروز"), "2020-01-01", "9999-01-01"])
def test_a_day_that_is_none_or_over_is_refused(
    inspector: Browser, people: Mapping[str, Actor], flag: str, due: str
) -> None:
    refused = sent(
        inspector, f"/audit/flags/{flag}/questions", text="Why?", asked=str(people["sara"].id), due=due
    )
    assert refused.status_code == 422
    assert 'id="f-due-wrong0"' in refused.text


def test_the_pages_need_few_statements(
    inspector: Browser, session_of: SessionOf, database: Database, people: Mapping[str, Actor], flag: str
) -> None:
    sent(inspector, f"/audit/flags/{flag}/questions", text="Why?", asked=str(people["sara"].id))
    sara = session_of(people["sara"])
    path = sara.get("/questions").text.partition('href="/questions/')[2].partition('"')[0]
    for browser, address in (
        *((inspector, "/audit/flags"), (inspector, f"/audit/flags/{flag}")),
        *((sara, "/questions"), (sara, f"/questions/{path}")),
    ):
        with statements(database) as told:
            assert browser.get(address).status_code == 200
        assert 1 < len(told) <= 12, address


@pytest.mark.parametrize("form", [{}, {"asked": ""}, {"asked": "sara"}, {"asked": "00000000-0000"}])
def test_a_question_to_nobody_is_refused_at_the_field(
    inspector: Browser, session_of: SessionOf, people: Mapping[str, Actor], flag: str, form: dict[str, str]
) -> None:
    refused = sent(inspector, f"/audit/flags/{flag}/questions", text="Why?", **form)
    assert refused.status_code == 422
    assert 'id="f-asked-wrong"' in refused.text
    assert "Nobody has asked you" in session_of(people["sara"]).get("/questions?lang=en").text


def test_who_has_become_an_auditor_is_not_offered(
    inspector: Browser, database: Database, people: Mapping[str, Actor], flag: str
) -> None:
    with database.transaction() as session:
        session.execute(update(User).where(User.id == people["sara"].id).values(role="auditor"))
    page = inspector.get(f"/audit/flags/{flag}").text
    assert "another role" in page
    assert f'<option value="{people["sara"].id}"' not in page
    assert f'<option value="{people["head"].id}"' in page


def test_texts_have_the_thresholds_of_the_setting(
    inspector: Browser, database: Database, people: Mapping[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    own: Site = inspector.app.extensions[SITE]
    limits = {**USUAL, "returned-often": {**USUAL["returned-often"], "times": 4.0}}
    changed = replace(own, settings=replace(own.settings, red_flags=limits))
    monkeypatch.setitem(inspector.app.extensions, SITE, changed)
    often = a_flag(database, people["sara"], "guild", pattern="returned-often")
    assert "returned at least 4 times" in inspector.get(f"/audit/flags/{often}").text
    late = a_flag(database, people["sara"], "guild")
    assert "at least 60 minutes before the office opened" in inspector.get(f"/audit/flags/{late}").text
    quick = a_flag(database, people["sara"], "guild", pattern="quick-decisions")
    assert "within 20 seconds" in inspector.get(f"/audit/flags/{quick}").text


def test_the_administration_log_shows_questions_to_auditors_only(
    inspector: Browser, session_of: SessionOf, people: Mapping[str, Actor], flag: str, actor: Any
) -> None:
    sent(inspector, f"/audit/flags/{flag}/questions", text="Why?", asked=str(people["sara"].id))
    log = "/administration/log?lang=en"
    assert 'value="question.asked"' in inspector.get(log).text
    assert "nima" in inspector.get(f"{log}&kind=question.asked").text
    administrator = session_of(actor("administrator"))
    assert 'value="membership.given"' in administrator.get(log).text
    for address in (log, f"{log}&kind=question.asked", f"{log}&unit=root"):
        page = administrator.get(address).text
        assert "question asked by an inspector" not in page
