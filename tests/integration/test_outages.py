"""The installation in the administration log: outages, its clock, restored backups, its connectors."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.bpmn import sandbox
from engine.cases.clock.interruptions import Interruptions
from engine.cases.clock.rows import Clock
from engine.connectors import Connectors
from engine.events import administration_log
from engine.identity import accounts
from engine.models import ROOT, OrganisationRecord
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.worker import process
from tests import factories, working
from tests.waiting import until
from web import application

LIMIT = timedelta(seconds=60)


def beat(database: Database, ahead: timedelta = timedelta(0), since: timedelta | None = None) -> None:
    database.run(
        lambda session, now: administration_log.beat(
            UnitOfWork(session, accounts.system(session, now), now + ahead), LIMIT, since
        )
    )


def shift(database: Database, seconds: int) -> None:
    """Let the last report have been so long ago."""
    with database.transaction() as session:
        session.execute(text(f"UPDATE heartbeats SET at = clock_timestamp() - interval '{seconds} s'"))


def entries(database: Database) -> list[tuple[str, Any]]:
    with database.transaction("snapshot") as session:  # workers append while it is verified
        assert administration_log.verify(session) == []
        record = OrganisationRecord
        found = select(record.kind, record.payload).where(record.kind != administration_log.WRITTEN)
        return [tuple(row) for row in session.execute(found.order_by(record.seq))]


def test_first_start_and_regular_reports_log_nothing(database: Database) -> None:
    beat(database)
    shift(database, 59)
    beat(database)
    beat(database)
    assert entries(database) == []


def test_gap_is_one_outage_however_many_workers_start(database: Database) -> None:
    beat(database)
    shift(database, 3600)
    made = factories.at_once(8, lambda _: beat(database))
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    ((kind, payload),) = entries(database)
    assert kind == "installation.outage"
    assert 3600 <= payload["seconds"] <= 3630
    begin, end = (datetime.fromisoformat(payload[name]) for name in ("from_at", "to_at"))
    assert round((end - begin).total_seconds()) == payload["seconds"]
    beat(database)
    assert len(entries(database)) == 1


def test_outages_are_found_by_their_end(database: Database) -> None:
    beat(database)
    for _ in range(2):
        shift(database, 600)
        beat(database)
    with database.transaction() as session:
        uow = UnitOfWork(session, accounts.system(session, datetime.now(UTC)), datetime.now(UTC))
        first, second = administration_log.outages(uow, datetime.now(UTC) - timedelta(hours=1))
        assert (first.seq, second.seq) == (2, 3)  # after the account of the installation
        assert timedelta(seconds=599) < first.to_at - first.from_at < timedelta(seconds=630)
        assert administration_log.outages(uow, first.to_at) == [second]
        assert administration_log.outages(uow, second.to_at) == []
        assert [row.seq for row in administration_log.interruptions(uow, 2)] == [3]


def test_clock_that_was_set_back_is_logged_once(database: Database) -> None:
    beat(database)
    shift(database, -3)  # as a time service does
    beat(database)
    assert entries(database) == []
    shift(database, -7200)
    beat(database)
    beat(database)
    ((kind, payload),) = entries(database)
    assert (kind, -7201 <= payload["seconds"] <= -7170) == ("clock.jumped", True)


@pytest.mark.parametrize(("since", "kind"), [(15, "clock.jumped"), (7190, "installation.outage")])
def test_a_clock_that_was_set_forward_is_no_outage_for_a_worker_that_ran(
    database: Database, since: int, kind: str
) -> None:
    beat(database)
    shift(database, 7200)
    beat(database, since=timedelta(seconds=since))
    ((found, payload),) = entries(database)
    assert (found, 7200 <= payload["seconds"] <= 7230) == (kind, True)


def test_worker_with_another_time_is_logged_once_an_hour(database: Database) -> None:
    beat(database, timedelta(seconds=50))
    assert entries(database) == []
    beat(database, timedelta(hours=2))
    beat(database, timedelta(hours=-2))
    ((kind, payload),) = entries(database)
    assert (kind, 7170 <= payload["seconds"] <= 7201) == ("clock.differs", True)
    with database.transaction() as session:
        session.execute(text("UPDATE heartbeats SET differs_at = differs_at - interval '61 minutes'"))
    beat(database, timedelta(hours=-2))
    assert [payload["seconds"] < 0 for _, payload in entries(database)] == [False, True]


def settings(tmp_path: Path, **more: str) -> Settings:
    return Settings.read({"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": "x", **more})


def test_settings_and_connectors_are_logged_when_they_are_others(database: Database, tmp_path: Path) -> None:
    def start(digest: str | None, **more: str) -> None:
        one = settings(tmp_path, **more)
        database.run(lambda session, now: administration_log.note_start(session, now, one, digest))

    def logged(kind: str) -> list[Any]:
        return [payload for found, payload in entries(database) if found == kind]

    for digest in ("a", "a", "b", None, "b", "a"):
        start(digest)
    assert logged("connectors.loaded") == [{"digest": digest} for digest in "aba"]
    usual = {"publishing": "direct", "time_zone": "Asia/Tehran", "demo": False, "outage_after": 60}
    assert logged("settings.loaded") == [usual]
    made = factories.at_once(8, lambda _: start("c", PUBLISHING="four-eyes"))
    assert [failure for failure in made if isinstance(failure, Exception)] == []
    assert len(logged("connectors.loaded")) == 4
    assert logged("settings.loaded") == [usual, {**usual, "publishing": "four-eyes"}]


def test_worker_logs_the_outage_before_its_start(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    beat(database)
    shift(database, 3600)
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(lambda: len(entries(database)) == 3)
    assert {kind for kind, _ in entries(database)} == {
        *("settings.loaded", "connectors.loaded", "installation.outage")
    }


def test_worker_reports_before_it_does_anything(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(database)
    shift(database, 3600)
    seen: list[str] = []

    def run(serving: Coroutine[Any, Any, int]) -> int:
        serving.close()
        seen.extend(kind for kind, _ in entries(database))
        return 0

    monkeypatch.setattr(asyncio, "run", run)
    for name in ("open_pool", "close_pool"):
        monkeypatch.setattr(sandbox, name, lambda: None)
    url = database.engine.url.render_as_string(hide_password=False)
    assert process.serve(settings(tmp_path, DATABASE_URL=url), url, "cases") == 0
    assert "installation.outage" in seen


def test_server_logs_its_start(database: Database, tmp_path: Path) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    one = settings(tmp_path, DATABASE_URL=url)
    for _ in range(2):
        application.prepare(application.create(one), one)
    assert [kind for kind, _ in entries(database)] == ["settings.loaded", "connectors.loaded"]


def test_digest_is_that_of_the_connectors_file(tmp_path: Path) -> None:
    def digest() -> str | None:
        return Connectors.digest_of(settings(tmp_path))

    empty = digest()
    file = tmp_path / "connectors.toml"
    file.write_text('[hub]\naddress = "http://127.0.0.1:9"\n[hub.operations.ask]\npath = "/a"\n')
    first = digest()
    file.write_text(file.read_text() + "# changed\n")
    assert len({empty, first, digest()}) == 3
    file.unlink()
    assert digest() == empty


@pytest.mark.parametrize("value", ["29", "86401", "soon"])
def test_limit_of_an_outage_is_checked(value: str) -> None:
    with pytest.raises(ValueError, match="OUTAGE_AFTER"):
        Settings.read({"OUTAGE_AFTER": value})


def test_restore_is_logged(database: Database) -> None:
    beat(database)
    with database.transaction() as session:
        administration_log.note_restored(session, datetime.now(UTC))
    ((kind, payload),) = entries(database)
    assert (kind, payload["entries"]) == ("installation.restored", 1)  # of the account of the installation
    assert datetime.now(UTC) - datetime.fromisoformat(payload["from_at"]) < timedelta(minutes=1)


def test_interruptions_are_found_by_an_index(database: Database) -> None:
    """A long administration log is not read for each case whose clock is due."""
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO organisation_log (id, seq, at, kind, payload, hash)"
                " SELECT gen_random_uuid(), n, now(), 'person.opened', '{}', ''"
                " FROM generate_series(1, 20000) n"
            )
        )
        session.execute(text("UPDATE chain_heads SET length = 20000"))
        session.execute(text("ANALYZE organisation_log"))

    def search(session: Session, now: datetime) -> int:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        for _ in range(7):  # prepared after the fifth time
            known = Interruptions(uow)
            assert known.outages(now) == []
            assert not known.hold(Clock(ROOT, "breached", "breached", now), ROOT)
            assert administration_log.interruptions(uow, 0) == []
        scans = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'organisation_log'"
        return int(session.execute(text(scans)).scalar_one())

    assert database.run(search) == 0
