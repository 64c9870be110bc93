"""Pages of auditors and managers: what they see, that auditors are asked why, and that nobody can act."""

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine import documents
from engine.documents import Received
from engine.models import AccessRecord
from engine.platform.db import Actor, Database
from tests import factories
from tests.web.conftest import Browser

SessionOf = Callable[..., Browser]
PURPOSE = "حکم بازرسی ۳۱۷"


@pytest.fixture
def case(database: Database, actor: Callable[..., Actor]) -> str:
    factories.deploy(database, factories.one_task())
    found = factories.a_case(database, actor("portal"), data={"name": "نام"})
    with database.transaction() as session:
        session.execute(text("UPDATE cases SET subject = 'shop of Arash'"))
    return f"/desk/cases/{found.id}"


def state(browser: Browser, target: str, purpose: str = PURPOSE) -> str:
    form = {"token": browser.token("/purpose"), "purpose": purpose, "next": target}
    answer = browser.post("/purpose", form)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_auditor_is_asked_why_and_then_sees_the_case(
    database: Database, actor: Callable[..., Actor], session_of: SessionOf, case: str
) -> None:
    browser = session_of(actor("auditor"))
    asked = browser.get(case)
    assert asked.status_code == 403
    assert "نام" not in re.sub(r"<label.*?</label>|<p.*?</p>", "", asked.text) or PURPOSE not in asked.text
    assert f'name="next" value="{case}"' in asked.text
    assert state(browser, case) == case
    page = browser.get(case)
    assert page.status_code == 200
    assert PURPOSE in page.text
    for part in ("/log", "/diagram"):
        assert browser.get(case + part).status_code == 200, part
    with database.transaction() as session:
        records = session.scalars(select(AccessRecord)).all()
        assert {(record.payload or {}).get("purpose") for record in records} == {PURPOSE}


def test_auditor_is_shown_diagrams_and_documents_for_a_recorded_purpose(
    database: Database, actor: Callable[..., Actor], session_of: SessionOf, case: str
) -> None:
    file = Received("a.pdf", "application/pdf", 3, b"\x07" * 32)
    add = partial(documents.add, received=file, case=UUID(case.rpartition("/")[2]))
    document = factories.as_actor(database, actor("caseworker"), add).id
    browser = session_of(actor("auditor"))
    paths = {f"{case}/diagram.svg": "case", f"/desk/documents/{document}": "document"}
    for path in paths:
        assert browser.get(path).status_code == 403, path
    state(browser, case)
    for path, what in paths.items():
        assert browser.get(path).status_code == 200, path
        with database.transaction() as session:
            last = session.scalars(select(AccessRecord).order_by(AccessRecord.id.desc())).first()
            assert last is not None, path
            assert (last.what, (last.payload or {})["purpose"]) == (what, PURPOSE), path


def test_purpose_belongs_to_one_session(
    actor: Callable[..., Actor], session_of: SessionOf, case: str
) -> None:
    first, second = session_of(actor("auditor")), session_of(actor("auditor", "another"))
    state(first, case)
    stolen = first.client.get_cookie("parvandeh-purpose", "pages.test")
    assert stolen is not None
    second.client.set_cookie("parvandeh-purpose", stolen.value, domain="pages.test")
    assert second.get(case).status_code == 403
    assert first.get(case).status_code == 200
    first.logout()
    assert first.client.get_cookie("parvandeh-purpose", "pages.test") is None


@pytest.mark.parametrize("typed", ["", "   ", "x" * 201, "\u200f"])
def test_purpose_must_be_a_line(actor: Callable[..., Actor], session_of: SessionOf, typed: str) -> None:
    browser = session_of(actor("auditor"))
    form = {"token": browser.token("/purpose"), "purpose": typed, "next": "/desk/cases"}
    answer = browser.post("/purpose", form)
    assert answer.status_code == 422
    assert "has-fault" in answer.text


def test_purpose_leads_to_no_other_site(actor: Callable[..., Actor], session_of: SessionOf) -> None:
    browser = session_of(actor("auditor"))
    assert state(browser, "//evil.example") == "/"
    page = browser.get("/purpose?next=" + quote("//evil.example")).text
    assert 'name="next" value="/"' in page


def test_others_are_not_asked(actor: Callable[..., Actor], session_of: SessionOf, case: str) -> None:
    browser = session_of(actor("manager"))
    assert browser.get("/purpose").headers["Location"] == "/"
    assert browser.get(case).status_code == 200
    assert "/purpose" not in browser.get(case).text


@pytest.mark.parametrize("role", ["auditor", "manager"])
def test_reader_finds_no_form_that_changes_anything(
    actor: Callable[..., Actor], session_of: SessionOf, case: str, role: str
) -> None:
    browser = session_of(actor(role))
    if role == "auditor":
        state(browser, case)
    own = {"/logout", "/desk/search", "/desk/cases", "/desk", "/account", "/purpose"}  # three of them search
    pages = ["/", "/desk/cases", case, case + "/log", "/account"]
    pages += ["/administration/log"] if role == "auditor" else ["/desk"]
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code in (200, 303), path
        forms = set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"?]*)', answer.text))
        assert {form for form in forms if not form.startswith("/account")} <= own, path


def test_auditor_sees_the_log_and_no_subjects(
    actor: Callable[..., Actor], session_of: SessionOf, case: str
) -> None:
    browser = session_of(actor("auditor"))
    assert browser.get("/").headers["Location"] == "/desk/cases"
    assert "Arash" not in browser.get("/desk/cases").text
    log = browser.get("/administration/log").text
    assert "/administration/people" not in log
    assert "/administration/incidents" not in log
    assert "Arash" in session_of(actor("manager")).get("/desk/cases").text
