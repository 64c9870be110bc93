"""The figures of oversight as text, next to their goals. Measures nothing."""

from statistics import median

from bench.dashboards import MANAGERS, Opened
from bench.load import percentiles
from bench.projection import STEADY, Followed
from bench.report import Goal, table


def figures(found: Followed) -> str:
    rows = [
        [
            "W1 without, with the worker",
            f"{median(found.without):.0f}, {median(found.following):.0f} cases/s",
        ],
        [f"caught up after {found.cases:,} cases at full rate, the longest", f"{max(found.behind):.1f} s"],
        [f"behind at {found.steady:.0f} cases/s, the longest", f"{max(found.ages):.1f} s"],
    ]
    return table(["figures of oversight", "measured"], rows)


def goals_of_figures(found: Followed) -> list[Goal]:
    return [
        Goal("W1 with figures / without", found.ratio, 0.92, at_least=True),
        Goal("caught up after W1 at full rate", max(found.behind), 60, "s"),
        Goal("rate of clients that should be steady", found.steady, 0.98 * STEADY, "cases/s", at_least=True),
        Goal(f"figures behind at {STEADY:g} cases/s", max(found.ages), 5, "s"),
    ]


def dashboards(found: Opened) -> str:
    p50, p95, _ = percentiles(found.times)
    rows = [
        [f"{len(found.times):,} managers at once: answers", str(dict(found.statuses))],
        ["all answered, p50, p95", f"{found.seconds:.1f} s, {p50 / 1000:.1f} s, {p95 / 1000:.1f} s"],
        [
            "caseworkers before: p95, longest",
            f"{found.p95(found.before):.0f}, {found.longest(found.before):.0f} ms",
        ],
        ["meanwhile: p95, longest", f"{found.p95(found.during):.0f}, {found.longest(found.during):.0f} ms"],
    ]
    return table(["dashboards", "measured"], rows)


def goals_of_dashboards(found: Opened) -> list[Goal]:
    refused = len(found.times) - found.statuses["200"]
    return [
        Goal(f"{MANAGERS:,} managers at once: not answered", refused, 0),
        Goal("all of them answered after", found.seconds, 60, "s"),
        Goal("requests of caseworkers that failed meanwhile", len(found.errors), 0),
        Goal("caseworkers meanwhile, p95", found.p95(found.during), 300, "ms"),
        Goal("caseworkers meanwhile, the longest", found.longest(found.during), 1500, "ms"),
    ]
