"""`prune` deletes what is done with and old enough, in batches, and nothing that is still open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from engine.cases import pruning
from engine.cli import main
from engine.cli.prune import prune_all
from engine.events import feed
from engine.identity import accounts
from engine.models import Delivery, Message, Webhook
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Forbidden
from engine.platform.ids import uuid7
from tests import factories

LONG_AGO, LATELY = (datetime.now(UTC) - timedelta(days=days) for days in (60, 3))


@pytest.fixture
def prune(monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database) -> Callable[..., int]:
    """`prune("--dead")`: the command on this database."""

    def run(*arguments: str) -> int:
        monkeypatch.setenv("DATABASE_URL", database_url)
        return main(["prune", *arguments])

    return run


def deliveries(database: Database, actor: Actor) -> dict[str, UUID]:
    """One of each status, old and new, by status and age."""
    webhook = {"id": uuid7(), "url": "https://x.example", "secret": "s", "kinds": [], "created_at": LONG_AGO}
    rows: dict[str, dict[str, Any]] = {
        f"{status} {age}": {
            **{"id": uuid7(), "webhook_id": webhook["id"], "case_id": uuid7(), "seq": 1, "attempts": 1},
            **{"status": status, "due_at": at, "closed_at": None if status == "waiting" else at},
        }
        for status in ("waiting", "delivered", "dead")
        for age, at in (("old", LONG_AGO), ("new", LATELY))
    }
    with database.transaction() as session:
        session.execute(insert(Webhook).values(**webhook, created_by=actor.id, owner_id=actor.id))
        session.execute(insert(Delivery), list(rows.values()))
    return {name: row["id"] for name, row in rows.items()}


def messages(database: Database) -> dict[str, UUID]:
    rows: dict[str, dict[str, Any]] = {
        f"{status} {age}": {
            **{"id": uuid7(), "name": "m", "correlation": "{}", "data": {}, "kind": "message"},
            **{"status": status, "sent_at": at, "expires_at": datetime.now(UTC) + timedelta(days=1)},
            "closed_at": None if status == "kept" else at,
        }
        for status in ("kept", "delivered", "expired")
        for age, at in (("old", LONG_AGO), ("new", LATELY))
    }
    with database.transaction() as session:
        session.execute(insert(Message), list(rows.values()))
    return {name: row["id"] for name, row in rows.items()}


def left(database: Database, model: type[Delivery] | type[Message], made: dict[str, UUID]) -> set[str]:
    with database.transaction() as session:
        found = set(session.scalars(select(model.id)))
    return {name for name, row in made.items() if row in found}


def test_what_is_old_and_done_with_goes_and_all_else_stays(
    prune: Callable[..., int],
    database: Database,
    actor: Callable[..., Actor],
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent, told = deliveries(database, actor("administrator")), messages(database)
    assert prune() == 0
    assert capsys.readouterr().out == "1 deliveries were deleted.\n2 messages were deleted.\n"
    assert left(database, Delivery, sent) == sent.keys() - {"delivered old"}
    assert left(database, Message, told) == told.keys() - {"delivered old", "expired old"}
    assert prune("--dead", "--deliveries-older-than", "1", "--messages-older-than", "0") == 0
    assert left(database, Delivery, sent) == {"waiting old", "waiting new"}
    assert left(database, Message, told) == told.keys() - {"delivered old", "expired old"}


def test_many_rows_go_in_batches(database: Database) -> None:
    with database.transaction() as session:
        rows = [
            {
                **{"id": uuid7(), "name": "m", "correlation": "{}", "data": {}, "kind": "message"},
                **{"status": "expired", "sent_at": LONG_AGO, "expires_at": LONG_AGO, "closed_at": LONG_AGO},
            }
            for _ in range(7)
        ]
        session.execute(insert(Message), rows)
    assert prune_all(database, pruning.messages, timedelta(days=30), batch=3) == 7


def test_the_feed_goes_on_where_its_readers_were(
    prune: Callable[..., int], database: Database, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    administrator = actor("administrator")
    position = factories.as_actor(database, administrator, lambda uow: feed.read(uow).next)
    deliveries(database, administrator)
    assert prune("--deliveries-older-than", "1") == 0
    assert factories.as_actor(database, administrator, lambda uow: feed.read(uow, after=position)).items == []


def test_only_whoever_looks_after_the_installation_prunes(
    database: Database, actor: Callable[..., Actor]
) -> None:
    def pruned(uow: UnitOfWork) -> object:
        return pruning.messages(uow, LATELY, UUID(int=0), 10)

    with pytest.raises(Forbidden):
        factories.as_actor(database, actor("caseworker"), pruned)
    with database.transaction() as session:
        system = accounts.system(session, LATELY)
    assert factories.as_actor(database, system, pruned) == (0, None)


@pytest.mark.parametrize("days", ["-1", "x", "1.5", "۳", "99999"])
def test_an_age_that_is_no_number_of_days_is_refused(prune: Callable[..., int], days: str) -> None:
    with pytest.raises(SystemExit) as refused:
        prune("--messages-older-than", days)
    assert refused.value.code == 2
