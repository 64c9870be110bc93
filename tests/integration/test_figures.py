"""The figures of oversight: what plain SQL over events says, and a function of the log alone."""

from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text

from engine import tasks
from engine.events import administration_log, follower
from engine.oversight import metrics, projection
from engine.oversight.metrics import Filters
from engine.oversight.projection import projecting
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories, histories
from tests.histories import ZONE
from tests.outbound import Hub, settled

# Written without the projection: what the events of the cases that a filter chooses say.
PLAIN = text("""
WITH chosen AS (
    SELECT begun.case_id, begun.at AS began, begun.facts->>'channel' AS channel,
        (SELECT max(at) FROM events WHERE case_id = begun.case_id
            AND kind IN ('case.completed', 'case.cancelled')) AS ended
    FROM events AS begun
    JOIN definition_versions AS version ON version.id = (
        SELECT version_id FROM events WHERE case_id = begun.case_id ORDER BY seq DESC LIMIT 1)
    WHERE begun.kind = 'case.started' AND begun.facts->>'unit' = ANY(:units)
        AND (:definition = '' OR version.key = :definition) AND (:version = 0 OR version.number = :version)
), ended AS (
    SELECT *, floor(extract(epoch FROM ended) * 1000) - floor(extract(epoch FROM began) * 1000) AS life
    FROM chosen WHERE ended >= :begin AND ended < :end
), facts AS (SELECT ended.case_id, kind, facts, at FROM events JOIN ended ON ended.case_id = events.case_id)
SELECT
    (SELECT count(*) FROM chosen WHERE began >= :begin AND began < :end) AS started,
    (SELECT count(*) FROM ended) AS closed,
    (SELECT count(*) FROM chosen WHERE began < :end AND (ended IS NULL OR ended >= :end)) AS open,
    (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY life) FROM ended)::bigint AS median,
    (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY life) FROM ended)::bigint AS most,
    (SELECT sum(life) FROM ended)::bigint AS life,
    (SELECT count(*) FROM facts WHERE kind = 'correction.asked') AS send_backs,
    (SELECT count(DISTINCT case_id) FROM facts WHERE kind = 'clock.deemed') AS silent,
    (SELECT round(avg((facts->>'stars')::int), 6)::float FROM facts WHERE kind = 'rating.given') AS stars,
    (SELECT count(DISTINCT case_id) FROM facts WHERE kind = 'appeal.filed' AND NOT facts ? 'appeal_of')
        AS appealed,
    (SELECT count(DISTINCT case_id) FROM facts WHERE kind = 'clock.stopped'
        AND at > (facts->>'due_at')::timestamptz) AS late
""").bindparams(bindparam("units"), bindparam("definition"), bindparam("version"))


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
    histories.write(database, database_url, 240)
    manager = factories.an_actor(database, "manager")
    bring_up_to_date(database, manager)
    rows = content(database)
    assert {name for name, found in rows.items() if not found} == set()
    with database.transaction() as session:
        units = list(session.execute(text("SELECT key FROM units ORDER BY key")).scalars())
        services = [
            tuple(row) for row in session.execute(text("SELECT key, number FROM definition_versions"))
        ]
    rng = Random(3)
    for _ in range(12):
        _require_same(database, manager, _filters(rng, units, services))
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


def _filters(rng: Random, units: list[str], services: list[tuple[str, int]]) -> Filters:
    first = date(2026, 7, 10) + timedelta(days=rng.randrange(120))
    key, number = rng.choice(services)
    definition = rng.choice([None, key])
    return Filters(
        rng.choice([None, *rng.sample(units, 2)]),
        definition,
        number if definition and rng.random() < 0.5 else None,
        None,
        first,
        first + timedelta(days=rng.choice([0, 6, 30, 75, 200])),
    )


def _require_same(database: Database, manager: Actor, filters: Filters) -> None:
    found = run(database, manager, metrics.overview, filters)
    spent = run(database, manager, metrics.times, filters)
    plain = _plain(database, filters)
    numbers, closed = found.numbers, plain["closed"]
    if found.numbers.started.status == "no_data":
        assert plain["started"] == plain["closed"] == 0
        return
    names = ("started", "closed", "median", "most", "stars")
    assert {name: getattr(numbers, name).value for name in names} == {name: plain[name] for name in names}
    assert found.stock.open.value == plain["open"] == sum(found.stock.ages)
    for name in ("silent", "send_backs", "appealed") if closed else ():
        assert getattr(numbers, name).value == plain[name], name
    assert spent.total.life == (plain["life"] or 0) == sum(spent.total.buckets.values())
    if numbers.late.status == "measured":
        assert numbers.late.value - numbers.silent.value == plain["late"]
    for measure in ("started", "closed", "open", "late", "silent", "appealed"):
        figure = found.stock.open if measure == "open" else getattr(numbers, measure)
        assert run(database, manager, metrics.list_cases, filters, measure).count == (figure.value or 0)
    why = run(database, manager, metrics.delays, filters)
    assert sum(line.ms for line in why.lines) == why.ms
    for line in why.lines[:2]:
        cell = metrics.DelayCell(line.party, line.element, line.bucket)
        exact = Filters(filters.unit, line.definition, filters.version, None, filters.first, filters.last)
        listed = run(database, manager, metrics.list_cases, exact, "late", cell)
        assert (listed.count, sum(one.delay for one in listed.items)) == (line.cases, line.ms)


def _plain(database: Database, filters: Filters) -> Any:
    assert filters.first is not None
    assert filters.last is not None
    below = text("""
        SELECT unit.key FROM units AS unit JOIN unit_lines AS line ON line.unit_id = unit.id
        JOIN units AS top ON top.id = line.ancestor_id WHERE top.key = :key
    """)
    with database.transaction() as session:
        units = list(session.execute(below, {"key": filters.unit or "root"}).scalars())
        given = {
            "units": units,
            "definition": filters.definition or "",
            "version": filters.version or 0,
            "begin": datetime.combine(filters.first, time.min, ZONE),
            "end": datetime.combine(filters.last + timedelta(days=1), time.min, ZONE),
        }
        return session.execute(PLAIN, given).mappings().one()


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
