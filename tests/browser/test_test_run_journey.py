"""A designer tries a version: plays a case to its end, saves it as a scenario, looks at what is covered."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.platform.config import ROOT
from tests.browser.visits import Check, Language, Shot, Visits, Width

LICENCE = "/designer/food-shop-licence/1"
HEALTH = '{"health_card_valid": true, "hygiene_training_passed": true, "previous_violations": 0}'
FOLDERS = (
    "guild/food-shop-licence",
    "civil-registry/verify-identity",
    "treasury/collect-fee",
    "guild/objection",
)


def choose(page: Page, do: str, at: str) -> None:
    """Choose what to do, unless it is chosen already."""
    link = page.locator(
        f'.doings a[href*="do={do}&at={at.replace("/", "%2F")}#"], .doings a[href*="do={do}&at={at}#"]'
    )
    link.first.click()
    expect(page.locator(".doings a[aria-current]")).to_have_count(1)


def reply(page: Page, at: str, data: str) -> None:
    """Answer for another system, whose form is not filled in."""
    choose(page, "call", at)
    page.locator('#panel a[href*="how=json"]').click()
    page.locator("#json").fill(data)
    page.locator("#panel button.primary").click()
    expect(page.locator(".fault")).to_have_count(0)


def apply(page: Page, check: Check, shot: Shot) -> None:
    """Fill in the start form: at first with faults, which are shown at their fields."""
    page.locator('[name="data/national_id"]').fill("123")
    page.locator('[name="data/shop_name"]').fill("پروتئینی مهر")
    page.locator("#panel button.primary").click()
    expect(page.locator('[name="data/national_id"]')).to_have_attribute("aria-invalid", "true")
    expect(page.locator('[name="data/shop_name"]')).to_have_value("پروتئینی مهر")
    check(page)
    shot(page, "test-runs-faults")
    page.locator('[name="data/national_id"]').fill("۰۰۱۲۳۴۵۶۷۹")
    page.locator('[name="data/business_code"]').fill("4721")
    page.locator('[name="data/premises_postal_code"]').fill("1345678902")
    page.locator('[name="data/area_m2"]').fill("85")
    page.locator('[name="data/risk_class"][value="high"]').check()
    page.locator("#panel button.primary").click()


def answer_registries(page: Page) -> None:
    """Reply in the place of all systems that are asked before the inspection."""
    reply(page, "verify-identity/ask_registry", '{"result": "match"}')
    choose(page, "call", "check_tax")
    page.locator('[name="data/clear"]').first.check()
    page.locator('[name="data/debt_rials"]').fill("۰")
    page.locator("#panel button.primary").click()
    expect(page.locator(".fault")).to_have_count(0)
    reply(page, "check_zoning", '{"land_use": "commercial"}')
    reply(page, "check_health", HEALTH)
    expect(page.locator("[data-shown]")).to_be_visible()
    expect(page.locator('[data-element-id="inspect_premises"].token')).to_have_count(1)


def decide(page: Page, day: str) -> None:
    """Let the inspection be late, then do it, and grant the licence."""
    choose(page, "wait", "")
    page.locator('[name="next"]').click()
    expect(page.locator(".timeline > li")).to_have_count(6)
    choose(page, "task", "inspect_premises")
    page.locator('[name="data/inspected_on"]').fill(day)
    page.locator('[name="data/applicant_present"][value="false"]').check()
    page.locator('[name="data/premises_compliant"][value="true"]').check()
    page.locator("#panel button.primary").click()
    choose(page, "task", "decide")
    page.locator('[name="data/decision"][value="granted"]').check()
    page.locator("#panel button.primary").click()


def pay_and_issue(page: Page) -> None:
    """What other systems do at the end."""
    reply(page, "collect-fee/issue_bill", '{"bill": "B-1", "amount_rials": 10250000}')
    choose(page, "message", "collect-fee/await_payment")
    page.locator("#panel button.primary").click()
    reply(page, "issue_licence", '{"licence": "L-1"}')
    expect(page.locator(".clock .badge.good")).to_be_visible()
    expect(page.locator("[data-shown]")).to_be_visible()


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_a_case_is_played_and_saved_as_a_scenario(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path, language: Language, width: Width
) -> None:
    page = visit(language, width, account="designer")
    page.goto(f"{LICENCE}/try")
    check(page)
    shot(page, "test-runs-list")
    page.locator("main form button.primary").click()
    expect(page.locator("[data-shown]")).to_be_visible()
    check(page)
    apply(page, check, shot)
    answer_registries(page)
    check(page)
    shot(page, "test-runs-task")
    decide(page, {"fa": "۱۴۰۵/۰۹/۰۷", "en": "2026-11-28"}[language])
    pay_and_issue(page)
    check(page)
    shot(page, "test-runs-granted")
    with page.expect_download() as download:
        page.locator("a[download]").click()
    played = tmp_path / "played.yaml"
    download.value.save_as(played)
    assert "outcome: granted" in played.read_text()
    run = subprocess.run(
        [sys.executable, "-m", "engine", "scenario", *_folders(played)],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "played.yaml" in run.stdout


def _folders(played: Path) -> list[str]:
    """The licence's files with the scenario that was played in place of its own, and what it calls."""
    licence = ROOT / "processes" / FOLDERS[0]
    own = [licence / "process.bpmn", *(licence / "forms").iterdir(), *licence.glob("*.dmn")]
    bindings = [path for path in licence.iterdir() if path.name == "bindings.json"]
    return [*map(str, [*own, *bindings, played]), *(str(ROOT / "processes" / name) for name in FOLDERS[1:])]


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_diagram_scenarios_and_forms_are_looked_at(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page = visit(language, width, account="designer")
    page.goto(f"{LICENCE}/scenarios")
    expect(page.locator("[data-shown]")).to_be_visible()
    expect(page.locator(".djs-element.untaken")).to_have_count(0)
    check(page)
    shot(page, "test-runs-scenarios")
    page.locator('a[href*="scenario=0"]').click()
    expect(page.locator(".djs-element.untaken").first).to_be_attached()
    page.goto(f"{LICENCE}/diagram")
    expect(page.locator("[data-shown]")).to_be_visible()
    page.locator('[data-element-id="decide"] .djs-hit').first.dispatch_event("click")
    expect(page.locator('[data-about="decide"]')).to_have_class("pointed")
    check(page)
    shot(page, "test-runs-diagram")
    page.locator('a[href*="simulate"]').click()
    expect(page.locator("[data-shown]")).to_be_visible()
    expect(page.locator(".bts-toggle-mode")).to_be_visible()
    page.goto(f"{LICENCE}/forms")
    check(page)
    shot(page, "test-runs-forms")


@pytest.mark.parametrize("language", ["fa", "en"])
def test_without_javascript_a_picture_stands_in_the_diagram_s_place(
    visit: Visits, check: Check, shot: Shot, language: Language
) -> None:
    page = visit(language, "desktop", javascript=False, account="designer")
    page.goto(f"{LICENCE}/scenarios?scenario=0")
    expect(page.locator(".diagram img")).to_be_visible()
    assert page.locator(".diagram img").evaluate("image => image.naturalWidth") > 1000
    check(page)
    shot(page, "test-runs-picture")


def removed(page: Page, name: str) -> None:
    """A file is taken out of the draft."""
    page.locator(f'form[action$="/remove"]:has(input[value="{name}"]) button').click()
    expect(page.locator(f'form[action$="/remove"] input[value="{name}"]')).to_have_count(0)


def checked(page: Page) -> None:
    """The draft's check has been followed to its end."""
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)


def played(page: Page) -> None:
    """A test run of one step with a form, from the draft's page to its end."""
    page.locator('main a[href$="/try"]').first.click()
    page.locator("main form button.primary").click()
    page.locator("#panel button.primary").click()
    page.locator('[name="data/result"]').fill("۱۲")
    page.locator("#panel button.primary").click()
    expect(page.locator(".clock .badge.good")).to_be_visible()
    expect(page.locator("[data-shown]")).to_be_visible()


def begun(page: Page) -> str:
    """A draft of one step without scenarios, whose check is done; its address."""
    page.goto("/designer/drafts/new")
    page.locator('input[value="bare"]').check()
    page.locator("#begin-unit").select_option("root")
    page.locator("#begin-name").fill("گزارش | Report")
    page.locator("#key").fill("tried-first")
    page.locator('form[action$="/begin"] button').click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    draft = page.url
    checked(page)
    removed(page, "done.yaml")
    checked(page)
    return draft


def test_draft_is_tried_before_it_is_published(visit: Visits, check: Check, shot: Shot) -> None:
    page = visit("fa", "phone", account="designer")
    draft = begun(page)
    expect(page.locator('form[action$="/deploy"]')).to_have_count(0)
    check(page)
    shot(page, "draft-untried")
    page.locator('main a[href$="/forms"]').click()
    expect(page.locator('[name="data/result"]')).to_have_count(2)
    check(page)
    shot(page, "draft-forms")
    page.goto(draft)
    played(page)
    check(page)
    shot(page, "draft-played")
    page.locator('form[action$="/scenario"] button').click()
    page.wait_for_url(draft)
    checked(page)
    expect(page.get_by_role("rowheader", name=".yaml")).to_have_count(1)
    check(page)
    shot(page, "draft-tried")
    page.locator('form[action$="/deploy"] button').click()
    page.wait_for_url("**/designer/tried-first")
