"""The first page of a demonstration: what there is to do, and who one may be."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visits import Check, Language, Shot, Visits, Width
from web.frame import HOME
from web.home import ROLES


@pytest.mark.parametrize("width", ["phone", "desktop"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_it_explains_what_there_is(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page = visit(language, width)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check(page)
    shot(page, "first")


@pytest.mark.parametrize(("role", "name"), ROLES)
def test_one_click_makes_somebody_of_each_role(visit: Visits, role: str, name: str) -> None:
    page = visit("en", "phone", javascript=False)
    page.goto("/")
    card = page.locator("li.card").filter(has=page.locator(f'form[action="/demo/{name}"]'))
    called = card.locator("strong bdi").inner_text()
    assert called not in ("", name)
    card.get_by_role("button").click()
    expect(page).to_have_url(re.compile(f"{HOME[role]}$"))
    expect(page.locator(".menu summary bdi")).to_have_text(called)


def test_language_and_calendar_are_chosen_without_a_script(visit: Visits) -> None:
    page = visit("fa", javascript=False)
    page.goto("/login")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Dates in the Jalali calendar").click()
    page.goto("/")
    page.locator(".menu summary").click()
    expect(page.get_by_role("link", name="Dates in the Gregorian calendar")).to_be_visible()
