"""Code on the tables of another release: each start and `/readyz` refuse it, and say how to fix it."""

import runpy
from pathlib import Path

import psycopg
import pytest
from alembic import command
from werkzeug.test import Client

from engine import RELEASE
from engine.cli import main, migrate
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database
from tests import installed
from tests.conftest import alembic, conninfo
from tests.installed import NOWHERE
from tests.working import free_port

STARTS = (["run"], ["worker"], ["worker", "--queue", "cases"], ["token", "list"], ["migrate", "--check"])
FUTURE = "UPDATE alembic_version SET version_num = '9999'"
OLDER = "revision 0016"
MEND = "make migrate"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of an installation on the test's database; its URL."""
    chosen = {"DATABASE_URL": database_url, "PARVANDEH_VAR": tmp_path, "PORT": free_port()}
    for name, value in chosen.items():
        monkeypatch.setenv(name, str(value))
    return database_url


def change(url: str, statement: str) -> None:
    """Run a statement on the database."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(statement.encode())


def ready(database: Database) -> tuple[int, str]:
    """Status and text of /readyz."""
    app = installed.application(Settings.read({"DATABASE_URL": NOWHERE}), database)
    answer = Client(app).get("/readyz")
    return answer.status_code, answer.text


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that is refused."""
    assert main(arguments) == 1, arguments
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_older_tables_are_refused_at_each_start_with_the_command_that_fixes_it(
    settings: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    change(settings, "UPDATE alembic_version SET version_num = '0016'")
    for arguments in STARTS[1:]:
        said = told(arguments, capsys)
        assert OLDER in said, arguments
        assert MEND in said, arguments
    with pytest.raises(SystemExit, match=f"{OLDER}.*{MEND}"):
        runpy.run_path(str(ROOT / "wsgi.py"))
    status, text = ready(database)
    assert status == 503
    assert OLDER in text
    assert MEND in text


def test_newer_tables_are_refused_at_each_start_naming_the_release_that_is_needed(
    settings: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    change(settings, f"{FUTURE}; COMMENT ON TABLE alembic_version IS 'revision 9999, release 9.8.7'")
    for arguments in (*STARTS, ["migrate"]):
        said = told(arguments, capsys)
        assert "Start 9.8.7 or a newer one" in said, arguments
        assert RELEASE in said, arguments
    with pytest.raises(SystemExit, match=r"9\.8\.7"):
        runpy.run_path(str(ROOT / "wsgi.py"))
    status, text = ready(database)
    assert (status, "9.8.7" in text) == (503, True)


def test_newer_tables_whose_release_is_not_recorded_are_refused_without_a_name(
    settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(settings, f"{FUTURE}; COMMENT ON TABLE alembic_version IS 'revision 9998, release 9.8.7'")
    said = told(["migrate"], capsys)
    assert "isn't recorded" in said
    assert "9.8.7" not in said


def test_empty_database_is_refused_with_the_command_that_fixes_it(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert MEND in told(["migrate", "--check"], capsys)
    assert MEND in told(["token", "list"], capsys)


def test_migration_records_its_release_which_a_later_one_does_not_replace(
    settings: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    comment = "SELECT obj_description('alembic_version'::regclass)"
    with psycopg.connect(conninfo(settings), autocommit=True) as connection:
        connection.execute(
            "COMMENT ON TABLE alembic_version IS NULL"
        )  # as before any release recorded itself
        for release in ("4.5.6", "4.5.7"):
            monkeypatch.setattr("engine.platform.schema.RELEASE", release)
            assert main(["migrate"]) == 0
        assert main(["migrate", "--check"]) == 0
        assert str(connection.execute(comment).fetchone()).endswith(", release 4.5.6',)")
        command.downgrade(alembic(settings), "-1")
        migrate.upgrade(settings)
        assert str(connection.execute(comment).fetchone()).endswith(", release 4.5.6',)")


def test_command_line_names_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert RELEASE in capsys.readouterr().out
