"""What all pages have: ways between them, choices that stay, explanations of what is wrong."""

import re
from collections.abc import Callable

import pytest

from engine.db import Actor, Database
from tests.web.conftest import Browser, Make, statements


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
    browser = Browser(make(demo=[sara]))
    assert browser.post(f"/demo/{sara}", {"token": browser.token("/")}).headers["Location"] == "/"
    assert sara in browser.get("/account").text


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
        assert browser.get("/account").status_code == 200
    assert len([text for text in told if not re.match("BEGIN|COMMIT", text)]) <= 2


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_the_first_page_reads_in_both_languages(make: Make, lang: str) -> None:
    assert f'lang="{lang}"' in Browser(make()).get(f"/?lang={lang}").text
