"""Test runs as the engine stores them: their actions alone, for their owner, for a while."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from engine.design import drafts, publishing, test_runs
from engine.models import TestRun
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid, NotFound, Stale
from tests import bpmn, drafting, factories, organisation
from tests.integration.conftest import Act


@pytest.fixture
def begun(database: Database, act: Act) -> TestRun:
    """A test run of the definition `p`: start, task `a`, end."""
    factories.deploy(database, factories.one_task())
    made: TestRun = act("designer", lambda uow: test_runs.new(uow, test_runs.OfVersion("p", 1)))
    return made


def test_a_test_run_keeps_its_acts_and_plays_them_anew(begun: TestRun, act: Act) -> None:
    act("designer", lambda uow: test_runs.act(uow, begun.id, 1, {"data": {"x": 1}}))
    act("designer", lambda uow: test_runs.act(uow, begun.id, 2, {"task": "a", "answer": {"y": 2}}))
    play = act("designer", lambda uow: test_runs.get(uow, begun.id))
    assert (play.played.case.ended, play.played.case.data) == (True, {"x": 1, "y": 2})
    assert (play.test_run.revision, len(play.test_run.acts), play.left) == (3, 2, 0)


def test_of_two_acts_at_once_one_is_refused(
    begun: TestRun, database: Database, actor: Callable[..., Actor]
) -> None:
    who = actor("designer")

    def start(_: int) -> None:
        factories.as_actor(database, who, lambda uow: test_runs.act(uow, begun.id, 1, {}))

    came = factories.at_once(4, start)
    assert sorted(type(one).__name__ for one in came) == ["NoneType", "Stale", "Stale", "Stale"]


def test_an_act_on_an_older_revision_is_refused(begun: TestRun, act: Act) -> None:
    act("designer", lambda uow: test_runs.act(uow, begun.id, 1, {}))
    for command in (test_runs.back, test_runs.again):
        with pytest.raises(Stale):
            act("designer", lambda uow, command=command: command(uow, begun.id, 1))


def test_what_cannot_be_played_any_more_is_left_out(begun: TestRun, act: Act) -> None:
    def spoil(uow: UnitOfWork) -> None:
        row = uow.session.get_one(TestRun, begun.id)
        row.acts = [{}, {"task": "gone"}, {"task": "a"}]

    act("designer", spoil)
    play = act("designer", lambda uow: test_runs.get(uow, begun.id))
    assert (len(play.played.done), play.left) == (1, 2)


def test_test_runs_without_use_are_deleted(begun: TestRun, act: Act) -> None:
    assert act("administrator", test_runs.forget, test_runs.KEPT - timedelta(minutes=1)) == 0
    assert act("administrator", test_runs.forget, test_runs.KEPT + timedelta(minutes=1)) == 1
    with pytest.raises(NotFound):
        act("designer", lambda uow: test_runs.get(uow, begun.id))


def test_scenarios_tell_what_was_answered_where(database: Database, act: Act) -> None:
    factories.deploy_shipped(database, factories.LICENCE)

    def found(uow: UnitOfWork) -> list[test_runs.Example]:
        subject = test_runs.find(uow, test_runs.OfVersion(factories.LICENCE, 1))
        return test_runs.examples(uow, subject, "call", "verify-identity/ask_registry")

    assert {"result": "match"} in [example.data for example in act("designer", found)]


TWO = factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"), key="p"))
CALL = bpmn.node("callActivity", "call", calledElement="p")
CALLER = bpmn.process(*bpmn.in_line(CALL, "userTask after"), key="caller")


@pytest.fixture
def do(act: Act) -> drafting.Do:
    """`do(lambda uow: …)`: a command of the designer."""
    return lambda command: act("designer", command)


def drafted(do: drafting.Do, files: dict[str, bytes]) -> UUID:
    """A draft that was checked."""
    draft_id: UUID = do(lambda uow: drafts.create(uow, "Draft", files, unit="root"))
    drafting.check(do, draft_id)
    return draft_id


def play(do: drafting.Do, test_run_id: UUID) -> test_runs.Play:
    found: test_runs.Play = do(lambda uow: test_runs.get(uow, test_run_id))
    return found


def test_test_run_of_a_changed_draft_says_so_and_continues_without_loss(do: drafting.Do) -> None:
    draft_id = drafted(do, TWO)
    test_run_id = drafting.play(do, draft_id, "p", {"data": {"x": 1}}, {"task": "a"}, {"task": "b"})
    do(lambda uow: drafts.save(uow, draft_id, factories.one_task(), revision=1))
    with pytest.raises(Conflict) as refused:
        play(do, test_run_id)
    assert refused.value.state["test_run"] == "unchecked"
    drafting.check(do, draft_id)
    changed = play(do, test_run_id)
    assert (changed.changed, changed.left, len(changed.test_run.acts)) == (True, 1, 3)
    for command in (
        test_runs.back,
        lambda uow, one, revision: test_runs.act(uow, one, revision, {"task": "b"}),
    ):
        with pytest.raises(Conflict) as refused:
            do(lambda uow, command=command: command(uow, test_run_id, 4))
        assert refused.value.state["test_run"] == "changed"
    assert not do(lambda uow: drafts.get(uow, draft_id)).draft.tried
    do(lambda uow: test_runs.adopt(uow, test_run_id, 4))
    adopted = play(do, test_run_id)
    assert (adopted.changed, adopted.left, adopted.played.case.ended) == (False, 0, True)
    assert do(lambda uow: drafts.get(uow, draft_id)).draft.tried


def test_changed_draft_can_be_played_from_the_beginning(do: drafting.Do) -> None:
    draft_id = drafted(do, TWO)
    test_run_id = drafting.play(do, draft_id, "p", {}, {"task": "a"})
    do(lambda uow: drafts.save(uow, draft_id, factories.one_task(), revision=1))
    drafting.check(do, draft_id)
    do(lambda uow: test_runs.again(uow, test_run_id, 3))
    fresh = play(do, test_run_id)
    assert (fresh.changed, fresh.test_run.acts) == (False, [])


@pytest.mark.parametrize("called", ["of the draft", "in use"])
def test_draft_calls_its_own_process_before_the_current_version(
    database: Database, do: drafting.Do, called: str
) -> None:
    factories.deploy(database, factories.one_task())
    files = {"caller.bpmn": CALLER, **(TWO if called == "of the draft" else {})}
    draft_id = drafted(do, files)
    test_run_id = drafting.play(do, draft_id, "caller", {}, {"task": "p/a"})
    tasks = [work.element for work in play(do, test_run_id).played.case.open.values()]
    assert tasks == (["p/b"] if called == "of the draft" else ["after"])


def test_called_process_that_is_not_in_use_any_more_is_reported(database: Database, do: drafting.Do) -> None:
    factories.deploy(database, factories.one_task())
    draft_id = drafted(do, {"caller.bpmn": CALLER})
    do(lambda uow: publishing.retire(uow, "p", 1))
    with pytest.raises(Conflict) as refused:
        drafting.play(do, draft_id, "caller")
    assert refused.value.state["test_run"] == "calls"


def test_draft_with_errors_is_not_played_but_one_with_a_failing_scenario_is(do: drafting.Do) -> None:
    broken = drafted(do, {"p.bpmn": factories.one_task()["p.bpmn"][:-20]})
    with pytest.raises(Conflict) as refused:
        drafting.play(do, broken, "p")
    assert refused.value.state["test_run"] == "errors"
    drafting.play(do, drafted(do, {**factories.one_task(), "s.yaml": b"name: N"}), "p", {})


def test_test_run_becomes_a_scenario_of_its_draft_that_passes(do: drafting.Do) -> None:
    draft_id = drafted(do, factories.one_task())
    test_run_id = drafting.play(do, draft_id, "p", {"data": {"x": 1}}, {"task": "a"})
    for _ in range(2):  # the same scenario is stored once
        assert do(lambda uow: test_runs.save(uow, test_run_id, "پذیرفته | Accepted")) == draft_id
    do(lambda uow: test_runs.back(uow, test_run_id, 3))
    do(lambda uow: test_runs.save(uow, test_run_id, "Open"))
    view = do(lambda uow: drafts.get(uow, draft_id))
    assert [one.name for one in view.files] == ["p.bpmn", "test-run-2.yaml", "test-run.yaml"]
    assert not play(do, test_run_id).changed, "a scenario changes nothing of what runs"
    drafting.check(do, draft_id)
    check = do(lambda uow: drafts.get(uow, draft_id)).draft.check
    assert (check.green, check.total) == (True, 2)


def test_test_runs_of_a_version_become_scenarios_in_one_draft(begun: TestRun, do: drafting.Do) -> None:
    do(lambda uow: test_runs.act(uow, begun.id, 1, {}))
    first = do(lambda uow: test_runs.save(uow, begun.id, "Open", unit="root"))
    do(lambda uow: test_runs.act(uow, begun.id, 2, {"task": "a"}))
    assert do(lambda uow: test_runs.save(uow, begun.id, "Ended", unit="root")) == first
    view = do(lambda uow: drafts.get(uow, first))
    assert (view.draft.origin, len(view.files)) == (("p", 1), 3)
    do(lambda uow: drafts.save(uow, first, TWO, revision=view.draft.revision))
    do(lambda uow: test_runs.back(uow, begun.id, 3))
    assert do(lambda uow: test_runs.save(uow, begun.id, "Open again", unit="root")) != first, (
        "that runs otherwise"
    )


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\u202eb"])
def test_scenario_needs_a_name(do: drafting.Do, name: str) -> None:
    draft_id = drafted(do, factories.one_task())
    test_run_id = drafting.play(do, draft_id, "p", {})
    with pytest.raises(Invalid):
        do(lambda uow: test_runs.save(uow, test_run_id, name))
    assert len(do(lambda uow: drafts.get(uow, draft_id)).files) == 1


def test_full_draft_refuses_another_scenario(do: drafting.Do) -> None:
    draft_id = drafted(do, {**factories.one_task(), **{f"{n}.md": b"" for n in range(49)}})
    test_run_id = drafting.play(do, draft_id, "p", {})
    with pytest.raises(Invalid) as refused:
        do(lambda uow: test_runs.save(uow, test_run_id, "One too many"))
    assert [fault.code for fault in refused.value.faults] == ["too-many-files"]


def test_draft_of_another_unit_can_not_be_tried(database: Database, do: drafting.Do) -> None:
    draft_id = drafted(do, factories.one_task())
    factories.an_agency(database, "elsewhere")
    stranger = organisation.a_member(database, "stranger", "elsewhere", "designer", "designer")
    with pytest.raises(NotFound):
        factories.as_actor(
            database, stranger, lambda uow: test_runs.new(uow, test_runs.OfDraft(draft_id, "p"))
        )
    with pytest.raises(NotFound):
        do(lambda uow: test_runs.new(uow, test_runs.OfDraft(draft_id, "unknown")))


def test_deleted_draft_takes_its_test_runs_along(do: drafting.Do) -> None:
    draft_id = drafted(do, factories.one_task())
    test_run_id = drafting.play(do, draft_id, "p", {})
    do(lambda uow: drafts.delete(uow, draft_id, revision=1))
    with pytest.raises(NotFound):
        play(do, test_run_id)
