"""Tokens open the API for their account until they are revoked; the command line makes them."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select

from engine.cli import main
from engine.identity import accounts
from engine.models import Token, User
from engine.platform.db import Database
from engine.platform.errors import Conflict, Invalid, NotFound

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def command(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line on the test's database: exit code, output, errors."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_token_finds_its_account(database: Database) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, NOW, name="سارا نیک‌نام", role="caseworker")
    with database.transaction() as session:
        actor = accounts.find_actor(session, accounts.digest(token))
    assert actor is not None
    assert (actor.name, actor.role) == ("سارا نیک‌نام", "caseworker")


def test_unknown_token_finds_nobody(database: Database) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, NOW, name="a", role="portal")
        for wrong in ("", "pvd_", token[:-1], token + "x", token.upper()):
            assert accounts.find_actor(session, accounts.digest(wrong)) is None


def test_account_is_found_with_one_statement(database: Database) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, NOW, name="a", role="portal")
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with database.transaction() as session:
        accounts.find_actor(session, accounts.digest(token))
    assert len(statements) == 1


def test_token_is_long_recognisable_and_not_stored(database: Database) -> None:
    with database.transaction() as session:
        token = accounts.create_token(session, NOW, name="a", role="portal")
        assert token.startswith("pvd_")
        assert len(token) >= 47
        digest = session.scalars(select(Token.digest)).one()
    assert len(digest) == 32
    assert token.encode() not in digest


def test_revoked_token_finds_nobody_and_the_others_stay_valid(database: Database) -> None:
    with database.transaction() as session:
        revoked = accounts.create_token(session, NOW, name="a", role="portal")
        kept = accounts.create_token(session, NOW, name="a", role="portal")
        accounts.revoke_token(session, NOW, accounts.list_tokens(session)[0].id)
    with database.transaction() as session:
        assert accounts.find_actor(session, accounts.digest(revoked)) is None
        assert accounts.find_actor(session, accounts.digest(kept)) is not None


def test_second_revocation_keeps_the_first_instant(database: Database) -> None:
    with database.transaction() as session:
        accounts.create_token(session, NOW, name="a", role="portal")
        token = accounts.list_tokens(session)[0].id
        accounts.revoke_token(session, NOW, token)
        accounts.revoke_token(session, datetime(2027, 1, 1, tzinfo=UTC), token)
        assert accounts.list_tokens(session)[0].revoked_at == NOW


def test_revoking_an_unknown_token_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound):
        accounts.revoke_token(session, NOW, uuid4())


def test_second_token_belongs_to_the_same_account(database: Database) -> None:
    with database.transaction() as session:
        accounts.create_token(session, NOW, name="a", role="portal")
        accounts.create_token(session, NOW, name="a", role="portal")
        assert len(session.scalars(select(User)).all()) == 1


def test_second_token_with_another_role_is_refused(database: Database) -> None:
    with database.transaction() as session:
        accounts.create_token(session, NOW, name="a", role="portal")
        with pytest.raises(Conflict, match="portal"):
            accounts.create_token(session, NOW, name="a", role="administrator")
        assert len(accounts.list_tokens(session)) == 1


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "\u200c", "a" * 101, "system", "a\u202eb"])
def test_unfit_name_is_refused(database: Database, name: str) -> None:
    with database.transaction() as session, pytest.raises(Invalid) as refusal:
        accounts.create_token(session, NOW, name=name, role="administrator")
    assert [fault.pointer for fault in refusal.value.faults] == ["/name"]


def test_system_account_is_made_once_and_has_no_token(database: Database) -> None:
    with database.transaction() as session:
        first = accounts.system(session, NOW)
        assert accounts.system(session, NOW) == first
        assert first.role == "administrator"
        assert accounts.list_tokens(session) == []
        assert not accounts.any_person(session)


def test_command_line_makes_a_token_that_works(
    command: Callable[..., tuple[int, str, str]], database: Database
) -> None:
    code, output, errors = command("token", "create", "--name", "first", "--role", "administrator")
    assert (code, errors) == (0, "")
    with database.transaction() as session:
        actor = accounts.find_actor(session, accounts.digest(output.splitlines()[-1]))
    assert actor is not None
    assert actor.role == "administrator"


def test_command_line_lists_tokens_without_showing_them(command: Callable[..., tuple[int, str, str]]) -> None:
    _, output, _ = command("token", "create", "--name", "first", "--role", "designer")
    token = output.splitlines()[-1]
    code, listed, _ = command("token", "list")
    assert code == 0
    assert "first" in listed
    assert "designer" in listed
    assert token not in listed


def test_command_line_revokes_by_the_listed_id(
    command: Callable[..., tuple[int, str, str]], database: Database
) -> None:
    _, output, _ = command("token", "create", "--name", "first", "--role", "designer")
    _, listed, _ = command("token", "list")
    assert command("token", "revoke", str(UUID(listed.split()[0])))[0] == 0
    with database.transaction() as session:
        assert accounts.find_actor(session, accounts.digest(output.splitlines()[-1])) is None
    assert "revoked" in command("token", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("token", "revoke", str(uuid4())), "does not exist."),
        (("token", "create", "--name", "system", "--role", "portal"), "reserved for the system"),
    ],
)
def test_command_line_tells_a_mistake_without_a_traceback(
    command: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], told: str
) -> None:
    code, output, errors = command(*arguments)
    assert (code, output) == (1, "")
    assert told in errors
    assert "Traceback" not in errors


def test_command_line_asks_for_the_migration_of_an_empty_database(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert main(["token", "list"]) == 1
    assert "python -m engine migrate" in capsys.readouterr().err


def test_command_line_tells_that_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@/none?host=/nonexistent")
    assert main(["token", "list"]) == 1
    assert "The database can't be used" in capsys.readouterr().err
