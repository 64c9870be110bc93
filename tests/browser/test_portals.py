"""Portals with the clients: from application to decision at a running installation, also in a browser."""

import re
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from parvandeh_client import Client, models
from playwright.sync_api import Page, expect

from demo import pdf
from demo.accounts import APPLICANT
from demo.installation import Installation
from engine.identity import accounts
from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database
from tests import portals
from tests.browser.visits import Check, Visits
from tests.waiting import until

ADDRESS = {
    "national_id": APPLICANT,
    "new_address": "تهران، خیابان آزادی، پلاک ۱۲",
    "postal_code": "1345678901",
}
GROUND: Any = {"code": "address_not_found", "text": "چنین نشانی‌ای در این کد پستی ثبت نشده است."}
REFUSED: Any = {"decision": "refused", "ground": GROUND}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python client, as it is installed."""
    return portals.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript portal and the tests of that client, compiled with its package."""
    return portals.typescript(tmp_path_factory.mktemp("typescript"))


@pytest.fixture(scope="module")
def portal(installation: Installation, settings: Settings) -> Installation:
    """The installation, with a token for portals that has the scopes of the page for portal teams."""
    page = (ROOT / "docs" / "portal.md").read_text(encoding="utf-8")
    limits = accounts.Limits(re.findall(r"--scope ([\w.]+)", page), None)
    with postgres.available(settings) as url:
        database = Database(url, zone=settings.time_zone)
        token = database.run(
            lambda session, now: accounts.create_token(
                session, now, name="portal", role="portal", limits=limits
            )
        )
        database.dispose()
    return replace(installation, tokens={**installation.tokens, "portal": token})


@pytest.fixture
def office(installation: Installation) -> Client:
    """The client of a caseworker of the civil registry."""
    return Client(installation.url, installation.tokens["caseworker"])


def open_task(client: Client, case: str, kind: str) -> models.TaskBody:
    """Wait until a case has an open task of this kind."""
    found: list[models.ListedTask] = []

    def look() -> bool:
        found[:] = [one for one in client.tasks.list_all(case=case, status="open") if one["kind"] == kind]
        return bool(found)

    until(look)
    return client.tasks.show(found[0]["id"])


def test_page_for_portal_teams_leads_from_token_to_decision(
    portal: Installation, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its Python blocks run in this order, as one program."""
    page = (ROOT / "docs" / "portal.md").read_text(encoding="utf-8")
    login = tomllib.loads((settings.var / "oidc.toml").read_text(encoding="utf-8"))["demo"]["issuer"]
    names: dict[str, Any] = {
        **{"URL": portal.url, "PORTAL_TOKEN": portal.tokens["portal"], "PDF": pdf.page("Lease")},
        **{"CASEWORKER_TOKEN": portal.tokens["caseworker"], "time": time},
        "HUB": login.removesuffix("/login"),
    }
    for block in re.finditer(r"```python\n(.*?)```", page, re.DOTALL):
        lines = "\n" * page[: block.start(1)].count("\n")  # so that errors name those of the page
        exec(compile(lines + block[1], "docs/portal.md", "exec"), names)
    assert (names["decision"]["outcome"], names["decision"]["effect"]) == ("refused", "refuses")
    assert "Decisions of this service can't be appealed here." in capsys.readouterr().out


def test_case_from_application_to_decision_in_typescript(portal: Installation, compiled: Path) -> None:
    portals.run(compiled / "journey.js", portal)


def test_layer_of_the_typescript_client(compiled: Path) -> None:
    portals.run(compiled / "layer.test.js")


def test_portal_in_python(
    visit: Visits, check: Check, portal: Installation, office: Client, wheel: Path
) -> None:
    with portals.python_portal(wheel, portal) as url:
        apply_and_read_decision(visit("fa", "phone", javascript=False), url, office, check)
        receive(url)


def test_portal_in_typescript(
    visit: Visits, check: Check, portal: Installation, office: Client, compiled: Path
) -> None:
    with portals.typescript_portal(compiled, portal) as url:
        apply_and_read_decision(visit("fa", "desktop", javascript=False), url, office, check)
        receive(url)


def apply(page: Page, url: str, office: Client, check: Check) -> None:
    """Fill in the form, and confirm that a further case is meant: the person has an open one."""
    first = office.cases.start({"definition": "address-change", "applicant": APPLICANT, "data": ADDRESS})
    page.goto(url)
    for name, value in {**ADDRESS, "postal_code": "1"}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("button").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("form .wrong")).to_have_count(1)
    check(page)
    page.locator("#postal_code").fill(ADDRESS["postal_code"])
    page.locator("button").click()
    expect(page.locator("form .wrong")).to_have_count(0)
    expect(page.locator("#new_address")).to_have_value(ADDRESS["new_address"])
    check(page)
    page.locator("button", has_text="درخواست دیگر").click()
    office.tasks.complete(open_task(office, first["id"], "step")["id"], {"data": REFUSED})
    expect(page.locator("#number")).to_have_text(re.compile(r"\d{4}-\d{6}"))
    expect(page.locator("#status")).not_to_be_empty()


def apply_and_read_decision(page: Page, url: str, office: Client, check: Check) -> None:
    """Apply, correct what the office marks, and read its decision."""
    apply(page, url, office, check)
    case = page.url.rpartition("/")[2]
    decide = open_task(office, case, "step")
    office.desk.send_back(
        decide["id"], {"fields": [{"pointer": "/postal_code", "text": "با نشانی نمی‌خواند"}]}
    )
    page.reload()
    expect(page.locator("form .wrong")).to_have_text("با نشانی نمی‌خواند")
    expect(page.locator("#postal_code")).to_have_value(ADDRESS["postal_code"])
    check(page)
    page.locator("#postal_code").fill("1345678902")
    page.locator("button").click()
    expect(page.locator("form")).to_have_count(0)
    office.tasks.complete(decide["id"], {"data": REFUSED})
    page.reload()
    expect(page.locator("#decision")).to_have_text("رد شد")
    expect(page.locator("main")).to_contain_text(GROUND["text"])
    check(page)
    page.context.clear_cookies()
    assert httpx.get(page.url, trust_env=False).status_code == httpx.codes.NOT_FOUND


def receive(url: str) -> None:
    """Send webhooks to the portal: it accepts those of the installation alone."""
    with httpx.Client(trust_env=False) as sender:
        for secret, status in ((portals.SECRET, 204), ("whsec_b3RoZXI=", 401)):
            headers = portals.signed(secret)
            assert sender.post(f"{url}/hook", content=portals.EVENT, headers=headers).status_code == status
