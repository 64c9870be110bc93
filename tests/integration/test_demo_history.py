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
from demo.history import reports as past_reports
from engine.oversight import projection, replay, reports
from engine.oversight.metrics import Filters, delays, overview, people
from engine.oversight.publication import reading
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

INSPECTORS = """
SELECT users.name FROM tasks JOIN users ON users.id = assignee_id
WHERE status = 'open' AND element = 'inspect_premises'
"""
# Late cases of which more than a tenth is unexplained.
ASKING = "SELECT 1 FROM case_figures WHERE unexplained_ms * 10 > late_ms AND ended_at IS NOT NULL"
CLASSES = "SELECT DISTINCT definition, service_class FROM case_figures"
QUESTIONS = """
SELECT users.name, answered_at IS NOT NULL AS answered FROM flag_questions
JOIN users ON users.id = asked_id ORDER BY flag_questions.id
"""
DEPLOYED = """
SELECT key, published_at, deployed_at FROM definition_versions AS version
JOIN deployments ON deployments.id = deployment_id
WHERE key IN (SELECT definition FROM case_figures)
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
        inspectors = set(bound.execute(text(INSPECTORS)).scalars())
        found = replay.compare(session)
    assert Counter(row.status for row in rows) == {"completed": written, "active": 9}
    assert {row.key for row in rows} == {office for places in seeding.OFFICES.values() for office in places}
    assert 80 < first.days < 95
    assert (assigned, stateless) == (0, 0)
    assert inspectors
    assert inspectors <= {"health-isfahan-inspector-1", "health-isfahan-inspector-2"}, "the others have left"
    assert found.judged == len(rows)
    assert [str(difference) for difference in found.differences] == []
    for what in (
        visits_of_the_permit_fell,
        months_of_the_past_are_published_and_one_is_corrected,
        patterns_are_found_and_two_officials_asked,
        reports_of_the_guild_are_there,
    ):
        what(database)


def months_of_the_past_are_published_and_one_is_corrected(database: Database) -> None:
    """Corrected only if the calendar of today leaves a month of which nothing is hidden."""
    with database.transaction() as session:
        found = reading.editions(session)
    assert len({one.month for one in found}) >= 2
    assert {one.edition for one in found} <= {1, 2}
    assert all(one.reason for one in found if one.edition == 2)


def patterns_are_found_and_two_officials_asked(database: Database) -> None:
    """Of four kinds; one has answered, and the demonstration's own official is waited for."""
    with database.transaction() as session:
        bound = connection(session)
        found = bound.execute(text("SELECT pattern, numerator FROM flags")).all()
        asked = bound.execute(text(QUESTIONS)).all()
    planted = {"quick-decisions", "outside-hours", "one-applicant", "reads-without-part"}
    assert {row.pattern for row in found if row.numerator > 5} == planted
    assert len(found) < 8, "few others, which are chance"
    assert [(row.name == "caseworker", row.answered) for row in asked] == [(False, True), (True, False)]


def reports_of_the_guild_are_there(database: Database) -> None:
    """Two that are signed, and a draft that begins with their open actions; others have not reported."""
    begun = time.process_time()
    past_reports.write(database)
    assert time.process_time() - begun < SECONDS / 2
    manager = factories.an_actor(database, "manager")

    def read(uow: UnitOfWork) -> tuple[list[bool], list[bool], list[str]]:
        rows = reports.page(uow)
        actions = reports.read(uow, rows[0]["id"]).content["earlier_actions"]
        last = reports.compare(uow, rows[1]["first"], rows[1]["last"])
        signed, overdue = [bool(row["signed_at"]) for row in rows], [one["overdue"] for one in actions]
        return signed, overdue, [line.unit for line in last.silent]

    signed, overdue, silent = factories.as_actor(database, manager, read)
    assert signed == [False, True, True]
    assert overdue[:2] == [True, False]
    assert "municipality" in silent
    assert "guild" not in silent


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
    every_page_has_something(run, Filters(None, None, None, None, first, None))


def every_page_has_something(run: Callable[[Callable[[UnitOfWork], Any]], Any], filters: Filters) -> None:
    """Old and overdue cases, classes, an automated step, and a late case that asks for the reason."""
    stock = run(lambda uow: overview(uow, filters)).stock
    assert [stock.open.value, stock.overdue.value, *stock.ages[:3]] == [9, 2, 6, 1, 2]
    (line,) = run(lambda uow: people(uow, filters)).automated
    assert (line.element, line.hours.status) == (earlier.BY_HAND, "measured")
    assert line.hours.value > 1
    (unexplained,) = [
        one for one in run(lambda uow: delays(uow, filters)).lines if one.bucket == "unexplained"
    ]
    asking = run(lambda uow: connection(uow.session).execute(text(ASKING)).all())
    assert unexplained.cases >= 1
    assert len(asking) == 1
    classes = run(lambda uow: connection(uow.session).execute(text(CLASSES)).all())
    assert {row.definition: row.service_class for row in classes} == {
        **dict.fromkeys(seeding.OFFICES, ""),
        **seeding.CLASSES,
    }
    deployed = run(lambda uow: connection(uow.session).execute(text(DEPLOYED)).all())
    assert [row.key for row in deployed if row.published_at != row.deployed_at] == []
