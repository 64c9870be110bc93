"""W1 with and without the worker that computes figures of oversight, and how far that is behind.

At full rate, and at a steady one: then the age of the first event that the figures don't know is sampled.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import psycopg

from bench import load, w1
from bench.w1 import Stage
from engine.platform.config import ROOT, Settings
from engine.worker import figures
from engine.worker.command_runner import CommandRunner
from engine.worker.process import NICE

CLIENTS = 8
SECONDS = 10.0  # of each measurement
WARM_UP = 3.0
STEADY = 50.0  # cases per second,
STEADY_SECONDS = 30.0
SAMPLE = 0.25  # seconds between two looks at how far the figures are behind
LONGEST = 300.0  # seconds until it must have caught up
_AGE = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - (
    SELECT at FROM events
    WHERE transaction_id > coalesce((SELECT transaction_id FROM cursors WHERE name = 'figures'), 0)
    ORDER BY transaction_id LIMIT 1
))::float, 0)
"""
_BEHIND = """
SELECT coalesce((SELECT max(transaction_id) FROM events), 0)
    > coalesce((SELECT transaction_id FROM cursors WHERE name = 'figures'), 0)
"""


@dataclass(slots=True)
class Followed:
    """Cases per second of each round, without and with the worker; seconds that it then needs to catch up.

    `steady` is the rate that clients reached of `STEADY`, `ages` how far figures were behind meanwhile.
    """

    without: list[float] = field(default_factory=list)
    following: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    cases: int = 0
    steady: float = 0.0
    ages: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Which part of its rate W1 has while the worker runs."""
        return median(self.following) / (median(self.without) or 1)


def measure(rounds: int) -> Followed:
    """Let both take turns; before each, nothing is left to be computed."""
    found = Followed()
    with w1.stage((os.cpu_count() or 1) + 1) as stage:
        load.measure(stage.product, CLIENTS, 2)
        for number in range(rounds):
            for follows in (False, True) if number % 2 else (True, False):
                _catch_up(stage)
                _round(stage, found, follows=follows)
        _steady(stage, found)
    return found


def _steady(stage: Stage, found: Followed) -> None:
    """Sample how far the figures are behind while a steady number of cases is started and completed."""
    _catch_up(stage)
    ended = threading.Event()

    def look() -> None:
        with psycopg.connect(w1.conninfo(stage.product_url), autocommit=True) as connection:
            while not ended.wait(SAMPLE):
                row = connection.execute(_AGE).fetchone()
                found.ages.append(row[0] if row is not None else 0.0)

    with _worker(stage.product_url):
        load.measure(stage.product, 1, WARM_UP)
        _await(stage)
        looking = threading.Thread(target=look)
        looking.start()
        try:
            found.steady = load.steadily(stage.product, CLIENTS, STEADY_SECONDS, STEADY).rate
        finally:
            ended.set()
            looking.join()


def _round(stage: Stage, found: Followed, *, follows: bool) -> None:
    if not follows:
        load.measure(stage.product, CLIENTS, WARM_UP)
        found.without.append(load.measure(stage.product, CLIENTS, SECONDS).rate)
        return
    with _worker(stage.product_url):
        load.measure(stage.product, CLIENTS, WARM_UP)  # the worker starts meanwhile
        _await(stage)
        sample = load.measure(stage.product, CLIENTS, SECONDS)
        begun = time.perf_counter()
        _await(stage)
        found.behind.append(time.perf_counter() - begun)
    found.following.append(sample.rate)
    found.cases += sample.cases


def _catch_up(stage: Stage) -> None:
    with _worker(stage.product_url):
        _await(stage)


def _await(stage: Stage) -> None:
    until = time.monotonic() + LONGEST
    with psycopg.connect(w1.conninfo(stage.product_url), autocommit=True) as connection:
        while time.monotonic() < until:
            row = connection.execute(_BEHIND).fetchone()
            if row is not None and not row[0]:
                return
            time.sleep(0.1)
    raise TimeoutError("The figures are not up to date.")


@contextmanager
def _worker(url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.projection", url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def main(argv: Sequence[str]) -> int:
    """Do what a worker of the queue `checks` does for the figures, until it is stopped."""
    os.nice(NICE)
    runner = CommandRunner(Settings.read(), argv[0], threads=1)

    async def run() -> None:
        task = asyncio.ensure_future(figures.project(runner))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await asyncio.wait([task])

    asyncio.run(run())
    runner.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
