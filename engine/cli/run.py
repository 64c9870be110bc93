"""Run everything: database, migrations, shipped processes, workers, web server, and what a companion adds.
Returns when it receives a signal to stop.
"""

import argparse
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import select

from engine.bpmn import sandbox
from engine.cli import children, deploy, migrate, restarts, web, worker
from engine.cli.companion import Companion
from engine.connectors import Connectors
from engine.identity.oidc import Providers
from engine.models import Unit
from engine.oversight.audit import signing
from engine.platform import parent_death, ports, postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database
from engine.platform.errors import Unusable
from engine.platform.locks import Lock

STOPPING = "stopping"
DATABASE = "PostgreSQL"
LOOK = 1.0  # seconds between two looks at the data folder


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal; return 1 if something died or could not start."""
    return serve(arguments, settings, Companion())


def serve(arguments: argparse.Namespace, settings: Settings, companion: Companion) -> int:
    """The same, with the additions of `companion`. `arguments` are those of `declare`."""
    if arguments.with_parent is not None:
        parent_death.follow(arguments.with_parent, signal.SIGTERM)
        parent_death.heed_make(arguments.with_parent)
    lock = _lock(settings)
    try:
        with children.stopped_by_signals(lambda: lock.note(STOPPING)), ExitStack() as stack:
            web.require_built()
            ports.require_free(settings.port)
            companion.open(stack)
            Connectors.read(settings)  # a faulty file is reported before anything starts
            Providers.read(settings)
            _serve(settings, companion, stack, lock)
    except KeyboardInterrupt:
        print("Stopped.")
        return 0
    finally:
        lock.release()
    return 1


def _serve(settings: Settings, companion: Companion, stack: ExitStack, lock: Lock) -> None:
    address = f"http://{ports.HOST}:{settings.port}"
    url, server = settings.database_url, None
    if url is None:
        server = postgres.start(settings, patience=30)
        stack.callback(server.stop)
        url = server.url
    migrate.upgrade(url, settings)
    _create_audit_key(settings)
    _prepare(settings, url, address, companion)
    running = dict(companion.start(stack))
    running["The worker"] = worker.start(settings, url)
    stack.callback(children.end, running["The worker"], worker.PATIENCE + 5)
    site = web.Web(settings, url)
    stack.callback(site.stop)
    running["The web server"] = site.process
    site.await_answer()
    companion.greet(address, stack)
    with _looking(server.require_data if server else lock.require_folder):
        _watch(running, server)


@contextmanager
def _looking(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` again and again; what it raises is raised in the block."""
    signal.signal(signal.SIGALRM, lambda *_: look())
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _watch(running: Mapping[str, subprocess.Popen[bytes]], server: postgres.Server | None) -> None:
    """Restart PostgreSQL when it dies. Raises Unusable if it dies too often, or anything else dies."""
    database = restarts.Restarts(server) if server else None
    while True:
        name = children.await_death({**running, DATABASE: server.process} if server else running)
        if name != DATABASE or database is None:
            raise Unusable(f"{name} died (exit code {running[name].returncode}); everything was stopped.")
        database.restart()


def _prepare(settings: Settings, url: str, address: str, companion: Companion) -> None:
    database = Database(url, zone=settings.time_zone)
    try:
        companion.populate(database, address)
        # A rejected one doesn't stop the start: its findings are printed, its earlier version stays current.
        shipped = sorted(path for path in ROOT.glob("processes/*/*") if path.is_dir())
        known = Connectors.operations_of(settings)
        owners = _owners(database, shipped)
        deploy.deploy(database, owners, settings.publishing, offer=True, operations=known)
        companion.complete(database)
    finally:
        sandbox.close_pool()  # the checks have used the sandbox, which serving doesn't need here
        database.dispose()


def _create_audit_key(settings: Settings) -> None:
    """Create the key that signs checkpoints, if there is none and its file is in the data folder."""
    if settings.audit_key.parent == settings.var and not settings.audit_key.exists():
        key = signing.create(settings.audit_key)
        print(
            f"Created the audit key {key.id} in {settings.audit_key}. Store a copy outside of this machine."
        )


def _owners(database: Database, shipped: Sequence[Path]) -> dict[Path, str | None]:
    """Return each shipped folder, with the agency in whose folder it is, if there is one with this key."""
    agencies = {path.parent.name for path in shipped}
    found = select(Unit.key).where(Unit.key.in_(agencies), Unit.closed_at.is_(None))
    there = database.run(lambda session, _: set(session.scalars(found)), "single")
    return {path: path.parent.name if path.parent.name in there else None for path in shipped}


def _lock(settings: Settings) -> Lock:
    """Return the lock of the installation, after waiting for a process that is just stopping."""
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(settings.var / "run.lock")
    if lock.acquire() or (lock.holder() == STOPPING and lock.acquire(patience=60)):
        return lock
    raise Unusable(
        f"The installation is already running as process {lock.holder()}, with the data in {settings.var}. "
        f"Stop that one (Ctrl-C, or: kill {lock.holder()}), "
        "or choose another data folder and port with PARVANDEH_VAR and PORT."
    )
