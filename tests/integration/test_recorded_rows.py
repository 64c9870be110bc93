"""Digests of rows in the administration log: what somebody changes with SQL is in no entry, and is found."""

from sqlalchemy import text

from engine.events import administration_log
from engine.events.administration_log import Compared
from engine.models import User
from engine.platform.db import Database
from tests import factories


def found(database: Database) -> list[tuple[str, str]]:
    """The tables and codes of the differences."""
    read = database.run(lambda session, _: [*administration_log.compare(session, Compared())], "snapshot")
    return [(one.table, one.code) for one in read]


def upgrade(database: Database, revision: str = "0071") -> None:
    while database.run(lambda session, _: administration_log.record_upgrade(session, revision)):
        """The next batch."""


def test_row_that_was_changed_with_sql_is_found(database: Database) -> None:
    upgrade(database)
    factories.an_actor(database, "caseworker")
    assert found(database) == []
    with database.engine.begin() as bound:
        bound.execute(text("UPDATE users SET role = 'administrator' WHERE role = 'caseworker'"))
    assert found(database) == [("users", "row-changed")]
