"""The server in front of the application: W1 under gunicorn's sync workers and ours, and slow clients.

The same code on the same database; both servers run, and measurements alternate.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import load, slow, w1
from bench.load import Sample, Target, percentiles, pooled
from engine.platform import postgres
from engine.platform.config import Settings

SLOW = 500
CLIENTS = 8
WARM_UP_SECONDS = 2.0
PATHS = {"/healthz": "/healthz", "a page": "/login"}
OURS, SYNC = "ours", "sync workers"


@dataclass(slots=True)
class Front:
    """`rates`: cases per second, by round. `times`: seconds by request, without and with slow clients."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The throughput relative to that of sync workers: the median over the rounds."""
        pairs = zip(self.rates[OURS], self.rates[SYNC], strict=True)
        return median(ours / (sync or 1) for ours, sync in pairs)

    def p99(self, name: str, phase: str) -> float:
        """In milliseconds."""
        return percentiles(self.times[name][phase])[2]


def measure(seconds: float, rounds: int, workers: int, count: int = SLOW) -> Front:
    """Measure in a temporary folder, which is deleted at the end."""
    found = Front()
    with _servers(workers) as (ours, sync):
        for target in (ours, sync):
            found.errors += load.measure(target, CLIENTS, WARM_UP_SECONDS).errors
        for number in range(rounds):
            for target in (ours, sync) if number % 2 else (sync, ours):
                sample = load.measure(target, CLIENTS, seconds)
                found.rates.setdefault(target.name, []).append(sample.rate)
                found.errors += sample.errors
                print(f"  round {number + 1}, {target.name}: {sample.rate:.0f} cases/s", file=sys.stderr)
        for number in range(rounds):
            for phase in ("with", "without") if number % 2 else ("without", "with"):
                with slow.clients(ours.port, count) if phase == "with" else nullcontext():
                    _look(found, phase, ours, seconds)
    return found


def _look(found: Front, phase: str, target: Target, seconds: float) -> None:
    for name, path in PATHS.items():
        times = found.times.setdefault(name, {}).setdefault(phase, [])
        until = time.perf_counter() + seconds / 2
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, _ = load.exchange(target.port, "GET", path, {}, b"")
            times.append(time.perf_counter() - began)
            if status != 200:
                found.errors.append(f"GET {path}: {status}")
    sample: Sample = pooled([load.measure(target, CLIENTS, seconds)])
    found.errors += sample.errors
    for kind, taken in sample.times.items():
        found.times.setdefault(f"W1: {kind}", {}).setdefault(phase, []).extend(taken)


@contextmanager
def _servers(workers: int) -> Iterator[tuple[Target, Target]]:
    """Ours and gunicorn's own, on one database."""
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvandeh-bench-")))
        settings = Settings.read({"PARVANDEH_VAR": str(var)})
        server = postgres.start(settings)
        stack.callback(server.stop)
        starter, worker = w1.prepare_product(server.url, settings)
        targets = []
        for name, more in ((OURS, ()), (SYNC, ("-k", "sync"))):
            own, port = var / name.replace(" ", "-"), w1.free_port()
            own.mkdir()
            environ = {"PARVANDEH_VAR": str(own), "PORT": str(port), "WEB_WORKERS": str(workers)}
            command = ("-c", "gunicorn.conf.py", *more, "wsgi:app")
            environ["DATABASE_URL"] = server.url
            stack.enter_context(w1.served(port, command, environ, own / "log"))
            targets.append(Target(name, port, w1.KEY, starter, worker))
        yield targets[0], targets[1]
