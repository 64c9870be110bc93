"""`python -m engine publish` and `retire` act as the installation's own account."""

from collections.abc import Callable

import pytest

from engine import definitions
from engine.cli import main
from engine.platform.db import Actor, Database
from tests import factories

Command = Callable[..., int]


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command against the test's database; `publishing` is the setting."""

    def run(*arguments: str, publishing: str = "direct") -> int:
        monkeypatch.setenv("DATABASE_URL", database_url)
        monkeypatch.setenv("PUBLISHING", publishing)
        return main(arguments)

    return run


def drafted(database: Database, author: Actor) -> None:
    files = factories.one_task()
    factories.as_actor(database, author, lambda uow: definitions.deploy(uow, files, publishing="four-eyes"))


def test_draft_of_a_person_is_published_and_retired(
    database: Database, actor: Callable[..., Actor], command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    drafted(database, actor("designer"))
    assert command("publish", "p", "1", publishing="four-eyes") == 0
    assert factories.a_case(database, actor("caseworker")).version == 1
    assert command("retire", "p", "1") == 0
    assert capsys.readouterr().out == "p version 1 is published.\np version 1 is retired.\n"


def test_own_draft_takes_another_person(
    database: Database, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.deploy(database, factories.one_task(), "four-eyes")
    assert command("publish", "p", "1", publishing="four-eyes") == 1
    assert "Ask another person" in capsys.readouterr().err
    assert command("publish", "p", "1") == 0


@pytest.mark.parametrize("verb", ["publish", "retire"])
def test_unknown_version_is_told(command: Command, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(verb, "p", "1") == 1
    assert "The definition 'p' does not exist." in capsys.readouterr().err
