"""The hub over HTTP: it receives, remembers, and responds well or badly, as configured.

`POST /control {"service", "behaviour", "times"}`, `GET /received`, `DELETE /received`, `POST
/payments/bills/{bill}/pay`; `/payments/bills/{bill}` is a page for payers; `POST /login/tokens
{"national_id", "level"}` signs that a person is logged in. All other requests go to a service.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import socket
import socketserver
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from demo.hub import page, payments, signing
from demo.hub.agencies import BEHAVIOURS_BY_ID, SERVICES, Answer, Json, Question, Service
from demo.hub.ledger import BEHAVIOURS, NOT_ACCEPTED, Ledger

SLOW_SECONDS = 2.0
DRIP_SECONDS = 0.05
PATIENCE = 600  # seconds until a silent connection is closed
HUGE = 50 << 20
MAX_BODY = 1 << 20
PAY = re.compile(r"/payments/bills/([^/]+)/pay")
BILL = re.compile(r"/payments/bills/([^/]+)")
LOCAL = {"127.0.0.1", "localhost"}


class Hub(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """The server on a socket that already listens; `ledger` is its memory."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, var: Path | None = None) -> None:
        """`var` is the data folder of the installation to which its payment page belongs."""
        super().__init__(listening.getsockname(), _Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = listening.getsockname()[:2]
        self.ledger = Ledger(var and var / "hub.json")
        self.accounts = var and var / "demo.json"
        self.signer = signing.Signer()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore callers that disconnect: tests do so on purpose."""


class _Conversation(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: it would contain data."""

    def do_GET(self) -> None:
        """Handle it like all methods."""
        self._receive()

    def do_POST(self) -> None:
        """Handle it like all methods."""
        self._receive()

    def do_DELETE(self) -> None:
        """Handle it like all methods."""
        self._receive()

    def _receive(self) -> None:
        content = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        path = urlsplit(self.path).path
        if shown := BILL.fullmatch(path):
            self._page(shown[1], content)
            return
        try:
            body = json.loads(content or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._send(Answer(400, {"error": "the body is not a JSON object"}))
        elif answer := self._own(path, body):
            self._send(answer)
        else:
            self._ask(path, content, body)

    def _own(self, path: str, body: Json) -> Answer | None:
        """Serve the endpoints of the hub itself."""
        match (self.command, path):
            case ("GET", "/received"):
                return Answer(200, {"items": self.server.ledger.received()})
            case ("DELETE", "/received"):
                self.server.ledger.forget()
                return Answer(200, {})
            case ("POST", "/control"):
                return self._control(body)
            case ("GET" | "POST", address) if address.startswith(f"{signing.PATH}/"):
                return self._login(address.removeprefix(signing.PATH), body)
        paid = PAY.fullmatch(path)
        return self._pay(paid[1], body) if paid else None

    def _login(self, path: str, body: Json) -> Answer:
        """Play the provider of a login."""
        issuer, signer = f"{self._address}{signing.PATH}", self.server.signer
        match (self.command, path):
            case ("GET", "/.well-known/openid-configuration"):
                return Answer(200, signer.document(issuer))
            case ("GET", "/keys"):
                return Answer(200, signer.keys())
            case ("POST", "/tokens"):
                token = signer.token(issuer, body)
                if token is None:
                    levels = ", ".join(signing.LEVELS)
                    return Answer(400, {"error": f"send national_id, and optionally level: {levels}"})
                return Answer(200, {"access_token": token, "expires_in": signing.LIFETIME})
        return Answer(404, {"error": "this is no address of the login"})

    def _ask(self, path: str, content: bytes, body: Json) -> None:
        for name, service in SERVICES.items():
            if self.command == service.method and (found := service.path.fullmatch(path)):
                return self._serve(name, service, unquote(found[1]), content, body)
        return self._send(Answer(404, {"error": "no service is simulated at this address"}))

    def _control(self, body: Json) -> Answer:
        service, behaviour, times = str(body.get("service")), body.get("behaviour"), body.get("times", 1)
        if service not in SERVICES:
            return Answer(400, {"error": f"service must be one of {', '.join(SERVICES)}"})
        if behaviour is not None and behaviour not in BEHAVIOURS:
            return Answer(400, {"error": f"behaviour must be null or one of {', '.join(BEHAVIOURS)}"})
        if times is not None and (not isinstance(times, int) or times < 1):
            return Answer(400, {"error": "times must be null (for good) or a number from 1"})
        self.server.ledger.set_behaviour(service, behaviour, times)
        return Answer(200, {"service": service, "behaviour": behaviour, "times": times})

    def _serve(self, name: str, service: Service, place: str, content: bytes, body: Json) -> None:
        message = self.headers.get("X-Road-Id" if service.x_road else "Idempotency-Key")
        if not message:
            return self._send(Answer(400, {"error": "a message needs an id"}))
        if service.x_road and not self.headers.get("X-Road-Client"):
            return self._send(
                Answer(400, {"type": "Client.BadRequest"}), {"X-Road-Error": "Client.BadRequest"}
            )
        ledger = self.server.ledger
        national_id = body.get("national_id")
        by_id = BEHAVIOURS_BY_ID.get(national_id) if isinstance(national_id, str) else None
        behaviour = ledger.receive(name, message, self._seen(content), by_id)
        added = self._x_road(content, message, behaviour) if service.x_road else {}
        answer = Answer(500, {"error": "out of order"})
        if behaviour not in NOT_ACCEPTED:
            answer = ledger.once(
                name, message, lambda: service.answer(Question(place, body, message, self._address))
            )
        return self._misbehave(behaviour, answer, added)

    def _seen(self, content: bytes) -> Json:
        """Return what a test may want to know about an attempt."""
        told = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower().startswith("x-r") or name.lower() == "idempotency-key"
        }
        return {"headers": told, "sha512": hashlib.sha512(content).hexdigest()}

    def _x_road(self, content: bytes, message: str, behaviour: str | None) -> dict[str, str]:
        """Return what a Security Server adds to a response (PR-REST 4.3)."""
        if behaviour == "x-road-error":
            return {"X-Road-Error": "Server.ServerProxy.ServiceFailed"}
        added = {
            "X-Road-Client": self.headers["X-Road-Client"],
            "X-Road-Service": urlsplit(self.path).path.removeprefix("/r1/").partition("/v1/")[0],
            "X-Road-Id": message,
            "X-Road-Request-Id": str(uuid4()),
        }
        if behaviour != "no-hash":
            parts = hashlib.sha512(str(self.headers).encode()).digest() + hashlib.sha512(content).digest()
            added["X-Road-Request-Hash"] = base64.b64encode(hashlib.sha512(parts).digest()).decode()
        return added

    def _misbehave(self, behaviour: str | None, answer: Answer, added: dict[str, str]) -> None:
        """Respond with the configured misbehaviour."""
        content = json.dumps(answer.body).encode()
        match behaviour:
            case "slow":
                time.sleep(SLOW_SECONDS)
            case "wrong":
                return self._send(Answer(200, {"unexpected": True}), added)
            case "html":
                page = b"<!doctype html><title>Maintenance</title>"
                return self._write(200, {**added, "Content-Type": "text/html"}, page)
            case "redirect":
                return self._write(302, {**added, "Location": "/received"}, b"")
            case "silent" | "refuse" | "half" | "drip" | "huge":
                return self._break(behaviour, content, added)
        return self._send(answer, added)

    def _break(self, behaviour: str, content: bytes, added: dict[str, str]) -> None:
        """Send a response that doesn't end properly, and close the connection."""
        self.close_connection = True
        if behaviour == "refuse":
            return
        if behaviour == "silent":
            self.connection.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                self.connection.recv(1)  # returns when the caller disconnects
            return
        length = HUGE if behaviour == "huge" else len(content) + 1000
        self._head(200, {**added, "Content-Type": "application/json"}, length)
        if behaviour == "half":
            self.wfile.write(content[: len(content) // 2])
        elif behaviour == "huge":
            for _ in range(HUGE >> 16):
                self.wfile.write(b" " * (1 << 16))
        else:
            for _ in range(int(PATIENCE / DRIP_SECONDS)):
                self.wfile.write(b" ")
                time.sleep(DRIP_SECONDS)

    @property
    def _address(self) -> str:
        return f"http://{self.headers.get('Host') or 'localhost'}"

    def _page(self, number: str, content: bytes) -> None:
        """Serve the page on which a bill is paid."""
        query = parse_qs(urlsplit(self.path).query)
        chosen = page.Page(
            number,
            self.server.ledger.bill(number),
            page.language_of(query, self.headers.get("Accept-Language") or ""),
            page.Installation.read(self.server.accounts),
        )
        if self.command == "POST":
            form = parse_qs(content.decode(errors="replace"))
            shown = chosen.choose(form.get("choice", [""])[0])
            if shown.status == 303 and form.get("choice") == ["pay"]:
                self.server.ledger.pay(number)
        else:
            shown = chosen.show()
        self._write(shown.status, dict(shown.headers), shown.content)

    def _pay(self, number: str, body: Json) -> Answer:
        """Pay as the payer. With `post_to` and `token` the payment is announced there, as a message."""
        bill = self.server.ledger.bill(number)
        if bill is None:
            return Answer(404, {"error": "bill not found"})
        facts = {name: bill[name] for name in payments.FACTS}
        posted = None
        if body.get("post_to"):
            target = urlsplit(str(body["post_to"]))
            if target.hostname not in LOCAL:
                return Answer(400, {"error": "the mock hub only accepts connections from this machine"})
            posted = payments.announce(target, str(body.get("token", "")), facts).status
        return Answer(200, {**facts, "status": "paid", "posted": posted})

    def _send(self, answer: Answer, added: dict[str, str] | None = None) -> None:
        headers = {**(added or {}), "Content-Type": "application/json"}
        self._write(answer.status, headers, json.dumps(answer.body).encode())

    def _write(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self._head(status, headers, len(content))
        self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
