"""Cases continue while everything around them is killed: web, workers, database, at random.

Each case asks another system, waits for time, for a message, and for a person. Their driver repeats
what was not answered, as clients do. CHAOS_SECONDS and CHAOS_CASES make it longer.
"""

import http.client
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from engine import events
from engine.cli import migrate
from engine.identity import accounts
from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database
from tests import bpmn, factories
from tests.conftest import conninfo
from tests.working import free_port

log = logging.getLogger(__name__)

SECONDS = float(os.environ.get("CHAOS_SECONDS", "12"))
CASES = int(os.environ.get("CHAOS_CASES", "60"))
KILLS = 5  # of each kind, at least
CLIENTS = max(6, CASES // 20)
PATIENCE = 120.0  # seconds after the last kill in which everything must have come to its end

DEFINITIONS = '<bpmn:message id="m" name="paid"/>'
STEPS = (
    bpmn.node(
        "serviceTask",
        "ask",
        parvandeh__connector="receiver",
        parvandeh__operation="note",
        parvandeh__request="{'order': order}",
        parvandeh__result="reply",
    ),
    bpmn.node(
        "intermediateCatchEvent",
        "pause",
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1S</bpmn:timeDuration></bpmn:timerEventDefinition>",
    ),
    bpmn.node(
        "intermediateCatchEvent",
        "paid",
        '<bpmn:messageEventDefinition messageRef="m"/>',
        parvandeh__correlation="{'order': order}",
        parvandeh__result="payment",
    ),
    "userTask review",
)
CONNECTORS = """
[receiver]
kind = "http"
agency = "registry"
purpose = "Note"
legal_basis = "Registry Act"
address = "http://127.0.0.1:{port}"
timeout = 5
retry = [0.5, 1, 2, 2, 2, 5, 5, 5, 5, 5]

[receiver.operations.note]
path = "/notes"
"""


class Receiver(ThreadingHTTPServer):
    """Another system: does what it is asked once for each id, and counts how often it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Noting)
        self.asked: Counter[str] = Counter()
        self.done: dict[str, Any] = {}


class _Noting(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        asked = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.headers["Idempotency-Key"]
        self.server.asked[name] += 1
        known = self.server.done.setdefault(name, asked)
        assert known == asked, "one id for two requests"
        body = orjson.dumps({"noted": asked["order"]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Installation:
    """The processes of an installation, each started again when it is gone, as a service manager does."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.environ = {"PARVANDEH_VAR": str(folder / "var"), "PORT": str(free_port()), "WEB_WORKERS": "2"}
        (folder / "var").mkdir(parents=True)
        connectors = CONNECTORS.format(port=receiver.server_address[1])
        (folder / "var" / "connectors.toml").write_text(connectors)
        self.settings = Settings.read(self.environ)
        self.log = (folder / "processes.log").open("wb")
        self.server = postgres.start(self.settings)
        self.kills: Counter[str] = Counter()
        migrate.upgrade(self.server.url)
        self.tokens = self._prepare()
        worker = ("engine", "worker", "--queue")
        self.commands = {
            "web": ("gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"),
            "cases 1": (*worker, "cases"),
            "cases 2": (*worker, "cases"),
            "calls": (*worker, "calls"),
        }
        self.processes = {name: self._start(name) for name in self.commands}

    def _prepare(self) -> dict[str, str]:
        database = Database(self.server.url, zone=self.settings.time_zone)
        process = bpmn.process_element(*bpmn.in_line(*STEPS))
        factories.deploy(database, {"p.bpmn": bpmn.definitions(DEFINITIONS, process)})
        roles: tuple[Any, ...] = ("portal", "service", "caseworker")
        tokens = {
            role: database.run(
                lambda *command, role=role: accounts.create_token(*command, name=role, role=role)
            )
            for role in roles
        }
        database.dispose()
        return tokens

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *self.commands[name]],
            cwd=ROOT,
            env=os.environ | self.environ | {"DATABASE_URL": self.server.url},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """kill -9, of the web server one of its workers or all of it; then start it again."""
        victim = self.processes[name]
        if name == "web" and random.random() < 0.5 and (worker := _child_of(victim.pid)):
            os.kill(worker, signal.SIGKILL)  # its master starts another one
        else:
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
            self.processes[name] = self._start(name)
        self.kills[name.split(maxsplit=1)[0]] += 1

    def crash_database(self) -> None:
        """As `pg_ctl restart -m immediate` does: nothing is written any more; it recovers at its start."""
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.stop()
        self.server = postgres.start(self.settings)
        self.kills["database"] += 1

    def tend(self) -> None:
        """Start again what ended by itself, because its database had gone."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.processes[name] = self._start(name)

    def stop(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.server.stop()
        self.log.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def installation(quick: Path, receiver: Receiver) -> Iterator[Installation]:
    made = Installation(quick / "chaos", receiver)
    yield made
    made.stop()


class Driver:
    """Starts cases, sends their messages and completes their tasks, until each has ended."""

    def __init__(self, installation: Installation) -> None:
        self._to = installation
        self.numbers = iter(range(CASES))
        self.started: dict[int, str] = {}
        self.doubtful: list[str] = []

    def run(self) -> None:
        """One client's work."""
        for order in self.numbers:
            case = self._insist("portal", "POST", "/cases", {"definition": "p", "data": {"order": order}})
            self.started[order] = case["id"]
            # Sent at any moment: it is early for most, and stored.
            message = {"name": "paid", "id": str(order), "correlation": {"order": order}, "keep_for": 3600}
            self._insist("service", "POST", "/messages", {**message, "data": {"sum": order}})
            task = self._await_task(case["id"])
            self._insist("caseworker", "POST", f"/tasks/{task}/complete", {"data": {"reviewed": order}})

    def _await_task(self, case: str) -> str:
        while True:
            tasks = self._insist("caseworker", "GET", f"/tasks?case={case}&status=open")["items"]
            if tasks:
                return str(tasks[0]["id"])
            time.sleep(0.2)

    def _insist(self, role: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Until it is answered; the key makes that harmless."""
        headers = {"Authorization": f"Bearer {self._to.tokens[role]}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        while True:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self._to.settings.port, timeout=15)
                content = None if body is None else orjson.dumps(body)
                connection.request(method, f"/api/v1{path}", content, headers)
                response = connection.getresponse()
                answer = response.read()
                if response.status < 300:
                    found: dict[str, Any] = orjson.loads(answer)
                    return found
                if response.status not in (503, 504):
                    self.doubtful.append(f"{method} {path}: {response.status} {answer[:200]!r}")
            time.sleep(0.1)


def test_every_case_ends_right_while_everything_is_killed(
    installation: Installation, receiver: Receiver
) -> None:
    driver = Driver(installation)
    clients = [threading.Thread(target=driver.run, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    _rage(installation)
    end = time.monotonic() + PATIENCE
    while any(client.is_alive() for client in clients):
        assert time.monotonic() < end, _left(installation)
        installation.tend()
        time.sleep(0.1)
    assert all(installation.kills[kind] >= KILLS for kind in ("web", "cases", "calls", "database"))
    assert driver.doubtful == []
    with psycopg.connect(conninfo(installation.server.url), autocommit=True) as sql:
        ended = "SELECT count(*) FROM cases WHERE status = 'completed'"
        assert sql.execute(ended).fetchone() == (CASES,)
        assert sql.execute("SELECT count(*) FROM cases").fetchone() == (CASES,)
        wrong = """
            SELECT number, data FROM cases
            WHERE (data->'payment'->>'sum')::int <> (data->>'order')::int
               OR (data->'reply'->>'noted')::int <> (data->>'order')::int
               OR (data->>'reviewed')::int <> (data->>'order')::int
        """
        assert sql.execute(wrong).fetchall() == []
        for kind in ("timer.fired", "message.received", "call.answered", "task.completed", "case.completed"):
            counted = sql.execute(
                "SELECT count(*), count(DISTINCT case_id) FROM events WHERE kind = %s", (kind,)
            )
            assert counted.fetchone() == (CASES, CASES), kind
        assert sql.execute("SELECT count(*) FROM waits WHERE closed_at IS NULL").fetchone() == (0,)
        assert sql.execute("SELECT count(*) FROM calls WHERE status <> 'done'").fetchone() == (0,)
        assert sql.execute("SELECT count(*) FROM incidents").fetchone() == (0,)
        asked = {str(row[0]) for row in sql.execute("SELECT id FROM calls").fetchall()}
    assert set(receiver.done) == asked  # one id for each effect, accepted once
    assert sorted(value["order"] for value in receiver.done.values()) == list(range(CASES))
    database = Database(installation.server.url, zone=installation.settings.time_zone)
    assert database.run(lambda session, _: events.verify(session)) == []
    database.dispose()


def _rage(installation: Installation) -> None:
    """Kill at random until the time is over and each kind was killed often enough."""
    end = time.monotonic() + SECONDS
    acts: dict[str, Callable[[], None]] = {
        "web": lambda: installation.kill("web"),
        "cases": lambda: installation.kill(random.choice(("cases 1", "cases 2"))),
        "calls": lambda: installation.kill("calls"),
        "database": installation.crash_database,
    }
    while wanted := [kind for kind in acts if time.monotonic() < end or installation.kills[kind] < KILLS]:
        time.sleep(random.uniform(0.2, 0.8))
        installation.tend()
        acts[random.choice(wanted)]()
    log.info("killed %s", dict(installation.kills))


def _left(installation: Installation) -> str:
    """What prevents cases from ending."""
    queries = (
        "SELECT element, kind, due_at - now(), woken_at - now(), case_id FROM waits WHERE closed_at IS NULL",
        "SELECT case_id, attempts, due_at - now(), lease_until - now() FROM calls WHERE status = 'open'",
        "SELECT task_name, status, attempts, scheduled_at - now(), args FROM procrastinate_jobs",
        "SELECT code, message, case_id FROM incidents",
        "SELECT name, status, correlation FROM messages WHERE status = 'kept'",
        "SELECT element, case_id FROM tasks WHERE status = 'open'",
        "SELECT last_heartbeat - now() FROM procrastinate_workers",
    )
    with psycopg.connect(conninfo(installation.server.url), autocommit=True) as sql:
        return "\n".join(str(row) for query in queries for row in (query, *sql.execute(query).fetchall()))


def _child_of(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(random.choice(children)) if children else None
