"""Calls through connectors: an attempt begins once, when due, and counts; late replies are known."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from engine import cases
from engine.bpmn import CallFailure
from engine.cases import external_calls, incidents
from engine.cases.external_calls import Attempt
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.worker.command_runner import CommandRunner
from engine.worker.connector_calls import Caller
from tests import bpmn, factories
from tests.exchanging import settings
from tests.working import free_port

T = TypeVar("T")
LEASE = timedelta(minutes=1)
SERVICE = bpmn.node("serviceTask", "ask", parvandeh__connector="it", parvandeh__result="reply")
DOWN = CallFailure("timeout", "no answer")


class Calling:
    """One case, `p`, whose service task asks the connector `it`. Commands happen at `later` than now."""

    def __init__(self, database: Database, actor: Callable[..., Actor], *elements: str) -> None:
        self._database = database
        self._actor = actor("administrator")
        self.later = timedelta(0)
        factories.deploy(
            database, factories.files(bpmn.process(*bpmn.in_line(*(elements or (SERVICE, "userTask u")))))
        )
        self.case = factories.a_case(database, actor("portal"))
        self.id: UUID = self.row("id")["id"]

    def act(self, command: Callable[[UnitOfWork], T]) -> T:
        return self._database.run(
            lambda session, now: command(UnitOfWork(session, self._actor, now + self.later))
        )

    def begin(self) -> Attempt | None:
        return self.act(lambda uow: external_calls.begin_attempt(uow, self.id, LEASE))

    def begun(self) -> Attempt:
        attempt = self.begin()
        assert attempt is not None
        return attempt

    def sweep(self) -> int:
        return self.act(lambda uow: external_calls.sweep(uow, 10))

    def put_off(self, attempt: Attempt, pause: timedelta | None = None) -> None:
        self.act(lambda uow: external_calls.retry_later(uow, attempt, DOWN, pause, 0.25))

    def leave_alone(self, attempt: Attempt) -> None:
        pause = timedelta(seconds=30)
        self.act(lambda uow: external_calls.put_off(uow, attempt, pause, "left alone"))

    def settle(self, attempt: Attempt, **reply: Any) -> None:
        self.act(lambda uow: external_calls.settle(uow, attempt, reply, {}, 0.5))

    def sql(self, statement: str) -> Any:
        return self.act(lambda uow: uow.connection.execute(text(statement)))

    def row(self, columns: str, table: str = "calls") -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.sql(f"SELECT {columns} FROM {table}").mappings().one()
        return found

    def jobs(self) -> int:
        return int(self.sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'call'").scalar_one())

    def codes(self) -> list[str]:
        return list(self.sql("SELECT code FROM incidents WHERE status = 'open'").scalars())


@pytest.fixture
def calling(database: Database, actor: Callable[..., Actor]) -> Calling:
    return Calling(database, actor)


def test_job_that_comes_again_begins_no_try_before_the_pause_is_over(calling: Calling) -> None:
    calling.put_off(calling.begun(), timedelta(hours=1))
    assert calling.begin() is None
    assert calling.sweep() == 0
    calling.later = timedelta(hours=1, seconds=1)
    assert calling.sweep() == 1
    assert calling.begun().attempts == 2


def test_call_has_one_job_until_that_has_come(calling: Calling) -> None:
    assert (calling.jobs(), calling.sweep()) == (1, 0)
    calling.put_off(calling.begun(), timedelta(0))
    assert (calling.sweep(), calling.sweep(), calling.jobs()) == (1, 0, 2)


def test_job_that_comes_too_early_leaves_the_call_to_the_sweep(calling: Calling) -> None:
    calling.later = -timedelta(seconds=1)  # the clock of another machine
    assert calling.begin() is None
    calling.later = timedelta(0)
    assert calling.sweep() == 1


def test_try_under_way_is_begun_by_no_second_job(calling: Calling) -> None:
    calling.begun()
    assert (calling.begin(), calling.sweep()) == (None, 0)
    calling.later = LEASE
    assert calling.sweep() == 1


def test_call_whose_job_was_lost_gets_another(calling: Calling) -> None:
    calling.sql("DELETE FROM procrastinate_jobs")
    assert calling.act(external_calls.find_lost) == 0
    calling.later = timedelta(minutes=2)
    assert (calling.act(external_calls.find_lost), calling.sweep(), calling.jobs()) == (1, 1, 1)
    calling.later = timedelta(minutes=4)
    assert calling.act(external_calls.find_lost) == 0


def test_call_of_a_suspended_case_is_not_lost(calling: Calling) -> None:
    calling.act(lambda uow: cases.suspend(uow, calling.case.id))
    assert calling.begin() is None
    calling.sql("DELETE FROM procrastinate_jobs")
    calling.later = timedelta(minutes=2)
    assert (calling.act(external_calls.find_lost), calling.sweep()) == (0, 0)
    calling.act(lambda uow: cases.resume(uow, calling.case.id))
    assert (calling.sweep(), calling.begun().attempts) == (1, 1)


def test_resuming_begins_no_try_before_its_pause_is_over(calling: Calling) -> None:
    calling.put_off(calling.begun(), timedelta(hours=1))
    calling.act(lambda uow: cases.suspend(uow, calling.case.id))
    calling.act(lambda uow: cases.resume(uow, calling.case.id))
    assert (calling.sweep(), calling.begin()) == (0, None)


def test_failure_of_a_try_that_was_overtaken_changes_nothing(calling: Calling) -> None:
    old = calling.begun()
    calling.later = LEASE
    new = calling.begun()
    for pause in (timedelta(hours=1), None):
        with pytest.raises(Conflict):
            calling.put_off(old, pause)
    assert calling.begin() is None
    calling.settle(new, ok=True)
    assert calling.codes() == []


def test_reply_of_a_try_that_was_overtaken_answers_the_step_once(calling: Calling) -> None:
    old = calling.begun()
    calling.later = LEASE
    new = calling.begun()
    calling.settle(old, ok=True)
    with pytest.raises(Conflict):
        calling.settle(new, ok=True)
    with pytest.raises(Conflict):
        calling.put_off(new, timedelta(0))
    assert calling.row("status, attempts") == {"status": "done", "attempts": 2}


def test_try_whose_reply_finds_its_case_suspended_does_not_count(calling: Calling) -> None:
    attempt = calling.begun()
    calling.act(lambda uow: cases.suspend(uow, calling.case.id))
    with pytest.raises(Conflict):
        calling.settle(attempt, ok=True)
    calling.act(lambda uow: external_calls.end_attempt(uow, attempt))
    calling.act(lambda uow: cases.resume(uow, calling.case.id))
    assert (calling.sweep(), calling.begun().attempts) == (1, 1)


def test_call_that_was_not_made_does_not_count_and_waits_its_time(calling: Calling) -> None:
    for _ in range(3):
        attempt = calling.begun()
        assert attempt.attempts == 1
        calling.leave_alone(attempt)
        assert (calling.sweep(), calling.begin()) == (0, None)
        calling.later += timedelta(seconds=30)
        assert calling.sweep() == 1
    assert calling.row("attempts, failure") == {"attempts": 0, "failure": "left alone"}


def test_late_worker_does_not_take_back_a_newer_try(calling: Calling) -> None:
    late = calling.begun()
    calling.later = LEASE
    calling.begun()
    before = calling.row("lease_until, attempts")
    calling.act(lambda uow: external_calls.end_attempt(uow, late))
    assert calling.row("lease_until, attempts") == before


def test_call_is_given_up_once_and_not_while_a_try_is_under_way(calling: Calling) -> None:
    attempt = calling.begun()
    calling.act(lambda uow: external_calls.give_up(uow, calling.id, "because"))
    assert calling.codes() == []
    calling.later = LEASE
    calling.act(lambda uow: external_calls.give_up(uow, calling.id, "because"))
    with pytest.raises(Conflict):
        calling.act(lambda uow: external_calls.give_up(uow, calling.id, "because"))
    with pytest.raises(Conflict):
        calling.settle(attempt, ok=True)
    assert calling.codes() == ["given-up"]


def test_call_given_up_in_a_suspended_case_is_made_when_that_goes_on(calling: Calling) -> None:
    calling.act(lambda uow: cases.suspend(uow, calling.case.id))
    with pytest.raises(Conflict):
        calling.act(lambda uow: external_calls.give_up(uow, calling.id, "because"))
    calling.act(lambda uow: cases.resume(uow, calling.case.id))
    assert (calling.codes(), calling.sweep()) == ([], 1)


def test_call_made_again_after_its_incident_begins_with_a_try_at_once(calling: Calling) -> None:
    calling.put_off(calling.begun())
    incident = calling.row("id", "incidents")["id"]
    calling.act(lambda uow: incidents.retry(uow, incident))
    attempt = calling.begun()
    assert (attempt.id, attempt.attempts, attempt.fence) == (calling.id, 1, 2)


def test_given_up_call_hides_no_other_job_that_was_given_up(calling: Calling) -> None:
    calling.act(lambda uow: external_calls.give_up(uow, calling.id, "because"))
    for _ in range(2):
        calling.act(lambda uow: cases.give_up(uow, calling.case.id, "because"))
    assert calling.codes() == ["given-up", "given-up"]


def test_case_that_ends_leaves_no_incident_open(database: Database, actor: Callable[..., Actor]) -> None:
    calling = Calling(database, actor, SERVICE)
    calling.act(lambda uow: cases.give_up(uow, calling.case.id, "because"))
    calling.settle(calling.begun(), ok=True)
    assert (calling.row("status", "cases"), calling.codes()) == ({"status": "completed"}, [])
    assert calling.sql("SELECT count(*) FROM events WHERE kind = 'incident.closed'").scalar_one() == 1


@pytest.mark.parametrize("reply", [{"a": "x" * 1_050_000}, {"a": "\0"}, {"\0": 1}, {"$": 1}, {"a": 2**64}])
def test_reply_that_the_case_cannot_hold_is_an_incident(calling: Calling, reply: dict[str, Any]) -> None:
    attempt = calling.begun()
    calling.act(lambda uow: external_calls.settle(uow, attempt, reply, {}, 0.5))
    assert calling.codes() == ["invalid-reply"]


@dataclass
class Runner:
    """Runs the commands of a worker, at the instant of a `Calling`."""

    calling: Calling
    settings: Settings

    async def submit(self, command: Callable[[UnitOfWork], T]) -> T:
        return self.calling.act(command)


CONNECTOR = """
[it]
kind = "http"
address = "http://127.0.0.1:{port}"
retry = [1, 1]
breaker = {{ failures = 1, pause = 30 }}

[it.operations.ask]
path = "/"
"""


def test_worker_counts_no_call_that_it_does_not_make(calling: Calling, tmp_path: Path) -> None:
    """Nothing listens on the port: the first call fails, the next ones are not made."""
    configured = settings(tmp_path, CONNECTOR.format(port=free_port()))
    caller = Caller(cast(CommandRunner, Runner(calling, configured)))
    for _ in range(5):
        asyncio.run(caller.call(calling.id))
        calling.later += timedelta(seconds=31)
    assert calling.row("attempts, status") == {"attempts": 1, "status": "open"}
    assert calling.codes() == []
