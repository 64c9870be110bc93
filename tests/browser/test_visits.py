"""What is demanded of every page is demanded indeed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.installation import Installation
from tests.browser import visits
from tests.browser.visits import Visits

HEAD = '<!doctype html><html lang="en"><title>A</title><main><h1>A</h1>'
POLICY = {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'none'; style-src 'self'"}


def serve(page: Page, body: str, **answer: int) -> None:
    """Let the page be this."""
    page.route("**/try", lambda route: route.fulfill(body=HEAD + body, headers=POLICY, **answer))
    page.goto("/try")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p style='color: red'>A</p>", "style"),
        ("<p onclick='alert(1)'>A</p><img src='/nothing.png'>", "policy img-src"),
        ("<script>alert(1)</script>", "script"),
    ],
)
def test_what_the_policy_blocks_fails(
    browser: Browser, installation: Installation, body: str, told: str
) -> None:
    with pytest.raises(AssertionError, match=told), visits.visits(browser, installation.url, {}) as visit:
        serve(visit(), body)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_error_of_the_server_fails(browser: Browser, installation: Installation, javascript: bool) -> None:
    with pytest.raises(AssertionError, match="500"), visits.visits(browser, installation.url, {}) as visit:
        serve(visit(javascript=javascript), "", status=500)


def test_an_error_of_a_script_fails(browser: Browser, installation: Installation) -> None:
    opened = Visits(browser, installation.url, {})
    page = opened()
    serve(page, "")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('lost') })")
    assert opened.end() == ["error: lost"]


def test_a_refused_form_fails_nothing(visit: Visits) -> None:
    serve(visit(), "", status=422)


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<input>", "label"),
        ("<svg width='2000' height='9' aria-hidden='true'></svg>", "2... wide in a window of 360"),
    ],
)
def test_a_page_that_not_everybody_can_use_is_told(
    visit: Visits, check: Callable[[Page], None], body: str, told: str, javascript: bool
) -> None:
    page = visit(width="phone", javascript=javascript)
    serve(page, body)
    with pytest.raises(AssertionError, match=told):
        check(page)


def test_weight_counts_every_file(visit: Visits, weight: Callable[[Page], int]) -> None:
    page = visit()
    serve(page, "")
    alone = weight(page)
    page.goto("/login")
    expect(page.get_by_role("heading")).to_be_visible()
    assert weight(page) > alone + 1_000


def test_a_visit_is_of_the_account_and_of_nobody_without(visit: Visits) -> None:
    for account, place in (("designer", "/account"), (None, "/login?next=/account")):
        page = visit(account=account)
        page.goto("/account")
        assert page.url.endswith(place)
