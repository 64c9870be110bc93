"""The access log: its chains hold under readers at the same moment, and every tampering is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from engine.cli import main
from engine.events import hash_chain
from engine.models import AccessHead, AccessRecord
from engine.oversight import access_log
from engine.oversight.access_log import Break, Opened
from engine.platform import postgres
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories

Actors = Callable[..., Actor]
LENGTH = 6


def read(database: Database, reader: Actor, *, purpose: str | None = None, unit: str | None = None) -> None:
    """The reader is shown a case."""
    actor = Actor(reader.id, reader.name, reader.role, unit, purpose=purpose)
    opened = Opened("task", uuid4(), uuid4())
    database.run(lambda session, now: access_log.append(UnitOfWork(session, actor, now), opened), "single")


@dataclass(frozen=True, slots=True)
class Chains:
    """Two readers with six records each, in a transaction that is never committed."""

    session: Session
    reader: UUID
    other: UUID

    @property
    def breaks(self) -> list[Break]:
        return access_log.verify(self.session)

    def tamper(self, *statements: Any) -> None:
        """As somebody would who has got into the database and knows of the trigger."""
        self.session.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
        for statement in statements:
            self.session.execute(statement)

    def at(self, seq: int) -> Any:
        return at(self.reader, seq)

    def appended(self, seq: int) -> Any:
        """A copy of the last record under another number, rightly chained to it."""
        columns = [getattr(AccessRecord, column.key) for column in AccessRecord.__table__.columns]
        last = self.session.execute(select(*columns).where(*here(self.reader, LENGTH))).mappings().one()
        row = {**last, "seq": seq, "id": uuid4()}
        members = {column.key: hash_chain.text(row[column.key]) for column in access_log.CHAINED}
        return insert(AccessRecord).values({**row, "hash": hash_chain.digest(last["hash"], members)})


def here(reader: UUID, seq: int) -> tuple[Any, Any]:
    return AccessRecord.reader_id == reader, AccessRecord.seq == seq


def at(reader: UUID, seq: int) -> Any:
    return update(AccessRecord).where(*here(reader, seq))


@pytest.fixture(scope="module")
def recorded(
    server: postgres.Server, admin: psycopg.Connection, template: str
) -> Iterator[tuple[Database, UUID, UUID]]:
    with factories.opened(server.url, admin, template, "access_log") as database:
        readers = sorted((factories.an_actor(database, "caseworker", name) for name in "ab"), key=by_id)
        for reader in readers:
            for number in range(LENGTH):
                read(database, reader, purpose="بررسی «۱»" if number % 2 else None, unit='"seq":0')
        yield database, readers[0].id, readers[1].id


def by_id(actor: Actor) -> UUID:
    return actor.id


@pytest.fixture
def written(recorded: tuple[Database, UUID, UUID]) -> Iterator[Chains]:
    database, reader, other = recorded
    with Session(database.engine.execution_options(isolation_level="READ COMMITTED")) as session:
        yield Chains(session, reader, other)


def test_records_are_numbered_without_gaps_and_the_head_knows_the_last(written: Chains) -> None:
    found = written.session.scalars(
        select(AccessRecord).where(AccessRecord.reader_id == written.reader).order_by(AccessRecord.seq)
    ).all()
    head = written.session.get_one(AccessHead, written.reader)
    assert [record.seq for record in found] == list(range(1, LENGTH + 1))
    assert (head.length, head.hash) == (LENGTH, found[-1].hash)


def test_what_a_reader_says_stands_in_the_payload_only(written: Chains) -> None:
    for record in written.session.scalars(select(AccessRecord)):
        assert (record.payload is None) == (record.salt is None) == (record.payload_hash is None)
        assert record.payload in (None, {"purpose": "بررسی «۱»"})


def test_untouched_chains_verify(written: Chains) -> None:
    assert written.breaks == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": UUID(int=1)},
        {"at": text("at + interval '1 microsecond'")},
        {"case_id": UUID(int=1)},
        {"what": "case"},
        {"object_id": None},
        {"actor_role": "administrator"},
        {"actor_unit": None},
        {"hash": bytes(32)},
        {"payload_hash": None},
    ],
)
def test_changed_record_is_found(written: Chains, change: dict[str, Any]) -> None:
    written.tamper(written.at(4).values(change))
    assert written.breaks == [Break(written.reader, 4, hash_chain.CHANGED)]


@pytest.mark.parametrize("change", [{"payload": {"purpose": "other"}}, {"payload": None}, {"salt": None}])
def test_changed_words_are_found(written: Chains, change: dict[str, Any]) -> None:
    written.tamper(written.at(4).values(change))
    assert written.breaks == [Break(written.reader, 4, hash_chain.PAYLOAD)]


def test_erased_words_leave_the_chain_whole(written: Chains) -> None:
    written.session.execute(update(AccessRecord).values(payload=None, salt=None))
    assert written.breaks == []


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_deleted_record_is_found(written: Chains, seq: int) -> None:
    written.tamper(delete(AccessRecord).where(*here(written.reader, seq)))
    assert written.breaks == [Break(written.reader, seq, hash_chain.MISSING)]


def test_deleted_record_is_found_when_the_rest_is_numbered_anew(written: Chains) -> None:
    gone = delete(AccessRecord).where(*here(written.reader, 3))
    written.tamper(gone, *(written.at(seq).values(seq=seq - 1) for seq in range(4, LENGTH + 1)))
    assert written.breaks == [Break(written.reader, 3, hash_chain.CHANGED)]


def test_inserted_record_is_found(written: Chains) -> None:
    inserted = written.appended(LENGTH + 1)
    moved = [written.at(seq).values(seq=seq + 1) for seq in range(LENGTH, 2, -1)]
    written.tamper(inserted, written.at(LENGTH + 1).values(seq=100), *moved, written.at(100).values(seq=3))
    assert written.breaks == [Break(written.reader, 3, hash_chain.CHANGED)]


def test_exchanged_records_are_found(written: Chains) -> None:
    written.tamper(written.at(2).values(seq=100), written.at(3).values(seq=2), written.at(100).values(seq=3))
    assert written.breaks == [Break(written.reader, 2, hash_chain.CHANGED)]


@pytest.mark.parametrize("kept", [0, 1, LENGTH - 1])
def test_cut_off_end_is_found(written: Chains, kept: int) -> None:
    written.tamper(
        delete(AccessRecord).where(AccessRecord.reader_id == written.reader, AccessRecord.seq > kept)
    )
    assert written.breaks == [Break(written.reader, kept + 1, hash_chain.END)]


def test_record_appended_by_another_hand_is_found(written: Chains) -> None:
    written.session.execute(written.appended(LENGTH + 1))
    assert written.breaks == [Break(written.reader, LENGTH + 1, hash_chain.ADDED)]


def test_chain_without_its_head_is_found(written: Chains) -> None:
    written.session.execute(delete(AccessHead).where(AccessHead.reader_id == written.reader))
    assert written.breaks == [Break(written.reader, 1, hash_chain.ADDED)]


def test_record_moved_to_another_reader_is_found_in_both(written: Chains) -> None:
    written.tamper(
        delete(AccessRecord).where(*here(written.other, 2)),
        written.at(2).values(reader_id=written.other),
    )
    assert written.breaks == [
        Break(written.reader, 2, hash_chain.MISSING),
        Break(written.other, 2, hash_chain.CHANGED),
    ]


def test_readers_at_once_leave_no_gap(database: Database, actor: Actors) -> None:
    one, two = actor("portal"), actor("caseworker")

    def read_often(number: int) -> None:
        for _ in range(25):
            read(database, (one, two)[number % 2])

    made = factories.at_once(8, read_often)
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    with database.transaction() as session:
        assert access_log.verify(session) == []
        assert session.scalars(select(AccessHead.length)).all() == [100, 100]


def test_first_record_of_a_reader_may_come_at_once_with_another(database: Database, actor: Actors) -> None:
    reader = actor("portal")
    made = factories.at_once(8, lambda _: read(database, reader))
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    with database.transaction() as session:
        assert access_log.verify(session) == []
        assert session.scalars(select(AccessRecord.seq).order_by(AccessRecord.seq)).all() == [*range(1, 9)]


def test_long_chain_is_verified_to_its_end(database: Database, actor: Actors) -> None:
    reader, now = actor("portal"), datetime.now(UTC)
    with database.transaction() as session:
        uow = UnitOfWork(session, reader, now)
        for _ in range(1001):
            access_log.append(uow, Opened("case", uuid4()))
        session.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
        session.execute(at(reader.id, 1001).values(what="events"))
    found = database.run(lambda session, _: access_log.verify(session), "snapshot")
    assert found == [Break(reader.id, 1001, hash_chain.CHANGED)]


def test_audit_command_names_reader_and_record(
    database: Database,
    database_url: str,
    actor: Actors,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = actor("portal")
    for _ in range(3):
        read(database, reader)
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["audit"]) == 0
    with database.transaction() as session:
        session.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
        session.execute(at(reader.id, 2).values(what="case"))
    capsys.readouterr()
    assert main(["audit"]) == 1
    assert f"reader {reader.id}, access record 2: {hash_chain.CHANGED}" in capsys.readouterr().out


def test_log_refuses_changes_of_a_replicating_session(written: Chains) -> None:
    found = written.session.execute(
        text("SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'access_log'::regclass AND NOT tgisinternal")
    )
    assert {row.tgenabled for row in found} == {"A"}  # always, whatever session_replication_role says


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_log SET what = what",
        "UPDATE access_log SET what = 'case' WHERE seq = 2",
        "UPDATE access_log SET payload = '{}' WHERE seq = 2",
        "UPDATE access_log SET payload = NULL, what = 'case' WHERE seq = 2",
        "UPDATE access_log SET payload = NULL, salt = '\\x00' WHERE seq = 2",
        "UPDATE access_log SET payload = NULL, hash = '\\x00' WHERE seq = 2",
        "DELETE FROM access_log WHERE seq = 2",
        "TRUNCATE access_log",
    ],
)
def test_database_refuses_to_change_a_record(written: Chains, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        written.session.execute(text(statement))
