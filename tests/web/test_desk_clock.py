"""The statutory term at the desk: on the page of a case, in the inbox, and its extension."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from engine import cases
from engine.models import CaseClock
from engine.platform.db import Actor, Database
from tests import clocks, factories
from tests.web.conftest import Browser
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


@pytest.fixture
def timed(office: Office) -> UUID:
    """A case of the office with a statutory term."""
    factories.deploy(office.database, clocks.deciding(onSilence="escalate"))
    found: UUID = office.do("sara", cases.start, "p", {}).id
    return found


def change(office: Office, case: UUID, **values: Any) -> None:
    with office.database.transaction() as session:
        session.execute(update(CaseClock).where(CaseClock.case_id == case).values(**values))


@pytest.mark.parametrize(("lang", "words"), [("en", "Statutory term"), ("fa", "مهلت قانونی")])
def test_a_case_shows_the_end_of_its_term(office: Office, timed: UUID, lang: str, words: str) -> None:
    page = office["sara"].see(f"/cases/{timed}", lang).text
    assert words in page[: page.index('<nav class="tabs')]


def test_a_case_without_a_term_shows_none(office: Office) -> None:
    page = office["sara"].see(f"/cases/{office.case}").text
    assert "Statutory term" not in page
    assert "Extend the statutory term" not in page


@pytest.mark.parametrize(
    ("values", "badge"),
    [
        ({"stage": "warned"}, "Statutory term nearly over"),
        ({"stage": "breached", "state": "breached"}, "Statutory term exceeded"),
        ({"state": "paused"}, "Statutory term paused"),
        ({}, None),
    ],
)
def test_the_inbox_marks_its_tasks(
    office: Office, timed: UUID, values: dict[str, str], badge: str | None
) -> None:
    if values:
        change(office, timed, **values)
    page = office["sara"].see("").text
    told = [words for words in ("term nearly over", "term exceeded", "term paused") if words in page]
    assert told == ([] if badge is None else [badge.removeprefix("Statutory ")])


def test_a_paused_term_says_who_is_awaited(office: Office, timed: UUID) -> None:
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    reasons = {"x": {"side": "applicant", "code": "correction"}}
    change(office, timed, state="paused", reasons=reasons, pauses=[[since, None]])
    page = office["sara"].see(f"/cases/{timed}").text
    assert "waiting for the applicant" in page


def test_the_term_is_extended_with_a_reason(office: Office, timed: UUID) -> None:
    sara = office["sara"]
    assert "Extend the statutory term" in sara.see(f"/cases/{timed}").text
    assert "another agency has to be heard" in sara.see(f"/cases/{timed}/extend").text
    wrong = sara.send(f"/cases/{timed}/extend", reason="volume", term="soon")
    assert wrong.status_code == 422
    assert "P5WD" in wrong.text
    answer = sara.send(f"/cases/{timed}/extend", reason="volume", term="PT2H")
    assert (answer.status_code, answer.location) == (303, f"/desk/cases/{timed}")
    assert "Extend the statutory term" not in sara.see(f"/cases/{timed}").text
    again = sara.send(f"/cases/{timed}/extend", reason="volume")
    assert again.status_code == 409
    clock = clocks.clock_of(office.database, timed)
    assert clock is not None
    assert clock.extension == "PT2H"
