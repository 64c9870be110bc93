"""Versions and their bindings: running cases keep theirs, and simultaneous deployments lose none."""

from collections.abc import Callable

import pytest

from engine import cases, definitions, tasks
from engine.definitions import Deployed
from engine.platform.db import Actor, Database
from engine.platform.errors import Forbidden, NotFound, Rejected
from tests import bpmn, factories

Actors = Callable[..., Actor]


def inner(value: int) -> dict[str, bytes]:
    """A process to call: start → user task → script that sets `x` → end."""
    script = bpmn.script("set", f"x = {value}")
    return factories.files(bpmn.process(*bpmn.in_line("userTask ask", script), key="called"))


def finish(database: Database, worker: Actor, case: cases.CaseView) -> cases.CaseView:
    """The case after its one open task was completed."""
    factories.as_actor(database, worker, lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    return factories.as_actor(database, worker, lambda uow: cases.get(uow, case.id))


def numbers(database: Database, reader: Actor, key: str = "p") -> list[int]:
    return factories.as_actor(
        database, reader, lambda uow: [row.number for row in definitions.versions(uow, key)]
    )


def test_call_runs_the_version_that_it_was_bound_to(database: Database, actor: Actors) -> None:
    factories.deploy(database, inner(1))
    factories.deploy(database, factories.caller("called"))
    factories.deploy(database, inner(2))
    case = factories.a_case(database, actor("caseworker"), "caller")
    assert finish(database, actor("caseworker"), case).data == {"x": 1}


def test_running_call_goes_on_in_its_old_version(database: Database, actor: Actors) -> None:
    factories.deploy(database, inner(1))
    factories.deploy(database, factories.caller("called"))
    case = factories.a_case(database, actor("caseworker"), "caller")
    factories.deploy(database, inner(2))
    factories.deploy(database, factories.caller("called"))
    assert finish(database, actor("caseworker"), case).data == {"x": 1}


def test_caller_deployed_again_is_bound_to_the_new_version(database: Database, actor: Actors) -> None:
    factories.deploy(database, inner(1))
    factories.deploy(database, factories.caller("called"))
    factories.deploy(database, inner(2))
    (published,) = factories.deploy(database, factories.caller("called")).definitions
    case = factories.a_case(database, actor("caseworker"), "caller")
    assert (published.version, published.created) == (2, True)
    assert finish(database, actor("caseworker"), case).data == {"x": 2}


def test_caller_deployed_again_is_unchanged_while_what_it_calls_is(database: Database) -> None:
    factories.deploy(database, inner(1))
    first = factories.deploy(database, factories.caller("called"))
    factories.deploy(database, inner(1))
    assert factories.deploy(database, factories.caller("called")).id == first.id


def test_processes_of_one_deployment_call_each_other(database: Database, actor: Actors) -> None:
    factories.deploy(database, inner(1))
    both = {"caller.bpmn": factories.caller("called")["p.bpmn"], "called.bpmn": inner(3)["p.bpmn"]}
    assert {item.key for item in factories.deploy(database, both).definitions} == {"caller", "called"}
    case = factories.a_case(database, actor("caseworker"), "caller")
    assert finish(database, actor("caseworker"), case).data == {"x": 3}


def test_call_over_three_deployments_runs(database: Database, actor: Actors) -> None:
    factories.deploy(database, inner(1))
    factories.deploy(database, factories.caller("called", "middle"))
    factories.deploy(database, factories.caller("middle"))
    case = factories.a_case(database, actor("caseworker"), "caller")
    assert finish(database, actor("caseworker"), case).data == {"x": 1}


def test_running_case_keeps_its_version(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.scripted("x = 1"))
    case = factories.a_case(database, actor("caseworker"))
    factories.deploy(database, factories.scripted("x = 2"))
    assert finish(database, actor("caseworker"), case).data == {"x": 1}


def test_two_simultaneous_deployments_make_two_versions(database: Database, actor: Actors) -> None:
    contents = [factories.scripted(f"x = {number}") for number in range(2)]
    answers = factories.at_once(2, lambda number: factories.deploy(database, contents[number]))
    published = [answer.definitions[0] for answer in answers if isinstance(answer, Deployed)]
    assert sorted(item.version for item in published) == [1, 2]
    assert numbers(database, actor("designer")) == [2, 1]


def test_eight_simultaneous_deployments_lose_none(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.scripted("x = 'first'"))
    contents = [factories.scripted(f"x = {number}") for number in range(8)]
    answers = factories.at_once(8, lambda number: factories.deploy(database, contents[number]))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert numbers(database, actor("designer")) == list(range(9, 0, -1))


def test_simultaneous_deployments_of_the_same_bytes_make_one_version(
    database: Database, actor: Actors
) -> None:
    answers = factories.at_once(4, lambda _: factories.deploy(database, factories.one_task()))
    assert len({answer.id for answer in answers if isinstance(answer, Deployed)}) == 1
    assert numbers(database, actor("designer")) == [1]


def test_deployments_of_crossing_keys_do_not_block_each_other(database: Database, actor: Actors) -> None:
    def both(number: int) -> dict[str, bytes]:
        return {
            f"{key}.bpmn": bpmn.process(*bpmn.in_line(f"userTask {key}{number}", prefix=key), key=key)
            for key in (("a", "b") if number % 2 else ("b", "a"))
        }

    answers = factories.at_once(6, lambda number: factories.deploy(database, both(number)))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert (
        len(numbers(database, actor("designer"), "a")) == len(numbers(database, actor("designer"), "b")) == 6
    )


def test_refused_deployment_leaves_nothing(database: Database, actor: Actors) -> None:
    with pytest.raises(Rejected):
        factories.deploy(database, factories.caller("nobody"))
    with pytest.raises(NotFound):
        numbers(database, actor("designer"), "caller")


def test_role_that_may_not_deploy_is_refused(database: Database, actor: Actors) -> None:
    with pytest.raises(Forbidden):
        factories.as_actor(
            database, actor("caseworker"), lambda uow: definitions.deploy(uow, factories.one_task())
        )
