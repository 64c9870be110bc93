"""What plain SQL over events says of the cases that filters choose, to compare figures with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from random import Random
from typing import Any

from sqlalchemy import text

from engine.oversight import metrics
from engine.oversight.metrics import Filters
from engine.platform.db import Actor, Database, UnitOfWork

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
""")
_BELOW = text("""
    SELECT unit.key FROM units AS unit JOIN unit_lines AS line ON line.unit_id = unit.id
    JOIN units AS top ON top.id = line.ancestor_id WHERE top.key = :key
""")
MEASURES = ("started", "closed", "open", "late", "silent", "appealed")


@dataclass(frozen=True, slots=True)
class Question:
    """What can be asked of a history: its units, services and days."""

    units: Sequence[str]
    services: Sequence[tuple[str, int]]
    first: date
    days: int

    def choose(self, rng: Random) -> Filters:
        """Return random filters."""
        first = self.first + timedelta(days=rng.randrange(self.days))
        key, number = rng.choice(self.services)
        definition = rng.choice([None, key])
        version = number if definition and rng.random() < 0.5 else None
        last = first + timedelta(days=rng.choice([0, 6, 30, 75, 200]))
        return Filters(rng.choice([None, *rng.sample(self.units, 2)]), definition, version, None, first, last)


def question(database: Database, first: date, days: int) -> Question:
    """Read what can be asked of a history."""
    with database.transaction() as session:
        units = session.execute(text("SELECT key FROM units ORDER BY key")).scalars().all()
        found = session.execute(text("SELECT key, number FROM definition_versions ORDER BY key, number"))
        return Question(units, [(row.key, row.number) for row in found], first, days)


def differences(database: Database, who: Actor, filters: Filters, zone: tzinfo) -> list[str]:
    """Return where figures differ from plain SQL, or from the lists of cases behind them."""
    return list(_differences(database, who, filters, zone))


def _differences(database: Database, who: Actor, filters: Filters, zone: tzinfo) -> Iterator[str]:
    def run(command: Any, *arguments: Any) -> Any:
        return database.run(
            lambda session, now: command(UnitOfWork(session, who, now.astimezone(zone)), *arguments)
        )

    found, spent = run(metrics.overview, filters), run(metrics.times, filters)
    plain, numbers = _plain(database, filters, zone), found.numbers
    if numbers.started.status == "no_data":
        yield from (f"{name}: {plain[name]}" for name in ("started", "closed") if plain[name])
        return
    pairs = {name: (getattr(numbers, name).value, plain[name]) for name in ("started", "closed", "median")}
    pairs |= {name: (getattr(numbers, name).value, plain[name]) for name in ("most", "stars")}
    pairs["open"] = found.stock.open.value, plain["open"]
    pairs["ages"] = sum(found.stock.ages), plain["open"]
    pairs["life"] = spent.total.life, plain["life"] or 0
    pairs["buckets"] = sum(spent.total.buckets.values()), plain["life"] or 0
    if plain["closed"]:
        more = ("silent", "send_backs", "appealed")
        pairs |= {name: (getattr(numbers, name).value, plain[name]) for name in more}
    if numbers.late.status == "measured":
        pairs["late"] = numbers.late.value - numbers.silent.value, plain["late"]
    for measure in MEASURES:
        figure = found.stock.open if measure == "open" else getattr(numbers, measure)
        pairs[f"list of {measure}"] = run(metrics.list_cases, filters, measure).count, figure.value or 0
    why = run(metrics.delays, filters)
    pairs["delays"] = sum(line.ms for line in why.lines), why.ms
    for line in why.lines[:2]:
        cell = metrics.DelayCell(line.party, line.element, line.bucket)
        exact = Filters(filters.unit, line.definition, filters.version, None, filters.first, filters.last)
        pairs[f"list of {cell}"] = run(metrics.list_cases, exact, "late", cell).count, line.cases
    yield from (f"{name}: {one} and {other}" for name, (one, other) in pairs.items() if one != other)


def _plain(database: Database, filters: Filters, zone: tzinfo) -> Any:
    if filters.first is None or filters.last is None:
        raise ValueError("Filters have a period.")
    with database.transaction() as session:
        given = {
            "units": list(session.execute(_BELOW, {"key": filters.unit or "root"}).scalars()),
            "definition": filters.definition or "",
            "version": filters.version or 0,
            "begin": datetime.combine(filters.first, time.min, zone),
            "end": datetime.combine(filters.last + timedelta(days=1), time.min, zone),
        }
        return session.execute(PLAIN, given).mappings().one()
