"""Figures of a history: how fast they are computed and read, and whether they are right.

`python -m bench.metrics`. The history is that of `python -m bench.history` in the same database.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from statistics import quantiles
from typing import Any

from sqlalchemy import text

from bench import plain
from engine.identity import accounts
from engine.oversight import metrics, projection
from engine.oversight.metrics import Filters
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork

READINGS: Mapping[str, Callable[[UnitOfWork, Filters], Any]] = {
    "overview": metrics.overview,
    "time": metrics.times,
    "delay causes": metrics.delays,
    "people": metrics.people,
    "portfolio": metrics.portfolio,
    "cases": metrics.list_cases,
}


def main(argv: Sequence[str]) -> int:
    """Compute, read and compare. Return 1 if a figure is wrong."""
    options = _options(argv)
    settings = Settings.read()
    if options.database_url:
        return _measure(options.database_url, settings, options)
    with postgres.available(settings) as url:
        return _measure(url, settings, options)


def _measure(url: str, settings: Settings, options: argparse.Namespace) -> int:
    database = Database(url, zone=settings.time_zone)
    try:
        _compute(database)
        who = database.run(_manager)
        with database.transaction() as session:
            first, last = session.execute(text("SELECT min(at)::date, max(at)::date FROM events")).one()
        question = plain.question(database, first, (last - first + timedelta(days=1)).days)
        chosen = [question.choose(Random(f"{options.seed} {number}")) for number in range(options.filters)]
        _read(database, who, chosen)
        wrong = _compare(database, who, settings, chosen[: options.compared])
    finally:
        database.dispose()
    for filters, found in wrong:
        if found:
            print(f"{filters}: {found}")
    print(
        f"{sum(bool(found) for _, found in wrong)} of {len(wrong)} filters differ from plain SQL over events"
    )
    return int(any(found for _, found in wrong))


def _compare(
    database: Database, who: Actor, settings: Settings, chosen: Sequence[Filters]
) -> list[tuple[Filters, list[str]]]:
    if not chosen:
        return []  # the tables of plain SQL cost minutes
    with plain.compared(database, who, settings.time_zone) as comparison:
        return [(one, comparison.differences(one)) for one in chosen]


def _compute(database: Database) -> None:
    actor = database.run(accounts.system)

    def run(command: Callable[[UnitOfWork], Any]) -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, actor, now)))

    run(projection.prepare)
    counted = "SELECT coalesce(sum(seq), 0) FROM case_figures"
    before = run(lambda uow: uow.connection.execute(text(counted)).scalar())
    begun, used = time.perf_counter(), time.process_time()
    while run(projection.project):
        pass
    took, cpu = time.perf_counter() - begun, time.process_time() - used
    done = run(lambda uow: uow.connection.execute(text(counted)).scalar()) - before
    load = os.getloadavg()[0]
    print(
        f"{done} events in {took:.0f} s: {done / took:.0f} events/s; {cpu:.0f} s of our CPU; load {load:.1f}"
    )
    if done:
        with database.transaction("single") as session:
            session.execute(text("VACUUM ANALYZE"))


def _read(database: Database, who: Actor, chosen: Sequence[Filters]) -> None:
    """Time each reading with each of the filters, and the steps of each version in their periods."""
    times: dict[str, list[float]] = {}

    def run(name: str, command: Callable[[UnitOfWork, Filters], Any], filters: Filters) -> None:
        begun = time.perf_counter()
        database.run(lambda session, now: command(UnitOfWork(session, who, now), filters), "single")
        times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)

    for filters in chosen:
        for name, command in READINGS.items():
            run(name, command, filters)
        if filters.version is not None:
            run("steps", metrics.steps, filters)
        if filters.definition is not None:
            run("comparison", lambda uow, asked: metrics.overview(uow, asked, "unit"), filters)
    for name, took in times.items():
        if len(took) > 1:
            cuts = quantiles(took, n=20, method="inclusive")
            print(f"{name}: {len(took)} readings, p50 {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms")


def _manager(session: Any, now: Any) -> Actor:
    name = "manager-of-bench"
    user = accounts.find_or_create(session, now, name, "manager", person="0000004091")
    return Actor(id=user.id, name=name, role="manager")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.metrics", description=__doc__)
    parser.add_argument("--database-url", metavar="URL", help="otherwise DATABASE_URL")
    parser.add_argument("--filters", type=int, default=50, metavar="N", help="random ones (50)")
    parser.add_argument("--compared", type=int, metavar="N", help="how many of them with plain SQL (all)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the filters (1)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
