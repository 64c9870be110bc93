"""A connection lost on the way: what did nothing runs again, what may have been done says so."""

import os
import signal
import socket
from collections.abc import Iterator
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.models import User
from engine.platform.db import Actor, Database, UnitOfWork, connection, table, unresponsive, values_of
from engine.platform.errors import Uncertain
from engine.platform.ids import uuid7
from engine.platform.limits import Limits, begin_request, end_request
from tests import cutting
from tests.cutting import Fate, Line
from tests.waiting import until

_USERS = table(User)
_INSERT = insert(_USERS).values(values_of(_USERS, "user", ("id", "name", "role", "created_at")))


class Losing:
    """A command whose connection goes away before what it owes is written, the first time."""

    def __init__(self, admin: psycopg.Connection) -> None:
        self._admin = admin
        self.runs = 0

    def __call__(self, session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, Actor(uuid7(), "a", "administrator"), now)
        backend = uow.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        row: dict[str, Any] = {"id": uuid7(), "name": f"run {self.runs}", "role": "portal", "created_at": now}
        uow.write(_INSERT, {f"user__{name}": value for name, value in row.items()})
        self.runs += 1
        if self.runs == 1:
            self._admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


def names(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(connection(session).execute(text("SELECT name FROM users")).scalars())


def test_lost_transaction_did_nothing_and_runs_again(database: Database, admin: psycopg.Connection) -> None:
    losing = Losing(admin)
    database.run(losing)
    assert (losing.runs, names(database)) == (2, ["run 1"])


def test_lost_write_outside_of_a_transaction_is_uncertain(
    database: Database, admin: psycopg.Connection
) -> None:
    losing = Losing(admin)
    with pytest.raises(Uncertain):
        database.run(losing, "single")
    assert losing.runs == 1


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    with cutting.line(database_url) as made:
        yield made


@pytest.fixture
def behind(line: Line) -> Iterator[Database]:
    """The database behind the line, with time limits."""
    opened = Database(line.url, limits=Limits(total=1, check=0.1, rest=0.1))
    yield opened
    opened.dispose()


def add(session: Session, now: datetime) -> None:
    row = {"id": uuid7(), "name": "added", "role": "portal", "created_at": now}
    UnitOfWork(session, Actor(uuid7(), "a", "administrator"), now).write(
        _INSERT, {f"user__{name}": value for name, value in row.items()}
    )


def backend(session: Session, _: datetime) -> int:
    return int(connection(session).execute(text("SELECT pg_backend_pid()")).scalar_one())


@pytest.mark.parametrize("silence", [False, True])
@pytest.mark.parametrize(("fate", "left"), [("committed", ["added"]), ("undone", [])])
def test_commit_that_was_not_confirmed_is_uncertain(
    database: Database, line: Line, behind: Database, fate: Fate, left: list[str], silence: bool
) -> None:
    line.fate, line.silence = fate, silence
    with pytest.raises(Uncertain):
        behind.run(add)
    until(lambda: names(database) == left)


def test_read_that_was_not_confirmed_is_done_again(line: Line, behind: Database) -> None:
    line.fate = "undone"
    assert behind.run(backend, "snapshot")
    assert line.connections == 2


def test_silent_server_is_left_alone_until_it_answers(line: Line, behind: Database) -> None:
    behind.run(backend)
    line.hold()
    with pytest.raises(OperationalError) as first:
        behind.run(backend)
    assert unresponsive(first.value)
    tried = line.connections
    with pytest.raises(OperationalError):
        behind.run(backend)
    assert line.connections == tried
    line.release()
    until(lambda: _answers(behind))


def _answers(database: Database) -> bool:
    try:
        return database.run(backend) > 0
    except OperationalError:
        return False


def test_server_whose_queue_of_connections_is_full_is_silent() -> None:
    with TemporaryDirectory(prefix="full") as folder, socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(f"{folder}/.s.PGSQL.5432")
        deaf.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(f"{folder}/.s.PGSQL.5432")
            opened = Database(f"postgresql+psycopg://nobody@/nothing?host={folder}", limits=Limits())
            with pytest.raises(OperationalError) as refused:
                opened.run(backend)
    assert unresponsive(refused.value)


def test_session_that_hangs_alone_is_closed_and_the_next_one_works(
    behind: Database, admin: psycopg.Connection
) -> None:
    stopped = behind.run(backend)
    os.kill(stopped, signal.SIGSTOP)
    try:
        with pytest.raises(OperationalError) as hanging:
            behind.run(backend)
        assert unresponsive(hanging.value)
        assert behind.run(backend) != stopped
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_statements_of_a_request_share_its_time(behind: Database) -> None:
    def slowly(session: Session, now: datetime) -> None:
        for _ in range(20):
            connection(session).execute(text("SELECT pg_sleep(0.2)"))

    begin_request(Limits(total=0.5))
    try:
        with pytest.raises(OperationalError) as late:
            behind.run(slowly)
    finally:
        end_request()
    assert unresponsive(late.value)


def test_server_itself_ends_a_statement_that_takes_too_long(database_url: str) -> None:
    opened = Database(database_url, limits=Limits(statement=0.1))
    with pytest.raises(OperationalError, match="statement timeout"), opened.transaction() as session:
        connection(session).execute(text("SELECT pg_sleep(10)"))
    opened.dispose()
