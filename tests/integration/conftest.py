"""Fixtures of the engine's tests on a real database."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from engine import cases
from engine.platform.db import Actor, Database, UnitOfWork
from engine.worker.command_runner import CommandRunner
from engine.worker.jobs import JobHandler, of_cases
from tests import factories, receiver
from tests.outbound import Hub
from tests.receiver import Receiver

T = TypeVar("T")
Act = Callable[..., Any]
NEXT = text("""
DELETE FROM procrastinate_jobs
WHERE id = (
    SELECT id FROM procrastinate_jobs WHERE queue_name = 'cases' AND status = 'todo'
    ORDER BY priority DESC, id LIMIT 1
)
RETURNING task_name, args
""")


@pytest.fixture
def hub(database: Database, actor: Callable[..., Actor]) -> Hub:
    """An installation with the definition `p`: start, user task `a`, end."""
    factories.deploy(database, factories.one_task())
    return Hub(database, actor("administrator"), actor("portal"))


@pytest.fixture
def subscriber() -> Iterator[Receiver]:
    """A receiver on loopback."""
    with receiver.listening() as listening:
        yield listening


@pytest.fixture
def act(database: Database, actor: Callable[..., Actor]) -> Act:
    """`act("service", lambda uow: …, later=HOUR)`: a command of that role, so much later than now."""

    def run(
        role: str,
        command: Callable[[UnitOfWork], T],
        later: timedelta = timedelta(0),
        name: str | None = None,
    ) -> T:
        who = actor(role, name)
        return database.run(lambda session, now: command(UnitOfWork(session, who, now + later)))

    return run


@pytest.fixture
def start(database: Database, act: Act) -> Callable[..., cases.CaseView]:
    return lambda **data: act("caseworker", lambda uow: cases.start(uow, "p", data))


@pytest.fixture
def work(act: Act) -> Callable[..., None]:
    """`work(later=HOUR)`: what a worker of the queue `cases` does until nothing is left, so much later."""

    class Here:
        """A runner that works at once."""

        def __init__(self, later: timedelta) -> None:
            self.later = later

        async def submit(self, command: Callable[[UnitOfWork], T], *_: Any) -> T:
            return cast(T, act("administrator", command, self.later))

    def run(later: timedelta = timedelta(0)) -> None:
        served = of_cases(cast(CommandRunner, Here(later)))
        taken: Any = True
        while taken:
            act("administrator", lambda uow: cases.wake_due(uow, 500), later)
            taken = act("administrator", lambda uow: uow.connection.execute(NEXT).one_or_none())
            if taken:
                asyncio.run(_one(served[taken.task_name], *taken.args.values()))

    return run


async def _one(task: JobHandler, row: str) -> None:
    await task.run(UUID(row))


def look(act: Act, case: cases.CaseView) -> cases.CaseView:
    """Return a case as it is now."""
    shown: cases.CaseView = act("caseworker", lambda uow: cases.get(uow, case.id))
    return shown
