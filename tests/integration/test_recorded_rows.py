"""Digests of rows in the administration log: what somebody changes with SQL is in no entry, and is found."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Column, Table, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from engine.events import administration_log
from engine.events.administration_log import RECORDED, Compared
from engine.models import Membership, OrganisationRecord, Password, User
from engine.platform.db import Base, Database, connection
from engine.platform.ids import uuid7
from tests import factories

CHANGED = "row-changed"


def found(database: Database) -> list[tuple[str, str]]:
    """The tables and codes of the differences."""
    return database.run(lambda session, _: differences(session), "snapshot")


def differences(session: Session) -> list[tuple[str, str]]:
    return [(one.table, one.code) for one in administration_log.compare(session, Compared())]


def upgrade(database: Database, revision: str = "1") -> None:
    while database.run(lambda session, _: administration_log.record_upgrade(session, revision)):
        """The next batch."""


def forge(database: Database, *statements: str) -> None:
    """As the owner of the database, past Parvandeh."""
    with database.engine.begin() as bound:
        for one in statements:
            bound.execute(text(one))


@pytest.fixture
def official(database: Database) -> UUID:
    """The account of an official in an installation whose rows are recorded."""
    upgrade(database)
    made = factories.an_actor(database, "caseworker").id
    assert found(database) == []
    return made


@pytest.mark.parametrize(
    ("forged", "named"),
    [
        ("UPDATE users SET role = 'administrator' WHERE role = 'caseworker'", ("users", CHANGED)),
        ("UPDATE users SET person = '0000004091' WHERE role = 'caseworker'", ("users", CHANGED)),
        ("UPDATE memberships SET role = 'inspector'", ("memberships", CHANGED)),
        ("DELETE FROM memberships", ("memberships", "row-removed")),
        (
            "INSERT INTO tokens (id, user_id, digest, created_at)"
            " SELECT id, id, 'x', now() FROM users LIMIT 1",
            ("tokens", "row-added"),
        ),
    ],
)
def test_row_that_was_changed_with_sql_is_found(
    database: Database, official: UUID, forged: str, named: tuple[str, str]
) -> None:
    forge(database, forged)
    assert found(database) == [named]


def test_forged_row_is_still_found_after_parvandeh_has_written_it(database: Database, official: UUID) -> None:
    forge(database, f"UPDATE users SET role = 'administrator' WHERE id = '{official}'")
    with database.transaction() as session:
        session.get_one(User, official).full_name_en = "Sara"
    assert found(database) == [("users", "row-rewritten")]


def test_rows_are_recorded_whoever_writes_them(database: Database, official: UUID) -> None:
    with database.transaction() as session:
        session.get_one(User, official).full_name_en = "Sara"
        connection(session).execute(update(Membership).values(role="inspector"))
        session.add(Password(user_id=official, hash="h", temporary=True, changed_at=datetime.now(UTC)))
    assert found(database) == []
    with database.transaction() as session:
        session.delete(session.get_one(Password, official))
    assert found(database) == []


def test_what_a_savepoint_undid_is_not_recorded(database: Database, official: UUID) -> None:
    with database.transaction() as session:
        savepoint = connection(session).begin_nested()
        connection(session).execute(update(User).where(User.id == official).values(role="auditor"))
        savepoint.rollback()
    assert found(database) == []


def test_what_was_rolled_back_is_not_recorded_by_the_next_transaction(
    database: Database, official: UUID
) -> None:
    def entries() -> int:
        return factories.count(database, OrganisationRecord)

    def fail(session: Session, _: datetime) -> None:
        connection(session).execute(update(User).values(role="auditor"))
        raise ZeroDivisionError

    before = entries()
    with pytest.raises(ZeroDivisionError):
        database.run(fail)
    with database.transaction() as session:
        connection(session).execute(select(func.now()))
    assert (entries(), found(database)) == (before, [])


def test_rows_of_before_are_counted_until_an_upgrade_records_them(database: Database) -> None:
    forge(
        database,
        f"INSERT INTO users (id, name, role, created_at) VALUES ('{uuid7()}', 'old', 'auditor', now())",
    )
    counted = Compared()
    read = database.run(lambda session, _: [*administration_log.compare(session, counted)], "snapshot")
    assert read == []
    assert counted.earlier > 0
    upgrade(database)
    forge(database, "UPDATE users SET role = 'administrator' WHERE name = 'old'")
    assert found(database) == [("users", CHANGED)]


def test_upgrade_records_once_and_says_how_many(database: Database, official: UUID) -> None:
    forge(database, f"UPDATE users SET role = 'administrator' WHERE id = '{official}'")
    upgrade(database)
    assert found(database) == [("users", CHANGED)]
    upgrade(database, "2")
    assert found(database) == []
    with database.transaction() as session:
        said = select(OrganisationRecord.payload).where(OrganisationRecord.kind == "rows.recorded")
        newest = session.scalars(said.order_by(OrganisationRecord.seq.desc())).first()
    assert newest == {"revision": "2", "rows": 1}


def test_digests_of_personal_rows_have_a_salt(database: Database, official: UUID) -> None:
    factories.an_actor(database, "portal")
    with database.transaction() as session:
        salts = session.scalars(select(User.salt)).all()
    assert len(set(salts)) == len(salts) > 1
    forge(database, "UPDATE users SET salt = gen_random_uuid()")
    assert {code for _, code in found(database)} == {CHANGED}


@pytest.fixture
def loose(database: Database) -> Database:
    """A database without foreign keys and guards of tables, but with the triggers that name rows."""
    with database.engine.begin() as bound:
        keys = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        for name, key in bound.execute(text(keys)).all():
            bound.execute(text(f'ALTER TABLE {name} DROP CONSTRAINT "{key}"'))
        for name in RECORDED:
            bound.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
            bound.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER {name}_are_named"))
    upgrade(database)
    return database


def values(table: Table, number: int) -> dict[str, Any]:
    return {column.name: value(column, number) for column in table.columns if column.name != "salt"}


def value(column: Column[Any], number: int) -> Any:
    """A value of the column's type, another one for another number."""
    if isinstance(column.type, JSONB):
        return {"n": [number, None]}
    if isinstance(column.type, ARRAY):
        return [plain(column.type.item_type.python_type, number)]
    return plain(column.type.python_type, number)


def plain(kind: type, number: int) -> Any:
    made: dict[type, Any] = {
        bool: bool(number % 2),
        int: number,
        str: f"متن {number}\n x",
        bytes: bytes([number]),
        UUID: UUID(int=number),
        datetime: datetime(2026, 1, number, 9, 30, 0, 5000 * number, tzinfo=UTC),
        date: date(2026, 1, number),
        Decimal: Decimal(number) / 8,
    }
    return made[kind]


def missed_in(database: Database, table: Table) -> list[str]:
    """The columns of its one row that can be changed without a finding."""
    own = [column == value(column, 2) for column in table.primary_key]
    missed = []
    for column in table.columns:
        if column.name in administration_log.WITHOUT.get(table.name, ()):
            continue
        forged = UUID(int=9) if column.name == "salt" else value(column, 3)
        with database.engine.connect() as bound, bound.begin() as undone:
            bound.exec_driver_sql("BEGIN")
            assert bound.execute(update(table).where(*own).values({column.name: forged})).rowcount == 1
            codes = differences(Session(bound))
            bound.exec_driver_sql("ROLLBACK")
            undone.rollback()
        if not {(table.name, CHANGED), (table.name, "row-added")} & {*codes}:
            missed.append(column.name)
    return missed


def test_each_column_of_each_recorded_table_is_verified(loose: Database) -> None:
    tables = [Base.metadata.tables[name] for name in sorted(RECORDED)]
    with loose.transaction() as session:
        for table in tables:
            connection(session).execute(insert(table).values(values(table, 2)))
    assert found(loose) == []
    assert {table.name: missed for table in tables if (missed := missed_in(loose, table))} == {}
