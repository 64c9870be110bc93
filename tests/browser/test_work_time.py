"""The page of a task reports that it is open, and its assignee sees the time."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from demo.installation import Installation
from tests import bpmn, factories
from tests.browser.visits import Check, Language, Shot, Visits, Width, deploy

MINUTE = 60_000


@pytest.fixture
def task(visit: Visits, installation: Installation) -> str:
    """A task that the reviewer has claimed."""
    named = 'name="زمان‌سنجی | Measured" isExecutable="true"'
    process = bpmn.process(*bpmn.in_line("userTask measured"), key="measured-work", attributes=named)
    deploy(visit(), installation.tokens["guild-administrator"], factories.files(process), unit="guild")
    case = installation.expect(201, "portal", "POST", "/cases", {"definition": "measured-work", "data": {}})
    found: str = case["tasks"][0]["id"]
    installation.expect(200, "reviewer", "POST", f"/tasks/{found}/claim", {})
    return found


def _reports(page: Page, task: str) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda sent: found.append(sent) if sent.url.endswith(f"/{task}/open") else None)
    return found


def _turn(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_page_reports_while_it_is_visible_and_somebody_is_there(visit: Visits, task: str) -> None:
    page = visit("en", account="reviewer")
    reports = _reports(page, task)
    page.clock.install()
    page.goto(f"/desk/tasks/{task}")
    with page.expect_response(f"**/{task}/open") as answered:
        page.clock.run_for(MINUTE)
    assert answered.value.status == 204
    assert re.fullmatch("token=[0-9a-f]{64}", answered.value.request.post_data or "")  # and no time
    page.clock.run_for(30 * MINUTE)
    assert len(reports) == 15  # nobody has touched it
    page.mouse.move(10, 20)
    page.clock.run_for(2 * MINUTE)
    assert len(reports) == 18
    page.clock.run_for(10_000)
    _turn(page, hidden=True)
    assert len(reports) == 19
    page.clock.run_for(10 * MINUTE)
    assert len(reports) == 19
    _turn(page, hidden=False)
    assert len(reports) == 20


def test_a_page_whose_task_is_no_longer_the_visitors_stops(
    visit: Visits, installation: Installation, task: str
) -> None:
    page = visit("en", account="reviewer")
    reports = _reports(page, task)
    page.clock.install()
    page.goto(f"/desk/tasks/{task}")
    installation.expect(200, "reviewer", "POST", f"/tasks/{task}/release", {})
    with page.expect_response(f"**/{task}/open") as answered:
        page.clock.run_for(MINUTE)
    assert answered.value.status == 404
    page.clock.run_for(5 * MINUTE)
    assert len(reports) == 1


@pytest.fixture
def judge(check: Check, shot: Shot) -> Callable[[Page, str], None]:
    """`judge(page, "work-time")`: everybody can use it; a picture is stored."""

    def judged(page: Page, name: str) -> None:
        check(page)
        shot(page, name)

    return judged


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_people_see_their_own_time(
    visit: Visits, task: str, judge: Callable[[Page, str], None], language: Language, width: Width
) -> None:
    page = visit(language, width, account="reviewer")
    page.goto(f"/desk/tasks/{task}")
    page.wait_for_timeout(5_100)  # a page that is left at once reports nothing more
    with page.expect_response(f"**/{task}/open"):
        _turn(page, hidden=True)
    page.goto("/desk")
    page.locator("a[href='/desk/work-time']").click()
    expect(page.locator(f"a[href='/desk/tasks/{task}']")).to_be_visible()
    page.locator("details.more summary").click()
    judge(page, "work-time")
    leader = visit(language, width, account="supervisor")
    leader.goto("/desk/work-time")
    leader.locator("#units ~ ul a").first.click()
    judge(leader, "work-time-of-unit")
