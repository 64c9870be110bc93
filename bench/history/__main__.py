"""`python -m bench.history`: fill an empty database with a history whose causes of delay are known."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench.history.generating import Order, generate
from demo.history.offices import milliseconds, text_of
from engine.cli import migrate
from engine.models import Case
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database, connection


def main(argv: Sequence[str]) -> int:
    """Write a history and its ledger. Return 1 if the database has cases already."""
    options = _options(argv)
    settings = Settings.read()
    url, server = options.database_url or settings.database_url, None
    if url is None:
        server = postgres.start(settings, patience=30)
        url = server.url
    try:
        migrate.upgrade(url, settings)
        if _cases(url):
            print("The database has cases already. Name an empty one.", file=sys.stderr)
            return 1
        until = datetime.combine(options.until, datetime.min.time(), settings.time_zone)
        period = milliseconds(until - timedelta(days=options.days)), milliseconds(until)
        order = Order(url, settings.time_zone, options.seed, options.cases, period)
        _report(order, options)
    finally:
        if server is not None:
            server.stop()
    return 0


def _report(order: Order, options: argparse.Namespace) -> None:
    begun = time.monotonic()
    ledger = generate(order, options.processes)
    took = time.monotonic() - begun
    facts = {"seed": order.seed, "from": text_of(order.period[0]), "until": text_of(order.period[1])}
    outages = [{"from_at": text_of(begin), "to_at": text_of(end)} for begin, end in order.outages]
    document = ledger.document({**facts, "outages": outages})
    if options.ledger:
        options.ledger.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    cases, events = ledger.cases["cases"], ledger.cases["events"]
    rates = f"{cases / took:.0f} cases/s, {events / took:.0f} events/s"
    print(f"{cases} cases, {events} events in {took:.0f} s: {rates}")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="without appeals")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same one, the same history (1)")
    parser.add_argument(
        "--database-url", metavar="URL", help="otherwise DATABASE_URL, or the embedded server"
    )
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="write what was planted to a file")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=datetime.now().astimezone().date(),
        metavar="DAY",
        help="(today)",
    )
    parser.add_argument("--days", type=int, default=365, metavar="N", help="before it (365)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="(cores)")
    return parser.parse_args(argv)


def _cases(url: str) -> int:
    database = Database(url)
    try:
        with database.transaction() as session:
            return int(connection(session).execute(select(func.count()).select_from(Case)).scalar_one())
    finally:
        database.dispose()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
