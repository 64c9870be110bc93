"""Connectors and other systems for tests of calls: the mock hub, servers that return given bytes."""

import asyncio
import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo import connectors
from demo.hub.server import Hub
from engine.connectors import CallFailed, Connector, Connectors, Reply, Request, send
from engine.platform.config import Settings
from engine.platform.ids import uuid7

CERTIFICATE = Path(__file__).with_name("localhost.pem")  # for localhost and 127.0.0.1; its key is no secret
PERSON = "0012345679"
BILL = {"amount_rials": 5000, "reference": "1405-000001"}
JSON_OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


# What each connector declares; tests of it write it themselves.
DECLARED = 'agency = "registry"\npurpose = "Verify"\nlegal_basis = "Registry Act"\n'


def declared(content: str) -> str:
    """The file with what each connector must declare."""
    return content.replace("kind = ", f"{DECLARED}kind = ")


def settings(folder: Path, content: str | None = None, **environ: str) -> Settings:
    """Settings of an installation with its own database, and with this connectors file."""
    if content is not None:
        (folder / "connectors.toml").write_text(declared(content), encoding="utf-8")
    base = {"PARVANDEH_VAR": str(folder), "DATABASE_URL": "postgresql+psycopg://nowhere/none"}
    return Settings.read({**base, **environ})


def demo_connectors(folder: Path, port: int = 9009) -> str:
    """Write the demonstration's connectors to the folder; its hub listens on this port."""
    file = folder / "demo-connectors.toml"
    connectors.write(file, port)
    return str(file)


def connector(folder: Path, content: str) -> Connector:
    """The one called `it`."""
    return Connectors.read(settings(folder, content)).get("it")


def plain(folder: Path, port: int, *lines: str) -> Connector:
    """One over HTTP to this port, with one operation. The lines are further keys of it."""
    return connector(
        folder,
        f'[it]\nkind = "http"\naddress = "http://127.0.0.1:{port}"\ntimeout = 20\n'
        + "\n".join(lines)
        + "\n[it.operations.ask]\n",
    )


def a_request(body: dict[str, Any] | None = None, operation: str | None = None, **given: Any) -> Request:
    """A request of case 1405-000001."""
    values: dict[str, Any] = {"case_number": "1405-000001", "user": "clerk"}
    return Request(id=uuid7(), operation=operation, body=body or {}, **{**values, **given})


def ask(chosen: Connector, request: Request) -> Reply:
    """Send it and wait."""
    return asyncio.run(send(chosen, request))


def failure(work: Coroutine[Any, Any, Any]) -> CallFailed:
    """Return how it fails."""
    with pytest.raises(CallFailed) as caught:
        asyncio.run(work)
    return caught.value


@dataclass
class Playing:
    """A mock hub within the test."""

    port: int
    connectors: Connectors

    def set_behaviour(self, service: str, behaviour: str | None, times: int | None = 1) -> None:
        """Make a service misbehave."""
        self.call("POST", "/control", {"service": service, "behaviour": behaviour, "times": times})

    @property
    def received(self) -> list[dict[str, Any]]:
        """Return what it reports to have received."""
        items: list[dict[str, Any]] = self.call("GET", "/received")["items"]
        return items

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the hub itself."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body else None, method=method
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def a_bill(hub: Playing) -> str:
    """Return the number of a new one."""
    number: str = ask(hub.connectors.get("payments"), a_request(BILL)).body["bill"]
    return number


@contextmanager
def playing(folder: Path, content: str | None = None) -> Iterator[Playing]:
    """A hub on a free port, and the shipped demo connectors to it."""
    with Hub(socket.create_server(("127.0.0.1", 0))) as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        try:
            chosen = settings(folder, content, DEMO_CONNECTORS=demo_connectors(folder, hub.server_port))
            yield Playing(hub.server_port, Connectors.read(chosen))
        finally:
            hub.shutdown()
            thread.join()


@dataclass
class Served:
    """A server that answers each connection with the same bytes."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """On a free port; it reads a request's head and body, responds and disconnects."""
    served = Served(0)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0"
        )
        served.requests.append(head + await reader.readexactly(int(length.partition(b":")[2])))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls) as server:
        served.port = server.sockets[0].getsockname()[1]
        yield served
