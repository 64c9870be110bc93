"""The administration log: one chain that holds under concurrent commands, and every tampering is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command as alembic
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from engine.cli import main
from engine.events import administration_log, hash_chain
from engine.events.administration_log import Break
from engine.models import ROOT, ChainHead, OrganisationRecord
from engine.organisation import recorded_changes
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Refusal
from tests import factories
from tests.integration.test_migrations import config, connect

Actors = Callable[..., Actor]
LENGTH = 5  # with that of the administrator's account


def note(database: Database, who: Actor, *regions: str) -> None:
    def command(uow: UnitOfWork) -> None:
        for region in regions:
            administration_log.note(uow, "unit.changed", ROOT, {"region": region})

    database.run(lambda session, now: command(UnitOfWork(session, who, now)))


def changes(session: Session) -> list[Any]:
    """What units were changed to, in the order of the log."""
    of_units = select(OrganisationRecord.payload).where(OrganisationRecord.kind == "unit.changed")
    return list(session.scalars(of_units.order_by(OrganisationRecord.seq)))


def breaks(database: Database, *tampering: Any) -> list[Break]:
    """Verify the log as it is after these statements of somebody who has disabled the trigger."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE organisation_log DISABLE TRIGGER USER"))
        for statement in tampering:
            session.execute(statement)
        found = administration_log.verify(session)
        session.rollback()
    return found


def at(seq: int) -> Any:
    return update(OrganisationRecord).where(OrganisationRecord.seq == seq)


@pytest.fixture
def written(database: Database, actor: Actors) -> Database:
    who = actor("administrator")
    for number in range(1, LENGTH):
        note(database, who, f"منطقهٔ {number}")
    return database


def test_untouched_chain_verifies(written: Database) -> None:
    assert breaks(written) == []
    with written.transaction() as session:
        rows = session.scalars(select(OrganisationRecord).order_by(OrganisationRecord.seq)).all()
        head = administration_log.head(session)
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert (head.length, head.hash) == (LENGTH, rows[-1].hash)
    assert {row.actor_role for row in rows[1:]} == {"administrator"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": UUID(int=1)},
        {"at": text("at + interval '1 microsecond'")},
        {"actor_id": None},
        {"actor_role": "designer"},
        {"actor_role": None},
        {"kind": "unit.made"},
        {"unit_id": None},
        {"user_id": text("actor_id")},
        {"payload": {"region": "other"}},
        {"hash": bytes(32)},
    ],
)
def test_changed_entry_is_found(written: Database, change: dict[str, Any]) -> None:
    assert breaks(written, at(3).values(change)) == [Break(3, hash_chain.CHANGED)]


def test_missing_entries_are_found(written: Database) -> None:
    removed = delete(OrganisationRecord)
    assert breaks(written, removed.where(OrganisationRecord.seq == 3)) == [Break(3, hash_chain.MISSING)]
    assert breaks(written, removed.where(OrganisationRecord.seq > 3)) == [Break(4, hash_chain.END)]
    assert breaks(written, removed) == [Break(1, hash_chain.END)]
    assert breaks(written, delete(ChainHead)) == [Break(1, hash_chain.ADDED)]


def test_entry_that_was_added_to_the_end_is_found(written: Database) -> None:
    shorter = update(ChainHead).values(length=LENGTH - 1)
    assert breaks(written, shorter) == [Break(LENGTH, hash_chain.ADDED)]
    assert breaks(written, update(ChainHead).values(hash=bytes(32))) == [Break(LENGTH, hash_chain.CHANGED)]


def test_log_can_not_be_changed_with_its_trigger(written: Database) -> None:
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), written.transaction() as session:
        session.execute(at(2).values(seq=99))


def test_audit_command_names_the_entry(
    written: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["audit"]) == 0
    with written.transaction() as session:
        session.execute(text("ALTER TABLE organisation_log DISABLE TRIGGER USER"))
        session.execute(at(2).values(kind="unit.made"))
    assert main(["audit"]) == 1
    assert f"administration log, record 2: {hash_chain.CHANGED}" in capsys.readouterr().out


def test_concurrent_commands_leave_no_gap(database: Database, actor: Actors) -> None:
    who = actor("administrator")

    def note_often(number: int) -> None:
        for turn in range(10):
            note(database, who, f"{number}.{turn}", "again")

    made = factories.at_once(8, note_often)
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    with database.transaction() as session:
        assert administration_log.verify(session) == []
        assert administration_log.head(session).length == 1 + 160


def test_command_locks_the_head_only_at_its_end(database: Database, actor: Actors) -> None:
    who = actor("administrator")
    with database.transaction() as session:
        uow = UnitOfWork(session, who, datetime.now(UTC))
        administration_log.note(uow, "unit.changed", ROOT, {"region": "slow"})
        uow.connection.execute(text("SELECT 1"))  # it continues with something else
        note(database, who, "quick")  # and doesn't delay this one
    with database.transaction() as session:
        assert changes(session) == [{"region": "quick"}, {"region": "slow"}]
        assert administration_log.verify(session) == []


def test_entries_of_a_part_that_was_undone_are_not_written(database: Database, actor: Actors) -> None:
    who = actor("administrator")

    def command(uow: UnitOfWork) -> None:
        def part(region: str, refused: Refusal | None = None) -> None:
            administration_log.note(uow, "unit.changed", ROOT, {"region": region})
            recorded_changes.page(uow)  # which writes what is pending
            if refused is not None:
                raise refused

        administration_log.note(uow, "unit.changed", ROOT, {"region": "before"})
        uow.attempt(lambda: part("refused", Conflict("No.")))
        uow.attempt(lambda: part("done"))
        administration_log.note(uow, "unit.changed", ROOT, {"region": "after"})

    database.run(lambda session, now: command(UnitOfWork(session, who, now)))
    with database.transaction() as session:
        assert changes(session) == [{"region": "before"}, {"region": "done"}, {"region": "after"}]
        assert administration_log.verify(session) == []


def test_entry_with_unknown_values_is_a_programming_error(database: Database, actor: Actors) -> None:
    with database.transaction() as session:
        uow = UnitOfWork(session, actor("administrator"), datetime.now(UTC))
        with pytest.raises(ValueError, match="phone"):
            administration_log.note(uow, "person.made", ROOT, {"role": "designer", "phone": "0912"})
        with pytest.raises(TypeError, match="role"):
            administration_log.note(uow, "person.made", ROOT, {"role": 1})


def test_single_statements_can_not_add_entries(database: Database, actor: Actors) -> None:
    who = actor("administrator")
    with database.transaction("single") as session:
        uow = UnitOfWork(session, who, datetime.now(UTC))
        with pytest.raises(RuntimeError):
            administration_log.note(uow, "unit.changed", ROOT, {"region": "x"})


def test_page_finds_by_kind_unit_and_time(written: Database, actor: Actors) -> None:
    second = actor("administrator", "administrator")

    def found(only: recorded_changes.Filter, **more: Any) -> list[int]:
        with written.transaction() as session:
            uow = UnitOfWork(session, second, datetime.now(UTC))
            return [row["seq"] for row in recorded_changes.page(uow, only=only, **more)]

    with written.transaction() as session:
        third = session.scalars(select(OrganisationRecord).where(OrganisationRecord.seq == 3)).one()
        whole = replace(recorded_changes.ALL)
        assert found(whole) == [1, 2, 3, 4, 5]
    assert found(whole, after=third.id) == [4, 5]
    assert found(whole, after=third.id, newest=True) == [2, 1]
    assert found(replace(whole, kind="unit.made")) == []
    assert found(replace(whole, unit="root")) == [2, 3, 4, 5]
    assert found(replace(whole, unit="nowhere")) == []
    assert found(replace(whole, from_at=third.at)) == [3, 4, 5]
    assert found(replace(whole, to_at=third.at)) == [1, 2]


def test_entries_of_earlier_releases_are_chained_in_their_order(empty_database_url: str) -> None:
    alembic.upgrade(config(empty_database_url), "0036")
    with connect(empty_database_url) as old:
        old.execute(
            "INSERT INTO users (id, name, role, created_at) VALUES (%s, 'a', 'administrator', now())",
            [UUID(int=7)],
        )
        for number in (3, 1, 2):
            old.execute(
                "INSERT INTO organisation_log (id, at, actor_id, kind, unit_id, payload)"
                " SELECT %s, '2026-01-01 10:00:00.5+03:30', %s, 'unit.changed', id, %s FROM units",
                [
                    UUID(int=number),
                    UUID(int=7),
                    psycopg.types.json.Json({"region": "«۱»", "fields": ["a", "b"]}),
                ],
            )
    alembic.upgrade(config(empty_database_url), "head")
    database = Database(empty_database_url)
    try:
        with database.transaction() as session:
            ids = session.scalars(select(OrganisationRecord.id).order_by(OrganisationRecord.seq)).all()
            assert ids == [UUID(int=1), UUID(int=2), UUID(int=3)]
            assert administration_log.verify(session) == []
            assert administration_log.head(session).length == 3
    finally:
        database.dispose()
