"""Visits of people: a real browser at a running installation, and what is demanded of every page."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Response, Route

from demo import accounts
from engine.platform.config import ROOT, Settings

CHROMIUM = Path("/usr/bin/chromium")
# Playwright's own list, which ours replaces, and the page behind the address bar's suggestions: each window
# loads it, in a process of its own, for longer than it takes to show most of our pages.
WITHOUT = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    f"--disable-features={','.join(WITHOUT)}",
]
SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
LOCALES = {"fa": "fa-IR", "en": "en-GB"}
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "var" / "screenshots"
GRAVE = {"serious", "critical"}
LOADED = {"stylesheet", "script", "font", "image"}
# Of a refused form browsers say this, too, which is no fault of the page.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy ${event.violatedDirective} blocks ${event.blockedURI} ${event.sample}`))"""

Width = Literal["phone", "desktop"]
Language = Literal["fa", "en"]
Check = Callable[[Page], None]  # the fixtures of these names
Shot = Callable[[Page, str], None]


def launch(playwright: Playwright) -> Browser:
    """The machine's Chromium."""
    assert CHROMIUM.exists(), (
        f"The tests of pages need Chromium at {CHROMIUM}. On Debian and Ubuntu: apt install chromium"
    )
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def passwords(settings: Settings) -> Mapping[str, str]:
    """Those of the demo accounts that have one."""
    return {known.name: known.password for known in accounts.read(settings) if known.password}


@dataclass
class Visit:
    """Somebody's browser with one page, and what went wrong there."""

    page: Page
    language: Language
    width: Width
    javascript: bool
    faults: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    _double: Page | None = None

    def watch(self) -> None:
        """Take down whatever no page may do."""
        # Every page of the context, also those that open by themselves.
        self.page.context.on("console", lambda said: self._said(said.type, said.text))
        self.page.context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        self.page.context.on("response", self._answered)

    def weight(self) -> int:
        """The bytes of all that has been loaded."""
        return sum(answer.request.sizes()["responseBodySize"] for answer in self.answers)

    def double(self) -> Page:
        """A page in which JavaScript runs, of the same person and width."""
        here = self.page.context
        assert here.browser
        if self._double is None:
            self._double = here.browser.new_context(viewport=self.page.viewport_size).new_page()
        cookies: list[Any] = [*here.cookies()]
        self._double.context.add_cookies(cookies)
        return self._double

    def end(self) -> None:
        """Close what it has opened besides its own context."""
        if self._double is not None:
            self._double.context.close()

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and not REFUSED.match(text):
            self.faults.append(f"console: {text}")

    def _answered(self, response: Response) -> None:
        self.answers.append(response)
        lost = response.status >= 400 and response.request.resource_type in LOADED
        if response.status >= 500 or lost:
            self.faults.append(f"{response.status}: {response.url}")


class Visits:
    """Opens browsers at an installation."""

    def __init__(self, browser: Browser, url: str, passwords: Mapping[str, str]) -> None:
        self._browser = browser
        self._url = url
        self._passwords = passwords
        self._stack = ExitStack()
        self._open: dict[Page, Visit] = {}

    def __call__(
        self,
        language: Language = "fa",
        width: Width = "desktop",
        *,
        javascript: bool = True,
        account: str | None = None,
    ) -> Page:
        """A page in a browser of its own, logged in as a demo account if one is named."""
        across, down = SIZES[width]
        context = self._stack.enter_context(
            self._browser.new_context(
                base_url=self._url,
                locale=LOCALES[language],
                viewport={"width": across, "height": down},
                java_script_enabled=javascript,
                reduced_motion="reduce",
            )
        )
        context.set_default_timeout(10_000)
        context.add_init_script(TELL_VIOLATIONS)
        if account is not None:
            self._login(context, account)
        visit = Visit(context.new_page(), language, width, javascript)
        visit.watch()
        self._open[visit.page] = visit
        return visit.page

    def of(self, page: Page) -> Visit:
        """The visit to which a page belongs."""
        return next(visit for visit in self._open.values() if visit.page.context == page.context)

    def end(self) -> list[str]:
        """Close all; what went wrong there."""
        faults = [fault for visit in self._open.values() for fault in visit.faults]
        for visit in self._open.values():
            visit.end()
        self._open.clear()
        self._stack.close()
        return faults

    def _login(self, context: BrowserContext, account: str) -> None:
        """By the form, but without drawing it."""
        shown = context.request.get("/login").text()
        token = re.search(r'name="token" value="([0-9a-f]{64})"', shown)
        assert token, "the page for login has no form"
        form = {"token": token[1], "name": account, "password": self._passwords[account]}
        entered = context.request.post("/login", form=form, max_redirects=0)
        assert entered.status == 303, f"{account} could not log in: {entered.status}"


def serve(page: Page, policy: str, files: Mapping[str, tuple[str, str | bytes]]) -> None:
    """Let the site of a page have files of a test's own, under `/try/`: a type and a content each."""

    def answer(route: Route) -> None:
        kind, content = files[urlsplit(route.request.url).path.removeprefix("/try/")]
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": policy}
        route.fulfill(body=content, headers=headers)

    page.route("**/try/*", answer)


def deploy(page: Page, token: str, files: Mapping[str, bytes], **fields: str) -> None:
    """Have a process published by the token's owner, unless it is there already."""
    # Several files of one name, which the browser's own client cannot send.
    edge = "parvandeh-of-tests"
    head = f"--{edge}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    for name, content in files.items():
        parts.append(f'{head}"files"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n")
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Idempotency-Key": uuid4().hex,
    }
    body = b"".join([*parts, f"--{edge}--\r\n".encode()])
    answer = page.request.post("/api/v1/deployments", headers=headers, data=body)
    assert answer.status in (200, 201), answer.text()


@contextmanager
def visits(browser: Browser, url: str, passwords: Mapping[str, str]) -> Iterator[Visits]:
    """Visits of which every page behaves."""
    opened = Visits(browser, url, passwords)
    try:
        yield opened
    finally:
        faults = opened.end()
    assert not faults, "\n".join(faults)


def findings(visit: Visit) -> list[str]:
    """The serious findings of axe, and whether the page is too wide."""
    with _examined(visit) as page:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        # Only these leave the browser: what passes is much more.
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(all => all.violations)")
        told = [_told(rule) for rule in found if rule["impact"] in GRAVE]
        root = "document.documentElement"
        wide, shown = page.evaluate(f"[{root}.scrollWidth, {root}.clientWidth]")
        return told + [f"the page is {wide} wide in a window of {shown}"] * (wide > shown)


@contextmanager
def _examined(visit: Visit) -> Iterator[Page]:
    """The page itself; without JavaScript its double in a browser in which axe can run, and nothing else."""
    page = visit.page
    if visit.javascript:
        yield page
        return
    double = visit.double()
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "script-src 'none'"}
    content = page.content()
    double.route(page.url, lambda route: route.fulfill(body=content, headers=headers))
    double.goto(page.url)
    yield double
    double.unroute_all()


def _told(rule: dict[str, Any]) -> str:
    places = [f"    {' '.join(map(str, node['target']))}: {node['html'][:160]}" for node in rule["nodes"]]
    return "\n".join([f"{rule['impact']}: {rule['help']} ({rule['id']})", *places])
