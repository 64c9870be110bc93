"""Automatic assignment: at random, by workload, to named people, and later if nobody is there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, update

from engine import cases, tasks
from engine.models import ROOT, Delegation, Event, Membership, Relation, Role, Substitution, Task, User
from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from engine.platform.errors import Invalid
from engine.platform.ids import uuid7
from engine.worker.command_runner import CommandRunner
from engine.worker.sweeps import assign_waiting
from tests import bpmn, factories
from tests.organisation import LONG_AGO, a_member, a_unit

Actors = Callable[..., Actor]
DAY = timedelta(days=1)
PERSON = "0012345679"


def given_out(how: str, *elements: str, **more: Any) -> dict[str, bytes]:
    """Start → user tasks that come to inspectors → end."""
    marks = {"parvandeh__assignment": how, "parvandeh__role": "inspector", **more}
    drawn = [bpmn.node("userTask", name, **marks) for name in elements or ("a",)]
    return factories.files(bpmn.process(*bpmn.in_line(*drawn)))


def at_once_in(how: str, count: int, **more: Any) -> dict[str, bytes]:
    """As many parallel instances of such a task."""
    marker = bpmn.many(f"<bpmn:loopCardinality>{count}</bpmn:loopCardinality>")
    task = bpmn.node("userTask", "a", marker, parvandeh__assignment=how, parvandeh__role="inspector", **more)
    return factories.files(bpmn.process(*bpmn.in_line(task)))


def inspectors(database: Database, *names: str, unit: str = "root", **more: Any) -> dict[str, Actor]:
    return {name: a_member(database, name, unit, "inspector", **more) for name in names}


def assignees(database: Database, case: cases.CaseView) -> list[str | None]:
    """Who has the open tasks of a case, in their order."""
    with database.transaction() as session:
        found = select(User.name).select_from(Task).outerjoin(User, User.id == Task.assignee_id)
        return list(
            session.scalars(found.where(Task.case_id == case.id, Task.status == "open").order_by(Task.id))
        )


def logged(database: Database, case: cases.CaseView) -> list[Any]:
    with database.transaction() as session:
        found = select(Event.payload).where(Event.case_id == case.id, Event.kind == "task.assigned")
        return list(session.scalars(found.order_by(Event.seq)))


def stand_in(database: Database, absent: Actor, substitute: Actor, begins: timedelta = -DAY) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        row = Substitution(absent_id=absent.id, substitute_id=substitute.id)
        row.valid_from, row.valid_to = now + begins, now + begins + 7 * DAY
        session.add(row)


@pytest.fixture
def portal(actor: Actors) -> Actor:
    return actor("portal")


def test_lot_falls_on_everybody_alike(database: Database, portal: Actor) -> None:
    """300 tasks over 20 people; chi-square has 19 degrees of freedom.

    Above 36.2 it lies once in a hundred times, above 75 less often than once in ten million.
    """
    inspectors(database, *(f"i{number}" for number in range(20)))
    factories.deploy(database, at_once_in("random", 100))
    drawn = Counter(
        name for _ in range(3) for name in assignees(database, factories.a_case(database, portal))
    )
    assert drawn.total() == 300
    assert len(drawn) <= 20
    expected = 300 / 20
    chi_square = sum((drawn[f"i{number}"] - expected) ** 2 / expected for number in range(20))
    assert chi_square < 75


def test_load_is_spread(database: Database, portal: Actor) -> None:
    inspectors(database, "one", "two", "three")
    factories.deploy(database, given_out("least-loaded"))
    for _ in range(2):
        drawn = [assignees(database, factories.a_case(database, portal))[0] for _ in range(3)]
        assert sorted(map(str, drawn)) == ["one", "three", "two"]


def test_load_is_spread_within_a_step(database: Database, portal: Actor) -> None:
    inspectors(database, "one", "two", "three")
    factories.deploy(database, at_once_in("least-loaded", 6))
    case = factories.a_case(database, portal)
    assert Counter(assignees(database, case)) == {"one": 2, "two": 2, "three": 2}


def test_log_tells_who_got_it_and_how(database: Database, portal: Actor) -> None:
    one = inspectors(database, "one")["one"]
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    assert logged(database, case) == [{"account": str(one.id), "name": "one", "how": "random"}]


def test_recused_person_gets_nothing_more_of_the_case(database: Database, portal: Actor) -> None:
    one = inspectors(database, "one")["one"]
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    assert assignees(database, case) == ["one"]
    factories.as_actor(database, one, lambda uow: tasks.recuse(uow, case.tasks[0]["id"]))
    assert assignees(database, case) == [None]


def test_nearest_unit_with_such_people_gets_it(database: Database, portal: Actor) -> None:
    a_unit(database, "agency", kind="agency")
    a_unit(database, "office", "agency")
    inspectors(database, "far", unit="agency")
    a_member(database, "all", "office", "*")
    factories.deploy(database, given_out("random", parvandeh__unit="office"))
    assert assignees(database, factories.a_case(database, portal)) == ["far"]
    inspectors(database, "near", unit="office")
    for _ in range(5):
        assert assignees(database, factories.a_case(database, portal)) == ["near"]


def test_whoever_has_all_roles_gets_it_if_nobody_has_that_one(database: Database, portal: Actor) -> None:
    a_member(database, "all", "root", "*")
    a_member(database, "clerk", "root", "clerk")
    factories.deploy(database, given_out("random"))
    assert assignees(database, factories.a_case(database, portal)) == ["all"]


@pytest.mark.parametrize("why", ["ended", "later", "deactivated", "administrator", "conflict", "relation"])
def test_some_get_nothing(database: Database, portal: Actor, why: str) -> None:
    now = datetime.now(UTC)
    valid = {"ended": {"valid_to": now - DAY}, "later": {"valid_from": now + DAY}}.get(why, {})
    role: Role = "administrator" if why == "administrator" else "caseworker"
    person = PERSON if why == "conflict" else None
    one = a_member(database, "one", "root", "inspector", role, person=person, **valid)
    with database.transaction() as session:
        if why == "deactivated":
            session.execute(update(User).where(User.id == one.id).values(deactivated_at=now))
        if why == "relation":
            row = Relation(id=uuid7(), user_id=one.id, person=PERSON, kind="family", declared_by=one.id)
            row.declared_at = LONG_AGO
            session.add(row)
    factories.deploy(database, given_out("random"))
    application = cases.Application(applicant="۰۰۱۲۳۴۵۶۷۹")
    case = factories.as_actor(database, portal, lambda uow: cases.start(uow, "p", {}, application))
    assert assignees(database, case) == [None]


def test_substitute_gets_it_from_the_first_day(database: Database, portal: Actor) -> None:
    absent = inspectors(database, "absent")["absent"]
    substitute = a_member(database, "substitute", "root", "clerk")
    factories.deploy(database, given_out("random"))
    stand_in(database, absent, substitute, begins=DAY)
    assert assignees(database, factories.a_case(database, portal)) == ["absent"]
    stand_in(database, absent, substitute, begins=timedelta(seconds=-1))
    case = factories.a_case(database, portal)
    assert assignees(database, case) == ["substitute"]
    task = case.tasks[0]["id"]
    factories.as_actor(database, substitute, lambda uow: tasks.complete(uow, task, {}))


def test_substitute_who_is_away_too_gets_nothing(database: Database, portal: Actor) -> None:
    people = inspectors(database, "one", "two")
    stand_in(database, people["one"], people["two"])
    stand_in(database, people["two"], people["one"])
    factories.deploy(database, given_out("random"))
    assert assignees(database, factories.a_case(database, portal)) == [None]


def test_named_account_that_is_away_is_stood_in_for(database: Database, portal: Actor) -> None:
    people = inspectors(database, "one", "two", "three")
    stand_in(database, people["one"], people["two"])
    factories.deploy(database, given_out("self", camunda__assignee="one"))
    case = factories.a_case(database, portal)
    assert assignees(database, case) == ["two"]
    assert [told["how"] for told in logged(database, case)] == ["named"]


@pytest.mark.parametrize("_", range(4))
def test_tasks_of_a_group_come_to_different_people(database: Database, portal: Actor, _: int) -> None:
    people = inspectors(database, "one", "two")
    factories.deploy(database, given_out("random", "a", "b", parvandeh__sod="A"))
    case = factories.a_case(database, portal)
    (first,) = assignees(database, case)
    task = case.tasks[0]["id"]
    factories.as_actor(database, people[str(first)], lambda uow: tasks.complete(uow, task, {}))
    (second,) = assignees(database, case)
    assert {first, second} == {"one", "two"}


@pytest.mark.parametrize("person", [PERSON, None])
def test_tasks_of_a_group_come_to_no_other_account_of_a_person_and_to_none_without(
    database: Database, portal: Actor, person: str | None
) -> None:
    people = inspectors(database, "one", "another")
    factories.deploy(database, given_out("random", "a", "b", parvandeh__sod="A"))
    with database.transaction() as session:
        away = update(User).where(User.name == "another")
        session.execute(away.values(person=person, duplicate=True))
        session.execute(update(User).where(User.name == "one").values(person=PERSON))
    case = factories.a_case(database, portal)
    task, names = case.tasks[0]["id"], assignees(database, case)
    factories.as_actor(database, people[str(names[0])], lambda uow: tasks.complete(uow, task, {}))
    assert assignees(database, case) == [None]


def test_instances_of_a_group_come_to_different_people(database: Database, portal: Actor) -> None:
    inspectors(database, "one", "two")
    factories.deploy(database, at_once_in("random", 3, parvandeh__sod="A"))
    found = assignees(database, factories.a_case(database, portal))
    assert sorted(map(str, found)) == ["None", "one", "two"]


def test_whoever_stepped_back_is_not_chosen_again(database: Database, portal: Actor) -> None:
    people = inspectors(database, "one", "two")
    factories.deploy(database, given_out("random", "a", "b"))
    case = factories.a_case(database, portal)
    (first,) = assignees(database, case)
    task = case.tasks[0]["id"]
    factories.as_actor(database, people[str(first)], lambda uow: tasks.recuse(uow, task))
    (second,) = assignees(database, case)
    assert second not in (first, None)
    factories.as_actor(database, people[str(second)], lambda uow: tasks.complete(uow, task, {}))
    assert assignees(database, case) == [second]


def test_released_task_goes_to_somebody_else_if_there_is_one(database: Database, portal: Actor) -> None:
    people = inspectors(database, "one", "two")
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    task = case.tasks[0]["id"]
    for _ in range(12):
        (holder,) = assignees(database, case)
        factories.as_actor(
            database, people[str(holder)], lambda uow: tasks.release(uow, task, reason="workload")
        )
        assert assignees(database, case) == [({"one", "two"} - {holder}).pop()]


def test_task_assigned_at_random_changes_hands_only_with_a_reason_code(
    database: Database, portal: Actor
) -> None:
    people = inspectors(database, "one", "two")
    head = a_member(database, "head", "root", "supervisor")
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    task, (holder,) = case.tasks[0]["id"], assignees(database, case)
    (other,) = {"one", "two"} - {holder}
    for why in (None, "because"):
        for actor, command in (
            (people[str(holder)], partial(tasks.release, task_id=task, reason=why)),
            (head, partial(tasks.assign, task_id=task, to=other, reason=why)),
        ):
            with pytest.raises(Invalid) as refused:
                factories.as_actor(database, actor, command)
            assert refused.value.faults[0].pointer == "/reason"
    assert assignees(database, case) == [holder]
    factories.as_actor(database, head, lambda uow: tasks.assign(uow, task, other, reason="expertise"))
    assert assignees(database, case) == [other]
    last = logged(database, case)[-1]
    assert (last["how"], last["reason"], last["assignment"]) == ("given", "expertise", "random")


def test_task_assigned_by_load_is_released_without_a_reason(database: Database, portal: Actor) -> None:
    one = inspectors(database, "one")["one"]
    factories.deploy(database, given_out("least-loaded"))
    case = factories.a_case(database, portal)
    factories.as_actor(database, one, lambda uow: tasks.release(uow, case.tasks[0]["id"]))
    assert len(logged(database, case)) == 2


def test_released_task_comes_back_if_there_is_nobody_else(database: Database, portal: Actor) -> None:
    one = inspectors(database, "one")["one"]
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    task = case.tasks[0]["id"]
    factories.as_actor(database, one, lambda uow: tasks.release(uow, task, reason="workload"))
    assert assignees(database, case) == ["one"]
    assert len(logged(database, case)) == 2


def test_delegated_task_comes_to_the_delegate_as_long_as_it_is_one(
    database: Database, portal: Actor, runner: CommandRunner
) -> None:
    a_unit(database, "agency", kind="agency")
    inspectors(database, "official", unit="agency")
    delegate = a_unit(database, "office", kind="delegate")
    factories.deploy(database, given_out("random", "a", "b", parvandeh__unit="agency"))
    with database.transaction() as session:
        row = Delegation(definition="p", elements=["a"], unit_id=ROOT, delegate_id=delegate)
        row.valid_from, row.created_by, row.created_at = LONG_AGO, portal.id, LONG_AGO
        row.confirmed_at = LONG_AGO
        session.add(row)
    waiting = factories.a_case(database, portal)
    assert assignees(database, waiting) == [None]
    clerk = a_member(database, "clerk", "office", "clerk")
    case = factories.a_case(database, portal)
    assert assignees(database, case) == ["clerk"]
    factories.as_actor(database, clerk, lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    assert assignees(database, case) == ["official"]
    with database.transaction() as session:
        session.execute(update(Delegation).values(revoked_at=LONG_AGO, revoked_by=portal.id))
    asyncio.run(assign_waiting(runner))
    assert assignees(database, waiting) == [None]


def test_a_step_that_takes_tasks_back_frees_their_people(database: Database, portal: Actor) -> None:
    people = inspectors(database, "one", "two")
    marker = bpmn.many(
        "<bpmn:loopCardinality>2</bpmn:loopCardinality>"
        "<bpmn:completionCondition>nrOfCompletedInstances > 0</bpmn:completionCondition>"
    )
    marks = {"parvandeh__assignment": "random", "parvandeh__role": "inspector", "parvandeh__sod": "A"}
    drawn = (bpmn.node("userTask", "a", marker, **marks), bpmn.node("userTask", "b", **marks))
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(*drawn))))
    case = factories.a_case(database, portal)
    first, second = map(str, assignees(database, case))
    task = min(found["id"] for found in case.tasks)
    factories.as_actor(database, people[first], lambda uow: tasks.complete(uow, task, {}))
    assert assignees(database, case) == [second]


@pytest.fixture
def runner(database_url: str, tmp_path: Path) -> Iterator[CommandRunner]:
    environ = {"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url}
    opened = CommandRunner(Settings.read(environ), database_url, 2)
    yield opened
    opened.close()


def test_worker_finds_somebody_as_soon_as_there_is_one(
    database: Database, portal: Actor, runner: CommandRunner
) -> None:
    factories.deploy(database, given_out("random"))
    waiting = [factories.a_case(database, portal) for _ in range(3)]
    asyncio.run(assign_waiting(runner))
    assert [assignees(database, case) for case in waiting] == [[None]] * 3
    inspectors(database, "one")
    asyncio.run(assign_waiting(runner))
    assert [assignees(database, case) for case in waiting] == [["one"]] * 3
    assert [told["how"] for case in waiting for told in logged(database, case)] == ["random"] * 3


@pytest.mark.parametrize("why", ["ended", "deactivated", "not stood in for"])
def test_worker_gives_on_what_somebody_has_lost(
    database: Database, portal: Actor, runner: CommandRunner, why: str
) -> None:
    now = datetime.now(UTC)
    if why == "not stood in for":
        a_unit(database, "other")
        away, one = inspectors(database, "away")["away"], inspectors(database, "one", unit="other")["one"]
        stand_in(database, away, one)
    else:
        one = inspectors(database, "one")["one"]
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    asyncio.run(assign_waiting(runner))
    assert assignees(database, case) == ["one"]
    lost = {
        "ended": update(Membership).where(Membership.user_id == one.id).values(valid_to=now),
        "deactivated": update(User).where(User.id == one.id).values(deactivated_at=now),
        "not stood in for": update(Substitution).values(valid_to=now),
    }
    with database.transaction() as session:
        session.execute(lost[why])
    inspectors(database, "two")
    asyncio.run(assign_waiting(runner))
    assert assignees(database, case) in (["two"], ["away"])
    asyncio.run(assign_waiting(runner))
    assert len(logged(database, case)) == 2


@pytest.mark.parametrize("words", [None, "a"])
def test_task_that_waits_for_somebody_is_not_free_to_claim(
    database: Database, portal: Actor, words: str | None
) -> None:
    factories.deploy(database, given_out("random"))
    factories.a_case(database, portal)
    one = inspectors(database, "one")["one"]

    def shown(scope: tasks.Scope) -> int:
        wanted = tasks.Inbox(scope=scope, words=words)
        return len(factories.as_actor(database, one, lambda uow: tasks.page(uow, wanted)))

    assert (shown("team"), shown("free")) == (1, 0)
    counted = factories.as_actor(database, one, tasks.counts)
    assert (counted["team"], counted["free"]) == (1, 0)


def test_two_workers_give_a_task_to_one_person(
    database: Database, portal: Actor, runner: CommandRunner
) -> None:
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    inspectors(database, "one", "two")
    task: UUID = case.tasks[0]["id"]
    given = factories.at_once(4, lambda _: runner.run(lambda uow: tasks.reallocate(uow, task)))
    assert sorted(map(bool, given)) == [False, False, False, True]
    assert len(logged(database, case)) == 1


def test_task_of_a_suspended_case_waits(
    database: Database, portal: Actor, actor: Actors, runner: CommandRunner
) -> None:
    factories.deploy(database, given_out("random"))
    case = factories.a_case(database, portal)
    factories.as_actor(database, actor("administrator"), lambda uow: cases.suspend(uow, case.id))
    inspectors(database, "one")
    asyncio.run(assign_waiting(runner))
    assert assignees(database, case) == [None]


@pytest.mark.parametrize(("how", "more"), [("self", 0), ("random", 1)])
def test_opening_such_tasks_costs_one_statement(
    database: Database, portal: Actor, how: str, more: int
) -> None:
    inspectors(database, "one", "two")
    factories.deploy(database, at_once_in("self", 5))
    factories.a_case(database, portal)
    before = statements(database, lambda: factories.a_case(database, portal))
    factories.deploy(database, at_once_in(how, 5, name="another"))
    factories.a_case(database, portal)
    assert statements(database, lambda: factories.a_case(database, portal)) == before + more


def statements(database: Database, command: Callable[[], Any]) -> int:
    """How many statements a command sends."""
    seen: list[str] = []

    def note(*told: Any) -> None:
        seen.append(told[2])

    event.listen(database.engine, "before_cursor_execute", note)
    command()
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)
