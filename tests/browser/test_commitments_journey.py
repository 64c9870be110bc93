"""A commitment from the decree to the explanation, and a service in the register."""

import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlalchemy import text

from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests.browser.visits import Check, Language, Shot, Visits, Width

LIST, REGISTER = "/oversight/commitments", "/oversight/register"
SAID = {
    "fa": {"waits": "هنوز توضیحی ندارد", "missed": "سنجیده نشده", "staff": "کمبود نیرو", "one": "از ۱ خدمت"},
    "en": {
        "waits": "no explanation",
        "missed": "not measured",
        "staff": "people or skills",
        "one": "of 1 serv",
    },
}


def _submit(page: Page, form: str) -> int:
    """Submit a form; return the status of the answer."""
    with page.expect_navigation() as answered:
        page.locator(f"{form} button").last.click()
    return answered.value.status


# Versions can't be changed: another one says so.
_PAST = """
INSERT INTO commitment_versions (commitment_id, number, text_fa, text_en, legal_basis, metric, definition,
    target, calendar, since, due, kind, reason, made_by, made_at)
SELECT commitment_id, 2, text_fa, text_en, legal_basis, metric, definition,
    target, calendar, since - 500, due - 400, kind, 'r', made_by, made_at
FROM commitment_versions WHERE commitment_id = :id
"""


def _let_it_be_due(settings: Settings, path: str) -> None:
    """Months pass: the commitment was due long ago."""
    key = {"id": path.rpartition("/")[2]}
    with postgres.available(settings) as url:
        database = Database(url, zone=settings.time_zone)
        with database.transaction() as session:
            session.execute(text("UPDATE commitments SET due = due - 400, version = 2 WHERE id = :id"), key)
            session.execute(text(_PAST), key)
        database.dispose()


@pytest.mark.parametrize(("language", "width"), [("fa", "phone"), ("en", "desktop")])
def test_commitment_is_entered_missed_and_explained(
    visit: Visits, check: Check, shot: Shot, settings: Settings, language: Language, width: Width
) -> None:
    page = visit(language, width, account="administrator")
    _enter(page, check, shot, language)
    path = page.url.partition("?")[0]
    _let_it_be_due(settings, path)
    _explain(visit(language, width, account="manager"), check, shot, language)
    page.goto(path)
    page.locator("main details.card summary").last.click()
    page.fill("#withdrawal", "لغو شد.")
    assert _submit(page, "form[action$='/withdraw']") == 200
    check(page)


def _enter(page: Page, check: Check, shot: Shot, language: Language) -> None:
    """An administrator enters a commitment, at first with a wrong target."""
    form = f"form[action='{LIST}'][method=post]"
    page.goto(LIST)
    check(page)
    page.locator("main details.card summary").click()
    page.select_option(f"{form} [name=unit]", "treasury")
    page.fill("[name=text_fa]", "رسیدگی به ۸۰ درصد پرونده‌ها در مهلت")
    page.fill("[name=text_en]", "Decide 80 % of the cases in time")
    page.fill("[name=legal_basis]", "مصوبهٔ ۱۲، مادهٔ ۳")
    page.fill("[name=target]", "۱۸۰٪" if language == "fa" else "180")
    page.fill("[name=due]", "1406/01/01" if language == "fa" else "2027-04-01")
    assert _submit(page, form) == 422
    expect(page.locator(f"{form} .wrong")).to_have_count(1)
    check(page)
    shot(page, "commitment-wrong")
    page.fill("[name=target]", "۸۰٪" if language == "fa" else "80")
    assert _submit(page, form) == 200
    check(page)


def _explain(manager: Page, check: Check, shot: Shot, language: Language) -> None:
    """A manager finds it at the top of the list, and explains."""
    manager.goto("/oversight")
    manager.locator(f"main nav a[href^='{LIST}']").click()
    expect(manager.locator("main [role=status]").first).to_contain_text(SAID[language]["waits"])
    shot(manager, "commitments")
    check(manager)
    manager.locator("tbody th a").first.click()
    expect(manager.locator("#state-heading + p")).to_contain_text(SAID[language]["missed"])
    check(manager)
    assert _submit(manager, "form[action$='/explain']") == 422
    expect(manager.locator("form[action$='/explain'] .wrong")).to_have_count(2)
    manager.select_option("[name=cause]", "staff")
    manager.fill("[name=text]", "دو پست خالی است و از خرداد پر می‌شود.")
    assert _submit(manager, "form[action$='/explain']") == 200
    expect(manager.locator("main .fault")).to_have_count(0)
    expect(manager.locator("#why + div")).to_contain_text(SAID[language]["staff"])
    check(manager)
    shot(manager, "commitment")


@pytest.mark.parametrize(("language", "width"), [("en", "phone"), ("fa", "desktop")])
def test_service_is_registered_and_imported(
    visit: Visits, check: Check, shot: Shot, language: Language, width: Width
) -> None:
    unit = "guild-shiraz" if language == "fa" else "guild-tehran"
    page, form = (
        visit(language, width, account="guild-administrator"),
        f"form[action='{REGISTER}'][method=post]",
    )
    page.goto(f"{REGISTER}?unit={unit}")
    expect(page.locator("main .empty")).to_be_visible()
    page.locator("main details.card summary").first.click()
    page.fill("[name=name_fa]", "صدور المثنی")
    page.fill("[name=name_en]", "Duplicate of a licence")
    page.select_option("[name=reason]", "on_paper")
    page.fill("[name=yearly_volume]", "۳٬۱۰۰")
    assert _submit(page, form) == 200
    expect(page.locator("main")).to_contain_text(SAID[language]["one"])
    check(page)
    page.locator("main details.card summary").last.click()
    content = b"name_fa,name_en,reason\na,,weather\n"
    wrong: FilePayload = {"name": "services.csv", "mimeType": "text/csv", "buffer": content}
    page.set_input_files("#upload", wrong)
    assert _submit(page, "form[action$='/import']") == 422
    expect(page.locator("main details .fault li")).to_have_count(2)
    check(page)
    shot(page, "register")
