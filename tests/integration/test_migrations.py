"""The migrations make the tables of the models, can be undone, and guard the event log."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from engine.platform.config import ROOT

UUID = "00000000-0000-7000-8000-000000000001"
ROOT_UNIT = "00000000-0000-7000-8000-000000000000"
VERSION = f"""
INSERT INTO definition_versions (id, key, number, name, file, digest, deployment_id, published_at, status)
    VALUES ('{UUID}', 'k', 1, 'n', 'f', 'd', '{UUID}', now(), 'published');
"""
DRAFT = """
INSERT INTO definition_versions (id, key, number, name, file, digest, deployment_id, status)
    SELECT gen_random_uuid(), key, 2, name, file, digest, deployment_id, 'draft' FROM definition_versions;
"""
EVENT = f"""
INSERT INTO users VALUES ('{UUID}', 'n', 'administrator', now());
INSERT INTO deployments VALUES ('{UUID}', 'd', '{{}}', '{{}}', '{UUID}', now());
INSERT INTO definitions (key, unit_id) VALUES ('k', '{ROOT_UNIT}');
{VERSION}
INSERT INTO cases
    (id, number, version_id, status, data, revision, log_length, log_hash, started_by, started_at, unit_id)
    VALUES ('{UUID}', '1', '{UUID}', 'active', '{{}}', 1, 1, '', '{UUID}', now(), '{ROOT_UNIT}');
INSERT INTO events (case_id, seq, at, kind, actor_id, actor_role, version_id, hash, payload, salt)
    VALUES ('{UUID}', 1, now(), 'case.started', '{UUID}', 'portal', '{UUID}', 'h',
        '{{"a": "\\u0000"}}', 's');
"""
# The same, as it was before there were drafts and units.
BEFORE = EVENT.replace(", status)", ")").replace(", 'published')", ")")
for there, before in ((", unit_id)", ")"), (f", '{ROOT_UNIT}')", ")")):
    BEFORE = BEFORE.replace(there, before)
TASK = f"""
INSERT INTO tasks (id, case_id, element, name, status, revision, opened_at)
    VALUES ('{UUID}', '{UUID}', 'a', 'A', 'open', 1, now());
"""


def config(url: str) -> Config:
    made = Config(toml_file=ROOT / "pyproject.toml")
    made.attributes["url"] = url
    return made


def connect(url: str) -> psycopg.Connection:
    parsed = make_url(url)
    parts: dict[str, Any] = {"dbname": parsed.database, "user": parsed.username, **parsed.query}
    return psycopg.connect(**parts, autocommit=True)


def objects(url: str) -> set[str]:
    with connect(url) as connection:
        wanted = """
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        """
        return {name for (name,) in connection.execute(wanted)}


@pytest.fixture
def log(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database whose log holds one event."""
    with connect(database_url) as connection:
        connection.execute(EVENT)
        yield connection


def test_models_and_migrations_agree(database_url: str) -> None:
    command.check(config(database_url))


def test_migrations_can_be_undone_and_done_again(empty_database_url: str) -> None:
    command.upgrade(config(empty_database_url), "head")
    there = objects(empty_database_url)
    command.downgrade(config(empty_database_url), "base")
    assert objects(empty_database_url) == {"alembic_version", "alembic_version_pkc"}
    command.upgrade(config(empty_database_url), "head")
    assert objects(empty_database_url) == there


def test_versions_from_before_drafts_are_published_by_who_deployed_them(empty_database_url: str) -> None:
    command.upgrade(config(empty_database_url), "0007")
    with connect(empty_database_url) as connection:
        connection.execute(BEFORE)
        command.upgrade(config(empty_database_url), "head")
        versions = "SELECT status, published_by::text, published_at IS NULL FROM definition_versions"
        assert connection.execute(versions).fetchall() == [("published", UUID, False)]
        connection.execute(DRAFT)
        command.downgrade(config(empty_database_url), "0007")
        assert connection.execute("SELECT number FROM definition_versions").fetchall() == [(1,)]


def test_people_and_tasks_from_before_units_go_on_in_the_unit_above_all(empty_database_url: str) -> None:
    command.upgrade(config(empty_database_url), "0007")
    with connect(empty_database_url) as connection:
        connection.execute(BEFORE + TASK)
        command.upgrade(config(empty_database_url), "head")
        allowed = """
            SELECT m.role, r.role FROM tasks JOIN candidate_group_roles r USING (candidate_group_id)
            JOIN unit_lines l ON l.unit_id = r.unit_id JOIN memberships m ON m.unit_id = l.ancestor_id
        """
        assert connection.execute(allowed).fetchall() == [("*", "caseworker")]
        assert connection.execute("SELECT name FROM cursors").fetchall() == [("case_values",)]
        command.downgrade(config(empty_database_url), "0007")
        assert connection.execute("SELECT element FROM tasks").fetchall() == [("a",)]


def test_second_accounts_of_a_person_from_before_are_kept_and_marked(empty_database_url: str) -> None:
    command.upgrade(config(empty_database_url), "0027")
    accounts = (
        ("closed", "caseworker", "0012345679", "now()"),
        ("open", "designer", "0012345679", "NULL"),
        ("open-too", "caseworker", "0012345679", "NULL"),
        ("citizen", "applicant", "0012345679", "NULL"),
        ("unknown", "caseworker", None, "NULL"),
        ("unknown-too", "caseworker", None, "NULL"),
    )
    with connect(empty_database_url) as before:
        for name, role, person, closed in accounts:
            row = "(gen_random_uuid(), %s, %s, now(), %s, " + closed + ")"
            into = "INSERT INTO users (id, name, role, created_at, person, deactivated_at) VALUES "
            before.execute(into + row, (name, role, person))
    command.upgrade(config(empty_database_url), "head")
    with connect(empty_database_url) as after:
        marked = after.execute("SELECT name FROM users WHERE duplicate ORDER BY name").fetchall()
    assert marked == [("closed",), ("open-too",)]


def test_each_migration_can_be_undone_alone(empty_database_url: str) -> None:
    for revision in reversed(
        [each.revision for each in ScriptDirectory.from_config(config("")).walk_revisions()]
    ):
        command.upgrade(config(empty_database_url), revision)
        command.downgrade(config(empty_database_url), "-1")
        command.upgrade(config(empty_database_url), revision)


def test_revisions_are_numbered_named_and_in_one_line() -> None:
    directory = ScriptDirectory.from_config(config(""))
    assert len(directory.get_heads()) == 1
    files = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    for number, file in enumerate(files, start=1):
        assert re.fullmatch(rf"{number:04}_[a-z_]+\.py", file)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "TRUNCATE events",
        "TRUNCATE cases CASCADE",
        "UPDATE events SET kind = 'case.completed'",
        "UPDATE events SET payload = '{}'",
        "UPDATE events SET salt = 'other'",
        "UPDATE events SET payload = '{}', salt = NULL",
        "UPDATE events SET payload = NULL, salt = 'other'",
        "UPDATE events SET payload = NULL, hash = 'other'",
        "UPDATE events SET payload = NULL, at = at + interval '1 microsecond'",
        "UPDATE events SET seq = seq",
    ],
)
def test_event_log_refuses_to_be_changed(log: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        log.execute(statement)
    row = log.execute("SELECT kind, payload::text, salt, hash FROM events").fetchall()
    assert row == [("case.started", '{"a": "\\u0000"}', b"s", b"h")]


def test_trigger_cannot_be_passed_by_as_a_replica(log: psycopg.Connection) -> None:
    enabled = (
        "SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgrelid = 'events'::regclass AND NOT tgisinternal"
    )
    assert log.execute(enabled).fetchall() == [("A",)]


def test_payload_and_salt_can_be_erased_together(log: psycopg.Connection) -> None:
    for _ in range(2):  # erasing what is erased is no fault
        log.execute("UPDATE events SET payload = NULL, salt = NULL")
    assert log.execute("SELECT payload IS NULL, salt IS NULL FROM events").fetchone() == (True, True)


@pytest.mark.parametrize("erasure", ["payload = NULL", "salt = NULL"])
def test_payload_and_salt_cannot_be_erased_singly(log: psycopg.Connection, erasure: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        log.execute(f"UPDATE events SET {erasure}")


def test_tables_of_cases_leave_room_and_are_cleaned_early(log: psycopg.Connection) -> None:
    (options,) = log.execute("SELECT reloptions FROM pg_class WHERE relname = 'cases'").fetchone() or ([],)
    assert "fillfactor=70" in options
    assert "autovacuum_vacuum_scale_factor=0.05" in options


def test_webhooks_from_before_belong_to_who_made_them_or_to_an_administrator(empty_database_url: str) -> None:
    present, left = (f"00000000-0000-7000-8000-00000000000{number}" for number in (2, 3))
    command.upgrade(config(empty_database_url), "0069")
    with connect(empty_database_url) as connection:
        for account, gone in ((present, "NULL"), (left, "now()")):
            connection.execute(
                "INSERT INTO users (id, name, role, created_at, deactivated_at)"
                f" VALUES ('{account}', '{account}', 'administrator', now(), {gone})"
            )
            connection.execute(
                "INSERT INTO memberships (id, user_id, unit_id, role, valid_from)"
                f" VALUES (gen_random_uuid(), '{account}', '{ROOT_UNIT}', '*', now() - interval '1 day')"
            )
            connection.execute(
                "INSERT INTO webhooks (id, url, secret, kinds, created_by, created_at)"
                f" VALUES ('{account}', 'https://example.org', 's', '[]', '{account}', now())"
            )
    command.upgrade(config(empty_database_url), "0070")
    with connect(empty_database_url) as connection:
        found = connection.execute("SELECT id::text, owner_id::text FROM webhooks ORDER BY id").fetchall()
    assert found == [(present, present), (left, present)]
