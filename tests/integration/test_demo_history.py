"""The demonstration's cases of the past: in several offices, as real ones, and in nobody's way."""

import time
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from demo import accounts
from demo.history import earlier, seeding
from engine.oversight import replay
from engine.platform.config import Settings
from engine.platform.db import Database, connection
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
