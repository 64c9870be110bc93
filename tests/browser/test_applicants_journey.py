"""An applicant's journey without JavaScript: apply, follow, correct, read the decision, appeal."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from demo.installation import Installation
from engine.platform import persian
from tests.browser.visits import Check, Language, Shot, Visits, Width
from tests.waiting import until

HEAVIEST = 150_000
CASE = re.compile(r"/my/cases/([\w-]+)")
GROUND = {"code": "tax_debt", "text": "بدهی مالیاتی سال ۱۴۰۴ پرداخت نشده است."}
INSPECTED = {"inspected_on": "2026-11-20", "applicant_present": False, "premises_compliant": True}


class Journey:
    """Somebody's way through the pages; each is looked at when it is reached."""

    def __init__(self, page: Page, check: Check, shot: Shot, weight: Callable[[Page], int]) -> None:
        self.page, self._check, self._shot, self._weight = page, check, shot, weight
        self._before = 0

    def go(self, path: str) -> None:
        """Open a page by its address."""
        self._before = self._weight(self.page)
        self.page.goto(path)

    def press(self, selector: str) -> None:
        """A link or button that leads to another page."""
        self._before = self._weight(self.page)
        self.page.locator(selector).first.click()

    def seen(self, name: str) -> None:
        """Everybody can use this page, and it is light."""
        expect(self.page.locator("h1")).to_have_count(1)
        self._check(self.page)
        self._shot(self.page, f"applicants-{name}")
        assert self._weight(self.page) - self._before <= HEAVIEST, name

    @property
    def case(self) -> str:
        """The id of the case of this page."""
        found = CASE.search(self.page.url)
        assert found, self.page.url
        return found[1]


@pytest.fixture
def journey(
    visit: Visits, check: Check, shot: Shot, weight: Callable[[Page], int]
) -> Callable[[Language, Width], Journey]:
    """`journey("fa", "phone")`: one that begins."""
    return lambda language, width: Journey(visit(language, width, javascript=False), check, shot, weight)


def task_of(installation: Installation, case: str, account: str, element: str) -> str:
    """The open task of the office, once it is there."""

    def found() -> list[Any]:
        items = installation.look(account, f"/tasks?case={case}&status=open")["items"]
        return [task for task in items if task["element"] == element and task["kind"] == "step"]

    until(lambda: bool(found()))
    (task,) = found()
    if task["assignee"] is None:
        installation.expect(200, account, "POST", f"/tasks/{task['id']}/claim", {})
    return str(task["id"])


def enter(journey: Journey) -> None:
    """As the demonstration's applicant."""
    journey.page.goto("/")
    journey.page.locator('form[action="/demo/applicant"] button').click()
    expect(journey.page.locator(".menu bdi")).to_have_text(re.compile("Arash Nemune|آرش نمونه"))


def apply(journey: Journey) -> tuple[str, str]:
    """From the catalogue to the case: its number and secret."""
    page = journey.page
    journey.go("/services")
    journey.seen("services")
    journey.press('a[href="/services/food-shop-licence"]')
    journey.seen("service")
    page.locator('a[href$="/apply"]').click()
    expect(page).to_have_url(re.compile(r"/login\?next="))
    enter(journey)
    journey.go("/services/food-shop-licence/apply")
    journey.seen("step")
    journey.press("form .primary")
    expect(page.locator(".wrong").first).to_be_visible()
    journey.seen("step-faults")
    for name, typed in {
        "national_id": "۰۰۱۲۳۴۵۶۷۹",
        "shop_name": "پروتئینی مهر",
        "business_code": "4721",
        "premises_postal_code": "1345678902",
        "area_m2": "۸۵",
    }.items():
        page.locator(f"[name='data/{name}']").fill(typed)
    journey.press("form .primary")
    expect(page).to_have_url(re.compile("/apply/2$"))
    journey.go("/my")
    journey.seen("drafts")
    page.locator('a[href$="/apply"]').first.click()
    page.locator("[name='data/risk_class'][value='high']").check()
    journey.press("form .primary")
    expect(page).to_have_url(re.compile("/apply/check$"))
    journey.seen("check")
    journey.press("main form .primary")
    expect(page).to_have_url(re.compile("/begun$"))
    journey.seen("begun")
    number, secret = page.locator(".large").all_inner_texts()
    return number, secret


def correct(journey: Journey, installation: Installation, case: str) -> None:
    """What the office sends back."""
    page = journey.page
    inspection = task_of(installation, case, "inspector", "inspect_premises")
    marks = {"fields": [{"pointer": "/area_m2", "text": "مساحت با نقشه نمی‌خواند."}]}
    installation.expect(201, "inspector", "POST", f"/tasks/{inspection}/send-back", marks)
    journey.go("/my")
    journey.seen("waiting")
    journey.go(f"/my/cases/{case}")
    journey.seen("case")
    journey.press(".waits a")
    expect(page.locator(".marked")).to_contain_text("مساحت با نقشه نمی‌خواند.")
    journey.seen("task")
    page.locator("[name='data/area_m2']").fill("۹۰")
    journey.press("main form .primary")
    expect(page.locator("[role=status]")).to_be_visible()
    installation.expect(200, "inspector", "POST", f"/tasks/{inspection}/complete", {"data": INSPECTED})


def write(journey: Journey, case: str) -> None:
    """The other pages of the case."""
    page = journey.page
    journey.go(f"/my/cases/{case}/messages")
    page.locator("textarea").fill("نقشهٔ تازه را هم فرستادم.")
    journey.press("main form .primary")
    expect(page.locator("main li .words")).to_have_text("نقشهٔ تازه را هم فرستادم.")
    journey.seen("messages")
    journey.go(f"/my/cases/{case}/documents")
    file: FilePayload = {"name": "plan.txt", "mimeType": "text/plain", "buffer": "نقشهٔ فروشگاه".encode()}
    page.locator("input[type=file]").set_input_files(file)
    journey.press("section form button")
    expect(page.locator("tbody tr")).to_have_count(1)
    journey.seen("documents")
    journey.go(f"/my/cases/{case}/access")
    journey.seen("access")


def fetch(journey: Journey, number: str) -> None:
    """The decision as a letter."""
    with journey.page.expect_download() as download:
        journey.page.locator('a[href$="/decision"]').click()
    assert download.value.suggested_filename == f"decision-{persian.digits(number)}.html"
    assert GROUND["text"] in Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_from_the_catalogue_to_the_appeal(
    journey: Callable[[Language, Width], Journey],
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    mine = journey(language, width)
    page = mine.page
    number, secret = apply(mine)
    case = mine.case
    page.goto(page.url)
    expect(page.locator("main")).not_to_contain_text(secret)
    correct(mine, installation, case)
    write(mine, case)
    decision = task_of(installation, case, "supervisor", "decide")
    refusal = {"data": {"decision": "refused", "ground": GROUND}}
    installation.expect(200, "supervisor", "POST", f"/tasks/{decision}/complete", refusal)
    mine.go(f"/my/cases/{case}")
    expect(page.locator("#decision")).to_be_visible()
    mine.seen("decided")
    fetch(mine, number)
    mine.press('a[href$="/appeal"]')
    mine.seen("appeal")
    page.locator("[name='data/reasons']").fill("مالیات سال ۱۴۰۴ پرداخت شده است.")
    mine.press("main form .primary")
    expect(page).to_have_url(re.compile("/begun$"))
    assert mine.case != case
    mine.go("/status")
    mine.seen("ask")
    page.locator("#number").fill(number)
    page.locator("#secret").fill(secret.lower())
    mine.press("main .primary")
    expect(page.locator("main")).to_contain_text(number)
    mine.seen("standing")
    assert secret not in page.url


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_its_pages_look_right_elsewhere_too(
    journey: Callable[[Language, Width], Journey], language: Language, width: Width
) -> None:
    mine = journey(language, width)
    apply(mine)
    mine.go(f"/my/cases/{mine.case}")
    mine.seen("case")
    mine.press('a[href$="/withdraw"]')
    mine.seen("withdraw")
    mine.press("form .danger")
    expect(mine.page.locator("[role=status]")).to_be_visible()
    mine.seen("withdrawn")
    mine.go("/my")
    mine.seen("cases")
