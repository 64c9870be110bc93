"""The calendar of a unit: inherited, versioned, with closures; and changing it."""

from datetime import UTC, date, datetime
from functools import partial

import pytest
from persiantools.jdatetime import JalaliDate
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import deadlines
from engine.deadlines import Count, Hours, NoHolidays
from engine.organisation import calendars, recorded_changes, units
from engine.organisation.calendars import (
    Document,
    Holiday,
    NewCalendar,
    NewVersion,
    closures,
    editing,
    shipped,
)
from engine.organisation.units import NewUnit
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid, NotFound
from tests.integration.conftest import Act

ACCEPTED = datetime(2026, 12, 2, 11, 30, tzinfo=UTC)
OFFICE = Hours(480, 960)
EVERY_DAY = dict.fromkeys(calendars.WEEKDAYS, OFFICE)


def due(uow: UnitOfWork, unit: str, term: str = "P5WD", start: datetime = ACCEPTED) -> str:
    found = calendars.of_unit(uow, units.get(uow, unit)["id"])
    return deadlines.due(Count(found.calendar, start), deadlines.term(term)).date().isoformat()


@pytest.fixture
def installed(database: Database, act: Act) -> Act:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))

    def tree(uow: UnitOfWork) -> None:
        units.create(uow, NewUnit("ministry", "وزارت", "agency"))
        units.create(uow, NewUnit("province", "استان", "unit", "ministry"))
        units.create(uow, NewUnit("office", "اداره", "unit", "province"))

    act("administrator", tree)
    return act


def test_without_any_calendar_the_shipped_one_of_iran_counts(act: Act) -> None:
    def look(uow: UnitOfWork) -> None:
        assert calendars.of_unit(uow, units.get(uow, "root")["id"]).version is None
        assert due(uow, "root") == "2026-12-09"

    act("administrator", look)


def test_a_new_installation_has_the_calendar_of_iran_at_its_root(installed: Act, database: Database) -> None:
    def look(uow: UnitOfWork) -> None:
        assert [row["key"] for row in editing.listed(uow)] == ["iran", "iran-friday", "plain"]
        assert editing.of_unit(uow, "office") == ("iran", "root")
        assert calendars.of_unit(uow, units.get(uow, "office")["id"]).version == "iran/1"
        assert due(uow, "office", start=datetime(2026, 3, 18, 8, tzinfo=UTC)) == "2026-03-31", "Nowruz, Fitr"

    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))  # changes nothing
    installed("administrator", look)


def test_an_installation_elsewhere_has_the_plain_calendar(database: Database, act: Act) -> None:
    database.run(lambda session, now: calendars.install(session, now, "Europe/Berlin"))
    assert act("administrator", lambda uow: due(uow, "root")) == "2026-12-09"
    assert act("administrator", lambda uow: editing.of_unit(uow, "root")) == ("plain", "root")


def test_shipped_holidays_are_those_that_were_announced() -> None:
    iran = shipped.calendars()[0].document
    holidays = {one.date: one for one in iran.holidays}
    assert iran.years == frozenset(range(1393, 1407))
    assert date(2022, 9, 17) in holidays, "Arbaeen 1401"
    fixed = [(1, 1), (1, 2), (1, 3), (1, 4), (1, 12), (1, 13), (3, 14), (3, 15), (11, 22), (12, 29)]
    for year in range(1393, 1407):
        assert {JalaliDate(year, *day).to_gregorian() for day in fixed} <= holidays.keys()
        assert 25 <= len(iran.holidays_of(year)) <= 34, year
    assert JalaliDate(1403, 12, 30).to_gregorian() in holidays, "the last day of a leap year"
    estimated = [one.date for one in iran.holidays if one.estimated]
    assert min(estimated) == date(2027, 1, 6)
    assert not holidays[date(2027, 3, 21)].estimated, "Nowruz follows the sun"


def test_a_unit_without_a_calendar_has_that_of_the_nearest_unit_above(installed: Act) -> None:
    def choose(uow: UnitOfWork) -> None:
        assert calendars.choose(uow, "province", "iran-friday") is not None
        assert calendars.choose(uow, "province", "iran-friday") is None, "nothing has changed"

    assert installed("administrator", lambda uow: due(uow, "office")) == "2026-12-09"
    installed("administrator", choose)
    assert installed("administrator", lambda uow: due(uow, "office")) == "2026-12-08"
    assert installed("administrator", lambda uow: due(uow, "ministry")) == "2026-12-09"
    installed("administrator", lambda uow: calendars.choose(uow, "province", None))
    assert installed("administrator", lambda uow: due(uow, "office")) == "2026-12-09"


def test_the_root_unit_keeps_a_calendar_and_others_choose_existing_ones(installed: Act) -> None:
    with pytest.raises(Conflict, match="must have a calendar"):
        installed("administrator", lambda uow: calendars.choose(uow, "root", None))
    with pytest.raises(Invalid):
        installed("administrator", lambda uow: calendars.choose(uow, "office", "lunar"))


def _execute(statement: str, session: Session, _: datetime) -> None:
    session.execute(text(statement))


def test_a_version_never_changes(installed: Act, database: Database) -> None:
    for change in ("UPDATE calendar_versions SET number = 2", "DELETE FROM calendar_versions"):
        with pytest.raises(IntegrityError, match="never changes"):
            database.run(partial(_execute, change))


def version(document: Document, since: str | None = None) -> NewVersion:
    return NewVersion(document, None if since is None else date.fromisoformat(since), "test")


def test_a_version_applies_from_its_day_on(installed: Act) -> None:
    def shorten(uow: UnitOfWork) -> None:
        document = editing.get(uow, "iran").document
        week = {**document.week, "wednesday": Hours(480, 720)}
        calendars.change(
            uow,
            "iran",
            version(Document(week, True, document.years, document.holidays), "2026-12-08"),
            based_on=1,
        )

    def look(uow: UnitOfWork) -> None:
        found = calendars.of_unit(uow, units.get(uow, "office")["id"])
        assert found.version == "iran/2"
        closes = [
            day.closes for number in (2, 9) if (day := found.calendar.office_day(date(2026, 12, number)))
        ]
        assert [instant.hour for instant in closes] == [16, 12]

    installed("administrator", shorten)
    installed("administrator", look)


def test_a_newer_version_replaces_those_that_apply_later(installed: Act) -> None:
    def change(uow: UnitOfWork, closes: int, since: str | None, based_on: int) -> None:
        document = editing.get(uow, "iran").document
        week = dict.fromkeys(document.week, Hours(480, closes))
        calendars.change(
            uow,
            "iran",
            version(Document(week, True, document.years, document.holidays), since),
            based_on=based_on,
        )

    def hours(uow: UnitOfWork) -> list[int]:
        found = calendars.of_unit(uow, units.get(uow, "office")["id"]).calendar
        days = [found.office_day(date(2026, 12, number)) for number in (1, 8, 15, 22)]
        return [day.closes.hour for day in days if day is not None]

    installed("administrator", lambda uow: change(uow, 900, "2026-12-14", 1))
    assert installed("administrator", hours) == [16, 16, 15, 15]
    installed("administrator", lambda uow: change(uow, 840, "2026-12-07", 2))
    assert installed("administrator", hours) == [16, 14, 14, 14]
    installed("administrator", lambda uow: change(uow, 780, "2026-12-20", 3))
    assert installed("administrator", hours) == [16, 14, 14, 13]
    installed("administrator", lambda uow: change(uow, 720, None, 4))
    assert installed("administrator", hours) == [12, 12, 12, 12]


def test_a_calendar_that_has_changed_meanwhile_is_not_overwritten(installed: Act) -> None:
    def change(uow: UnitOfWork) -> None:
        calendars.change(uow, "iran", version(editing.get(uow, "iran").document), based_on=1)

    installed("administrator", change)
    with pytest.raises(Conflict, match="newest version is 2"):
        installed("administrator", change)


def test_a_lunar_holiday_is_corrected_the_day_before(installed: Act) -> None:
    def correct(uow: UnitOfWork) -> None:
        document = editing.get(uow, "iran").document
        moved = Holiday(date(2027, 3, 9), "عید سعید فطر | Eid al-Fitr")
        calendars.change(
            uow, "iran", version(editing.corrected(document, [moved], [date(2027, 3, 10)])), based_on=1
        )

    start = datetime(2027, 3, 6, 8, tzinfo=UTC)
    assert installed("administrator", lambda uow: due(uow, "office", "P3WD", start)) == "2027-03-09"
    installed("administrator", correct)
    assert installed("administrator", lambda uow: due(uow, "office", "P2WD", start)) == "2027-03-08"
    assert installed("administrator", lambda uow: due(uow, "office", "P3WD", start)) == "2027-03-10"


def test_removing_what_is_no_holiday_is_refused(installed: Act) -> None:
    document = shipped.calendars()[0].document
    with pytest.raises(Invalid, match="can't be saved"):
        editing.corrected(document, [], [date(2026, 12, 2)])


def test_closures_concern_a_unit_and_all_below_it_until_they_are_revoked(installed: Act) -> None:
    first, last = date(2026, 12, 9), date(2026, 12, 9)
    closure, _ = installed(
        "administrator", lambda uow: calendars.declare(uow, "province", first, last, "air")
    )
    installed(
        "administrator", lambda uow: calendars.declare(uow, "ministry", date(2026, 12, 8), last, "cold")
    )
    assert installed("administrator", lambda uow: due(uow, "office")) == "2026-12-13"
    assert installed("administrator", lambda uow: due(uow, "root")) == "2026-12-09"
    shown = installed("administrator", lambda uow: closures.of_unit(uow, "office"))
    assert [(row["unit"], row["reason"]) for row in shown] == [("province", "air"), ("ministry", "cold")]
    installed("administrator", lambda uow: calendars.revoke(uow, closure))
    with pytest.raises(Conflict, match="already"):
        installed("administrator", lambda uow: calendars.revoke(uow, closure))
    assert installed("administrator", lambda uow: due(uow, "office")) == "2026-12-13", (
        "the other one overlaps"
    )


@pytest.mark.parametrize(
    ("first", "last", "reason", "pointer"),
    [
        ("2026-12-09", "2026-12-08", "air", "/last"),
        ("2026-12-09", "2027-12-10", "air", "/last"),
        ("2026-12-09", "2026-12-09", "It is too cold", "/reason"),
    ],
)
def test_closures_that_make_no_sense_are_refused(
    installed: Act, first: str, last: str, reason: str, pointer: str
) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)
    with pytest.raises(Invalid) as caught:
        installed("administrator", lambda uow: calendars.declare(uow, "office", *days, reason))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_a_year_without_holidays_is_named(installed: Act) -> None:
    with pytest.raises(NoHolidays, match="1407"):
        installed("administrator", lambda uow: due(uow, "office", start=datetime(2028, 3, 18, 8, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        (Document({}, True, None), ["no-working-day"]),
        (Document(EVERY_DAY, True, None, [Holiday(date(2026, 12, 1), "x")]), ["no-years"]),
        (Document(EVERY_DAY, False, frozenset({2026}), [Holiday(date(2026, 12, 1), "")]), ["text"]),
        (
            Document(EVERY_DAY, False, frozenset({2026}), [Holiday(date(2026, 12, 1), "x")] * 2),
            ["repeated"],
        ),
        (Document(EVERY_DAY, False, frozenset({26})), ["calendar-year"]),
    ],
)
def test_calendars_that_make_no_sense_are_refused(
    installed: Act, document: Document, codes: list[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        installed(
            "administrator", lambda uow: calendars.create(uow, NewCalendar("own", "own", "office", document))
        )
    assert [fault.code for fault in caught.value.faults] == codes


def test_what_is_unknown_or_taken(installed: Act) -> None:
    document = Document(EVERY_DAY, False, None)
    new = NewCalendar("iran", "again", "office", document)
    with pytest.raises(Conflict, match="already in use"):
        installed("administrator", lambda uow: calendars.create(uow, new))
    with pytest.raises(NotFound):
        installed("administrator", lambda uow: editing.get(uow, "lunar"))
    with pytest.raises(NotFound):
        installed("administrator", lambda uow: editing.get(uow, "iran", 9))
    with pytest.raises(NotFound):
        installed("administrator", lambda uow: editing.of_unit(uow, "nowhere"))


def test_each_change_is_in_the_administration_log(installed: Act) -> None:
    def change(uow: UnitOfWork) -> None:
        calendars.create(uow, NewCalendar("own", "own", "office", Document(EVERY_DAY, False, None)))
        calendars.choose(uow, "office", "own")
        calendars.change(uow, "own", version(Document(EVERY_DAY, False, None)), based_on=1)
        closure, _ = calendars.declare(uow, "office", date(2026, 12, 1), date(2026, 12, 1), "snow")
        calendars.revoke(uow, closure)

    installed("administrator", change)
    kinds = [row["kind"] for row in installed("administrator", recorded_changes.page)]
    expected = ["made", "chosen", "changed", "closure", "reopened"]
    assert [kind for kind in kinds if kind.startswith("calendar.")] == [f"calendar.{one}" for one in expected]
