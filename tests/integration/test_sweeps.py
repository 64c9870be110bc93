"""What a worker does repeatedly continues, even if its rows are locked for a while."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.platform import limits
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy
from engine.worker.command_runner import CommandRunner
from engine.worker.sweeps import each
from engine.worker.webhook_deliveries import deliver
from tests.conftest import conninfo
from tests.outbound import Hub
from tests.receiver import Receiver


@pytest.fixture
def runner(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandRunner]:
    """One that waits a second for a lock."""
    monkeypatch.setattr(limits, "WORK", replace(limits.WORK, lock=1))
    environ = {"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url, "WEBHOOK_ALLOW": "127.0.0.0/8"}
    opened = CommandRunner(Settings.read(environ), database_url, 2)
    yield opened
    opened.close()


async def goes_on(work: Coroutine[Any, Any, None], done: Callable[[], bool]) -> None:
    """Return when it is done, while the work has not ended."""
    working = asyncio.create_task(work)
    while not done():
        await asyncio.wait([working], timeout=0.01)
        assert not working.done()
    working.cancel()


def held_for_two_seconds(
    database_url: str, rows: str, work: Coroutine[Any, Any, None], done: Sequence[Any]
) -> None:
    """Lock rows while the work continues: nothing is done. What waits continues when they are free."""
    with psycopg.connect(conninfo(database_url)) as holding:
        holding.execute(rows)
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(work, 2))
        assert list(done) == []


def test_events_that_somebody_holds_up_are_sent_later(
    hub: Hub, runner: CommandRunner, database_url: str, subscriber: Receiver
) -> None:
    hub.subscribe(subscriber.url)
    hub.case()
    held_for_two_seconds(
        database_url, "LOCK TABLE cursors IN SHARE MODE", deliver(runner), subscriber.received
    )
    asyncio.run(goes_on(deliver(runner), lambda: len(subscriber.received) > 0))


def test_sweep_that_somebody_holds_up_is_made_later(
    hub: Hub, runner: CommandRunner, database_url: str
) -> None:
    made: list[Any] = []

    def sweep(uow: UnitOfWork) -> None:
        made.append(uow.connection.exec_driver_sql("SELECT FROM definitions FOR UPDATE"))

    rows = "SELECT FROM definitions FOR UPDATE"
    held_for_two_seconds(database_url, rows, each(0.01, runner, sweep), made)
    asyncio.run(goes_on(each(0.01, runner, sweep), lambda: len(made) > 1))


def test_refused_sweep_is_made_later(runner: CommandRunner) -> None:
    made: list[Any] = []

    def sweep(uow: UnitOfWork) -> None:
        made.append(uow.now)
        if len(made) == 1:
            raise Busy("The case is still being processed.")

    asyncio.run(goes_on(each(0.01, runner, sweep), lambda: len(made) > 1))
