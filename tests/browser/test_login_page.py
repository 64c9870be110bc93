"""The page for login, as people see it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visits import Check, Language, Shot, Visits, Width

NAMES = {"fa": "ورود", "en": "Log in"}


@pytest.mark.parametrize("width", ["phone", "desktop"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_everybody_can_use_it(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page = visit(language, width)
    page.goto("/login")
    expect(page.get_by_role("heading", name=NAMES[language])).to_be_visible()
    check(page)
    shot(page, "login")


def test_it_needs_no_script_and_is_light(visit: Visits, check: Check, weight: Callable[[Page], int]) -> None:
    page = visit("fa", "phone", javascript=False)
    page.goto("/login")
    check(page)
    assert 1_000 < weight(page) < 200_000


def test_who_is_logged_in_sees_the_account(visit: Visits) -> None:
    page = visit("en", account="caseworker")
    page.goto("/account")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Sara Nemunei")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_wrong_password_is_told_where_it_was_typed(visit: Visits, check: Check, javascript: bool) -> None:
    page = visit("en", javascript=javascript)
    page.goto("/login")
    page.get_by_label("Account name").fill("nobody")
    page.get_by_label("Password").fill("not the one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("The account name or the password is wrong.")
    check(page)
