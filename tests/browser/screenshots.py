"""Makes the pictures of pages that the documents show: `make screenshots`."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

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
}


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


def _applied(installation: Installation, street: str) -> str:
    """Somebody asks to have their address changed; the case's id."""
    data = {
        "national_id": NATIONAL_ID,
        "new_address": f"تهران، خیابان {street}، پلاک ۱۲",
        "postal_code": "1345678901",
    }
    body = {"definition": "address-change", "applicant": NATIONAL_ID, "data": data}
    return str(installation.expect(201, "portal", "POST", "/cases", body)["id"])


def _await(installation: Installation, many: int) -> None:
    """Return as soon as so many tasks wait for the clerk."""
    waiting.until(lambda: len(installation.look("caseworker", "/tasks")["items"]) >= many)


if __name__ == "__main__":
    main()
