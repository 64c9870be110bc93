"""The jobs of each queue. A job names one row, and may run twice: the row tells what is still to be done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from engine import cases, tasks
from engine.cases import external_calls, mass_retry, messages, migration
from engine.definitions import deployments
from engine.design import drafts
from engine.platform.db import UnitOfWork
from engine.portal import appeals
from engine.worker.check_jobs import Checker
from engine.worker.command_runner import Desk
from engine.worker.connector_calls import Caller

MAX_TRIES = 10

Command = Callable[[UnitOfWork, UUID], object]
GiveUp = Callable[[UnitOfWork, UUID, str], object]


@dataclass(frozen=True, slots=True)
class Task:
    """`run` is tried MAX_TRIES times; then `give_up` tells a person. Without it the job stays as failed."""

    run: Callable[[UUID], Awaitable[object]]
    give_up: GiveUp | None = None


def of_cases(desk: Desk) -> Mapping[str, Task]:
    """What moves cases."""

    def task(command: Command, give_up: GiveUp | None = None) -> Task:
        return Task(lambda row: desk.hand(lambda uow: command(uow, row)), give_up)

    return {
        "wake": task(cases.wake, cases.give_up),
        "offer": task(messages.offer, cases.give_up),
        "rouse": task(cases.rouse, cases.give_up),
        "resume": task(cases.rouse_version),
        "begin": task(messages.begin),
        "deliver": task(messages.pass_on),
        "tell_appealed": task(appeals.tell),
        "judge": task(migration.judge),
        "move": task(migration.carry, migration.give_up),
        "batch": task(tasks.carry_on, tasks.give_up_batch),
        "retry": task(mass_retry.take, mass_retry.give_up),
    }


def of_calls(desk: Desk) -> Mapping[str, Task]:
    """What speaks to other systems."""
    return {"call": Task(Caller(desk).call, external_calls.give_up)}


def of_checks(desk: Desk) -> Mapping[str, Task]:
    """Checks of uploaded files: they may take the processor for long."""
    checker = Checker(desk)
    return {
        "check_sketch": Task(checker.check, drafts.give_up),
        "deploy_upload": Task(checker.deploy, deployments.give_up),
    }


def reason(name: str) -> str:
    """What an incident says of a job that was given up."""
    return f"The job {name!r} was tried {MAX_TRIES} times: each time it failed, or its worker died."
