"""Histories for benchmarks: real chains, and a ledger that agrees with what the log says."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from bench.history.generating import Order, Writer
from bench.history.ledger import BUCKETS, CLOSED
from bench.history.organisation import prepare
from demo.history.offices import DAY, milliseconds
from engine.events import administration_log, follower
from engine.events.follower import Stretch
from engine.events.vocabulary import VOCABULARY, facts_of
from engine.identity import accounts
from engine.organisation import calendars
from engine.oversight import replay
from engine.platform.db import Database, UnitOfWork, connection
from tests import factories
from tests.deploying import checked_once

CASES = 240
UNTIL = milliseconds(datetime(2026, 11, 20, tzinfo=UTC))
# By how much decisions of ended cases came after the end of their terms.
LATE = """
SELECT count(*) AS cases, sum(extract(epoch FROM at - (facts->>'due_at')::timestamptz) * 1000)::bigint AS ms
FROM events JOIN cases ON cases.id = case_id
WHERE kind = 'clock.stopped' AND ended_at IS NOT NULL AND at > (facts->>'due_at')::timestamptz
"""


def test_history_is_what_its_ledger_says(database: Database, database_url: str) -> None:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    order = Order(database_url, ZoneInfo("Asia/Tehran"), 7, CASES, (UNTIL - 120 * DAY, UNTIL))
    with checked_once():
        setting = prepare(database, order.zone, order.period, order.cases)
    writer = Writer(order, setting, database)
    document = writer.write(0).document({})
    assert writer.compose(0)[1].document({}) == document  # the same seed
    _require_ledger(document)
    assert factories.whole(database)
    projection = follower.Projection("history", (), _seen)
    with database.transaction() as session:
        assert administration_log.verify(session) == []
        _require_replay(session)
        events = connection(session).execute(text("SELECT kind, facts FROM events")).all()
        late = connection(session).execute(text(LATE)).one()
        now = datetime.now(UTC)
        uow = UnitOfWork(session, accounts.system(session, now), now)
        assert follower.rebuild(uow, projection) == len(events)
    assert document["totals"]["events"] == len(events)
    _require_vocabulary(events)
    assert sum(row.get("late", 0) for row in document["rows"]) == late.cases
    for part in ("rows", "causes"):
        assert abs(sum(one.get("late_ms", 0) for one in document[part]) - late.ms) <= 9 * late.cases


def _require_ledger(document: Any) -> None:
    """The buckets of a row sum to the lives of its cases; causes are in order; flags are planted."""
    for row in document["rows"]:
        spent = sum(row.get(f"{bucket}_ms", 0) for bucket in (*BUCKETS, CLOSED))
        assert spent == row.get("life_ms", 0)
    first, second, *_ = document["ranking"]
    assert first["office_ms"] > second["office_ms"] > 0
    assert {flag["flag"] for flag in document["flags"]} >= {"queue_jumping", "outside_hours"}
    assert "late_without_cause" not in document["totals"]
    timed = {row["service"] for row in document["rows"] if row.get("on_time")}
    assert timed >= {"trade-permit", "property-certificate", "welfare-allowance"}
    assert sum(row.get("silent", 0) for row in document["rows"]) > 0


def _require_replay(session: Session) -> None:
    after, judged = None, 0
    while True:
        found = replay.compare(session, after)
        assert [str(difference) for difference in found.differences] == []
        judged, after = judged + found.judged, found.last
        if after is None:
            break
    assert judged >= CASES


def _require_vocabulary(events: Sequence[Row[Any]]) -> None:
    for event in events:
        if event.kind in VOCABULARY:
            assert facts_of(event.kind, {}, event.facts) == event.facts


def _seen(uow: UnitOfWork, stretch: Stretch) -> int:
    return len(uow.connection.execute(stretch.events()).all())
