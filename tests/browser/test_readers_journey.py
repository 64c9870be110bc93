"""An auditor opens a case for a stated purpose; a manager sees the work and how far applications come."""

import pytest
from playwright.sync_api import Page, expect

from demo.installation import Installation
from tests.browser.test_administration_journeys import a_key, deploy, start
from tests.browser.visits import Check, Language, Shot, Visits, Width

SAID: dict[str, dict[str, str]] = {
    "fa": {
        "why": "پرونده‌ها را برای چه باز می‌کنید؟",
        "go": "ادامه",
        "purpose": "هدف بررسی",
        "log": "سیاههٔ راهبری",
        "deployed": "بارگذاری فرایند",
        "applications": "درخواست‌ها",
        "stated": "حکم بازرسی ۳۱۷",
    },
    "en": {
        "why": "Why do you open cases?",
        "go": "Continue",
        "purpose": "Purpose",
        "log": "Administration log",
        "deployed": "process deployed",
        "applications": "Applications",
        "stated": "Inspection order 317",
    },
}
TWO = pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
OTHER = pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])


def a_case(visit: Visits, installation: Installation) -> str:
    """A case of a process that no other test knows."""
    key = a_key()
    page = visit("en", account="administrator")
    deploy(page, installation, key, "userTask a")
    start(installation, key, 1)
    return key


def open_first(page: Page, key: str) -> None:
    page.goto(f"/desk/cases?definition={key}")
    page.get_by_role("table").get_by_role("link").first.click()


@TWO
def test_auditor_states_a_purpose_and_reads(
    visit: Visits,
    installation: Installation,
    check: Check,
    shot: Shot,
    language: Language,
    width: Width,
) -> None:
    said, key = SAID[language], a_case(visit, installation)
    page = visit(language, width, account="auditor")
    open_first(page, key)
    check(page)
    shot(page, "purpose")
    page.get_by_label(said["why"]).fill(said["stated"])
    page.get_by_role("button", name=said["go"]).click()
    expect(page.locator("h1")).to_be_visible()
    assert "/desk/cases/" in page.url
    expect(page.locator("main form[method=post]")).to_have_count(0)
    check(page)
    page.locator(".menu summary").click()
    expect(page.locator(".menu")).to_contain_text(said["stated"])
    page.goto("/administration/log?kind=definition.deployed")
    expect(page.locator("main")).to_contain_text(key)
    expect(page.locator("main")).to_contain_text(said["deployed"])
    check(page)
    shot(page, "administration-log")


@OTHER
def test_manager_sees_work_and_applications(
    visit: Visits, installation: Installation, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    key = a_case(visit, installation)
    page = visit(language, width, account="manager")
    page.goto("/desk")
    expect(page.locator("h1")).to_be_visible()
    check(page)
    open_first(page, key)
    expect(page.locator("main form[method=post]")).to_have_count(0)
    check(page)
    page.goto("/funnel")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check(page)
    page.goto(f"/funnel/{key}")
    expect(page.get_by_role("table").first).to_be_visible()
    check(page)
    shot(page, "funnel")
