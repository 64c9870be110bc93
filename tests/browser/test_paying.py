"""A fee on a phone: a granted licence is paid on the payment page, and the case continues by itself."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from demo.accounts import APPLICANT
from demo.installation import Installation
from demo.play import SHOP
from tests.browser.visits import Check, Shot, Visits
from tests.waiting import until


@pytest.fixture
def licence(installation: Installation) -> str:
    """The id of a case of the demonstration's applicant that was granted and awaits its fee."""
    body = {
        "definition": "food-shop-licence",
        "applicant": APPLICANT,
        "unit": "guild-tehran",
        "data": {**SHOP, "risk_class": "low", "area_m2": 60},
    }
    case: str = installation.expect(201, "portal", "POST", "/cases", body)["id"]
    until(lambda: bool(read(installation, case)["bills"]))
    return case


def read(installation: Installation, case: str) -> Any:
    return installation.look("portal", f"/cases/{case}")


def test_a_fee_is_paid_on_the_payment_page_and_the_licence_is_issued(
    visit: Visits, check: Check, shot: Shot, installation: Installation, licence: str
) -> None:
    page = visit("fa", "phone", account="applicant", javascript=False)
    page.goto("/my")
    pay = page.locator(f"li:has(a[href='/my/cases/{licence}']) .button")
    expect(pay).to_be_visible()
    check(page)
    page.goto(f"/my/cases/{licence}")
    expect(page.locator("#bills + p")).to_contain_text(re.compile("ریال.* را تا .* بپردازید"))
    check(page)
    shot(page, "applicants-bill")
    page.locator("a[rel=noreferrer]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    check(page)
    shot(page, "payment-page")
    page.locator("[value=other]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    assert [one["code"] for one in read(installation, licence)["incidents"]] == ["payment-mismatch"]
    page.locator("[value=pay]").click()
    expect(page).to_have_url(re.compile(f"/my/cases/{licence}$"))
    expect(page.locator("#bills + p")).to_contain_text("پرداخت شد")
    check(page)
    shot(page, "applicants-paid")
    until(lambda: bool(read(installation, licence)["status"] == "completed"))
    case = read(installation, licence)
    assert (case["outcome"], case["bills"][0]["status"]) == ("granted", "paid")
