"""The database of a test process: created once, and reset to its migrated state after each test.

A new database for each test costs more than most tests: copying it, filling the server's caches, opening
connections, compiling each SQL statement again. A test notices no difference. Rows and sequences are as the
migrations left them; no other connection is open; the triggers of logs are enabled. What else a test does to
tables, triggers or the engine itself isn't repaired, but the whole database is replaced.
"""

import time
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import QueuePool, make_url

from engine.organisation import calendars
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.platform.ids import uuid7
from engine.platform.postgres import cluster, programs
from tests.factories import drop

SECRET = "of the tests"  # the superuser's, who has none elsewhere; only we can connect to the server
LEAVING = 0.05  # seconds that the server needs to notice closed connections
_OWN = 16384  # the first oid that isn't PostgreSQL's own
_CATALOGS = ("pg_class", "pg_constraint", "pg_attrdef", "pg_proc", "pg_type", "pg_namespace")
# A row of these that was written later has another xmin. `restore` itself writes triggers.
_SCHEMA = " UNION ALL ".join(
    [
        *(f"SELECT sum(xmin::text::bigint), count(*) FROM {name} WHERE oid >= {_OWN}" for name in _CATALOGS),
        f"SELECT sum(xmin::text::bigint), count(*) FROM pg_attribute WHERE attrelid >= {_OWN}",
        f"SELECT sum(hashtext(pg_trigger::text)), count(*) FROM pg_trigger WHERE oid >= {_OWN}",
    ]
)
# What a forger disables, and tests of what is found then. Whether all is as before is compared afterwards.
_ENABLE = """
DO $$ DECLARE disabled record; BEGIN
    FOR disabled IN SELECT tgrelid::regclass AS log, tgname AS name FROM pg_trigger WHERE tgenabled = 'D' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', disabled.log, disabled.name);
    END LOOP;
END $$
"""
_LEFT = """
SELECT
    (SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()),
    (SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE locktype = 'advisory' AND datname = current_database()),
    (SELECT count(*) FROM pg_db_role_setting)
"""
_EMPTY = SQL("DELETE FROM {table}")
# Of a log that is append-only for everybody: its triggers always fire.
_EMPTY_LOG = SQL("""
DO $$ BEGIN IF EXISTS (SELECT FROM {table}) THEN
    ALTER TABLE {table} DISABLE TRIGGER USER;
    DELETE FROM {table};
    ALTER TABLE {table} {enable};
END IF; END $$
""")


def start(var: Path, options: Sequence[str]) -> postgres.Server:
    """Start the embedded server, as in an installation, with a password for its superuser."""
    settings = Settings.read({"PARVANDEH_VAR": str(var)})
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = var / "postgres"
    owner = cluster.account(data)
    binaries = programs.find(owner)
    cluster.prepare(data, var / "postgres.pgpass", binaries, owner)
    command = [
        str(binaries / "postgres"),
        "--single",
        "-D",
        programs.HERE,
        "-c",
        "scram_iterations=1",
        "postgres",
    ]
    statement = f"ALTER ROLE postgres PASSWORD '{SECRET}';\n"
    programs.run(command, data=data, account=owner, text=statement)
    return postgres.start(settings, options=options)


class Reused:
    """A migrated database and its engine. `restore` ends a test, whatever it has done."""

    def __init__(self, server: postgres.Server, admin: psycopg.Connection, template: str) -> None:
        self._server, self._admin, self._template = server, admin, template
        # Only the superuser can terminate all connections to a database that is to be dropped.
        self._dropper = self._superuser("postgres")
        self._make()

    def restore(self) -> None:
        """Undo what the test did, or replace the database if that can't be undone."""
        calendars.forget()
        try:
            undone = self._undisturbed()
            if undone:
                self._cleaner.execute(self._undo)
        except psycopg.Error:  # a row that is still locked, a terminated connection
            undone = False
        if not undone:
            self._drop()
            self._make()

    def close(self) -> None:
        """Drop the database."""
        self._drop()
        self._dropper.close()

    def _drop(self) -> None:
        self.database.dispose()
        self._cleaner.close()
        drop(self._dropper, self._name)

    def _superuser(self, database: str) -> psycopg.Connection:
        host = str(make_url(self._server.url).query["host"])
        login = {"dbname": database, "user": "postgres", "password": SECRET, "host": host}
        return psycopg.connect(make_conninfo(**login), autocommit=True)

    def _make(self) -> None:
        self._name = f"test_{uuid7().hex}"
        self._admin.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template} STRATEGY file_copy")
        url = make_url(self._server.url).set(database=self._name)
        self.url = url.render_as_string(hide_password=False)
        self.database = Database(self.url, zone=UTC)
        self._cleaner = self._superuser(self._name)
        # No trigger fires in it, neither those of the append-only logs nor those of foreign keys.
        self._cleaner.execute("SET session_replication_role = replica; SET lock_timeout = '1s'")
        self._undo = _undoing(self._cleaner)
        self._schema = self._described()

    def _undisturbed(self) -> bool:
        """Return whether the test left only rows, sequences and idle connections of the pool."""
        pool = cast(QueuePool, self.database.engine.pool)
        if pool.checkedout() or self.database.engine.dispatch.before_cursor_execute:
            return False
        if not self._alone(pool.checkedin()):
            return False
        if self._described() != self._schema:
            self._cleaner.execute(_ENABLE)
            if self._described() != self._schema:
                return False
        return self._forgotten()

    def _alone(self, idle: int) -> bool:
        end = time.monotonic() + LEAVING
        while self._cleaner.execute(_LEFT).fetchone() != (idle, 0, 0):
            if time.monotonic() > end:
                return False
            time.sleep(0.002)  # no event says that a backend has gone; each test waits here
        return True

    def _described(self) -> list[tuple[object, ...]]:
        return self._cleaner.execute(_SCHEMA).fetchall()

    def _forgotten(self) -> bool:
        """Reset the settings of each connection of the pool."""
        engine = self.database.engine.execution_options(isolation_level="AUTOCOMMIT")
        idle = cast(QueuePool, engine.pool).checkedin()
        for connection in [engine.connect() for _ in range(idle)]:
            connection.exec_driver_sql("RESET ALL")
            connection.close()
        return True


def _undoing(connection: psycopg.Connection) -> Composed:
    """Return statements that reset each table to its present rows, and each sequence to its present value."""
    listed = """
    SELECT relname, array(SELECT tgname FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgenabled = 'A')
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
    """
    steps: list[Composed] = []
    for name, guards in connection.execute(listed).fetchall():
        table = Identifier(name)
        enable = SQL(", ").join(SQL("ENABLE ALWAYS TRIGGER {}").format(Identifier(guard)) for guard in guards)
        steps.append((_EMPTY_LOG if guards else _EMPTY).format(table=table, enable=enable))
        found = connection.execute(SQL("SELECT json_agg(t)::text FROM {} t").format(table)).fetchone()
        if found and found[0]:
            rows = SQL("json_populate_recordset(NULL::{}, {})").format(table, Literal(found[0]))
            steps.append(SQL("INSERT INTO {} SELECT * FROM {}").format(table, rows))
    sequences = (
        "SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
    )
    for name, value, used in connection.execute(sequences):
        steps.append(SQL("SELECT setval({}, {}, {})").format(Literal(name), Literal(value), Literal(used)))
    return SQL("; ").join(steps)
