"""Portals with the clients: from application to decision at a running installation, also in a browser."""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from parvandeh_client import Client, Conflict, Forbidden, Invalid, NotFound, Stale, models
from playwright.sync_api import Page, expect

from demo.accounts import APPLICANT
from demo.installation import Installation
from tests import portals
from tests.browser.visits import Check, Shot, Visits
from tests.waiting import until

ADDRESS = {
    "national_id": APPLICANT,
    "new_address": "تهران، خیابان آزادی، پلاک ۱۲",
    "postal_code": "1345678901",
}
Portal = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python client, as it is installed."""
    return portals.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript portal and the tests of that client, compiled with its package."""
    return portals.typescript(tmp_path_factory.mktemp("typescript"))


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


def test_case_from_application_to_decision_in_python(installation: Installation, office: Client) -> None:
    portal = Client(installation.url, installation.tokens["portal"])
    citizen = portal.acting(on_behalf_of=APPLICANT, purpose="نشانی تازه", language="en")
    assert citizen.start_forms.read_form("address-change")["form"]
    start: models.StartCase = {"definition": "address-change", "applicant": APPLICANT, "data": ADDRESS}
    with pytest.raises(Invalid) as invalid:
        citizen.cases.start({**start, "data": {**ADDRESS, "postal_code": "1"}})
    faults = [(fault.pointer, fault.code) for fault in invalid.value.errors]
    assert faults == [("/data/postal_code", "format/postal-code")]
    started = citizen.cases.start(start, idempotency_key=f"python {os.getpid()}")
    assert citizen.cases.start(start, idempotency_key=f"python {os.getpid()}")["id"] == started["id"]

    decide = open_task(office, started["id"], "step")
    office.desk.send_back(decide["id"], {"fields": [{"pointer": "/postal_code", "text": "نادرست"}]})
    correction = open_task(citizen, started["id"], "correction")
    answer: models.CompleteTask = {"data": {"postal_code": "1345678902"}}
    with pytest.raises(Stale):
        citizen.tasks.complete(correction["id"], answer, if_match='"0"')
    citizen.tasks.complete(correction["id"], answer, if_match=correction)
    with pytest.raises(Forbidden):
        citizen.tasks.complete(decide["id"], {"data": {"decision": "accepted"}})
    office.tasks.complete(decide["id"], {"data": {"decision": "accepted"}})

    (decision,) = citizen.decisions.list(started["id"])["items"]
    assert (decision["outcome"], decision["effect"]) == ("accepted", "grants")
    with pytest.raises(Conflict):
        citizen.cases.withdraw(started["id"])
    with pytest.raises(NotFound):
        citizen.cases.show("00000000-0000-0000-0000-000000000000")
    assert b"<svg" in portal.pictures.draw_case(started["id"]).data
    assert "decision.made" in [event["kind"] for event in office.cases.list_events_all(started["id"])]


def test_case_from_application_to_decision_in_typescript(installation: Installation, compiled: Path) -> None:
    portals.run(compiled / "journey.js", installation)


def test_layer_of_the_typescript_client(compiled: Path) -> None:
    portals.run(compiled / "layer.test.js")


def test_portal_in_python(
    visit: Visits, check: Check, shot: Shot, installation: Installation, office: Client, wheel: Path
) -> None:
    with portals.python_portal(wheel, installation) as url:
        apply_and_read_decision(visit("fa", "phone", javascript=False), url, office, check)
        receive(url)


def test_portal_in_typescript(
    visit: Visits, check: Check, shot: Shot, installation: Installation, office: Client, compiled: Path
) -> None:
    with portals.typescript_portal(compiled, installation) as url:
        apply_and_read_decision(visit("fa", "desktop", javascript=False), url, office, check)
        receive(url)


def apply_and_read_decision(page: Page, url: str, office: Client, check: Check) -> None:
    """Fill in the form, correct what the office marks, and read its decision."""
    page.goto(url)
    for name, value in {**ADDRESS, "postal_code": "1"}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("button").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("form .wrong")).to_have_count(1)
    check(page)
    page.locator("#postal_code").fill(ADDRESS["postal_code"])
    page.locator("button").click()
    expect(page.locator("#number")).to_have_text(re.compile(r"\d{4}-\d{6}"))
    expect(page.locator("#status")).not_to_be_empty()
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
    ground = {"code": "address_not_found", "text": "چنین نشانی‌ای در این کد پستی ثبت نشده است."}
    office.tasks.complete(decide["id"], {"data": {"decision": "refused", "ground": ground}})
    page.reload()
    expect(page.locator("#decision")).to_have_text("رد شد")
    expect(page.locator("main")).to_contain_text(ground["text"])
    check(page)
    page.context.clear_cookies()
    assert httpx.get(page.url, trust_env=False).status_code == httpx.codes.NOT_FOUND


def receive(url: str) -> None:
    """Send webhooks to the portal: it accepts those of the installation alone."""
    with httpx.Client(trust_env=False) as sender:
        for secret, status in ((portals.SECRET, 204), ("whsec_b3RoZXI=", 401)):
            headers = portals.signed(secret)
            assert sender.post(f"{url}/hook", content=portals.EVENT, headers=headers).status_code == status
