"""An auditor takes a checkpoint, verifies the logs, and searches them with a purpose."""

import pytest
from playwright.sync_api import expect

from demo.installation import Installation
from tests import factories
from tests.browser.visits import Check, Language, Shot, Visits, Width

EACH = pytest.mark.parametrize(
    ("language", "width"), [("fa", "phone"), ("en", "desktop"), ("fa", "desktop"), ("en", "phone")]
)
SAID: dict[str, dict[str, str]] = {
    "fa": {
        "taken": "با امضا",
        "intact": "سیاهه‌ها دست‌نخورده‌اند",
        "why": "بنویسید برای چه",
        "kind": "case.started",
    },
    "en": {
        "taken": "signed",
        "intact": "The logs are intact",
        "why": "State why you search the log",
        "kind": "case.started",
    },
}


@EACH
def test_logs_are_verified_and_searched(
    visit: Visits, check: Check, shot: Shot, installation: Installation, language: Language, width: Width
) -> None:
    said = SAID[language]
    application = {"definition": "address-change", **factories.example("address-change")}
    installation.expect(201, "portal", "POST", "/cases", application)
    page = visit(language, width, account="administrator")
    page.goto("/audit")
    check(page)
    page.locator("form[action='/audit/take'] button").click()
    expect(page.locator("#progress .badge").first).to_contain_text(said["taken"], timeout=60_000)
    check(page)
    page.goto("/audit")
    page.locator("form[action='/audit/verify'] button").click()
    expect(page.locator("#progress .badge").first).to_contain_text(said["intact"], timeout=60_000)
    check(page)
    shot(page, "audit-result")
    page.goto("/audit")
    check(page)
    shot(page, "audit")
    page.goto("/audit/search")
    page.locator("#f-kind").select_option(said["kind"])
    page.locator("main form button").click()
    expect(page.locator(".wrong")).to_contain_text(said["why"])
    check(page)
    page.locator("#f-purpose").fill("۱۲")
    page.locator("main form button").first.click()
    expect(page.locator("#found")).to_be_visible()
    check(page)
    shot(page, "audit-search")


@EACH
def test_public_checkpoints(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page = visit(language, width)
    page.goto("/audit/checkpoints")
    check(page)
    shot(page, "audit-checkpoints")
