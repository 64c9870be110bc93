"""What all pages have: ways between them, choices that stay, explanations of what is wrong."""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import request
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from engine.platform.db import Actor, Database
from tests import openid, organisation
from tests.web.conftest import Browser, Make, statements
from web import texts
from web.site import SITE
from web.visit import Away, Visit, page

LOCAL = "http://localhost"
ENCODED = {"content_type": "application/x-www-form-urlencoded"}


def test_whoever_is_not_known_begins_at_the_first_page(browser: Browser) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert 'href="/services"' in page.text


def test_where_it_is_used_in_earnest_nobody_becomes_somebody_by_a_click(browser: Browser, sara: str) -> None:
    assert "/demo/" not in browser.get("/").text
    token = browser.token("/login")
    assert browser.post(f"/demo/{sara}", {"token": token}).status_code == 404
    assert browser.get("/account").status_code == 303


def test_in_a_demonstration_a_click_makes_one_of_its_people(make: Make, sara: str) -> None:
    browser = Browser(make(demo=[sara]), base=LOCAL)
    assert browser.post(f"/demo/{sara}", {"token": browser.token("/")}).headers["Location"] == "/"
    assert sara in browser.get("/account").text


@pytest.mark.parametrize(
    "base",
    [
        "http://localhost",
        "http://LOCALHOST:8000",
        "http://127.0.0.1:8000",
        "http://127.1.2.3",
        "http://[::1]:8000",
    ],
)
def test_demonstration_is_open_at_loopback_names(make: Make, sara: str, base: str) -> None:
    assert f"/demo/{sara}" in Browser(make(demo=[sara]), base=base).get("/").text


@pytest.mark.parametrize(
    "base",
    [
        "http://rebind.example",
        "http://localhost.rebind.example",
        "http://127.0.0.1.rebind.example:8000",
        "http://192.0.2.7",
    ],
)
def test_demonstration_is_closed_at_the_name_of_another_host(make: Make, sara: str, base: str) -> None:
    browser = Browser(make(demo=[sara]), base=base)
    assert "/demo/" not in browser.get("/").text
    answer = browser.post(f"/demo/{sara}", {"token": browser.token("/login")}, Origin=base)
    assert answer.status_code == 404
    assert "session" not in answer.headers.get("Set-Cookie", "")


def test_a_demonstration_and_the_account_tell_where_people_work(make: Make, database: Database) -> None:
    organisation.a_unit(database, "registry", name="ثبت احوال | Civil registry")
    name = organisation.a_member(database, "mina", "registry", "supervisor").name
    browser = Browser(make(demo=[name]), base=LOCAL)
    assert "Civil registry · supervisor" in browser.get("/?lang=en").text
    browser.post(f"/demo/{name}", {"token": browser.token("/")})
    account = browser.get("/account?lang=en").text
    assert "Units and roles" in account
    assert "Civil registry · supervisor" in account


def test_a_page_that_is_not_there_is_explained_in_the_language(browser: Browser) -> None:
    page = browser.get("/nowhere?lang=en")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert 'lang="en"' in page.text
    assert browser.get("/api/v1/nowhere").mimetype == "application/problem+json"


def test_calendar_and_language_stay_as_chosen(browser: Browser) -> None:
    browser.get("/?lang=en&calendar=jalali")
    page = browser.get("/").text
    assert 'lang="en"' in page
    assert "calendar=gregorian" in page
    assert "calendar=jalali" not in page


def test_a_page_counts_few_statements(
    actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], database: Database
) -> None:
    browser = session_of(actor("caseworker"))
    with statements(database) as told:
        assert browser.get("/password").status_code == 200
    assert len([text for text in told if not re.match("BEGIN|COMMIT", text)]) <= 2


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_the_first_page_reads_in_both_languages(make: Make, lang: str) -> None:
    assert f'lang="{lang}"' in Browser(make()).get(f"/?lang={lang}").text


@pytest.fixture
def noting(make: Make) -> tuple[Browser, list[str]]:
    """A browser at a site with a form whose text is noted, and what was noted."""
    app, noted = make(routes=True), list[str]()

    @page(app.post("/note"))
    def note(visit: Visit) -> Away:
        noted.append(f"{visit.uow.actor.name}: {request.form['text']}")
        return Away("/account", told="frame.again.title")

    return Browser(app), noted


FORM = {"text": "سه صفحه <b>متن</b>", "token": "0" * 64}


def test_a_form_whose_session_has_ended_keeps_what_was_typed(noting: tuple[Browser, list[str]]) -> None:
    browser, noted = noting
    answer = browser.post("/note", FORM, Origin=openid.SITE)
    assert answer.status_code == 401
    assert "سه صفحه &lt;b&gt;متن&lt;/b&gt;" in answer.text
    assert not noted


@pytest.mark.usefixtures("sara")
def test_a_form_of_an_earlier_session_is_confirmed_and_then_done(noting: tuple[Browser, list[str]]) -> None:
    browser, noted = noting
    browser.login()
    answer = browser.post("/note", FORM, Origin=openid.SITE)
    assert answer.status_code == 409
    token = re.search(r'action="/note">\s*<input type="hidden" name="token" value="(\w+)"', answer.text)
    assert token
    assert not noted
    assert browser.post("/note", {**FORM, "token": token[1]}, Origin=openid.SITE).status_code == 303
    assert noted == [f"sara: {FORM['text']}"]


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {"Sec_Fetch_Site": "cross-site"}])
def test_a_form_from_elsewhere_is_neither_done_nor_kept(
    noting: tuple[Browser, list[str]], headers: dict[str, str]
) -> None:
    browser, noted = noting
    browser.login()
    answer = browser.post("/note", FORM, **headers)
    assert answer.status_code == 403
    assert "متن" not in answer.text
    assert not noted


@pytest.mark.usefixtures("sara")
def test_a_form_that_is_sent_twice_is_done_once(
    noting: tuple[Browser, list[str]], database: Database
) -> None:
    browser, _ = noting
    browser.login()
    form = {"text": "a", "token": browser.token("/account"), "once": "0123456789abcdef"}
    first, second = (browser.post("/note", form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] == "/account"
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one() == 1


@pytest.mark.usefixtures("sara")
def test_digest_of_a_form_is_the_same_in_every_release(
    noting: tuple[Browser, list[str]], database: Database
) -> None:
    browser, _ = noting
    browser.login()
    form = {"text": "a", "token": browser.token("/account"), "once": "0123456789abcdef"}
    browser.post("/note", form)
    sent = [("text", "a"), ("once", "0123456789abcdef")]
    fingerprint = hashlib.sha256(repr(("/note", sent, [])).encode()).digest()
    with database.transaction() as session:
        digest = session.execute(text("SELECT request_digest FROM idempotency_keys")).scalar_one()
    assert digest == hashlib.sha256(fingerprint).digest()


@pytest.mark.usefixtures("sara")
def test_what_was_done_is_told_once(noting: tuple[Browser, list[str]]) -> None:
    browser, _ = noting
    browser.login()
    browser.post("/note", {"text": "a", "token": browser.token("/account")})
    told = texts.TEXTS.texts["frame.again.title"]["fa"]
    assert str(told) in browser.get("/account").text
    assert str(told) not in browser.get("/account").text


def test_a_page_is_asked_for_its_head_as_it_is_shown(
    actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], browser: Browser
) -> None:
    known = session_of(actor("caseworker"))
    assert known.client.head("/desk", **known._options({})).status_code == 200
    gone = browser.client.head("/desk", **browser._options({}))
    assert gone.headers["Location"] == "/login?next=/desk"


@pytest.mark.parametrize("path", ["/desk", "/login", "/status"])
def test_strangers_send_no_more_than_a_form_holds(browser: Browser, path: str) -> None:
    sent = browser.client.post(path, data=b"a&" * (200 << 10), **browser._options({}) | ENCODED)
    assert sent.status_code == 413
    assert browser.client.post("/desk", data=b"a=b", **browser._options({}) | ENCODED).status_code == 401


@pytest.mark.parametrize("left", ["frame.again.title:²", "login.throttled", "login.throttled:x", "nothing:1"])
def test_a_notice_that_is_none_of_ours_breaks_no_page(browser: Browser, left: str) -> None:
    browser.client.set_cookie("parvandeh-notice", left, domain="pages.test")
    assert browser.get("/").status_code == 200


def test_a_form_that_comes_again_with_another_file_is_not_taken_for_the_same(
    make: Make, actor: Callable[..., Actor], session_of: Callable[..., Browser], database: Database
) -> None:
    browser, kept = session_of(actor("caseworker"), routes=True), list[bytes]()

    @page(browser.client.application.post("/keep"))
    def keep(visit: Visit) -> Away:
        request.files["file"].seek(0)
        kept.append(request.files["file"].read())
        return Away("/account")

    token = browser.token("/account")

    def send(content: bytes) -> int:
        form = {"token": token, "once": "o" * 32, "file": FileStorage(io.BytesIO(content), "plan.pdf")}
        boundary, body = encode_multipart(form)  # in memory: the client itself would leave a file open
        kind = f"multipart/form-data; boundary={boundary}"
        return browser.client.post("/keep", data=body, content_type=kind, **browser._options({})).status_code

    assert [send(b"first"), send(b"first"), send(b"other")] == [303, 303, 409]


def test_what_is_prepared_takes_the_permission_of_the_page(
    actor: Callable[..., Actor], session_of: Callable[..., Browser]
) -> None:
    browser, prepared = session_of(actor("applicant"), routes=True), list[str]()

    def prepare() -> dict[str, str]:
        prepared.append("at length")
        return {}

    @page(browser.client.application.post("/prepared"), may="people.manage", prepare=prepare)
    def view(visit: Visit) -> Away:
        return Away("/account")

    assert browser.post("/prepared", {"token": browser.token("/account")}).status_code == 403
    assert not prepared


@pytest.mark.parametrize("path", ["/%2Felsewhere.example/", "/%5Celsewhere.example/"])
def test_no_address_makes_a_way_to_another_site(browser: Browser, path: str) -> None:
    page = browser.get(path)
    assert page.status_code == 404
    assert not re.search(r'href="/[/\\\\]', page.text)


@pytest.mark.parametrize("path", ["/desk", "/services"])
def test_a_database_that_does_not_answer_is_told_on_a_page(make: Make, path: str) -> None:
    app = make()
    here = app.extensions[SITE]
    app.extensions[SITE] = replace(here, database=Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing"))
    browser = Browser(app)
    browser.client.set_cookie("parvandeh-session", "s" * 43, domain="pages.test")
    page = browser.get(path)
    assert (page.status_code, page.mimetype) == (503, "text/html")
