"""Process drafts: who sees them, two people who save at once, checks, deploying."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest

from engine.bpmn.notation.source import MAX_FILE
from engine.definitions import Deployed
from engine.design import drafts
from engine.platform import jobs
from engine.platform.config import Publishing
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, Invalid, NotFound, Rejected, Stale
from tests import bpmn, drafting, factories, organisation
from tests.dmn_files import dmn, table

Work = Callable[..., AbstractContextManager[UnitOfWork]]
FILES = factories.one_task()
BROKEN = {"p.bpmn": bpmn.process(*bpmn.in_line("userTask a", "userTask b"))[:-40]}


def made(unit_of_work: Work, files: dict[str, bytes] = FILES) -> UUID:
    with unit_of_work("designer") as uow:
        return drafts.create(uow, "One task", files, unit="root")


def checked(database: Database, actor: Actor, draft_id: UUID) -> drafts.Check:
    """What a worker makes of it."""

    def do(command: Callable[[UnitOfWork], Any]) -> Any:
        return factories.as_actor(database, actor, command)

    drafting.check(do, draft_id)
    check: drafts.Check | None = do(lambda uow: drafts.get(uow, draft_id)).draft.check
    assert check is not None
    return check


def test_a_draft_is_kept_as_it_was_given(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work, {**FILES, "fee.dmn": b"<any/>"})
    with unit_of_work("designer") as uow:
        view = drafts.get(uow, draft_id)
        assert (view.draft.name, view.draft.revision, view.draft.unit) == ("One task", 1, "root")
        assert [file.name for file in view.files] == ["fee.dmn", "p.bpmn"]
        assert drafts.file(uow, draft_id, "p.bpmn") == FILES["p.bpmn"]
        assert [listed.id for listed in drafts.page(uow)] == [draft_id]


def test_only_who_deploys_in_the_unit_sees_it(database: Database, unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    factories.an_agency(database, "elsewhere")
    organisation.a_member(database, "stranger", "elsewhere", "designer", "designer")
    with unit_of_work("designer", "stranger") as uow:
        assert not drafts.page(uow)
        for attempt in (
            lambda: drafts.get(uow, draft_id),
            lambda: drafts.file(uow, draft_id, "p.bpmn"),
            lambda: drafts.save(uow, draft_id, {}, revision=1),
            lambda: drafts.ask(uow, draft_id),
            lambda: drafts.delete(uow, draft_id, revision=1),
        ):
            with pytest.raises(NotFound):
                attempt()
    with unit_of_work("caseworker") as uow, pytest.raises(Forbidden):
        drafts.page(uow)


def test_of_two_who_save_the_second_learns_who_was_first(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    with unit_of_work("designer", "first") as uow:
        assert drafts.save(uow, draft_id, {"p.bpmn": b"mine"}, revision=1) == 2
    with unit_of_work("designer", "second") as uow, pytest.raises(Stale) as refused:
        drafts.save(uow, draft_id, {"p.bpmn": b"yours"}, revision=1)
    assert (refused.value.state["editor"]["en"], refused.value.state["revision"]) == ("first", 2)
    with unit_of_work("designer") as uow:
        assert drafts.file(uow, draft_id, "p.bpmn") == b"mine"


def test_saving_at_once_lets_one_through(
    database: Database, unit_of_work: Work, actor: Callable[..., Actor]
) -> None:
    draft_id, who = made(unit_of_work), actor("designer")

    def save(number: int) -> int:
        return factories.as_actor(
            database, who, lambda uow: drafts.save(uow, draft_id, {"p.bpmn": b"%d" % number}, revision=1)
        )

    came = factories.at_once(4, save)
    assert sorted(str(type(one).__name__) for one in came) == ["Stale", "Stale", "Stale", "int"]


def test_files_are_put_in_replaced_and_taken_out(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work, {**FILES, "old.json": b"{}"})
    with unit_of_work("designer") as uow:
        drafts.save(uow, draft_id, {"old.json": None, "new.json": b"{}", "p.bpmn": b"<a/>"}, revision=1)
        assert drafts.files_of(uow, draft_id) == {"new.json": b"{}", "p.bpmn": b"<a/>"}


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"big.bpmn": b" " * (MAX_FILE + 1)}, "file-too-large"),
        ({"a/b.bpmn": b""}, "file-name"),
        ({f"{number}.json": b"{}" for number in range(51)}, "too-many-files"),
    ],
)
def test_what_cannot_be_kept_is_told(unit_of_work: Work, files: dict[str, bytes], code: str) -> None:
    with unit_of_work("designer") as uow, pytest.raises(Invalid) as refused:
        drafts.create(uow, "x", files, unit="root")
    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_check_tells_what_a_deployment_would_say(
    database: Database, unit_of_work: Work, actor: Callable[..., Actor]
) -> None:
    draft_id = made(unit_of_work, BROKEN)
    check = checked(database, actor("designer"), draft_id)
    assert (check.status, check.stale, check.errors, check.green) == ("done", False, 1, False)
    with unit_of_work("designer") as uow:
        drafts.save(uow, draft_id, FILES, revision=1)
        stale = drafts.get(uow, draft_id).draft.check
        assert stale is not None
        assert stale.stale
    assert checked(database, actor("designer"), draft_id).green


def test_a_check_runs_the_scenarios_and_calls(
    database: Database, unit_of_work: Work, actor: Callable[..., Actor]
) -> None:
    factories.deploy_shipped(database, "food-shop-licence")
    draft_id = made(unit_of_work, factories.shipped("food-shop-licence"))
    check = checked(database, actor("designer"), draft_id)
    assert check.green
    assert check.report is not None
    assert (check.done, check.total) == (len(check.report["scenarios"]), len(check.report["scenarios"]))
    assert check.total > 10


def test_a_decision_that_cannot_be_read_is_told(
    database: Database, unit_of_work: Work, actor: Callable[..., Actor]
) -> None:
    draft_id = made(unit_of_work, {**FILES, "fee.dmn": b"<any/>"})
    check = checked(database, actor("designer"), draft_id)
    assert check.report is not None
    assert ("fee.dmn", "not-dmn") in {(one["file"], one["code"]) for one in check.report["findings"]}


def test_asking_twice_makes_one_job(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    for _ in range(2):
        with unit_of_work("designer") as uow:
            drafts.ask(uow, draft_id)
    with unit_of_work("designer") as uow:
        assert {depth.queue: depth.waiting for depth in jobs.depth(uow.connection)}["checks"] == 1


def test_a_check_that_is_given_up_says_so(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    with unit_of_work("designer") as uow:
        drafts.ask(uow, draft_id)
        drafts.give_up(uow, draft_id, "any")
        check = drafts.get(uow, draft_id).draft.check
        assert check is not None
        assert check.status == "failed"
        assert drafts.take(uow, draft_id) is None


def test_a_check_of_what_is_gone_does_nothing(unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    with unit_of_work("designer") as uow:
        drafts.ask(uow, draft_id)
        drafts.delete(uow, draft_id, revision=1)
    with unit_of_work("designer") as uow:
        assert drafts.take(uow, draft_id) is None


@pytest.fixture
def do(database: Database, actor: Callable[..., Actor]) -> drafting.Do:
    """`do(lambda uow: …)`: a command of the designer."""
    return lambda command: factories.as_actor(database, actor("designer"), command)


def test_draft_becomes_a_version_and_remembers_it(do: drafting.Do, unit_of_work: Work) -> None:
    draft_id = made(unit_of_work, {**FILES, "fee.dmn": dmn(table(drawn=False))})
    drafting.try_out(do, draft_id)
    with unit_of_work("designer") as uow:
        deployed = drafts.deploy(uow, draft_id, revision=1, publishing="four-eyes")
        assert isinstance(deployed, Deployed)
        assert [(made.key, made.version, made.status) for made in deployed.definitions] == [("p", 1, "draft")]
        assert drafts.get(uow, draft_id).draft.origin == ("p", 1)
    with unit_of_work("designer") as uow:
        begun = drafts.get(uow, drafts.from_version(uow, "p", 1, unit="root"))
        assert (begun.draft.origin, [file.name for file in begun.files]) == (("p", 1), ["fee.dmn", "p.bpmn"])


def publish(do: drafting.Do, draft_id: UUID, publishing: Publishing = "direct") -> Any:
    """Publish a draft as it is now."""
    revision = do(lambda uow: drafts.get(uow, draft_id)).draft.revision
    return do(lambda uow: drafts.deploy(uow, draft_id, revision=revision, publishing=publishing))


@pytest.mark.parametrize("publishing", ["direct", "four-eyes"])
def test_draft_that_nobody_tried_is_not_published(
    do: drafting.Do, unit_of_work: Work, publishing: Publishing
) -> None:
    draft_id = made(unit_of_work)
    drafting.check(do, draft_id)
    drafting.play(do, draft_id, "p", {})  # it has not reached an end
    with pytest.raises(Conflict) as refused:
        publish(do, draft_id, publishing)
    assert refused.value.code == "not-tried"
    drafting.play(do, draft_id, "p", {}, {"task": "a"})
    assert publish(do, draft_id, publishing).definitions


def test_draft_is_tried_again_after_its_process_has_changed(do: drafting.Do, unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    drafting.try_out(do, draft_id)
    do(lambda uow: drafts.save(uow, draft_id, {"README.md": b"# One"}, revision=1))
    do(lambda uow: drafts.rename(uow, draft_id, "Another name", revision=2))
    assert do(lambda uow: drafts.get(uow, draft_id)).draft.tried, "what runs is the same"
    two = factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"), key="p"))
    do(lambda uow: drafts.save(uow, draft_id, two, revision=3))
    with pytest.raises(Conflict):
        publish(do, draft_id)


def test_scenarios_that_pass_are_enough_to_publish_and_those_that_fail_are_not(
    do: drafting.Do, unit_of_work: Work
) -> None:
    told = "name: N\nprocess: p\nat: 2026-03-21T09:00\nsteps: [{task: a}]\nexpect: {ended: %s}\n"
    draft_id = made(unit_of_work, {**FILES, "s.yaml": (told % "false").encode()})
    drafting.check(do, draft_id)
    with pytest.raises(Conflict):
        publish(do, draft_id)
    passing = {"s.yaml": (told % "true").encode()}
    do(lambda uow: drafts.save(uow, draft_id, passing, revision=1))
    with pytest.raises(Conflict):
        publish(do, draft_id)  # they have not run yet
    drafting.check(do, draft_id)
    assert publish(do, draft_id).definitions


def test_draft_that_was_saved_meanwhile_is_not_published(do: drafting.Do, unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    drafting.try_out(do, draft_id)
    with unit_of_work("designer", "second") as uow:
        drafts.save(uow, draft_id, {"README.md": b"theirs"}, revision=1)
    with pytest.raises(Stale) as refused:
        do(lambda uow: drafts.deploy(uow, draft_id, revision=1, publishing="direct"))
    assert refused.value.state["editor"]["en"] == "second"


def test_tried_draft_with_a_failing_scenario_is_not_published(do: drafting.Do, unit_of_work: Work) -> None:
    draft_id = made(unit_of_work)
    drafting.try_out(do, draft_id)
    do(lambda uow: drafts.save(uow, draft_id, {"s.yaml": b"name: N"}, revision=1))
    with pytest.raises(Rejected):
        publish(do, draft_id)
