"""The statutory term of the food-shop licence, as its applicant, a caseworker and a supervisor see it."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import expect

from demo.accounts import APPLICANT
from demo.installation import Installation
from demo.play import SHOP
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import clocks
from tests.browser.visits import Check, Language, Shot, Visits, Width
from tests.waiting import until

SAID = {
    "fa": {
        "latest": "به حکم قانون باید تا",
        "term": "مهلت قانونی",
        "extend": "تمدید مهلت قانونی",
        "extended": "مهلت قانونی تمدید شد",
        "measure": "با کارشناس صحبت شد.",
        "complete": "انجام و ثبت",
        "over": "مهلت قانونی گذشت",
        "deemed": "دستگاه در مهلت قانونی تصمیم نگرفت",
        "claim": "برداشتن کار",
        "silence": "تصمیم به سبب سکوت اداره",
    },
    "en": {
        "latest": "By law it has to be made by",
        "term": "Statutory term",
        "extend": "Extend the statutory term",
        "extended": "The statutory term was extended",
        "measure": "Talked to the caseworker.",
        "complete": "Complete",
        "over": "The statutory term is over",
        "deemed": "the office didn’t decide in time",
        "claim": "Claim the task",
        "silence": "Decision by the silence of the office",
    },
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The statutory terms of cases of the demonstration's applicant."""

    installation: Installation
    settings: Settings

    def begin(self, risk: str) -> str:
        """Start a case, and return its id once its term runs."""
        data = {**SHOP, "risk_class": risk}
        body = {
            "definition": "food-shop-licence",
            "applicant": APPLICANT,
            "unit": "guild-tehran",
            "data": data,
            "confirm_duplicate": True,
        }
        case: str = self.installation.expect(201, "portal", "POST", "/cases", body)["id"]
        until(lambda: self.read(case)["state"] == "running")
        return case

    def read(self, case: str) -> Any:
        return self.installation.look("portal", f"/cases/{case}/clock")

    def end(self, case: str, state: str) -> None:
        """Let the term be over, and wait until workers have brought its clock to this state."""
        with postgres.available(self.settings) as url:
            database = Database(url, zone=self.settings.time_zone)
            clocks.age(database, UUID(case), timedelta(days=90))
            database.dispose()
        until(lambda: bool(self.read(case)["state"] == state))

    def escalations(self, case: str) -> list[Any]:
        tasks = self.installation.look("supervisor", f"/tasks?case={case}&status=open")["items"]
        return [task for task in tasks if task["kind"] == "escalation"]


@pytest.fixture
def terms(installation: Installation, settings: Settings) -> Terms:
    return Terms(installation, settings)


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_silence_grants_what_nobody_decided(
    visit: Visits, check: Check, shot: Shot, terms: Terms, language: Language, width: Width
) -> None:
    said, case = SAID[language], terms.begin("medium")
    applicant = visit(language, width, account="applicant")
    applicant.goto(f"/my/cases/{case}")
    expect(applicant.get_by_text(said["latest"])).to_be_visible()
    check(applicant)
    shot(applicant, "applicants-term")
    worker = visit(language, width, account="reviewer")
    worker.goto(f"/desk/cases/{case}")
    expect(worker.locator(".heading p", has_text=said["term"])).to_be_visible()
    check(worker)
    shot(worker, "desk-term")
    worker.goto(f"/desk/cases/{case}/extend")
    check(worker)
    worker.locator("#reason").select_option("volume")
    worker.locator("#term").fill("P2WD")
    worker.locator("main form button.primary").click()
    expect(worker).to_have_url(re.compile(f"/desk/cases/{case}"))
    expect(worker.get_by_text(said["extended"])).to_be_visible()
    assert terms.read(case)["extension"] == "P2WD"
    terms.end(case, "deemed")
    applicant.reload()
    expect(applicant.get_by_text(said["deemed"]).first).to_be_visible()
    check(applicant)
    shot(applicant, "applicants-deemed")
    with applicant.expect_download() as download:
        applicant.locator('a[href$="/decision"]').click()
    assert said["silence"] in Path(download.value.path()).read_text(encoding="utf-8")
    (decision,) = terms.installation.look("portal", f"/cases/{case}/decisions")["items"]
    assert (decision["by"], decision["outcome"]) == ("silence", "deemed_granted")
    # The fee is asked for, as after a decision of a person.
    until(lambda: terms.installation.look("portal", f"/cases/{case}")["bills"])


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_where_safety_is_concerned_a_supervisor_takes_over(
    visit: Visits, check: Check, shot: Shot, terms: Terms, language: Language, width: Width
) -> None:
    said, case = SAID[language], terms.begin("high")
    assert terms.read(case)["on_silence"] == "escalate"
    terms.end(case, "breached")
    page = visit(language, width, account="supervisor")
    page.goto(f"/desk/cases/{case}")
    check(page)
    shot(page, "desk-term-over")
    page.get_by_role("link", name=said["over"]).first.click()
    check(page)
    claim = page.get_by_role("button", name=said["claim"])
    if claim.count():
        claim.first.click()
    page.locator("[name='data/measure']").fill(said["measure"])
    shot(page, "desk-escalation")
    page.get_by_role("button", name=said["complete"]).first.click()
    until(lambda: not terms.escalations(case))
    assert terms.installation.look("portal", f"/cases/{case}")["status"] == "active"
