"""Versions that several people change at the same moment: one of them succeeds, the others are refused."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from engine import bpmn, definitions
from engine.design import publishing
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, OwnWork
from tests import factories
from tests.factories import as_actor, at_once

Actors = Callable[..., Actor]


def draft(database: Database, author: Actor) -> None:
    def command(uow: UnitOfWork) -> None:
        definitions.deploy(uow, factories.one_task(), publishing="four-eyes")

    as_actor(database, author, command)


def publish(database: Database, who: Actor) -> None:
    as_actor(database, who, lambda uow: publishing.publish(uow, "p", 1, publishing="four-eyes"))


def retire(database: Database, who: Actor, number: int = 1) -> None:
    as_actor(database, who, lambda uow: publishing.retire(uow, "p", number))


def record(database: Database, who: Actor, number: int = 1) -> publishing.Record:
    records = as_actor(database, who, lambda uow: publishing.history(uow, "p"))
    return next(record for record in records if record.version.number == number)


def test_of_many_who_publish_at_once_one_does(database: Database, actor: Actors) -> None:
    draft(database, actor("designer", "author"))
    people = [actor("designer", f"reviewer {number}") for number in range(6)]
    answers = at_once(6, lambda number: publish(database, people[number]))
    assert answers.count(None) == 1
    assert {type(answer) for answer in answers if answer is not None} == {Conflict}
    winner = people[answers.index(None)].name
    assert record(database, people[0]).publisher == winner


def test_author_never_publishes_however_many_try_at_once(database: Database, actor: Actors) -> None:
    author, reviewer = actor("designer", "author"), actor("designer", "reviewer")
    draft(database, author)
    answers = at_once(6, lambda number: publish(database, reviewer if number == 3 else author))
    assert answers[3] is None
    others = {type(answer) for number, answer in enumerate(answers) if number != 3}
    assert others <= {OwnWork, Conflict}
    assert record(database, reviewer).publisher == "reviewer"


def test_publishing_and_withdrawing_at_once_end_in_one_order(database: Database, actor: Actors) -> None:
    reviewer = actor("designer", "reviewer")
    draft(database, actor("designer", "author"))
    published, withdrawn = at_once(2, lambda number: (retire if number else publish)(database, reviewer))
    assert withdrawn is None
    assert record(database, reviewer).version.status == "retired"
    assert (published is None) == (record(database, reviewer).version.published_at is not None)
    with pytest.raises(Conflict, match="no published version"):
        factories.a_case(database, actor("caseworker"))


def test_deploying_and_publishing_at_once_leave_one_draft_at_most(database: Database, actor: Actors) -> None:
    author, reviewer = actor("designer", "author"), actor("designer", "reviewer")
    draft(database, author)
    newer = {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n"}

    def command(number: int) -> None:
        if number:
            publish(database, reviewer)
        else:
            as_actor(database, author, lambda uow: definitions.deploy(uow, newer, publishing="four-eyes"))

    deployed, _ = at_once(2, command)
    assert deployed is None
    assert record(database, reviewer, 2).version.status == "draft"
    assert record(database, reviewer, 1).version.status in ("published", "retired")


def test_cases_begin_while_versions_are_retired(database: Database, actor: Actors) -> None:
    for number in range(2):
        factories.deploy(database, {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n" * number})

    def command(number: int) -> int:
        if number == 0:
            retire(database, actor("designer"), 2)
            return 0
        return factories.a_case(database, actor("caseworker")).version

    actor("caseworker"), actor("designer")
    answers = at_once(6, command)
    assert set(answers) <= {0, 1, 2}
    assert factories.a_case(database, actor("caseworker")).version == 1


def test_simultaneous_deployments_of_the_same_bytes_make_one_draft(database: Database, actor: Actors) -> None:
    people = [actor("designer", f"author {number}") for number in range(4)]
    at_once(4, lambda number: draft(database, people[number]))
    records = as_actor(database, people[0], lambda uow: publishing.history(uow, "p"))
    assert [record.version.status for record in records] == ["draft"]


def test_what_is_called_may_be_retired_while_its_caller_is_deployed(
    database: Database, actor: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    check, designer = bpmn.check, actor("designer")

    def slow(*arguments: Any) -> bpmn.Report:
        report = check(*arguments)
        retire(database, designer)
        return report

    monkeypatch.setattr(bpmn, "check", slow)
    factories.deploy(database, factories.caller("p"))
    assert factories.a_case(database, actor("caseworker"), "caller").tasks


def test_caller_is_published_before_what_it_calls_is_retired_or_not_at_all(
    database: Database, actor: Actors
) -> None:
    designer = actor("designer")
    for number in range(6):
        factories.deploy(database, factories.one_task(f"p{number}"))
        factories.deploy(database, factories.caller(f"p{number}", f"c{number}"), "four-eyes")

        def command(which: int, number: int = number) -> None:
            verb = partial(publishing.publish, publishing="direct") if which else publishing.retire
            key = f"{'c' if which else 'p'}{number}"
            as_actor(database, designer, lambda uow: verb(uow, key, 1))

        retired, published = at_once(2, command)
        assert retired is None
        assert published is None or isinstance(published, Conflict)


@pytest.mark.parametrize("role", ["caseworker", "portal", "service"])
def test_role_that_may_not_publish_is_refused(database: Database, actor: Actors, role: str) -> None:
    draft(database, actor("designer", "author"))
    for command in (publish, retire):
        with pytest.raises(Forbidden):
            command(database, actor(role))
