"""An administrator confirms an estimated holiday, and declares a closure after seeing what it moves."""

from datetime import date

from playwright.sync_api import expect

from demo.installation import Installation
from tests import bpmn
from tests.browser.test_administration_journeys import TWO, a_key, deploy
from tests.browser.visits import Check, Language, Shot, Visits, Width

SAID: dict[str, dict[str, str]] = {
    "fa": {
        "estimated": "تخمینی",
        "confirm": "تأیید",
        "changed": "تقویم تغییر کرد.",
        "try": "بررسی",
        "moves": "مهلت جابه‌جا می‌شود.",
        "declare": "اعلام تعطیلی",
        "declared": "تعطیلی اعلام شد.",
        "reason": "آلودگی هوا",
    },
    "en": {
        "estimated": "estimated",
        "confirm": "Confirm",
        "changed": "The calendar has been changed.",
        "try": "Check",
        "moves": "It moves",
        "declare": "Declare the closure",
        "declared": "The closure has been declared.",
        "reason": "air pollution",
    },
}


@TWO
def test_holiday_is_confirmed_and_a_closure_declared(
    visit: Visits,
    check: Check,
    shot: Shot,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    page, said, key = visit(language, width, account="administrator"), SAID[language], a_key()
    page.goto("/administration/calendars")
    check(page)
    page.goto("/administration/calendars/iran?year=1406")
    expect(page.get_by_text(said["estimated"], exact=True).first).to_be_visible()
    check(page)
    shot(page, "administration-calendar")
    page.get_by_role("button", name=said["confirm"]).first.click()
    expect(page.get_by_text(said["changed"])).to_be_visible()
    deploy(page, installation, key, bpmn.node("userTask", "review", parvandeh__due="P1WD"))
    case = installation.expect(201, "portal", "POST", "/cases", {"definition": key, "data": {}})
    task = installation.expect(200, "administrator", "GET", f"/tasks/{case['tasks'][0]['id']}")
    due = date.fromisoformat(task["due_at"][:10])
    page.goto("/administration/units/root/calendar")
    check(page)
    page.locator("#f-first").fill(due.isoformat())
    page.locator("#f-reason").select_option(label=said["reason"])
    page.get_by_role("button", name=said["try"], exact=True).click()
    expect(page.locator("section[aria-labelledby=tried]")).to_contain_text(said["moves"])
    check(page)
    shot(page, "administration-closure")
    page.get_by_role("button", name=said["declare"], exact=True).click()
    expect(page.get_by_text(said["declared"])).to_be_visible()
    check(page)
