"""What plain SQL says of the tables of `plain_tables`, and the figures that follow from it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import prod
from typing import Any

from persiantools.jdatetime import JalaliDate

from engine.oversight.metrics import Figure

NO_DATA, NOT_MEASURED = Figure(None, 0, "no_data"), Figure(None, 0, "not_measured")

CHOSEN = """
chosen AS (
    SELECT * FROM plain_cases WHERE unit = ANY(:units) AND (:definition = '' OR definition = :definition)
        AND (:version = 0 OR version = :version) AND (:class = '*' OR class = :class)
), done AS (SELECT * FROM chosen WHERE ended >= :begin AND ended < :end)
"""
OVERVIEW = f"""
WITH {CHOSEN}, begun AS (SELECT * FROM chosen WHERE began >= :begin AND began < :end),
stock AS (SELECT * FROM chosen WHERE (ended IS NULL OR ended >= :reached) AND (:is_now OR began < :reached))
SELECT
    (SELECT count(*) FROM begun) AS started,
    (SELECT count(*) FROM begun WHERE channel = 'online') AS online,
    (SELECT count(*) FROM begun WHERE channel IS NOT NULL) AS with_channel,
    (SELECT count(*) FROM stock) AS open,
    (SELECT count(*) FROM stock WHERE runs_until < :reached AND (stopped IS NULL OR stopped >= :reached))
        AS overdue,
    (SELECT count(*) FROM stock WHERE runs_until IS NOT NULL) AS open_with_term,
    ARRAY(SELECT (SELECT count(*) FROM stock
        WHERE width_bucket(extract(epoch FROM :reached - began) / 86400, ARRAY[7, 30, 90, 180]::numeric[])
            = band) FROM generate_series(0, 4) AS band) AS ages,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY life) AS median,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY life) AS most,
    count(*) AS closed, sum(life)::bigint AS life,
    count(*) FILTER (WHERE withdrawn AND NOT cancelled) AS withdrawn,
    count(*) FILTER (WHERE late) AS late, count(*) FILTER (WHERE NOT late) AS on_time,
    count(*) FILTER (WHERE effect = 'refuses') AS refused,
    count(*) FILTER (WHERE effect = 'grants') AS granted,
    count(*) FILTER (WHERE silent) AS silent, sum(send_backs)::int AS send_backs,
    count(*) FILTER (WHERE send_backs > 0) AS sent_back,
    count(*) FILTER (WHERE appealed) AS appealed, count(*) FILTER (WHERE upheld) AS upheld,
    count(upheld) AS appeals_decided, count(stars) AS rated, sum(stars)::int AS stars,
    bool_or(visits_known) AS visits_known, sum(visits_actual)::int AS visits_actual,
    count(*) FILTER (WHERE visits_actual > 0) AS visited, sum(visits_planned)::int AS visits_planned,
    count(cost) AS cost_cases, sum(cost)::bigint AS cost
FROM done
"""
FUNNEL = """
SELECT sum(count) FILTER (WHERE stage = 'sent') AS sent, sum(count) FILTER (WHERE stage = 'begun') AS begun
FROM application_counts WHERE day BETWEEN :first AND :last AND (:definition = '' OR key = :definition)
    AND (:version = 0 OR version = :version)
"""
TIME = f"WITH {CHOSEN} SELECT {{}} FROM done JOIN plain_time USING (case_id)"
CAUSES = f"""
WITH {CHOSEN} SELECT party, definition, element, bucket, sum(ms)::bigint AS ms, count(*) AS cases
FROM done JOIN plain_causes USING (case_id) GROUP BY 1, 2, 3, 4
"""
STEPS = """
WITH chosen AS (
    SELECT *, opened >= :begin AND opened < :end AS came, closed >= :begin AND closed < :end AS went,
        pg_temp.ms(closed) - pg_temp.ms(opened) - coalesce(work, 0) AS wait
    FROM plain_steps WHERE unit = ANY(:units) AND definition = :definition AND version = :version
        AND (:class = '*' OR class = :class) AND kind IN ('task', 'wait', 'call')
), few AS (
    SELECT element, count(DISTINCT person) < 5 AS few FROM plain_workers WHERE unit = ANY(:units)
        AND definition = :definition AND version = :version AND (:class = '*' OR class = :class)
        AND kind IN ('task', 'wait', 'call') AND closed >= :begin AND closed < :end GROUP BY 1
)
SELECT element, kind, count(*) FILTER (WHERE came) AS arrived, count(*) FILTER (WHERE went) AS closed,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY greatest(wait, 0)) FILTER (WHERE went) AS wait,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY work) FILTER (WHERE went AND NOT coalesce(few, true)) AS work,
    coalesce(sum(send_backs) FILTER (WHERE went), 0)::int AS send_backs
FROM chosen LEFT JOIN few USING (element) WHERE came OR went GROUP BY 1, 2
"""
LOAD = """
SELECT step_unit, role, definition, element, count(*) FILTER (WHERE closed IS NULL) AS open,
    count(*) FILTER (WHERE opened >= :begin AND opened < :end) AS arrived,
    count(*) FILTER (WHERE closed >= :begin AND closed < :end AND done) AS done,
    coalesce(sum(send_backs) FILTER (WHERE closed >= :begin AND closed < :end), 0)::int AS send_backs
FROM plain_steps
WHERE string_to_array(step_unit, ',') && CAST(:units AS text[]) AND kind IN ('task', 'opinion', 'escalation')
    AND (:definition = '' OR definition = :definition) AND (:version = 0 OR version = :version)
    AND (:class = '*' OR class = :class)
GROUP BY 1, 2, 3, 4
"""


QUALITY = f"""
WITH {CHOSEN} SELECT unit, count(*), sum(send_backs)::int, count(*) FILTER (WHERE appealed),
    CASE WHEN count(upheld) > 0 THEN count(*) FILTER (WHERE upheld) END FROM done GROUP BY 1
"""
SERVICES = f"""
WITH {CHOSEN} SELECT definition, count(*) AS volume, bool_or(visits_known) AS visits_known,
    sum(visits_actual)::int AS visits, sum(visits_planned)::int AS visits_planned, sum(stars)::int AS stars,
    count(stars) AS rated, percentile_disc(0.5) WITHIN GROUP (ORDER BY life) AS median FROM done GROUP BY 1
"""


def figures(row: Mapping[str, Any], *, known: bool) -> dict[str, Figure]:
    """Return the figures of the overview, by name. `known`: something had happened before its end."""
    closed, started, total = row["closed"], row["started"], row["open"]
    decided, timed = row["granted"] + row["refused"], row["on_time"] + row["late"]
    visits_known = closed if row["visits_known"] else 0

    def count(name: str, known: Any) -> Figure:
        return Figure(row[name], row[name]) if known else NO_DATA

    def share(part: int | None, whole: int, cases: int) -> Figure:
        if not cases:
            return NO_DATA
        return Figure(round((part or 0) / whole, 6), whole) if whole else NOT_MEASURED

    def some(name: str, whole: int, cases: int) -> Figure:
        return Figure(row[name], whole) if cases and whole else NOT_MEASURED if cases else NO_DATA

    few = 0 < row["cost_cases"] < 5
    return {
        "started": count("started", known),
        "closed": count("closed", known),
        **{name: count(name, known) for name in ("withdrawn",)},
        "on_time": share(row["on_time"], timed, closed),
        "late": some("late", timed, closed),
        **{name: Figure(row[name], closed) if closed else NO_DATA for name in ("median", "most")},
        "refused": share(row["refused"], decided, closed),
        "send_backs": some("send_backs", closed, closed),
        **{name: count(name, closed) for name in ("silent", "appealed")},
        "visits_planned": share(row["visits_planned"], closed, closed),
        "visits_actual": share(row["visits_actual"], visits_known, closed),
        "stars": share(row["stars"], row["rated"], closed),
        "take_up": share(row["online"], row["with_channel"], started),
        "cost": Figure(None, 0, "too_few") if few else share(row["cost"], row["cost_cases"], closed),
        "upheld": some("upheld", row["appeals_decided"], row["appealed"]),
        "open": count("open", known),
        "overdue": some("overdue", row["open_with_term"], total) if known else NO_DATA,
    }


def months(first: date, last: date, calendar: str) -> Iterator[tuple[date, date]]:
    """Yield the first and the last day of each month in a period, by looking at each of its days."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def month(day: date) -> tuple[int, int]:
        own: Any = day if calendar == "gregorian" else JalaliDate(day)
        return own.year, own.month

    for _, group in groupby(days, month):
        own = list(group)
        yield own[0], own[-1]


def score(factors: Sequence[float | None], greatest: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted geometric mean of the measured factors, each as a part of the greatest."""
    parts = [
        (max(one / most if most else 1.0, 0.01), weight)
        for one, most, weight in zip(factors, greatest, weights, strict=True)
        if one is not None and weight
    ]
    total = sum(weight for _, weight in parts)
    return round(prod(part ** (weight / total) for part, weight in parts), 6) if total else 0.0
