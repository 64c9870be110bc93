"""Trials as the engine keeps them: their acts alone, for their owner, for a while."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine import trials
from engine.db import Actor, Database, UnitOfWork
from engine.errors import NotFound, Stale
from engine.models import Trial
from tests import factories
from tests.integration.conftest import Act


@pytest.fixture
def begun(database: Database, act: Act) -> Trial:
    """A trial of the definition `p`: start, task `a`, end."""
    factories.deploy(database, factories.one_task())
    made: Trial = act("designer", lambda uow: trials.new(uow, "p", 1))
    return made


def test_a_trial_keeps_its_acts_and_plays_them_anew(begun: Trial, act: Act) -> None:
    act("designer", lambda uow: trials.act(uow, begun.id, 1, {"data": {"x": 1}}))
    act("designer", lambda uow: trials.act(uow, begun.id, 2, {"task": "a", "answer": {"y": 2}}))
    play = act("designer", lambda uow: trials.get(uow, begun.id))
    assert (play.played.case.ended, play.played.case.data) == (True, {"x": 1, "y": 2})
    assert (play.trial.revision, len(play.trial.acts), play.left) == (3, 2, 0)


def test_of_two_acts_at_once_one_is_refused(
    begun: Trial, database: Database, actor: Callable[..., Actor]
) -> None:
    who = actor("designer")

    def start(_: int) -> None:
        factories.as_actor(database, who, lambda uow: trials.act(uow, begun.id, 1, {}))

    came = factories.at_once(4, start)
    assert sorted(type(one).__name__ for one in came) == ["NoneType", "Stale", "Stale", "Stale"]


def test_an_act_on_an_older_revision_is_refused(begun: Trial, act: Act) -> None:
    act("designer", lambda uow: trials.act(uow, begun.id, 1, {}))
    for command in (trials.back, trials.again):
        with pytest.raises(Stale):
            act("designer", lambda uow, command=command: command(uow, begun.id, 1))


def test_what_cannot_be_played_any_more_is_left_out(begun: Trial, act: Act) -> None:
    def spoil(uow: UnitOfWork) -> None:
        row = uow.session.get_one(Trial, begun.id)
        row.acts = [{}, {"task": "gone"}, {"task": "a"}]

    act("designer", spoil)
    play = act("designer", lambda uow: trials.get(uow, begun.id))
    assert (len(play.played.done), play.left) == (1, 2)


def test_trials_without_use_are_deleted(begun: Trial, act: Act) -> None:
    assert act("administrator", trials.forget, trials.KEPT - timedelta(minutes=1)) == 0
    assert act("administrator", trials.forget, trials.KEPT + timedelta(minutes=1)) == 1
    with pytest.raises(NotFound):
        act("designer", lambda uow: trials.get(uow, begun.id))


def test_scenarios_tell_what_was_answered_where(database: Database, act: Act) -> None:
    factories.deploy_shipped(database, factories.LICENCE)

    def found(uow: UnitOfWork) -> list[trials.Example]:
        version, _ = trials.tried(uow, factories.LICENCE, 1)
        return trials.examples(uow, version, "call", "verify-identity/ask_registry")

    assert {"result": "match"} in [example.data for example in act("designer", found)]
