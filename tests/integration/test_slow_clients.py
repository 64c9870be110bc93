"""The web server as it is shipped, under gunicorn, with 500 clients that send nothing or half a request."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.web_server import DEADLINE, Server

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


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Server]:
    configuration = tmp_path / "conf.py"
    configuration.write_text(CONFIGURATION)
    started = Server(database_url, tmp_path, tmp_path / "log", str(configuration))
    yield started
    started.stop()


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
