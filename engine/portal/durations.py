"""How long the cases of a service usually take: counted by a worker, read with a case's status."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from engine.platform.db import UnitOfWork

FEWEST = 10  # cases: of fewer, a figure says little, and perhaps something about one of them
# Only cases that ended as their process defines: withdrawn and cancelled ones say nothing about the next.
_COUNT = text("""
INSERT INTO service_durations (definition, cases, median_seconds, most_seconds, counted_at)
SELECT version.key, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY took), :now
FROM definition_versions AS version
JOIN LATERAL (
    SELECT extract(epoch FROM ended_at - started_at)::integer AS took FROM cases
    WHERE version_id = version.id AND status = 'completed' AND ended_at > :since
        AND outcome IS DISTINCT FROM 'withdrawn'
) AS ended ON true
GROUP BY version.key HAVING count(*) >= :fewest
ON CONFLICT (definition) DO UPDATE SET cases = excluded.cases, median_seconds = excluded.median_seconds,
    most_seconds = excluded.most_seconds, counted_at = excluded.counted_at
""")


@dataclass(frozen=True, slots=True)
class Usual:
    """Half of the cases took at most `median`, nine of ten at most `most`."""

    median: timedelta
    most: timedelta


def count(uow: UnitOfWork) -> None:
    """Counts again how long the cases of each process took that ended in the last year."""
    since = uow.now - timedelta(days=365)
    uow.connection.execute(_COUNT, {"now": uow.now, "since": since, "fewest": FEWEST})


def expected(
    started_at: datetime, usual: Usual | None, latest: datetime | None, now: datetime
) -> datetime | None:
    """Returns when a case can be expected to be decided: the median, the 90th percentile, or `latest`.

    `latest` is the end of the statutory term, None while it doesn't run. The first of them that is still to
    come, and none after `latest`; None if all are past or unknown.
    """
    known = [] if usual is None else [started_at + usual.median, started_at + usual.most]
    usual_ends = (at for at in known if at > now and (latest is None or at <= latest))
    return next(usual_ends, latest if latest is not None and latest > now else None)
