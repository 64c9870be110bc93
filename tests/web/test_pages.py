"""What pages are made of: texts in two languages, a strict policy, no script."""

import pytest

from tests.web.conftest import Browser


@pytest.mark.parametrize(
    ("query", "header", "language", "direction"),
    [
        ("", "", "fa", "rtl"),
        ("", "en-GB,en;q=0.9", "en", "ltr"),
        ("", "de,fa;q=0.5,en;q=0.4", "fa", "rtl"),
        ("", "en-GB, fa;q=0.5", "en", "ltr"),
        ("", "fa;q=0", "en", "ltr"),
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
    assert (
        'href="/login?next=%2Fpassword%3Fx%3D1&amp;lang=en"' in browser.get("/login?next=/password?x=1").text
    )


def test_pages_may_load_nothing_from_elsewhere_and_nobody_may_frame_them(browser: Browser) -> None:
    headers = browser.get("/login").headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_was_sent_is_shown_as_text(browser: Browser) -> None:
    page = browser.get('/login?next=/"><script>alert(1)</script>').text
    assert "<script>" not in page
