"""An inspector follows a red flag to its cases, asks, reads the official's answer, and closes it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from demo.installation import Installation
from engine.models import Pattern
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import factories
from tests.browser.visits import Check, Language, Visits, Width
from tests.flagging import a_flag

EACH = pytest.mark.parametrize(
    ("language", "width", "pattern"),
    [("fa", "phone", "outside-hours"), ("en", "desktop", "quick-decisions")],
)
SAID: dict[str, dict[str, str]] = {
    "fa": {"ask": "چرا در شب؟", "answer": "هفتهٔ پرکاری بود.", "end": "پذیرفته شد.", "waits": "۱"},
    "en": {"ask": "Why at night?", "answer": "It was a busy week.", "end": "Accepted.", "waits": "1"},
}


@dataclass(frozen=True)
class Flagged:
    """The address of a flag, and its one case."""

    path: str
    case: str


@pytest.fixture
def flag(installation: Installation, settings: Settings) -> Callable[[Pattern], Flagged]:
    """`flag("outside-hours")`: a flag that concerns the caseworker of the demonstration."""

    def make(pattern: Pattern) -> Flagged:
        application = {"definition": "address-change", **factories.example("address-change")}
        case = installation.expect(201, "portal", "POST", "/cases", application)
        with postgres.available(settings) as url:
            database = Database(url)
            official = factories.an_actor(database, "caseworker")
            cases = [UUID(case["id"])]
            made = a_flag(database, official, "civil-registry", cases=cases, pattern=pattern)
            database.dispose()
        return Flagged(f"/audit/flags/{made}", case["id"])

    return make


@EACH
def test_an_inspector_asks_and_the_official_answers(
    visit: Visits,
    check: Check,
    flag: Callable[[Pattern], Flagged],
    language: Language,
    width: Width,
    pattern: Pattern,
) -> None:
    said, flagged = SAID[language], flag(pattern)
    inspector = visit(language, width, account="auditor")
    _open(inspector, check, flagged)
    inspector.locator("#f-text").fill(said["ask"])
    inspector.locator("form[action$='/questions'] button").click()
    expect(inspector.locator("article")).to_contain_text(said["ask"])
    official = visit(language, width, account="caseworker")
    _answer(official, check, said)
    inspector.reload()
    expect(inspector.locator("article")).to_contain_text(said["answer"])
    inspector.locator("#f-conclusion").select_option("explained")
    inspector.locator("#f-conclusion_text").fill(said["end"])
    inspector.locator("form[action$='/close'] button").click()
    expect(inspector.locator("#conclusion")).to_be_visible()
    check(inspector)
    official.reload()
    expect(official.locator("section").last).to_contain_text(said["end"])


def _open(inspector: Page, check: Check, flagged: Flagged) -> None:
    """Go from the list to the flag, which asks for a purpose, to its case and back."""
    inspector.goto("/audit/flags")
    check(inspector)
    inspector.locator(f"a[href='{flagged.path}']").click()
    inspector.locator("[name=purpose]").fill("a complaint")
    inspector.locator("main form button").first.click()
    expect(inspector.locator("#f-asked")).to_be_visible()
    check(inspector)
    inspector.locator(f"main a[href='/desk/cases/{flagged.case}']").click()
    expect(inspector.locator("h1")).to_be_visible()
    assert inspector.url.endswith(flagged.case)
    inspector.goto(flagged.path)


def _answer(official: Page, check: Check, said: dict[str, str]) -> None:
    """See in the navigation that something waits, and answer it."""
    official.goto("/desk")
    expect(official.locator("header .count")).to_have_text(said["waits"])
    official.locator("header a[href='/questions']").click()
    check(official)
    official.locator("main table a").first.click()
    check(official)
    official.locator("#f-text").fill(said["answer"])
    official.locator("form[action$='/answer'] button").click()
    expect(official.locator("#f-text")).to_have_count(0)
    expect(official.locator("header .count")).to_have_count(0)
