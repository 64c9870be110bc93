"""Regular checks of a process: due timers, lost workers, expired rows.

Every process of a queue runs them, because none may be the only one: rows that another one has locked are
skipped.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from engine import cases, tasks
from engine.cases import erasure, external_calls, messages, proposals, staged_documents, work_notes
from engine.definitions import uploads
from engine.design import test_runs
from engine.events import administration_log
from engine.identity import sessions, throttle
from engine.oversight import flags
from engine.oversight.audit import runs
from engine.oversight.publication import editions
from engine.platform import jobs, logs
from engine.platform.db import UnitOfWork
from engine.platform.errors import StorageUnavailable
from engine.platform.storage import Storage
from engine.portal import application_drafts, durations, once_only
from engine.requests import deferral, idempotency
from engine.tasks import delegations
from engine.worker import figures
from engine.worker.checkpoints import send_out
from engine.worker.command_runner import CommandRunner
from engine.worker.webhook_deliveries import deliver

SECOND = 1.0
MINUTE = 60.0
HOUR = 3600.0
BATCH = 500
CLOCKS = 20  # cases whose rows are locked together, about a tenth of a second

log = structlog.get_logger("worker")


async def each(seconds: float, runner: CommandRunner, *sweeps: Callable[[UnitOfWork], object]) -> None:
    """Runs these repeatedly, with this pause. Each is one complete statement."""
    while True:
        for sweep in sweeps:
            await runner.poll(sweep, "single")
        await asyncio.sleep(seconds)


async def look_after_cases(runner: CommandRunner) -> None:
    """Runs the sweeps of the queue `cases`."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_beat(runner))
        group.create_task(_wake(runner))
        group.create_task(_run_clocks(runner))
        group.create_task(_raise_rungs(runner))
        group.create_task(_assign(runner))
        group.create_task(_give_back(runner))
        group.create_task(_expire(runner))
        group.create_task(_expire_messages(runner))
        group.create_task(_expire_proposals(runner))
        group.create_task(_note_work(runner))
        group.create_task(each(5 * SECOND, runner, jobs.rescue))
        group.create_task(each(MINUTE, runner, messages.offer_again, idempotency.forget, once_only.expire))
        group.create_task(each(MINUTE, runner, deferral.forget))
        group.create_task(each(MINUTE, runner, sessions.forget, throttle.forget, tasks.delete_old_bulk_jobs))
        group.create_task(
            each(
                HOUR,
                runner,
                durations.count,
                application_drafts.forget,
                once_only.forget,
                test_runs.forget,
                staged_documents.forget,
            )
        )
        group.create_task(_delete_files(runner))


def report_first(runner: CommandRunner) -> None:
    """Reports that this worker runs, before it does anything: what it finds after a gap is logged with it."""
    runner.run(partial(administration_log.beat, limit=_limit(runner)))


def _limit(runner: CommandRunner) -> timedelta:
    return timedelta(seconds=runner.settings.outage_after)


async def _beat(runner: CommandRunner) -> None:
    """Reports that this worker runs, again and again."""
    last: float | None = None
    while True:
        # It runs on while the machine is suspended, and when its clock is set.
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        since = None if last is None else timedelta(seconds=began - last)
        if await runner.poll(partial(administration_log.beat, limit=_limit(runner), since=since)):
            last = began
        await asyncio.sleep(administration_log.BEAT)


async def _raise_rungs(runner: CommandRunner) -> None:
    """Passes tasks of the clock that nobody did on to the unit above, each in a transaction of its own."""
    while True:
        if not await runner.poll(cases.raise_escalation):
            await asyncio.sleep(MINUTE)


async def _delete_files(runner: CommandRunner) -> None:
    """Deletes the files of discarded uploads; if a storage does not answer, it is tried again later."""
    while True:
        with suppress(StorageUnavailable):  # the storage itself has logged it
            await runner.poll(lambda uow: erasure.sweep(uow, Storage(runner.settings.documents)))
        await asyncio.sleep(HOUR)


async def _wake(runner: CommandRunner) -> None:
    """Wakes due timers. A full batch is followed by the next one at once."""
    while True:
        if await runner.poll(lambda uow: cases.wake_due(uow, BATCH), "single") != BATCH:
            await asyncio.sleep(SECOND)


async def _run_clocks(runner: CommandRunner) -> None:
    """Does what is due in statutory terms, again at once as long as there is something."""
    while True:
        if not await run_due_clocks(runner):
            await asyncio.sleep(SECOND)


async def run_due_clocks(runner: CommandRunner) -> bool:
    """Does the next step of some cases; those that can't be done together get a job each.

    Returns whether there may be more at once.
    """
    together = runner.poll(lambda uow: cases.do_due_clocks(uow, CLOCKS))
    (done,) = await asyncio.gather(together, return_exceptions=True)
    if isinstance(done, BaseException):  # whatever it is, a job reports it with its case
        log.error("clocks.failed", error=type(done).__name__, where=logs.place(done))
    elif done:
        return True
    return await runner.poll(lambda uow: cases.sweep_clocks(uow, BATCH), "single") == BATCH


async def _assign(runner: CommandRunner) -> None:
    """Assigns each task with its case, in a transaction of its own, so that no failure delays the others."""
    while True:
        await assign_waiting(runner)
        await asyncio.sleep(MINUTE)


async def assign_waiting(runner: CommandRunner) -> None:
    """Tries again to find an assignee for each automatically assigned task that has none."""
    last: UUID | None = None
    while found := await runner.poll(partial(tasks.list_unassigned, after=last), "single"):
        for task_id in found:
            await runner.poll(partial(tasks.reallocate, task_id=task_id))
        last = found[-1]


async def _give_back(runner: CommandRunner) -> None:
    """Returns the tasks of ended delegations."""
    while True:
        if await runner.poll(delegations.give_back) != delegations.AT_ONCE:
            await asyncio.sleep(SECOND)


async def _expire(runner: CommandRunner) -> None:
    """Processes one after the other, each in a transaction of its own, as long as there is one."""
    while True:
        if not await runner.poll(tasks.expire_requests):
            await asyncio.sleep(5 * SECOND)


async def _expire_messages(runner: CommandRunner) -> None:
    """Discards messages that nobody received. A batch is followed by the next one at once."""
    while True:
        if not await runner.poll(messages.expire):
            await asyncio.sleep(MINUTE)


async def _expire_proposals(runner: CommandRunner) -> None:
    """Closes proposed changes that nobody confirmed. A batch is followed by the next one at once."""
    while True:
        if not await runner.poll(proposals.expire):
            await asyncio.sleep(MINUTE)


async def _note_work(runner: CommandRunner) -> None:
    """Notes ended work in the logs of its cases, each in a transaction of its own."""
    while True:
        if not await runner.poll(work_notes.note_ended):
            await asyncio.sleep(MINUTE)


async def look_after_calls(runner: CommandRunner) -> None:
    """Runs the sweeps of the queue `calls`; and delivers events to subscribers."""
    async with asyncio.TaskGroup() as group:
        group.create_task(each(SECOND, runner, lambda uow: external_calls.sweep(uow, BATCH)))
        group.create_task(each(5 * SECOND, runner, jobs.rescue))
        group.create_task(each(MINUTE, runner, external_calls.find_lost))
        group.create_task(_give_up_lost(runner))
        group.create_task(deliver(runner))
        group.create_task(send_out(runner))


async def look_after_checks(runner: CommandRunner) -> None:
    """Runs the sweeps of the queue `checks`."""
    async with asyncio.TaskGroup() as group:
        group.create_task(each(5 * SECOND, runner, jobs.rescue))
        group.create_task(each(HOUR, runner, uploads.forget))
        group.create_task(_schedule_checkpoints(runner))
        group.create_task(figures.project(runner))
        group.create_task(_publish_statistics(runner))
        group.create_task(_search_for_patterns(runner))


async def _search_for_patterns(runner: CommandRunner) -> None:
    """Searches the logs for red flags, one period after the other, once each has ended."""
    while True:
        while await search_for_patterns(runner):
            await asyncio.sleep(SECOND)
        await asyncio.sleep(HOUR)


async def search_for_patterns(runner: CommandRunner) -> bool:
    """Searches the next period. Returns False without one. A failure must not stop the other sweeps."""
    period = await runner.poll(flags.next_period)
    if period is None:
        return False
    searching = runner.poll(partial(flags.search, period=period, wanted=runner.settings.red_flags))
    (done,) = await asyncio.gather(searching, return_exceptions=True)
    if not isinstance(done, int):  # the period is tried again tomorrow
        error = None if done is None else type(done).__name__
        where = None if done is None else logs.place(done)
        log.error("flags.search-failed", period=period.isoformat(), error=error, where=where)
    return True


async def _schedule_checkpoints(runner: CommandRunner) -> None:
    """Requests a checkpoint whenever one is due."""
    while True:
        await runner.poll(partial(runs.schedule, minutes=runner.settings.checkpoint_minutes))
        await asyncio.sleep(MINUTE)


async def _publish_statistics(runner: CommandRunner) -> None:
    """Publishes the statistics of each month that is due, in a transaction of its own."""
    calendar = runner.settings.published_calendar
    while True:
        if not await runner.poll(partial(editions.publish, calendar=calendar)):
            await asyncio.sleep(MINUTE)


async def _give_up_lost(runner: CommandRunner) -> None:
    while True:
        await runner.poll(external_calls.give_up_lost)
        await asyncio.sleep(MINUTE)
