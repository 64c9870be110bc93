"""Progress reports: forged signatures are found, nobody signs own words, and each agency has to report."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from engine.models import ReportActionChange, Unit, User
from engine.oversight import commitments, reports
from engine.oversight.audit import verification
from engine.oversight.reports import ActionChanges, NewAction, ReportTexts, Words
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, NotFound, OwnReport
from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.typesetting import Note, Table
from tests import factories
from tests.committing import a_past, at, plant, promise
from tests.organisation import a_member, a_unit
from tests.web.conftest import statements

MAY, JUNE = (date(2026, 5, 1), date(2026, 5, 31)), (date(2026, 6, 1), date(2026, 6, 30))
JULY_2 = date(2026, 7, 2)
COPY = """
INSERT INTO progress_reports
    SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'edition', 9))).*
    FROM progress_reports r WHERE id = :id
"""


@pytest.fixture
def agency(database: Database) -> str:
    a_unit(database, "agency", kind="agency")
    return "agency"


@pytest.fixture
def people(database: Database, agency: str) -> list[Actor]:
    return [a_member(database, name, agency, "*", "manager") for name in ("writer", "signer", "third")]


def begin(database: Database, who: Actor, days: tuple[date, date] = MAY) -> UUID:
    made: UUID = at(database, who, JULY_2, reports.create, "agency", *days)
    return made


def sign(database: Database, who: Actor, report: UUID, day: date = JULY_2) -> None:
    def run(uow: UnitOfWork) -> None:
        reports.sign(uow, report, reports.read(uow, report).digest)

    at(database, who, day, run)


def day(number: int) -> date:
    return date(2026, 7, number)


def decide(database: Database, who: Actor, report: UUID, words: str = "hire") -> UUID:
    new = NewAction(words, who.id, date(2026, 8, 1))
    made: UUID = at(database, who, JULY_2, reports.add_action, report, new)
    return made


def broken(session: Any) -> list[tuple[bool, UUID | None]]:
    return [(seq is not None, found) for seq, found in reports.broken(session)]


@pytest.mark.parametrize(
    "forgery",
    [
        "signed_by = (SELECT id FROM users WHERE name = 'third')",
        "signed_at = signed_at - interval '1 day'",
        "signer_names = jsonb_build_object('fa', 'x', 'en', 'x')",
        "unit_id = (SELECT id FROM units WHERE key = 'root')",
        "first = '2026-04-01', last = '2026-04-30'",
        "edition = 2",
        "digest = repeat('0', 64)",
        "content = replace(content, '2026-05-31', '2026-05-30')",
    ],
)
def test_a_forged_signature_is_found(database: Database, people: list[Actor], forgery: str) -> None:
    report = begin(database, people[0])
    sign(database, people[1], report)
    with database.transaction() as session:
        assert broken(session) == []
        assert reports.read(UnitOfWork(session, people[0], datetime.now().astimezone()), report).intact
        session.execute(text("ALTER TABLE progress_reports DISABLE TRIGGER signed_reports_never_change"))
        session.execute(text(f"UPDATE progress_reports SET {forgery} WHERE id = :id"), {"id": report})
        session.expire_all()
        administrator = factories.an_actor(database, "administrator")
        assert broken(session) == [(True, report)]
        seen = reports.read(UnitOfWork(session, administrator, datetime.now().astimezone()), report)
        assert not seen.intact
        session.rollback()


def test_a_signed_report_cannot_be_inserted(database: Database, people: list[Actor]) -> None:
    report = begin(database, people[0])
    sign(database, people[1], report)
    with pytest.raises(DBAPIError, match="begins as a draft"), database.transaction() as session:
        session.execute(text(COPY), {"id": report})
    with database.transaction() as session:
        session.execute(text("ALTER TABLE progress_reports DISABLE TRIGGER reports_begin_as_drafts"))
        session.execute(text(COPY), {"id": report})
        ((recorded, found),) = broken(session)
        assert (recorded, found != report) == (False, True)
        assert verification.verify(session).counts == {"report-unrecorded": 1}
        session.rollback()


def test_the_signers_name_is_that_of_the_signature(database: Database, people: list[Actor]) -> None:
    report = begin(database, people[0])
    sign(database, people[1], report)
    with database.transaction() as session:
        session.execute(update(User).where(User.id == people[1].id).values(full_name_en="Married Name"))
    seen = at(database, people[0], JULY_2, reports.read, report)
    assert (seen.row["signer"]["en"], seen.intact) == ("signer", True)


def test_who_changed_a_shown_action_before_the_draft_was_begun_does_not_sign(
    database: Database, people: list[Actor]
) -> None:
    writer, signer, third = people
    action = decide(database, writer, may := begin(database, writer))
    sign(database, signer, may, day(3))
    at(database, signer, day(4), reports.change_action, action, ActionChanges(text="my own words"))
    june = begin(database, third, JUNE)
    names = [one["names"]["en"] for one in at(database, third, day(5), reports.read, june).content["writers"]]
    assert sorted(names) == ["signer", "third"]  # not the writer of May, whose words were signed
    with pytest.raises(OwnReport):
        sign(database, signer, june, day(5))
    sign(database, writer, june, day(5))
    quarter = begin(database, third, (date(2026, 4, 1), date(2026, 6, 30)))
    sign(database, signer, quarter, day(6))  # another person has signed his words by now


def test_explanations_are_those_of_today_and_awaited_for_14_days(
    database: Database, people: list[Actor], agency: str
) -> None:
    administrator = a_member(database, "an administrator", agency, "*", "administrator")
    a_past(database)
    plant(database, agency, {date(2026, 5, 1): (1, 10), date(2026, 6, 1): (1, 10)})
    made = at(database, administrator, date(2026, 4, 2), commitments.make, promise(agency, MAY[1]))
    report = at(database, people[0], date(2026, 6, 3), reports.create, agency, *MAY)
    june = at(database, people[0], date(2026, 6, 3), reports.create, agency, *JUNE)

    def said(day: date, of: UUID = june) -> tuple[str, str]:
        content = at(database, people[0], day, reports.read, of).content
        words = Words(messages(Reader("en", "gregorian", None)))
        (table,) = next(one for one in reports.sections(content, words) if one.name == "commitments").blocks
        assert isinstance(table, Table)
        month = "May" if day < date(2026, 7, 1) or of == report else "June"
        assert table.rows[0][2:4] == ("at least 80%", f"10% ({month} 2026)")
        state, explained = table.rows[0][5:]
        return state, explained

    assert said(date(2026, 6, 14)) == ("missed", "explanation awaited until 14 June 2026")
    assert said(date(2026, 6, 15)) == ("missed", "explanation missing")
    assert said(date(2026, 6, 15), report)[0] == "missed"  # on its last day, as on the page of commitments
    at(database, people[0], date(2026, 7, 3), commitments.explain, made, "staff", "two left")
    assert said(date(2026, 7, 3)) == ("missed", "people or skills were missing: two left")


def test_day_from_which_a_commitment_holds_is_said(
    database: Database, people: list[Actor], agency: str
) -> None:
    """A report of before the second kind has no kind: its day is the one by which it was due."""
    administrator = a_member(database, "an administrator", agency, "*", "administrator")
    a_past(database)
    plant(database, agency, {MAY[0]: (1, 10)})
    new = promise(agency, MAY[0], kind="hold-from")
    at(database, administrator, date(2026, 4, 2), commitments.make, new)
    report = at(database, people[0], date(2026, 6, 3), reports.create, agency, *MAY)
    content = at(database, people[0], date(2026, 6, 3), reports.read, report).content
    words = Words(messages(Reader("en", "gregorian", None)))

    def row() -> Sequence[str]:
        (table,) = next(one for one in reports.sections(content, words) if one.name == "commitments").blocks
        assert isinstance(table, Table)
        return [str(cell) for cell in table.rows[0]]

    assert row()[4:6] == ["from 1 May 2026 on", "not held"]
    assert row()[6] == "explanation awaited until 14 June 2026"
    del content["commitments"][0]["kind"]
    assert row()[4] == "1 May 2026"


def test_each_agency_that_existed_has_to_report(database: Database, people: list[Actor], agency: str) -> None:
    minister = factories.an_actor(database, "manager", "minister")
    a_unit(database, "below", agency, kind="agency")
    for key, column, day in (
        ("young", Unit.created_at, date(2026, 6, 1)),
        ("closed", Unit.closed_at, date(2026, 6, 20)),
        ("long-gone", Unit.closed_at, date(2026, 4, 30)),
    ):
        unit = a_unit(database, key, kind="agency")
        with database.transaction() as session:
            session.execute(update(Unit).where(Unit.id == unit).values({column: day}))

    def listed(days: tuple[date, date]) -> list[str]:
        found = at(database, minister, JULY_2, reports.compare, *days)
        assert [one.unit for one in found.lines] == [one.unit for one in found.silent]
        return [line.unit for line in found.lines]

    assert listed(MAY) == ["agency", "below", "closed"]
    assert listed(JUNE) == ["agency", "below", "closed", "young"]
    at(database, minister, JULY_2, reports.create, "closed", *JUNE)
    with pytest.raises(NotFound):
        at(database, minister, JULY_2, reports.create, "long-gone", *MAY)


def test_of_many_agencies_all_missing_reports_are_counted(database: Database) -> None:
    minister = factories.an_actor(database, "manager", "minister")
    for number in range(61):
        a_unit(database, f"agency-{number:02}", kind="agency")
    found = at(database, minister, JULY_2, reports.compare, *MAY)
    assert (len(found.lines), found.total, len(found.silent)) == (60, 61, 61)
    assert found.silent[-1].unit == "agency-60"


def test_a_draft_without_actions_can_be_discarded(database: Database, people: list[Actor]) -> None:
    writer, signer, _ = people
    report = begin(database, writer)
    at(database, writer, JULY_2, reports.write, report, ReportTexts("by mistake"))
    at(database, signer, JULY_2, reports.discard, report)
    with pytest.raises(NotFound):
        at(database, writer, JULY_2, reports.read, report)
    decided = begin(database, writer)
    decide(database, writer, decided)
    signed = begin(database, writer, JUNE)
    sign(database, signer, signed)
    for refused, code in ((decided, "report-has-actions"), (signed, "report-signed")):
        with pytest.raises(Conflict) as told:
            at(database, writer, JULY_2, reports.discard, refused)
        assert told.value.code == code
    stranger = a_member(database, "stranger", far_away(database), "*", "manager")
    with pytest.raises(NotFound):
        at(database, stranger, JULY_2, reports.discard, decided)
    with database.transaction() as session:
        assert verification.verify(session).intact


def far_away(database: Database) -> str:
    a_unit(database, "far-away", kind="agency")
    return "far-away"


def test_the_newest_changes_of_actions_are_shown(
    database: Database, people: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports.actions, "CHANGES", 3)
    monkeypatch.setattr(reports.actions, "LISTED", 1)
    report = begin(database, people[0])
    action = decide(database, people[0], report)
    for day in range(2, 6):
        due = ActionChanges(due=date(2026, 8, day))
        at(database, people[0], JULY_2, reports.change_action, action, due)
    decide(database, people[0], report, "another")

    def read(uow: UnitOfWork) -> tuple[Any, Any]:
        return reports.forms(uow, reports.read(uow, report)).history, reports.open_actions(uow)

    history, opened = at(database, people[0], JULY_2, read)
    assert [one["facts"]["due"][-2:] for one in history] == ["04", "05", "01"]
    assert (len(opened.items), opened.total) == (1, 2)
    assert factories.count(database, ReportActionChange) == 6


def test_lists_of_a_unit_have_those_below_it(database: Database, people: list[Actor], agency: str) -> None:
    a_unit(database, "part", agency)
    far_away(database)
    writer = people[0]
    report = at(database, writer, JULY_2, reports.create, "part", *MAY)
    decide(database, a_member(database, "clerk", "part", "*", "manager"), report)

    def read(uow: UnitOfWork, unit: str) -> tuple[int, int]:
        return len(reports.page(uow, unit)), reports.open_actions(uow, unit).total

    assert at(database, writer, JULY_2, read, agency) == (1, 1)
    for unit in ("far-away", "nowhere"):
        with pytest.raises(NotFound):
            at(database, writer, JULY_2, reports.page, unit)
        with pytest.raises(NotFound):
            at(database, writer, JULY_2, reports.open_actions, unit)


def test_a_period_before_the_log_has_no_figures(database: Database, people: list[Actor]) -> None:
    report = begin(database, people[0])

    def cases(language: Any) -> str:
        content = at(database, people[0], JULY_2, reports.read, report).content
        words = Words(messages(Reader(language, "gregorian", None)))
        note = next(one for one in reports.sections(content, words) if one.name == "cases").blocks[0]
        assert isinstance(note, Note)
        return note.text

    assert "the log has nothing" in cases("en")
    a_past(database)
    assert "no case started or ended" in cases("en")


def test_a_draft_with_commitments_of_each_kind_needs_few_statements(
    database: Database, people: list[Actor], agency: str
) -> None:
    administrator = a_member(database, "an administrator", agency, "*", "administrator")
    a_past(database)
    plant(database, agency, {MAY[0]: (1, 10)})
    for metric in ("on_time", "median", "services_online", "stars"):
        target = 1 if metric == "stars" else 80
        for calendar, due in (("gregorian", MAY[1]), ("jalali", date(2026, 5, 30))):
            new = promise(agency, due, metric=metric, target=target, calendar=calendar)
            at(database, administrator, date(2026, 4, 2), commitments.make, new)
    report = begin(database, people[0])
    decide(database, people[0], report)

    def read(uow: UnitOfWork) -> None:
        reports.forms(uow, reports.read(uow, report))

    with statements(database) as told:
        at(database, people[0], JULY_2, read)
    assert len(told) <= 24, "\n".join(one[:150] for one in told)
