"""An installation on a server of its own, with workers, for measurements without HTTP."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import psycopg

from bench.w1 import conninfo
from engine import cases
from engine.bpmn import sandbox
from engine.cli import migrate
from engine.identity import accounts
from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database, UnitOfWork

STARTERS = 4
NO_DATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    folder: Path
    database: Database
    sql: psycopg.Connection[Any]
    server: int  # the process of PostgreSQL

    def do(self, command: Callable[[UnitOfWork], Any]) -> Any:
        return self.database.run(
            lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now))
        )

    def start(self, count: int, key: str = "p", data: Mapping[str, Any] = NO_DATA) -> None:
        """Start so many cases."""
        person = self.database.run(
            lambda *command: accounts.create_token(*command, name=uuid4().hex, role="portal")
        )
        actor = self.database.run(
            lambda session, _: accounts.find_actor(session, accounts.digest(person)), "single"
        )
        assert actor is not None

        def one(_: int) -> None:
            self.database.run(
                lambda session, now: cases.start(UnitOfWork(session, actor, now), key, data), "single"
            )

        with ThreadPoolExecutor(STARTERS) as threads:
            list(threads.map(one, range(count)))

    @contextmanager
    def worker(self, queue: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run one process of this queue, from its registration to its end."""
        command = [sys.executable, "-m", "engine", "worker", "--queue", queue]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self._environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self.await_rows("SELECT FROM procrastinate_workers", 1)
            yield process
        finally:
            process.terminate()
            process.wait()

    def audit(self, *arguments: str) -> str:
        """Run the command. Returns what it printed."""
        command = [sys.executable, "-m", "engine", "audit", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environ(), capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"audit: {done.stderr[-500:]}")
        return done.stdout

    def _environ(self) -> dict[str, str]:
        return os.environ | {"DATABASE_URL": self.url, "PARVANDEH_VAR": str(self.folder)}

    def await_rows(self, query: str, count: int, pause: float = 0.05) -> None:
        while self.sql.execute(query).rowcount != count:
            time.sleep(pause)


@contextmanager
def place() -> Iterator[Place]:
    """Set it up in a temporary folder, which is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="parvandeh-bench-") as folder:
        settings = Settings.read({"PARVANDEH_VAR": folder})
        server = postgres.start(settings)
        database = Database(server.url, zone=settings.time_zone)
        sandbox.open_pool()
        try:
            migrate.upgrade(server.url)
            with psycopg.connect(conninfo(server.url), autocommit=True) as sql:
                yield Place(server.url, Path(folder), database, sql, server.process.pid)
        finally:
            sandbox.close_pool()
            database.dispose()
            server.stop()
