"""The forms whose input the figures of oversight have: visits, ratings, rates, and reasons of delays.

It changes the log of a case, so it is after the tests that verify logs of the shared installation.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from demo.accounts import APPLICANT
from demo.installation import Installation
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import bpmn, clocks, factories
from tests.browser.visits import Check, Language, Visits, Width, deploy

KEY = "figured"
ROUNDS = [("fa", "phone"), ("en", "desktop")]
SAID = {
    "fa": {"future": "آینده", "closed": "۳۰ روز", "given": "ستاره", "late": "سرپرست"},
    "en": {"future": "future", "closed": "30 days", "given": "star", "late": "supervisor"},
}


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The installation's own."""
    with postgres.available(settings) as url:
        database = Database(url, zone=settings.time_zone)
        yield database
        database.dispose()


@pytest.fixture
def case(visit: Visits, installation: Installation) -> str:
    """The id of a case of the applicant in the guild, with a term of ten hours and a task."""
    files = {name: content.replace(b'id="p"', f'id="{KEY}"'.encode()) for name, content in FILES.items()}
    deploy(visit(), installation.tokens["guild-administrator"], files, unit="guild")
    body = {"definition": KEY, "applicant": APPLICANT, "data": {}}
    started: str = installation.expect(201, "portal", "POST", "/cases", body)["id"]
    return started


FILES = factories.files(
    bpmn.process(*bpmn.in_line("userTask look"), attributes='isExecutable="true" parvandeh:statutory="PT10H"')
)


def _submit(page: Page, form: str) -> int:
    """Submit a form without the browser's own checks; return the status of the answer."""
    page.locator(form).evaluate("form => { form.noValidate = true }")
    with page.expect_navigation() as answered:
        page.locator(f"{form} button:not([type=button])").last.click()
    return answered.value.status


@pytest.mark.parametrize(("language", "width"), ROUNDS)
def test_visit_is_recorded_and_corrected(
    visit: Visits, check: Check, installation: Installation, case: str, language: Language, width: Width
) -> None:
    page, new, old = (
        visit(language, width, account="reviewer"),
        "form[action$='/visits']",
        "form[action*='/visits/']",
    )
    page.goto(f"/desk/cases/{case}")
    page.locator("#visits ~ details summary").click()
    today = page.input_value("#visit-day")
    page.fill("#visit-day", "2199-01-01")
    page.select_option("#visit-reason", "payment")
    assert _submit(page, new) == 422
    expect(page.locator(f"{new} .wrong")).to_contain_text(SAID[language]["future"])
    assert (page.input_value("#visit-day"), page.input_value("#visit-reason")) == ("2199-01-01", "payment")
    check(page)
    page.fill("#visit-day", today)
    assert _submit(page, new) == 200
    page.locator("#visits ~ ul summary").click()
    day, reason = f"{old} [name=corrected_day]", f"{old} [name=visit_reason]"
    page.fill(day, "2020-01-01")  # before the case began
    page.select_option(reason, "signature")
    assert _submit(page, old) == 422
    assert (page.input_value(day), page.input_value(reason)) == ("2020-01-01", "signature")
    check(page)
    page.fill(day, today)
    assert _submit(page, old) == 200
    (found,) = installation.look("reviewer", f"/cases/{case}/visits")["items"]
    assert (found["reason"], found["withdrawn"]) == ("signature", False)


def test_visits_are_final_after_thirty_days_and_never_a_strangers(
    visit: Visits, check: Check, database: Database, case: str
) -> None:
    answered = visit("fa", "phone", account="site-inspector").goto(f"/desk/cases/{case}")
    assert answered
    assert answered.status == 404
    page = visit("fa", "phone", account="reviewer")
    page.goto(f"/desk/cases/{case}")
    page.locator("#visits ~ details summary").click()
    page.select_option("#visit-reason", "payment")
    ended = "started_at = now() - interval '40 days', ended_at = now() - interval '31 days'"
    with database.transaction() as session:
        done = text(f"UPDATE cases SET status = 'completed', {ended} WHERE id = :id")
        session.execute(done, {"id": UUID(case)})
    assert _submit(page, "form[action$='/visits']") == 409
    expect(page.locator("main [role=alert], main .note").first).to_contain_text(SAID["fa"]["closed"])
    assert page.locator("form[action$='/visits']").count() == 0
    check(page)


@pytest.mark.parametrize(("language", "width"), ROUNDS)
def test_case_is_rated_once(
    visit: Visits, check: Check, installation: Installation, case: str, language: Language, width: Width
) -> None:
    (task,) = installation.look("reviewer", f"/tasks?case={case}")["items"]
    installation.expect(200, "reviewer", "POST", f"/tasks/{task['id']}/claim", {})
    installation.expect(200, "reviewer", "POST", f"/tasks/{task['id']}/complete", {"data": {}})
    form = "form[action$='/rating']"
    first, second = (visit(language, width, account="applicant") for _ in range(2))
    for page in (first, second):
        page.goto(f"/my/cases/{case}")
        page.check("[name=stars][value='4']")
        page.check("[name=had_to_come][value=yes]")
    assert _submit(first, form) == 422  # why?
    assert first.is_checked("[name=stars][value='4']")
    expect(first.locator(f"{form} .wrong")).to_be_visible()
    check(first)
    first.select_option("#visit-reason", "signature")
    assert _submit(first, form) == 200
    expect(first.get_by_text(SAID[language]["given"]).first).to_be_visible()
    check(first)
    second.select_option("#visit-reason", "payment")
    assert _submit(second, form) == 409
    assert second.locator(form).count() == 0
    (found,) = installation.look("reviewer", f"/cases/{case}/visits")["items"]
    assert (found["source"], found["reason"]) == ("rating", "signature")


@pytest.mark.parametrize(("language", "width"), ROUNDS)
def test_rate_needs_an_amount_and_a_day(
    visit: Visits, check: Check, language: Language, width: Width
) -> None:
    page, form = (
        visit(language, width, account="administrator"),
        "details form[action='/administration/rates']",
    )
    page.goto("/administration/rates?unit=guild")
    page.locator("main details summary").click()
    page.fill("[name=amount]", "0")
    assert _submit(page, form) == 422
    assert page.locator(f"{form} .wrong").count() == 2
    assert page.input_value("[name=amount]") == "0"
    check(page)
    page.fill("[name=amount]", "۲۵۰٬۰۰۰")
    page.fill("[name=valid_from]", "1405-07-01" if language == "fa" else "2026-09-24")
    assert _submit(page, form) == 200
    expect(page.locator("main table tbody tr").first).to_be_visible()
    check(page)


@pytest.mark.parametrize(("language", "width"), ROUNDS)
def test_supervisor_gives_the_reason_of_a_delay(
    visit: Visits, check: Check, database: Database, case: str, language: Language, width: Width
) -> None:
    clocks.forget(database, UUID(case), timedelta(days=3))
    page, form = visit(language, width, account="supervisor"), "form[action$='/delay']"
    page.goto(f"/desk/cases/{case}")
    page.locator("a[href$='/delay']").click()
    page.fill("#text", "پروندهٔ کاغذی")
    assert _submit(page, form) == 422
    assert page.input_value("#text") == "پروندهٔ کاغذی"
    check(page)
    page.select_option("#code", "paper_file")
    assert _submit(page, form) == 200
    expect(page.locator("section[aria-labelledby=time]")).to_contain_text(SAID[language]["late"])
    assert page.locator("a[href$='/delay']").count() == 0
    check(page)
