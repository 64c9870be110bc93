"""A subscriber as others would write one: it listens on loopback, and responds as a test configures it."""

import base64
import hashlib
import hmac
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import orjson

STALE = 300  # seconds: an older signature is rejected


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it was received."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """Return its event."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found


@dataclass(slots=True)
class Receiver:
    """`answers` are the statuses of the next responses; 200 when there are none. `hanging` ones wait."""

    port: int
    host: str = "127.0.0.1"
    scheme: str = "http"
    answers: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)  # the status for events of this id
    received: list[Received] = field(default_factory=list)
    hanging: bool = False
    released: Event = field(default_factory=Event)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL of this receiver."""
        return f"{self.scheme}://{self.host}:{self.port}/hook?from=parvandeh"

    @property
    def ids(self) -> list[str]:
        """The events that were received, in order."""
        return [request.event["id"] for request in self.received]

    def status(self, request: Received) -> int:
        """Return the status of the response."""
        if status := self.refused.get(request.event.get("id", "")):
            return status
        return self.answers.pop(0) if self.answers else 200


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[Receiver]:
    """Run a receiver until the block ends; with TLS if it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        """Responds as the receiver is configured."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Receive one event."""
            content = self.rfile.read(int(self.headers["Content-Length"]))
            request = Received(self.path, dict(self.headers), content)
            receiver.received.append(request)
            if receiver.hanging:
                receiver.released.wait(30)
            self.send_response(receiver.status(request))
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address[1])
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.scheme = "https"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def verified(request: Received, secret: str, now: float) -> bool:
    """Return whether it was signed with the secret, recently: independent code for docs/events.md."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if abs(now - int(headers["webhook-timestamp"])) > STALE:
        return False
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), request.body])
    key = base64.b64decode(secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.split(",", 1)[1] for part in headers["webhook-signature"].split() if part[:3] == "v1,"]
    return any(hmac.compare_digest(expected, one) for one in given)
