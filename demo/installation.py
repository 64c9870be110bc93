"""An installation with a demonstration: its address and tokens, requests to it, and how to start one."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from engine.platform.config import ROOT, Settings

Json = dict[str, Any]

START_SECONDS = 120.0  # the first start creates the database
STOP_SECONDS = 60.0
NOT_ANSWERING = (OSError, http.client.HTTPException)


class Unexpected(Exception):
    """The installation didn't do what was expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and, if there was one, the JSON body."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Installation:
    """An address and the tokens of its demo accounts."""

    url: str
    tokens: Mapping[str, str]

    def call(self, account: str, method: str, path: str, body: Json | None = None) -> Answer:
        """Send a request as one of the accounts and print it."""
        answer = self.send(account, method, path, body)
        print(f"  {account:10} {method:4} {path}  ->  {answer.status}")
        return answer

    def look(self, account: str, path: str) -> Json:
        """Return the current state without printing. Raises Unexpected if there is none."""
        return self.ask(http.client.OK, account, "GET", path)

    def ask(self, status: int, account: str, method: str, path: str, body: Json | None = None) -> Json:
        """Return the response without printing. Raises Unexpected for any other status."""
        answer = self.send(account, method, path, body)
        require(answer.status == status, f"{method} {path} answered {answer.status} instead of {status}")
        document: Json = answer.body
        return document

    def expect(self, status: int, account: str, method: str, path: str, body: Json | None = None) -> Json:
        """As `call`; raises Unexpected for any other status. A problem's detail is always printed."""
        answer = self.call(account, method, path, body)
        document: Json = answer.body if isinstance(answer.body, dict) else {}
        if answer.status >= 400:
            print(f"{'':13}{_problem(document)}")
        require(answer.status == status, f"{method} {path} answered {answer.status} instead of {status}")
        return document

    def upload(self, account: str, field: Mapping[str, str], name: str, content: bytes) -> Json:
        """Upload a file for a field of a form, without printing."""
        url, headers = f"{self.url}/api/v1/documents", self._headers(account)
        files = {"file": (name, content)}
        try:
            answer = httpx.post(url, headers=headers, data=field, files=files, trust_env=False, timeout=30)
        except httpx.TransportError as failure:
            raise Unexpected(f"{self.url} stopped answering: {failure}") from failure
        require(answer.status_code == httpx.codes.CREATED, f"POST /documents answered {answer.status_code}")
        document: Json = answer.json()
        return document

    def _headers(self, account: str) -> dict[str, str]:
        if account not in self.tokens:
            raise Unexpected(f"the demo account {account} does not exist")
        return {"Authorization": f"Bearer {self.tokens[account]}", "Accept": "application/json"}

    def send(self, account: str, method: str, path: str, body: Json | None) -> Answer:
        """Send a request as one of the accounts, without printing."""
        headers = self._headers(account)
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        try:
            return _send(self.url, method, f"/api/v1{path}", headers, body)
        except NOT_ANSWERING as failure:
            raise Unexpected(f"{self.url} stopped answering: {failure}") from failure


def _problem(document: Json) -> str:
    faults = [f"{fault['pointer'] or '/'}: {fault['detail']}" for fault in document.get("errors") or ()]
    return "; ".join([str(document.get("detail") or document.get("title")), *faults])


def require(holds: bool, otherwise: str) -> None:
    """Raises Unexpected unless it is so."""
    if not holds:
        raise Unexpected(otherwise)


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """Yield the one in `var/demo.json`; if that doesn't respond, start one for the duration of the block."""
    known = _accounts(settings)
    if known is not None and _answers(known.url):
        print(f"Playing against {known.url}.")
        yield known
        return
    with _child(settings) as url:
        made = _accounts(settings)
        if made is None:
            raise Unexpected(
                f"there are no demo accounts in {settings.var}; only an embedded database has them"
            )
        yield Installation(url, made.tokens)


def _accounts(settings: Settings) -> Installation | None:
    file = settings.demo_accounts
    try:
        kept = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as failure:
        raise Unexpected(f"{file} cannot be read: {failure}") from failure
    return Installation(kept["url"], {account["name"]: account["token"] for account in kept["accounts"]})


@contextmanager
def _child(settings: Settings) -> Iterator[str]:
    port, hub_port = _free_ports(2)
    url = f"http://127.0.0.1:{port}"
    print(f"No installation is running; starting one at {url} for the demo.", flush=True)
    command = [sys.executable, "-m", "demo", "run", "--with-parent", str(os.getpid())]
    chosen = {"PORT": str(port), "HUB_PORT": str(hub_port), "PARVANDEH_VAR": str(settings.var)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | chosen, stdout=output, stderr=output, process_group=0
        )
        try:
            _await(lambda: _answers(url), process, output)
            yield url
        finally:
            _stop(process)


def _await(ready: Callable[[], bool], process: subprocess.Popen[bytes], output: BinaryIO) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            raise Unexpected(f"the installation did not start. Its output:\n{said}\n")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def _answers(url: str) -> bool:
    try:
        return _send(url, "GET", "/healthz", {}, None).status == http.client.OK
    except NOT_ANSWERING:
        return False


def _send(url: str, method: str, path: str, headers: Mapping[str, str], body: Json | None) -> Answer:
    """Send one request on its own connection, by `http.client`, which ignores proxy settings."""
    address = urlsplit(url)
    if address.scheme != "http" or address.hostname is None:
        raise Unexpected(f"{url!r} is not an http address")
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    return Answer(response.status, _decoded(content))


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
