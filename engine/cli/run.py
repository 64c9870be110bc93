"""Run everything: database, migrations, shipped processes, web server. Returns when it is told to stop."""

import argparse
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from engine import lifeline, postgres
from engine.bpmn import script
from engine.cli import demo_accounts, deploy, migrate, web, welcome
from engine.config import ROOT, Settings
from engine.db import Database
from engine.errors import Unusable
from engine.locks import Lock

HELP = "Run everything that an installation needs, until Ctrl-C."
STOPPING = "stopping"


def declare(parser: argparse.ArgumentParser) -> None:
    """One argument, for the Makefile alone."""
    parser.add_argument("--with-parent", type=int, metavar="PID", help="stop when this parent process dies")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal; 1 if something died or could not start."""
    if arguments.with_parent is not None:
        lifeline.follow(arguments.with_parent, signal.SIGTERM)
    lock = _lock(settings)
    try:
        with _stopped_by_signals(lock):
            web.require_free(settings.port)
            _serve(settings)
    except KeyboardInterrupt:
        print("Stopped.")
        return 0
    finally:
        lock.release()
    return 1


def _serve(settings: Settings) -> None:
    address = f"http://{web.HOST}:{settings.port}"
    with ExitStack() as stack:
        children: dict[str, subprocess.Popen[bytes]] = {}
        url = settings.database_url
        if url is None:
            server = postgres.start(settings, patience=30)
            stack.callback(server.stop)
            children["PostgreSQL"] = server.process
            url = server.url
        migrate.upgrade(url)
        _prepare(settings, url, address)
        site = web.Web(settings, url)
        stack.callback(site.stop)
        children["The web server"] = site.process
        site.await_answer()
        shown = demo_accounts.read(settings) if settings.embedded else []
        welcome.greet(address, shown, demo_accounts.file(settings))
        name = _await_death(children)
        raise Unusable(f"{name} died (exit code {children[name].returncode}); everything was stopped.")


def _prepare(settings: Settings, url: str, address: str) -> None:
    database = Database(url, zone=settings.time_zone)
    try:
        if settings.embedded:
            demo_accounts.prepare(database, settings, address)
        # A rejected one stops nobody: its findings are printed, and its earlier version stays in force.
        deploy.deploy(database, sorted(path for path in ROOT.glob("processes/*/*") if path.is_dir()))
    finally:
        script.close_pool()  # the checks have used the sandbox, which serving does not need here
        database.dispose()


def _await_death(children: dict[str, subprocess.Popen[bytes]]) -> str:
    """Sleep until one of the children is dead; its name."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        for name, process in children.items():
            if process.poll() is not None:
                return name
        if ended is not None:  # in a container this may be process 1, to which orphans of others fall
            os.waitpid(ended.si_pid, 0)


def _lock(settings: Settings) -> Lock:
    """The installation's own. Whoever is on its way out is waited for."""
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(settings.var / "run.lock")
    if lock.acquire() or (lock.holder() == STOPPING and lock.acquire(patience=60)):
        return lock
    raise Unusable(
        f"It runs already, as process {lock.holder()}, with the data in {settings.var}. "
        f"Stop that one (Ctrl-C, or: kill {lock.holder()}), "
        "or choose another data folder and port with PARVANDEH_VAR and PORT."
    )


@contextmanager
def _stopped_by_signals(lock: Lock) -> Iterator[None]:
    """The first signal raises KeyboardInterrupt in the block; further ones do not disturb its end."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, lambda *_: None)
        lock.note(STOPPING)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
