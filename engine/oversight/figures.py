"""The figures of an installation for its operators: what is open, late or failed now. No personal data.

They are read at each scrape of `/metrics`, so each statement reads partial indexes of what is open, and no
history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from engine.connectors import health
from engine.connectors.health import Health
from engine.oversight import job_queue

AGES = ("1d", "7d", "30d", "90d")
OLDER = "older"

_OPEN = text("""
WITH open_tasks AS (
    SELECT count(*) AS open, count(*) FILTER (WHERE due_at < now()) AS overdue,
        count(*) FILTER (WHERE opened_at > now() - interval '1 day') AS "1d",
        count(*) FILTER (WHERE opened_at > now() - interval '7 days') AS "7d",
        count(*) FILTER (WHERE opened_at > now() - interval '30 days') AS "30d",
        count(*) FILTER (WHERE opened_at > now() - interval '90 days') AS "90d"
    FROM tasks WHERE status = 'open'
)
SELECT open_tasks.*,
    (SELECT count(*) FROM cases WHERE status = 'active') AS active,
    (SELECT count(*) FROM cases WHERE status = 'suspended') AS suspended,
    (SELECT count(*) FROM incidents WHERE status = 'open') AS incidents,
    (SELECT count(*) FROM deliveries WHERE status = 'waiting') AS waiting,
    (SELECT count(*) FROM deliveries WHERE status = 'dead') AS dead,
    (SELECT extract(epoch FROM now() - at)::float FROM checkpoints ORDER BY number DESC LIMIT 1)
        AS checkpoint_age,
    (SELECT count(*) FROM checkpoint_sendings WHERE status = 'waiting') AS unsent,
    (SELECT count(*) FROM checkpoint_sendings WHERE status = 'failed') AS unsendable,
    (SELECT coalesce(extract(epoch FROM now() - (
        SELECT at FROM events WHERE transaction_id > coalesce(
            (SELECT transaction_id FROM cursors WHERE name = 'figures'), 0)
        ORDER BY transaction_id LIMIT 1
    ))::float, 0)) AS figures_age,
    (SELECT count(*) FROM flag_searches
        WHERE until < period AND searched_at < now() - interval '1 hour') AS unsearched
FROM open_tasks
""")


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of what is open: cases by status, tasks by the longest age, deliveries by status.

    `tasks` counts each task once, under the first of `AGES` that it is younger than, or `OLDER`.
    """

    cases: Mapping[str, int]
    tasks: Mapping[str, int]
    overdue: int
    incidents: int
    deliveries: Mapping[str, int]
    connectors: Sequence[Health]
    workers: int
    checkpoint_age: float | None  # seconds since the newest one
    sendings: Mapping[str, int]  # of checkpoints
    figures_age: float  # seconds since the first event that the figures of oversight don't know
    unsearched: int  # months that can't be searched for red flags


def read(connection: Connection, now: datetime, connectors: Sequence[str]) -> Figures:
    """Returns the figures, in five statements."""
    row = connection.execute(_OPEN).mappings().one()
    return Figures(
        cases={status: row[status] for status in ("active", "suspended")},
        tasks=_by_age(row),
        overdue=row["overdue"],
        incidents=row["incidents"],
        deliveries={status: row[status] for status in ("waiting", "dead")},
        connectors=health.measure(connection, now, connectors),
        workers=job_queue.workers(connection),
        checkpoint_age=row["checkpoint_age"],
        sendings={"waiting": row["unsent"], "failed": row["unsendable"]},
        figures_age=max(row["figures_age"], 0.0),
        unsearched=row["unsearched"],
    )


def _by_age(row: Mapping[Any, Any]) -> dict[str, int]:
    found, younger = {}, 0
    for age in AGES:
        found[age] = row[age] - younger
        younger = row[age]
    return {**found, OLDER: row["open"] - younger}
