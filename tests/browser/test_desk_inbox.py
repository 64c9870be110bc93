"""The caseworker's inbox in a browser: few tasks, many and none; many at once; two who want the same."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.installation import Installation
from tests import bpmn
from tests.browser.visits import Check, Language, Shot, Visits, Width, deploy

Begin = Callable[[int], list[str]]
ID = "[0-9a-f-]{36}"
MANY = 55  # more than a page has
TASK = '<bpmn:userTask id="look" name="بررسی مدارک | Look through the papers"/>'
PROCESS = bpmn.process(
    *bpmn.in_line(TASK),
    key="papers",
    attributes='name="رسیدگی به مدارک | Papers" isExecutable="true"',
)


@pytest.fixture
def begin(visit: Visits, installation: Installation) -> Begin:
    """`begin(2)`: the numbers of so many new cases, each with a task that somebody of the guild may claim."""
    deploy(visit(), installation.tokens["guild-administrator"], {"papers.bpmn": PROCESS}, unit="guild")
    asked = {"definition": "papers"}
    return lambda count: [
        installation.expect(201, "portal", "POST", "/cases", asked)["case_number"] for _ in range(count)
    ]


def rows(page: Page) -> Locator:
    return page.locator("table.tasks tbody tr")


def row(page: Page, number: str) -> Locator:
    """That of a case, in whatever digits."""
    digits = number.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    return rows(page).filter(has_text=re.compile(f"{number}|{digits}"))


def search(page: Page, number: str) -> None:
    page.goto("/desk/search")
    page.locator("#words").fill(number)
    page.locator("main form button.primary").click()


def answered(page: Page) -> None:
    """The page knows what is listed, and will ask again."""
    expect(page.locator("[data-changes]")).to_have_attribute("aria-busy", "false")


def claim(page: Page, number: str) -> None:
    search(page, number)
    row(page, number).locator("button[name=take]").click()
    page.wait_for_url(re.compile(rf"/desk/tasks/{ID}(\?.*)?$"))


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_everybody_can_use_it(
    visit: Visits, check: Check, shot: Shot, begin: Begin, language: Language, width: Width
) -> None:
    numbers = begin(2)
    page = visit(language, width, account="reviewer")
    page.goto("/desk?view=overdue")
    expect(page.locator(".empty")).to_be_visible()
    check(page)
    shot(page, "inbox-empty")
    page.goto("/desk?view=free&priority=high")
    expect(page.locator("#priority-wrong")).to_be_visible()
    check(page)
    shot(page, "inbox-few")
    search(page, numbers[0])
    expect(rows(page)).to_have_count(1)
    check(page)
    shot(page, "inbox-search")
    page.goto("/desk/cases")
    check(page)
    shot(page, "inbox-cases")
    page.goto("/desk/cases/new/food-shop-licence")
    page.locator("main button.primary").click()
    expect(page.locator("#faults")).to_be_visible()
    check(page)
    shot(page, "inbox-start")


def test_on_a_phone_the_first_task_is_in_sight(visit: Visits, begin: Begin) -> None:
    begin(2)
    page = visit("fa", "phone", account="reviewer")
    page.goto("/desk?definition=papers&view=free")
    box = rows(page).first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740
    page.locator("table.tasks tbody tr td a").first.click()
    page.wait_for_url(re.compile(f"/desk/cases/{ID}$"))


def wait_for_batch(page: Page, count: int) -> None:
    """On its page, until it has ended and shows this number of tasks."""
    page.wait_for_url(re.compile(f"/desk/batches/{ID}$"))
    expect(page.locator(".note.good")).to_be_visible(timeout=20_000)
    expect(page.locator("#done + ul > li")).to_have_count(count)


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_many_are_claimed_at_once_and_each_is_told(
    visit: Visits, check: Check, shot: Shot, begin: Begin, language: Language, width: Width
) -> None:
    begin(MANY)
    page = visit(language, width, account="reviewer")
    page.goto("/desk?view=free&definition=papers")
    expect(rows(page)).to_have_count(50)
    shot(page, "inbox-many")
    page.locator("[data-marks-all] input").check()
    expect(page.locator("[name=task]:checked")).to_have_count(50)
    page.locator("button[value=claim]").click()
    wait_for_batch(page, 50)
    page.reload()
    expect(page.locator("progress")).to_have_count(0)
    check(page)
    shot(page, "inbox-batch")
    page.goto("/desk/batches")
    check(page)
    shot(page, "inbox-batches")


def test_many_are_claimed_at_once_without_a_script(visit: Visits, check: Check, begin: Begin) -> None:
    begin(3)
    page = visit("fa", "phone", javascript=False, account="reviewer")
    page.goto("/desk?view=free&definition=papers")
    for number in range(3):
        page.locator("[name=task]").nth(number).check()
    page.locator("button[value=claim]").click()
    wait_for_batch(page, 3)
    check(page)


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_what_is_asked_before_is_a_page(
    visit: Visits, check: Check, shot: Shot, begin: Begin, language: Language, width: Width
) -> None:
    begin(1)
    page = visit(language, width, account="reviewer")
    for action, shown in (("complete", "main .note.warn"), ("assign", "#to")):
        page.goto("/desk?definition=papers")
        page.locator("[name=task]").nth(0).check()
        page.locator(f"button[value={action}]").click()
        expect(page.locator(shown)).to_be_visible()
        check(page)
        shot(page, f"inbox-{action}")


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_of_two_who_claim_the_same_one_gets_it_and_the_other_is_told_who(
    visit: Visits, check: Check, shot: Shot, begin: Begin, language: Language, width: Width
) -> None:
    (number,) = begin(1)
    one = visit(language, width, account="reviewer")
    two = visit(language, width, account="supervisor")
    for page in (one, two):
        search(page, number)
        expect(row(page, number)).to_have_count(1)
    row(one, number).locator("button[name=take]").click()
    one.wait_for_url(re.compile(rf"/desk/tasks/{ID}(\?.*)?$"))
    row(two, number).locator("button[name=take]").click()
    told = two.locator("main .fault[role=alert]")
    expect(told).to_contain_text({"fa": "رضا آزمایشی", "en": "Reza Azmayeshi"}[language])
    check(two)
    shot(two, "inbox-taken")


def test_the_page_says_by_itself_what_is_new_and_what_is_gone(
    visit: Visits, check: Check, begin: Begin
) -> None:
    (number,) = begin(1)
    page = visit("en", "desktop", account="supervisor")
    page.clock.install()
    with page.expect_response("**/desk/changes*") as first:
        page.goto("/desk?view=free&definition=papers")
    assert first.value.status == 200
    answered(page)
    title, count = page.title(), rows(page).count()
    with page.expect_response("**/desk/changes*") as same:
        page.clock.fast_forward(25_000)
    assert same.value.status == 304
    answered(page)
    begin(2)
    colleague = visit("fa", "phone", account="reviewer")
    search(colleague, number)
    row(colleague, number).locator("button[name=take]").click()
    colleague.wait_for_url(re.compile(f"/desk/tasks/{ID}$"))
    page.clock.fast_forward(25_000)
    notice = page.locator("[data-changes]")
    expect(notice).to_contain_text("2 new tasks. 1 task was claimed or completed.")
    assert page.title() == f"(2) {title}"
    expect(page.locator(".bar a[aria-current] .badge")).to_have_text("2")
    assert rows(page).count() == count  # nothing moves under the pointer
    expect(row(page, number)).to_contain_text("Claimed or completed")
    expect(row(page, number).locator("[name=task]")).to_be_disabled()
    check(page)
    notice.get_by_role("link", name="Show").click()
    expect(page).to_have_title(title)
    expect(row(page, number)).to_have_count(0)
    expect(rows(page).filter(has_text="New")).to_have_count(2)


def test_the_page_says_when_the_session_has_ended(visit: Visits, check: Check) -> None:
    page = visit("fa", "phone", account="supervisor")
    page.clock.install()
    page.goto("/desk?view=mine")
    answered(page)
    page.context.clear_cookies()
    page.clock.fast_forward(25_000)
    expect(page.locator("[data-changes] a")).to_have_attribute("href", re.compile(r"^/login\?next=%2Fdesk"))
    check(page)


def test_keys_lead_through_the_list_and_open_a_task(visit: Visits, begin: Begin) -> None:
    begin(3)
    page = visit("fa", account="supervisor")
    page.goto("/desk?view=free&definition=papers")
    links = rows(page).locator("th a")
    links.nth(0).focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(rows(page).nth(1).locator("[name=task]")).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/desk/tasks/{ID}(\?.*)?$"))


def test_a_case_is_started_at_the_desk_without_a_script(visit: Visits, begin: Begin) -> None:
    begin(0)
    page = visit("fa", "phone", javascript=False, account="reviewer")
    page.goto("/desk/cases/new/papers")
    page.locator("#applicant").fill("۰۰۰۰۰۰۴۰۹۱")
    page.locator("main button.primary").click()
    page.wait_for_url(re.compile(f"/desk/cases/{ID}$"))
