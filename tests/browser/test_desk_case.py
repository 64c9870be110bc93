"""J3 in a browser: a caseworker's way with a case, from claiming a task to the decision; and two who race."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from demo.installation import Installation
from tests import bpmn, factories, filed
from tests.browser.visits import Check, Language, Shot, Visits, Width, deploy

Judge = Callable[[Page, str], None]
Json = dict[str, Any]
Begin = Callable[[], Json]
APPLICATION = factories.form(
    ("shop",),
    shop={"type": "string", "title": "نام فروشگاه | Name of the shop"},
    area={"type": "integer", "title": "مساحت | Area"},
)
REVIEW = factories.form(
    ("note",),
    note={"type": "string", "title": "نظر کارشناس | Note", "maxLength": 1000},
    area={"type": "integer", "title": "مساحت | Area"},
)
DECISION = factories.form(
    ("decision",),
    decision={
        "type": "string",
        "title": "تصمیم | Decision",
        "oneOf": [
            {"const": "granted", "title": "پذیرش | Grant"},
            {"const": "refused", "title": "رد | Refuse"},
        ],
    },
    ground={
        "type": "object",
        "title": "مستند | Ground",
        "required": ["code", "text"],
        "properties": {
            "code": {"type": "string", "title": "عنوان | Code", "enum": ["tax", "hygiene"]},
            "text": {"type": "string", "title": "شرح | Reasons"},
        },
    },
) | {
    "if": {"properties": {"decision": {"const": "refused"}}, "required": ["decision"]},
    "then": {"required": ["ground"]},
}
SAID = {
    "fa": {"complete": "انجام و ثبت", "claim": "برداشتن کار", "saved": "ذخیره شد"},
    "en": {"complete": "Complete", "claim": "Claim the task", "saved": "saved"},
}


def process() -> dict[str, bytes]:
    """Start with a form → review → decide, by two people → end."""
    marks = {"parvandeh__sod": "file"}
    review = bpmn.node("userTask", "review", name="بررسی | Review", camunda__formKey="review.json", **marks)
    marks |= {"parvandeh__decision": "decision"}
    decide = bpmn.node("userTask", "decide", name="تصمیم | Decide", camunda__formKey="decision.json", **marks)
    body = [
        bpmn.declared(granted="grants", refused="refuses"),
        bpmn.node("startEvent", "start", camunda__formKey="start.json"),
        review,
        decide,
        bpmn.node("endEvent", "end"),
        *(bpmn.flow(*pair) for pair in (("start", "review"), ("review", "decide"), ("decide", "end"))),
    ]
    named = 'name="پروانهٔ آزمایشی | Trial licence" isExecutable="true"'
    diagram = bpmn.process(*body, key="trial-licence", attributes=named)
    return factories.files(diagram, start=APPLICATION, review=REVIEW, decision=DECISION)


@pytest.fixture
def judge(check: Check, shot: Shot) -> Judge:
    """`judge(page, "task")`: everybody can use it; a picture is stored."""

    def judged(page: Page, name: str) -> None:
        check(page)
        shot(page, f"desk-{name}")

    return judged


@pytest.fixture
def begin(visit: Visits, installation: Installation) -> Begin:
    """`begin()`: a new case of the guild, in which somebody is to review."""
    deploy(visit(), installation.tokens["guild-administrator"], process(), unit="guild")
    asked: Json = {"definition": "trial-licence", "data": {"shop": "نان سنگک", "area": 40}}
    return lambda: installation.expect(201, "portal", "POST", "/cases", asked)


def press(page: Page, button: str) -> None:
    page.locator(f"button[value={button}]:visible").click()


def the_task(installation: Installation, case: Json, account: str = "reviewer") -> str:
    """The open step of a case."""
    found = installation.look(account, f"/tasks?case={case['id']}&status=open")["items"]
    return str(next(one["id"] for one in found if one["kind"] == "step"))


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_a_case_is_worked_on_from_the_claim_to_the_decision(
    visit: Visits,
    judge: Judge,
    begin: Begin,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    case, said = begin(), SAID[language]
    page = visit(language, width, account="reviewer")
    page.goto(f"/desk/cases/{case['id']}")
    judge(page, "case")
    _hand_in(page)
    _begin_to_answer(page, judge, said)
    _send_back(page, judge, installation, case)
    page.reload()
    page.locator("[name='data/area']").fill("۴۵")
    press(page, "complete")
    expect(page.locator("button[value=complete]")).to_have_count(0)
    _second(page, judge, said, the_task(installation, case))
    _decide(visit(language, width, account="supervisor"), judge, said, the_task(installation, case))
    page.goto(f"/desk/cases/{case['id']}")
    expect(page.locator("#decision-1")).to_be_visible()
    judge(page, "decided")


def _begin_to_answer(page: Page, judge: Judge, said: dict[str, str]) -> None:
    """A draft survives, and faults are shown at their fields."""
    page.locator("section:has(> #tasks) table a").first.click()
    page.get_by_role("button", name=said["claim"]).click()
    expect(page.locator("button[value=complete]")).to_be_visible()
    with page.expect_download() as fetched:
        page.locator("section:has(> #documents) a[download]").click()
    assert Path(fetched.value.path()).read_bytes() == filed.pdf()
    page.get_by_label(re.compile("نظر کارشناس|Note")).fill("half a thought")
    expect(page.locator("#saved")).to_contain_text(said["saved"])
    page.reload()
    expect(page.locator("[name='data/note']")).to_have_value("half a thought")
    page.locator("[name='data/area']").fill("wide")
    press(page, "complete")
    expect(page.locator("#faults")).to_be_focused()
    expect(page.locator("#data-area-wrong0")).to_be_visible()
    expect(page.locator("[name='data/area']")).to_have_value("wide")
    judge(page, "faults")


def _hand_in(page: Page) -> None:
    page.locator("section:has(> #documents) summary").click()
    plan: FilePayload = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": filed.pdf()}
    page.locator("input[type=file]").set_input_files(plan)
    page.locator("section:has(> #documents) button").click()
    expect(page.locator("section:has(> #documents) a[download]")).to_be_visible()


def _send_back(page: Page, judge: Judge, installation: Installation, case: Json) -> None:
    press(page, "send-back")
    page.wait_for_url(re.compile("/send-back$"))
    page.locator("input[name=mark][value='/shop']").check()
    page.locator("form.stack button.primary").click()
    expect(page.locator(".has-fault .wrong")).to_be_visible()
    judge(page, "send-back")
    page.locator("[name='text/shop']").fill("نام کامل را بنویسید.")
    page.locator("form.stack button.primary").click()
    expect(page.locator("#beside")).to_be_visible()
    press(page, "complete")  # the task waits for the applicant
    expect(page.locator("#refused, #faults").first).to_be_visible()
    asked = installation.look("portal", f"/tasks?case={case['id']}&status=open")["items"]
    (correction,) = (one for one in asked if one["kind"] == "correction")
    answer = {"data": {"shop": "نان سنگک مهر"}}
    installation.expect(200, "portal", "POST", f"/tasks/{correction['id']}/complete", answer)
    page.goto(page.url)


def _second(page: Page, judge: Judge, said: dict[str, str], task: str) -> None:
    """The reviewer does not decide."""
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name=said["claim"]).click()
    expect(page.locator("#refused")).to_be_visible()
    judge(page, "four-eyes")


def _decide(page: Page, judge: Judge, said: dict[str, str], task: str) -> None:
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name=said["claim"]).click()
    ground = page.locator("#data-ground")
    page.locator("[name='data/decision'][value=granted]").check()
    expect(ground).to_be_hidden()
    page.locator("[name='data/decision'][value=refused]").check()
    expect(ground).to_be_visible()
    press(page, "complete")
    expect(page.locator("#faults")).to_be_focused()  # a refusal has a ground
    judge(page, "ground")
    page.locator("[name='data/ground/code'][value=tax]").check()
    page.locator("[name='data/ground/text']").fill("بدهی مالیاتی پرداخت نشده است.")
    press(page, "complete")
    expect(page.locator("button[value=complete]")).to_have_count(0)
    judge(page, "done")


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_of_two_who_race_the_second_is_told_who_was_first_and_keeps_the_text(
    visit: Visits,
    judge: Judge,
    begin: Begin,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    task = the_task(installation, begin())
    first = visit(language, width, account="reviewer")
    first.goto(f"/desk/tasks/{task}")
    first.get_by_role("button", name=SAID[language]["claim"]).click()
    second = visit(language, width, account="reviewer")
    for page, text in ((first, "what the first wrote"), (second, "what the second wrote")):
        page.goto(f"/desk/tasks/{task}")
        page.locator("[name='data/note']").fill(text)
    press(first, "complete")
    expect(first.locator("button[value=complete]")).to_have_count(0)
    press(second, "complete")
    expect(second.locator("#refused")).to_be_visible()
    expect(second.get_by_text("what the second wrote")).to_be_visible()
    judge(second, "race")


def test_a_draft_that_cannot_be_kept_is_told_and_stays_on_the_page(
    visit: Visits, begin: Begin, installation: Installation
) -> None:
    task = the_task(installation, begin())
    page = visit("en", account="reviewer")
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name="Claim the task").click()
    page.context.clear_cookies(name=re.compile("session"))
    page.locator("[name='data/note']").fill("typed without a session")
    expect(page.locator("#saved")).to_contain_text("can't be saved")
    expect(page.locator("[name='data/note']")).to_have_value("typed without a session")


@pytest.mark.parametrize(("language", "width"), [("fa", "desktop"), ("en", "phone")])
def test_everybody_can_use_the_other_pages(
    visit: Visits,
    judge: Judge,
    begin: Begin,
    installation: Installation,
    language: Language,
    width: Width,
) -> None:
    case = begin()
    task = the_task(installation, case)
    page = visit(language, width, account="reviewer")
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name=SAID[language]["claim"]).click()
    expect(page.locator("button[value=complete]")).to_be_visible()
    judge(page, "task")
    for name in ("ask", "assign", "recuse"):
        page.goto(f"/desk/tasks/{task}/{name}")
        judge(page, name)
    for name in ("log", "do/cancel", "secret", "diagram"):
        page.goto(f"/desk/cases/{case['id']}/{name}")
        if name == "diagram":
            expect(page.locator(".diagram img")).to_be_visible()
        judge(page, name.rpartition("/")[2])


def test_who_wants_to_moves_about_in_the_diagram(
    visit: Visits, judge: Judge, installation: Installation
) -> None:
    data = {"national_id": "0012345679", "new_address": "تهران، خیابان آزادی", "postal_code": "1345678901"}
    case = installation.expect(
        201, "portal", "POST", "/cases", {"definition": "address-change", "data": data}
    )
    page = visit("en", account="caseworker")
    page.goto(f"/desk/cases/{case['id']}")
    page.locator("a[href$='/diagram']").click()
    expect(page.locator("[data-shown] svg").first).to_be_visible()
    judge(page, "diagram-movable")
