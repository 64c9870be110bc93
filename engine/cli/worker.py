"""Serve the queues: by child processes that are restarted when they die, or one queue in this process."""

import argparse
import signal
import subprocess
import time
from importlib import import_module

from engine.cli import children, migrate
from engine.connectors import Connectors
from engine.platform import parent_death, postgres
from engine.platform.config import Settings

PATIENCE = 70  # seconds; a worker allows its current calls 60
PAUSE = 1.0  # seconds before a child is restarted, which may die at once


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal. With --queue, return 1 if the database was lost."""
    if arguments.with_parent is not None:
        parent_death.follow(arguments.with_parent, signal.SIGTERM)
    Connectors.read(settings)  # a faulty file is reported before anything starts
    with postgres.available(settings) as url:
        migrate.refuse_other_release(url)
        if arguments.queue is not None:
            # Imported here: the supervisor doesn't do their work, and starts sooner without it.
            code: int = import_module("engine.worker").serve(settings, url, arguments.queue)
            return code
        _supervise(settings, url)
    return 0


def start(settings: Settings, url: str) -> subprocess.Popen[bytes]:
    """Start it as a child process, which dies at the latest with the thread that started it."""
    return children.engine("worker", environ=children.environ(settings, url))


def _supervise(settings: Settings, url: str) -> None:
    wanted = {f"cases {number}": "cases" for number in range(1, settings.workers + 1)} | {
        "calls": "calls",
        "checks": "checks",
    }
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with children.stopped_by_signals():
            while True:
                for name in wanted.keys() - running.keys():
                    running[name] = children.engine(
                        "worker", "--queue", wanted[name], environ=children.environ(settings, url)
                    )
                running.pop(children.await_death(running))
                time.sleep(PAUSE)
    except KeyboardInterrupt:
        for process in running.values():
            process.terminate()  # all at once: each may still be working
        for process in running.values():
            children.end(process, PATIENCE)
