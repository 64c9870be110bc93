"""Logging in by password: sessions, forms that must be one's own, guessing, and changing the password."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from engine.identity import accounts, login, passwords, sessions, throttle
from engine.models import BrowserSession, Password, Throttle
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.language import Reader
from tests.web.conftest import AGENT, PASSWORD, Browser, Make, an_account

WRONG = "another sentence altogether"


@pytest.mark.usefixtures("sara")
def test_name_and_password_open_the_account(browser: Browser) -> None:
    answer = browser.login()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "sara" in browser.get("/account").text


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize(
    ("name", "password"),
    [("sara", WRONG), ("nobody", PASSWORD), ("sara", ""), ("", ""), ("sara\0", PASSWORD + "\0")],
)
def test_what_does_not_belong_together_is_refused_in_the_same_words(
    browser: Browser, name: str, password: str
) -> None:
    answer = browser.login(name, password)
    assert answer.status_code == 401
    assert "نام کاربری یا گذرواژه نادرست است" in answer.text
    assert browser.get("/account").status_code == 303


def test_unknown_names_take_the_same_work(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[passwords.Known] = []
    fits = passwords.fits

    def counted(known: passwords.Known, given: str) -> bool:
        seen.append(known)
        return fits(known, given)

    monkeypatch.setattr(passwords, "fits", counted)
    browser.login("nobody")
    assert [known.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for known in seen] == [True]


@pytest.mark.usefixtures("sara")
def test_password_is_kept_as_argon2id(database: Database) -> None:
    with database.transaction() as session:
        kept = session.scalars(select(Password.hash)).one()
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.usefixtures("sara")
def test_the_cookie_is_kept_from_scripts_and_other_sites_and_its_digest_alone_is_stored(
    browser: Browser, database: Database
) -> None:
    browser.login()
    (cookie,) = browser.cookies()
    assert (cookie.http_only, cookie.same_site, cookie.secure, cookie.expires) == (True, "Lax", False, None)
    with database.transaction() as session:
        row = session.scalars(select(BrowserSession)).one()
    assert row.digest == accounts.digest(cookie.value)
    assert (row.agent, row.acr, row.provider) == (AGENT, "low", None)


@pytest.mark.usefixtures("sara")
def test_under_https_cookies_are_secure_and_bound_to_the_host(make: Make) -> None:
    secure = Browser(make(public_url="https://pages.test"), "https://pages.test")
    secure.login()
    (cookie,) = secure.cookies("__Host-")
    assert (cookie.secure, cookie.path) == (True, "/")
    assert secure.get("/account").status_code == 200


@pytest.mark.usefixtures("sara")
def test_a_login_ends_the_session_that_the_browser_had(browser: Browser, database: Database) -> None:
    browser.login()
    (before,) = browser.cookies()
    form = {"token": browser.token("/account"), "name": "sara", "password": PASSWORD}
    assert browser.post("/login", form).status_code == 303
    (after,) = browser.cookies()
    assert before.value != after.value
    browser.client.set_cookie("parvandeh-session", before.value, domain="pages.test")
    assert browser.get("/account").status_code == 303


@pytest.mark.usefixtures("sara")
def test_logging_out_ends_the_session_also_for_whoever_copied_the_cookie(browser: Browser) -> None:
    browser.login()
    (copied,) = browser.cookies()
    assert browser.logout().headers["Location"] == "/login"
    browser.client.set_cookie("parvandeh-session", copied.value, domain="pages.test")
    assert browser.get("/account").headers["Location"] == "/login?next=/account"


@pytest.mark.parametrize(
    ("column", "ago", "status"),
    [
        ("seen_at", timedelta(minutes=29), 200),
        ("seen_at", timedelta(minutes=31), 303),
        ("expires_at", timedelta(seconds=1), 303),
    ],
)
@pytest.mark.usefixtures("sara")
def test_a_session_ends_when_it_is_not_used_and_in_any_case_at_its_end(
    browser: Browser, database: Database, column: str, ago: timedelta, status: int
) -> None:
    browser.login()
    with database.transaction() as session:
        session.execute(update(BrowserSession).values({column: datetime.now(UTC) - ago}))
    assert browser.get("/account").status_code == status


@pytest.mark.parametrize("cookie", ["", "x", "' OR 1=1 --", "é", "x" * 3000])
def test_cookies_of_nobody_open_nothing(browser: Browser, cookie: str) -> None:
    browser.client.set_cookie("parvandeh-session", cookie, domain="pages.test")
    assert browser.get("/account").status_code == 303


@pytest.mark.usefixtures("sara")
def test_the_cookie_does_not_open_the_api(browser: Browser) -> None:
    browser.login()
    assert browser.get("/api/v1/sessions").status_code == 401


# Forms


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_login_without_the_form_from_here_is_refused(browser: Browser, token: str | None) -> None:
    browser.get("/login")
    form = {"name": "sara", "password": PASSWORD} | ({} if token is None else {"token": token})
    assert browser.post("/login", form).status_code == 403
    assert browser.get("/account").status_code == 303


@pytest.mark.usefixtures("sara")
def test_the_form_of_another_browser_is_refused(make: Make) -> None:
    app = make()
    mine, other = Browser(app), Browser(app)
    mine.get("/login")
    form = {"name": "sara", "password": PASSWORD, "token": other.token("/login")}
    assert mine.post("/login", form).status_code == 403


@pytest.mark.usefixtures("sara")
def test_the_form_of_another_session_is_refused(make: Make) -> None:
    app = make()
    mine, other = Browser(app), Browser(app)
    mine.login()
    other.login()
    assert mine.post("/logout", {"token": other.token("/account")}).status_code == 403
    assert mine.post("/logout", {}).status_code == 403
    assert mine.get("/account").status_code == 200


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://pages.test.evil.test"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_from_another_origin_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    form = {"name": "sara", "password": PASSWORD, "token": browser.token("/login")}
    assert browser.post("/login", form, **headers).status_code == 403
    assert browser.post("/login", form, Origin="http://pages.test").status_code == 303


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/password", "/password"),
        ("/x?y=1", "/x?y=1"),
        ("https://evil.test/", "/"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/x\\y", "/"),
        ("/\t/evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("x", "/"),
        ("", "/"),
        ("/" + "x" * 2000, "/"),
    ],
)
def test_a_login_leads_to_paths_of_this_site_only(browser: Browser, wanted: str, target: str) -> None:
    assert browser.login(next=wanted).headers["Location"] == target


# Guessing


def take(database: Database, at: datetime, attempt: login.Attempt) -> None:
    database.run(lambda session, _: throttle.take(session, at, *login._counted(attempt)))


def guess(database: Database, name: str, address: str) -> None:
    """Wrong passwords for this name from this address, so many that half a minute has to be waited."""
    attempt = login.Attempt(name, WRONG, address, AGENT)
    times = [0] * (login.HERE.free + 1) + [1, 3, 7, 15, 31]
    begin = datetime.now(UTC) - timedelta(seconds=times[-1])
    for seconds in times:
        at = begin + timedelta(seconds=seconds)
        take(database, at, attempt)


@pytest.mark.parametrize("name", ["sara", "nobody"])
@pytest.mark.usefixtures("sara")
def test_after_much_guessing_even_the_right_password_waits_and_so_does_an_unknown_name(
    browser: Browser, database: Database, name: str
) -> None:
    guess(database, name, "192.0.2.1")
    answer = browser.login(name)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 32
    assert Reader.of("fa").digits(answer.headers["Retry-After"]) in answer.text


@pytest.mark.usefixtures("sara")
def test_guessing_elsewhere_does_not_lock_the_owner_out(make: Make, database: Database) -> None:
    app = make()
    guess(database, "sara", "198.51.100.7")
    assert Browser(app, address="198.51.100.7").login().status_code == 429
    assert Browser(app).login().status_code == 303


def test_an_address_is_slowed_down_whatever_names_it_tries(browser: Browser, database: Database) -> None:
    for number in range(login.ADDRESS.free + 7):
        attempt = login.Attempt(f"name {number}", WRONG, "192.0.2.1", AGENT)
        at = datetime.now(UTC) + timedelta(seconds=2 ** max(0, number - login.ADDRESS.free))
        take(database, at, attempt)
    assert browser.login("yet another").status_code == 429


@pytest.mark.usefixtures("sara")
def test_a_login_forgets_the_failures_of_its_name_and_not_of_its_address(
    browser: Browser, database: Database
) -> None:
    for _ in range(3):
        browser.login(password=WRONG)
    browser.login()
    with database.transaction() as session:
        assert list(session.scalars(select(Throttle.failures))) == [3]


# Changing it


def change(browser: Browser, present: str, new: str, again: str | None = None) -> int:
    form = {"token": browser.token("/password"), "password": present, "new": new, "again": again or new}
    return browser.post("/password", form).status_code


@pytest.mark.usefixtures("sara")
def test_a_new_password_ends_all_other_sessions(make: Make) -> None:
    app = make()
    here, elsewhere = Browser(app), Browser(app)
    here.login()
    elsewhere.login()
    assert change(here, PASSWORD, WRONG) == 303
    assert (here.get("/account").status_code, elsewhere.get("/account").status_code) == (200, 303)
    assert elsewhere.login().status_code == 401
    assert elsewhere.login(password=WRONG).status_code == 303


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize(
    ("present", "new", "again", "status"),
    [
        (WRONG, "a third sentence here", None, 403),
        (PASSWORD, "a third sentence here", "a fourth one", 422),
        (PASSWORD, "short", None, 422),
        (PASSWORD, PASSWORD, None, 422),
        (PASSWORD, "Password 1234", None, 422),
        (PASSWORD, "aaaaaaaaaaaaa", None, 422),
        (PASSWORD, "x" * 201, None, 422),
    ],
)
def test_a_password_that_cannot_be_used_changes_nothing(
    browser: Browser, present: str, new: str, again: str | None, status: int
) -> None:
    browser.login()
    assert change(browser, present, new, again) == status
    assert browser.get("/account").status_code == 200


def test_a_temporary_password_opens_nothing_but_its_own_change(browser: Browser, database: Database) -> None:
    an_account(database, "sara", temporary=True)
    browser.login()
    assert browser.get("/account").headers["Location"] == "/password"
    assert change(browser, PASSWORD, WRONG) == 303
    assert browser.get("/account").status_code == 200


@pytest.mark.usefixtures("sara")
def test_a_deactivated_account_opens_nothing(browser: Browser, database: Database) -> None:
    browser.login()
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="sara", role="caseworker")
    database.run(lambda session, now: login.deactivate(session, now, "sara"))
    assert browser.get("/account").status_code == 303
    assert browser.login().status_code == 401
    bearer = browser.get("/api/v1/sessions", Authorization=f"Bearer {token}")
    assert bearer.status_code == 401
    database.run(lambda session, _: login.activate(session, "sara"))
    assert browser.get("/account").status_code == 303
    assert browser.login().status_code == 303


def test_ended_sessions_are_deleted_a_month_later(
    browser: Browser, database: Database, actor: Callable[..., Actor], sara: str
) -> None:
    browser.login(sara)
    browser.logout()
    who = actor("administrator")
    for days, gone in ((29, 0), (31, 1)):
        later = datetime.now(UTC) + timedelta(days=days)
        with database.transaction() as session:
            assert sessions.forget(UnitOfWork(session, who, later)) == gone


def test_an_account_that_does_not_exist_gets_no_password(database: Database) -> None:
    with pytest.raises(NotFound), database.transaction() as session:
        passwords.keep(
            session, datetime.now(UTC), "nobody", passwords.hashed("nobody", PASSWORD), temporary=False
        )
