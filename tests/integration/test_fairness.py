"""Four eyes where rounds, instances, substitutes and moments meet."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import cases, events, tasks
from engine.models import Event, Membership, Substitution, Task, User
from engine.platform.db import Actor, Database
from engine.platform.errors import Conflict, FourEyes, FourEyesLate, NotFound, Recused
from tests import bpmn, factories
from tests.organisation import a_member, a_unit

Actors = Callable[..., Actor]
DAY = timedelta(days=1)


def committee(*, sequential: bool) -> dict[str, bytes]:
    """Three instances of one user task of a group; then, unless `done`, all of it again."""
    marker = bpmn.many("<bpmn:loopCardinality>3</bpmn:loopCardinality>", sequential=sequential)
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "again"),
        bpmn.node("userTask", "vote", marker, parvandeh__sod="A"),
        bpmn.node("userTask", "count"),
        bpmn.node("exclusiveGateway", "enough", default="back"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "again"),
        bpmn.flow("again", "vote"),
        bpmn.flow("vote", "count"),
        bpmn.flow("count", "enough"),
        bpmn.flow("enough", "again", name="back"),
        bpmn.flow("enough", "end", "done"),
    ]
    return factories.files(bpmn.process(*nodes, *flows))


def round_again() -> dict[str, bytes]:
    """A user task of a group to which the flow comes back until `done`."""
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "again"),
        bpmn.node("userTask", "a", parvandeh__sod="A"),
        bpmn.node("exclusiveGateway", "enough", default="back"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "again"),
        bpmn.flow("again", "a"),
        bpmn.flow("a", "enough"),
        bpmn.flow("enough", "again", name="back"),
        bpmn.flow("enough", "end", "done"),
    ]
    return factories.files(bpmn.process(*nodes, *flows))


def parted(count: int = 2) -> dict[str, bytes]:
    """Parallel branches with a user task each, `t0`, `t1` …, all of one group."""
    (content,) = factories.forked(count).values()
    for number in range(count):
        content = content.replace(f'id="t{number}"'.encode(), f'id="t{number}" parvandeh:sod="A"'.encode())
    return factories.files(content)


def complete(database: Database, who: Actor, task: UUID, **data: Any) -> tasks.Completed:
    return factories.as_actor(database, who, lambda uow: tasks.complete(uow, task, data))


def open_tasks(database: Database, case: cases.CaseView) -> list[UUID]:
    with database.transaction() as session:
        found = select(Task.id).where(Task.case_id == case.id, Task.status == "open").order_by(Task.id)
        return list(session.scalars(found))


def kinds(database: Database, case: cases.CaseView) -> list[str]:
    with database.transaction() as session:
        found = select(Event.kind).where(Event.case_id == case.id).order_by(Event.seq)
        return list(session.scalars(found))


@pytest.mark.parametrize("sequential", [False, True])
def test_instances_of_a_task_are_done_by_different_people(
    database: Database, actor: Actors, sequential: bool
) -> None:
    factories.deploy(database, committee(sequential=sequential))
    people = [actor("caseworker", name) for name in ("one", "two", "three")]
    case = factories.a_case(database, actor("portal"), data={"done": False})
    complete(database, people[0], open_tasks(database, case)[0])
    complete(database, people[1], open_tasks(database, case)[0])
    for who in people[:2]:
        with pytest.raises(FourEyesLate):
            complete(database, who, open_tasks(database, case)[0])
    complete(database, people[2], open_tasks(database, case)[0])


@pytest.mark.parametrize("sequential", [False, True])
def test_two_accounts_of_a_person_do_one_instance_of_a_task(
    database: Database, actor: Actors, sequential: bool
) -> None:
    factories.deploy(database, committee(sequential=sequential))
    one, again = actor("caseworker", "one"), actor("caseworker", "one-again")
    with database.transaction() as session:
        session.execute(
            update(User).where(User.id.in_((one.id, again.id))).values(person="0012345679", duplicate=True)
        )
    case = factories.a_case(database, actor("portal"), data={"done": False})
    complete(database, one, open_tasks(database, case)[0])
    with pytest.raises(FourEyesLate):
        complete(database, again, open_tasks(database, case)[0])


@pytest.mark.parametrize("sequential", [False, True])
def test_people_of_the_first_round_may_vote_in_the_second(
    database: Database, actor: Actors, sequential: bool
) -> None:
    factories.deploy(database, committee(sequential=sequential))
    people = [actor("caseworker", name) for name in ("one", "two", "three")]
    case = factories.a_case(database, actor("portal"), data={"done": False})
    for voters in (people, people[::-1]):
        for who in (*voters, people[0]):  # who counts is not of the group
            complete(database, who, open_tasks(database, case)[0])
    complete(database, people[0], open_tasks(database, case)[0])
    with pytest.raises(FourEyesLate):
        complete(database, people[0], open_tasks(database, case)[0])


def test_task_to_which_a_loop_comes_back_goes_to_the_same_person(database: Database, actor: Actors) -> None:
    factories.deploy(database, round_again())
    case, one = factories.a_case(database, actor("portal"), data={"done": False}), actor("caseworker")
    for done in (False, False, True):
        complete(database, one, open_tasks(database, case)[0], done=done)
    assert kinds(database, case)[-1] == "case.completed"


def test_one_of_two_branches_completed_at_the_same_moment_by_one_person_is_refused(
    database: Database, actor: Actors
) -> None:
    factories.deploy(database, parted())
    one, case = actor("caseworker"), factories.a_case(database, actor("portal"))
    both = open_tasks(database, case)
    answers = factories.at_once(2, lambda number: complete(database, one, both[number]))
    assert sorted(type(answer).__name__ for answer in answers) == ["Completed", "FourEyesLate"]
    assert kinds(database, case).count("task.blocked") == 1
    with database.transaction() as session:
        assert events.verify(session) == []


@pytest.mark.parametrize("_", range(5))
def test_whoever_steps_back_completes_nothing_at_the_same_moment(
    database: Database, actor: Actors, _: int
) -> None:
    factories.deploy(database, factories.one_task())
    one, case = actor("caseworker"), factories.a_case(database, actor("portal"))
    (task,) = open_tasks(database, case)
    commands: list[Callable[[], Any]] = [
        lambda: complete(database, one, task),
        lambda: factories.as_actor(database, one, lambda uow: tasks.recuse(uow, task)),
    ]
    answers = factories.at_once(2, lambda number: commands[number]())
    (refused,) = [answer for answer in answers if isinstance(answer, Exception)]
    assert isinstance(refused, Recused | Conflict)


def test_substitute_is_another_person_and_counts_as_such(database: Database, actor: Actors) -> None:
    factories.deploy(database, parted())
    absent, substitute = actor("caseworker", "absent"), actor("caseworker", "substitute")
    case = factories.a_case(database, actor("portal"))
    first, second = open_tasks(database, case)
    factories.as_actor(database, absent, lambda uow: tasks.claim(uow, first))
    stand_in(database, absent, substitute)
    complete(database, substitute, first)  # in the place of who has claimed it
    with pytest.raises(FourEyes):
        factories.as_actor(database, substitute, lambda uow: tasks.claim(uow, second))
    complete(database, absent, second)


def test_membership_that_ended_after_claiming_completes_nothing(database: Database, actor: Actors) -> None:
    a_unit(database, "north", kind="agency")
    factories.deploy(database, factories.one_task())
    one = a_member(database, "one", "root")
    case = factories.a_case(database, actor("portal"))
    (task,) = open_tasks(database, case)
    factories.as_actor(database, one, lambda uow: tasks.claim(uow, task))
    with database.transaction() as session:
        session.execute(
            update(Membership).where(Membership.user_id == one.id).values(valid_to=datetime.now(UTC))
        )
    with pytest.raises(NotFound):
        complete(database, one, task)


def stand_in(database: Database, absent: Actor, substitute: Actor, begins: timedelta = -DAY) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        row = Substitution(absent_id=absent.id, substitute_id=substitute.id)
        row.valid_from, row.valid_to = now + begins, now + begins + 7 * DAY
        session.add(row)
