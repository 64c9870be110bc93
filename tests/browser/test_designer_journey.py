"""From an upload with errors to a published version: a designer draws, another person publishes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.cli.demo import installation as demo
from engine.config import Settings
from tests.browser.visits import Language, Visits, Width
from web.designer import patterns
from web.texts import TEXTS

Check = Callable[[Page], None]
Shot = Callable[[Page, str], Path]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of an installation in which another person than the author publishes."""
    return Settings.read(
        {"PARVANDEH_VAR": str(tmp_path_factory.mktemp("four-eyes")), "PUBLISHING": "four-eyes"}
    )


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[demo.Installation]:
    """The same, running."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PUBLISHING", "four-eyes")
        with demo.opened(settings) as started:
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
    made["process.bpmn"] = made["process.bpmn"].replace(b"'P10D'", b"'ten days'")
    made["fee.dmn"] = b"<definitions/>"
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in made]


def checked(page: Page) -> None:
    """The check has been followed to its end."""
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "desktop")])
def test_a_faulty_upload_becomes_a_published_version(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path, language: Language, width: Width
) -> None:
    say, key = Words(language), f"permit-{language}"
    page = visit(language, width, account="designer")
    page.goto("/designer/sketches/new")
    check(page)
    shot(page, "designer-new")
    page.locator("#files").set_input_files(files(tmp_path, key))
    page.get_by_role("button", name=say("upload.send")).click()
    page.wait_for_url("**/designer/sketches/*-*-*")
    checked(page)
    expect(page.locator("[data-diagram][data-shown]")).to_be_visible()
    finding = page.locator(".finding.error")
    expect(finding).to_have_count(1)
    expect(page.get_by_role("button", name=say("deploy.draft"))).to_be_disabled()
    check(page)
    shot(page, "designer-report")

    finding.locator("[data-element=review]").click()  # it leads to the element, and back
    expect(page.locator("g.djs-element.pointed[data-element-id=review]")).to_be_visible()
    page.locator("g[data-element-id=review] rect").first.click(force=True)
    expect(page.locator(".finding.pointed")).to_have_count(1)

    page.get_by_role("link", name=say("draw.open"), exact=True).first.click()
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    page.locator("g.djs-element[data-element-id=review]").click()
    page.locator('[data-group-id="group-parvandeh"] .bio-properties-panel-group-header').click()
    page.locator('input[name="parvandeh-due"]').fill("'P10D'")
    expect(page.locator("#saved")).to_have_text(say("draw.unsaved"))
    check(page)
    shot(page, "designer-draw")
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_have_text(say("draw.saved"))
    page.get_by_role("link", name=say("draw.done")).click()

    expect(page.get_by_text(say("check.stale-text"))).to_be_visible()
    page.get_by_role("button", name=say("check.ask"), exact=True).click()
    checked(page)
    expect(page.get_by_text(say("check.green-text"))).to_be_visible()
    check(page)
    page.get_by_role("button", name=say("deploy.draft")).click()
    page.wait_for_url(f"**/designer/{key}")
    expect(page.get_by_text(say("own-draft"))).to_be_visible()
    expect(page.get_by_role("button", name=say("publish"), exact=True)).to_have_count(0)
    check(page)
    shot(page, "designer-own-draft")

    second = visit(language, width, account="second-designer")
    second.goto("/designer")
    expect(second.get_by_text(say("waits.here")).first).to_be_visible()
    check(second)
    shot(second, "designer-list")
    second.locator(f'a[href="/designer/{key}"]').click()
    second.get_by_role("button", name=say("publish"), exact=True).click()
    expect(second.get_by_text(say("notice.published"))).to_be_visible()
    check(second)


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "phone")])
def test_a_phone_does_for_what_is_not_drawn(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    say, key = Words(language), f"phone-{language}"
    page = visit(language, width, account="designer")
    page.goto("/designer/sketches/new")
    check(page)
    page.locator("#begin-name").fill(f"تلفنی | By phone {language}")
    page.locator("#key").fill(key)
    page.get_by_role("button", name=say("begin.send"), exact=True).click()
    page.wait_for_url("**/designer/sketches/*-*-*")
    checked(page)
    expect(page.get_by_text(say("check.green-text"))).to_be_visible()
    check(page)
    shot(page, "designer-sketch")
    sketch = page.url
    page.goto(f"{sketch}/write?file=decision.json")
    check(page)
    page.goto(f"{sketch}/draw?file=process.bpmn")
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    check(page)
    page.goto(sketch)
    page.get_by_role("button", name=say("deploy.draft")).click()
    page.wait_for_url(f"**/designer/{key}")
    check(page)
    page.goto(f"/designer/{key}/1")
    expect(page.locator("[data-diagram][data-shown]")).to_be_visible()
    check(page)
    shot(page, "designer-version")
    for path in ("/designer", "/designer/sketches"):
        page.goto(path)
        check(page)


def test_two_who_draw_at_once_lose_nothing(visit: Visits, check: Check, shot: Shot) -> None:
    say = Words("en")
    page = visit("en", "desktop", account="designer")
    page.goto("/designer/sketches/new")
    page.locator("#begin-name").fill("Drawn by two")
    page.locator("#key").fill("two")
    page.get_by_role("button", name=say("begin.send"), exact=True).click()
    page.wait_for_url("**/designer/sketches/*-*-*")
    sketch = page.url
    other = visit("en", "desktop", account="second-designer")
    for one in (page, other):
        one.goto(f"{sketch}/draw?file=process.bpmn")
        expect(one.locator("[data-modeler][data-shown]")).to_be_visible()
        one.locator("g.djs-element[data-element-id=review]").click()
        one.locator('[data-group-id="group-general"] .bio-properties-panel-group-header').click()
    name = '[name="name"]'
    other.locator(f"#properties {name}").fill("Theirs")
    other.get_by_role("button", name=say("draw.save")).click()
    expect(other.locator("#saved")).to_have_text(say("draw.saved"))
    page.locator(f"#properties {name}").fill("Mine")
    page.get_by_role("button", name=say("draw.save")).click()
    expect(page.get_by_role("alert")).to_contain_text("second-designer")
    check(page)
    shot(page, "designer-conflict")
    with page.expect_download() as download:
        page.get_by_role("button", name=say("draw.mine")).click()
    assert "Mine" in Path(download.value.path()).read_text()
    page.get_by_role("button", name=say("draw.overwrite")).click()
    expect(page.locator("#saved")).to_have_text(say("draw.saved"))
    expect(page.get_by_role("alert")).to_have_count(0)
    shown = page.context.request.get(f"{sketch}/file?name=process.bpmn").text()
    assert "Mine" in shown
    assert "Theirs" not in shown


def test_versions_are_compared_without_a_script(visit: Visits, check: Check, shot: Shot) -> None:
    say = Words("fa")
    page = visit("fa", "desktop", account="designer")
    for pattern in ("bare", "review"):
        page.goto("/designer/sketches/new")
        page.locator(f'input[value="{pattern}"]').check()
        page.locator("#begin-name").fill("سنجیدنی | Compared")
        page.locator("#key").fill("compared")
        page.get_by_role("button", name=say("begin.send"), exact=True).click()
        page.wait_for_url("**/designer/sketches/*-*-*")
        checked(page)
        page.get_by_role("button", name=say("deploy.draft")).click()
        page.wait_for_url("**/designer/compared")
    plain = visit("fa", "desktop", javascript=False, account="designer")
    plain.goto("/designer/compared/compare")
    expect(plain.locator(".changes li").first).to_be_visible()
    check(plain)
    shot(plain, "designer-compare")
