"""The status by number and secret, on a page: forgiving to who types, and nothing to who guesses."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.models import Case
from engine.platform.db import Actor, Database
from tests import factories
from tests.web.applying import Applicant, apply_here, decided, me, secret_of
from tests.web.conftest import Browser, Make

__all__ = ["apply_here", "me"]  # fixtures


@pytest.fixture
def told(me: Applicant, database: Database) -> tuple[str, str]:
    """Number and secret of a case."""
    me.fill()
    where = me.post("/services/p/apply/check", {}).headers["Location"]
    return me.case(UUID(where.split("/")[3])).number, secret_of(me.get(where))


def ask(browser: Browser, number: str, secret: str) -> tuple[int, str]:
    page = browser.post("/status", {"token": browser.token("/status"), "number": number, "secret": secret})
    assert page.headers["Cache-Control"] == "no-store"
    return page.status_code, page.text


def typed_in(digits: str, text: str) -> str:
    return text.translate(str.maketrans("0123456789", digits))


def test_it_is_read_in_whatever_way_it_was_typed(make: Make, told: tuple[str, str]) -> None:
    number, secret = told
    for typed in (
        number,
        typed_in("۰۱۲۳۴۵۶۷۸۹", number),
        typed_in("٠١٢٣٤٥٦٧٨٩", number),
        number.replace("-", ""),
        f" {number.replace('-', ' – ')} ",
    ):
        code, page = ask(Browser(make()), typed, secret.lower().replace("-", " "))
        assert code == 200, typed
        assert typed_in("۰۱۲۳۴۵۶۷۸۹", number) in page


def test_wrong_and_unknown_look_alike(make: Make, told: tuple[str, str]) -> None:
    browser = Browser(make())
    pages = {
        re.sub(r'value="[^"]*"', "", ask(browser, number, "2222-2222-2222")[1])
        for number in (told[0], "1405-999999")
    }
    assert len(pages) == 1
    assert ask(browser, "1405-999999", "x\x00y")[0] == 404


def test_whoever_guesses_has_to_wait(make: Make, told: tuple[str, str]) -> None:
    browser = Browser(make())
    codes = [ask(browser, told[0], "2222-2222-2222")[0] for _ in range(7)]
    assert codes[:5] == [404] * 5
    assert codes[-1] == 429
    assert ask(browser, told[0], told[1])[0] == 429, "nor does the right one help then"


def test_a_form_from_elsewhere_is_not_taken(browser: Browser, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    assert browser.post("/status", {"number": "1", "secret": "1"}).status_code == 403


def test_an_ended_case_is_rated_with_number_and_secret(
    make: Make, me: Applicant, told: tuple[str, str], database: Database, actor: Callable[..., Actor]
) -> None:
    with database.transaction() as session:
        case = session.scalars(select(Case.id).where(Case.number == told[0])).one()
    decided(database, actor("caseworker"), me, case, "granted")
    browser = Browser(make())
    assert 'name="stars"' in ask(browser, *told)[1]

    def rate(secret: str = told[1], **form: str) -> tuple[int, str]:
        sent = {"token": browser.token("/status"), "number": told[0], "secret": secret, **form}
        page = browser.post("/status/rating", sent)
        return page.status_code, page.text

    assert rate("2222-2222-2222", stars="5")[0] == 404
    assert rate()[1].count('class="wrong"') == 2
    code, page = rate(stars="5", had_to_come="no")
    assert code == 200
    assert 'name="stars"' not in page
