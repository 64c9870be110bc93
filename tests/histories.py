"""A small history in a test's database, and what plain SQL over its events says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bench.history.generating import Order, Writer
from bench.history.organisation import prepare
from demo.history.offices import DAY, milliseconds
from engine.organisation import calendars
from engine.platform.db import Database
from tests.deploying import checked_once

ZONE = ZoneInfo("Asia/Tehran")
UNTIL = milliseconds(datetime(2026, 11, 20, tzinfo=UTC))


def write(database: Database, url: str, cases: int, seed: int = 7, days: int = 120) -> None:
    """Writes a history of so many cases."""
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    order = Order(url, ZONE, seed, cases, (UNTIL - days * DAY, UNTIL))
    with checked_once():
        setting = prepare(database, order.zone, order.period, order.cases)
    Writer(order, setting, database).write(0)
