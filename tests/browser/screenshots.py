"""Makes the pictures of pages that the documents show: `make screenshots`."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from demo.installation import Installation, opened
from engine.platform.config import ROOT, Settings
from tests import waiting
from tests.browser import visits
from tests.browser.visits import Language, Width

FOLDER = ROOT / "docs" / "screenshots"

NATIONAL_ID = "0000004091"  # of whom the mock hub knows another address, so that people have to look
STREETS = ("آزادی", "انقلاب", "ولی‌عصر", "شریعتی", "کارگر", "بهشتی", "مطهری")

# By the name of the picture: the page, as whom, in which language and at which width. `{case}` is a case.
PICTURES: Mapping[str, tuple[str, str | None, Language, Width]] = {
    "inbox": ("/desk?view=team", "caseworker", "fa", "desktop"),
    "case": ("/desk/cases/{case}", "caseworker", "en", "desktop"),
    "applicant": ("/my/cases/{case}", "applicant", "fa", "phone"),
}

# A process with a mistake that the check finds: a due date without its closing quotation mark.
PROCESS = ROOT / "processes" / "civil-registry" / "address-change"
RIGHT, WRONG = b"'P5D'", b"'P5D"


def main() -> None:
    """Start an installation, let some people apply, visit each page and take its picture."""
    FOLDER.mkdir(exist_ok=True)
    os.environ["DEMO_CASES"] = "no"  # the pictures show the cases made here
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings.read({"PARVANDEH_VAR": str(var)})
        installation = stack.enter_context(opened(settings))
        case, *_ = [_applied(installation, street) for street in STREETS]
        _await(installation, len(STREETS))
        browser = stack.enter_context(visits.launch(stack.enter_context(sync_playwright())))
        visit = stack.enter_context(visits.visits(browser, installation.url, visits.passwords(settings)))
        for name, (path, account, language, width) in PICTURES.items():
            page = visit(language, width, account=account)
            page.goto(path.format(case=case))
            page.screenshot(path=FOLDER / f"{name}.png")
        _designer(visit("en", "desktop", account="designer"), var)


def _designer(page: Page, folder: Path) -> None:
    """Two pictures of one draft: a finding of its check at its element, and the diagram in the modeler."""
    page.goto("/designer/drafts/new")
    page.locator("#upload-unit").select_option("root")
    page.locator("#files").set_input_files(_faulty(folder))
    page.locator("form[data-drop] button").first.click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)
    expect(page.locator("[data-diagram][data-shown]")).to_be_visible()
    page.locator(".finding.is-error [data-element]").first.click()
    page.screenshot(path=FOLDER / "finding.png")
    page.goto(f"{page.url.partition('#')[0]}/draw?file=process.bpmn")
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    page.locator("g.djs-element[data-element-id=resolve_mismatch] .djs-hit").first.click()
    page.screenshot(path=FOLDER / "designer.png")


def _faulty(folder: Path) -> list[Path]:
    """The files of the process, with the mistake."""
    copies = []
    for path in (PROCESS / "process.bpmn", *sorted((PROCESS / "forms").iterdir())):
        copy = folder / path.name
        copy.write_bytes(path.read_bytes().replace(RIGHT, WRONG))
        copies.append(copy)
    return copies


def _applied(installation: Installation, street: str) -> str:
    """Somebody asks to have their address changed; the case's id."""
    data = {
        "national_id": NATIONAL_ID,
        "new_address": f"تهران، خیابان {street}، پلاک ۱۲",
        "postal_code": "1345678901",
    }
    asked = {"definition": "address-change", "applicant": NATIONAL_ID, "confirm_duplicate": True}
    body = {**asked, "data": data}
    return str(installation.expect(201, "portal", "POST", "/cases", body)["id"])


def _await(installation: Installation, many: int) -> None:
    """Return as soon as so many tasks wait for the clerk."""
    waiting.until(lambda: len(installation.look("caseworker", "/tasks")["items"]) >= many)


if __name__ == "__main__":
    main()
