"""Histories for benchmarks: real chains, and a ledger that agrees with what log and reports say."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from bench import reported
from bench.history.generating import Order, Writer
from bench.history.ledger import BUCKETS, CLOSED
from bench.history.organisation import prepare
from demo.history.offices import DAY, milliseconds, text_of
from engine.events import administration_log, follower
from engine.events.follower import Stretch
from engine.events.vocabulary import VOCABULARY, facts_of
from engine.identity import accounts
from engine.organisation import calendars
from engine.oversight import projection, replay
from engine.platform.db import Database, UnitOfWork, connection
from tests import factories
from tests.deploying import checked_once

CASES = 800
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
    ledger = writer.write(1)  # the second batch first, as another process may
    assert writer.compose(1)[1].document({}) == ledger.document({})  # the same seed
    ledger.merge(writer.write(0))
    document = ledger.document({"from": text_of(order.period[0]), "until": text_of(UNTIL)})
    _require_ledger(document)
    assert factories.whole(database)
    seen = follower.Projection("history", (), _seen)
    with database.transaction() as session:
        assert administration_log.verify(session) == []
        _require_replay(session)
        events = connection(session).execute(text("SELECT kind, facts FROM events")).all()
        late = connection(session).execute(text(LATE)).one()
        now = datetime.now(UTC)
        uow = UnitOfWork(session, accounts.system(session, now), now)
        assert follower.rebuild(uow, seen) == len(events)
    assert document["totals"]["events"] == len(events)
    _require_vocabulary(events)
    assert sum(row.get("late", 0) for row in document["rows"]) == late.cases
    for part in ("rows", "causes"):
        assert abs(sum(one.get("late_ms", 0) for one in document[part]) - late.ms) <= 9 * late.cases
    _require_reports(database, document, order.zone)


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


def _require_reports(database: Database, document: Any, zone: tzinfo) -> None:
    """Reports name what was planted, and each cause of delay in its order."""
    manager = factories.an_actor(database, "manager")

    def run(command: Callable[[UnitOfWork], Any]) -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, manager, now.astimezone(zone))))

    run(projection.prepare)
    while run(projection.project):
        pass
    compared = list(reported.compare(database, manager, document, zone))
    assert len(compared) > 150
    assert [one for one in compared if one.off > reported.MOST] == []


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
