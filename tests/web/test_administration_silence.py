"""Decisions by silence that await an administrator, on a page."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from engine import cases
from engine.models import CaseClock
from engine.platform.db import Actor, Database
from tests import clocks, factories
from tests.web.conftest import Browser


@pytest.fixture
def browser(actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Browser:
    return session_of(actor("administrator"))


@pytest.mark.parametrize(("lang", "words"), [("en", "No decision by silence"), ("fa", "منتظر تأیید نیست")])
def test_nothing_awaits_release(browser: Browser, lang: str, words: str) -> None:
    assert words in browser.get(f"/administration/silence?lang={lang}").text


def test_those_of_the_list_are_released(
    database: Database, actor: Callable[..., Actor], browser: Browser
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case, late = (
        factories.as_actor(database, actor("caseworker"), lambda uow: cases.start(uow, "p", {}))
        for _ in range(2)
    )
    now = datetime.now(UTC)
    with database.transaction() as session:
        held = update(CaseClock).values(awaiting_at=now, next_at=None, stage="breached")
        session.execute(held.where(CaseClock.case_id == case.id))
    page = browser.get("/administration/silence?lang=en").text
    assert case.number in page
    assert "granted" in page
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert token
    listed = re.findall(r'name="case" value="([^"]+)"', page)
    assert listed == [str(case.id)]
    with database.transaction() as session:  # another one arrives meanwhile
        session.execute(held)
    answer = browser.post("/administration/silence", {"token": token[1], "case": listed[0]})
    assert (answer.status_code, answer.location) == (303, "/administration/silence")
    page = browser.get("/administration/silence?lang=en").text
    assert (case.number in page, late.number in page) == (False, True)
    clock = clocks.clock_of(database, case.id)
    assert clock is not None
    assert clock.next_at is not None
