"""A connection lost on the way: what did nothing runs again, what may have been done says so."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from engine.db import Actor, Database, UnitOfWork, connection, table, values_of
from engine.errors import Uncertain
from engine.ids import uuid7
from engine.models import User

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
