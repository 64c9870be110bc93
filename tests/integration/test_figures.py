"""The figures of oversight: what plain SQL over events says, and a function of the log alone."""

from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from bench import plain
from engine import tasks
from engine.events import administration_log, follower
from engine.models import CaseFigures
from engine.oversight import projection
from engine.oversight.projection import projecting
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories, histories
from tests.histories import ZONE
from tests.outbound import Hub, settled


def content(database: Database) -> dict[str, list[Any]]:
    """All rows of the projection, by table."""
    with database.transaction() as session:
        return {
            one.name: [tuple(row) for row in session.execute(select(one).order_by(*one.primary_key))]
            for one in projection.FIGURES.tables
        }


def run(database: Database, who: Actor, command: Any, *arguments: Any) -> Any:
    """Runs a command in the zone of the history."""
    return database.run(
        lambda session, now: command(UnitOfWork(session, who, now.astimezone(ZONE)), *arguments)
    )


def bring_up_to_date(database: Database, who: Actor) -> None:
    run(database, who, projection.prepare)
    while run(database, who, projection.project):
        pass


@pytest.fixture
def manager(database: Database) -> Actor:
    return factories.an_actor(database, "manager")


def test_figures_are_what_plain_sql_says(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a history; the same after a rebuild in other batches, without any payload."""
    histories.write(database, database_url, 160)
    manager = factories.an_actor(database, "manager")
    bring_up_to_date(database, manager)
    rows = content(database)
    assert {name for name, found in rows.items() if not found} == set()
    # Its silence decides at the very end of the term, and is late nevertheless.
    with database.transaction() as session:
        silent = session.scalars(select(CaseFigures.late).where(CaseFigures.silent)).all()
    assert set(silent) == {True}
    rng, question = Random(16), plain.question(database, date(2026, 7, 10), 120)
    with plain.compared(database, manager, ZONE) as comparison:
        for number in range(3):
            assert comparison.differences(question.choose(rng), apart=number == 0) == []
    with database.transaction() as session:
        session.execute(text("UPDATE events SET payload = NULL, salt = NULL"))
    _report_outage(database, manager)
    bring_up_to_date(database, manager)
    corrected = content(database)
    assert corrected["case_figures"] != rows["case_figures"]
    monkeypatch.setattr(projecting, "CASES", 17)
    run(database, manager, follower.rebuild, projection.FIGURES)
    assert content(database) == corrected


def _report_outage(database: Database, who: Actor) -> None:
    """The log says afterwards that the installation was down for a day."""
    first = datetime(2026, 10, 4, 8, tzinfo=ZONE)
    period = {"from_at": first, "to_at": first + timedelta(days=1), "seconds": 86_400}
    run(database, who, administration_log.note, "installation.outage", None, period)


def test_a_case_is_counted_once_while_it_changes(hub: Hub) -> None:
    hub.run(projection.prepare)
    case = hub.case()
    assert hub.run(projection.project)
    (started,) = content(hub.database)["period_figures"]
    worker = factories.an_actor(hub.database, "caseworker")
    for command in (tasks.claim, partial(tasks.complete, data={})):
        factories.as_actor(hub.database, worker, partial(command, task_id=case.tasks[0]["id"]))
        settled(hub.database)
        assert hub.run(projection.project)
    assert hub.run(projection.project) == 0
    before = content(hub.database)
    (ended,) = before["period_figures"]
    assert (started[5], started[8], ended[5], ended[8]) == (1, 0, 1, 1)
    hub.run(follower.rebuild, projection.FIGURES)
    assert content(hub.database) == before
