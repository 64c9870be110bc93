"""The end of a term against people and against death: one outcome, and each step once."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine import cases, tasks
from engine.identity import accounts
from engine.models import Event, Task
from engine.platform.config import ROOT, Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.worker.command_runner import CommandRunner
from engine.worker.sweeps import run_due_clocks
from tests import bpmn, clocks, factories
from tests.clocks import DECISION, logged

RACES = 200
LEAD = 25  # milliseconds in which both get ready
KILLED = 100
_DUE = text("""
UPDATE clocks SET stage = :stage, started_at = :due - interval '10 hours', due_at = :due, warn_at = :due,
    next_at = :due, woken_at = NULL
WHERE case_id = :case
""")


def set_due(database: Database, case_id: UUID, due: datetime, stage: str = "warned") -> None:
    """The term of the case ends then; it was warned of before."""
    with database.transaction() as session:
        session.execute(_DUE, {"case": case_id, "due": due, "stage": stage})


@pytest.fixture
def machine(database: Database) -> Callable[[Any], Any]:
    """Runs a command as the installation itself."""
    return lambda command: database.run(
        lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now))
    )


def wait_until(instant: datetime) -> None:
    """Wait precisely: a sleep may be a millisecond longer."""
    left = (instant - datetime.now(UTC)).total_seconds()
    time.sleep(max(0.0, left - 0.002))
    while datetime.now(UTC) < instant:
        pass


def test_silence_or_a_person_decides_never_both(
    database: Database, start: Callable[..., Any], actor: Callable[..., Actor], machine: Callable[[Any], Any]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    person = actor("caseworker")
    seen: Counter[str] = Counter()
    early = timedelta(0)  # how much earlier the person begins, so that both win about as often
    for _ in range(RACES):
        case = start()
        due = datetime.now(UTC) + timedelta(milliseconds=LEAD)
        set_due(database, case.id, due)
        jitter = timedelta(microseconds=random.randint(-1_000, 1_000))
        won = _race(database, machine, (person, due - early + jitter), case, due)
        early += timedelta(milliseconds=1 if won == "clock.deemed" else -1)
        seen[won] += 1
    assert seen.total() == RACES
    assert min(seen["decision.made"], seen["clock.deemed"]) > RACES / 10, seen


def _race(
    database: Database,
    machine: Callable[[Any], Any],
    attempt: tuple[Actor, datetime],
    case: Any,
    due: datetime,
) -> str:
    """Returns what decided the case, after a person and the clock tried it at about the same time."""
    task = case.tasks[0]["id"]

    def decide(_: int) -> str:
        wait_until(attempt[1])
        try:
            complete = database.run(
                lambda session, now: tasks.complete(UnitOfWork(session, attempt[0], now), task, DECISION)
            )
        except Conflict:
            return "refused"
        return complete.case_status

    def silence(_: int) -> str:
        wait_until(due)
        # The sweep skips the case while the person has locked it; then its job waits for it.
        while machine(lambda uow: cases.do_due_clocks(uow, 1)):
            pass
        while machine(lambda uow: cases.do_due(uow, case.id)):
            pass
        return "done"

    answer, done = factories.at_once(2, lambda number: (decide, silence)[number](number))
    assert done == "done", done
    made = [
        (kind, at) for kind, at in _instants(database, case.id) if kind in ("decision.made", "clock.deemed")
    ]
    assert len(made) == 1, made
    kind, at = made[0]
    assert answer == ("refused" if kind == "clock.deemed" else "completed"), answer
    assert (at >= due) == (kind == "clock.deemed")
    return kind


def _instants(database: Database, case_id: UUID) -> list[tuple[str, datetime]]:
    found = select(Event.kind, Event.at).where(Event.case_id == case_id).order_by(Event.seq)
    with database.transaction() as session:
        return [(kind, at) for kind, at in session.execute(found)]


@pytest.fixture
def mortal(database_url: str) -> Iterator[Callable[[UUID, int], str]]:
    """Does the step that is due, in a process that is killed before its n-th exchange with the database."""
    command = [sys.executable, "-m", "tests.killing", database_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run(case_id: UUID, count: int) -> str:
            print(case_id, count, file=process.stdin, flush=True)
            answer: str = process.stdout.readline().strip()  # type: ignore[union-attr]  # asserted above
            return answer

        yield run
        process.stdin.close()


def test_each_step_is_done_once_though_its_worker_is_killed(
    database: Database,
    start: Callable[..., Any],
    machine: Callable[[Any], Any],
    mortal: Callable[[UUID, int], str],
) -> None:
    caught = '<bpmn:messageEventDefinition messageRef="breach"/>'
    late = [
        bpmn.node("boundaryEvent", "late", caught, attachedToRef="decide", cancelActivity="false"),
        bpmn.node("userTask", "hurry"),
        bpmn.node("endEvent", "over"),
        bpmn.flow("late", "hurry"),
        bpmn.flow("hurry", "over"),
    ]
    files = clocks.deciding(*late, onSilence="escalate")
    message = b'<bpmn:message id="breach" name="clock.breach"/><bpmn:process '
    files["p.bpmn"] = files["p.bpmn"].replace(b"<bpmn:process ", message, 1)
    factories.deploy(database, files)
    answers: Counter[str] = Counter()
    warm = start()
    set_due(database, warm.id, datetime.now(UTC) - timedelta(seconds=1))
    assert mortal(warm.id, 0) == "done"
    for number in range(KILLED):
        case = start()
        set_due(database, case.id, datetime.now(UTC) - timedelta(seconds=1))
        answers[mortal(case.id, number % 25 + 1)] += 1
        while machine(lambda uow, case=case: cases.do_due(uow, case.id)):
            pass
        kinds = Counter(kind for kind, _ in logged(database, case.id))
        assert (kinds["clock.breached"], kinds["message.received"], kinds["task.created"]) == (1, 1, 3)
        with database.transaction() as session:
            found = session.scalars(
                select(Task.kind).where(Task.case_id == case.id).order_by(Task.kind)
            ).all()
        assert found == ["escalation", "step", "step"]
    assert min(answers["killed"], answers["done"]) > KILLED / 10, answers
    assert factories.whole(database)


@pytest.fixture
def runner(database_url: str, tmp_path: Path) -> Iterator[CommandRunner]:
    environ = {"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url}
    opened = CommandRunner(Settings.read(environ), database_url, 2)
    yield opened
    opened.close()


def test_a_case_that_fails_leaves_the_others_to_their_jobs(
    database: Database, start: Callable[..., Any], runner: CommandRunner
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    broken, *others = [start() for _ in range(4)]
    late = start()
    for case in (broken, *others):
        set_due(database, case.id, datetime.now(UTC) - timedelta(seconds=1), "breached")
    with database.transaction() as session:
        session.execute(text("UPDATE cases SET state = 'x' WHERE id = :case"), {"case": broken.id})
    assert not asyncio.run(run_due_clocks(runner))
    assert jobs(database) == {str(case.id) for case in (broken, *others)}
    assert [clocks.kinds(database, case.id) for case in others] == [["clock.started"]] * 3
    set_due(database, late.id, datetime.now(UTC) - timedelta(seconds=1))
    while asyncio.run(run_due_clocks(runner)):  # those with a job no longer fail the others
        pass
    assert clocks.kinds(database, late.id) == ["clock.started", "clock.breached", "clock.deemed"]


def test_cases_of_a_suspended_definition_are_not_done_together(
    database: Database, start: Callable[..., Any], runner: CommandRunner, machine: Callable[[Any], Any]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="grant"))
    case = start()
    set_due(database, case.id, datetime.now(UTC) - timedelta(seconds=1))
    machine(lambda uow: cases.suspend_definition(uow, "p"))
    assert not asyncio.run(run_due_clocks(runner))
    assert jobs(database) == {str(case.id)}
    assert clocks.kinds(database, case.id) == ["clock.started"]


def jobs(database: Database) -> set[str]:
    """The cases that have a job for their clock."""
    found = text("SELECT args ->> 'case_id' FROM procrastinate_jobs WHERE task_name = 'clock'")
    with database.transaction() as session:
        return set(session.scalars(found))
