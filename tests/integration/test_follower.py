"""Handlers that follow the log: each event once, cases in order, projections that can be rebuilt."""

from collections.abc import Iterator
from functools import partial
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import Column, Integer, Table, Text, Uuid, bindparam, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from engine import tasks
from engine.events import feed, follower
from engine.events.follower import Projection, Stretch
from engine.models import Cursor, Event
from engine.platform.db import Base, UnitOfWork
from tests import factories
from tests.outbound import Hub, settled


@pytest.fixture
def steps(hub: Hub) -> Iterator[Projection]:
    """A projection of each case: how many events, in which order they came, and the last kind."""
    name = "steps_of_test"
    made = Table(
        name,
        Base.metadata,
        Column("case_id", Uuid, primary_key=True),
        Column("events", Integer),
        Column("last", Text),
        Column("disorder", Integer),
    )
    made.create(hub.database.engine)
    yield Projection(name, [made], partial(_count, made))
    made.drop(hub.database.engine)
    Base.metadata.remove(made)


def _count(target: Table, uow: UnitOfWork, stretch: Stretch) -> int:
    """Adds events one by one, so that a repeated, skipped or misplaced one changes the row."""
    one = insert(target).values(
        case_id=bindparam("case"),
        events=1,
        last=bindparam("kind"),
        disorder=bindparam("wrong"),
    )
    seen = one.on_conflict_do_update(
        index_elements=["case_id"],
        set_={
            "events": target.c.events + 1,
            "last": bindparam("kind"),
            "disorder": target.c.disorder + (target.c.events + 1 != bindparam("seq")).cast(Integer),
        },
    )
    rows = uow.connection.execute(stretch.events()).mappings().all()
    for row in rows:
        values = {"case": row["case_id"], "kind": row["kind"], "seq": row["seq"]}
        uow.connection.execute(seen, {**values, "wrong": int(row["seq"] != 1)})
    return len(rows)


def content(hub: Hub, projection: Projection) -> list[Any]:
    (found,) = projection.tables
    with hub.database.transaction() as session:
        return list(session.execute(select(found).order_by(found.c.case_id)).all())


def written(hub: Hub) -> int:
    return factories.count(hub.database, Event)


def a_completed_case(hub: Hub) -> None:
    case = factories.a_case(hub.database, hub.portal)
    worker = factories.an_actor(hub.database, "caseworker")
    factories.as_actor(hub.database, worker, partial(tasks.claim, task_id=case.tasks[0]["id"]))
    factories.as_actor(hub.database, worker, partial(tasks.complete, task_id=case.tasks[0]["id"], data={}))


def test_rebuilt_projection_has_the_same_rows(hub: Hub, steps: Projection) -> None:
    """Commands and three followers run at the same time."""
    hub.run(follower.from_the_first, steps.name)
    factories.an_actor(hub.database, "caseworker")
    done, counted = Signal(), []

    def part(number: int) -> None:
        if number < 3:
            for _ in range(8):
                a_completed_case(hub)
            if number == 0:
                done.set()
            return
        while not done.is_set():
            counted.append(hub.run(follower.project, steps))

    assert factories.at_once(6, part) == [None] * 6
    settled(hub.database)
    counted.append(hub.run(follower.project, steps))
    assert sum(counted) == written(hub) == sum(row.events for row in content(hub, steps))
    assert sum(1 for number in counted if number) > 2, "it followed while commands ran"
    before = content(hub, steps)
    assert {row.last for row in before} == {"case.completed"}
    assert sum(row.disorder for row in before) == 0
    (emptied,) = steps.tables
    with hub.database.transaction() as session:
        session.execute(emptied.delete())
    assert hub.run(follower.rebuild, steps) == written(hub)
    assert content(hub, steps) == before


def test_rebuilding_does_not_count_what_was_projected_before(hub: Hub, steps: Projection) -> None:
    a_completed_case(hub)
    settled(hub.database)
    assert hub.run(follower.rebuild, steps) == written(hub)
    assert hub.run(follower.rebuild, steps) == written(hub)
    assert hub.run(follower.project, steps) == 0
    a_completed_case(hub)
    settled(hub.database)
    hub.run(follower.project, steps)
    assert sum(row.events for row in content(hub, steps)) == written(hub)


def test_event_of_a_later_transaction_with_a_lower_number_comes_first(hub: Hub, steps: Projection) -> None:
    case = hub.case()
    hub.run(follower.from_the_first, steps.name)
    worker = factories.an_actor(hub.database, "caseworker")
    task = case.tasks[0]["id"]
    with hub.database.transaction() as session:
        session.execute(text("SELECT pg_current_xact_id()"))  # has its id before the claim gets one
        factories.as_actor(hub.database, worker, lambda uow: tasks.claim(uow, task))
        hub.run(follower.project, steps)
        tasks.complete(UnitOfWork(session, worker, hub.uow(session).now), task, {})
    settled(hub.database)
    hub.run(follower.project, steps)
    (row,) = content(hub, steps)
    assert (row.events, row.disorder, row.last) == (written(hub), 0, "case.completed")


def test_failing_handler_leaves_the_cursor(hub: Hub) -> None:
    hub.case()
    hub.run(follower.from_the_first, "failing")

    def fail(uow: UnitOfWork, stretch: Stretch) -> int:
        raise LookupError

    with pytest.raises(LookupError):
        hub.run(follower.follow, "failing", fail)
    with hub.database.transaction() as session:
        assert session.scalar(select(Cursor.transaction_id).where(Cursor.name == "failing")) == 0


def test_cursor_begins_with_the_first_event_or_now(hub: Hub) -> None:
    hub.case()

    def number(uow: UnitOfWork, stretch: Stretch) -> int:
        found = select(func.count()).select_from(Event).where(stretch.condition)
        return int(uow.connection.execute(found).scalar_one())

    assert hub.run(follower.follow, "nobody", number) == 0
    hub.run(follower.from_the_first, "first")
    hub.run(follower.from_now_on, "now")
    hub.case()
    each = written(hub) // 2
    assert hub.run(follower.follow, "first", number) == 2 * each
    assert hub.run(follower.follow, "now", number) == each
    hub.run(follower.from_the_first, "now")  # it exists already
    assert hub.run(follower.follow, "now", number) == 0


def test_follower_with_an_old_horizon_does_not_go_back(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process has moved the cursor since this one's statement began, and has just released it."""
    hub.case()
    hub.run(follower.from_the_first, "late")
    moved = hub.run(lambda uow: uow.connection.execute(select(feed.horizon() - 1)).scalar_one())
    hub.run(lambda uow: uow.connection.execute(update(Cursor).values(transaction_id=moved)))
    hub.case()
    horizons = [feed.horizon(), literal(moved)]
    monkeypatch.setattr(feed, "horizon", lambda: horizons.pop(0))
    assert hub.run(follower.follow, "late", lambda _, __: pytest.fail("it was called")) == 0
    assert not horizons
    with hub.database.transaction() as session:
        assert session.scalar(select(Cursor.transaction_id)) == moved


def test_bounded_stretch_ends_with_a_transaction(hub: Hub) -> None:
    """A handler that does a part of its work gets the same events again."""
    for _ in range(3):
        hub.case()
    hub.run(follower.from_the_first, "bounded")
    seen: list[list[Any]] = []

    def see(uow: UnitOfWork, stretch: Stretch) -> int | follower.Part:
        found = (
            select(Event.case_id, Event.seq).where(stretch.condition).order_by(*Event.__table__.primary_key)
        )
        seen.append([tuple(row) for row in uow.connection.execute(found)])
        return follower.Part(1) if len(seen) == 1 else len(seen[-1])

    while hub.run(follower.follow, "bounded", see, 2):
        pass
    again, *rest = seen
    assert again == rest[0]
    assert len(rest) == 3, "each case was started by a transaction of more than two events"
    assert len({event for part in rest for event in part}) == sum(map(len, rest)) == written(hub)
