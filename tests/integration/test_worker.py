"""Real worker processes: what is in the queue is done, even if one dies; what hangs blocks nothing else."""

import asyncio
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import psycopg
import pytest
from psycopg_pool import PoolTimeout

from engine import cases
from engine.cases import CaseView, external_calls
from engine.events.webhooks import subscriptions
from engine.platform import jobs
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Uncertain
from engine.worker import process, serve
from tests import bpmn, cutting, factories, working
from tests.conftest import conninfo
from tests.exchanging import DECLARED
from tests.outbound import LOOPBACK
from tests.receiver import Receiver
from tests.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]
PAUSE = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT0.1S</bpmn:timeDuration></bpmn:timerEventDefinition>"


class Agency(ThreadingHTTPServer):
    """Another system. `answers` are the statuses of its next replies; on /hang it answers when let go."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: list[int] = []
        self.asked: Counter[str] = Counter()
        self.hang = True
        self.hanging = 0
        self.let_go = threading.Event()


class _Answering(BaseHTTPRequestHandler):
    server: Agency

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hang/ask" and self.server.hang:
            self.server.hanging += 1
            self.server.let_go.wait(60)
        self.server.asked[self.headers["Idempotency-Key"]] += 1
        status = self.server.answers.pop(0) if self.server.answers else 200
        body = orjson.dumps({"answered": True})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    """With the connectors `it` and `hang` to it."""
    server = Agency()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    (tmp_path / "connectors.toml").write_text(
        "".join(
            f'[{name}]\nkind = "http"\n{DECLARED}'
            f'address = "{address}/{name}"\ntimeout = 60\nretry = [0.1, 0.1]\n'
            f'[{name}.operations.ask]\npath = "/ask"\nerrors = {{ 404 = "UNKNOWN" }}\n'
            for name in ("it", "hang")
        )
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sql(database_url: str) -> Iterator[Sql]:
    with psycopg.connect(conninfo(database_url), autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


@pytest.fixture
def start(database: Database, actor: Callable[..., Actor]) -> Callable[..., CaseView]:
    return lambda **data: factories.a_case(database, actor("portal"), "p", data)


def deploy(database: Database, *elements: str, more: str = "", root: str = "") -> None:
    process = bpmn.process_element(*bpmn.in_line(*elements), more)
    factories.deploy(database, {"p.bpmn": bpmn.definitions(root, process)})


def waiting_a_moment() -> str:
    return bpmn.node("intermediateCatchEvent", "pause", PAUSE)


def asking(connector: str = "it") -> str:
    attributes = {"connector": connector, "operation": "ask", "request": "{'n': n}", "result": "reply"}
    return bpmn.node(
        "serviceTask", "ask", **{f"parvandeh__{name}": value for name, value in attributes.items()}
    )


def ended(sql: Sql, number: int = 1) -> Callable[[], bool]:
    return lambda: sql("SELECT count(*) FROM cases WHERE status = 'completed'") == [(number,)]


def doing(sql: Sql) -> bool:
    return sql("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(1,)]


def test_due_timer_moves_its_case(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, waiting_a_moment())
    start()
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(ended(sql))
        until(lambda: sql("SELECT count(*) FROM procrastinate_jobs") == [(0,)])


def test_job_of_a_killed_worker_goes_to_another(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, waiting_a_moment())
    start()
    with (
        working.serving(database_url, tmp_path, "--queue", "cases") as worker,
        psycopg.connect(conninfo(database_url)) as holding,
    ):
        holding.execute("SELECT FROM cases FOR UPDATE")
        until(lambda: doing(sql))
        worker.kill()
    sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' RETURNING id")
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(ended(sql))
    assert sql("SELECT count(*) FROM events WHERE kind = 'timer.fired'") == [(1,)]


def test_job_of_a_living_worker_is_left_alone(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, waiting_a_moment())
    start()
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        with psycopg.connect(conninfo(database_url)) as holding:
            holding.execute("SELECT FROM cases FOR UPDATE")
            until(lambda: doing(sql))
            assert as_system(database, jobs.rescue) == 0
        until(ended(sql))


def test_stopped_worker_finishes_the_job_in_hand(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, waiting_a_moment())
    start()
    with working.serving(database_url, tmp_path, "--queue", "cases") as worker:
        with psycopg.connect(conninfo(database_url)) as holding:
            holding.execute("SELECT FROM cases FOR UPDATE")
            until(lambda: doing(sql))
            worker.process.terminate()
            with pytest.raises(TimeoutError):
                asyncio.run(_ends_within(worker, 1))
        assert worker.process.wait(30) == 0
    assert ended(sql)()
    assert sql("SELECT count(*) FROM procrastinate_workers") == [(0,)]


def test_worker_told_to_stop_twice_finishes_the_call_in_hand(
    database: Database,
    *,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    deploy(database, asking("hang"))
    start(n=1)
    with working.serving(database_url, tmp_path, "--queue", "calls") as worker:
        until(lambda: agency.hanging == 1)
        worker.process.terminate()
        until(lambda: sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'") == [])
        worker.process.terminate()  # as the supervisor does
        with pytest.raises(TimeoutError):
            asyncio.run(_ends_within(worker, 1))
        agency.let_go.set()
        assert worker.process.wait(30) == 0
    assert (ended(sql)(), sum(agency.asked.values())) == (True, 1)


async def _ends_within(worker: working.Worker, seconds: float) -> None:
    await asyncio.wait_for(asyncio.to_thread(worker.process.wait, seconds + 1), seconds)


def test_job_that_kills_its_workers_ends_as_an_incident(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, "userTask a")
    case = start()
    args = orjson.dumps({"case_id": str(case.id)}).decode()
    sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
        " VALUES ('cases', 'wake', %s, 'doing') RETURNING id",
        args,
    )
    tries = 0
    while sql("SELECT attempts FROM procrastinate_jobs") == [(tries,)] and tries < 10:
        assert as_system(database, jobs.rescue) == 1
        tries += 1
        (pause,) = sql("SELECT scheduled_at - now() > interval '250 seconds' FROM procrastinate_jobs")
        if tries < 10:  # taken again, and its worker dies again
            sql("UPDATE procrastinate_jobs SET status = 'doing' RETURNING id")
    assert (tries, pause) == (10, (True,))
    sql("UPDATE procrastinate_jobs SET scheduled_at = NULL RETURNING id")
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(lambda: sql("SELECT code FROM incidents WHERE status = 'open'") == [("given-up",)])
        until(lambda: sql("SELECT count(*) FROM procrastinate_jobs") == [(0,)])


def as_system(database: Database, command: Callable[[UnitOfWork], Any]) -> Any:
    return factories.as_actor(
        database, factories.an_actor(database, "administrator", os.urandom(4).hex()), command
    )


def test_hanging_connector_delays_no_other_and_no_timer(
    database: Database,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    _deploy_both(database)
    for number in range(25):
        start(n=number, hang=True)
    with (
        working.serving(database_url, tmp_path, "--queue", "calls"),
        working.serving(database_url, tmp_path, "--queue", "cases"),
    ):
        until(lambda: agency.hanging == 25)
        start(n=26, hang=False)
        until(ended(sql))
        assert agency.hanging == 25
        agency.let_go.set()
        until(ended(sql, 26))


def test_name_that_nobody_answers_for_delays_no_other_call(
    database: Database,
    *,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    file, lookup = tmp_path / "connectors.toml", socket.getaddrinfo
    file.write_text(file.read_text().replace("127.0.0.1", "localhost").replace("localhost", "nowhere", 1))

    def looked_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host in ("nowhere", b"nowhere"):
            agency.let_go.wait(60)
        return lookup(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    _deploy_both(database)
    for number in range(40):
        start(n=number, hang=False)
    start(n=41, hang=True)

    def drive() -> bool:
        try:
            until(ended(sql))
            return True
        finally:
            agency.let_go.set()
            os.kill(os.getpid(), signal.SIGTERM)

    agency.hang = False
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url})
    with ThreadPoolExecutor(1) as threads:
        driven = threads.submit(drive)
        assert serve(settings, database_url, "calls") == 0
    assert driven.result()


def _deploy_both(database: Database) -> None:
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "which", default="else"),
        asking("hang"),
        asking("it").replace('id="ask"', 'id="well"'),
        waiting_a_moment(),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "which"),
        bpmn.flow("which", "ask", "hang"),
        bpmn.flow("which", "well", name="else"),
        bpmn.flow("well", "pause"),
        bpmn.flow("pause", "end"),
        bpmn.flow("ask", "end"),
    ]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows)))


def test_failed_call_is_tried_again_under_the_same_id(
    database: Database,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    deploy(database, asking())
    agency.answers = [500, 503]
    start(n=1)
    with working.serving(database_url, tmp_path, "--queue", "calls"):
        until(ended(sql))
    ((call_id, attempts),) = sql("SELECT id, attempts FROM calls")
    assert (agency.asked, attempts) == ({str(call_id): 3}, 3)
    ((payload,),) = sql("SELECT payload FROM events WHERE kind = 'call.answered'")
    assert set(payload) == {"call", "seconds", "request_digest"}
    tried = sql("SELECT facts, actor_role FROM events WHERE kind = 'call.tried' ORDER BY seq")
    assert [(facts["attempt"], facts["code"], role) for facts, role in tried] == [
        (1, "status", "system"),
        (2, "status", "system"),
        (3, "ok", "system"),
    ]
    assert all(facts["call"] == str(call_id) and 0 <= facts["ms"] < 60_000 for facts, _ in tried)


def test_call_that_fails_for_good_is_an_incident(
    database: Database,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    deploy(database, asking())
    agency.answers = [500, 500, 500]
    start(n=1)
    with working.serving(database_url, tmp_path, "--queue", "calls"):
        until(lambda: sql("SELECT code, attempts FROM incidents") == [("status", 3)])
    assert sum(agency.asked.values()) == 3


def test_refused_call_goes_to_the_diagrams_error_boundary(
    database: Database,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    caught = '<bpmn:errorEventDefinition errorRef="e"/>'
    deploy(
        database,
        asking(),
        more=bpmn.node("boundaryEvent", "unknown", caught, attachedToRef="ask")
        + bpmn.node("userTask", "look_up")
        + bpmn.flow("unknown", "look_up"),
        root='<bpmn:error id="e" errorCode="UNKNOWN"/>',
    )
    agency.answers = [404]
    start(n=1)
    with working.serving(database_url, tmp_path, "--queue", "calls"):
        until(lambda: sql("SELECT element FROM tasks WHERE status = 'open'") == [("look_up",)])
    assert sum(agency.asked.values()) == 1


def test_call_whose_worker_died_is_made_again(
    database: Database,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    start: Callable[..., CaseView],
    agency: Agency,
) -> None:
    deploy(database, asking("hang"))
    start(n=1)
    with working.serving(database_url, tmp_path, "--queue", "calls") as worker:
        until(lambda: agency.hanging == 1)
        worker.kill()
    agency.let_go.set()
    sql("UPDATE calls SET lease_until = now() RETURNING id")
    with working.serving(database_url, tmp_path, "--queue", "calls"):
        until(ended(sql))
    ((call_id,),) = sql("SELECT id FROM calls")
    assert set(agency.asked) == {str(call_id)}


def test_events_reach_a_subscriber_in_their_order(
    database: Database,
    *,
    database_url: str,
    tmp_path: Path,
    sql: Sql,
    actor: Callable[..., Actor],
    start: Callable[..., CaseView],
    subscriber: Receiver,
) -> None:
    deploy(database, "userTask a")
    administrator = actor("administrator")
    factories.as_actor(
        database, administrator, lambda uow: subscriptions.create(uow, subscriber.url, allow=LOOPBACK)
    )
    subscriber.answers = [500]
    case = start()
    factories.as_actor(
        database, actor("caseworker"), lambda uow: cases.cancel(uow, case.id, reason="withdrawn")
    )
    with working.serving(database_url, tmp_path, "--queue", "calls"):
        until(lambda: bool(sql("SELECT 1 FROM deliveries WHERE failure IS NOT NULL")))
        factories.as_actor(
            database,
            administrator,
            lambda uow: uow.connection.exec_driver_sql("UPDATE deliveries SET due_at = now()"),
        )
        until(lambda: len(subscriber.received) >= 4)
    ids = subscriber.ids[1:]
    assert ids == [f"{case.id}/{seq}" for seq in range(1, len(ids) + 1)]


def test_supervisor_starts_again_what_dies_and_stops_all_in_the_end(
    database_url: str, tmp_path: Path, sql: Sql
) -> None:
    def alive() -> int:
        ((count,),) = sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")
        return int(count)

    with working.serving(database_url, tmp_path, WORKERS="1") as worker:
        until(lambda: alive() == 3)
        victim, *others = worker.children
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(worker.children) == 3 and victim not in worker.children and alive() == 3)
        assert {*others} <= {*worker.children}
        worker.process.terminate()
        assert worker.process.wait(30) == 0
    until(lambda: alive() == 0)


def test_workers_outlive_their_connections(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    """One that loses its connection amid a statement ends, and is started again."""
    deploy(database, waiting_a_moment())
    with working.serving(database_url, tmp_path, WORKERS="1") as worker:
        mine = "datname = current_database() AND usename = current_user"
        others = f"FROM pg_stat_activity WHERE {mine} AND pid <> pg_backend_pid()"
        until(lambda: bool(sql(f"SELECT 1 {others} AND query LIKE 'LISTEN%%'")))
        database.dispose()
        sql(f"SELECT pg_terminate_backend(pid) {others}")
        start()
        until(ended(sql))
        assert worker.process.poll() is None


def test_worker_waits_for_a_database_that_hangs(
    database: Database, database_url: str, tmp_path: Path, sql: Sql, start: Callable[..., CaseView]
) -> None:
    deploy(database, waiting_a_moment())
    with (
        cutting.line(database_url) as line,
        working.serving(line.url, tmp_path, "--queue", "cases") as worker,
    ):
        until(lambda: bool(sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")))
        line.hold()
        until(lambda: '"event":"database.gone"' in worker.log.read_text())
        start()
        line.release()
        until(ended(sql))
        until(lambda: '"event":"database.back"' in worker.log.read_text())
        assert worker.process.poll() is None
    assert '"error":"Unresponsive"' in worker.log.read_text()


@pytest.mark.parametrize("error", [Uncertain("committed or not"), PoolTimeout()])
def test_worker_whose_sweep_loses_the_database_ends_and_says_why(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    async def failing(_: object) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_raise(error))

    told: list[str] = []
    monkeypatch.setitem(process._SERVED, "cases", (process._SERVED["cases"][0], failing))
    log = SimpleNamespace(error=lambda _, **fields: told.append(fields["error"]))
    monkeypatch.setattr(process, "log", log)
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path), "DATABASE_URL": database_url})
    assert (serve(settings, database_url, "cases"), told) == (1, [type(error).__name__])


async def _raise(error: Exception) -> None:
    raise error


def test_given_up_call_is_one_incident(database: Database, start: Callable[..., CaseView], sql: Sql) -> None:
    deploy(database, asking())
    start(n=1)
    ((call_id,),) = sql("SELECT id FROM calls")
    as_system(database, lambda uow: external_calls.give_up(uow, call_id, "because"))
    assert sql("SELECT code FROM incidents") == [("given-up",)]
