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
# Each page at one width: all at both would take twice as long, and charts fit any.
OTHERS = {
    "phone": ("delays", "time", "steps?definition=food-shop-licence&version=1"),
    "desktop": ("people", "portfolio"),
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
    found: int = installation.look("manager", "/metrics/delay-causes")["late"]
    return found


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
    for name in OTHERS[width]:
        page.goto(f"/oversight/{name}")
        check(page)
        shot(page, f"oversight-{name.partition('?')[0]}")
