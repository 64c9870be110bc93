"""A citizen without an account and JavaScript reads how long a service takes, and what was corrected."""

import pytest
from playwright.sync_api import expect

from demo.installation import Installation
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests.browser.visits import Check, Language, Shot, Visits, Width
from tests.publishing import a_month

REASON = "قطعی سامانه دیر گزارش شد. | The outage was reported late."
SAID: dict[str, dict[str, str]] = {
    "fa": {
        "statistics": "آمار خدمات",
        "month": "اسفند ۱۴۹۸",
        "service": "خدمت نسبتاً طولانی شمارهٔ 3",
        "first": "ویرایش ۱",
        "replaced": "این ویرایش با تصحیحی جایگزین شده است.",
        "ground": "مدارک ناقص",
        "timely": "۷۹٪",
        "language": "English",
        "other": "Statistics of public services",
    },
    "en": {
        "statistics": "Statistics",
        "month": "Esfand 1498",
        "service": "Rather long service 3",
        "first": "Edition 1",
        "replaced": "This edition has been replaced by a correction.",
        "ground": "Documents are missing",
        "timely": "79%",
        "language": "فارسی",
        "other": "آمار خدمات عمومی",
    },
}


@pytest.fixture(scope="module")
def published(installation: Installation, settings: Settings) -> None:
    """Two months of some services, the newer one corrected. No worker publishes a month after these."""
    assert installation.url
    with postgres.available(settings) as url:
        database = Database(url, zone=settings.time_zone)
        for name, reason in (("1498-11", None), ("1498-12", None), ("1498-12", REASON)):
            a_month(database, name, 12, reason)
        database.dispose()


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_anybody_reads_statistics_without_javascript(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    said = SAID[language]
    page = visit(language, width, javascript=False)
    page.goto("/?stay=1")
    page.locator("a.card", has_text=said["statistics"]).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(said["month"])
    expect(page.get_by_text(REASON.split(" | ")[language == "en"])).to_be_visible()
    check(page)
    shot(page, "statistics")
    page.get_by_role("link", name=said["first"]).click()
    expect(page.get_by_text(said["replaced"])).to_be_visible()
    page.get_by_role("link", name=said["service"], exact=True).click()
    expect(page.get_by_text(said["ground"])).to_be_visible()
    expect(page.get_by_text(said["timely"]).first).to_be_visible()
    check(page)
    shot(page, "statistics-service")
    answer = page.goto("/statistics/1405-12")
    assert answer
    assert answer.status == 404
    check(page)
    page.get_by_role("link", name=said["language"]).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(said["other"])
