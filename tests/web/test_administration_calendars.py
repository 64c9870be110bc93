"""Pages of calendars: holidays of a year, office hours, files, and closures with a dry run."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from engine.models import Closure, Task
from engine.organisation import calendars
from engine.organisation.calendars import Document, editing
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser

SessionOf = Callable[[Actor], Browser]
IRAN = "/administration/calendars/iran"
CLOSURES = "/administration/units/root/closures"


@pytest.fixture
def administrator(actor: Callable[..., Actor]) -> Actor:
    return actor("administrator")


@pytest.fixture
def browser(session_of: SessionOf, administrator: Actor, database: Database) -> Browser:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    return session_of(administrator)


def send(browser: Browser, path: str, **form: Any) -> TestResponse:
    return browser.post(path, {"token": browser.token("/account"), **form})


def newest(database: Database, administrator: Actor, key: str = "iran") -> Document:
    return factories.as_actor(database, administrator, lambda uow: editing.get(uow, key).document)


def holidays(database: Database, administrator: Actor, year: int) -> dict[str, tuple[str, bool]]:
    document = newest(database, administrator)
    return {one.date.isoformat(): (one.name, one.estimated) for one in document.holidays_of(year)}


@pytest.mark.parametrize(
    ("language", "estimated", "day"), [("fa", "تخمینی", "۱۹ اسفند ۱۴۰۵"), ("en", "estimated", "1405")]
)
def test_holidays_of_a_year_are_shown_in_the_readers_calendar(
    browser: Browser, language: str, estimated: str, day: str
) -> None:
    page = browser.get(f"{IRAN}?year=1405&lang={language}").text
    assert estimated in page
    assert day in page
    assert '<time datetime="2027-03-10">' in page
    other = browser.get(f"{IRAN}?year=1404").text
    assert '<time datetime="2027-03-10">' not in other
    assert 'class="badge warn"' not in other


def test_estimated_holiday_is_confirmed_moved_and_removed(
    browser: Browser, database: Database, administrator: Actor
) -> None:
    answer = send(browser, f"{IRAN}/holidays/2027-03-10/confirm", version="1", year="1405")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{IRAN}?year=1405")
    assert holidays(database, administrator, 1405)["2027-03-10"][1] is False
    assert send(browser, f"{IRAN}/holidays/2027-03-11/remove", version="2").status_code == 303
    new = {"date": "۱۴۰۵/۱۲/۱۸", "name": "فطر", "english": "Fitr", "estimated": "yes"}
    added = send(browser, f"{IRAN}/holidays", version="3", **new)
    assert added.status_code == 303
    found = holidays(database, administrator, 1405)
    assert "2027-03-11" not in found
    assert found["2027-03-09"] == ("فطر | Fitr", True)
    with database.transaction() as session:
        jobs = session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'recalculate'")
        )
        assert jobs.scalar_one() == 3


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/holidays", {"version": "1", "date": "soon", "name": "x"}),
        ("/holidays", {"version": "1", "date": "1420/01/01", "name": "x"}),
        ("/holidays", {"version": "1", "date": "1405/01/20", "name": ""}),
        ("/holidays", {"version": "9", "date": "1405/01/20", "name": "x"}),
        ("/holidays/2026-12-02/remove", {"version": "1"}),
        ("/week", {"version": "1"}),
        ("/week", {"version": "1", "saturday": "16:00-08:00"}),
        ("/week", {"version": "1", "saturday": "08:00-16:00", "valid_from": "soon"}),
        ("/import", {"version": "1", "year": "1407"}),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    browser: Browser, database: Database, administrator: Actor, path: str, form: dict[str, str]
) -> None:
    before = newest(database, administrator)
    answer = send(browser, IRAN + path, **form)
    assert answer.status_code == (409 if form["version"] == "9" else 422)
    assert 'class="fault"' in answer.text or 'class="wrong"' in answer.text
    assert newest(database, administrator) == before


def test_office_hours_change_from_a_day_on(
    browser: Browser, database: Database, administrator: Actor
) -> None:
    form = {
        "saturday": "۰۷:۰۰ – ۱۳:۰۰",
        "sunday": "07:00-13:00",
        "valid_from": "1406/01/01",
        "reason": "رمضان",
    }
    assert send(browser, f"{IRAN}/week", version="1", **form).status_code == 303
    week = newest(database, administrator).week
    assert {name: (hours.opens, hours.closes) for name, hours in week.items()} == {
        "saturday": (420, 780),
        "sunday": (420, 780),
    }
    page = browser.get(f"{IRAN}?lang=fa").text
    assert "۱ فروردین ۱۴۰۶" in page


def test_file_replaces_the_holidays_of_a_year(
    browser: Browser, database: Database, administrator: Actor
) -> None:
    content = "date,name\n1407/01/01,نوروز | Nowruz\n".encode()
    answer = send(browser, f"{IRAN}/import", version="1", year="۱۴۰۷", file=(io.BytesIO(content), "1407.csv"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{IRAN}?year=1407")
    assert list(holidays(database, administrator, 1407)) == ["2028-03-20"]
    assert 1407 in (newest(database, administrator).years or ())


@pytest.mark.parametrize(
    ("suffix", "begins"), [("csv", b"\xef\xbb\xbfdate,name"), ("ics", b"BEGIN:VCALENDAR")]
)
def test_holidays_are_downloaded(browser: Browser, suffix: str, begins: bytes) -> None:
    answer = browser.get(f"{IRAN}/holidays.{suffix}")
    assert answer.status_code == 200
    assert answer.data.startswith(begins)
    assert f"iran.{suffix}" in answer.headers["Content-Disposition"]


def test_closure_says_how_many_deadlines_it_moves_before_it_is_declared(
    browser: Browser, database: Database, actor: Callable[..., Actor]
) -> None:
    review = bpmn.node("userTask", "review", parvandeh__due="P1WD")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(review))))
    for _ in range(3):
        factories.a_case(database, actor("caseworker"))
    with database.transaction() as session:
        day = str(session.scalars(select(func.min(Task.due_at))).one())[:10]
    tried = send(browser, f"{CLOSURES}?lang=fa", first=day, last="", reason="air")
    assert tried.status_code == 200
    assert "۳ مهلت جابه‌جا می‌شود." in tried.text
    with database.transaction() as session:
        assert session.scalars(select(Closure)).all() == []
    declared = send(browser, CLOSURES, first=day, last=day, reason="air", sure="yes")
    assert declared.status_code == 303
    with database.transaction() as session:
        closure = session.scalars(select(Closure)).one()
        assert (closure.first.isoformat(), closure.reason, closure.revoked_at) == (day, "air", None)
    assert "آلودگی هوا" in browser.get("/administration/units/root/calendar?lang=fa").text
    path = f"{CLOSURES}/{closure.id}/revoke"
    assert send(browser, path).status_code == 303
    assert send(browser, path).status_code == 422, "it is revoked"


@pytest.mark.parametrize(
    "form",
    [
        {"first": "", "last": "", "reason": "air"},
        {"first": "1405/09/10", "last": "1405/09/09", "reason": "air"},
        {"first": "1405/09/10", "last": "soon", "reason": "air"},
        {"first": "1405/09/10", "last": "", "reason": "Too cold"},
    ],
)
def test_closure_that_makes_no_sense_is_refused(browser: Browser, form: dict[str, str]) -> None:
    answer = send(browser, CLOSURES, **form)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text


def test_unit_chooses_a_new_calendar(browser: Browser, database: Database, administrator: Actor) -> None:
    made = send(
        browser,
        "/administration/calendars",
        key="own",
        name="تقویم ما",
        english="Ours",
        unit="root",
        like="iran",
    )
    assert (made.status_code, made.headers["Location"]) == (303, "/administration/calendars/own")
    again = send(browser, "/administration/calendars", key="own", name="x", unit="root", like="iran")
    assert again.status_code == 409, "as in the API"
    chosen = send(browser, "/administration/units/root/calendar", calendar="own")
    assert chosen.status_code == 303
    assert "Ours" in browser.get("/administration/units/root/calendar?lang=en").text
    assert send(browser, "/administration/units/root/calendar", calendar="").status_code == 422


def test_calendars_of_others_are_shown_without_forms(
    browser: Browser, database: Database, session_of: SessionOf
) -> None:
    a_unit(database, "elsewhere", kind="agency")
    other = session_of(a_member(database, "far", "elsewhere", "*", "administrator"))
    page = other.get(f"{IRAN}?year=1405").text
    assert f'action="{IRAN}/' not in page
    assert send(other, f"{IRAN}/week", version="1", saturday="08:00-12:00").status_code == 404
    assert send(other, CLOSURES, first="1405/09/10", reason="air", sure="yes").status_code == 404
