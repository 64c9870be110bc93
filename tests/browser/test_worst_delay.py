"""A minister's walk: from the overview to the worst cause of delay, a late case, and where its time went.

It writes cases of the past with their officials, so it is the last of the tests that share the installation.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from demo.history import opening, seeding
from demo.installation import Installation
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests.browser.visits import Check, Language, Shot, Visits, Width
from tests.waiting import until

CASES = 150  # of which a few are late
SAID = {
    "fa": {"oversight": "نظارت", "time": "زمان پرونده صرف چه شد", "table": "رقم‌ها", "total": "جمع"},
    "en": {"oversight": "Oversight", "time": "Where the time went", "table": "Figures", "total": "Total"},
}
SERVICE = "definition=food-shop-licence"
OTHERS = {
    "comparison": f"?{SERVICE}&compare=version",
    "mistake": "?from=2026-11-01&to=2026-10-01",
    "delays": "/delays",
    "time": "/time?by=month",
    "steps": f"/steps?{SERVICE}&version=1",
    "people": "/people",
    "portfolio": "/portfolio",
}
WORDS = {"days": r"(\d+) (?:d\b|روز)", "hours": r"(\d+) (?:h\b|ساعت)", "minutes": r"(\d+) (?:min|دقیقه)"}
MINUTES = {"days": 1440, "hours": 60, "minutes": 1}
LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


@pytest.fixture(scope="module")
def past(installation: Installation, settings: Settings) -> None:
    """Cases of the last three months, in the figures."""
    with pytest.MonkeyPatch.context() as patched, postgres.available(settings) as url:
        patched.setattr(seeding, "CASES", CASES)
        patched.setattr(opening, "OPEN", {})
        database = Database(url, zone=settings.time_zone)
        seeding.seed(database)
        database.dispose()
    until(lambda: _late(installation) > 0)


def _late(installation: Installation) -> int:
    return installation.look("manager", "/metrics/delay-causes")["late"] or 0


def _minutes(text: str) -> int:
    """A length of time in words."""
    plain = text.translate(LATIN)
    found = {name: re.search(words, plain) for name, words in WORDS.items()}
    return sum(int(match[1]) * MINUTES[name] for name, match in found.items() if match)


def _sums_to_its_life(page: Page, said: dict[str, str]) -> None:
    page.get_by_text(said["table"]).click()
    table = page.locator("table", has=page.get_by_role("rowheader", name=said["total"], exact=True))
    rows = [_minutes(row.inner_text()) for row in table.locator("tbody tr").all()]
    assert len(rows) == 9
    assert sum(rows[:-1]) == rows[-1] > 0


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_manager_finds_a_late_case_and_where_its_time_went(
    visit: Visits, past: None, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page, said = visit(language, width, account="manager"), SAID[language]
    page.goto("/")
    page.get_by_role("link", name=said["oversight"]).click()
    expect(page.locator("svg.chart").first).to_be_visible()
    check(page)
    shot(page, "oversight")
    cause = page.locator("section[aria-labelledby=top] li").first
    words = cause.get_by_role("link").inner_text()
    cause.get_by_role("link").click()
    expect(page.get_by_text(words)).to_be_visible()
    check(page)
    shot(page, "oversight-cases")
    page.locator("table a").first.click()
    expect(page.get_by_role("heading", name=said["time"])).to_be_visible()
    expect(page.locator("svg.chart")).to_be_visible()
    check(page)
    shot(page, "case-time")
    _sums_to_its_life(page, said)
    for name, address in OTHERS.items():
        page.goto(f"/oversight{address}")
        check(page)
        shot(page, f"oversight-{name}")


def test_saved_view_survives_pages_languages_and_the_way_back(visit: Visits, past: None) -> None:
    page = visit("fa", "phone", account="manager")
    page.goto("/oversight/delays")
    page.locator(".filtering summary").press("Enter")
    page.select_option("[name=definition]", "food-shop-licence")
    page.select_option("[name=class]", "-")
    page.locator("form.filters button").press("Enter")
    page.wait_for_url(re.compile("definition=food-shop-licence.*class=-"))
    page.locator("nav.ways a").nth(2).press("Enter")
    page.wait_for_url(re.compile("/oversight/time"))
    page.locator("nav[aria-label] a", has_text="به تفکیک ماه").click()
    page.wait_for_url(re.compile("by=month"))
    cases = page.locator("table tbody a").first.inner_text().translate(LATIN)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    for kept in ("definition=food-shop-licence", "class=-", "by=month"):
        assert kept in page.url
    assert page.locator("table tbody a").first.inner_text() == cases
    page.go_back()
    assert "by=month" in page.url
    page.go_back()
    expect(page.locator(".filtering summary")).to_contain_text("Food-shop licence · without a class")
