"""The jobs of each queue. A job names one row and may run twice: the row shows what is still to be done."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from engine import cases, tasks
from engine.cases import external_calls, mass_retry, messages, migration, recalculation
from engine.cases.recalculation import Progress
from engine.definitions import uploads
from engine.design import drafts
from engine.organisation import calendars
from engine.oversight.audit import runs
from engine.platform.db import UnitOfWork
from engine.portal import appeals
from engine.requests import deferral
from engine.worker.check_jobs import Checker
from engine.worker.checkpoints import Auditor
from engine.worker.command_runner import CommandRunner
from engine.worker.connector_calls import Caller
from engine.worker.deferred_requests import Replayer

MAX_TRIES = 10

Command = Callable[[UnitOfWork, UUID], object]
GiveUp = Callable[[UnitOfWork, UUID, str], object]


@dataclass(frozen=True, slots=True)
class JobHandler:
    """`run` is tried MAX_TRIES times; then `give_up` reports it. Without `give_up` the job remains failed."""

    run: Callable[[UUID], Awaitable[object]]
    give_up: GiveUp | None = None


def of_cases(runner: CommandRunner) -> Mapping[str, JobHandler]:
    """Returns the jobs that continue cases."""

    def handler(command: Command, give_up: GiveUp | None = None) -> JobHandler:
        return JobHandler(lambda row: runner.submit(lambda uow: command(uow, row)), give_up)

    return {
        "wake": handler(cases.wake, cases.give_up),
        "offer": handler(messages.offer, cases.give_up),
        "clock_pause": handler(cases.add_pause, cases.give_up),
        "clock": JobHandler(partial(_run_clock, runner), cases.give_up),
        "rouse": handler(cases.resume_waits, cases.give_up),
        "resume": handler(cases.resume_waits_of_version),
        "begin": handler(messages.begin),
        "deliver": handler(messages.deliver_kept),
        "deliver_others": handler(messages.deliver_to_others),
        "tell_appealed": handler(appeals.notify_appealed),
        "judge": handler(migration.judge),
        "move": handler(migration.migrate_case, migration.give_up),
        "batch": handler(tasks.run_bulk_job, tasks.give_up_bulk_job),
        deferral.JOB: JobHandler(Replayer(runner).carry_out, deferral.give_up),
        "retry": handler(mass_retry.retry_incident, mass_retry.give_up),
    }


async def _run_clock(runner: CommandRunner, case_id: UUID) -> None:
    """Does what is due in the clock of a case, each step in a transaction of its own."""
    while await runner.submit(lambda uow: cases.do_due(uow, case_id)):
        pass


def of_calls(runner: CommandRunner) -> Mapping[str, JobHandler]:
    """Returns the jobs that call other systems."""
    return {"call": JobHandler(Caller(runner).call, external_calls.give_up)}


def of_checks(runner: CommandRunner) -> Mapping[str, JobHandler]:
    """Returns the jobs that use the processor for long: checks of uploaded files, and of the logs."""
    checker = Checker(runner)

    async def recalculate(order_id: UUID) -> None:
        await asyncio.sleep(2 * calendars.SECONDS)  # until no process uses the former calendar
        progress: Progress | None = Progress()
        while progress is not None:
            part = partial(recalculation.continue_order, order_id=order_id, progress=progress)
            progress = await runner.submit(part)

    async def reorder(version_id: UUID) -> None:
        await asyncio.sleep(2 * calendars.SECONDS)  # until no command uses the former class
        after = await runner.submit(lambda uow: cases.reorder(uow, version_id))
        while after is not None:
            after = await runner.submit(partial(cases.reorder, version_id=version_id, after=after))

    return {
        "recalculate": JobHandler(recalculate),
        cases.REORDER: JobHandler(reorder),
        "check_sketch": JobHandler(checker.check, drafts.give_up),
        "deploy_upload": JobHandler(checker.deploy, uploads.give_up),
        runs.JOB: JobHandler(Auditor(runner).run, runs.give_up),
    }


def reason(name: str) -> str:
    """Returns the text in an incident for a job that was given up."""
    return f"The job {name!r} was tried {MAX_TRIES} times: each time it failed, or its worker died."
