"""One's own account: names, contact data, language and calendar, and substitutes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.identity import accounts
from engine.models import OrganisationRecord, Substitution, Token, User
from engine.platform.db import Actor, Database
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements

SessionOf = Callable[[Actor], Browser]
LEAVE = {"leave_from": "1500/01/01", "leave_to": "1500/01/05"}
MARKED = '<script>alert("x")</script>'


@pytest.fixture
def office(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_unit(database, "health", kind="agency")


@pytest.fixture
def reza(database: Database, office: None) -> Actor:
    return a_member(database, "reza", "guild-tehran")


def named(database: Database, actor: Actor, **fields: Any) -> None:
    with database.transaction() as session:
        user = session.get_one(User, actor.id)
        for name, value in fields.items():
            setattr(user, name, value)


def fields(database: Database, actor: Actor) -> tuple[Any, ...]:
    with database.transaction() as session:
        user = session.get_one(User, actor.id)
        return (user.full_name_fa, user.full_name_en, user.email, user.phone, user.language, user.calendar)


def send(browser: Browser, path: str, **form: str) -> TestResponse:
    return browser.post(path, {"token": browser.token("/account"), **form})


def test_the_head_calls_people_by_their_names_and_escapes_them(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    named(database, reza, full_name_fa="رضا احمدی", full_name_en=MARKED)
    browser = session_of(reza)
    assert "<summary><bdi>رضا احمدی</bdi></summary>" in browser.get("/account?lang=fa").text
    page = browser.get("/account?lang=en").text
    assert "<script>alert" not in page
    assert "<summary><bdi>&lt;script&gt;" in page


def test_owners_change_their_contact_data_and_nothing_else(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    browser = session_of(reza)
    answer = send(
        browser, "/account", email="Reza@Example.org", phone="۰۹۱۲۳۴۵۶۷۸۹", language="en", calendar="jalali",
        full_name_fa="مدیر کل",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert fields(database, reza) == (None, None, "Reza@example.org", "+989123456789", "en", "jalali")
    page = browser.get("/account").text
    assert 'value="Reza@example.org"' in page
    assert 'value="jalali" selected' in page


def test_what_cannot_be_used_stays_as_it_was_typed(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    named(database, reza, email="before@example.org")
    answer = send(session_of(reza), "/account", email="reza@", phone="12", language="en", calendar="")
    assert answer.status_code == 422
    assert 'value="reza@"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert fields(database, reza)[2:5] == ("before@example.org", None, None)


def test_language_and_calendar_of_the_account_hold_in_every_browser(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    named(database, reza, language="en", calendar="jalali")
    other = session_of(reza)
    page = other.get("/account", Accept_Language="fa").text
    assert '<html lang="en"' in page
    assert "calendar=gregorian" in page
    other.get("/account?lang=fa&calendar=gregorian")  # by the links in the head
    assert fields(database, reza)[4:] == ("fa", "gregorian")
    assert '<html lang="fa"' in session_of(reza).get("/account", Accept_Language="en").text


def test_a_link_on_another_site_changes_no_account(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    session_of(reza).get("/account?lang=en", Sec_Fetch_Site="cross-site")
    assert fields(database, reza)[4] is None


def test_a_substitute_is_appointed_and_ended_by_oneself(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    mina = a_member(database, "mina", "guild")
    named(database, mina, full_name_fa="مینا راد")
    a_member(database, "doctor", "health")
    browser = session_of(reza)
    page = browser.get("/account?lang=fa").text
    assert '<option value="mina">مینا راد</option>' in page
    assert "doctor" not in page
    assert send(browser, "/account/substitutes", substitute="mina", **LEAVE).status_code == 303
    with database.transaction() as session:
        agreed = session.scalars(select(Substitution)).one()
        assert (agreed.absent_id, agreed.substitute_id) == (reza.id, mina.id)
        told = session.scalars(select(OrganisationRecord).order_by(OrganisationRecord.id)).all()[-1]
        assert (told.kind, told.actor_id, told.user_id) == ("substitution.agreed", reza.id, reza.id)
    again = send(browser, "/account/substitutes", substitute="mina", **LEAVE)
    assert again.status_code == 409
    assert "جانشین دیگری دارد" in again.text
    assert send(browser, f"/account/substitutes/{agreed.id}/end").status_code == 303
    assert "مینا راد</bdi></td>" not in browser.get("/account").text


@pytest.mark.parametrize(
    "form",
    [
        {"substitute": "doctor", **LEAVE},
        {"substitute": "reza", **LEAVE},
        {"substitute": "nobody", **LEAVE},
        {"substitute": "", **LEAVE},
        {"substitute": "mina", "leave_from": "x", "leave_to": "1500/01/05"},
        {"substitute": "mina", "leave_from": "1500/01/05", "leave_to": "1500/01/01"},
        {"substitute": "mina", "leave_from": "1400/01/01", "leave_to": "1400/01/05"},
        {"substitute": "mina", "leave_from": "1500/01/01"},
    ],
)
def test_what_cannot_be_agreed_is_explained_and_changes_nothing(
    database: Database, session_of: SessionOf, reza: Actor, form: dict[str, str]
) -> None:
    a_member(database, "doctor", "health")
    a_member(database, "mina", "guild")
    answer = send(session_of(reza), "/account/substitutes", **form)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    with database.transaction() as session:
        assert not session.scalars(select(Substitution)).all()


def test_only_the_two_and_their_administrator_end_a_substitution(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    a_member(database, "mina", "guild")
    send(session_of(reza), "/account/substitutes", substitute="mina", **LEAVE)
    with database.transaction() as session:
        agreed = session.scalars(select(Substitution.id)).one()
    head = session_of(a_member(database, "head", "guild", "supervisor"))
    seen = re.search(r'<section[^>]*aria-labelledby="team">.*?</section>', head.get("/account").text, re.S)
    assert seen
    assert "reza" in seen[0]
    assert "/end" not in seen[0]
    colleague = session_of(a_member(database, "colleague", "guild-tehran"))
    assert (
        "reza" not in colleague.get("/account").text.partition('id="substitutes"')[2].partition("<select")[0]
    )
    for browser in (head, colleague):
        assert send(browser, f"/account/substitutes/{agreed}/end").status_code == 404
    with database.transaction() as session:
        assert session.scalars(select(Substitution)).one().valid_to.year > 2100


def test_an_applicant_has_contact_data_and_no_substitute(
    actor: Callable[..., Actor], session_of: SessionOf, database: Database
) -> None:
    citizen = actor("applicant")
    browser = session_of(citizen)
    assert "/account/substitutes" not in browser.get("/account").text
    assert send(browser, "/account", email="a@example.org").status_code == 303
    assert fields(database, citizen)[2] == "a@example.org"
    assert send(browser, "/account/substitutes", substitute="mina", **LEAVE).status_code == 403


def test_the_page_needs_few_statements(database: Database, session_of: SessionOf, reza: Actor) -> None:
    browser = session_of(reza)
    browser.get("/account")
    with statements(database) as told:
        browser.get("/account")
    assert len([text for text in told if not re.match("BEGIN|COMMIT", text)]) <= 7


def a_token(database: Database, name: str, **limits: Any) -> tuple[str, str]:
    """A token of this account, with its id."""
    with database.transaction() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        made = accounts.create_token(
            session, datetime.now(UTC), name=name, role=user.role, limits=accounts.Limits(**limits)
        )
        return made, str(accounts.token_id(session, made))


def works(browser: Browser, token: str) -> int:
    return (
        browser.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code
    )


def test_own_tokens_are_shown_limited_and_revoked(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    browser = session_of(reza)
    assert "/account/tokens/" not in browser.get("/account").text
    token, token_id = a_token(database, "reza")
    path = f"/account/tokens/{token_id}"
    assert path in browser.get("/account").text
    page = browser.get(path).text
    assert 'value="cases.read" checked' in page
    assert token not in page
    form = {"token": browser.token("/account"), "scopes": "cases.read", "expires_at": "1500/01/01"}
    assert browser.post(path, form).status_code == 303
    page = browser.get(path).text
    assert 'value="cases.read" checked' in page
    assert "tasks.read" not in page
    with database.transaction() as session:
        held = session.scalars(select(Token)).one()
        assert (held.scopes, held.expires_at is None) == (["cases.read"], False)
    for wider in ({"scopes": "tasks.read"}, {"expires_at": "1501/01/01", "scopes": "cases.read"}, {}):
        answer = send(browser, path, **wider)
        assert answer.status_code == 422
        assert 'class="wrong"' in answer.text
    assert send(browser, f"{path}/revoke").headers["Location"] == "/account"
    assert path not in browser.get("/account").text
    assert f'action="{path}"' not in browser.get(path).text


def test_a_token_is_replaced_and_the_new_one_shown_once(
    database: Database, session_of: SessionOf, reza: Actor
) -> None:
    browser = session_of(reza)
    old, token_id = a_token(database, "reza", scopes=["cases.read"])
    path = f"/account/tokens/{token_id}"
    refused = send(browser, f"{path}/rotate", hours="9999")
    assert refused.status_code == 422
    assert 'value="9999"' in refused.text
    answer = send(browser, f"{path}/rotate", hours="۲")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    (new,) = re.findall(r"pvd_[\w-]{43}", answer.text)
    assert new != old
    assert [works(browser, one) for one in (old, new)] == [200, 200]
    again = send(browser, f"{path}/rotate", hours="2")
    assert again.status_code == 422
    assert new not in again.text + browser.get("/account").text + browser.get(path).text
    with database.transaction() as session:
        ends, successor = session.scalars(select(Token).order_by(Token.id)).all()
        assert successor.scopes == ["cases.read"]
        assert ends.expires_at is not None
        assert timedelta(hours=1) < ends.expires_at - datetime.now(UTC) <= timedelta(hours=2)


def test_tokens_of_others_are_not_found(database: Database, session_of: SessionOf, reza: Actor) -> None:
    a_member(database, "mina", "guild-tehran")
    _, theirs = a_token(database, "mina")
    browser = session_of(reza)
    for path in (f"/account/tokens/{theirs}", "/account/tokens/00000000-0000-7000-8000-000000000000"):
        assert browser.get(path).status_code == 404
        assert send(browser, path, scopes="cases.read").status_code == 404
        assert send(browser, f"{path}/rotate", hours="1").status_code == 404
        assert send(browser, f"{path}/revoke").status_code == 404
