"""Checkpoints are taken by the clock, and leave the database: to a folder, a URL, a mail address."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from engine.connectors import Connectors
from engine.models import AuditRun, Checkpoint, CheckpointSending
from engine.oversight.audit import checkpoints, runs, sending, signing, statement
from engine.oversight.audit.sending import Sending
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import NotFound
from tests import factories
from tests.integration.conftest import Act
from tests.integration.test_exchange_mail import Mailbox, mailer, receiving
from tests.outbound import Hub
from tests.receiver import Receiver

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an installation that sends to a folder alone."""
    return Settings.read({"PARVANDEH_VAR": str(tmp_path), "WEBHOOK_ALLOW": "127.0.0.0/8"})


def taken(database: Database, settings: Settings) -> None:
    database.run(
        lambda session, now: checkpoints.take(session, now, (), sending.targets(settings)), "snapshot"
    )


def sent(act: Act, settings: Settings, later: timedelta = timedelta(0)) -> list[str | None]:
    """A round of a worker: the failures, None for what was sent."""
    leased: list[Sending] = act("administrator", sending.due, later=later)
    connectors = Connectors.read(settings)
    found = []
    for one in sorted(leased, key=lambda one: one.target):
        failure = asyncio.run(sending.send(settings, connectors, one))
        act(
            "administrator",
            lambda uow, one=one, failure=failure: sending.settle(uow, one, failure),
            later=later,
        )
        found.append(failure)
    return found


def statuses(database: Database) -> list[tuple[int, str, str, int]]:
    with database.transaction() as session:
        rows = session.scalars(select(CheckpointSending).order_by(CheckpointSending.number))
        return [(row.number, row.target, row.status, row.attempts) for row in rows]


def test_checkpoint_is_saved_as_a_file_that_is_never_overwritten(
    database: Database, act: Act, settings: Settings
) -> None:
    taken(database, settings)
    assert sent(act, settings) == [None]
    file = settings.checkpoint_folder / "checkpoint-000001.json"
    assert statement.parse(file.read_bytes()).statement.number == 1
    names = {path.name for path in settings.checkpoint_folder.iterdir()}
    assert names == {file.name, "checkpoint-000001.leaves"}
    assert statuses(database) == [(1, "folder", "sent", 1)]
    assert sent(act, settings) == []
    taken(database, settings)
    (settings.checkpoint_folder / "checkpoint-000002.json").write_text("other")
    assert sent(act, settings) == ["exists"]
    assert (settings.checkpoint_folder / "checkpoint-000002.json").read_text() == "other"


def test_checkpoint_is_posted_as_it_is(
    database: Database, act: Act, settings: Settings, subscriber: Receiver
) -> None:
    settings = replace(settings, checkpoint_webhook=subscriber.url)
    taken(database, settings)
    assert sent(act, settings) == [None, None]
    (request,) = subscriber.received
    assert request.headers["Content-Type"] == "application/json"
    file = settings.checkpoint_folder / "checkpoint-000001.json"
    assert request.body == file.read_bytes()


def test_failed_sending_is_retried_then_given_up_and_repeated_on_demand(
    database: Database, act: Act, settings: Settings, subscriber: Receiver
) -> None:
    settings = replace(settings, checkpoint_webhook="http://127.0.0.1:9/")
    taken(database, settings)
    assert sent(act, settings) == [None, "connection"]
    assert sent(act, settings) == [], "it waits ten seconds"
    later = timedelta(0)
    for _ in range(6):
        later += timedelta(days=1)
        assert sent(act, settings, later) == ["connection"]
    assert statuses(database)[1][1:] == ("webhook", "failed", 7)
    assert sent(act, settings, later + timedelta(days=9)) == []
    (row,) = act("administrator", sending.failed)
    assert (row.target, row.failure) == ("webhook", "connection")
    assert act("administrator", lambda uow: sending.again(uow, 1)) == 1
    settings = replace(settings, checkpoint_webhook=subscriber.url)
    assert sent(act, settings) == [None]
    assert act("administrator", sending.failed) == []
    with pytest.raises(NotFound):
        act("administrator", lambda uow: sending.again(uow, 1))


def test_sending_of_an_altered_checkpoint_fails_and_those_of_others_do_not(
    database: Database, act: Act, settings: Settings
) -> None:
    taken(database, settings)
    taken(database, settings)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE checkpoints DISABLE TRIGGER USER"))
        session.execute(text("UPDATE checkpoints SET body = 'x' WHERE number = 2"))
    assert sent(act, settings) == [None]
    assert statuses(database) == [(1, "folder", "sent", 1), (2, "folder", "failed", 1)]
    (failed,) = act("administrator", lambda uow: [row.failure for row in sending.failed(uow)])
    assert failed == "altered"


def test_sending_of_a_dead_worker_is_taken_over_and_its_late_result_is_ignored(
    database: Database, act: Act, settings: Settings
) -> None:
    taken(database, settings)
    (first,) = act("administrator", sending.due)
    assert act("administrator", sending.due) == []
    (second,) = act("administrator", sending.due, later=timedelta(minutes=4))
    act("administrator", lambda uow: sending.settle(uow, first, "folder"))
    assert statuses(database) == [(1, "folder", "waiting", 2)]
    act("administrator", lambda uow: sending.settle(uow, second, None))
    assert statuses(database) == [(1, "folder", "sent", 2)]


def carried_out(database: Database, act: Act, settings: Settings) -> None:
    """What a worker of the queue `checks` does."""
    found = text("DELETE FROM procrastinate_jobs WHERE task_name = 'audit' RETURNING args ->> 'run_id'")
    worker = factories.an_actor(database, "administrator")

    def do(command: Any, view: Any = "write") -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, worker, now)), view)

    for run_id in act("administrator", lambda uow: uow.connection.execute(found).scalars().all()):
        runs.carry_out(do, settings, run_id)


def test_checkpoint_is_taken_each_hour_once(database: Database, act: Act, settings: Settings) -> None:
    signing.create(settings.audit_key)

    def schedule(later: timedelta = timedelta(0), minutes: int = 60) -> bool:
        return bool(act("administrator", lambda uow: runs.schedule(uow, minutes), later=later))

    assert not schedule(minutes=0)
    assert schedule()
    assert not schedule(), "it waits for its worker"
    carried_out(database, act, settings)
    assert not schedule()
    assert not schedule(timedelta(minutes=59))
    assert schedule(timedelta(minutes=61))
    carried_out(database, act, settings)
    with database.transaction() as session:
        made = session.scalars(select(Checkpoint).order_by(Checkpoint.number)).all()
        assert [len(row.signatures) for row in made] == [1, 1]
        results = session.scalars(select(AuditRun.result).order_by(AuditRun.id)).all()
    assert results == [{"number": 1, "signed": True}, {"number": 2, "signed": True}]


def test_missing_key_is_a_failure_that_is_not_repeated_each_minute(
    database: Database, act: Act, settings: Settings
) -> None:
    signing.create(settings.audit_key)
    act("administrator", lambda uow: runs.request(uow, "checkpoint"))
    carried_out(database, act, settings)
    settings.audit_key.unlink()
    act("administrator", lambda uow: runs.request(uow, "checkpoint"))
    carried_out(database, act, settings)
    (newest, _) = act("administrator", runs.page)
    assert newest["result"] == {"failure": "no-key"}
    assert not act("administrator", lambda uow: runs.schedule(uow, 60))


def test_run_refuses_to_sign_after_all_checkpoints_were_replaced_by_unsigned_ones(
    database: Database, act: Act, settings: Settings
) -> None:
    signing.create(settings.audit_key)
    act("administrator", lambda uow: runs.request(uow, "checkpoint"))
    carried_out(database, act, settings)
    with database.transaction() as session:
        for table in ("checkpoint_sendings", "checkpoint_leaves", "checkpoints"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            session.execute(text(f"DELETE FROM {table}"))
    taken(database, settings)
    act("administrator", lambda uow: runs.request(uow, "checkpoint"))
    carried_out(database, act, settings)
    (newest, _) = act("administrator", runs.page)
    assert newest["result"] == {"failure": "unsigned"}


def test_requested_twice_it_is_done_once(database: Database, act: Act, settings: Settings) -> None:
    first, second = (act("administrator", lambda uow: runs.request(uow, "verification")) for _ in range(2))
    assert first == second
    factories.deploy(database, factories.one_task())
    factories.a_case(database, factories.an_actor(database, "portal"))
    carried_out(database, act, settings)
    run = act("administrator", lambda uow: runs.get(uow, first))
    assert run["done"] == run["total"] == run["result"]["entries"] > 0
    assert run["result"]["intact"]
    assert act("administrator", lambda uow: runs.request(uow, "verification")) != first
    runs.carry_out(lambda command, *_: act("administrator", command), settings, first)  # a job may run twice


def test_result_of_a_verification_names_findings_as_json(
    database: Database, act: Act, settings: Settings, hub: Hub
) -> None:
    case = factories.a_case(database, hub.portal)
    act("administrator", lambda uow: runs.request(uow, "verification"))
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(text("UPDATE events SET kind = 'x' WHERE seq = 1"))
    carried_out(database, act, settings)
    (run,) = act("administrator", runs.page)
    assert run["result"]["counts"] == {"changed": 1}
    (finding,) = run["result"]["findings"]
    assert finding == {"subject": "case", "code": "changed", "number": 1, "id": str(case.id), "values": {}}
    assert orjson.dumps(run["result"])


def test_checkpoint_is_mailed_whole(database: Database, act: Act, settings: Settings) -> None:
    settings = replace(settings, checkpoint_mail="it:audit@example.org")
    taken(database, settings)
    (one,) = [one for one in act("administrator", sending.due) if one.target == "mail"]

    async def mailed() -> Mailbox:
        async with receiving(Mailbox()) as box:
            connectors = Connectors([mailer(settings.var, box.port)])
            assert await sending.send(settings, connectors, one) is None
            return box

    (letter,) = asyncio.run(mailed()).letters
    assert letter["To"] == "audit@example.org"
    assert letter["Subject"].startswith("Parvandeh checkpoint 1 of ")
    assert statement.parse(letter.get_content().encode()) == one.signed


def test_mail_through_a_connector_that_does_not_exist_fails(
    database: Database, act: Act, settings: Settings
) -> None:
    settings = replace(settings, checkpoint_mail="mail:audit@example.org")
    taken(database, settings)
    assert sent(act, settings) == [None, "unknown-connector"]
