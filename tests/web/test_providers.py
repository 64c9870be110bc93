"""Logging in at a real OpenID provider, over HTTP: there and back, and all that can be wrong on the way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from engine.identity import accounts, login
from engine.models import BrowserSession, Identity, PendingLogin, Role, User
from engine.platform.db import Database
from tests import openid
from tests.openid import Browser as There
from tests.openid import OpenId
from tests.web.conftest import Browser, Make, an_account

SARA = "sara-0012345679"
CALLBACK = "/login/test/callback"
Start = Callable[..., Browser]


@pytest.fixture
def start(make: Make, provider: OpenId, tmp_path: Path) -> Start:
    """`start(unknown="refuse")`: a browser at a site with the provider, described with these changes."""
    return lambda **changes: Browser(make(provider.described(tmp_path / "secret", **changes)))


def leave(browser: Browser, query: str = "") -> str:
    """Where the site sends the browser."""
    answer = browser.get(f"/login/test{query}")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def come(browser: Browser, given: dict[str, str]) -> TestResponse:
    """The browser comes back with this."""
    return browser.get(CALLBACK + "?" + "&".join(f"{key}={quote(value)}" for key, value in given.items()))


def logged_in(browser: Browser, who: str = SARA, query: str = "", **form: str) -> TestResponse:
    return come(browser, There().authorize(leave(browser, query), who, **form))


def test_the_page_offers_each_provider_in_the_readers_language(start: Start) -> None:
    page = start().get("/login?next=/password&lang=en")
    assert "The test&#39;s provider" in page.text
    assert 'href="/login/test?next=/password"' in page.text
    assert "سامانهٔ آزمون" in start().get("/login?lang=fa").text


def test_the_request_uses_pkce_state_and_nonce(start: Start) -> None:
    asked = parse_qs(urlsplit(leave(start())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [openid.SITE + CALLBACK]
    assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert "acr_values" not in asked


def test_a_person_comes_back_as_the_account_of_their_national_id(start: Start, database: Database) -> None:
    with database.transaction() as session:
        accounts.find_or_create(session, datetime.now(UTC), "sara", "caseworker", person="0012345679")
    browser = start(opens="both")
    answer = logged_in(browser, query="?next=/x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/x")
    assert "sara" in browser.get("/account").text
    with database.transaction() as session:
        row = session.scalars(select(BrowserSession)).one()
        assert (row.provider, row.acr) == ("test", "low")
        assert session.scalars(select(Identity.subject)).all() == [SARA]
        assert not session.scalars(select(PendingLogin)).all()


def test_the_same_person_comes_back_as_the_same_account(start: Start, database: Database) -> None:
    for _ in range(2):
        assert logged_in(start()).status_code == 303
    with database.transaction() as session:
        user = session.scalars(select(User)).one()
    assert (user.role, user.person) == ("applicant", "0012345679")
    assert "sara" not in user.name


DESCRIBING = {"scopes": "openid profile email phone"}


def test_the_first_login_describes_the_person(start: Start, database: Database) -> None:
    browser = start(**DESCRIBING)
    assert logged_in(browser).status_code == 303
    with database.transaction() as session:
        user = session.scalars(select(User)).one()
        assert (user.full_name_fa, user.full_name_en) == ("سارا احمدی", "Sara Ahmadi")
        assert (user.email, user.phone, user.language) == ("sara@example.org", "+989121234567", "fa")
    assert '<html lang="fa"' in browser.get("/account", Accept_Language="en").text


def test_a_login_overwrites_nothing_and_only_the_first_one_adds(start: Start, database: Database) -> None:
    with database.transaction() as session:
        user = accounts.find_or_create(session, datetime.now(UTC), "sara", "caseworker", person="0012345679")
        user.full_name_en, user.email = "Sara A.", "office@example.org"
    logged_in(start(opens="both", **DESCRIBING))
    with database.transaction() as session:
        user = session.scalars(select(User)).one()
        assert (user.full_name_fa, user.full_name_en) == (None, "Sara A.")
        assert (user.email, user.phone) == ("office@example.org", "+989121234567")
        user.phone = None
    logged_in(start(opens="both", **DESCRIBING))
    with database.transaction() as session:
        assert session.scalars(select(User.phone)).one() is None


def test_a_person_without_account_is_refused_where_none_are_made(start: Start, database: Database) -> None:
    assert logged_in(start(unknown="refuse")).status_code == 403
    with database.transaction() as session:
        assert not session.scalars(select(User)).all()


def test_two_accounts_of_one_person_are_not_guessed_between(start: Start, database: Database) -> None:
    with database.transaction() as session:
        for name in ("sara", "sara-2"):  # from before a person had one account for work
            user = accounts.find_or_create(session, datetime.now(UTC), name, "caseworker")
            user.person, user.duplicate = "0012345679", name == "sara-2"
    assert logged_in(start(unknown="refuse")).status_code == 403


@pytest.mark.parametrize(("unknown", "name"), [("refuse", "sara"), ("applicant", "citizen")])
def test_of_an_account_for_work_and_one_as_an_applicant_the_providers_kind_counts(
    start: Start, database: Database, unknown: str, name: str
) -> None:
    with database.transaction() as session:
        known: dict[str, Role] = {"sara": "caseworker", "citizen": "applicant"}
        for account, role in known.items():
            accounts.find_or_create(session, datetime.now(UTC), account, role, person="0012345679")
    browser = start(unknown=unknown)
    assert logged_in(browser).status_code == 303
    assert name in browser.get("/account").text


def test_a_temporary_password_restricts_no_login_at_a_provider(start: Start, database: Database) -> None:
    with database.transaction() as session:
        accounts.find_or_create(session, datetime.now(UTC), "sara", "caseworker", person="0012345679")
    an_account(database, "sara", temporary=True)
    browser = start(unknown="refuse")
    assert logged_in(browser).status_code == 303
    assert browser.get("/account").status_code == 200


def test_a_second_name_at_the_provider_makes_no_second_account(start: Start, database: Database) -> None:
    logged_in(start())
    answer = logged_in(start(), "mina-0012345679")
    assert answer.status_code == 409
    assert "You already have an account" in answer.text or "پیش‌تر در این سامانه" in answer.text
    with database.transaction() as session:
        assert len(session.scalars(select(User)).all()) == 1


def test_a_linked_account_needs_no_national_id(start: Start, database: Database, provider: OpenId) -> None:
    with database.transaction() as session:
        user = accounts.find_or_create(session, datetime.now(UTC), "reza", "caseworker")
        login.link(session, datetime.now(UTC), user.id, issuer=provider.issuer, subject="reza@agency")
    browser = start(unknown="refuse")
    assert logged_in(browser, "reza@agency").status_code == 303
    assert "reza" in browser.get("/account").text


def test_a_deactivated_account_is_refused(start: Start, database: Database) -> None:
    logged_in(start())
    with database.transaction() as session:
        name = session.scalars(select(User.name)).one()
    database.run(lambda session, now: login.deactivate(session, now, name))
    assert logged_in(start()).status_code == 403


def test_a_step_up_asks_for_the_level_and_gets_it(start: Start, database: Database) -> None:
    browser, there = start(), There()
    come(browser, there.authorize(leave(browser), SARA))
    url = leave(browser, "?level=substantial&next=/x")
    assert parse_qs(urlsplit(url).query)["acr_values"] == ["urn:test:substantial urn:test:high"]
    assert come(browser, there.authorize(url, SARA)).headers["Location"] == "/x"
    with database.transaction() as session:
        rows = session.scalars(select(BrowserSession).order_by(BrowserSession.id)).all()
    assert [(row.acr, row.revoked_at is None) for row in rows] == [("low", False), ("substantial", True)]


def test_a_step_up_that_falls_short_is_refused(start: Start) -> None:
    browser = start()
    answer = logged_in(browser, query="?level=high", acr="urn:test:low")
    assert answer.status_code == 403
    assert browser.get("/account").status_code == 303


def test_an_answer_works_once(start: Start) -> None:
    browser = start()
    given = There().authorize(leave(browser), SARA)
    assert come(browser, given).status_code == 303
    assert come(browser, given).status_code == 403


def test_a_code_works_once_even_under_another_departure(start: Start) -> None:
    browser = start()
    there = There()
    first = there.authorize(leave(browser), SARA)
    assert come(browser, first).status_code == 303
    state = parse_qs(urlsplit(leave(browser)).query)["state"][0]
    assert come(browser, {**first, "state": state}).status_code == 403


@pytest.mark.parametrize(
    "change",
    [{"state": "x"}, {"state": ""}, {"code": "x"}, {"code": ""}, {"iss": "https://evil.test"}, {"iss": ""}],
)
def test_a_changed_answer_is_refused(start: Start, change: dict[str, str]) -> None:
    browser = start()
    given = There().authorize(leave(browser), SARA)
    assert come(browser, {**given, **change}).status_code == 403
    assert browser.get("/account").status_code == 303


def test_another_browsers_answer_is_refused(make: Make, provider: OpenId, tmp_path: Path) -> None:
    app = make(provider.described(tmp_path / "secret"))
    mine, other = Browser(app), Browser(app)
    leave(mine)
    given = There().authorize(leave(other), SARA)
    assert come(mine, given).status_code == 403
    assert come(other, given).status_code == 303


@pytest.mark.parametrize("column", ["nonce", "verifier"])
def test_a_login_that_began_with_another_nonce_or_verifier_is_refused(
    start: Start, database: Database, column: str
) -> None:
    browser = start()
    given = There().authorize(leave(browser), SARA)
    with database.transaction() as session:
        session.execute(update(PendingLogin).values({column: "x" * 43}))
    assert come(browser, given).status_code == 403


def test_who_stays_away_too_long_begins_again(start: Start, database: Database) -> None:
    browser = start()
    given = There().authorize(leave(browser), SARA)
    with database.transaction() as session:
        session.execute(update(PendingLogin).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert come(browser, given).status_code == 403


def test_a_provider_that_says_no_is_told(start: Start) -> None:
    answer = come(start(), {"error": "access_denied", "error_description": "<script>"})
    assert answer.status_code == 403
    assert "<script>" not in answer.text


def test_an_unknown_provider_does_not_exist(start: Start) -> None:
    assert [start().get(f"/login/other{rest}").status_code for rest in ("", "/callback?state=x&code=y")] == [
        404
    ] * 2


def test_logging_out_ends_the_providers_session_too(start: Start) -> None:
    browser, there = start(), There()
    come(browser, there.authorize(leave(browser), SARA))
    url = browser.logout().headers["Location"]
    assert there.leave(url).partition("?")[0] == f"{openid.SITE}/login"
    assert browser.get("/account").status_code == 303


def test_browsers_may_follow_a_logout_to_the_provider(start: Start, provider: OpenId) -> None:
    policy = start().get("/login").headers["Content-Security-Policy"]
    assert policy.endswith(f"form-action 'self' {provider.issuer}")


def test_another_site_cannot_be_reached_by_what_the_browser_asks_for(start: Start) -> None:
    browser = start()
    answer = logged_in(browser, query="?next=//evil.test")
    assert answer.headers["Location"] == "/"


def test_a_wrong_secret_lets_nobody_in(make: Make, provider: OpenId, tmp_path: Path) -> None:
    described = provider.described(tmp_path / "secret")
    browser = Browser(make(described))
    given = There().authorize(leave(browser), SARA)
    (tmp_path / "secret").write_text("another")
    assert come(browser, given).status_code == 403
    (tmp_path / "secret").unlink()
    assert logged_in(browser).status_code == 503


def test_a_provider_that_goes_away_in_the_middle_is_told_and_passwords_still_work(
    make: Make, tmp_path: Path, sara: str
) -> None:
    with openid.running() as mortal:
        app = make(mortal.described(tmp_path / "secret"))
        browser = Browser(app)
        given = There().authorize(leave(browser), SARA)
        mortal.stop()
        answer = come(browser, given)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert Browser(app).login(sara).status_code == 303
        fresh = Browser(make(mortal.described(tmp_path / "secret")))
        assert fresh.get("/login").status_code == 200
        assert fresh.get("/login/test").status_code == 503
