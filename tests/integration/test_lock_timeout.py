"""A case that somebody holds does not hold others for ever."""

import os

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.db import Database
from engine.limits import Limits
from tests import factories
from tests.waiting import until


def test_command_gives_up_on_a_lock_after_its_patience(database: Database, database_url: str, actor) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    impatient = Database(database_url, limits=Limits(lock=1))
    with database.transaction() as holder:
        holder.execute(text("SELECT id FROM cases FOR UPDATE"))
        with pytest.raises(OperationalError, match="lock timeout"), impatient.transaction() as waiting:
            waiting.execute(text("SELECT id FROM cases FOR UPDATE"))
    impatient.dispose()


def test_of_processes_that_all_wait_the_last_one_stops_first(database: Database, database_url: str) -> None:
    limits = Limits(crowded=0.2, lock=5, processes=2)
    shared = Database(database_url, limits=limits)  # each of its processes has a copy of it

    def wait() -> None:
        with shared.transaction() as session:
            session.execute(text("LOCK TABLE cases"))

    with database.transaction() as holder:
        holder.execute(text("LOCK TABLE cases"))
        shared.engine.dispose()
        first = os.fork()
        if first == 0:
            try:
                wait()
            finally:
                os._exit(0)
        until(lambda: _waiting(database) == 1)
        with pytest.raises(OperationalError, match="user request"):
            wait()
        assert _waiting(database) == 1
    os.waitpid(first, 0)
    shared.dispose()


def _waiting(database: Database) -> int:
    own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    count = text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {own}")
    with database.transaction() as session:
        return int(session.scalar(count) or 0)
