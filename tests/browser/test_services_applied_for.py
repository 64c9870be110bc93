"""Shipped services are applied for without JavaScript, by somebody who fills in what is demanded.

Nothing else: what the page calls optional, or offers to leave empty, is left so.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page

from demo.accounts import APPLICANT
from tests import filed
from tests.browser.visits import Language, Visits

CASE = re.compile(r"/my/cases/([\w-]+)")
PLANS: FilePayload = {"name": "plans.pdf", "mimeType": "application/pdf", "buffer": filed.pdf()}
# By the name of a field, whatever form has it; a choice by its value.
ANSWERS: Mapping[str, str] = {
    "national_id": APPLICANT,
    "new_address": "Azadi Street 12",
    "postal_code": "1345678901",
    "shop_name": "Mehr",
    "business_code": "4721",
    "premises_postal_code": "1345678902",
    "area_m2": "60",
    "risk_class": "low",
    "parcel": "11006302",
    "building_use": "residential",
    "floors": "2",
    "height_m": "7",
    "floor_area_m2": "140",
    "variance_requested": "false",
}
# The boxes of a form, each with its fields: what its label says besides, and whether it has a fault. What is
# asked only after another answer has a hint that says so, and is left alone.
BOXES = """() => [...document.querySelectorAll("main form .field")].filter(
    (box) => !box.closest("[data-hide-when]") && box.querySelector("[name^='data/'], [name^='file/']")
).map((box) => ({
    name: box.querySelector("[name^='data/'], [name^='file/']").name.split("/").slice(1).join("/"),
    type: [...box.querySelectorAll("input, select, textarea")].at(-1).type,
    closed: [...box.querySelectorAll("input, select, textarea")].every((one) => one.disabled || one.readOnly),
    says: box.querySelector(".optional")?.textContent ?? "",
    wrong: box.querySelector(".wrong")?.textContent ?? "",
}))"""
SOMETIMES = re.compile("required for some|در برخی حالت‌ها لازم")


class Walk:
    """Somebody's way from a service's page to a case."""

    def __init__(self, visit: Visits, language: Language, service: str) -> None:
        self._visit, self._language = visit, language
        self._answers = ANSWERS
        self._pages: dict[str, Page] = {}
        self.page = self._of("applicant")
        self.service, self.case = service, ""

    def _of(self, account: str) -> Page:
        if account not in self._pages:
            self._pages[account] = self._visit(self._language, javascript=False, account=account)
        return self._pages[account]

    def apply(self) -> None:
        """From the service's page to the case."""
        self.page.goto(f"/services/{self.service}")
        self.page.locator('main a[href$="/apply"]').first.click()
        for _ in range(8):
            if self.page.url.endswith("/begun"):
                break
            self._send(self.page)
        found = CASE.search(self.page.url)
        assert found, f"{self.page.url}: {self.page.locator('main').inner_text()}"
        self.case = found[1]

    def _send(self, page: Page) -> None:
        """Fill in what a page demands, and send it; what some answers demand, once the page says so."""
        for box in page.evaluate(BOXES):
            if not (box["says"] or box["closed"]):
                self._fill(page, box)
        self._press(page)
        wrong = [box for box in page.evaluate(BOXES) if box["wrong"]]
        told = f"{page.url}: {[(box['name'], box['says'], box['wrong']) for box in wrong]}"
        assert all(SOMETIMES.search(box["says"]) for box in wrong), told
        for box in wrong:
            self._fill(page, box)
        if wrong:
            self._press(page)
        assert not page.locator("#faults").count(), page.locator("#faults").inner_text()

    def _press(self, page: Page) -> None:
        page.locator("main form .primary:not([formaction])").last.click()

    def _fill(self, page: Page, box: Mapping[str, Any]) -> None:
        name, kind = box["name"], box["type"]
        if kind == "checkbox":
            return  # none is an answer
        if kind == "file":
            page.locator(f"[name='file/{name}']").set_input_files(PLANS)
            return
        field: Locator = page.locator(f"main [name='data/{name}']")
        answer = self._answers[name.rpartition("/")[2]]
        if kind == "radio":
            page.locator(f"main [name='data/{name}'][value='{answer}']").check()
        elif kind.startswith("select"):
            field.select_option(answer)
        else:
            field.fill(answer)


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("service", ["food-shop-licence", "building-permit"])
def test_service_is_applied_for_with_what_its_pages_demand(
    visit: Visits, service: str, language: Language
) -> None:
    walk = Walk(visit, language, service)
    walk.apply()
    assert walk.case
