"""The setup of W1: one PostgreSQL with two databases, the product and the skeleton on it under gunicorn."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from bench import skeleton, wide
from bench.load import HOST, Target, exchange
from engine import definitions
from engine.bpmn import Source
from engine.cli import migrate
from engine.identity import accounts
from engine.platform import parent_death, postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database, UnitOfWork

KEY = "w1-permit"
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Stage:
    """Both servers, running. `keyed` is the product again, with an Idempotency-Key on each write."""

    product: Target
    keyed: Target
    skeleton: Target
    product_url: str
    skeleton_url: str
    server: postgres.Server
    data: Path
    log: Path

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.skeleton, self.product, self.keyed


def files() -> dict[str, bytes]:
    """Return the deployment."""
    names = ("w1.bpmn", "w1-application.json", "w1-review.json")
    return {name: (FOLDER / name).read_bytes() for name in names}


def source() -> Source:
    """Return the deployment as the engine accepts it."""
    return Source("w1", files(), {})


@contextmanager
def stage(workers: int) -> Iterator[Stage]:
    """Set up everything in a temporary folder, which is deleted at the end of the block."""
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvandeh-bench-")))
        chosen = {"PARVANDEH_VAR": str(var), "PORT": str(free_port()), "WEB_WORKERS": str(workers)}
        settings = Settings.read(chosen)
        server = postgres.start(settings)
        stack.callback(server.stop)
        starter, worker = prepare_product(server.url, settings)
        skeleton_url = _prepare_skeleton(server.url)
        logs = (var / "product.log", var / "skeleton.log")
        command = ("-c", "gunicorn.conf.py", "wsgi:app")
        product = stack.enter_context(
            served(settings.port, command, chosen | {"DATABASE_URL": server.url}, logs[0])
        )
        port = free_port()
        plain = (
            "--no-control-socket",
            "-b",
            f"{HOST}:{port}",
            "-w",
            str(workers),
            "bench.skeleton:create_app()",
        )
        beside = stack.enter_context(served(port, plain, {"DATABASE_URL": skeleton_url}, logs[1]))
        database = make_url(server.url).database or ""
        alone = Target("product", settings.port, KEY, starter, worker, master=product, database=database)
        yield Stage(
            product=alone,
            keyed=replace(alone, name="product, keyed", keyed=True),
            skeleton=Target("skeleton", port, KEY, master=beside, database="skeleton"),
            product_url=server.url,
            skeleton_url=skeleton_url,
            server=server,
            data=var / "postgres",
            log=var / "postgres.log",
        )


def conninfo(url: str) -> str:
    """Return the connection string for psycopg."""
    parsed = make_url(url)
    options = {name: str(value) for name, value in parsed.query.items()}
    return psycopg.conninfo.make_conninfo(dbname=parsed.database, user=parsed.username, **options)


def prepare_product(url: str, settings: Settings) -> tuple[str, str]:
    """Create tables, W1 and the tokens of those who start cases and those who work on them."""
    migrate.upgrade(url)
    database = Database(url, zone=settings.time_zone)
    try:
        for deployment in (files(), wide.files()):
            database.run(partial(_deploy, deployment))
        return (
            database.run(lambda *command: accounts.create_token(*command, name="portal", role="portal")),
            database.run(
                lambda *command: accounts.create_token(*command, name="caseworker", role="caseworker")
            ),
        )
    finally:
        database.dispose()


def _deploy(deployment: Mapping[str, bytes], session: Session, now: datetime) -> None:
    definitions.deploy(UnitOfWork(session, accounts.system(session, now), now), deployment)


def _prepare_skeleton(url: str) -> str:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("CREATE DATABASE skeleton TEMPLATE template0")
    own = make_url(url).set(database="skeleton").render_as_string(hide_password=False)
    skeleton.prepare(own, KEY)
    return own


@contextmanager
def served(port: int, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run gunicorn, from its first response to its end; yield the id of its main process."""
    parent = os.getpid()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            cwd=ROOT,
            env=os.environ | environ,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=lambda: parent_death.follow(parent, signal.SIGQUIT),  # noqa: PLW1509 - two system calls
        )
    try:
        _await_answer(port, process, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            exchange(port, "GET", "/healthz", {}, b"")
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The server does not answer:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
