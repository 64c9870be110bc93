"""`python -m bench.reported --ledger FILE`: what the reports say of a history, and what was planted."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from demo.history.systems import OWN
from engine.cli import connection
from engine.identity import accounts
from engine.oversight import metrics, projection
from engine.oversight.metrics import Figure, Filters
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork

SHARE = 0.005  # of all lateness of a service: smaller causes are summed up
MOST = 0.01
Ledger = Mapping[str, Any]
Causes = dict[tuple[str, str, str], int]  # ms by who, element, bucket


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure as planted and as reported; None: not measured, or there are no data."""

    name: str
    planted: float
    reported: float | None

    @property
    def off(self) -> float:
        """By how much the report is off, as a share of what was planted."""
        if self.reported is None:
            return float(self.planted != 0)
        return abs(self.reported - self.planted) / (abs(self.planted) or 1)


def compare(database: Database, who: Actor, ledger: Ledger, zone: tzinfo) -> Iterator[Compared]:
    """Return each figure of each version, the time of all, and the causes of delay of each service.

    The figures must have been computed. A cause that is at another place has another name in both.
    """
    first, last = (datetime.fromisoformat(ledger[name]).astimezone(zone).date() for name in ("from", "until"))

    def run(command: Any, *arguments: Any) -> Any:
        return database.run(
            lambda session, now: command(UnitOfWork(session, who, now.astimezone(zone)), *arguments), "single"
        )

    totals: dict[tuple[str, int], Counter[str]] = {}
    for row in ledger["rows"]:
        counts = Counter({name: value for name, value in row.items() if isinstance(value, int)})
        totals.setdefault((row["service"], row["version"]), Counter()).update(counts)
    medians = {(one["service"], one["version"]): one["ms"] for one in ledger["medians"]}
    for version, planted in totals.items():
        filters = _filters(first, last, *version)
        numbers, spent = run(metrics.overview, filters).numbers, run(metrics.times, filters).total
        for name, value in (*_figures(planted).items(), ("median", medians.get(version, 0))):
            figure: Figure = getattr(numbers, name)
            yield Compared(f"{version} {name}", value, figure.value)
        for bucket, length in spent.buckets.items():
            yield Compared(f"{version} {bucket}", planted[f"{bucket}_ms"], length)
    for service in sorted({key for key, _ in totals}):
        lines = run(metrics.delays, _filters(first, last, service)).lines
        yield from _causes(service, ledger, {(one.party, one.element, one.bucket): one.ms for one in lines})


def _filters(first: date, last: date, key: str, version: int | None = None) -> Filters:
    return Filters(None, key, version, None, first, last)


def _figures(planted: Mapping[str, int]) -> Mapping[str, float]:
    """Return what the overview should say."""
    ended, decided = planted["ended"] or 1, planted["granted"] + planted["refused"] or 1
    timed = planted["on_time"] + planted["late"] + planted["silent"] or 1
    return {
        "started": planted["begun"],
        "closed": planted["ended"],
        "withdrawn": planted["withdrawn"],
        "late": planted["late"] + planted["silent"],
        "on_time": planted["on_time"] / timed,
        "silent": planted["silent"],
        "refused": planted["refused"] / decided,
        "visits_planned": planted["planned_visits"] / ended,
        "visits_actual": planted["visits"] / ended,
        "stars": planted["stars"] / (planted["ratings"] or 1),
        "take_up": planted["online"] / (planted["begun"] or 1),
        "send_backs": planted["send_backs"],
        "appealed": planted["appeals"],
        "upheld": planted["upheld"],
    }


def _causes(service: str, ledger: Ledger, reported: Causes) -> Iterator[Compared]:
    planted: Causes = {}
    for one in ledger["ranking"]:
        if one["service"] == service:
            who = "" if one["who"] == OWN else one["who"]
            planted[who, one["element"], one["bucket"]] = one["office_ms"]
    total = sum(planted.values())
    both = [sorted(found.items(), key=lambda cause: -cause[1]) for found in (planted, reported)]
    great = [cause for cause in both[0] if cause[1] >= SHARE * total]
    for place, (cause, length) in enumerate(great):
        found = both[1][place] if place < len(both[1]) else (("", "", "nothing"), 0)
        yield Compared(f"{service} {place + 1}. {'/'.join(cause)}", length, reported.get(cause))
        yield Compared(f"{service} {place + 1}. place", 1, float(found[0] == cause))
    yield Compared(f"{service} late", total, sum(reported.values()))


def main(argv: Sequence[str]) -> int:
    """Compute the figures and compare them. Return 1 if one is off by more than a hundredth."""
    parser = argparse.ArgumentParser(prog="python -m bench.reported", description=__doc__)
    parser.add_argument(
        "--database-url", metavar="URL", help="otherwise DATABASE_URL, or the embedded server"
    )
    parser.add_argument("--ledger", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(argv)
    settings = Settings.read()
    if options.database_url:
        settings = replace(settings, database_url=options.database_url)
    with connection.database(settings) as database:
        system, who = database.run(accounts.system), database.run(_manager)
        _compute(database, system)
        found = list(compare(database, who, json.loads(options.ledger.read_text()), settings.time_zone))
    wrong = [one for one in found if one.off > MOST]
    for one in wrong:
        print(f"{one.name}: planted {one.planted}, reported {one.reported} ({one.off:.2%} off)")
    greatest = max(found, key=lambda one: one.off)
    print(f"{len(found)} figures, {len(wrong)} off by more than {MOST:.0%}")
    print(f"the greatest deviation: {greatest.name}, {greatest.off:.3%}")
    return int(bool(wrong))


def _compute(database: Database, who: Actor) -> None:
    def run(command: Any) -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, who, now)))

    run(projection.prepare)
    while run(projection.project):
        pass


def _manager(session: Any, now: datetime) -> Actor:
    name = "manager-of-bench"
    user = accounts.find_or_create(session, now - timedelta(days=1), name, "manager", person="0000004091")
    return Actor(id=user.id, name=name, role="manager")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
