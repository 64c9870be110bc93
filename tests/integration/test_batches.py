"""Many tasks as work in the background: each once, in its owner's name, whatever dies meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text, update

from engine import tasks
from engine.identity import accounts
from engine.models import Batch, CandidateGroupRole, Event, Membership, Task, Unit, User
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, Invalid, NotFound
from engine.tasks import bulk_jobs
from tests import bpmn, factories, working
from tests.conftest import conninfo
from tests.desks import DONE, Desks, desks
from tests.organisation import a_member
from tests.waiting import until


@pytest.fixture
def office(database: Database) -> Desks:
    return desks(database)


def begin(
    office: Desks, who: str, action: Any, ids: Sequence[UUID], answer: Mapping[str, Any] | None = None
) -> UUID:
    found: UUID = office.do(who, lambda uow: tasks.start_bulk_job(uow, action, ids, answer or {}))
    return found


def work(office: Desks, batch: UUID) -> int:
    """One job of it, as the worker does it."""

    def command(session: Any, now: datetime) -> int:
        return tasks.run_bulk_job(UnitOfWork(session, accounts.system(session, now), now), batch)

    return office.database.run(command)


def look(office: Desks, who: str, batch: UUID) -> tasks.BulkJob:
    found: tasks.BulkJob = office.do(who, lambda uow: tasks.get_bulk_job(uow, batch))
    return found


def counted(office: Desks, kind: str) -> int:
    with office.database.transaction() as session:
        return session.scalars(select(func.count()).where(Event.kind == kind)).one()


def test_each_is_done_or_refused_by_itself_and_as_the_owner(office: Desks) -> None:
    mine = office.some(3)
    office.claimed("reza", mine[1])
    batch = begin(office, "sara", "claim", mine)
    assert work(office, batch) == 3
    seen = look(office, "sara", batch)
    first, second, third = seen.outcomes
    assert (first, third) == (None, None)
    assert isinstance(second, Conflict)
    assert (second.code, second.state["task"]["status"]) == ("task-claimed", "open")
    assert seen.finished_at is not None
    assert [office.row(task).assignee_id for task in mine] == [
        office[name].id for name in ("sara", "reza", "sara")
    ]


def test_it_goes_on_a_few_at_a_time_and_ends_once(office: Desks) -> None:
    batch = begin(office, "sara", "claim", office.some(bulk_jobs.AT_ONCE + 2))
    assert [work(office, batch), len(look(office, "sara", batch).outcomes)] == [bulk_jobs.AT_ONCE] * 2
    assert [work(office, batch), work(office, batch)] == [2, 0]
    assert counted(office, "task.claimed") == bulk_jobs.AT_ONCE + 2


def test_completing_takes_one_answer_for_all_and_then_forgets_it(office: Desks) -> None:
    mine = office.some(2)
    batch = begin(office, "sara", "complete", mine, DONE)
    work(office, batch)
    assert [office.row(task).status for task in mine] == ["completed", "completed"]
    with office.database.transaction() as session:
        assert session.scalars(select(Batch.answer)).one() is None


def test_a_supervisor_gives_tasks_to_whom_their_posts_allow_it(office: Desks) -> None:
    mine = office.some(2)
    people = office.do("mina", lambda uow: tasks.receivers(uow, mine))
    assert [row["name"] for row in people] == ["mina", "reza", "sara"]
    work(office, begin(office, "mina", "assign", mine, {"to": str(office["reza"].id)}))
    assert {office.row(task).assignee_id for task in mine} == {office["reza"].id}


def test_tasks_of_several_groups_are_for_members_of_all_of_them(office: Desks) -> None:
    inspection = bpmn.node("userTask", "a", parvandeh__role="inspector")
    office.deploy(factories.files(bpmn.process(*bpmn.in_line(inspection), key="q")))
    a_member(office.database, "reza", "office", "inspector")
    both = [*office.some(1), *office.some(1, "q")]
    assert [row["name"] for row in office.do("mina", lambda uow: tasks.receivers(uow, both))] == ["reza"]


@pytest.mark.parametrize(
    ("action", "answer", "code"), [("assign", {}, "required"), ("complete", {}, "required")]
)
def test_what_lacks_its_answer_does_not_begin(office: Desks, action: str, answer: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        begin(office, "sara", action, office.some(1), answer)
    assert [fault.code for fault in refused.value.faults] == [code]


@pytest.mark.parametrize("count", [0, bulk_jobs.MOST + 1])
def test_none_or_too_many_do_not_begin(office: Desks, count: int) -> None:
    with pytest.raises(Invalid):
        begin(office, "sara", "claim", [uuid4() for _ in range(count)])


def test_different_steps_have_no_answer_in_common(office: Desks) -> None:
    office.deploy(factories.one_task("q"))
    with pytest.raises(Invalid) as refused:
        begin(office, "sara", "complete", [*office.some(1), *office.some(1, "q")], DONE)
    assert [fault.code for fault in refused.value.faults] == ["steps-differ"]


def test_others_tasks_are_as_if_there_were_none(office: Desks) -> None:
    mine = office.some(1)
    with pytest.raises(Invalid):
        begin(office, "omid", "complete", mine, DONE)
    batch = begin(office, "omid", "claim", mine)
    work(office, batch)
    seen = look(office, "omid", batch)
    assert isinstance(seen.outcomes[0], NotFound)
    assert not seen.tasks
    assert office.row(mine[0]).assignee_id is None


def test_what_the_owner_may_is_asked_when_it_is_done(office: Desks) -> None:
    batch = begin(office, "sara", "claim", office.some(1))
    with office.database.transaction() as session:
        sara = Membership.user_id == office["sara"].id
        session.execute(update(Membership).where(sara).values(valid_to=datetime.now(UTC)))
    work(office, batch)
    assert isinstance(look(office, "sara", batch).outcomes[0], NotFound)


def test_nothing_is_done_for_an_account_that_was_deactivated(office: Desks) -> None:
    batch = begin(office, "sara", "claim", office.some(1))
    with office.database.transaction() as session:
        sara = User.id == office["sara"].id
        session.execute(update(User).where(sara).values(deactivated_at=datetime.now(UTC)))
    work(office, batch)
    assert isinstance(look(office, "sara", batch).outcomes[0], Forbidden)


def test_a_batch_is_seen_by_its_owner_alone(office: Desks) -> None:
    batch = begin(office, "sara", "claim", office.some(1))
    with pytest.raises(NotFound):
        look(office, "mina", batch)
    assert not office.do("mina", tasks.list_bulk_jobs)
    (row,) = office.do("sara", tasks.list_bulk_jobs)
    assert (row["id"], row["wanted"], row["done"], row["refused"]) == (batch, 1, 0, 0)


def test_list_counts_what_was_refused(office: Desks) -> None:
    mine = office.some(2)
    office.claimed("reza", mine[0])
    work(office, begin(office, "sara", "claim", mine))
    (row,) = office.do("sara", tasks.list_bulk_jobs)
    assert (row["wanted"], row["done"], row["refused"]) == (2, 2, 1)


def test_one_that_is_given_up_says_so_of_each_that_is_left(office: Desks) -> None:
    batch = begin(office, "sara", "claim", office.some(2))
    office.do("sara", lambda uow: tasks.give_up_bulk_job(uow, batch, "The job failed."))
    seen = look(office, "sara", batch)
    assert [refusal.detail for refusal in seen.outcomes if refusal] == ["The job failed."] * 2
    assert seen.finished_at is not None


def test_old_ones_are_forgotten(office: Desks) -> None:
    old, young = (begin(office, "sara", "claim", office.some(1)) for _ in range(2))
    with office.database.transaction() as session:
        before = datetime.now(UTC) - bulk_jobs.KEPT - timedelta(minutes=1)
        session.execute(update(Batch).where(Batch.id == old).values(made_at=before))
    assert office.do("sara", tasks.delete_old_bulk_jobs) == 1
    assert [row["id"] for row in office.do("sara", tasks.list_bulk_jobs)] == [young]


def test_killed_worker_does_nothing_twice_and_leaves_nothing_out(
    office: Desks, database_url: str, tmp_path: Path
) -> None:
    mine = office.some(25)
    batch = begin(office, "sara", "complete", mine, DONE)
    held = office.row(mine[15]).case_id
    with (
        working.serving(database_url, tmp_path, "--queue", "cases") as worker,
        psycopg.connect(conninfo(database_url)) as holding,
    ):
        holding.execute("SELECT FROM cases WHERE id = %s FOR UPDATE", [held])
        until(lambda: len(look(office, "sara", batch).outcomes) == bulk_jobs.AT_ONCE)
        worker.kill()
    assert counted(office, "task.completed") == bulk_jobs.AT_ONCE
    gone = text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    office.do("sara", lambda uow: uow.connection.execute(gone).rowcount)
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(lambda: look(office, "sara", batch).finished_at is not None)
    assert look(office, "sara", batch).outcomes == [None] * 25
    assert counted(office, "task.completed") == 25


def test_of_tasks_that_are_not_ones_own_to_give_nobody_is_named(office: Desks) -> None:
    (task,) = office.some(1)
    with office.database.transaction() as session:
        fire = select(Unit.id).where(Unit.key == "fire").scalar_subquery()
        group = select(Task.candidate_group_id).where(Task.id == task).scalar_subquery()
        session.execute(
            update(CandidateGroupRole)
            .where(CandidateGroupRole.candidate_group_id == group)
            .values(unit_id=fire)
        )
    assert [row["id"] for row in office.do("mina", lambda uow: tasks.find_visible(uow, [task]))] == [task]
    assert office.do("mina", lambda uow: tasks.receivers(uow, [task])) == ()
    assert [row["name"] for row in office.do("omid", lambda uow: tasks.receivers(uow, [task]))] == ["omid"]
