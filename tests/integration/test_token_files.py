"""Tokens of many accounts from a file: all or none, each shown once."""

import csv
import stat
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.cli import main
from engine.identity import accounts
from engine.models import Membership, Token, User
from engine.platform.db import Database
from tests.organisation import a_unit

Command = Callable[..., tuple[int, str, str]]
GOOD = """name,role,unit,as,scopes,expires
hub,service,,,messages.send calls.work,P90D
سارا,caseworker,office,inspector,,
portal,portal,,,,P2W
"""


@pytest.fixture
def create(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """`create(content, …)`: exit code, output and errors of the command with a file of this content."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "tokens.csv"

    def call(content: str | bytes, *more: str) -> tuple[int, str, str]:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        capsys.readouterr()
        code = main(("token", "create", "--file", str(file), *more))
        return code, *capsys.readouterr()

    return call


def tokens(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(Token)).one()


def test_each_account_gets_its_token(create: Command, database: Database) -> None:
    a_unit(database, "office")
    code, output, errors = create(GOOD)
    assert (code, errors) == (0, "")
    made: Mapping[str, str] = {row["name"]: row["token"] for row in csv.DictReader(output.splitlines())}
    assert [*made] == ["hub", "سارا", "portal"]
    with database.transaction() as session:
        found = {name: accounts.find_actor(session, accounts.digest(token)) for name, token in made.items()}
        assert [actor.name if actor else None for actor in found.values()] == [*made]
        hub = session.scalars(
            select(Token).join(User, User.id == Token.user_id).where(User.name == "hub")
        ).one()
        assert hub.scopes == ["calls.work", "messages.send"]
        assert hub.expires_at == hub.created_at + timedelta(days=90)
        works = select(Membership.role).join(User, User.id == Membership.user_id).where(User.name == "سارا")
        assert session.scalars(works).one() == "inspector"


def test_a_file_for_the_tokens_is_new_and_private(
    create: Command, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "made.csv"
    code, output, _ = create("name;role\nhub;service\n", "--out", str(out))
    assert (code, "pvd_" in output) == (0, False)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text().startswith("name,token\nhub,pvd_")
    code, _, errors = create("name,role\nother,service\n", "--out", str(out))
    assert (code, "can't be created" in errors, tokens(database)) == (1, True, 1)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("hub,service,,,,soon", "line 3, expires: is no period"),
        ("hub,service,,,,P0D", "line 3, expires: is no period"),
        ("hub,boss,,,,", "line 3, role: Unknown role"),
        ("hub,service,,,cases.raed,", "line 3, scopes: cases.raed"),
        ("hub,caseworker,,applicant,,", "line 3, as: cannot be a role"),
        ("hub,service,nowhere,,,", "line 3: "),
        (",service,,,,", "line 3, name: is empty"),
        ("hub,,,,,", "line 3, role: is empty"),
        ("first,portal,,,,", "line 3, name: has a token in this file already"),
        ("known,portal,,,,", "line 3: The account 'known' already has the role"),
        ("system,service,,,,", "line 3, name: "),
        ("hub,service,,,,,,more", "line 3: has more cells"),
        ('hub,"service,,,,', "cannot be read"),
        ("h\0b,service,,,,", "line 3"),
    ],
)
def test_one_wrong_line_and_nothing_is_created(
    create: Command, database: Database, tmp_path: Path, rows: str, told: str
) -> None:
    with database.transaction() as session:
        accounts.find_or_create(session, session.scalars(select(func.now())).one(), "known", "service")
    content = f"name,role,unit,as,scopes,expires\nfirst,portal,,,,\n{rows}\n"
    code, output, errors = create(content, "--out", str(tmp_path / "made.csv"))
    assert (code, output, told in errors) == (1, "", True), errors
    assert "Traceback" not in errors
    assert not (tmp_path / "made.csv").exists()
    assert tokens(database) == 0
    with database.transaction() as session:
        assert session.scalars(select(User.name)).all() == ["known"]


def test_all_wrong_lines_are_told(create: Command) -> None:
    _, _, errors = create("name,role\na,boss\nb,chief\n")
    assert ("line 2, role" in errors, "line 3, role" in errors) == (True, True)


@pytest.mark.parametrize(
    "content", ["", "name\nhub\n", "name,role,colour\nhub,service,red\n", "name,name,role\na,b,portal\n",
                "name,role\n", b"name,role\n\xff,portal\n"],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(create: Command, database: Database, content: str | bytes) -> None:
    code, output, errors = create(content)
    assert (code, output, tokens(database)) == (1, "", 0)
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments",
    [(), ("--name", "a"), ("--role", "portal"), ("--name", "a", "--role", "portal", "--out", "x"),
     ("--file", "x", "--name", "a"), ("--file", "x", "--scope", "cases.read")],
)  # fmt: skip
def test_a_wrong_call_says_how(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(("token", "create", *arguments)) == 2
    assert "--file" in capsys.readouterr().err
