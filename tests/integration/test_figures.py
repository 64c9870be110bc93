"""The figures of oversight: what they say of cases, and that they depend on the log alone."""

from functools import partial

from sqlalchemy import select

from engine import tasks
from engine.events import follower
from engine.oversight import projection
from tests import factories
from tests.outbound import Hub, settled


def content(hub: Hub) -> dict[str, list[tuple]]:
    found = {}
    with hub.database.transaction() as session:
        for one in projection.FIGURES.tables:
            found[one.name] = [tuple(row) for row in session.execute(select(one).order_by(*one.primary_key))]
    return found


def test_first(hub: Hub) -> None:
    hub.run(follower.from_the_first, "figures")
    case = hub.case()
    hub.run(projection.project)
    before = content(hub)
    assert before["period_figures"]
    worker = factories.an_actor(hub.database, "caseworker")
    factories.as_actor(hub.database, worker, partial(tasks.claim, task_id=case.tasks[0]["id"]))
    factories.as_actor(hub.database, worker, partial(tasks.complete, task_id=case.tasks[0]["id"], data={}))
    settled(hub.database)
    assert hub.run(projection.project)
    before = content(hub)

    hub.run(follower.rebuild, projection.FIGURES)
    assert content(hub) == before
