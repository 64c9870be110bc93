"""The embedded server starts, retains its data, accepts nobody else and leaves nothing behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from engine.platform.errors import Unusable
from engine.platform.postgres import cluster

OWNER = """
import sys, time
from engine.platform import postgres
from engine.platform.config import Settings
server = postgres.start(Settings.read({"PARVANDEH_VAR": sys.argv[1]}))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """An installation that was never started."""
    return Settings.read({"PARVANDEH_VAR": str(tmp_path / "var")})


@pytest.fixture(scope="module")
def settings(quick: Path) -> Settings:
    """An installation that was started before and does not run; making one takes half a second."""
    made = Settings.read({"PARVANDEH_VAR": str(quick / "stopped")})
    postgres.start(made).stop()
    return made


@pytest.fixture
def killed_owner(settings: Settings) -> None:
    """A server whose owner was killed a moment ago."""
    command = [sys.executable, "-c", OWNER, str(settings.var)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        with psycopg.connect(conninfo(postgres.url(settings)), autocommit=True) as connection:
            connection.execute("CREATE TABLE outlived_owner ()")
        owner.kill()


def conninfo(url: str, **changed: str) -> str:
    parsed = make_url(url)
    parts: dict[str, Any] = {"dbname": parsed.database, "user": parsed.username, **parsed.query, **changed}
    return psycopg.conninfo.make_conninfo(**parts)


def servers(data: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").samefile(data):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_data_survive_a_restart(settings: Settings) -> None:
    first = postgres.start(settings)
    with psycopg.connect(conninfo(first.url)) as connection:
        connection.execute("CREATE TABLE kept ()")
    first.stop()
    second = postgres.start(settings)
    with psycopg.connect(conninfo(second.url)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    second.stop()
    assert servers(settings.var / "postgres") == []


def test_server_is_the_pinned_one_with_the_builtin_locale_and_durable(settings: Settings) -> None:
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.info.server_version // 10000 == 18
        locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        assert connection.execute(locale).fetchone() == ("b", "C.UTF-8")
        for setting, value in (("fsync", "on"), ("synchronous_commit", "on"), ("listen_addresses", "")):
            assert connection.execute(f"SHOW {setting}").fetchone() == (value,)


def test_server_does_not_run_as_root_and_its_clients_are_no_superusers(settings: Settings) -> None:
    server = postgres.start(settings)
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    with psycopg.connect(conninfo(server.url)) as connection:
        rights = "SELECT rolsuper, rolreplication FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(rights).fetchone() == (False, False)
    server.stop()


@pytest.mark.parametrize("changed", [{"passfile": "/dev/null"}, {"user": "postgres"}, {"password": "guess"}])
def test_nobody_gets_in_without_the_password(settings: Settings, changed: dict[str, str]) -> None:
    with postgres.available(settings) as url, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(conninfo(url, **changed))


def test_only_the_owner_can_read_the_files(settings: Settings) -> None:
    with postgres.available(settings):
        for name in (".", "postgres", "postgres.pgpass", "postgres.log"):
            assert stat.S_IMODE((settings.var / name).stat().st_mode) & 0o077 == 0, name


def test_url_holds_no_password(settings: Settings) -> None:
    with postgres.available(settings) as url:
        secret = (settings.var / "postgres.pgpass").read_text().strip().split(":")[-1]
        assert len(secret) > 40
        assert secret not in url


def test_lost_password_is_replaced(settings: Settings) -> None:
    (settings.var / "postgres.pgpass").unlink()
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_server_dies_with_its_owner_and_the_next_start_succeeds_at_once(
    settings: Settings, killed_owner: None
) -> None:
    before = time.monotonic()
    server = postgres.start(settings)
    assert time.monotonic() - before < 5
    with psycopg.connect(conninfo(server.url)) as connection:
        assert connection.execute("SELECT count(*) FROM outlived_owner").fetchone() == (0,)
    server.stop()
    assert servers(settings.var / "postgres") == []


def test_pid_file_that_names_a_living_stranger_is_no_obstacle(settings: Settings) -> None:
    data = settings.var / "postgres"
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / name).write_text(f"{os.getpid()}\n/proc/self/cwd\n0\n5432\n.\n\n")
        os.chown(data / name, data.stat().st_uid, data.stat().st_gid)
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_server_killed_with_kill_9_recovers_on_the_next_start(settings: Settings) -> None:
    first = postgres.start(settings)
    with psycopg.connect(conninfo(first.url)) as connection:
        connection.execute("CREATE TABLE outlived_crash ()")
    os.kill(first.process.pid, signal.SIGKILL)
    first.stop()
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT count(*) FROM outlived_crash").fetchone() == (0,)


def test_killed_server_is_restarted_although_a_process_of_it_is_stopped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ORPHANS", 0.2)
    server = postgres.start(settings)
    with psycopg.connect(conninfo(server.url)) as connection:
        stopped = connection.info.backend_pid
        os.kill(stopped, signal.SIGSTOP)
        server.process.kill()
        server.process.wait()
        server.restart()
    with psycopg.connect(conninfo(server.url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stopped not in servers(settings.var / "postgres")
    server.stop()


def test_second_server_of_a_data_folder_is_refused_with_the_first_ones_pid(settings: Settings) -> None:
    server = postgres.start(settings)
    with pytest.raises(postgres.InUse, match=f"process {os.getpid()}"):
        postgres.start(settings)
    server.stop()


def test_command_uses_the_server_that_runs_and_leaves_it_running(settings: Settings) -> None:
    server = postgres.start(settings)
    with postgres.available(settings) as url:
        assert url == server.url
    with psycopg.connect(conninfo(server.url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


def test_configured_database_is_left_alone(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql+psycopg://elsewhere/x", "PARVANDEH_VAR": str(tmp_path / "var")}
    with postgres.available(Settings.read(given)) as url:
        assert url == "postgresql+psycopg://elsewhere/x"
    assert not (tmp_path / "var").exists()


def test_data_folder_of_another_major_version_is_refused_with_the_mend(fresh: Settings) -> None:
    data = fresh.var / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    if os.geteuid() == 0:
        os.chown(data, 65534, 65534)
    with pytest.raises(Unusable, match=r"PostgreSQL 16.*pg_dump.*DATABASE_URL"):
        postgres.start(fresh)


def test_interrupted_first_start_is_made_good(fresh: Settings) -> None:
    (fresh.var / "postgres.new" / "base").mkdir(parents=True)
    (fresh.var / "postgres.new" / "PG_VERSION").write_text("18\n")
    with postgres.available(fresh) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_failed_start_shows_the_log_and_frees_the_folder(settings: Settings) -> None:
    with pytest.raises(Unusable, match="no_such_setting"):
        postgres.start(settings, options=["no_such_setting=1"])
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path / ("long" * 30) / "var")})
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    way = Path(str(make_url(url).query["host"]))
    assert stat.S_IMODE(way.parent.stat().st_mode) == 0o700
    shutil.rmtree(way.parent)


def test_citizens_data_stay_out_of_the_servers_log(settings: Settings) -> None:
    with postgres.available(settings) as url, psycopg.connect(conninfo(url)) as connection:
        connection.execute("CREATE TABLE people (national_id text PRIMARY KEY)")
        connection.execute("INSERT INTO people VALUES ('0012345679')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('0012345679')")
        connection.rollback()
    log = (settings.var / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "0012345679" not in log
