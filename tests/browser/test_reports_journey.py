"""A progress report in a browser: drafted, signed by another person, followed up, and compared."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from engine.oversight import reports
from engine.platform.language import CALENDARS
from tests.browser.visits import Check, Language, Shot, Visits, Width

AT = "/oversight/reports"
SAID = {
    "fa": {
        **{"reports": "گزارش‌های پیشرفت", "begin": "آغاز گزارش", "start": "آغاز", "summary": "نوشتن خلاصه"},
        **{"save": "ذخیره", "add": "افزودن اقدام", "put": "افزودن", "what": "چه کاری", "due": "موعد"},
        **{"sign": "امضای گزارش", "signed": "امضاشده", "earlier": "از گزارش‌های پیشین", "owner": "مسئول"},
        **{
            "awaited": "برای گزارش فرصت دارد",
            "missing": "گزارش نداده است",
            "registry": "ثبت احوال",
            "ended": "دوره هنوز پایان نیافته است",
        },
    },
    "en": {
        **{"reports": "Progress reports", "begin": "Begin a report", "start": "Begin", "save": "Save"},
        **{"summary": "Write the summary", "add": "Add an action", "put": "Add", "what": "What will be done"},
        **{"due": "Due date", "sign": "Sign the report", "signed": "Signed", "owner": "Owner"},
        **{"earlier": "From earlier reports", "missing": "have not reported", "registry": "Civil registry"},
        **{"ended": "The period has not ended", "awaited": "to report:"},
    },
}
WORDS = "Two more inspectors"


def _begin(page: Page, said: dict[str, str], ago: int, language: Language) -> None:
    """Begin the report of a month."""
    days = reports.offered(datetime.now(UTC).date(), CALENDARS[language])[ago].days
    page.goto(AT)
    page.get_by_text(said["begin"], exact=True).click()
    page.locator("form[method=post] select[name=unit]").first.select_option("guild")
    page.locator("form[method=post] select[name=period]").select_option(f"{days.first}:{days.last}")
    page.get_by_role("button", name=said["start"], exact=True).click()


def _draft(page: Page, said: dict[str, str], language: Language) -> None:
    """Begin the report of last month, with a summary and an action."""
    _begin(page, said, 1, language)
    page.get_by_text(said["summary"], exact=True).click()
    page.locator("#summary ~ details textarea").fill("خلاصهٔ گزارش")
    page.locator("#summary ~ details").get_by_role("button", name=said["save"]).click()
    expect(page.get_by_text("خلاصهٔ گزارش").first).to_be_visible()
    page.get_by_text(said["add"], exact=True).click()
    form = page.locator("form[action$='/actions']")
    form.get_by_label(said["what"]).fill(f"{WORDS} ({language})")
    form.get_by_label(said["owner"]).select_option(index=1)
    form.get_by_label(said["due"]).fill((datetime.now(UTC) + timedelta(days=9)).date().isoformat())
    form.get_by_role("button", name=said["put"], exact=True).click()
    expect(page.get_by_role("rowheader", name=f"{WORDS} ({language})")).to_be_visible()
    expect(page.get_by_role("button", name=said["sign"])).to_have_count(0)


def _compare(page: Page, said: dict[str, str], language: Language) -> None:
    """Find out who has not reported."""
    page.goto("/oversight")
    page.get_by_role("link", name=said["reports"]).click()
    days = reports.offered(datetime.now(UTC).date(), CALENDARS[language])[1].days
    page.goto(f"{AT}?period={days.first}:{days.last}")
    missing = page.locator("section[aria-labelledby=agencies] .note")
    expect(missing).to_contain_text(
        re.compile(f"{said['missing']}|{said['awaited']}")
    )  # by the day of the test
    expect(missing).to_contain_text(said["registry"])
    links = page.locator("section[aria-labelledby=agencies] tbody td").get_by_role("link")
    expect(links).to_have_text([said["signed"]])


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_a_report_is_drafted_signed_and_followed_up(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    said = SAID[language]
    page = visit(language, width, account="guild-manager")
    _draft(page, said, language)
    check(page)
    shot(page, "report")
    director = visit(language, width, account="guild-director")
    director.goto(page.url.partition("#")[0])
    director.get_by_role("button", name=said["sign"]).click()
    expect(director.locator(".badge.good").first).to_have_text(said["signed"])
    _begin(page, said, 0, language)
    expect(page.get_by_text(said["ended"]).first).to_be_visible()
    expect(page.get_by_role("heading", name=said["earlier"])).to_be_visible()
    expect(page.get_by_role("rowheader", name=f"{WORDS} ({language})")).to_be_visible()
    minister = visit(language, width, account="manager")
    _compare(minister, said, language)
    check(minister)
    shot(minister, "agencies")
