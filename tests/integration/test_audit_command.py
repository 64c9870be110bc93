"""`python -m engine audit`: its exit codes and what it prints."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.cli import main
from engine.oversight.audit import signing
from engine.platform.db import Actor, Database
from tests import factories

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`run("verify")`: the exit code, and all that is printed."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path))

    def command(*words: object) -> tuple[int, str]:
        code = main(["audit", *map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


@pytest.fixture
def case(database: Database, actor: Callable[..., Actor]) -> str:
    factories.deploy(database, factories.one_task())
    return str(factories.a_case(database, actor("portal")).id)


def test_checkpoint_is_taken_signed_and_verified(run: Run, case: str, tmp_path: Path) -> None:
    code, printed = run("key")
    assert (code, "not signed" in printed) == (1, True)
    code, printed = run("key", "--new")
    public = printed.split("Public key: ")[1].split()[0]
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    assert run("key") == (0, printed.removesuffix("The next checkpoint is signed with it.\n"))
    file = tmp_path / "checkpoint.json"
    code, printed = run("checkpoint", "--output", file)
    assert (code, "Checkpoint 1 of" in printed, "NOT SIGNED" in printed) == (0, True, False)
    for options in ((), ("--checkpoint", file), ("--checkpoint", file, "--key", public)):
        code, printed = run("verify", *options)
        assert (code, "The logs are intact." in printed) == (0, True)
        assert "a key that you trust" in printed
    assert run()[0] == run(case)[0] == 0


def test_unsigned_checkpoint_is_called_so(run: Run, case: str) -> None:
    assert case
    assert "There is no checkpoint" in run("verify")[1]
    assert "NOT SIGNED" in run("checkpoint")[1]
    code, printed = run("verify")
    assert (code, "NOT SIGNED" in printed) == (0, True)
    code, printed = run("verify", "--key", "00" * 32)
    assert (code, "not signed with a key that you trust" in printed) == (1, True)


def test_key_is_replaced_with_a_checkpoint_of_both(run: Run, case: str, tmp_path: Path) -> None:
    assert case
    run("key", "--new")
    first = (tmp_path / "audit.key").read_bytes()
    run("checkpoint", "--output", tmp_path / "1.json")
    code, printed = run("key", "--new")
    assert (code, "Checkpoint 2 of" in printed) == (0, True)
    assert (tmp_path / "audit.key").read_bytes() != first
    (kept,) = tmp_path.glob("audit.key.*")
    assert kept.read_bytes() == first
    run("checkpoint", "--output", tmp_path / "3.json")
    signing.create(tmp_path / "audit.key.new")  # a replacement that was interrupted
    assert run("key", "--new")[0] == 0
    assert not (tmp_path / "audit.key.new").exists()
    for number in (1, 3):
        assert run("verify", "--checkpoint", tmp_path / f"{number}.json")[0] == 0


def test_lost_key_is_replaced_and_the_change_stays_visible(run: Run, case: str, tmp_path: Path) -> None:
    assert case
    run("key", "--new")
    run("checkpoint")
    (tmp_path / "audit.key").unlink()
    code, printed = run("checkpoint")
    assert (code, "signed with the key" in printed) == (1, True)
    assert run("key", "--new", "--lost")[0] == 0
    code, printed = run("verify")
    assert (code, "another key than the one before" in printed) == (0, False)  # its own key is trusted
    code, printed = run("verify", "--key", "00" * 32)
    assert (code, "another key than the one before" in printed) == (1, True)


def test_each_refused_checkpoint_has_a_message_and_an_exit_code(
    run: Run, case: str, tmp_path: Path, database: Database
) -> None:
    assert case
    run("key", "--new")
    file, altered = tmp_path / "1.json", tmp_path / "altered.json"
    run("checkpoint", "--output", file)
    altered.write_bytes(file.read_bytes().replace(b'"count":1', b'"count":2', 1))
    code, printed = run("verify", "--checkpoint", altered)
    assert (code, "altered" in printed) == (4, True)
    code, printed = run("verify", "--checkpoint", tmp_path / "audit.key")
    assert (code, "not a checkpoint" in printed) == (4, True)
    code, printed = run("verify", "--checkpoint", file, "--key", "00" * 32)
    assert (code, "unknown key" in printed) == (5, True)
    code, printed = run("verify", "--checkpoint", file, "--key", "nothing")
    assert (code, "64 hexadecimal digits" in printed) == (1, True)
    code, printed = run("verify", "--checkpoint", tmp_path / "none.json")
    assert (code, "can't be read" in printed) == (1, True)
    with database.transaction() as session:
        session.execute(text("UPDATE installation SET id = gen_random_uuid()"))
    code, printed = run("verify", "--checkpoint", file)
    assert (code, "another installation" in printed) == (3, True)


def test_finding_is_named(run: Run, case: str, database: Database) -> None:
    run("key", "--new")
    run("checkpoint")
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(text("UPDATE events SET kind = 'task.claimed' WHERE seq = 2"))
    code, printed = run("verify")
    assert (code, f"case {case}, 2: The entry was changed." in printed) == (1, True)


def test_option_of_another_command_is_refused(run: Run) -> None:
    code, printed = run("verify", "--output", "x")
    assert (code, "audit checkpoint" in printed) == (1, True)


@pytest.mark.parametrize("words", [("nonsense",), ("verify", "extra"), ("--checkpoint",)])
def test_wrong_usage_is_explained(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        run(*words)
    assert left.value.code == 2
