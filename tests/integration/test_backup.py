"""A backup is complete, its restored copy continues where it was, and a restore is all or nothing."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text

from engine import cases, events
from engine.cli import main
from engine.events import administration_log
from engine.models import Case, OrganisationRecord
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, Database
from tests import bpmn, factories, working
from tests.conftest import conninfo
from tests.waiting import until

PAUSE = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
_ID = uuid4()
CALL = bpmn.node("serviceTask", "ask", parvandeh__connector="it", parvandeh__result="reply")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """`command(url, "backup", file)`: the command line on that database."""

    def run(url: str, *arguments: object) -> int:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path / "var"))
        return main([str(argument) for argument in arguments])

    return run


@pytest.fixture
def backup(
    database: Database,
    database_url: str,
    actor: Callable[..., Actor],
    command: Callable[..., int],
    tmp_path: Path,
) -> Path:
    """Of an installation at work: a timer an hour away, a call that a worker has in hand."""
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.node("intermediateCatchEvent", "pause", PAUSE),
        bpmn.node("userTask", "a"),
        CALL,
        bpmn.node("endEvent", "end"),
    ]
    ways = ("start fork", "fork pause", "pause a", "a end", "fork ask", "ask end")
    flows = [bpmn.flow(*way.split()) for way in ways]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows)))
    factories.a_case(database, actor("portal"))
    with psycopg.connect(conninfo(database_url), autocommit=True) as sql:
        sql.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        sql.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1")
        sql.execute("UPDATE calls SET lease_until = now() + interval '1 hour', worker = 'gone', attempts = 1")
    file = tmp_path / "backup"
    assert command(database_url, "backup", file) == 0
    return file


def test_backup_is_its_owners_alone_and_overwrites_nothing(
    backup: Path, database_url: str, command: Callable[..., int]
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    before = backup.read_bytes()
    assert command(database_url, "backup", backup) == 1
    assert backup.read_bytes() == before


def test_backup_that_fails_leaves_nothing(
    database_url: str, tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copy.part").touch(0o644)  # what a killed one has left
    assert command(f"{database_url}-not", "backup", tmp_path / "copy") == 1
    assert command(database_url, "backup", tmp_path / "none" / "copy") == 1
    assert "does not exist" in capsys.readouterr().err
    assert list(tmp_path.glob("copy*")) == []


def test_backup_over_what_a_killed_one_has_left_is_its_owners_alone(
    database_url: str, tmp_path: Path, command: Callable[..., int]
) -> None:
    (tmp_path / "copy.part").touch(0o644)
    assert command(database_url, "backup", tmp_path / "copy") == 0
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_restored_copy_fires_its_timers_and_its_log_is_whole(
    backup: Path, empty_database_url: str, command: Callable[..., int], tmp_path: Path
) -> None:
    assert command(empty_database_url, "restore", backup) == 0
    with psycopg.connect(conninfo(empty_database_url), autocommit=True) as sql:
        sql.execute("UPDATE waits SET due_at = now()")  # the hour is over
        with working.serving(empty_database_url, tmp_path, "--queue", "cases"):
            until(lambda: sql.execute("SELECT FROM tasks WHERE status = 'open'").rowcount == 1)
    copy = Database(empty_database_url)
    assert copy.run(lambda session, _: events.verify(session)) == []
    kinds = copy.run(lambda session, _: session.scalars(select(OrganisationRecord.kind)).all())
    assert "installation.restored" in kinds
    assert copy.run(lambda session, _: administration_log.verify(session)) == []
    copy.dispose()


def test_restored_copy_has_the_access_log_and_names_its_breaks(
    database: Database,
    empty_database_url: str,
    actor: Callable[..., Actor],
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = actor("caseworker")
    for what in ("case", "events"):
        opened = Opened(what, uuid4())
        factories.as_actor(database, reader, partial(access_log.append, opened=opened))
    with database.transaction() as session:
        session.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
        session.execute(text("UPDATE access_log SET what = 'task' WHERE seq = 2"))
    url = database.engine.url.render_as_string(hide_password=False)
    assert command(url, "backup", tmp_path / "tampered") == 0
    assert command(empty_database_url, "restore", tmp_path / "tampered") == 1
    assert f"reader {reader.id}, access record 2: " in capsys.readouterr().out


def test_restored_copy_frees_what_was_in_hand(
    backup: Path, empty_database_url: str, command: Callable[..., int]
) -> None:
    assert command(empty_database_url, "restore", backup) == 0
    with psycopg.connect(conninfo(empty_database_url)) as sql:
        assert sql.execute("SELECT status FROM procrastinate_jobs").fetchall() == [("todo",)]
        assert sql.execute("SELECT lease_until, worker, attempts FROM calls").fetchall() == [(None, None, 1)]


def test_restored_copy_starts_cases_under_new_numbers(
    backup: Path, empty_database_url: str, command: Callable[..., int]
) -> None:
    assert command(empty_database_url, "restore", backup) == 0
    copy = Database(empty_database_url)
    portal = factories.an_actor(copy, "portal", "another")
    factories.as_actor(copy, portal, lambda uow: cases.start(uow, "p", {}))
    with copy.transaction() as session:
        numbers = session.scalar(select(func.count(Case.number.distinct())))
    copy.dispose()
    assert numbers == 2


def test_restore_into_a_database_with_tables_is_refused(
    backup: Path,
    database: Database,
    database_url: str,
    actor: Callable[..., Actor],
    command: Callable[..., int],
) -> None:
    assert command(database_url, "restore", backup) == 1
    view = factories.as_actor(database, actor("caseworker"), lambda uow: cases.page(uow, cases.Wanted()))
    assert len(view) == 1


@pytest.mark.parametrize("spoil", [lambda content: content[: len(content) // 2], lambda _: b"nonsense"])
def test_restore_of_a_broken_file_leaves_nothing(
    backup: Path,
    empty_database_url: str,
    command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[bytes], bytes],
) -> None:
    backup.write_bytes(spoil(backup.read_bytes()))
    assert command(empty_database_url, "restore", backup) == 1
    assert "pg_restore failed" in capsys.readouterr().err
    with psycopg.connect(conninfo(empty_database_url)) as sql:
        found = "SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert sql.execute(found).rowcount == 0


def test_changed_log_is_told_by_the_restore(
    backup: Path,
    database_url: str,
    empty_database_url: str,
    command: Callable[..., int],
    tmp_path: Path,
) -> None:
    with psycopg.connect(conninfo(database_url), autocommit=True) as sql:
        sql.execute("ALTER TABLE events DISABLE TRIGGER USER")
        sql.execute("UPDATE events SET at = at + interval '1 day' WHERE seq = 1")
        sql.execute("ALTER TABLE events ENABLE TRIGGER USER")
    assert command(database_url, "backup", tmp_path / "forged") == 0
    assert command(empty_database_url, "restore", tmp_path / "forged") == 1


def webhooks(url: str) -> list[tuple[bool]]:
    with psycopg.connect(conninfo(url)) as sql:
        return sql.execute("SELECT disabled_at IS NOT NULL FROM webhooks").fetchall()


@pytest.fixture
def subscribed(database_url: str, actor: Callable[..., Actor]) -> str:
    """The database with a webhook, and a delivery that waits."""
    with psycopg.connect(conninfo(database_url), autocommit=True) as sql:
        hook = (
            "INSERT INTO webhooks (id, url, secret, kinds, created_by, owner_id, created_at)"
            " VALUES (%(id)s, 'https://x.example', 'whsec_secret', '[]', %(by)s, %(by)s, now())"
        )
        delivery = (
            "INSERT INTO deliveries (id, webhook_id, case_id, seq, status, attempts, due_at)"
            " VALUES (%(id)s, %(id)s, %(id)s, 1, 'waiting', 0, now())"
        )
        for statement in (hook, delivery):
            sql.execute(statement, {"id": _ID, "by": actor("portal").id})
    return database_url


def test_quiet_restore_disables_all_webhooks_and_says_so(
    subscribed: str,
    empty_database_url: str,
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command(subscribed, "backup", tmp_path / "copy") == 0
    assert command(empty_database_url, "restore", tmp_path / "copy", "--quiet-webhooks") == 0
    assert webhooks(empty_database_url) == [(True,)]
    assert "1 webhooks were disabled" in capsys.readouterr().out
    assert webhooks(subscribed) == [(False,)]


def test_quiet_backup_has_no_webhooks_and_no_secrets(
    subscribed: str, empty_database_url: str, command: Callable[..., int], tmp_path: Path
) -> None:
    assert command(subscribed, "backup", tmp_path / "copy", "--quiet-webhooks") == 0
    assert command(empty_database_url, "restore", tmp_path / "copy") == 0
    assert webhooks(empty_database_url) == []
