"""The database of a test process: after each test as it was, or a new one."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Connection, event, text

from engine.platform import postgres
from tests import factories
from tests.conftest import conninfo
from tests.databases import Reused


@pytest.fixture
def reused(server: postgres.Server, admin: psycopg.Connection, template: str) -> Iterator[Reused]:
    made = Reused(server, admin, template)
    yield made
    made.close()


def content(url: str) -> dict[str, object]:
    """All rows of all tables, and all sequences."""
    with psycopg.connect(conninfo(url)) as connection:
        listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = {
            name: connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall()
            for (name,) in listed
        }
        sequences = connection.execute(
            "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
        ).fetchall()
    return {**rows, "sequences": sequences}


def test_rows_and_sequences_are_restored(reused: Reused) -> None:
    before, url = content(reused.url), reused.url
    factories.deploy(reused.database, factories.one_task())
    factories.a_case(reused.database, factories.an_actor(reused.database, "caseworker"))
    factories.a_failed_job(reused.database)
    with reused.database.transaction() as session:
        session.execute(text("UPDATE units SET name = 'changed'"))
    assert [name for name in before if content(reused.url)[name] != before[name]]
    reused.restore()
    assert (content(reused.url), reused.url) == (before, url)


def test_what_is_set_in_a_connection_is_forgotten(reused: Reused) -> None:
    def patience() -> str:
        with reused.database.transaction("single") as session:
            return str(session.execute(text("SHOW lock_timeout")).scalar_one())

    url, before = reused.url, patience()
    with reused.database.transaction("single") as session:
        session.execute(text("SET lock_timeout = '7s'"))
    assert patience() == "7s"
    reused.restore()
    assert (patience(), reused.url) == (before, url)


def test_triggers_that_a_forger_disabled_are_enabled_again(reused: Reused) -> None:
    def states() -> list[tuple[object, ...]]:
        with psycopg.connect(conninfo(reused.url)) as connection:
            return connection.execute("SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1").fetchall()

    before, url = states(), reused.url
    for log in ("events", "checkpoints"):
        executed(f"ALTER TABLE {log} DISABLE TRIGGER USER")(reused)
    assert states() != before
    reused.restore()
    assert (states(), reused.url) == (before, url)


def executed(statement: str) -> Callable[[Reused], None]:
    def execute(reused: Reused) -> None:
        with reused.database.transaction("single") as session:
            session.execute(text(statement))

    return execute


def connected(reused: Reused) -> psycopg.Connection:
    return psycopg.connect(conninfo(reused.url))


def checked_out(reused: Reused) -> Connection:
    return reused.database.engine.connect()


def listening(reused: Reused) -> None:
    event.listen(reused.database.engine, "before_cursor_execute", lambda *_: None)


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(executed("DROP TRIGGER events_are_append_only ON events"), id="trigger"),
        pytest.param(executed("ALTER TABLE access_log ADD CONSTRAINT none CHECK (false)"), id="constraint"),
        pytest.param(executed("ALTER TABLE cases ADD COLUMN further text"), id="column"),
        pytest.param(executed("CREATE TABLE further ()"), id="table"),
        pytest.param(executed("DROP INDEX ix_events_transaction_id"), id="index"),
        pytest.param(executed("SELECT pg_advisory_lock(1)"), id="lock"),
        connected,
        checked_out,
        listening,
    ],
)
def test_database_that_cannot_be_restored_is_replaced(
    reused: Reused, disturb: Callable[[Reused], psycopg.Connection | Connection | None]
) -> None:
    before, url, opened = content(reused.url), reused.url, reused.database
    left = disturb(reused)
    reused.restore()
    assert reused.url != url
    assert reused.database is not opened
    assert content(reused.url) == before
    if isinstance(left, Connection):
        left.invalidate()  # its pool is gone, so nobody else closes it
    if left is not None:
        left.close()
