"""Published statistics: each month once, as the overview has it, and never changed afterwards."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine.models import OrganisationRecord, Publication, PublishedFigures
from engine.oversight.metrics import Filters, overview
from engine.oversight.publication import editions, months, reading, rows
from engine.oversight.publication.rounding import COUNTS, RESULT, TERM
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, Invalid, NotFound
from engine.platform.language import Calendar
from tests import factories, publishing
from tests.histories import ZONE

REASON = "گزارش قطعی سامانه دیر ثبت شده بود."
MONTH = "1405-08"
SUMS = (*COUNTS, "margin")


@pytest.fixture
def history(database: Database, database_url: str) -> Database:
    publishing.a_history(database, database_url)
    return database


def test_a_month_says_what_the_overview_says_rounded(history: Database) -> None:
    """Each figure is a multiple of its step and near the true one; sums are those of what is shown."""
    found = publishing.publish(history)
    assert [one.month.name for one in found] == ["1405-05", "1405-06", "1405-07", MONTH]
    manager = factories.an_actor(history, "manager")
    compared = 0
    for one in found:
        with history.transaction() as session:
            uow = UnitOfWork(session, manager, publishing.LATER)
            stored = reading.rows(session, one.id)
            counted = reading.counted(session, one.id)
            services = [row for row in stored if row[1]]
            assert {*counted} == {*services}
            for row in services:
                compared += _compare(_overview(uow, one, row[1]), stored[row], counted[row].counts)
            for row in stored:
                below = [stored[one] for one in services if row[0] in ("", one[0])]
                if not row[1]:
                    assert all(stored[row][name] == sum(one[name] for one in below) for name in SUMS)
    assert compared > 30


def _overview(uow: UnitOfWork, one: reading.Edition, service: str) -> dict[str, Any]:
    """What oversight says of a service in a month, by the names of what is published."""
    asked = Filters(definition=service, first=one.month.first, last=one.month.last)
    numbers = overview(uow, asked).numbers
    return {
        **{name: getattr(numbers, name).value for name in ("started", "closed", "silent")},
        "timely": numbers.on_time.value,
        "refused_share": numbers.refused.value,
        "median_hours": rows.hours(_whole(numbers.median.value)),
        "most_hours": rows.hours(_whole(numbers.most.value)),
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _compare(said: Mapping[str, Any], figures: Mapping[str, Any], counts: Mapping[str, int]) -> int:
    """Returns how many figures the overview has, too; fails if one differs, or is rounded too far."""
    true: dict[str, Any] = dict(counts)
    timely = [counts[name] for name in ("on_time", "late", "silent")]
    decided = [counts[name] for name in ("granted", "refused")]
    if sum(timely):
        true["timely"] = round(counts["on_time"] / sum(timely), 6)
    if sum(decided):
        true["refused_share"] = round(counts["refused"] / sum(decided), 6)
    for name in ("median_hours", "most_hours"):
        if figures[name] is not None:
            true[name] = figures[name]
    for name in COUNTS:
        assert figures[name] % (figures["margin"] + 1) == 0
        assert abs(figures[name] - counts[name]) <= figures["margin"]
    for names in (TERM, RESULT):
        assert sum(figures[name] for name in names) == figures["closed"]
    both = [name for name in said if said[name] is not None and name in true]
    assert {name: true[name] for name in both} == {name: said[name] for name in both}
    return len(both)


def test_a_month_is_published_on_the_fifth_day_after_it_once(history: Database) -> None:
    early = datetime(2026, 11, 25, 23, tzinfo=ZONE)
    assert [one.month.name for one in publishing.publish(history, now=early)][-1:] == ["1405-07"]
    due = datetime(2026, 11, 26, 0, 30, tzinfo=ZONE)
    done = factories.at_once(2, lambda _: publishing.as_system(history, _publish, due))
    assert sorted(one is None for one in done) == [False, True]
    assert factories.count(history, Publication) == 4
    assert publishing.publish(history, now=due) == []
    logged = OrganisationRecord.kind == "statistics.published"
    assert factories.count(history, OrganisationRecord, logged) == 4


def _publish(uow: UnitOfWork) -> reading.Edition | None:
    return editions.publish(uow, "jalali")


def test_figures_that_are_behind_are_not_published(history: Database) -> None:
    with history.transaction() as session:
        session.execute(
            text(
                "UPDATE case_figures SET seq = 0 WHERE case_id = (SELECT min(case_id::text)::uuid"
                " FROM case_figures)"
            )
        )
    assert publishing.publish(history) == []
    publishing.project(history)
    months_of_the_other_calendar_never_share_a_day_with_published_ones(history)


def months_of_the_other_calendar_never_share_a_day_with_published_ones(history: Database) -> None:
    found = publishing.publish(history, now=datetime(2026, 11, 27, tzinfo=ZONE))
    later = datetime(2027, 2, 20, tzinfo=ZONE)
    others = publishing.publish(history, "gregorian", later)
    assert found[-1].month.last.isoformat() == "2026-11-21"
    assert [one.month.name for one in others] == ["2026-12", "2027-01"], "November is never published"


def test_editions_are_immutable_and_have_their_digest_in_the_log(history: Database) -> None:
    found = publishing.publish(history)[-1]
    with history.transaction() as session:
        stored = reading.rows(session, found.id)
        logged = session.scalars(
            select(OrganisationRecord.payload).where(OrganisationRecord.kind == "statistics.published")
        ).all()
    assert rows.digest(MONTH, 1, None, stored).hex() == found.digest
    assert found.digest in [entry["digest"] for entry in logged]
    for statement in ("UPDATE publications SET edition = 7", "DELETE FROM published_figures"):
        with pytest.raises(DBAPIError, match="never change"), history.transaction() as session:
            session.execute(text(statement))
    with history.transaction() as session:  # as erasing does
        session.execute(text("UPDATE events SET payload = NULL, salt = NULL"))
    with history.transaction() as session:
        assert reading.rows(session, found.id) == stored
        every = session.scalars(select(PublishedFigures.figures)).all()
    assert all(figures[name] % 3 == 0 or figures[name] % 5 == 0 for figures in every for name in COUNTS)
    with pytest.raises(DBAPIError, match="never change"), history.transaction() as session:
        session.execute(text("UPDATE publication_keys SET secret = 'x'"))


def test_a_row_that_was_added_later_is_found_by_the_audit(history: Database) -> None:
    found = publishing.publish(history)[-1]
    with history.transaction() as session:
        assert [*editions.broken(session)] == []
        session.execute(
            text(
                "INSERT INTO published_figures SELECT publication_id, unit, 'invented', 99, figures"
                " FROM published_figures WHERE publication_id = :id AND service = 'trade-permit'"
            ),
            {"id": found.id},
        )
        assert len([*editions.broken(session)]) == 1


def test_true_figures_of_an_edition_that_were_exchanged_are_found_by_the_audit(history: Database) -> None:
    found = publishing.publish(history)[-1]
    with history.transaction() as session:
        session.execute(text("ALTER TABLE published_figures DISABLE TRIGGER published_figures_never_change"))
        changed = (
            "UPDATE published_figures SET counted = jsonb_set(counted, '{counts,late}', '77')"
            " WHERE publication_id = :id AND service = 'trade-permit'"
        )
        session.execute(text(changed), {"id": found.id})
        assert len([*editions.broken(session)]) == 1


def test_a_month_that_is_published_again_is_the_same(history: Database) -> None:
    """As after a restored backup: readers have seen the month before, and must learn nothing from another."""
    publishing.publish(history, now=datetime(2026, 11, 25, tzinfo=ZONE))

    def once(uow: UnitOfWork) -> tuple[str, str]:
        with uow.session.begin_nested() as undone:
            made = editions.publish(uow, "jalali")
            undone.rollback()
        again = editions.publish(uow, "jalali")
        assert made
        assert again
        return made.digest, again.digest

    first, second = publishing.as_system(history, once)
    assert first == second


def test_a_month_that_was_published_unrounded_is_not_corrected(history: Database) -> None:
    publishing.publish(history)
    with history.transaction() as session:
        session.execute(text("ALTER TABLE published_figures DISABLE TRIGGER published_figures_never_change"))
        session.execute(text("UPDATE published_figures SET counted = NULL, figures = figures - 'margin'"))
    with pytest.raises(Conflict) as unrounded:
        publishing.as_system(history, _correct)
    assert unrounded.value.code == "published-unrounded"


def test_a_month_whose_figures_are_being_computed_is_not_corrected(history: Database) -> None:
    publishing.all_granted(history)
    publishing.publish(history)
    assert publishing.late(history, 7) == 7
    with history.transaction() as session:
        session.execute(
            text(
                "UPDATE case_figures SET seq = 0 WHERE case_id = (SELECT min(case_id::text)::uuid"
                " FROM case_figures)"
            )
        )
    with pytest.raises(Conflict) as pending:
        publishing.as_system(history, _correct)
    assert pending.value.code == "figures-pending"


def _correct(uow: UnitOfWork) -> reading.Edition:
    return editions.correct_for_operator(uow, MONTH, REASON)


def test_a_correction_is_another_edition_and_the_first_one_remains(history: Database) -> None:
    publishing.all_granted(history)
    first = publishing.publish(history)[-1]
    with pytest.raises(Conflict) as nothing:
        publishing.as_system(history, _correct)
    assert nothing.value.code == "nothing-to-correct"
    assert publishing.late(history, 10) == 10
    second = publishing.as_system(history, _correct)
    with history.transaction() as session:
        before, after = (reading.rows(session, one.id) for one in (first, second))
        found = reading.editions_of(session, MONTH)
        assert [*editions.broken(session)] == []
    assert [(one.edition, one.reason) for one in found] == [(2, REASON), (1, None)]
    changed = {row for row in before if before[row] != after[row]}
    assert {("root", "trade-permit"), ("root", ""), ("", "")} == changed
    own = after["root", "trade-permit"]
    more = own["late"] - before["root", "trade-permit"]["late"]
    assert abs(more - 10) < 5
    assert own["margin"] > before["root", "trade-permit"]["margin"]
    assert (
        after["", ""]["late"] - before["", ""]["late"] == own["late"] - before["root", "trade-permit"]["late"]
    )

    _who_corrects_and_what_a_reason_is(history)


def _who_corrects_and_what_a_reason_is(history: Database) -> None:
    manager, administrator = (factories.an_actor(history, one) for one in ("manager", "administrator"))

    def correct(who: Actor, name: str, reason: str) -> None:
        history.run(lambda session, now: editions.correct_month(UnitOfWork(session, who, now), name, reason))

    with pytest.raises(Forbidden):
        correct(manager, MONTH, REASON)
    for reason in ("", "  short  ", "x" * 501, "a reason\nof two lines"):
        with pytest.raises(Invalid):
            correct(administrator, MONTH, reason)
    for name in ("1405-13", "1405-12", "2026-10", "9999-01", "۱۴۰۵-۰۸", "x" * 5000):
        with pytest.raises(NotFound):
            correct(administrator, name, REASON)


def test_months_have_names_in_both_calendars() -> None:
    day = date(2026, 10, 25)
    calendars: Mapping[str, Calendar] = {MONTH: "jalali", "2026-10": "gregorian"}
    for name, calendar in calendars.items():
        month = months.month_at(day, calendar)
        assert (month.name, months.named(name)) == (name, month)
        assert month.due - month.last == timedelta(days=5)
    for wrong in ("1405-00", "1405-13", "9999-12", "0000-01", "1405-8", "1405-08\n", ""):
        assert months.named(wrong) is None


def test_the_calendar_is_a_setting() -> None:
    assert Settings.read({}).published_calendar == "jalali"
    assert Settings.read({"PUBLISHED_CALENDAR": "gregorian"}).published_calendar == "gregorian"
    with pytest.raises(ValueError, match="PUBLISHED_CALENDAR"):
        Settings.read({"PUBLISHED_CALENDAR": "lunar"})
