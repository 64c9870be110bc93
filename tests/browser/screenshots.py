"""Makes the pictures of pages that the documents show: `make screenshots`."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from engine.cli.demo import installation as demo
from engine.config import ROOT, Settings
from tests.browser import visits
from tests.browser.visits import Language, Width

FOLDER = ROOT / "docs" / "screenshots"

# By the name of the picture: the page, as whom, in which language and at which width.
PICTURES: Mapping[str, tuple[str, str | None, Language, Width]] = {
    "login": ("/login", None, "fa", "desktop"),
}


def main() -> None:
    """Start an installation, visit each page and take its picture."""
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings.read({"PARVANDEH_VAR": str(var)})
        url = stack.enter_context(demo.opened(settings)).url
        browser = stack.enter_context(visits.launch(stack.enter_context(sync_playwright())))
        visit = stack.enter_context(visits.visits(browser, url, visits.passwords(settings)))
        for name, (path, account, language, width) in PICTURES.items():
            page = visit(language, width, account=account)
            page.goto(path)
            page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
