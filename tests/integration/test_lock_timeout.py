"""A case that somebody holds does not hold others for ever."""

import os
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.platform.db import Actor, Database
from engine.platform.limits import Limits, begin_request, end_request
from tests import factories
from tests.waiting import until


def test_command_gives_up_on_a_lock_after_its_patience(
    database: Database, database_url: str, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    impatient = Database(database_url, limits=Limits(lock=1))
    with database.transaction() as holder:
        holder.execute(text("SELECT id FROM cases FOR UPDATE"))
        with pytest.raises(OperationalError, match="lock timeout"), impatient.transaction() as waiting:
            waiting.execute(text("SELECT id FROM cases FOR UPDATE"))
    impatient.dispose()


def test_when_all_processes_wait_none_of_them_waits_as_long_as_one_alone(
    database: Database, database_url: str
) -> None:
    shared = Database(database_url, limits=Limits(crowded=0.2, lock=20, processes=2))

    def is_stopped() -> bool:
        """Whether a wait for the lock was ended by its own process."""
        with pytest.raises(OperationalError) as ended, shared.transaction() as session:
            session.execute(text("LOCK TABLE cases"))
        return "user request" in str(ended.value)

    with database.transaction() as holder:
        holder.execute(text("LOCK TABLE cases"))
        other = os.fork()  # it shares what is known of the other one's waiting
        if other == 0:
            try:
                os._exit(0 if is_stopped() else 1)
            finally:
                os._exit(2)
        until(lambda: _waiting(database) == 1)
        assert is_stopped()
        assert os.waitpid(other, 0)[1] == 0
    shared.dispose()


def test_what_has_queued_behind_others_is_refused_soon(database: Database, database_url: str) -> None:
    """Alone it would wait for the lock's own limit; all processes have waited just now, and it has queued."""
    shared = Database(database_url, limits=Limits(crowded=0.2, lock=20, processes=2))

    def refused(queued: float) -> bool:
        begin_request(Limits(), queued=queued)
        with pytest.raises(OperationalError, match="user request"), shared.transaction() as session:
            session.execute(text("LOCK TABLE cases"))
        end_request()
        return True

    with database.transaction() as holder:
        holder.execute(text("LOCK TABLE cases"))
        other = os.fork()
        if other == 0:
            os._exit(0 if refused(0) else 1)
        until(lambda: _waiting(database) == 1)
        assert refused(0)
        assert os.waitpid(other, 0)[1] == 0
        assert all(refused(queued=1) for _ in range(20)), "the other one no longer waits"
    shared.dispose()


def _waiting(database: Database) -> int:
    own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    count = text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {own}")
    with database.transaction() as session:
        return int(session.scalar(count) or 0)
