"""The case on one page: what is known of it, what happened, and what may be done with it."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from engine import cases, tasks
from engine.cases import proposals
from engine.documents import Intake
from engine.models import AccessRecord, Case
from engine.platform.db import Actor, Database
from engine.platform.storage import Storage
from tests import filed
from tests.web.conftest import Browser, statements
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


@pytest.mark.parametrize(("lang", "words"), [("en", "21 March 2001"), ("fa", "۱ فروردین ۱۳۸۰")])
def test_data_are_read_in_the_readers_language_with_their_source(
    office: Office, lang: str, words: str
) -> None:
    page = office["sara"].see(f"/cases/{office.case}", lang).text
    assert words in page
    assert "پروین" in page
    assert {"en": "Application (", "fa": "درخواست ("}[lang] in page


def test_what_no_form_names_stands_apart_under_its_own_name(office: Office) -> None:
    data = {
        "name": "پروین",
        "finding": {
            "code": "address_mismatch",
            "born": "2001-03-21",
            "seen_on": "2026-03-21",
            "since": "1404-05-01",
        },
    }
    with office.database.transaction() as session:
        session.execute(update(Case).values(data=data))
    page = office["sara"].see(f"/cases/{office.case}").text
    own = page.index("internal variable")
    assert page.index("پروین") < own < page.index("<code>finding</code>")
    assert "<code>address_mismatch</code>" in page
    assert "<dt>Born on</dt>" in page
    assert "<dt><code>seen_on</code></dt>" in page
    assert "21 March 2026" in page
    assert "<code>1404-05-01</code>" in page, "no day of the fifteenth century"


@pytest.mark.parametrize(("lang", "words"), [("en", "Reason"), ("fa", "دلیل")])
def test_what_an_event_holds_besides_has_labels(office: Office, lang: str, words: str) -> None:
    office.do("mina", cases.cancel, office.case, reason="the archive is closed")
    page = office["sara"].see(f"/cases/{office.case}", lang).text
    assert f"<dt>{words}</dt>" in page


def test_a_page_shows_who_has_what_and_what_happened(office: Office) -> None:
    office["reza"].claimed()
    page = office["sara"].see(f"/cases/{office.case}").text.replace("\u2068", "").replace("\u2069", "")
    assert "<bdi>reza</bdi>" in page
    assert "reza claimed the task" in page
    assert office.do("sara", cases.get, office.case).number in page


def test_what_a_form_keeps_from_a_role_is_not_on_the_page(office: Office) -> None:
    task = office["sara"].claimed()
    office.do("sara", tasks.complete, task, {"decision": "granted"})
    assert "راز" not in office["sara"].see(f"/cases/{office.case}", "fa").text


def test_looking_is_recorded(office: Office) -> None:
    office["sara"].see(f"/cases/{office.case}")
    office["sara"].see(f"/cases/{office.case}/log")
    office["sara"].see(f"/tasks/{office.task}")
    with office.database.transaction() as session:
        found = session.scalars(select(AccessRecord.what).order_by(AccessRecord.seq)).all()
    assert list(found) == ["file", "events", "task"]


def test_a_long_log_pages_on_from_the_newest(office: Office) -> None:
    for number in range(30):
        office.do("sara", tasks.comment, f"note {number}", case=office.case)
        office.do("sara", tasks.comment, f"word {number}", case=office.case)
    assert f'href="/desk/cases/{office.case}/log"' in office["sara"].see(f"/cases/{office.case}").text
    page = office["sara"].see(f"/cases/{office.case}/log").text
    assert page.index("word 29") < page.index("note 29") < page.index("word 20")
    assert "note 0<" not in page
    found = re.search(r"cursor=(\d+)", page)
    assert found
    older = office["sara"].browser.get(f"/desk/cases/{office.case}/log?cursor={found[1]}&lang=en").text
    assert "note 0<" in older
    assert 'rel="next"' not in older


def test_a_note_stays_inside_and_a_message_is_for_the_applicant(office: Office) -> None:
    sara = office["sara"]
    assert sara.send(f"/cases/{office.case}/comments", comment="among us").status_code == 303
    sara.send(f"/cases/{office.case}/comments", comment="dear applicant", visible="yes")
    assert [row["text"] for row in office.do("portal", tasks.comments, office.case)] == ["dear applicant"]
    page = sara.see(f"/cases/{office.case}").text
    assert "among us" in page
    assert "visible to the applicant" in page


@pytest.mark.parametrize("text", ["", "x" * 10_001])
def test_a_note_that_cannot_be_taken_is_explained_and_kept(office: Office, text: str) -> None:
    page = office["sara"].send(f"/cases/{office.case}/comments", comment=text, visible="yes")
    assert page.status_code == 422
    assert 'class="wrong"' in page.text
    assert f">{text}</textarea>" in page.text


def test_a_document_is_handed_in_replaced_and_fetched(office: Office) -> None:
    sara, content = office["sara"], filed.pdf()
    sent = sara.send(f"/cases/{office.case}/documents", file=(BytesIO(content), "plan.pdf"), title="The plan")
    assert sent.status_code == 303
    page = sara.see(f"/cases/{office.case}").text
    found = re.search(r"/desk/documents/([0-9a-f-]{36})/content", page)
    assert found
    assert "The plan" in page
    fetched = sara.browser.get(f"/desk/documents/{found[1]}/content")
    assert fetched.data == content
    assert "attachment" in fetched.headers["Content-Disposition"]
    sara.send(f"/documents/{found[1]}", file=(BytesIO(content), "better.pdf"))
    assert "better.pdf" in sara.see(f"/documents/{found[1]}").text
    assert office["omid"].see(f"/documents/{found[1]}").status_code == 404
    assert office["omid"].browser.get(f"/desk/documents/{found[1]}/content").status_code == 404


@pytest.mark.parametrize(
    "upload",
    [
        {},
        {"file": (b"MZ\x90", "program.exe")},
        {"file": (b"no picture", "picture.png")},
        {"file": (b"", "a.pdf")},
    ],
)
def test_a_file_that_is_not_taken_is_explained(office: Office, upload: dict[str, tuple[bytes, str]]) -> None:
    given: dict[str, Any] = {name: (BytesIO(content), called) for name, (content, called) in upload.items()}
    page = office["sara"].send(f"/cases/{office.case}/documents", title="kept title", **given)
    assert page.status_code == 422
    assert ("This field is required." in page.text) is (not upload)
    assert 'class="wrong"' in page.text
    assert "kept title" in page.text


def test_a_document_comes_with_a_task(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    sent = sara.send(f"/tasks/{task}/documents", file=(BytesIO(filed.pdf()), "with.pdf"))
    assert sent.status_code == 303
    assert "with.pdf" in sara.see(f"/tasks/{task}").text


@pytest.mark.parametrize("action", ["withdraw", "cancel"])
def test_a_case_is_ended_after_it_was_asked_once_more(office: Office, action: str) -> None:
    sara = office["sara"]
    assert sara.see(f"/cases/{office.case}/do/{action}").status_code == 200
    assert sara.send(f"/cases/{office.case}/do/{action}", reason="no need").status_code == 303
    assert office.do("sara", cases.get, office.case).ended_at is not None
    page = sara.send(f"/cases/{office.case}/do/{action}", reason="once more")
    assert page.status_code == 409
    assert "once more" in page.text


@pytest.mark.parametrize("action", ["suspend", "resume", "nothing"])
def test_what_a_role_does_not_allow_is_neither_offered_nor_done(office: Office, action: str) -> None:
    sara = office["sara"]
    assert f"/do/{action}" not in sara.see(f"/cases/{office.case}").text
    assert sara.see(f"/cases/{office.case}/do/{action}").status_code in (403, 404)
    assert sara.send(f"/cases/{office.case}/do/{action}").status_code in (403, 404)


@pytest.mark.parametrize(("lang", "words"), [("en", "Order of a court"), ("fa", "دستور دادگاه")])
def test_a_suspension_can_have_a_reason_that_is_counted(
    office: Office, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], lang: str, words: str
) -> None:
    office.actors["boss"] = actor("administrator")
    boss, path = office["boss"], f"/cases/{office.case}"
    page = boss.see(f"{path}/do/suspend", lang).text
    assert f'<option value="court-order">{words}</option>' in page
    wrong = boss.send(f"{path}/do/suspend", reason_code="holiday", reason="typed")
    assert (wrong.status_code, "typed" in wrong.text) == (422, True)
    assert boss.send(f"{path}/do/suspend", reason_code="court-order").status_code == 303
    assert f": \u2068{words}\u2069" in office["sara"].see(f"{path}/log", lang).text
    assert "reason_code" not in boss.see(f"{path}/do/cancel").text


def test_a_new_secret_is_shown_once_on_a_slip(office: Office) -> None:
    sara = office["sara"]
    assert 'class="secret"' not in sara.see(f"/cases/{office.case}/secret").text
    slip = sara.send(f"/cases/{office.case}/secret").text
    assert re.search(r'class="secret"><bdi class="ltr">[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}<', slip)
    assert 'class="secret"' not in sara.see(f"/cases/{office.case}/secret").text


def test_the_picture_and_the_file_of_the_diagram_are_the_cases_own(office: Office) -> None:
    sara = office["sara"]
    assert sara.see(f"/cases/{office.case}/diagram.svg").mimetype == "image/svg+xml"
    assert b"userTask" in sara.see(f"/cases/{office.case}/diagram.bpmn").data
    # This file has no places of its own, so that the picture is all there is to see.
    assert f"/desk/cases/{office.case}/diagram.svg" in sara.see(f"/cases/{office.case}/diagram").text


@pytest.mark.parametrize(
    "path", ["", "/log", "/diagram", "/diagram.svg", "/diagram.bpmn", "/do/cancel", "/secret"]
)
def test_a_case_of_another_agency_does_not_exist(office: Office, path: str) -> None:
    assert office["omid"].see(f"/cases/{office.case}{path}").status_code == 404
    assert office["sara"].see(f"/cases/{uuid4()}{path}").status_code == 404


def test_a_page_of_everything_counts_few_statements(office: Office) -> None:
    sara = office["sara"]
    task = sara.claimed()
    for number in range(3):
        office.do("sara", tasks.comment, f"note {number}", case=office.case)
        sent = sara.send(f"/cases/{office.case}/documents", file=(BytesIO(filed.pdf()), f"{number}.pdf"))
        assert sent.status_code == 303
    office.do("sara", tasks.complete, task, {"decision": "granted"})
    sara.see(f"/cases/{office.case}")
    for path in ("", "/log", "/diagram", "/diagram.svg", "/do/cancel", "/secret"):
        with statements(office.database) as told:
            assert sara.see(f"/cases/{office.case}{path}").status_code == 200
        assert len(told) <= 12, path


def test_the_file_of_a_process_is_never_a_page_of_ours(office: Office) -> None:
    file = office["sara"].see(f"/cases/{office.case}/diagram.bpmn")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_document_larger_than_the_limit_is_refused_to_the_byte(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Intake, "of", lambda _: Intake(Storage("/nowhere"), 10, (), None))
    sent = office["sara"].send(f"/cases/{office.case}/documents", file=(BytesIO(b"x" * 11), "plan.txt"))
    assert sent.status_code == 413


def test_visits_are_recorded_and_corrected_on_the_page(office: Office) -> None:
    path, sara = f"/cases/{office.case}", office["sara"]
    (today,) = re.findall(r'name="visit_day"[^>]* value="([^"]+)"', sara.see(path).text)
    assert sara.send(f"{path}/visits", visit_day="2999-01-01", visit_reason="payment").status_code == 422
    missing = sara.send(f"{path}/visits", visit_day=today)
    assert (missing.status_code, 'class="wrong"' in missing.text) == (422, True)
    assert sara.send(f"{path}/visits", visit_day=today, visit_reason="payment").status_code == 303
    page = sara.see(path).text
    assert "not planned" in page
    (visit,) = set(re.findall(rf'action="/desk{path}/visits/([0-9a-f-]+)"', page))
    assert sara.send(f"{path}/visits/{visit}", visit_reason="", withdrawn="yes").status_code == 303
    assert "withdrawn" in sara.see(path, "en").text
    with statements(office.database) as told:
        sara.see(path)
    assert len(told) <= 12
    assert office["omid"].send(f"{path}/visits", visit_day=today, visit_reason="payment").status_code == 404


def test_a_second_administrator_confirms_a_change_on_the_page(
    office: Office, actor: Callable[..., Actor]
) -> None:
    for name in ("one", "two"):
        office.actors[name] = actor("administrator", name)
    path, two = f"/cases/{office.case}", office["two"]
    change = {"name": "پریسا", "born": "2001-03-22"}
    made = office.do("one", proposals.propose_variables, office.case, change, "typing error")
    assert "Proposed change" not in office["sara"].see(path).text
    own = office["one"].see(path).text
    assert f"{made}/withdraw" in own
    assert f"{made}/confirm" not in own
    assert "typing error" in two.see("/proposals").text
    assert "/desk/proposals" in two.see("/cases").text
    assert office["sara"].see("/proposals").status_code == 403
    page = two.see(path, "fa").text
    with statements(office.database) as told:
        two.see(path, "fa")
    assert len(told) <= 12
    assert "پیشنهاد تغییر داده‌ها" in page
    assert page.index("typing error") < page.index("پریسا")
    assert two.send(f"/cases/{made}/proposals/{made}/confirm").status_code == 404
    assert two.send(f"{path}/proposals/{made}/confirm").status_code == 303
    assert "پریسا" in office["sara"].see(path).text
    again = two.send(f"{path}/proposals/{made}/confirm")
    assert (again.status_code, "already been decided" in again.text) == (409, True)
    assert "No change waits" in two.see("/proposals").text
    assert two.send(f"{path}/proposals/{made}/other").status_code == 404


def test_internal_document_is_marked_and_shared_on_its_page(office: Office) -> None:
    sara, content = office["sara"], filed.pdf()
    sara.send(f"/cases/{office.case}/documents", file=(BytesIO(content), "note.pdf"), visibility="internal")
    listed = sara.see(f"/cases/{office.case}").text
    found = re.search(r"/desk/documents/([0-9a-f-]{36})/content", listed)
    assert found
    share = f"/desk/documents/{found[1]}/share"
    assert share in sara.see(f"/documents/{found[1]}").text
    assert sara.send(f"/documents/{found[1]}/share").status_code == 303
    assert share not in sara.see(f"/documents/{found[1]}").text
    shown: dict[str, Any] = {"file": (BytesIO(content), "plan.pdf"), "visibility": "shared"}
    sara.send(f"/cases/{office.case}/documents", **shown)
    ids = re.findall(r"/desk/documents/([0-9a-f-]{36})/content", sara.see(f"/cases/{office.case}").text)
    (other,) = set(ids) - {found[1]}
    assert "/share" not in sara.see(f"/documents/{other}").text
