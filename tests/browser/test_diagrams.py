"""The bundles for diagrams, under a policy as strict as that of our pages."""

import json
from html import escape

import pytest
from lxml import etree
from playwright.sync_api import Locator, Page, expect

from engine.bpmn import placed
from engine.platform.config import ROOT
from tests.browser.visits import Check, Visits, Width, serve
from web.assets import asset

FILE = ROOT / "processes" / "guild" / "food-shop-licence" / "process.bpmn"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
STYLE = ".place { height: 25rem } .panel { width: 20rem }"
MODELER = """
<form id="save" action="/try/page" method="post"><input name="xml" type="hidden">
<input name="revision" type="hidden" value="1"><button>Save</button></form>
<p id="told" data-unsaved="Not saved" data-saved="Saved" data-saving="Saving" data-lost="Lost"></p>
<div id="trouble"></div>
<div class="place" data-modeler="/try/file" data-form="save" data-panel="panel" data-told="told"
     data-trouble="trouble" data-choices="/try/choices" data-look="/try/look"
     data-texts='{"Create task": "کار تازه"}'></div>
<div class="panel" id="panel"></div>
"""
# What the form would send, once its button is pressed; the sending itself is refused.
KEPT = """async () => {
    const form = document.getElementById("save");
    const sent = new Promise((resolve) => { window.fetch = async (_, { body }) => {
        resolve(body.get("xml"));
        throw new Error("refused by the test");
    }; });
    form.requestSubmit();
    return sent;
}"""


def viewer(**data: object) -> str:
    """A place for a diagram."""
    given = " ".join(f'data-{name}="{escape(json.dumps(value))}"' for name, value in data.items())
    return f'<div class="place" data-diagram="/try/file" data-failed="It cannot be shown." {given}></div>'


def opened(page: Page, bundle: str, body: str, file: bytes = FILE.read_bytes()) -> Page:
    """A page with this bundle and body, where the diagram is that file."""
    links = "".join(f'<link rel="stylesheet" href="{url}">' for url in ("/try/style", asset(f"{bundle}.css")))
    script = f'<script type="module" src="{asset(f"{bundle}.js")}"></script>'
    head = f'<!doctype html><html lang="en" dir="rtl"><title>A</title>{links}{script}'
    html = f"{head}<main><h1>A</h1>{body}</main>"
    files: dict[str, tuple[str, str | bytes]] = {
        "page": ("text/html", html),
        "style": ("text/css", STYLE),
        "file": ("application/xml", file),
        "choices": ("application/json", "{}"),
        "look": ("application/json", '{"names": {}, "findings": [], "complete": true}'),
    }
    serve(page, POLICY, files)
    page.goto("/try/page")
    return page


def drawn(page: Page, element: str) -> Locator:
    """An element of the diagram."""
    return page.locator(f'.djs-element[data-element-id="{element}"]')


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_diagram_is_shown_with_marks_and_with_that_of_bpmn_io(
    visit: Visits, check: Check, width: Width
) -> None:
    body = viewer(marks={"decide": "token late", "gone": "token"}, badges={"decide": "۳"})
    page = opened(visit("fa", width), "viewer", body)
    expect(drawn(page, "decide")).to_be_visible()
    expect(drawn(page, "decide")).to_contain_class("token late")
    expect(page.locator(".djs-overlays .badge")).to_have_text("۳")
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    expect(page.locator(".place")).to_have_attribute("dir", "ltr")
    check(page)


def test_a_link_leads_to_its_element(visit: Visits) -> None:
    links = '<a href="#lost" data-element="decide">1</a><a href="#lost" data-element="inspect_premises">2</a>'
    page = opened(visit(), "viewer", links + '<a href="#lost" data-element="gone">3</a>' + viewer())
    expect(page.locator("[data-shown]")).to_be_visible()
    page.get_by_role("link", name="1").click()
    expect(drawn(page, "decide")).to_contain_class("pointed selected")
    page.get_by_role("link", name="2").click()
    expect(drawn(page, "inspect_premises")).to_contain_class("pointed selected")
    expect(drawn(page, "decide")).not_to_contain_class("pointed")
    assert not page.url.endswith("#lost")
    page.get_by_role("link", name="3").click()
    assert page.url.endswith("#lost"), "a link to what no diagram has is a link"


def test_a_diagram_that_cannot_be_shown_says_so(visit: Visits, check: Check) -> None:
    page = opened(visit(), "viewer", viewer(), b"nothing")
    expect(page.get_by_role("alert")).to_have_text("It cannot be shown.")
    check(page)


def test_the_modeler_draws_and_gives_the_form_what_was_drawn(visit: Visits, check: Check) -> None:
    page = opened(visit("fa"), "modeler", MODELER)
    drawn(page, "decide").click()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    expect(page.get_by_role("button", name="کار تازه")).to_be_visible()
    name = page.locator("#panel input[name=name-fa]")
    expect(name.or_(page.locator("#panel [data-section=general] button")).first).to_be_visible()
    if not name.is_visible():
        page.locator("#panel [data-section=general] button").first.click()
    name.fill("تصمیم تازه")
    expect(page.locator(".place")).to_have_attribute("data-changed", "")
    check(page)
    expect(page.locator("#told")).to_have_text("Not saved")
    xml = page.evaluate(KEPT)
    expect(page.locator("#told")).to_have_text("Lost")
    assert 'name="تصمیم تازه | ' in xml
    kept = FILE.read_text(encoding="utf-8").count("parvandeh:")
    assert xml.count("parvandeh:") == kept, "what is ours survives the modeler"


def test_the_palette_covers_nothing_of_a_diagram_that_is_opened(visit: Visits) -> None:
    page = opened(visit(), "modeler", MODELER)
    expect(page.locator("[data-shown]")).to_be_visible()
    palette, canvas = (page.locator(name).bounding_box() for name in (".djs-palette", ".place"))
    assert palette
    assert canvas
    boxes = [one.bounding_box() for one in page.locator(".djs-shape").all()]
    assert min(box["x"] for box in boxes if box) >= palette["x"] + palette["width"]
    assert max(box["x"] + box["width"] for box in boxes if box) <= canvas["x"] + canvas["width"]


def test_on_a_phone_the_palette_opens_by_its_toggle(visit: Visits, check: Check) -> None:
    page = opened(visit("fa", "phone"), "modeler", MODELER)
    tool = page.locator(".djs-palette .entry").first
    expect(page.locator("[data-shown]")).to_be_visible()
    expect(tool).to_be_hidden()
    check(page)
    page.locator(".djs-palette-toggle").click()
    expect(tool).to_be_visible()
    page.locator(".djs-palette-toggle").press("Enter")
    expect(tool).to_be_hidden()


def bare() -> bytes:
    """The file without its drawing, laid out again."""
    root = etree.fromstring(FILE.read_bytes())
    for diagram in root.findall("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"):
        root.remove(diagram)
    return placed("process.bpmn", etree.tostring(root))


def test_a_step_stays_in_its_lane_where_lanes_are_not_drawn(visit: Visits) -> None:
    page = opened(visit(), "modeler", MODELER, bare())
    drawn(page, "decide").click()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#told")).to_have_text("Not saved")
    assert page.evaluate(KEPT).count("flowNodeRef>decide</") == 1


# A tall picture next to one that is hardly taller than its frame.
PAIR = """
<div data-together><div class="diagram"><div class="tall"></div></div>
<div class="diagram"><div class="low"></div></div></div>
"""
PAIR_STYLE = ".diagram { height: 200px; overflow: auto } .tall { height: 1200px } .low { height: 215px }"
# Scrolls the first to a place; returns the positions of both after that event.
SCROLLED = """async (place) => {
    const [first, second] = document.querySelectorAll(".diagram");
    first.scrollTop = place;
    for (const _ of Array(4)) await new Promise(requestAnimationFrame);
    return [first.scrollTop, Math.round(second.scrollTop)];
}"""


def test_pictures_that_are_moved_together_do_not_move_each_other_back(visit: Visits) -> None:
    page = visit()
    script = f'<script type="module" src="{asset("designer.js")}"></script>'
    html = f'<!doctype html><title>A</title><link rel="stylesheet" href="/try/style">{script}{PAIR}'
    serve(page, POLICY, {"page": ("text/html", html), "style": ("text/css", PAIR_STYLE)})
    page.goto("/try/page")
    assert [page.evaluate(SCROLLED, place) for place in (40, 160, 1000)] == [[40, 1], [160, 2], [1000, 15]]


def test_a_simulation_runs_to_the_end(visit: Visits) -> None:
    small = ROOT / "processes" / "civil-registry" / "verify-identity" / "process.bpmn"
    page = opened(visit(), "modeler", MODELER, small.read_bytes())
    page.locator(".bts-toggle-mode").click()
    page.get_by_title("Trigger Event").locator("visible=true").first.click()
    expect(page.locator(".bts-notifications")).to_contain_text("Process finished")


def test_several_elements_are_aligned(visit: Visits) -> None:
    page = opened(visit(), "modeler", MODELER)
    drawn(page, "decide").click()
    drawn(page, "inspect_premises").click(modifiers=["Shift"])
    page.locator('.djs-context-pad [data-action="align-elements"]').click()
    expect(page.locator(".djs-popup [data-id='align-elements-left'] svg")).to_be_visible()
