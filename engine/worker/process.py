"""One process that serves one queue, until it is stopped or its database is gone."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import SQLAlchemyError

from engine.bpmn import sandbox
from engine.connectors import Connectors
from engine.events import administration_log
from engine.platform import logs
from engine.platform.config import Settings
from engine.platform.errors import Conflict, NotFound, Uncertain
from engine.platform.jobs import HEARTBEAT, LONGEST_PAUSE, SILENCE
from engine.platform.limits import QueueConnection
from engine.platform.postgres import conninfo
from engine.platform.vocabulary import Queue
from engine.worker import jobs, sweeps
from engine.worker.command_runner import CommandRunner
from engine.worker.jobs import MAX_TRIES, JobHandler

POLL = 2.0  # seconds; new jobs are announced at once, postponed ones are found this way
CALLS_AT_ONCE = 50
LOOKUPS = (
    128  # concurrent DNS lookups: more than calls and webhooks, because some may still hang after giving up
)
NICE = 10
STOPPING = 60.0  # seconds that running calls may take when it stops

log = structlog.get_logger("worker")

Served = Callable[[CommandRunner], Mapping[str, JobHandler]]
LookAfter = Callable[[CommandRunner], Coroutine[Any, Any, None]]

# Runs the jobs of a queue, and the sweeps alongside.
_SERVED: Mapping[Queue, tuple[Served, LookAfter]] = {
    "cases": (jobs.of_cases, sweeps.look_after_cases),
    "calls": (jobs.of_calls, sweeps.look_after_calls),
    "checks": (jobs.of_checks, sweeps.look_after_checks),
}


def serve(settings: Settings, url: str, queue: Queue) -> int:
    """Serves a queue until it is stopped. Returns the exit code: 0 if it was stopped on request.

    Running jobs are finished before.
    """
    sandbox.open_pool()
    runner = CommandRunner(settings, url, threads=8 if queue == "calls" else 2)
    if queue == "checks":
        os.nice(NICE)  # requests of pages and cases have priority
    code = 0
    try:
        _note_start(runner)
        if queue == "cases":
            sweeps.report_first(runner)
        code = asyncio.run(_serve(runner, url, queue))
    except* (SQLAlchemyError, ProcrastinateException, PoolTimeout, Uncertain) as gone:
        # It returns with a new process, which the service manager starts.
        for error in _all_of(gone):
            log.error("database.gone", queue=queue, error=logs.cause(error), where=logs.place(error))
        code = 1
    finally:
        runner.close()
        sandbox.close_pool()
    return code


def _note_start(runner: CommandRunner) -> None:
    """Records with which settings and connectors it starts, unless they are the last ones."""
    settings, digest = runner.settings, Connectors.digest_of(runner.settings)
    runner.run(lambda uow: administration_log.note_start(uow.session, uow.now, settings, digest))


def _all_of(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """Returns the errors themselves: the task groups that contain them add no information."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _all_of(error)
        else:
            yield error


async def _serve(runner: CommandRunner, url: str, queue: Queue) -> int:
    served, look_after = _SERVED[queue]
    stopped = False
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(LOOKUPS, "names"))
    async with _app(runner, url, served(runner)).open_async() as app, asyncio.TaskGroup() as group:
        sweeping = group.create_task(look_after(runner))
        working = group.create_task(_work(app, queue))

        def stop() -> None:
            nonlocal stopped
            if not stopped:  # a second time it would drop the running jobs
                working.cancel()  # this requests it to finish them
            stopped = True

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await asyncio.wait([working])
        sweeping.cancel()
    return 0 if stopped else 1


async def _work(app: App, queue: Queue) -> None:
    await app.run_worker_async(
        queues=[queue],
        concurrency=CALLS_AT_ONCE if queue == "calls" else 1,
        fetch_job_polling_interval=POLL,
        shutdown_graceful_timeout=STOPPING,
        delete_jobs="successful",
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT,
        stalled_worker_timeout=SILENCE,
    )


def _app(runner: CommandRunner, url: str, served: Mapping[str, JobHandler]) -> App:
    connector = PsycopgConnector(
        conninfo=conninfo(url),
        connection_class=QueueConnection,
        configure=_configure,
        min_size=1,
        max_size=4,
    )
    app = App(connector=connector)
    for name, task in served.items():
        app.task(name=name, pass_context=True, retry=_Again(task))(_job(runner, name, task))
    return app


async def _configure(connection: AsyncConnection) -> None:
    """Configures the queue's connections.

    Each operation of the queue is one statement: a transaction around it would double the cost.
    """
    await connection.set_autocommit(True)
    # Thousands of jobs may be added before the statistics are updated, and would then be sorted for each
    # fetch.
    await connection.execute("SET enable_sort = off")


def _job(runner: CommandRunner, name: str, task: JobHandler) -> Any:
    async def run(context: JobContext, **ids: str) -> None:
        (row,) = (UUID(text) for text in ids.values())
        started, tries = time.perf_counter(), context.job.attempts
        try:
            if tries < MAX_TRIES:
                await task.run(row)
            else:
                await _give_up(runner, name, task, row)
        except Exception as error:
            details = {"error": type(error).__name__, "where": logs.place(error), **ids}
            log.error("job.failed", task=name, tries=tries + 1, **details)
            raise
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log.info("job", task=name, tries=tries + 1, milliseconds=milliseconds, **ids)

    return run


async def _give_up(runner: CommandRunner, name: str, task: JobHandler, row: UUID) -> None:
    give_up = task.give_up
    if give_up is None:
        raise RuntimeError(jobs.reason(name))
    try:
        await runner.submit(lambda uow: give_up(uow, row, jobs.reason(name)))
    except (Conflict, NotFound):
        return  # nobody waits for it any more


class _Again(BaseRetryStrategy):
    """Tries a failed job again after a pause, which increases each time."""

    def __init__(self, task: JobHandler) -> None:
        self._task = task

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Returns None to leave it as failed, for an operator to see."""
        if self._task.give_up is None and job.attempts >= MAX_TRIES:
            return None
        return RetryDecision(retry_in={"seconds": min(LONGEST_PAUSE, 1 << job.attempts)})
