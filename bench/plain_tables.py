"""Plain tables of what events say of cases and steps, made with SQL alone and without the projection.

They are temporary ones of one connection. `plain_cases`, `plain_steps` and `plain_workers` come from events;
`plain_time` and `plain_causes` from the timeline of each ended case, as its page shows it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from engine.oversight import timeline
from engine.platform.db import Database, UnitOfWork
from engine.timeline import BUCKETS

MOST = 8000  # cases of which the timelines are read one by one
TABLES = ("plain_cases", "plain_steps", "plain_workers", "plain_time", "plain_causes")

_MS = "CREATE OR REPLACE FUNCTION pg_temp.ms(at timestamptz) RETURNS bigint IMMUTABLE LANGUAGE sql AS"
_FUNCTION = f"{_MS} 'SELECT floor(extract(epoch FROM at) * 1000)::bigint'"
_CASES = """
CREATE TEMP TABLE plain_cases AS
WITH begun AS (
    SELECT case_id, at AS began, facts->>'unit' AS unit, facts->>'channel' AS channel
    FROM events WHERE kind = 'case.started'
), last AS (
    SELECT DISTINCT ON (case_id) case_id, key AS definition, number AS version
    FROM events JOIN definition_versions ON definition_versions.id = version_id ORDER BY case_id, seq DESC
), paused AS (
    SELECT DISTINCT ON (case_id) case_id, at, kind FROM events
    WHERE kind IN ('clock.paused', 'clock.resumed') ORDER BY case_id, seq DESC
), told AS (
    SELECT case_id,
        max(at) FILTER (WHERE kind IN ('case.completed', 'case.cancelled')) AS ended,
        bool_or(kind = 'case.cancelled') AS cancelled, bool_or(kind = 'case.withdrawn') AS withdrawn,
        (array_agg(facts->>'effect' ORDER BY seq DESC)
            FILTER (WHERE kind IN ('decision.made', 'case.completed') AND facts ? 'effect'))[1] AS effect,
        bool_or(kind = 'clock.deemed' OR kind = 'case.completed' AND facts->>'by' = 'silence') AS silent,
        bool_or(kind = 'clock.started') AS timed,
        (array_agg((facts->>'due_at')::timestamptz ORDER BY seq DESC)
            FILTER (WHERE kind LIKE 'clock.%' AND facts ? 'due_at'))[1] AS due,
        max(at) FILTER (WHERE kind IN ('clock.stopped', 'clock.deemed')) AS stopped,
        (array_agg((facts->>'stars')::int ORDER BY seq DESC)
            FILTER (WHERE kind = 'rating.given'))[1] AS stars,
        bool_or(kind = 'rating.given' AND coalesce((facts->>'visited')::bool, false)) AS came,
        count(*) FILTER (WHERE kind = 'correction.asked') AS send_backs,
        bool_or(kind = 'appeal.filed' AND NOT facts ? 'appeal_of') AS appealed,
        bool_or(kind LIKE 'visit.%' OR kind = 'rating.given') AS visits_known
    FROM events GROUP BY case_id
), visit AS (
    SELECT case_id, facts->>'visit',
        bool_or(kind = 'visit.recorded' AND facts->>'channel' = 'in_person')
            AND NOT bool_or(kind = 'visit.corrected' AND (facts->>'withdrawn')::bool) AS took_place
    FROM events WHERE kind LIKE 'visit.%' GROUP BY 1, 2
), visits AS (
    SELECT case_id, count(*) AS actual FROM visit WHERE took_place GROUP BY 1
), planned AS (
    SELECT made.case_id, count(DISTINCT made.element) AS planned
    FROM events AS made JOIN events AS done USING (case_id, task_id)
    WHERE made.kind = 'task.created' AND made.facts->>'presence' = 'required' AND done.kind = 'task.completed'
    GROUP BY 1
), appeals AS (
    SELECT filed.case_id, bool_or(decision.facts->>'effect' = 'grants') AS upheld
    FROM events AS filed
    JOIN events AS decided ON decided.case_id = filed.case_id AND decided.kind = 'appeal.decided'
        AND decided.facts->>'appeal' = filed.facts->>'appeal'
    JOIN events AS decision ON decision.case_id::text = filed.facts->>'appeal'
        AND decision.kind = 'decision.made' AND decision.task_id = decided.task_id
    WHERE filed.kind = 'appeal.filed' AND NOT filed.facts ? 'appeal_of' AND decision.facts ? 'effect'
    GROUP BY 1
), stretches AS (
    SELECT noted.case_id, noted.actor_id, noted.actor_unit, made.facts->>'role' AS role,
        (noted.facts->>'from_at')::timestamptz AS begin, (noted.facts->>'to_at')::timestamptz AS until
    FROM events AS noted
    LEFT JOIN events AS made ON made.case_id = noted.case_id AND made.task_id = noted.task_id
        AND made.kind = 'task.created'
    WHERE noted.kind = 'work.noted'
), once AS (
    SELECT *, greatest(begin, max(until) OVER (PARTITION BY case_id, actor_id ORDER BY begin, until
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS first FROM stretches
), rated AS (
    SELECT once.case_id, greatest(0, extract(epoch FROM until - first)) AS seconds, rate.amount, rate.currency
    FROM once LEFT JOIN LATERAL (
        SELECT rates.amount, rates.currency
        FROM unnest(string_to_array(concat_ws(',', nullif(role, ''), 'caseworker'), ',')) WITH ORDINALITY
            AS roles (role, place)
        JOIN unit_rates AS rates ON rates.role = roles.role AND rates.kind = 'cost'
            AND rates.valid_from <= (first AT TIME ZONE :zone)::date
        JOIN unit_lines AS line ON line.ancestor_id = rates.unit_id
        JOIN units AS own ON own.id = line.unit_id AND own.key = once.actor_unit
        ORDER BY roles.place,
            (SELECT count(*) FROM unit_lines WHERE unit_id = rates.unit_id) DESC, rates.valid_from DESC
        LIMIT 1) AS rate ON true
), priced AS (
    SELECT case_id, sum(seconds) AS seconds, sum(seconds) FILTER (WHERE amount IS NULL) AS unrated,
        sum(amount * seconds) / 3600 AS amount, bool_or(currency <> 'IRR') AS foreign_money
    FROM rated GROUP BY 1
), called AS (
    SELECT case_id, sum((facts->>'price')::numeric) AS amount,
        bool_or(facts->>'currency' <> 'IRR') AS foreign_money
    FROM events WHERE kind = 'call.made' AND facts ? 'price' GROUP BY 1
)
SELECT told.*, began, unit, channel, definition, version,
    coalesce((SELECT payload->>'class' FROM organisation_log WHERE kind = 'service.classed'
        AND payload->>'definition' = definition AND at <= began ORDER BY seq DESC LIMIT 1), '') AS class,
    pg_temp.ms(greatest(ended, began)) - pg_temp.ms(began) AS life,
    coalesce(nullif(coalesce(actual, 0), 0), came::int) AS visits_actual,
    coalesce(planned, 0) AS visits_planned, upheld,
    CASE WHEN ended IS NOT NULL AND timed AND due IS NOT NULL THEN silent OR pg_temp.ms(least(ended, stopped,
        CASE WHEN paused.kind = 'clock.paused' THEN paused.at END)) > pg_temp.ms(due) END AS late,
    CASE WHEN ended IS NOT NULL OR paused.kind IS DISTINCT FROM 'clock.paused' THEN due END AS runs_until,
    CASE WHEN EXISTS (SELECT FROM unit_rates WHERE kind = 'cost') AND priced.seconds > 0
        AND coalesce(unrated, 0) = 0 AND NOT coalesce(priced.foreign_money, false)
        AND NOT coalesce(called.foreign_money, false)
        THEN round(priced.amount + coalesce(called.amount, 0))::bigint END AS cost
FROM told JOIN begun USING (case_id) JOIN last USING (case_id) LEFT JOIN visits USING (case_id)
LEFT JOIN planned USING (case_id) LEFT JOIN appeals USING (case_id) LEFT JOIN paused USING (case_id)
LEFT JOIN priced USING (case_id) LEFT JOIN called USING (case_id)
"""
_STEPS = """
CREATE TEMP TABLE plain_steps AS
WITH opened AS (
    SELECT case_id, seq, at, element, task_id, task_id::text AS key, facts->>'role' AS role,
        CASE WHEN facts->>'side' = 'applicant' THEN 'applicant' ELSE facts->>'unit' END AS unit,
        CASE WHEN kind = 'opinion.asked' THEN 'opinion' WHEN kind = 'correction.asked' THEN 'correction'
            WHEN facts->>'kind' = 'escalation' THEN 'escalation' ELSE 'task' END AS kind
    FROM events WHERE kind IN ('task.created', 'opinion.asked', 'correction.asked')
    UNION ALL
    (SELECT DISTINCT ON (case_id, facts->>'wait') case_id, seq, at, element, NULL, facts->>'wait', NULL, NULL,
        'wait' FROM events WHERE kind = 'wait.opened' AND facts->>'kind' IS DISTINCT FROM 'call'
        ORDER BY case_id, facts->>'wait', seq)
    UNION ALL
    SELECT case_id, seq, at, element, NULL, facts->>'call', NULL, NULL, 'call' FROM events
    WHERE kind = 'call.made'
), work AS (
    SELECT case_id, task_id, count(DISTINCT actor_id) AS people,
        sum(pg_temp.ms((facts->>'to_at')::timestamptz) - pg_temp.ms((facts->>'from_at')::timestamptz)) AS work
    FROM events WHERE kind = 'work.noted' GROUP BY 1, 2
), asked AS (
    SELECT case_id, facts->>'parent' AS key, count(*) AS send_backs FROM events
    WHERE kind = 'correction.asked' GROUP BY 1, 2
)
SELECT opened.case_id, opened.task_id, opened.kind, opened.element,
    coalesce(opened.role, 'caseworker') AS role,
    definition, version, class, plain_cases.unit AS unit, opened.at AS opened,
    coalesce(CASE WHEN moved.at IS NOT NULL THEN moved.unit ELSE opened.unit END, plain_cases.unit)
        AS step_unit,
    coalesce(closing.at, ended) AS closed, work.work::bigint AS work,
    coalesce(asked.send_backs, 0) AS send_backs,
    coalesce(closing.kind IN ('task.completed', 'opinion.given', 'data.corrected', 'call.answered'), false)
        AS done
FROM opened JOIN plain_cases USING (case_id)
LEFT JOIN LATERAL (
    SELECT at, kind FROM events WHERE case_id = opened.case_id AND seq > opened.seq AND (
        task_id = opened.task_id AND kind IN ('task.completed', 'task.cancelled', 'opinion.given',
            'opinion.expired', 'opinion.withdrawn', 'data.corrected', 'correction.expired',
            'correction.withdrawn')
        OR opened.kind = 'wait' AND kind = 'wait.closed' AND facts->>'wait' = opened.key
        OR opened.kind = 'call' AND (kind IN ('call.answered', 'call.failed') AND facts->>'call' = opened.key
            OR kind = 'wait.closed' AND facts->>'wait' = opened.key)
    ) ORDER BY seq LIMIT 1) AS closing ON true
LEFT JOIN LATERAL (
    SELECT at, facts->>'unit' AS unit FROM events WHERE case_id = opened.case_id AND task_id = opened.task_id
        AND opened.kind = 'task' AND kind IN ('task.delegated', 'task.returned') ORDER BY seq DESC LIMIT 1
    ) AS moved ON true
LEFT JOIN work ON work.case_id = opened.case_id AND work.task_id = opened.task_id
LEFT JOIN asked ON asked.case_id = opened.case_id AND asked.key = opened.key
"""
_WORKERS = """
CREATE TEMP TABLE plain_workers AS
SELECT DISTINCT steps.*, events.actor_id AS person FROM plain_steps AS steps
JOIN events ON events.case_id = steps.case_id AND events.task_id = steps.task_id
    AND events.kind = 'work.noted'
"""
_TIME = f"CREATE TEMP TABLE plain_time (case_id uuid, {', '.join(f'{name} bigint' for name in BUCKETS)})"
_CAUSES = """
CREATE TEMP TABLE plain_causes (case_id uuid, party text, element text, bucket text, ms bigint)
"""


@contextmanager
def tables(database: Database, zone: str, run: Callable[..., Any]) -> Iterator[Connection]:
    """Make the tables, and drop them. `run` runs a command as somebody who may see all cases."""
    with database.engine.connect() as connection:
        for name in TABLES:
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        for statement in (_FUNCTION, _CASES, _STEPS, _WORKERS, _TIME, _CAUSES):
            connection.execute(text(statement), {"zone": zone} if ":zone" in statement else {})
        _add_timelines(connection, run)
        connection.execute(text(f"ANALYZE {', '.join(TABLES)}"))
        yield connection
        for name in TABLES:
            connection.execute(text(f"DROP TABLE {name}"))


def _add_timelines(connection: Connection, run: Callable[..., Any]) -> None:
    ids = connection.execute(text("SELECT case_id FROM plain_cases WHERE ended IS NOT NULL")).scalars().all()
    times, causes = [], []
    for case_id in ids if len(ids) <= MOST else ():
        line = run(_timeline, case_id)
        times.append({"case_id": case_id, **line.totals})
        if line.delay is not None:
            lost = [*line.delay.causes]
            named = [(one.party or "", one.element or "", one.bucket, one.ms) for one in lost]
            if line.delay.unexplained_ms:
                named.append(("", "", "unexplained", line.delay.unexplained_ms))
            causes += [
                dict(zip(("case_id", "party", "element", "bucket", "ms"), (case_id, *one), strict=True))
                for one in named
            ]
    for table, rows in (("plain_time", times), ("plain_causes", causes)):
        if rows:
            names = list(rows[0])
            values = ", ".join(f":{name}" for name in names)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)


def _timeline(uow: UnitOfWork, case_id: Any) -> Any:
    return timeline.of_case(uow, case_id).timeline
