"""Passwords, scopes and closed accounts from the command line."""

import io
import json
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from demo import accounts as demo_accounts
from engine import access
from engine.cli import main
from engine.identity import accounts, login, passwords
from engine.identity.oidc import Person
from engine.models import Identity, Token
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.platform.errors import Conflict
from tests import factories

PEOPLE = Path(demo_accounts.__file__).with_name("organisation.json")

PASSWORD = "one sentence to remember"
Run = Callable[..., int]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("password", "sara", typed="…")`: the exit code."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def command(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return main(arguments)

    return command


def fits(database: Database, name: str, password: str) -> bool:
    return passwords.fits(database.run(lambda session, _: passwords.find(session, name), "single"), password)


def test_a_password_is_read_from_standard_input_and_told_nowhere(
    run: Run, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("password", "sara", "--role", "caseworker", typed=f"{PASSWORD}\n") == 0
    assert fits(database, "sara", PASSWORD)
    assert PASSWORD not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "12 to 200"),
        ("short", "12 to 200"),
        ("caseworker-7\n", "name of the account"),
        ("password 1234", "very common"),
    ],
)
def test_a_password_that_cannot_be_used_is_refused_with_the_rule(
    run: Run, database: Database, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    assert run("password", "Caseworker 7", "--role", "caseworker", typed=typed) == 1
    assert told in capsys.readouterr().err
    assert not fits(database, "Caseworker 7", typed)


def test_composed_and_decomposed_letters_are_one_password(run: Run, database: Database) -> None:
    run("password", "sara", "--role", "caseworker", typed="cafe\u0301 du coin, ouvert\n")
    assert fits(database, "sara", "caf\u00e9 du coin, ouvert")


def test_an_unknown_account_gets_no_password(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("password", "nobody", typed=PASSWORD) == 1
    assert "nobody" in capsys.readouterr().err


def test_a_token_gets_scopes_and_an_end(
    run: Run, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    scopes = ("--scope", "messages.send", "--scope", "calls.work")
    assert run("token", "create", "--name", "hub", "--role", "service", *scopes, "--expires", "P2W") == 0
    with database.transaction() as session:
        token = session.scalars(select(Token)).one()
    assert token.scopes == ["calls.work", "messages.send"]
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 14
    run("token", "list")
    assert "(calls.work, messages.send)" in capsys.readouterr().out


def test_a_scope_by_its_former_name_means_the_same(run: Run, database: Database) -> None:
    command = ("token", "create", "--name", "ops", "--role", "administrator", "--scope", "incidents.mend")
    assert run(*command) == 0
    with database.transaction() as session:
        token = session.scalars(select(Token)).one()
        assert token.scopes == ["incidents.repair"]
        token.scopes = ["incidents.mend"]  # as earlier releases have stored it
    with database.transaction() as session:
        actor = accounts.find_actor(session, session.scalars(select(Token.digest)).one())
    assert actor is not None
    assert access.allows(actor, "incidents.repair")
    assert not access.allows(actor, "cases.read")


@pytest.mark.parametrize("option", [("--scope", "everything"), ("--expires", "soon"), ("--expires", "P0D")])
def test_scopes_and_ends_that_mean_nothing_are_refused(
    run: Run, database: Database, option: tuple[str, str]
) -> None:
    command = ("token", "create", "--name", "hub", "--role", "service", *option)
    if option[0] == "--expires":
        with pytest.raises(SystemExit):
            run(*command)
    else:
        assert run(*command) == 1
    with database.transaction() as session:
        assert not session.scalars(select(Token)).all()


def test_an_account_is_closed_opened_and_linked(run: Run, database: Database) -> None:
    run("password", "sara", "--role", "caseworker", typed=PASSWORD)
    assert run("account", "deactivate", "sara") == 0
    assert not fits(database, "sara", PASSWORD)
    assert run("account", "activate", "sara") == 0
    assert fits(database, "sara", PASSWORD)
    assert run("account", "link", "sara", "https://login.example.org", "s-1") == 0
    with database.transaction() as session:
        assert session.scalars(select(Identity.subject)).all() == ["s-1"]
    assert run("account", "link", "nobody", "https://login.example.org", "s-2") == 1


def test_a_person_is_linked_to_one_account_only(database: Database) -> None:
    with database.transaction() as session:
        one, two = (
            accounts.find_or_create(session, datetime.now(UTC), name, "caseworker").id
            for name in ("one", "two")
        )
        login.link(session, datetime.now(UTC), one, issuer="i", subject="s")
        with pytest.raises(Conflict):
            login.link(session, datetime.now(UTC), two, issuer="i", subject="s")


def test_whoever_comes_twice_at_once_for_the_first_time_gets_one_account(database: Database) -> None:
    person = Person("https://i.example", "s", "0012345679", "low", None, "applicant", "i")
    found = factories.at_once(
        6, lambda _: database.run(lambda session, now: login.account_of_person(session, now, person))
    )
    assert len({actor.id for actor in found}) == 1


def test_demo_people_have_passwords_that_only_their_file_tells(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path)})
    demo_accounts.prepare(database, settings, "http://127.0.0.1:8000")
    file = settings.demo_accounts
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = {account["name"]: account for account in json.loads(file.read_bytes())["accounts"]}
    with_password = {name for name, account in kept.items() if "password" in account}
    people = json.loads(PEOPLE.read_bytes())["people"]
    assert with_password == {person["name"] for person in people} | {"applicant"}
    assert fits(database, "inspector", kept["inspector"]["password"])
    assert kept["inspector"]["password"] not in capsys.readouterr().out
    demo_accounts.prepare(database, settings, "http://127.0.0.1:9000")
    again = {account.name: account.password for account in demo_accounts.read(settings)}
    assert again["caseworker"] == kept["caseworker"]["password"]


def test_at_most_two_hashes_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, all_in = threading.Lock(), threading.Event()
    now, most = 0, 0

    class Slow:
        """Counts how many work at once; the first two wait for a third, which must not come."""

        def verify(self, *_: str) -> bool:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
                if now > 2:
                    all_in.set()
            all_in.wait(0.05)
            with lock:
                now -= 1
            return True

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    assert factories.at_once(8, lambda _: passwords.fits(passwords.Known(None, ""), PASSWORD)) == [False] * 8
    assert most == 2
