"""Clients that drive cases over HTTP and time each request. The same for every server that is measured.

Each request has its own connection, as with gunicorn's sync workers, and plain bytes on a socket:
`http.client` would take more of the processor that the server needs.
"""

import itertools
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from uuid import uuid4

import orjson

HOST = "127.0.0.1"
API = "/api/v1"
KINDS = ("start", "list", "complete")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure: its port, its main process and its database. `keyed`: each write has a key."""

    name: str
    port: int
    definition: str
    starter: str = ""
    worker: str = ""
    keyed: bool = False
    master: int = 0
    database: str = ""


def case_data(number: int) -> dict[str, Any]:
    """Return the application; its amount exceeds the gateway's threshold, so that every case has its task."""
    return {"amount": 1000 + number % 977, "name": f"Applicant {number}"}


def task_data() -> dict[str, Any]:
    """Return the answer to the task's form."""
    return {"decision": "granted", "note": "All documents are in order."}


class Refused(Exception):
    """A response other than 2xx."""


@dataclass(slots=True)
class Sample:
    """The results of some clients in some seconds; `times` are seconds per kind of request."""

    cases: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the clients themselves
    used: Counter[str] = field(default_factory=Counter)  # processor seconds of the server, by kind of process
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.cases / self.seconds if self.seconds else 0.0


class Client:
    """One client: runs one case after the other, each with three dependent requests."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.sample = Sample()

    def run_case(self) -> None:
        """Start a case, list its tasks, complete the only one."""
        case = self.start()
        self.complete(self.find_task(case))
        self.sample.cases += 1

    def start(self) -> str:
        body = {"definition": self._target.definition, "data": case_data(next(_numbers))}
        answer = self._timed("start", "POST", "/cases", self._target.starter, body)
        return str(orjson.loads(answer)["id"])

    def find_task(self, case: str) -> str:
        answer = self._timed("list", "GET", f"/tasks?case={case}", self._target.worker)
        return str(orjson.loads(answer)["items"][0]["id"])

    def complete(self, task: str) -> None:
        self._timed("complete", "POST", f"/tasks/{task}/complete", self._target.worker, {"data": task_data()})

    def _timed(self, kind: str, method: str, path: str, token: str, body: object = None) -> bytes:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self._target.keyed and method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        content = b"" if body is None else orjson.dumps(body)
        began = time.perf_counter()
        status, answer = exchange(self._target.port, method, API + path, headers, content)
        self.sample.times[kind].append(time.perf_counter() - began)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path}: {status} {answer[:300].decode(errors='replace')}")
        return answer


def exchange(port: int, method: str, path: str, headers: dict[str, str], content: bytes) -> tuple[int, bytes]:
    """Send one request on its own connection; return status and body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    with socket.create_connection((HOST, port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 "):
        raise ConnectionError(f"{method} {path}: no answer")
    return int(head[9:12]), body


def measure(target: Target, clients: int, seconds: float) -> Sample:
    """Run so many clients for so long; each finishes the case that it has begun."""
    return during(target, clients, lambda: time.sleep(seconds))


def steadily(target: Target, clients: int, seconds: float, rate: float) -> Sample:
    """Run so many clients for so long that together begin at most so many cases per second."""
    began, cases = time.perf_counter(), itertools.count()

    def pace() -> None:
        time.sleep(max(0.0, began + next(cases) / rate - time.perf_counter()))

    return during(target, clients, lambda: time.sleep(seconds), pace)


def during(
    target: Target, clients: int, what: Callable[[], None], pace: Callable[[], None] = lambda: None
) -> Sample:
    """Run so many clients until something has ended; each finishes the case that it has begun.

    `pace` is called before each case.
    """
    crew = [Client(target) for _ in range(clients)]
    ended = threading.Event()
    began, used = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=_work, args=(client, ended, pace)) for client in crew]
    for thread in threads:
        thread.start()
    try:
        what()
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    total = pooled([client.sample for client in crew])
    total.seconds = time.perf_counter() - began
    total.cpu_seconds = time.process_time() - used
    return total


def pooled(samples: list[Sample]) -> Sample:
    """Combine several samples into one."""
    total = Sample()
    for sample in samples:
        total.cases += sample.cases
        total.seconds += sample.seconds
        total.cpu_seconds += sample.cpu_seconds
        total.used.update(sample.used)
        total.errors += sample.errors
        for kind, times in sample.times.items():
            total.times[kind] += times
    return total


def percentiles(times: list[float]) -> tuple[float, float, float]:
    """Return p50, p95 and p99 in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else [*times, 0.0] * 99
    return cuts[49] * 1000, cuts[94] * 1000, cuts[98] * 1000


def _work(client: Client, ended: threading.Event, pace: Callable[[], None]) -> None:
    while not ended.is_set():
        pace()
        try:
            client.run_case()
        except (Refused, OSError, LookupError, ValueError) as error:
            client.sample.errors.append(f"{type(error).__name__}: {error}")
            if len(client.sample.errors) >= 20:  # something is broken: no use in continuing
                return
