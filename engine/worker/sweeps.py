"""What a process looks for by itself: what fell due, whose worker is gone, what nobody needs any more.

Every process of a queue does it, for none may be the only one: rows that another one holds are passed over.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID

from engine import cases, tasks
from engine.cases import erasure, external_calls, messages, staged_documents
from engine.definitions import deployments
from engine.design import test_runs
from engine.identity import sessions, throttle
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import StorageDown
from engine.platform.storage import Storage
from engine.portal import application_drafts
from engine.requests import idempotency
from engine.tasks import delegations
from engine.worker.command_runner import Desk
from engine.worker.webhook_deliveries import post

SECOND = 1.0
MINUTE = 60.0
HOUR = 3600.0
BATCH = 500


async def each(seconds: float, desk: Desk, *sweeps: Callable[[UnitOfWork], object]) -> None:
    """Run these, again and again with so long a pause. Each is a statement that is whole by itself."""
    while True:
        for sweep in sweeps:
            await desk.look(sweep, "single")
        await asyncio.sleep(seconds)


async def look_after_cases(desk: Desk) -> None:
    """What the queue `cases` needs."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_wake(desk))
        group.create_task(_assign(desk))
        group.create_task(_give_back(desk))
        group.create_task(_expire(desk))
        group.create_task(each(5 * SECOND, desk, jobs.rescue))
        group.create_task(each(MINUTE, desk, messages.expire, messages.offer_again, idempotency.forget))
        group.create_task(each(MINUTE, desk, sessions.forget, throttle.forget, tasks.forget_batches))
        group.create_task(
            each(HOUR, desk, application_drafts.forget, test_runs.forget, staged_documents.forget)
        )
        group.create_task(_delete_files(desk))


async def _delete_files(desk: Desk) -> None:
    """Those of discarded uploads; a storage that does not answer is asked again later."""
    while True:
        with suppress(StorageDown):  # the storage itself has logged it
            await desk.look(lambda uow: erasure.sweep(uow, Storage(desk.settings.documents)))
        await asyncio.sleep(HOUR)


async def _wake(desk: Desk) -> None:
    """A full batch is followed by the next one at once."""
    while True:
        if await desk.look(lambda uow: cases.wake_due(uow, BATCH), "single") != BATCH:
            await asyncio.sleep(SECOND)


async def _assign(desk: Desk) -> None:
    """Each task with its case, in a transaction of its own; what one of them lacks keeps no other waiting."""
    while True:
        await assign_waiting(desk)
        await asyncio.sleep(MINUTE)


async def assign_waiting(desk: Desk) -> None:
    """Try once more to find somebody for each task that comes to people and came to none."""
    last: UUID | None = None
    while found := await desk.look(partial(tasks.waiting, after=last), "single"):
        for task_id in found:
            await desk.look(partial(tasks.allot, task_id=task_id))
        last = found[-1]


async def _give_back(desk: Desk) -> None:
    """What delegates have lost."""
    while True:
        if await desk.look(delegations.give_back) != delegations.AT_ONCE:
            await asyncio.sleep(SECOND)


async def _expire(desk: Desk) -> None:
    """One after the other, each in a transaction of its own, as long as there is one."""
    while True:
        if not await desk.look(tasks.expire):
            await asyncio.sleep(5 * SECOND)


async def look_after_calls(desk: Desk) -> None:
    """What the queue `calls` needs; and events on their way to subscribers."""
    async with asyncio.TaskGroup() as group:
        group.create_task(each(SECOND, desk, lambda uow: external_calls.sweep(uow, BATCH)))
        group.create_task(each(5 * SECOND, desk, jobs.rescue))
        group.create_task(each(MINUTE, desk, external_calls.find_lost))
        group.create_task(_give_up_lost(desk))
        group.create_task(post(desk))


async def look_after_checks(desk: Desk) -> None:
    """What the queue `checks` needs."""
    async with asyncio.TaskGroup() as group:
        group.create_task(each(5 * SECOND, desk, jobs.rescue))
        group.create_task(each(HOUR, desk, deployments.forget))


async def _give_up_lost(desk: Desk) -> None:
    while True:
        await desk.look(external_calls.give_up_lost)
        await asyncio.sleep(MINUTE)
