"""What pages are made of: texts in two languages, a strict policy, no script."""

import re

import pytest

from engine.access import ASSURANCES
from engine.accounts import ROLES
from tests.rules.sources import ROOT, calls, python, strings
from tests.web.conftest import Browser
from web import texts

TEMPLATES = sorted((ROOT / "web" / "templates").glob("*.html"))


def test_each_text_is_there_in_each_language() -> None:
    assert {frozenset(told) for told in texts.TEXTS.values()} == {frozenset(texts.LANGUAGES)}
    places = [
        {frozenset(re.findall(r"{\w*}", text)) for text in told.values()} for told in texts.TEXTS.values()
    ]
    assert all(len(each) == 1 for each in places)


def test_pages_use_only_texts_that_are_there_and_all_of_them() -> None:
    used = {key for path in TEMPLATES for key in re.findall(r'say\("([\w.-]+)"\)', path.read_text())}
    used |= strings(calls(python("web"), "say"), 0) | strings(calls(python("web"), "_told"), 1)
    used |= {f"role.{role}" for role in ROLES} | {f"level.{level}" for level in ASSURANCES}
    used |= strings(calls(python("engine/passwords.py"), "Fault"), 2)
    used |= strings(calls(python("engine/login.py"), "unusable"), 1)
    assert used == set(texts.TEXTS)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_pages_have_no_script_and_no_style_of_their_own(path: object) -> None:
    assert not re.search(r"<script|<style|\bon\w+=|\bstyle=|\| *safe|javascript:", path.read_text())


@pytest.mark.parametrize(
    ("query", "header", "language", "direction"),
    [
        ("", "", "fa", "rtl"),
        ("", "en-GB,en;q=0.9", "en", "ltr"),
        ("", "de,fa;q=0.5,en;q=0.4", "fa", "rtl"),
        ("?lang=en", "fa", "en", "ltr"),
        ("?lang=xx", "en", "en", "ltr"),
    ],
)
def test_a_page_is_in_the_language_that_was_asked_for(
    browser: Browser, query: str, header: str, language: str, direction: str
) -> None:
    page = browser.get(f"/login{query}", Accept_Language=header).text
    assert f'<html lang="{language}" dir="{direction}">' in page


def test_the_language_that_was_chosen_stays(browser: Browser) -> None:
    browser.get("/login?lang=en")
    assert '<html lang="en"' in browser.get("/login", Accept_Language="fa").text


def test_another_language_leads_to_the_same_place(browser: Browser) -> None:
    assert 'href="?lang=en&amp;next=/password%3Fx%3D1"' in browser.get("/login?next=/password?x=1").text


def test_pages_may_load_nothing_from_elsewhere_and_nobody_may_frame_them(browser: Browser) -> None:
    headers = browser.get("/login").headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    with browser.get("/pages/page.css") as style:
        assert style.mimetype == "text/css"


def test_what_was_sent_is_shown_as_text(browser: Browser) -> None:
    page = browser.get('/login?next=/"><script>alert(1)</script>').text
    assert "<script>" not in page
