"""The funnel: each application is counted once at each stage, whatever its applicant does."""

import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, text, update

from engine.models import ApplicationCount, ApplicationDraft
from engine.platform.db import Actor, Database, UnitOfWork
from engine.portal import application_drafts
from engine.portal.funnel import Counts
from tests import factories
from tests.organisation import a_member, a_unit
from tests.web.applying import FIELDS, Applicant, an_applicant, apply_here, me, service
from tests.web.conftest import Browser

__all__ = ["apply_here", "me"]  # fixtures

SessionOf = Callable[[Actor], Browser]


def counts(database: Database, version: int | None = None) -> Counts:
    """All numbers of the service `p`, or of one version."""
    found = Counts()
    with database.transaction() as session:
        for row in session.scalars(select(ApplicationCount).where(ApplicationCount.key == "p")):
            if version in (None, row.version):
                found.add(row.stage, row.step, row.count)
    return found


def total(found: Counts) -> tuple[int, dict[int, int], int, int, int]:
    return found.begun, dict(found.steps), found.sent, found.discarded, found.expired


def test_application_is_counted_once_at_each_stage(me: Applicant, database: Database) -> None:
    assert me.browser.get("/services/p/apply/1").status_code == 200
    assert total(counts(database)) == (0, {}, 0, 0, 0)  # looking is not beginning
    me.fill()
    assert total(counts(database)) == (1, {1: 1, 2: 1}, 0, 0, 0)
    me.fill()  # the same answers again
    me.post("/services/p/apply/2", {"back": "1"})  # takes the second step back
    me.post("/services/p/apply/2", {"data/f7": "x"})
    assert total(counts(database)) == (1, {1: 1, 2: 1}, 0, 0, 0)
    assert me.post("/services/p/apply/check", {}).status_code == 303
    assert total(counts(database)) == (1, {1: 1, 2: 1}, 1, 0, 0)
    me.apply()
    assert total(counts(database)) == (2, {1: 2, 2: 2}, 2, 0, 0)


def test_unfinished_step_is_begun_and_not_answered(me: Applicant, database: Database) -> None:
    me.post("/services/p/apply/1", {"data/f1": "x", "back": "1"})
    assert total(counts(database)) == (1, {}, 0, 0, 0)


def test_refused_answer_is_not_counted(me: Applicant, database: Database) -> None:
    assert me.post("/services/p/apply/1", {"data/f1": "x", "data/f2": "3"}).status_code == 422
    assert total(counts(database)) == (0, {}, 0, 0, 0)


def test_discarded_and_expired_applications_remain_in_the_numbers(me: Applicant, database: Database) -> None:
    me.post("/services/p/apply/1", {"data/f1": "x"})
    (path,) = re.findall(r'href="(/my/drafts/[\w-]+/discard)"', me.get("/my"))
    me.post(path, {})
    me.post(path, {}, on="/account")  # a second click: it is gone
    me.post("/services/p/apply/1", {"data/f1": "x"})
    with database.transaction() as session:
        old = ApplicationDraft.updated_at - timedelta(days=31)
        session.execute(update(ApplicationDraft).values(updated_at=old))
    for _ in range(2):
        database.run(
            lambda session, now: application_drafts.forget(UnitOfWork(session, me.actor, now)), "single"
        )
    assert total(counts(database)) == (2, {1: 2}, 0, 1, 1)


def test_another_form_counts_from_its_first_step(me: Applicant, database: Database) -> None:
    me.fill()
    factories.deploy(database, service(start=factories.form(("f1",), f1={"type": "string", "title": "1"})))
    me.post("/services/p/apply/1", {"data/f1": "x"})
    me.post("/services/p/apply/check", {})
    assert total(counts(database, 1)) == (1, {1: 1, 2: 1}, 0, 0, 0)
    assert total(counts(database, 2)) == (0, {1: 1}, 1, 0, 0)


def test_service_without_a_form_is_begun_and_sent(me: Applicant, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    assert me.post("/services/p/apply/check", {}, on="/account").status_code in (303, 404)
    factories.as_actor(database, me.actor, lambda uow: application_drafts.submit_service(uow, "p"))
    assert total(counts(database)) == (1, {}, 1, 0, 0)


def test_windows_at_once_count_an_application_once(me: Applicant, database: Database) -> None:
    def answer(_: int) -> None:
        def command(uow: UnitOfWork) -> None:
            draft = application_drafts.of_service(uow, "p")
            application_drafts.answer(uow, draft, FIELDS[:6], {"f1": "x"}, 1)

        factories.as_actor(database, me.actor, command)

    made = factories.at_once(8, answer)
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    assert total(counts(database)) == (1, {1: 1}, 0, 0, 0)


def test_many_applicants_at_once_are_all_counted(
    database: Database, actor: Callable[..., Actor], apply_here: None, session_of: SessionOf
) -> None:
    people = [
        an_applicant(database, actor, session_of, f"a{number}", person).actor
        for number, person in enumerate(["0012345679", "0084575948", "0000004091", "0000000116"])
    ]

    def apply(number: int) -> None:
        def command(uow: UnitOfWork) -> None:
            draft = application_drafts.of_service(uow, "p")
            application_drafts.answer(uow, draft, FIELDS[:6], {"f1": "x"}, 1)

        factories.as_actor(database, people[number], command)

    made = factories.at_once(len(people), apply)
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    assert total(counts(database)) == (4, {1: 4}, 0, 0, 0)


def test_numbers_refer_to_nobody(me: Applicant, database: Database) -> None:
    me.apply()
    with database.transaction() as session:
        rows = session.execute(text("SELECT * FROM application_counts")).mappings().all()
    assert {name for row in rows for name in row} == {"key", "version", "day", "stage", "step", "count"}


def test_pages_show_the_numbers_of_own_services(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: SessionOf
) -> None:
    me.apply()
    for role in ("manager", "auditor", "designer", "administrator"):
        browser = session_of(actor(role))
        assert 'href="/funnel/p"' in browser.get("/funnel").text, role
        page = browser.get("/funnel/p?lang=en").text
        assert "Step 2 answered" in page
        assert browser.get("/funnel/p?since=1405/01/01&until=1405/12/01").status_code == 200
        assert browser.get("/funnel/p?since=soon").status_code == 422
        assert browser.get("/funnel/q").status_code == 404
    assert 'href="/funnel/p"' in session_of(actor("designer")).get("/designer/p").text
    a_unit(database, "elsewhere", kind="agency")
    far = session_of(a_member(database, "far", "elsewhere", "*", "manager"))
    assert "/funnel/p" not in far.get("/funnel").text
    assert far.get("/funnel/p").status_code == 404
    assert session_of(actor("caseworker")).get("/funnel").status_code == 403
    assert me.browser.get("/funnel").status_code == 403
