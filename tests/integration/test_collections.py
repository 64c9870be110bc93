"""Cases of other people's diagrams on a real database: some of those that the robot ran to their end."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from engine import bpmn, cases, events, tasks
from engine.bpmn import Source
from engine.models import Call, Task, Wait
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories
from tests.conformance.corpus import FILES, Judged
from tests.conformance.report import result
from tests.conformance.robot import MAX_COMMANDS, Outcome, Plan, results_of, roots_of
from tests.conformance.values import Values

EVERY = 8  # so that it takes few seconds

pytestmark = pytest.mark.skipif(not FILES, reason="no BPMN collections beside the project")


def ran_well() -> Iterator[tuple[Judged, Outcome]]:
    """The runs that did the work first, and their files."""
    for path in FILES[::EVERY]:
        one = result(path)
        for run in one.ran.outcomes if one.ran else ():
            if run.plan == Plan() and run.start is None and run.well:
                yield one.judged, run


class _Case:
    """A case that is driven through the engine's functions: work first, then what comes, then time."""

    def __init__(self, database: Database, actor: Actor, judged: Judged, key: str) -> None:
        self.database, self.actor, self.later = database, actor, timedelta(0)
        self.values = Values(roots_of(judged))
        self.spec = bpmn.build(Source(bpmn.digest(judged.files, {}), judged.files, {}), key)
        self.results = results_of(self.spec)
        data = {**self.values.all(0), **self.values.answer(self.spec.start_form, 0)}
        self.id = self.does(lambda uow: cases.start(uow, key, data)).id

    def does(self, command: Callable[[UnitOfWork], Any]) -> Any:
        """One committed command, at the case's present time."""
        return self.database.run(
            lambda session, now: command(UnitOfWork(session, self.actor, now + self.later))
        )

    def open(self, model: Any) -> list[Any]:
        """What of this kind is open in the case, oldest first."""
        still = model.closed_at.is_(None) if model is Wait else model.status == "open"
        with self.database.transaction() as session:
            rows = session.scalars(select(model).where(model.case_id == self.id, still).order_by(model.id))
            return list(rows)

    def go_on(self) -> None:
        """The next command."""
        if work := self.open(Task):
            answer = self.values.answer(self.spec.elements[work[0].element].form, 0)
            self.does(lambda uow: tasks.complete(uow, work[0].id, answer))
        elif calls := self.open(Call):
            reply = self.told(calls[0].element)
            self.does(lambda uow: cases.answer(uow, calls[0].id, reply))
        else:
            # Messages and signals before timers.
            waits = sorted(
                self.open(Wait), key=lambda wait: (wait.due_at is not None, wait.due_at or wait.id)
            )
            self.happens(waits[0])

    def happens(self, wait: Wait) -> None:
        """What is awaited comes, or its time."""
        if wait.due_at is None:
            data = self.told(wait.element)
            self.does(lambda uow: cases.deliver(uow, self.id, [wait.id], data, {"name": wait.name}))
        else:
            self.later += max(timedelta(0), wait.due_at - self.does(lambda uow: uow.now)) + timedelta(
                seconds=1
            )
            assert self.does(lambda uow: cases.wake(uow, self.id))

    def told(self, element: str) -> dict[str, Any]:
        """What comes with an answer."""
        found = self.values.value(self.results[element], 1) if element in self.results else {}
        return found if isinstance(found, dict) else {}


def test_cases_end_on_the_database_as_they_do_in_the_engine_alone(
    database: Database, actor: Callable[..., Actor]
) -> None:
    for judged, run in ran_well():
        factories.deploy(database, judged.files)
        case = _Case(database, actor("caseworker"), judged, run.process)
        for _ in range(MAX_COMMANDS):
            shown = case.does(partial(cases.get, case_id=case.id))
            if shown.status != "active":
                break
            assert not shown.incidents, (judged.name, shown.incidents)
            case.go_on()
        assert shown.status == "completed", judged.name
        assert not [*case.open(Task), *case.open(Wait), *case.open(Call)], judged.name
    with database.transaction() as session:
        assert events.verify(session) == []
