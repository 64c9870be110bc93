"""Prepared statements return what SQLAlchemy returns, and fail like it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Text, bindparam, event, func, insert, literal, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from engine.models import Unit, User
from engine.platform.db import Database, UnitOfWork, connection, lost
from engine.platform.ids import uuid7
from engine.platform.prepared import Prepared
from tests import factories

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def units(*kinds: str) -> Any:
    return (
        select(Unit.id, Unit.key, Unit.kind.label("sort"), func.array_agg(literal("%s $1")).label("texts"))
        .where(Unit.kind.not_in(kinds), Unit.key != bindparam("key"))
        .group_by(Unit.id)
        .order_by(Unit.id)
    )


def test_rows_are_those_of_sqlalchemy(database: Database) -> None:
    statement = units("none", "nothing")
    prepared = Prepared(statement)
    with database.transaction() as session:
        bound = connection(session)
        expected = bound.execute(statement, {"key": "x"}).all()
        assert expected
        for _ in range(7):  # from the sixth on, the server has its plan
            assert [*prepared.rows(bound, {"key": "x"})] == [tuple(row) for row in expected]
        assert [*prepared.mappings(bound, {"key": "x"})] == [dict(row._mapping) for row in expected]
        assert prepared.rows(bound, {"key": expected[0].key}) == [tuple(row) for row in expected[1:]]


def test_values_are_converted_for_the_driver(database: Database) -> None:
    prepared = Prepared(select(bindparam("value", type_=JSON), bindparam("named", "usual", type_=Text)))
    with database.transaction("single") as session:
        bound = connection(session)
        assert prepared.rows(bound, {"value": {"a": [1, "ü"]}}) == [({"a": [1, "ü"]}, "usual")]
        assert prepared.rows(bound, {"value": 1.5, "named": None}) == [(1.5, None)]
        with pytest.raises(KeyError, match="value"):
            prepared.rows(bound, {"named": "x"})


def test_who_watches_statements_sees_it(database: Database) -> None:
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    with database.transaction() as session:
        rows = Prepared(select(func.lower(bindparam("text", type_=Text)))).rows(
            connection(session), {"text": "A"}
        )
    assert rows == [("a",)]
    assert [text for text in seen if "lower" in text]


def test_a_violated_constraint_is_the_error_of_sqlalchemy(database: Database) -> None:
    user = {"id": uuid7(), "name": "twice", "role": "caseworker", "created_at": NOW}
    prepared = Prepared(insert(User).values({name: bindparam(f"user__{name}") for name in user}))
    given = {f"user__{name}": value for name, value in user.items()}
    actor = factories.an_actor(database, "caseworker")

    def twice(session: Session, now: datetime) -> str:
        uow = UnitOfWork(session, actor, now)
        assert uow.rows(prepared, given) == []
        with pytest.raises(IntegrityError) as failure:
            uow.rows(prepared, given)
        assert "twice" not in str(failure.value).replace("[SQL", "")  # parameters may be personal data
        raise failure.value

    with pytest.raises(IntegrityError):
        database.run(twice)
    assert database.run(lambda session, _: session.get(User, user["id"])) is None


def test_a_lost_connection_leaves_the_pool(database: Database) -> None:
    ending = Prepared(select(func.pg_terminate_backend(func.pg_backend_pid())))
    attempts: list[int] = []

    def end_first(session: Session, _: datetime) -> int:
        attempts.append(1)
        if len(attempts) == 1:
            ending.rows(connection(session), {})
        return len(attempts)

    with pytest.raises(DBAPIError) as failure, database.transaction() as session:
        ending.rows(connection(session), {})
    assert lost(failure.value)
    assert database.run(end_first) == 2


def test_defaults_that_sqlalchemy_computes_are_refused() -> None:
    with pytest.raises(TypeError, match="defaults"):
        Prepared(insert(User).values(name=bindparam("n"))).compile()
