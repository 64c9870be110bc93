"""A refusal undoes what its command wrote; one that records an attempt retains it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import User
from engine.platform.db import Database, UnitOfWork, table, values_of
from engine.platform.errors import Forbidden, Recorded, Refusal
from engine.platform.ids import uuid7
from tests import factories


def refuse(refusal: Refusal, database: Database) -> list[str]:
    """The names of the accounts after a command that made one and was refused."""

    def command(session: Session, now: datetime) -> None:
        session.add(User(id=uuid7(), name="made", role="designer", created_at=now))
        raise refusal

    with pytest.raises(type(refusal)) as raised:
        database.run(command)
    assert raised.value is refusal
    with database.transaction() as session:
        return list(session.scalars(select(User.name)))


def test_a_refusal_undoes_what_its_command_wrote(database: Database) -> None:
    assert refuse(Forbidden("no"), database) == []


def test_a_recorded_refusal_keeps_it(database: Database) -> None:
    assert refuse(Recorded("no"), database) == ["made"]


def test_a_recorded_refusal_keeps_what_was_to_be_written_at_the_end(database: Database) -> None:
    actor = factories.an_actor(database, "administrator")
    users = table(User)
    names = ("id", "name", "role", "created_at")
    row = {"id": uuid7(), "name": "owed", "role": "designer", "created_at": datetime.now(UTC)}

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, actor, now)
        uow.write(
            users.insert().values(values_of(users, "new", names)),
            {f"new__{name}": value for name, value in row.items()},
        )
        raise Recorded("no")

    with pytest.raises(Recorded):
        database.run(command)
    with database.transaction() as session:
        assert session.scalars(select(User.name).where(User.name == "owed")).one()
