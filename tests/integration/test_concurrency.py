"""Several people at the same moment: one wins, the others see the state, and nothing is done twice."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import cases, tasks
from engine.cases import incidents
from engine.models import Case, Event, Incident, Task
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.tasks import Completed
from tests import bpmn, factories
from tests.factories import whole

Actors = Callable[..., Actor]
T = TypeVar("T")


def split(answers: Sequence[T | Exception]) -> tuple[list[T], list[Conflict]]:
    """Those who won, and the conflicts of the others; anything else fails."""
    won = [answer for answer in answers if not isinstance(answer, Exception)]
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(won) + len(lost) == len(answers), [
        answer for answer in answers if isinstance(answer, Exception)
    ]
    return won, lost


def count(database: Database, case: UUID, kind: str) -> int:
    with database.transaction() as session:
        found = select(func.count()).where(Event.case_id == case, Event.kind == kind)
        return session.scalars(found).one()


@pytest.fixture
def people(actor: Actors) -> list[Actor]:
    return [actor("caseworker", f"person-{number}") for number in range(8)]


@pytest.fixture
def case(database: Database, actor: Actors) -> cases.CaseView:
    """A case with one open task, and a script and a task after it."""
    factories.deploy(database, factories.scripted("n = n + 1"))
    return factories.a_case(database, actor("portal"), data={"n": 0})


def test_one_of_eight_simultaneous_completions_wins(
    database: Database, people: list[Actor], case: cases.CaseView
) -> None:
    task = case.tasks[0]["id"]

    def complete(number: int) -> Completed:
        data = {"by": number}
        return factories.as_actor(database, people[number], lambda uow: tasks.complete(uow, task, data))

    won, lost = split(factories.at_once(8, complete))
    assert (len(won), len(lost)) == (1, 7)
    with database.transaction() as session:
        row, after = session.get_one(Task, task), session.get_one(Case, case.id)
    assert row.assignee_id == people[after.data["by"]].id
    assert after.data["n"] == 1
    present = {"id": task, "status": "completed", "assignee": row.assignee_id}
    assert [refusal.state["task"] for refusal in lost] == [present] * 7
    assert count(database, case.id, "task.completed") == 1
    assert whole(database)


def test_one_of_eight_simultaneous_claims_wins(
    database: Database, people: list[Actor], case: cases.CaseView
) -> None:
    task = case.tasks[0]["id"]

    def claim(number: int) -> Any:
        return factories.as_actor(database, people[number], lambda uow: tasks.claim(uow, task))

    won, lost = split(factories.at_once(8, claim))
    assert len(won) == 1
    assert {refusal.state["task"]["assignee"] for refusal in lost} == {won[0]["assignee_id"]}
    assert count(database, case.id, "task.claimed") == 1


def test_simultaneous_claims_of_one_person_all_succeed(
    database: Database, people: list[Actor], case: cases.CaseView
) -> None:
    task = case.tasks[0]["id"]
    answers = factories.at_once(
        4, lambda _: factories.as_actor(database, people[0], lambda uow: tasks.claim(uow, task))
    )
    won, _ = split(answers)
    assert len(won) == 4
    assert count(database, case.id, "task.claimed") == 1


@pytest.mark.parametrize("attempt", range(4))
def test_completion_and_cancellation_exclude_each_other(
    database: Database, people: list[Actor], case: cases.CaseView, attempt: int
) -> None:
    task = case.tasks[0]["id"]
    commands: list[Callable[[UnitOfWork], Any]] = [
        lambda uow: tasks.complete(uow, task, {}),
        lambda uow: cases.cancel(uow, case.id),
    ]
    answers = factories.at_once(
        8, lambda number: factories.as_actor(database, people[number], commands[(number + attempt) % 2])
    )
    split(answers)
    assert count(database, case.id, "case.cancelled") == 1  # it is possible before and after
    assert count(database, case.id, "task.completed") <= 1
    with database.transaction() as session:
        ended = session.get_one(Case, case.id)
        left = session.scalars(select(Task.status).where(Task.case_id == case.id)).all()
    assert (ended.status, ended.state) == ("cancelled", None)
    assert "open" not in left
    assert whole(database)


def test_branches_completed_at_the_same_moment_all_count(
    database: Database, people: list[Actor], actor: Actors
) -> None:
    factories.deploy(database, factories.forked(8))
    case = factories.a_case(database, actor("portal"))

    def complete(number: int) -> Completed:
        task = case.tasks[number]
        data = {f"v_{task['element']}": number}
        return factories.as_actor(database, people[number], lambda uow: tasks.complete(uow, task["id"], data))

    won, lost = split(factories.at_once(8, complete))
    assert (len(won), lost) == (8, [])
    after = factories.as_actor(database, people[0], lambda uow: cases.get(uow, case.id))
    assert [task["element"] for task in after.tasks] == ["after"]
    assert len(after.data) == 8
    assert count(database, case.id, "task.completed") == 8
    assert whole(database)


def test_one_of_several_simultaneous_retries_runs(
    database: Database, people: list[Actor], actor: Actors
) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    found = factories.a_case(database, actor("portal")).incidents[0]["id"]
    administrator = actor("administrator")
    answers = factories.at_once(
        4, lambda _: factories.as_actor(database, administrator, lambda uow: incidents.retry(uow, found))
    )
    won, lost = split(answers)
    assert (len(won), len(lost)) == (1, 3)
    with database.transaction() as session:
        statuses = session.scalars(select(Incident.status).order_by(Incident.id)).all()
    assert statuses == ["resolved", "open"]


def test_simultaneous_starts_get_numbers_of_their_own(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    portal = actor("portal")
    answers = factories.at_once(8, lambda _: factories.a_case(database, portal))
    assert len({answer.number for answer in answers if isinstance(answer, cases.CaseView)}) == 8


def test_case_starts_while_its_definition_is_deployed_anew(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.scripted("x = 0"))
    portal = actor("portal")

    def command(number: int) -> Any:
        if number % 2:
            return factories.deploy(database, factories.scripted(f"x = {number}"))
        return factories.a_case(database, portal)

    assert [answer for answer in factories.at_once(8, command) if isinstance(answer, Exception)] == []


def test_a_thousand_double_submissions_complete_each_task_once(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    portal, workers = actor("portal"), [actor("caseworker", name) for name in ("one", "two")]
    started = [factories.a_case(database, portal) for _ in range(1000)]

    def submit(number: int) -> list[Completed | Exception]:
        answers: list[Completed | Exception] = []
        for case in started:
            task = case.tasks[0]["id"]
            try:
                done = factories.as_actor(
                    database,
                    workers[number],
                    partial(tasks.complete, task_id=task, data={"by": number}),
                )
            except Conflict as refusal:
                answers.append(refusal)
            else:
                answers.append(done)
        return answers

    pairs = list(zip(*factories.at_once(2, submit), strict=True))
    assert [sum(isinstance(answer, Completed) for answer in pair) for pair in pairs] == [1] * 1000
    with database.transaction() as session:
        completions = select(func.count()).where(Event.kind == "task.completed")
        assert session.scalars(completions).one() == 1000
