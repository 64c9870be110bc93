"""The web server as it is shipped, under gunicorn, with 500 clients that send nothing or half a request."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from engine.platform.config import ROOT
from tests.working import free_port

DEADLINE = 60
# Silent clients and half headers stay for as long as the test needs; bodies have little time.
CONFIGURATION = """
import resource
from dataclasses import replace
from pathlib import Path

exec(compile(Path("gunicorn.conf.py").read_text(), "gunicorn.conf.py", "exec"))
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))


def post_worker_init(worker):
    worker.limits = replace(worker.limits, head_seconds=600, grace=1)
"""
HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
WAITING = (b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
HALF_BODIES = (
    HEAD + b"Content-Length: 5000\r\n\r\nname=",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nFF\r\nname=",
)


class Server:
    """gunicorn with two workers, and its log."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "log"
        (folder / "conf.py").write_text(CONFIGURATION)
        environ = {"DATABASE_URL": url, "PARVANDEH_VAR": str(folder), "PORT": str(self.port)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", str(folder / "conf.py"), "wsgi:app"],
                cwd=ROOT,
                env=os.environ | environ | {"WEB_WORKERS": "2"},
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + DEADLINE
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> tuple[int, str, bytes]:
        """Status, media type and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def client(self, sent: bytes) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
        made.sendall(sent)
        return made


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Server]:
    started = Server(database_url, tmp_path)
    yield started
    started.process.kill()
    started.process.wait()


def ended(client: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def still_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        client.recv(1)
    except BlockingIOError:
        return True
    finally:
        client.settimeout(DEADLINE)
    return False


def test_slow_clients_hold_nobody_up_and_are_closed_at_the_end(web: Server) -> None:
    waiting = [web.client(WAITING[number % 3]) for number in range(400)]
    half = [web.client(HALF_BODIES[number % 2]) for number in range(100)]
    assert web.get("/healthz")[2] == b"ok\n"
    assert web.get("/login")[:2] == (200, "text/html; charset=utf-8")
    assert web.get("/api/v1/tasks")[0] == 401
    assert all(map(still_open, waiting))
    for client in half:
        head, _, body = ended(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert orjson.loads(body)["type"] == "urn:parvandeh:problem:request-timeout"
    with waiting.pop(2) as client:
        client.sendall(b"\r\n")
        assert ended(client).startswith(b"HTTP/1.1 200 ")
    assert all(map(still_open, waiting))
    assert b'parvandeh_refused_requests_total{reason="slow-body"} 100.0' in web.get("/metrics")[2]

    web.process.send_signal(signal.SIGTERM)
    assert web.process.wait(DEADLINE) == 0
    assert {ended(client) for client in waiting} == {b""}
    for client in (*waiting, *half):
        client.close()
    lines = [orjson.loads(line) for line in web.log.read_bytes().splitlines()]
    refused = [line for line in lines if line["event"] == "request.refused"]
    assert {line["reason"] for line in refused} == {"slow-body"}
    assert len(refused) <= 2 * 10
