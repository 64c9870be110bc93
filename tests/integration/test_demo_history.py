"""The demonstration's cases of the past: in several offices, as real ones, and in nobody's way."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from demo import accounts
from demo.history import earlier, seeding
from engine.oversight import projection, replay
from engine.oversight.metrics import Filters, overview
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork, connection
from tests import factories
from tests.deploying import checked_once

SECONDS = 10.0  # of processor time on a busy machine; it takes less than one
# Open tasks that the demonstration's own people have been assigned.
ASSIGNED = """
SELECT count(*) FROM tasks JOIN users ON users.id = assignee_id
WHERE status = 'open' AND users.name = ANY(:names)
"""


def test_demonstration_begins_with_cases_of_three_months(database: Database, tmp_path: Path) -> None:
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path)})
    accounts.prepare(database, settings, "http://localhost")
    with checked_once():
        earlier.deploy_earlier(database, settings)
    for key in (factories.LICENCE, factories.PERMIT, factories.ADDRESS):
        factories.deploy_shipped(database, key)
    accounts.delegate(database, settings)
    begun = time.process_time()
    written = seeding.seed(database)
    assert time.process_time() - begun < SECONDS
    assert written > 250
    assert factories.whole(database)
    with database.transaction() as session:
        bound = connection(session)
        rows = bound.execute(text("SELECT status, key FROM cases JOIN units ON units.id = unit_id")).all()
        first = bound.execute(text("SELECT now() - min(started_at) FROM cases")).scalar_one()
        names = [name for name, _ in accounts.ACCOUNTS]
        assigned = bound.execute(text(ASSIGNED), {"names": names}).scalar_one()
        stateless = bound.execute(
            text("SELECT count(*) FROM cases WHERE state IS NULL AND ended_at IS NULL")
        ).scalar_one()
        found = replay.compare(session)
    assert Counter(row.status for row in rows) == {"completed": written, "active": 6}
    assert {row.key for row in rows} == {office for places in seeding.OFFICES.values() for office in places}
    assert 80 < first.days < 95
    assert (assigned, stateless) == (0, 0)
    assert found.judged == replay.BATCH
    assert [str(difference) for difference in found.differences] == []
    visits_of_the_permit_fell(database)


def visits_of_the_permit_fell(database: Database) -> None:
    """From three planned ones in its first version to one, and as many in fact, or few more."""
    manager = factories.an_actor(database, "manager")

    def run(command: Callable[[UnitOfWork], Any]) -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, manager, now)))

    run(projection.prepare)
    while run(projection.project):
        pass
    first = datetime.now(UTC).date() - timedelta(days=seeding.DAYS)
    permits = Filters(None, factories.PERMIT, None, None, first, None)
    before, after = [line.numbers for line in run(lambda uow: overview(uow, permits, "version")).compared]
    planned = [one.visits_planned.value or 0 for one in (before, after)]
    actual = [one.visits_actual.value or 0 for one in (before, after)]
    assert [round(number) for number in planned] == [3, 1]
    assert [round(number) for number in actual] == [3, 1]
    assert 0 <= actual[1] - planned[1] < 0.4
    everything = run(lambda uow: overview(uow, Filters(None, None, None, None, first, None))).numbers
    named = {one.name: getattr(everything, one.name).status for one in fields(everything)}
    assert set(named.values()) == {"measured"}, named
