"""A thousand managers who open the dashboard at the same moment, while caseworkers work.

Each manager has other units, so none gets the figures of another. Half of them read the API, half open the
page. `python -m bench.dashboards` reads requests as JSON and sends them all at once.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench import load, w1
from bench.history.generating import Order, generate
from bench.history.organisation import PLACES
from bench.load import HOST, Target
from demo.history.offices import milliseconds
from engine import organisation
from engine.cli import migrate
from engine.identity import accounts, sessions
from engine.identity.sessions import Lasting, Proof
from engine.models import Unit
from engine.oversight import projection
from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database, UnitOfWork

MANAGERS = 1000
CASES = 20_000  # of the history
CASEWORKERS = 2  # each with one case after the other
BEFORE = 5.0  # seconds of their work without managers
SCOPED = [one.key for one in PLACES if one.roles][:10]  # two to the power of ten sets of units
DAY = timedelta(days=1)
Request = tuple[str, dict[str, str]]  # path and headers


@dataclass(slots=True)
class Opened:
    """What the managers got, and how long caseworkers waited. Times are in seconds."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    before: dict[str, list[float]] = field(default_factory=dict)
    during: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def longest(self, phase: dict[str, list[float]]) -> float:
        """Of all requests of caseworkers, in milliseconds."""
        return 1000 * max(max(times) for times in phase.values())

    def p95(self, phase: dict[str, list[float]]) -> float:
        """Of the slowest kind of a caseworker's request, in milliseconds."""
        return max(load.percentiles(times)[1] for times in phase.values())


def measure(managers: int = MANAGERS, cases: int = CASES) -> Opened:
    """Measure in a temporary folder, which is deleted at the end."""
    with _stage(managers, cases) as (target, requests):
        load.measure(target, CASEWORKERS, 2)
        found = Opened()
        sample = load.measure(target, CASEWORKERS, BEFORE)
        found.before, found.errors = dict(sample.times), sample.errors
        crowd = subprocess.Popen(
            [sys.executable, "-m", "bench.dashboards"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        asked = orjson.dumps({"port": target.port, "requests": requests})
        sample = load.during(target, CASEWORKERS, lambda: _answers(crowd, asked, found))
        found.during = dict(sample.times)
        found.errors += sample.errors
    return found


def _answers(crowd: subprocess.Popen[bytes], asked: bytes, found: Opened) -> None:
    answers = orjson.loads(crowd.communicate(asked)[0])
    found.statuses = Counter(str(status) for status, _ in answers["each"])
    found.times = [took for _, took in answers["each"]]
    found.seconds = answers["seconds"]


@contextmanager
def _stage(managers: int, cases: int) -> Iterator[tuple[Target, Sequence[Request]]]:
    """Start the installation's web server on a history; yield the caseworkers' target and all requests."""
    with tempfile.TemporaryDirectory(prefix="parvandeh-bench-") as folder:
        workers = str((os.cpu_count() or 1) + 1)
        chosen = {"PARVANDEH_VAR": folder, "PORT": str(w1.free_port()), "WEB_WORKERS": workers}
        settings = Settings.read(chosen)
        server = postgres.start(settings)
        try:
            migrate.upgrade(server.url, settings)
            _write(server.url, settings, cases)
            starter, worker = w1.prepare_product(server.url, settings)
            requests = _managers(server.url, settings, managers)
            environ = chosen | {"DATABASE_URL": server.url}
            command = ("-c", "gunicorn.conf.py", "wsgi:app")
            log = Path(folder, "product.log")
            with w1.served(settings.port, command, environ, log):
                yield Target("product", settings.port, w1.KEY, starter, worker), requests
        finally:
            server.stop()


def _write(url: str, settings: Settings, cases: int) -> None:
    """Write a history of a year, and compute its figures."""
    until = datetime.now(settings.time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
    period = milliseconds(until - timedelta(days=365)), milliseconds(until)
    generate(Order(url, settings.time_zone, 1, cases, period), 1)
    database = Database(url, zone=settings.time_zone)
    try:
        actor = database.run(accounts.system)

        def run(command: Callable[[UnitOfWork], Any]) -> Any:
            return database.run(lambda session, now: command(UnitOfWork(session, actor, now)))

        run(projection.prepare)
        while run(projection.project):
            pass
        with database.transaction("single") as session:
            session.execute(text("VACUUM ANALYZE"))
    finally:
        database.dispose()


def _managers(url: str, settings: Settings, count: int) -> Sequence[Request]:
    """Create managers, each of other units, and return the request of each."""

    def make(session: Session, now: datetime) -> Sequence[Request]:
        units = session.scalars(select(Unit.id).where(Unit.key.in_(SCOPED)).order_by(Unit.key)).all()
        made: list[Request] = []
        for number in range(1, count + 1):
            name = f"manager-{number}"
            user = accounts.find_or_create(session, now, name, "manager", position=None)
            for place, unit in enumerate(units):
                if number >> place & 1:
                    organisation.enrol(session, user.id, unit_id=unit, valid_from=now - DAY)
            if number % 2:
                token = accounts.create_token(session, now, name=name, role="manager")
                asked = "/api/v1/metrics/overview?trend=jalali", {"Authorization": f"Bearer {token}"}
            else:
                cookie = sessions.open_one(session, now, user.id, Proof("bench"), Lasting(DAY, DAY))
                asked = "/oversight", {"Cookie": f"parvandeh-session={cookie}"}
            made.append(asked)
        return made

    database = Database(url, zone=settings.time_zone)
    try:
        return database.run(make)
    finally:
        database.dispose()


async def _all_at_once(port: int, requests: Sequence[Request]) -> dict[str, Any]:
    begun = time.perf_counter()
    each = await asyncio.gather(*(_one(port, path, headers) for path, headers in requests))
    return {"seconds": time.perf_counter() - begun, "each": each}


async def _one(port: int, path: str, headers: dict[str, str]) -> tuple[str, float]:
    begun = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await reader.read(-1)
        writer.close()
    except OSError as error:
        return type(error).__name__, time.perf_counter() - begun
    return answer[9:12].decode() or "nothing", time.perf_counter() - begun


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_all_at_once(given["port"], given["requests"]))))
