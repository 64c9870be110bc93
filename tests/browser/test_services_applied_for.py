"""Shipped services are walked to their end without JavaScript, by people who fill in only what is demanded.

Nothing else: what the page calls optional, or offers to leave empty, is left so. What costs a fee is paid.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from demo.accounts import APPLICANT
from demo.installation import Installation, Json
from tests import filed
from tests.browser.visits import Language, Visits
from tests.waiting import until

CASE = re.compile(r"/my/cases/([\w-]+)")
PLANS: FilePayload = {"name": "plans.pdf", "mimeType": "application/pdf", "buffer": filed.pdf()}
# By the name of a field, whatever form has it; a choice by its value.
ANSWERS: Mapping[str, str] = {
    "national_id": APPLICANT,
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
    "identity_decision": "confirmed",
    "identity_means": "video",
    "file_complete": "true",
    "recommendation": "grant",
    "opinion": "no_objection",
    "inspected_on": "2026-03-21",
    "applicant_present": "false",
    "site_as_described": "true",
    "premises_compliant": "true",
    "decision": "granted",
    "proposal": "granted",
    "proposal_reasons": "The plans and the site follow the rules.",
}
OFFICIALS = {
    "resolve_identity": "reviewer",
    "review_file": "reviewer",
    "inspect_premises": "inspector",
    "decide": "supervisor",
    "plan-review/check_plans": "plan-checker",
    "inspect_site": "site-inspector",  # of an office to which the municipality delegates it
    "draft_decision": "caseworker",
    "approve_decision": "district-head",
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
    wrong: box.querySelector(".wrong") !== null || box.classList.contains("has-fault"),
}))"""
SOMETIMES = re.compile("required for some|در برخی حالت‌ها لازم")


class Walk:
    """One case of a service, and the people who work on it."""

    def __init__(self, visit: Visits, installation: Installation, language: Language, service: str) -> None:
        self._visit, self._installation, self._language = visit, installation, language
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

    def end(self) -> Json:
        """Do whatever the case waits for, until it has ended."""
        for _ in range(30):
            until(self._waits)
            case = self._read()
            assert not case["incidents"], case["incidents"]
            if case["status"] != "active":
                return case
            if case["tasks"]:
                self._work(case["tasks"][0])
            else:
                self._pay()
        raise AssertionError(f"{self.service} has no end")

    def _read(self) -> Json:
        return self._installation.look("administrator", f"/cases/{self.case}")

    def _waits(self) -> bool:
        case = self._read()
        bills = [bill for bill in case["bills"] if bill["status"] == "open"]
        return bool(case["tasks"] or bills or case["incidents"] or case["status"] != "active")

    def _work(self, task: Json) -> None:
        shown = self._installation.look("administrator", f"/tasks/{task['id']}")
        assignee = (shown["assignee"] or {}).get("name")
        page = self._of(assignee or OFFICIALS[task["element"]])
        page.goto(f"/desk/tasks/{task['id']}")
        claim = page.locator("form[action*='/claim'] button")
        if claim.count():
            claim.click()
        self._send(page)
        until(lambda: task["id"] not in [one["id"] for one in self._read()["tasks"]])

    def _pay(self) -> None:
        self.page.goto(f"/my/cases/{self.case}")
        self.page.locator("a[rel=noreferrer]").click()
        self.page.locator("[value=pay]").click()
        expect(self.page).to_have_url(CASE)
        until(lambda: all(bill["status"] != "open" for bill in self._read()["bills"]))

    def _send(self, page: Page) -> None:
        """Fill in what a page demands, and continue; what some answers demand, once the page says so."""
        for box in page.evaluate(BOXES):
            if not (box["says"] or box["closed"]):
                self._fill(page, box)
        self._press(page)
        wrong = [box for box in page.evaluate(BOXES) if box["wrong"]]
        told = f"{page.url}: {[(box['name'], box['says']) for box in wrong]}"
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
        if kind in ("checkbox", "hidden"):
            return  # no box ticked is an answer; what is hidden is only shown
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
def test_service_is_walked_to_its_end_with_what_its_pages_demand(
    visit: Visits, installation: Installation, service: str, language: Language
) -> None:
    walk = Walk(visit, installation, language, service)
    walk.apply()
    case = walk.end()
    assert (case["status"], case["outcome"]) == ("completed", "granted")
