"""From an upload with errors to a published version: a designer draws, another person publishes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.installation import Installation, opened
from engine.platform.config import Settings
from tests import factories
from tests.browser.visits import Check, Language, Shot, Visits
from tests.dmn_files import dmn, table
from web.designer import patterns
from web.texts import TEXTS

PERSIAN = re.compile("[آ-ی]")


@pytest.fixture(scope="module")
def settings(quick: Path) -> Settings:
    """Of an installation in which another person than the author publishes."""
    return Settings.read({"PARVANDEH_VAR": str(quick / "four-eyes"), "PUBLISHING": "four-eyes"})


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[Installation]:
    """The same, running."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PUBLISHING", "four-eyes")
        environment.setenv("WEB_WORKERS", "2")
        environment.setenv("WORKERS", "1")
        with opened(settings) as started:
            yield started


class Words:
    """What pages say in a language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __call__(self, key: str) -> str:
        told = TEXTS.texts[f"designer.{key}"][self._language]
        assert isinstance(told, str)
        return told


def files(folder: Path, key: str) -> list[str]:
    """Those of a process whose deadline nobody understands."""
    made = patterns.files("review", key, f"پروانه {key} | Permit {key}")
    made["process.bpmn"] = made["process.bpmn"].replace(b"'P10D'", b"'P10D")
    made["fee.dmn"] = dmn(table(drawn=False))
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in made]


def checked(page: Page) -> None:
    """The check has been followed to its end."""
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)


def drawn(page: Page) -> None:
    """The modeler shows the diagram."""
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()


def fill(page: Page, section: str, name: str, value: str) -> None:
    """In a property of the review, in the modeler's panel."""
    page.locator("g.djs-element[data-element-id=review]").click()
    opener = page.locator(f"#properties [data-section={section}] button[aria-expanded]")
    if opener.get_attribute("aria-expanded") == "false":
        opener.click()
    page.locator(f'#properties [name="{name}"]').fill(value)


def begun(page: Page, pattern: str, key: str, say: Words) -> str:
    """A process draft that begins with a pattern; its address."""
    page.goto("/designer/drafts/new")
    page.locator(f'input[value="{pattern}"]').check()
    page.locator("#begin-unit").select_option("root")
    page.locator("#begin-name").fill(f"فرایند {key} | Process {key}")
    page.locator("#key").fill(key)
    page.get_by_role("button", name=say("begin.send"), exact=True).click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    return page.url


def deployed(page: Page, key: str, say: Words) -> None:
    """The draft that is shown has become a version in review."""
    page.get_by_role("button", name=say("deploy.draft")).click()
    page.wait_for_url(f"**/designer/{key}")


def uploaded(page: Page, sent: list[str], say: Words) -> None:
    """The files have become a draft, and its check is done."""
    page.goto("/designer/drafts/new")
    page.locator("#upload-unit").select_option("root")
    page.locator("#files").set_input_files(sent)
    page.get_by_role("button", name=say("upload.send")).click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    checked(page)
    expect(page.locator("[data-diagram][data-shown]")).to_be_visible()


def finding_and_element_lead_to_each_other(page: Page) -> None:
    finding = page.locator(".finding.is-error")
    expect(finding).to_have_count(1)
    finding.locator("[data-element=review]").click()
    expect(page.locator("g.djs-element.pointed[data-element-id=review]")).to_be_visible()
    expect(page.locator(".finding.pointed")).to_have_count(0)
    page.locator("g.djs-element[data-element-id=review]").click()
    expect(page.locator(".finding.pointed")).to_have_count(1)


def mended(page: Page, say: Words) -> None:
    """The deadline is right, and saved by the keyboard."""
    page.get_by_role("link", name=say("draw.open"), exact=True).first.click()
    drawn(page)
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    fill(page, "time", "due", "'P10D'")
    expect(page.locator("#saved")).to_have_text(say("draw.unsaved"))
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_have_text(say("draw.saved"))


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_faulty_upload_becomes_a_published_version(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path, language: Language
) -> None:
    say, key = Words(language), f"permit-{language}"
    page = visit(language, "desktop", account="designer")
    uploaded(page, files(tmp_path, key), say)
    expect(page.get_by_role("button", name=say("deploy.draft"))).to_have_count(0)
    finding_and_element_lead_to_each_other(page)
    check(page)
    shot(page, "designer-report")
    mended(page, say)
    check(page)
    shot(page, "designer-draw")
    page.get_by_role("link", name=say("draw.done")).click()
    checked(page)
    expect(page.get_by_text(say("check.green-text"))).to_be_visible()
    check(page)
    deployed(page, key, say)
    expect(page.get_by_text(say("own-draft"))).to_be_visible()
    expect(page.get_by_role("button", name=say("publish"), exact=True)).to_have_count(0)
    check(page)
    shot(page, "designer-own-draft")
    second = visit(language, "desktop", account="second-designer")
    published_by(second, key, say)
    check(second)


def published_by(page: Page, key: str, say: Words) -> None:
    """Another person finds the draft at the head of the list, and publishes it."""
    page.goto("/designer")
    expect(page.get_by_text(say("waits.here")).first).to_be_visible()
    page.locator(f'a[href="/designer/{key}"]').click()
    page.get_by_role("button", name=say("publish"), exact=True).click()
    expect(page.get_by_text(say("notice.published"))).to_be_visible()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_phone_does_for_what_is_not_drawn(
    visit: Visits, check: Check, shot: Shot, language: Language
) -> None:
    say, key = Words(language), f"phone-{language}"
    page = visit(language, "phone", account="designer")
    draft = begun(page, "review", key, say)
    checked(page)
    expect(page.get_by_text(say("check.green-text"))).to_be_visible()
    check(page)
    shot(page, "designer-draft")
    deployed(page, key, say)
    for path in (
        f"/designer/{key}",
        f"/designer/{key}/1",
        "/designer",
        "/designer/drafts",
        "/designer/drafts/new",
        f"{draft}/write?file=decision.json",
        f"{draft}/draw?file=process.bpmn",
    ):
        page.goto(path)
        check(page)


def test_what_has_no_drawing_is_drawn_and_the_tools_speak_persian(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path
) -> None:
    say = Words("fa")
    (tmp_path / "bare.bpmn").write_bytes(factories.one_task("bare")["p.bpmn"])
    page = visit("fa", account="designer")
    uploaded(page, [str(tmp_path / "bare.bpmn")], say)
    page.get_by_role("link", name=say("draw.open"), exact=True).first.click()
    drawn(page)
    expect(page.get_by_text(say("draw.laid-out"))).to_be_visible()
    page.locator("g.djs-element[data-element-id=a]").click()
    panel = page.locator("#properties")
    expect(panel.locator(".bio-properties-panel-header-type")).to_have_text("کار کاربر")
    closed = panel.locator("button[aria-expanded=false]")
    while closed.count():
        closed.first.click()
    page.locator('.djs-context-pad [data-action="replace"]').click()
    expect(page.locator(".djs-popup .entry").first).to_be_visible()
    expect(page.locator(".djs-palette .entry").first).to_have_attribute("aria-label", PERSIAN)
    told = [
        *panel.locator("label, legend, button").all_inner_texts(),
        *page.locator(".djs-popup .entry").all_inner_texts(),
    ]
    assert [text for text in told if text.strip() and not PERSIAN.search(text)] == []
    check(page)
    shot(page, "designer-laid-out")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=say("draw.save"), exact=True).click()
    expect(page.locator("#saved")).to_have_text(say("draw.saved"))
    page.reload()
    drawn(page)
    expect(page.get_by_text(say("draw.laid-out"))).to_have_count(0)


def test_two_who_draw_at_once_lose_nothing(visit: Visits, check: Check, shot: Shot) -> None:
    say = Words("en")
    page, other = visit("en", account="designer"), visit("en", account="second-designer")
    draft = begun(page, "review", "two", say)
    for one in (page, other):
        one.goto(f"{draft}/draw?file=process.bpmn")
        drawn(one)
    fill(other, "general", "name-en", "Theirs")
    other.get_by_role("button", name=say("draw.save")).click()
    expect(other.locator("#saved")).to_have_text(say("draw.saved"))
    fill(page, "general", "name-en", "Mine")
    page.get_by_role("button", name=say("draw.save")).click()
    expect(page.get_by_role("alert")).to_contain_text("Taraneh Farzi")
    check(page)
    shot(page, "designer-conflict")
    with page.expect_download() as download:
        page.get_by_role("button", name=say("draw.mine")).click()
    assert "Mine" in Path(download.value.path()).read_text()
    page.get_by_role("button", name=say("draw.overwrite")).click()
    expect(page.locator("#saved")).to_have_text(say("draw.saved"))
    expect(page.get_by_role("alert")).to_have_count(0)
    kept = page.context.request.get(f"{draft}/file?name=process.bpmn").text()
    assert "Mine" in kept
    assert "Theirs" not in kept


def test_versions_are_compared_without_a_script(visit: Visits, check: Check, shot: Shot) -> None:
    say = Words("fa")
    page = visit("fa", account="designer")
    for pattern in ("bare", "review"):
        begun(page, pattern, "compared", say)
        checked(page)
        deployed(page, "compared", say)
    plain = visit("fa", javascript=False, account="designer")
    plain.goto("/designer/compared")
    plain.get_by_role("link", name=say("compare.title")).click()
    told = plain.locator("section[aria-labelledby=differences] li")
    expect(told.first).to_be_visible()
    card = plain.locator("section[aria-labelledby=differences]").bounding_box()
    last = told.last.bounding_box()
    assert card, "it has a place"
    assert last, "so has its last sentence"
    assert card["y"] < last["y"], "no sentence floats over something else"
    assert last["y"] + last["height"] <= card["y"] + card["height"]
    for frame in plain.locator(".diagram.fitted").all():
        wide, shown = frame.evaluate("(frame) => [frame.scrollWidth, frame.clientWidth]")
        assert wide <= shown, "the picture is whole"
    check(plain)
    shot(plain, "designer-compare")
