"""What JavaScript adds to every page."""

from playwright.sync_api import Page, expect

from tests.browser.visits import Visits, serve
from web.assets import asset

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
CONFIG = '{"allowEval": false, "includeIndicatorStyles": false}'


def opened(page: Page, body: str) -> Page:
    """A page with the script and this body."""
    head = (
        f"<!doctype html><html lang='en'><title>A</title><meta name='htmx-config' content='{CONFIG}'>"
        f"<script type='module' src='{asset('page.js')}'></script>"
    )
    html = f"{head}<main><h1>A</h1>{body}</main>"
    serve(page, POLICY, {"page": ("text/html", html), "part": ("text/html", "<p>fresh</p>")})
    page.goto("/try/page")
    return page


def test_a_part_of_a_page_is_renewed(visit: Visits) -> None:
    button = "<button hx-get='/try/part' hx-target='#part'>go</button>"
    page = opened(visit(), f"{button}<div id='part'></div>")
    page.get_by_role("button").click()
    expect(page.locator("#part")).to_have_text("fresh")


def test_a_form_is_sent_once(visit: Visits) -> None:
    page = opened(visit(), "<form method='post' action='/try/sent'><button>go</button></form>")
    page.route("**/try/sent", lambda route: route.fulfill(status=204))  # the page stays
    with page.expect_request("**/try/sent"):
        page.get_by_role("button").click()
    again = (
        "new Promise((told) => { window.addEventListener('submit', (event) => told(event.defaultPrevented));"
        " document.querySelector('button').click() })"
    )
    assert page.evaluate(again) is True


def test_a_filter_applies_as_soon_as_it_is_changed(visit: Visits) -> None:
    choice = "<select name='of' aria-label='of'><option>all<option>mine</select>"
    page = opened(visit(), f"<form data-submits>{choice}<button>go</button></form>")
    page.get_by_label("of").select_option("mine")
    page.wait_for_url("**/try/page?of=mine")


def test_the_first_tab_leads_to_the_link_to_the_content(visit: Visits) -> None:
    for path in ("/desk", "/administration", "/administration/people"):
        page = visit("en", "phone", account="administrator" if "adm" in path else "caseworker")
        page.goto(path)
        page.keyboard.press("Tab")
        expect(page.locator(".skip"), path).to_be_focused()


def test_of_ways_that_do_not_fit_the_present_one_is_in_sight(visit: Visits) -> None:
    page = visit("fa", "phone", account="administrator")
    page.goto("/administration/webhooks")
    expect(page.locator(".ways [aria-current]")).to_be_in_viewport(ratio=0.9)
