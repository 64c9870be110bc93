"""The figures as text and as JSON, next to the goals. Measures nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.checks import Checks
from bench.clock import DUE, OPEN, Clocks, Rate
from bench.counts import Sizes, Statements
from bench.decisions import LARGE, SMALL, Decided
from bench.front import OURS, SLOW, Front
from bench.inbox import PAGE, TEAM, Taken
from bench.load import KINDS, Sample, percentiles, pooled
from bench.long import ITERATIONS, SIZES, Long
from bench.processor import KINDS as PROCESSES
from bench.waiting import DRAINED, WAITING, Waiting
from bench.wide import BRANCHES, VARIABLES, Wide

CLIENTS = (1, 8)


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its maximum, or minimum."""

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Throughput:
    """The samples of W1 by target and number of clients, one for each round."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, int], list[Sample]] = {}

    def add(self, target: str, clients: int, sample: Sample) -> None:
        self.samples.setdefault((target, clients), []).append(sample)

    @property
    def targets(self) -> Iterable[str]:
        return dict.fromkeys(target for target, _ in self.samples)

    @property
    def errors(self) -> list[str]:
        return [error for samples in self.samples.values() for sample in samples for error in sample.errors]

    def rate(self, target: str, clients: int) -> float:
        """Cases per second, the median of the rounds."""
        return median(sample.rate for sample in self.samples[target, clients])

    def ratio(self, target: str, clients: int) -> float:
        return self.rate(target, clients) / (self.rate("skeleton", clients) or 1)

    def times(self, target: str, clients: int, kind: str) -> tuple[float, float, float]:
        return percentiles(pooled(self.samples[target, clients]).times[kind])

    def load(self, target: str, clients: int) -> float:
        """The share of one core that the clients themselves used."""
        total = pooled(self.samples[target, clients])
        return total.cpu_seconds / total.seconds


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format columns of sufficient width; the first aligned left, the others right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )


def throughput(found: Throughput) -> str:
    head = ["W1", "clients", "cases/s", "min-max", "of skeleton", *(f"{kind} ms" for kind in KINDS), "load"]
    rows = []
    for clients in CLIENTS:
        for target in found.targets:
            rates = [sample.rate for sample in found.samples[target, clients]]
            times = (found.times(target, clients, kind) for kind in KINDS)
            rows.append(
                [
                    target,
                    str(clients),
                    f"{found.rate(target, clients):.0f}",
                    f"{min(rates):.0f}-{max(rates):.0f}",
                    f"{found.ratio(target, clients):.0%}",
                    *("/".join(f"{value:.1f}" for value in triple) for triple in times),
                    f"{found.load(target, clients):.0%}",
                ]
            )
    return (
        f"{table(head, rows)}\nRequests: p50/p95/p99. 'keyed': an Idempotency-Key on each write. "
        "'load': how much of one core the clients took."
    )


def processor(found: Throughput) -> str:
    """Milliseconds of processor time a case, with the most clients."""
    clients, rows = max(CLIENTS), []
    for target in found.targets:
        total = pooled(found.samples[target, clients])
        used = [1000 * total.used[kind] / (total.cases or 1) for kind in PROCESSES]
        rows.append([target, *(f"{value:.2f}" for value in (*used, sum(used)))])
    return table([f"processor ms a case, {clients} clients", *PROCESSES, "sum"], rows)


def statements(found: Mapping[str, Statements]) -> str:
    head = ["SQL at the server", *KINDS, "a case", "commits", "that write"]
    rows = [
        [
            target,
            *(f"{counted.executed[kind]:g}" for kind in KINDS),
            f"{counted.total:g}",
            f"{sum(counted.commits.values()):g}",
            f"{sum(counted.writing_commits.values()):g}",
        ]
        for target, counted in found.items()
    ]
    return table(head, rows)


def sizes(found: Mapping[str, Sizes]) -> str:
    parts = []
    for target, weighed in found.items():
        head = [f"bytes per case: {target}", "table", "indexes", "sum"]
        rows = [
            [name, *(f"{value:.0f}" for value in (*pair, sum(pair)))]
            for name, pair in weighed.tables.items()
            if sum(pair) >= 1
        ]
        rows.append(["all but idempotency_keys", "", "", f"{weighed.total:.0f}"])
        note = f"{weighed.cases} cases, after VACUUM FULL; before it {weighed.before:.0f}."
        parts.append(f"{table(head, rows)}\n{note}")
    return "\n\n".join(parts)


def front(found: Front) -> str:
    """Format throughput under both kinds of worker, then times without and with slow clients."""
    rates = [
        [name, f"{median(rates):.0f}", f"{min(rates):.0f}-{max(rates):.0f}"]
        for name, rates in found.rates.items()
    ]
    times = [
        [name, *(f"{value:.1f}" for phase in ("without", "with") for value in percentiles(taken[phase]))]
        for name, taken in found.times.items()
    ]
    head = ["ms", *(f"{cut} {phase}" for phase in ("without", "with") for cut in ("p50", "p95", "p99"))]
    return (
        f"{table(['W1 under', 'cases/s', 'min-max'], rates)}\n"
        f"{OURS} of sync workers: {found.share:.1%}\n\n"
        f"{table(head, times)}\n'with': {SLOW} slow clients"
    )


def goals_of_front(found: Front) -> list[Goal]:
    return [
        Goal("W1 under ours, share of sync workers", 100 * found.share, 95, "%", at_least=True),
        *(
            Goal(
                f"{name}: p99 with {SLOW} slow clients / without",
                found.p99(name, "with") / found.p99(name, "without"),
                2,
            )
            for name in found.times
        ),
    ]


def long(found: Long) -> str:
    rows = [
        ["W1: start", f"{found.w1_start:.2f} ms"],
        ["W1: complete", f"{found.w1_complete:.2f} ms"],
        *([f"loop: step {step}", f"{value:.2f} ms"] for step, value in found.loop.items()),
        *([f"loop: state after step {step}", f"{value} B"] for step, value in found.state.items()),
        *([f"{nodes} nodes: complete", f"{value:.2f} ms"] for nodes, value in found.complete.items()),
        ["one more script in a row", f"{found.script:.2f} ms"],
    ]
    return table(["the engine alone", "median"], rows)


def checks(found: Checks) -> str:
    rows = [
        [
            check.name,
            "refused" if check.refused else "accepted",
            f"{check.took:.0f} ms",
            f"{check.memory:.0f} MB",
        ]
        for check in (found.right, *found.others)
    ]
    return table(["check of a file", "", "time", "memory"], rows)


def decisions(found: Decided) -> str:
    rows = [
        [
            f"table of {size:,} rules",
            f"{took.evaluated:.0f} µs",
            f"{took.explained:.0f} µs",
            f"{took.built:.1f} ms",
        ]
        for size, took in found.tables.items()
    ]
    rows.append(["condition in FEEL", f"{found.condition:.1f} µs", "", f"{found.read / 1000:.2f} ms"])
    return table(["decision", "evaluated", "with reasons", "read and built"], rows)


def inbox(found: Taken) -> str:
    rows = [
        [f"{took.tasks:,}", took.name, f"{took.p50:.1f} ms", f"{took.p95:.1f} ms"] for took in found.requests
    ]
    return table(["open tasks", "inbox", "p50", "p95"], rows)


def waiting(found: Waiting) -> str:
    rows = [
        ["due to fired: p50, p99", f"{found.late_p50:.2f}, {found.late_p99:.2f} s"],
        [f"{DRAINED:,} timers due at once, one worker", f"{found.drained:.0f}/s"],
        ["a job, from commit to done", f"{found.job:.1f} ms"],
        ["idle worker: cases, calls", f"{found.idle_cases:.2f}, {found.idle_calls:.2f} % of a core"],
        [f"sweep: no timer, {WAITING:,} waiting", f"{found.sweep_empty:.2f}, {found.sweep_full:.2f} ms"],
    ]
    return table(["timers and jobs", "measured"], rows)


def clock(found: Clocks) -> str:
    def told(one: Rate) -> str:
        return f"{one.rate:.0f}/s, {one.processor:.2f} ms each"

    closure = f"{found.closure:.0f} s, {found.closure_processor:.0f} s of processor time"
    rows = [
        [f"{DUE:,} cases to warn of, one worker", told(found.warned)],
        [f"{DUE // 2:,} breaches with a supervisor's task", told(found.breached)],
        [f"{DUE // 2:,} breaches with a decision by silence", told(found.deemed)],
        [f"closure over {OPEN:,} open cases", closure],
        ["inbox before, during: p95", f"{found.before:.1f}, {found.during:.1f} ms"],
        ["audit, audit verify", f"{found.chains:,.0f}, {found.verified:,.0f} entries/s"],
    ]
    return table(["statutory terms and audit", "measured"], rows)


def goals_of_w1(
    found: Throughput, counted: Mapping[str, Statements], weighed: Mapping[str, Sizes]
) -> list[Goal]:
    """Unless said otherwise, with everything enabled: the keyed product."""
    full = "product, keyed"
    goals = [
        Goal("W1, 8 clients, share of the skeleton", 100 * found.ratio(full, 8), 60, "%", at_least=True),
        Goal("W1, 8 clients", found.rate(full, 8), 150, "cases/s", at_least=True),
        # Rounded down: callers are looked up once a second, not for each case.
        Goal("SQL statements", int(counted[full].total), 6),
        Goal("writing commits", sum(counted[full].writing_commits.values()), 2),
        Goal("bytes per case, without idempotency rows", weighed["product"].total, 4608, "B"),
    ]
    for clients, p50, p99 in ((1, 3.5, 10), (8, 18, 35)):
        for kind in ("start", "complete"):
            times = found.times(full, clients, kind)
            goals.append(Goal(f"{kind} p50, {clients} clients", times[0], p50, "ms"))
            goals.append(Goal(f"{kind} p99, {clients} clients", times[2], p99, "ms"))
    return goals


def goal_of_wide(found: Wide) -> Goal:
    return Goal(f"{BRANCHES} branches, {VARIABLES} variables: complete / W1's", found.ratio, 2)


def goals_of_long(found: Long) -> list[Goal]:
    return [
        Goal(f"loop: step {ITERATIONS} / step 10", found.loop_ratio, 1.15),
        Goal("loop: stored state", found.state[ITERATIONS], 1536, "B"),
        Goal(f"{SIZES[-1]} nodes: complete / W1's", found.size_ratio, 2),
        Goal("one more script", found.script, 0.3, "ms"),
    ]


def goals_of_checks(found: Checks) -> list[Goal]:
    return [
        Goal(f"check of {found.right.name}", found.right.took, 300, "ms"),
        Goal("check meant to do harm: the slowest", max(check.took for check in found.others), 1000, "ms"),
        Goal("check meant to do harm: memory", max(check.memory for check in found.others), 200, "MB"),
    ]


def goals_of_decisions(found: Decided) -> list[Goal]:
    limits = {SMALL: 50, LARGE: 2_000}
    return [
        Goal(f"a table of {size:,} rules", found.tables[size].evaluated, limit, "µs")
        for size, limit in limits.items()
    ]


def goals_of_inbox(found: Taken) -> list[Goal]:
    limits = {100_000: 30, 1_000_000: 60}
    lists = [
        Goal(f"inbox list with {took.tasks:,} open tasks, p95", took.p95, limits[took.tasks], "ms")
        for took in found.requests
        if took.name == TEAM and took.tasks in limits
    ]
    pages = [took for took in found.requests if took.name.startswith(PAGE) and took.tasks == min(limits)]
    slowest = max(pages, key=lambda took: took.p95)
    told = f"slowest of {len(pages)} pages with {slowest.tasks:,} open tasks ({slowest.name}), p95"
    return [*lists, Goal(told, slowest.p95, 100, "ms")]


def goals_of_waiting(found: Waiting) -> list[Goal]:
    return [
        Goal("due to fired, p99", found.late_p99, 2, "s"),
        Goal(f"{DRAINED:,} timers drained by a worker", found.drained, 150, "/s", at_least=True),
        Goal("a job from commit to done, median", found.job, 20, "ms"),
        Goal("idle worker, the busier kind", max(found.idle_cases, found.idle_calls), 1, "%"),
        Goal(f"sweep with {WAITING:,} timers / with none", found.sweep_full / found.sweep_empty, 1.25),
    ]


def goals_of_clock(found: Clocks) -> list[Goal]:
    steps = {"warnings": found.warned, "breaches": found.breached, "decisions by silence": found.deemed}
    rates = [Goal(f"{name} by a worker", one.rate, 150, "/s", at_least=True) for name, one in steps.items()]
    return [
        *rates,
        Goal(f"closure over {OPEN:,} open cases", found.closure, 120, "s"),
        Goal("audit verify", found.verified, 50_000, "entries/s", at_least=True),
    ]


def goals(found: Iterable[Goal]) -> str:
    rows = [
        [
            goal.name,
            f"{goal.value:.4g} {goal.unit}".strip(),
            f"{'>=' if goal.at_least else '<='} {goal.limit:g} {goal.unit}".strip(),
            "met" if goal.met else "MISSED",
        ]
        for goal in found
    ]
    return table(["goal", "measured", "goal", ""], rows)


def as_data(
    found: Throughput, counted: Mapping[str, Statements], weighed: Mapping[str, Sizes]
) -> dict[str, Any]:
    """Return W1 for a JSON file."""
    return {
        "throughput": [
            {
                "target": target,
                "clients": clients,
                "rate": found.rate(target, clients),
                "rates": [sample.rate for sample in samples],
                "of_skeleton": found.ratio(target, clients),
                "load": found.load(target, clients),
                "processor_seconds": dict(pooled(samples).used),
                "ms": {
                    kind: dict(zip(("p50", "p95", "p99"), found.times(target, clients, kind), strict=True))
                    for kind in KINDS
                },
            }
            for (target, clients), samples in found.samples.items()
        ],
        "statements": {target: asdict(value) for target, value in counted.items()},
        "bytes": {target: asdict(value) | {"total": value.total} for target, value in weighed.items()},
        "errors": found.errors,
    }
