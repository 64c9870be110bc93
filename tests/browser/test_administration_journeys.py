"""An administrator finds failed steps, repairs them, and brings cases to a new version."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from demo.installation import Installation
from tests import bpmn, factories
from tests.browser import visits
from tests.browser.visits import Check, Language, Shot, Visits, Width

# Each journey in both languages and at both widths; all four pairs appear.
TWO = pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
OTHER = pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
SAID: dict[str, dict[str, str]] = {
    "fa": {
        "repair": "ذخیره و تلاش دوباره",
        "resolved": "خطا برطرف شد و پرونده ادامه می‌یابد.",
        "again": "گام دوباره خطا داد",
        "retry": "تلاش دوباره",
        "all": "تلاش دوباره برای ۳ خطا",
        "turn": "همهٔ موارد بررسی شد.",
        "plan": "تهیهٔ برنامه",
        "start": "انتقال ۱۰۰ پرونده",
        "over": "همهٔ پرونده‌ها بررسی شد.",
        "done": "۱۰۰ از ۱۰۰",
    },
    "en": {
        "repair": "Save and retry",
        "resolved": "The incident is resolved. The case continues.",
        "again": "The step failed again",
        "retry": "Retry",
        "all": "Retry 3 incidents",
        "turn": "All incidents have been processed.",
        "plan": "Make the plan",
        "start": "Migrate 100 cases",
        "over": "All cases have been processed.",
        "done": "100 of 100",
    },
}
FEE = bpmn.script("fee", "fee = amount / divisor")


def a_key() -> str:
    """Of a process that no other test knows."""
    return f"p{uuid4().hex[:8]}"


def deploy(page: Page, installation: Installation, key: str, *steps: str) -> None:
    """A process of these steps in a row."""
    files = factories.files(bpmn.process(*bpmn.in_line(*steps), key=key))
    visits.deploy(page, installation.tokens["administrator"], files)


def start(installation: Installation, key: str, count: int, **data: object) -> None:
    """Cases of it."""
    for _ in range(count):
        installation.expect(201, "portal", "POST", "/cases", {"definition": key, "data": data})


@TWO
def test_an_incident_is_found_repaired_and_retried(
    visit: Visits,
    check: Check,
    shot: Shot,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    page, said, key = visit(language, width, account="administrator"), SAID[language], a_key()
    deploy(page, installation, key, FEE, "userTask b")
    start(installation, key, 1, amount=100, divisor=0, applicant_name="سارا کریمی")
    page.goto("/administration")
    check(page)
    shot(page, "administration-overview")
    page.goto(f"/administration/incidents?definition={key}&code=script-failed")
    check(page)
    shot(page, "administration-incidents")
    page.locator("tbody th a").first.click()
    diagram = page.locator(".diagram img")
    expect(diagram).to_be_visible()
    assert diagram.evaluate("image => image.complete && image.naturalWidth > 0")
    check(page)
    page.get_by_role("button", name=said["retry"], exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(said["again"])
    divisor = page.locator("fieldset", has=page.locator('input[value="divisor"]')).locator('[name^="value-"]')
    divisor.fill("صفر")
    page.get_by_role("button", name=said["repair"]).click()
    expect(page.get_by_role("alert")).to_have_count(2)  # that the retry failed again, and what is refused
    expect(divisor).to_have_value("صفر")
    check(page)
    shot(page, "administration-incident-refused")
    divisor.fill("۴" if language == "fa" else "4")
    page.get_by_role("button", name=said["repair"]).click()
    expect(page.get_by_role("status")).to_have_text(said["resolved"])
    check(page)
    shot(page, "administration-incident-resolved")


@TWO
def test_all_of_a_kind_are_retried_at_once(
    visit: Visits,
    check: Check,
    shot: Shot,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    page, said, key = visit(language, width, account="administrator"), SAID[language], a_key()
    deploy(page, installation, key, FEE, "userTask b")
    start(installation, key, 3, amount=100, divisor=0)
    page.goto(f"/administration/incidents?definition={key}&code=script-failed")
    page.get_by_role("button", name=said["all"]).click()
    expect(page.get_by_text(said["turn"])).to_be_visible(timeout=30_000)  # the page continues by itself
    check(page)
    shot(page, "administration-retry")
    page.goto("/administration/rates")
    page.locator("main details summary").click()
    check(page)
    shot(page, "administration-rates")


@TWO
def test_a_hundred_cases_are_migrated_and_a_reload_loses_nothing(
    visit: Visits,
    check: Check,
    shot: Shot,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    page, said, key = visit(language, width, account="administrator"), SAID[language], a_key()
    deploy(page, installation, key, "userTask a", "userTask b")
    start(installation, key, 100)
    deploy(page, installation, key, "userTask a", "userTask c")
    page.goto(f"/administration/definitions/{key}")
    check(page)
    shot(page, "administration-definition")
    page.get_by_role("button", name=said["plan"]).click()
    begin = page.get_by_role("button", name=said["start"])
    expect(begin).to_be_enabled(timeout=30_000)
    check(page)
    shot(page, "administration-migration-planned")
    with page.expect_navigation():
        begin.click()
    page.reload()
    expect(page.get_by_text(said["over"])).to_be_visible(timeout=60_000)
    expect(page.get_by_text(said["done"])).to_be_visible()
    check(page)
    shot(page, "administration-migration-done")
    found = installation.look("administrator", f"/migrations/{page.url.rpartition('/')[2].partition('?')[0]}")
    assert found["counts"] == {"movable": 0, "stays": 0, "moved": 100, "ended": 0}


def test_a_migration_continues_without_javascript(visit: Visits, installation: Installation) -> None:
    page, key = visit("en", javascript=False, account="administrator"), a_key()
    deploy(page, installation, key, "userTask a")
    start(installation, key, 1)
    deploy(page, installation, key, "userTask a", "userTask b")
    page.goto(f"/administration/definitions/{key}")
    page.get_by_role("button", name="Make the plan").click()
    begin = page.get_by_role("button", name="Migrate 1 case", exact=True)
    while not begin.is_visible():
        page.get_by_role("link", name="Show the current status").click()
    begin.click()
    while not page.get_by_text("All cases have been processed.").is_visible():
        page.get_by_role("link", name="Show the current status").click()


@OTHER
def test_everybody_can_use_all_pages(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    page = visit(language, width, account="administrator")
    names = ("definitions", "migrations", "units", "units/guild", "people", "people/new", "people/import")
    for name in (*names, "delegations", "log", "jobs", "connectors", "messages", "webhooks"):
        page.goto(f"/administration/{name}")
        check(page)
        shot(page, f"administration-{name.replace('/', '-')}")
    page.goto("/administration/people")
    name = {"fa": "لیلا مثالی", "en": "Leila Mesali"}[language]
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for summary in page.locator("details.card summary").all():
        summary.click()
    check(page)
    shot(page, "administration-person")
