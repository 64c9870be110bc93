"""A real installation, a real browser, and what tests of pages ask of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo.installation import Installation, opened
from engine.platform.config import Settings
from tests.browser import visits
from tests.browser.visits import Visits


# All of the package: its tests run in one process (tests/distribution.py), and installation and browser end
# with the last of them: no idle process slows down the tests that follow.
@pytest.fixture(scope="package")
def settings(quick: Path) -> Settings:
    """Of an installation that nobody has used yet."""
    return Settings.read({"PARVANDEH_VAR": str(quick / "installation")})


@pytest.fixture(scope="package")
def installation(settings: Settings) -> Iterator[Installation]:
    """`python -m engine run`: address and tokens of the demo accounts, whose work all tests share."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WEB_WORKERS", "2")  # one onlooker, and the other requests of its page
        environment.setenv("WORKERS", "1")
        environment.setenv("DEMO_CASES", "no")  # tests make their own, and count them
        with opened(settings) as started:
            yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright, visits.launch(playwright) as launched:
        yield launched


@pytest.fixture
def visit(browser: Browser, installation: Installation, settings: Settings) -> Iterator[Visits]:
    """`visit("en", "phone", account="caseworker")`: a page. Fails the test if a page misbehaves."""
    with visits.visits(browser, installation.url, visits.passwords(settings)) as opened:
        yield opened


@pytest.fixture
def check(visit: Visits) -> Callable[[Page], None]:
    """`check(page)`: everybody can use it, at this width."""

    def checked(page: Page) -> None:
        found = visits.findings(visit.of(page))
        assert not found, f"{page.url}\n" + "\n".join(found)

    return checked


@pytest.fixture
def shot(visit: Visits) -> Callable[[Page, str], None]:
    """`shot(page, "inbox")`: the whole page as a picture in `var/screenshots`, if that folder exists.

    The pictures are for people; no test compares them.
    """

    def take(page: Page, name: str) -> None:
        if visits.SCREENSHOTS.is_dir():
            of = visit.of(page)
            path = visits.SCREENSHOTS / f"{name}-{of.language}-{of.width}.png"
            page.screenshot(path=path, full_page=True)

    return take


@pytest.fixture
def weight(visit: Visits) -> Callable[[Page], int]:
    """`weight(page)`: how many bytes everything has that it has loaded until now."""
    return lambda page: visit.of(page).weight()
