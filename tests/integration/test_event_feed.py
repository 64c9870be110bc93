"""The feed of all cases' events: nothing is skipped, nothing comes twice, even after a restore."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine import cases, tasks
from engine.cli import migrate
from engine.events import feed
from engine.events.feed import START, Page, Position
from engine.models import Cursor, Event
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden
from tests import factories
from tests.outbound import settled

Actors = Callable[..., Actor]
AHEAD = 10**12  # transactions that another server has counted


@pytest.fixture
def reader(database: Database, actor: Actors) -> Callable[..., Page]:
    """`reader(after=…)` is one reading by an administrator."""
    administrator = actor("administrator")
    return lambda **how: factories.as_actor(database, administrator, lambda uow: feed.read(uow, **how))


def names(rows: Any) -> list[tuple[UUID, int]]:
    return [(row["case_id"], row["seq"]) for row in rows]


def everything(database: Database, reader: Callable[..., Page]) -> list[tuple[UUID, int]]:
    """What one who reads from the start to the end is given, once all that was written is settled."""
    settled(database)
    found, after, more = [], START, True
    while more:
        page = reader(after=after)
        found += names(page.items)
        after, more = page.next, page.more
    return found


def written(database: Database) -> set[tuple[UUID, int]]:
    with database.transaction() as session:
        return {(case, seq) for case, seq in session.execute(select(Event.case_id, Event.seq))}


def test_feed_gives_each_event_once_in_the_order_of_its_case(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    factories.deploy(database, factories.one_task())
    started = [factories.a_case(database, actor("portal")) for _ in range(3)]
    worker = actor("caseworker")
    for case in started:
        factories.as_actor(database, worker, partial(tasks.complete, task_id=case.tasks[0]["id"], data={}))
    found = everything(database, reader)
    assert len(found) == len(set(found))
    assert set(found) == written(database)
    for case in started:
        seqs = [seq for case_id, seq in found if case_id == case.id]
        assert seqs == list(range(1, len(seqs) + 1))


def test_feed_shows_what_happened_without_its_payload(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    factories.deploy(database, factories.one_task())
    case = factories.a_case(database, actor("portal"), data={"name": "نام"})
    settled(database)
    first = reader().items[0]
    assert (first["case_id"], first["seq"], first["kind"]) == (case.id, 1, "case.started")
    assert (first["case_number"], first["definition"], first["version"]) == (case.number, "p", 1)
    assert "نام" not in str(dict(first))


def test_what_commits_late_is_neither_skipped_nor_given_twice(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    factories.deploy(database, factories.one_task())
    with ExitStack() as late:
        session = late.enter_context(database.transaction())
        slow = cases.start(UnitOfWork(session, actor("portal"), datetime.now(UTC)), "p", {})
        own = session.scalar(text("SELECT (pg_current_xact_id()::text)::bigint"))
        quick = factories.a_case(database, actor("portal"))  # begins after it, and commits before it
        with database.transaction() as other:
            ids = set(other.scalars(select(Event.transaction_id).where(Event.case_id == quick.id)))
        assert own is not None
        assert own < min(ids)
        page = reader()
        assert page.items == []
        assert page.next == START
    settled(database)
    page = reader(after=page.next)
    assert {case for case, _ in names(page.items)} == {slow.id, quick.id}
    assert set(names(page.items)) == written(database)
    assert reader(after=page.next).items == []


def test_feed_gives_no_event_of_the_transaction_that_reads_it(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    with database.transaction() as session:
        cases.start(UnitOfWork(session, actor("portal"), datetime.now(UTC)), "p", {})
        own = feed.read(UnitOfWork(session, actor("administrator"), datetime.now(UTC)))
    assert own.items == []
    settled(database)
    with database.transaction() as session:
        assert feed.read(UnitOfWork(session, actor("administrator"), datetime.now(UTC))).items


def test_reading_while_others_write_misses_nothing(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    factories.deploy(database, factories.one_task())
    portal = actor("portal")
    found: list[tuple[UUID, int]] = []
    after = START

    def work(number: int) -> None:
        nonlocal after
        if number:
            for _ in range(20):
                with database.transaction() as session:
                    session.execute(text("SELECT pg_current_xact_id()"))  # ids and commits in other orders
                    cases.start(UnitOfWork(session, portal, datetime.now(UTC)), "p", {})
            return
        for _ in range(60):
            page = reader(after=after)
            found.extend(names(page.items))
            after = page.next

    assert factories.at_once(4, work) == [None] * 4
    settled(database)
    found.extend(names(reader(after=after).items))
    assert len(found) == len(set(found))
    assert set(found) == written(database)


def test_when_nothing_is_new_the_same_position_is_asked_with_again(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    assert (reader().items, reader().next, reader().more) == ([], START, False)
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    settled(database)
    end = reader().next
    assert (reader(after=end).items, reader(after=end).next) == ([], end)
    case = factories.a_case(database, actor("portal"))
    settled(database)
    assert {row["case_id"] for row in reader(after=end).items} == {case.id}


def test_feed_comes_in_pages(
    database: Database, actor: Actors, reader: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    for _ in range(3):
        factories.a_case(database, actor("portal"))
    monkeypatch.setattr(feed, "PAGE", 2)
    found = everything(database, reader)
    assert (len(found), set(found)) == (len(written(database)), written(database))


def test_filtered_page_goes_on_after_what_it_left_out(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    for key in ("p", "q"):
        factories.deploy(database, factories.one_task(key))
    wanted, _ = (factories.a_case(database, actor("portal"), key) for key in ("p", "q"))
    settled(database)
    page = reader(definition="p", kind="task.created")
    assert [(row["case_id"], row["kind"]) for row in page.items] == [(wanted.id, "task.created")]
    assert page.next == reader().next
    assert reader(after=page.next).items == []


@pytest.mark.parametrize("role", ["designer", "caseworker", "portal"])
def test_feed_is_for_administrators(database: Database, actor: Actors, role: str) -> None:
    with pytest.raises(Forbidden):
        factories.as_actor(database, actor(role), feed.read)


def restore(database: Database, actor: Actors) -> Position:
    """A log with one case from a server that has counted further, brought here; its last position."""
    factories.deploy(database, factories.one_task())
    own = "(pg_current_xact_id()::text)::bigint"
    default = "ALTER TABLE events ALTER COLUMN transaction_id SET DEFAULT "
    with database.transaction() as session:
        session.execute(text(f"{default}{own} + {AHEAD}"))
    factories.a_case(database, actor("portal"))
    with database.transaction() as session:
        session.execute(text(default + own))
        last = select(Event.transaction_id, Event.case_id, Event.seq, Event.hash)
        row = session.execute(last.order_by(Event.seq.desc()).limit(1)).one()
    return Position(row.transaction_id, row.case_id, row.seq, row.hash[:8])


def go_on(database: Database) -> bool:
    with database.transaction() as session:
        return feed.continue_after_restore(session)


def test_feed_goes_on_after_a_restore_on_a_server_that_counts_anew(
    database: Database, actor: Actors, reader: Callable[..., Page]
) -> None:
    end = restore(database, actor)
    assert go_on(database)
    case = factories.a_case(database, actor("portal"))
    found = everything(database, reader)
    assert (len(found), set(found)) == (len(written(database)), written(database))
    assert {row["case_id"] for row in reader(after=end).items} == {case.id}


def test_migrating_lets_the_feed_go_on(
    database: Database, database_url: str, actor: Actors, reader: Callable[..., Page]
) -> None:
    restore(database, actor)
    migrate.upgrade(database_url)
    factories.a_case(database, actor("portal"))
    assert set(everything(database, reader)) == written(database)


def test_restore_is_noticed_once(database: Database, actor: Actors) -> None:
    assert not go_on(database)
    restore(database, actor)
    assert go_on(database)
    factories.a_case(database, actor("portal"))
    assert not go_on(database)


def test_second_restore_goes_on_too(database: Database, actor: Actors, reader: Callable[..., Page]) -> None:
    restore(database, actor)
    assert go_on(database)
    with database.transaction() as session:  # as if the added number had been lost on the way
        session.execute(text("UPDATE cursors SET transaction_id = 0 WHERE name = 'restored'"))
    assert go_on(database)
    factories.a_case(database, actor("portal"))
    assert set(everything(database, reader)) == written(database)


def test_what_subscriptions_were_given_counts_too(database: Database) -> None:
    with database.transaction() as session:
        session.add(Cursor(name="webhooks", transaction_id=AHEAD))
    assert go_on(database)
    with database.transaction() as session:
        assert (session.scalar(select(feed.horizon())) or 0) > AHEAD


def test_next_transaction_has_no_number_that_the_log_has_already(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        )  # what comes next stays the same
        upcoming = session.scalar(select(func.pg_snapshot_xmax(func.pg_current_snapshot()))) or 0
        session.add(Cursor(name="webhooks", transaction_id=int(upcoming)))
        session.flush()
        assert feed.continue_after_restore(session)


@pytest.mark.parametrize(
    "lost", [{"seq": 99}, {"hash": b"another!"}, {"transaction_id": 1}, {"case_id": UUID(int=7)}]
)
def test_position_that_the_log_does_not_hold_is_refused(
    database: Database, actor: Actors, reader: Callable[..., Page], lost: dict[str, Any]
) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    settled(database)
    end = reader().next
    held = {name: getattr(end, name) for name in ("transaction_id", "case_id", "seq", "hash")}
    with pytest.raises(Conflict):
        reader(after=Position(**{**held, **lost}))


def test_feed_is_read_by_its_index(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    with database.transaction() as session:
        columns = "case_id, at, kind, actor_id, actor_role, version_id, hash"
        session.execute(
            text(
                f"INSERT INTO events ({columns}, seq, transaction_id) SELECT {columns}, 1000 + n, 1 + n / 5"
                " FROM events, generate_series(1, 5000) AS n WHERE seq = 1"
            )
        )
        session.execute(text("ANALYZE events"))
        plan = _plan(session, feed.following(START))
    assert "ix_events_transaction_id" in plan
    assert "Presorted Key: events.transaction_id" in plan  # only the events of one transaction are sorted


def _plan(session: Session, statement: Any) -> str:
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    return "\n".join(row[0] for row in session.execute(text(f"EXPLAIN {compiled}".replace(":", "\\:"))))
