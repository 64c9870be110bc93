"""Measure W1, long cases and cases that wait. Exit code 1 if a request failed."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import (
    checks,
    clock,
    counts,
    dashboards,
    decisions,
    front,
    inbox,
    load,
    long,
    oversight,
    processor,
    projection,
    report,
    w1,
    waiting,
    wide,
)
from bench.report import CLIENTS, Throughput

WARM_UP_SECONDS = 2.0
BUSY = 0.5
# Besides W1: how each is measured and reported, and its goals.
PARTS: dict[str, tuple[Callable[[int], Any], Callable[[Any], str], Callable[[Any], list[report.Goal]]]] = {
    "checks": (checks.measure, report.checks, report.goals_of_checks),
    "decisions": (decisions.measure, report.decisions, report.goals_of_decisions),
    "long": (long.measure, report.long, report.goals_of_long),
    "inbox": (lambda _: inbox.measure(), report.inbox, report.goals_of_inbox),
    "clock": (lambda _: clock.measure(), report.clock, report.goals_of_clock),
    "figures": (projection.measure, oversight.figures, oversight.goals_of_figures),
    "dashboards": (lambda _: dashboards.measure(), oversight.dashboards, oversight.goals_of_dashboards),
    "waiting": (lambda _: waiting.measure(), report.waiting, report.goals_of_waiting),
}


def main() -> int:
    """Run all parts, or one of them."""
    options = _options()
    cores = os.cpu_count() or 1
    print(f"Python {platform.python_version()}, {cores} cores shared by clients, servers and database")
    busy = os.getloadavg()[0]
    if busy > BUSY:
        print(f"The load average is {busy:.1f}: others are at work, so do not trust the times.")
    figures: dict[str, Any] = {"python": platform.python_version(), "cores": cores, "load_before": busy}
    goals: list[report.Goal] = []
    failed = False
    alone = [name for name in PARTS if getattr(options, name)]
    if not alone and not options.front:
        failed = _w1(options, figures, goals) or (not options.w1 and _front(options, figures, goals))
    if options.front:
        failed = _front(options, figures, goals)
    for name in alone if alone or options.front or options.w1 else PARTS:
        measure, told, wanted = PARTS[name]
        found = measure(options.rounds)
        figures[name] = asdict(found)
        goals += wanted(found)
        print(f"\n{told(found)}")
    print(f"\n{report.goals(goals)}")
    figures["goals"] = [asdict(goal) | {"met": goal.met} for goal in goals]
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, metavar="N", help="of each measurement (6)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median of which is taken (3)")
    parser.add_argument(
        "--workers",
        type=int,
        default=(os.cpu_count() or 1) + 1,
        metavar="N",
        help="of each server (cores + 1)",
    )
    parser.add_argument("--quick", action="store_true", help="one round of two seconds: does it work at all?")
    parser.add_argument("--w1", action="store_true", help="only W1 and the wide case")
    parser.add_argument(
        "--front", action="store_true", help="only the web server: sync workers, slow clients"
    )
    parser.add_argument("--long", action="store_true", help="only the engine in long cases")
    parser.add_argument("--checks", action="store_true", help="only the check of files")
    parser.add_argument("--decisions", action="store_true", help="only tables and expressions")
    parser.add_argument("--inbox", action="store_true", help="only the inbox with many open tasks, and pages")
    parser.add_argument("--figures", action="store_true", help="only W1 alongside the figures of oversight")
    parser.add_argument("--dashboards", action="store_true", help="only a thousand managers at once")
    parser.add_argument("--waiting", action="store_true", help="only timers and jobs")
    parser.add_argument("--clock", action="store_true", help="only statutory terms, a closure, and the audit")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2.0, 1
    return options


def _w1(options: argparse.Namespace, figures: dict[str, Any], goals: list[report.Goal]) -> bool:
    """Return whether a request failed."""
    with w1.stage(options.workers) as stage:
        print(f"{options.workers} workers a server, {options.rounds} rounds of {options.seconds:g} s")
        found = _throughput(stage, options.rounds, options.seconds)
        if found.errors:
            _complain(found.errors)
            return True
        weighed = {"skeleton": counts.sizes(stage.skeleton_url), "product": counts.sizes(stage.product_url)}
        beside = wide.measure(stage.product, options.rounds)
        counts.log_everything(stage)
        counted = {target.name: counts.statements(stage, target) for target in stage.targets}
    print(f"\n{report.throughput(found)}\n\n{report.processor(found)}")
    print(f"\n{report.statements(counted)}\n\n{report.sizes(weighed)}")
    figures["w1"] = {"workers": options.workers} | report.as_data(found, counted, weighed)
    figures["wide"] = asdict(beside) | {"ratio": beside.ratio}
    goals += [*report.goals_of_w1(found, counted, weighed), report.goal_of_wide(beside)]
    return False


def _front(options: argparse.Namespace, figures: dict[str, Any], goals: list[report.Goal]) -> bool:
    """Return whether a request failed."""
    found = front.measure(options.seconds, options.rounds, options.workers)
    if found.errors:
        _complain(found.errors)
        return True
    print(f"\n{report.front(found)}")
    figures["front"] = {
        "rates": found.rates,
        "p99": {
            name: {phase: found.p99(name, phase) for phase in taken} for name, taken in found.times.items()
        },
    }
    goals += report.goals_of_front(found)
    return False


def _throughput(stage: w1.Stage, rounds: int, seconds: float) -> Throughput:
    """Alternate, so that changes of the machine's speed affect all equally."""
    found = Throughput()
    for target in stage.targets:
        warmed = load.measure(target, max(CLIENTS), WARM_UP_SECONDS)
        if warmed.errors:
            found.add(target.name, max(CLIENTS), warmed)
            return found
    for number in range(rounds):
        for clients in CLIENTS:
            turn = number % len(stage.targets)
            for target in (*stage.targets[turn:], *stage.targets[:turn]):
                before = processor.used(target)
                sample = load.measure(target, clients, seconds)
                sample.used.update(processor.used(target))
                sample.used.subtract(before)
                found.add(target.name, clients, sample)
                print(
                    f"  round {number + 1}, {target.name}, {clients} clients: {sample.rate:.0f} cases/s",
                    file=sys.stderr,
                )
    return found


def _complain(errors: list[str]) -> None:
    print(f"{len(errors)} requests failed, so nothing of this counts:", file=sys.stderr)
    for error, _ in zip(dict.fromkeys(errors), range(3), strict=False):
        print(f"  {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
