"""Plays three cases against a running installation, over HTTP alone, and tells each step.

It is a smoke test too: whatever is not as expected ends it with exit code 1. It knows nothing of the engine
but its API; where no installation answers, it starts one for as long as it plays.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from engine.config import ROOT, Settings

Json = dict[str, Any]

START_SECONDS = 120.0  # the first start makes the database
STOP_SECONDS = 60.0
NOT_ANSWERING = (OSError, http.client.HTTPException)

ADDRESS: Json = {
    "national_id": "0012345679",
    "new_address": "تهران، خیابان آزادی، کوچهٔ یاس، پلاک ۱۲، واحد ۳",
    "postal_code": "1345678901",
    # As registries write: other digits, other letters, other punctuation. It is the same address.
    "property_registry": {
        "postal_code": "۱۳۴۵۶-۷۸۹۰۱",
        "address": "تهران - خيابان آزادي - كوچهٔ ياس - پلاك 12 - واحد 3",
        "occupant_national_ids": ["0012345679", "0098765431"],
    },
    "household_registry": {"head_national_id": "0098765431"},
}
UNKNOWN_ADDRESS: Json = ADDRESS | {
    "property_registry": {
        "postal_code": "1345678901",
        "address": "تهران، خیابان انقلاب، پلاک ۴۰",
        "occupant_national_ids": ["0055555553"],
    }
}
SHOP: Json = {
    "national_id": "0012345679",
    "mobile": "09120000000",
    "shop_name": "پروتئینی مهر",
    "business_code": "4721",
    "premises_postal_code": "1345678901",
    "area_m2": 85,
    "risk_class": "high",
    "tax_registry": {"debt_rials": 0, "instalment_agreement": False},
    "municipality": {"land_use": "commercial"},
    "health_registry": {"health_card_valid": True, "hygiene_training_passed": True},
    "guild_registry": {"previous_violations": 0},
}
INSPECTION: Json = {"inspected_on": "2026-03-21", "applicant_present": False, "premises_compliant": True}


class Unexpected(Exception):
    """The installation did not do what it should have done."""


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
        """Send a request as one of the accounts and tell it."""
        if account not in self.tokens:
            raise Unexpected(f"there is no demo account named {account}")
        headers = {"Authorization": f"Bearer {self.tokens[account]}", "Accept": "application/json"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        try:
            answer = _send(self.url, method, f"/api/v1{path}", headers, body)
        except NOT_ANSWERING as failure:
            raise Unexpected(f"{self.url} stopped answering: {failure}") from failure
        print(f"  {account:10} {method:4} {path}  ->  {answer.status}")
        return answer

    def expect(self, status: int, account: str, method: str, path: str, body: Json | None = None) -> Json:
        """As `call`; any other status is unexpected. A problem's detail is told either way."""
        answer = self.call(account, method, path, body)
        document: Json = answer.body if isinstance(answer.body, dict) else {}
        if answer.status >= 400:
            print(f"{'':13}{_problem(document)}")
        _require(answer.status == status, f"{method} {path} answered {answer.status} instead of {status}")
        return document


HELP = "Drive cases from application to decision over HTTP and show each step."


def declare(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Play and tell; 0 if everything was as expected."""
    try:
        with _installation(settings) as installation:
            for play in (_play_match, _play_mismatch, _play_licence):
                play(installation)
    except Unexpected as failure:
        return _fail(str(failure))
    except KeyError as missing:
        return _fail(f"an answer lacks {missing}")
    print("\nEverything was as expected.")
    return 0


def _fail(reason: str) -> int:
    print(f"The demo failed: {reason}.", file=sys.stderr)
    return 1


def _play_match(installation: Installation) -> None:
    _title("Address change: the registries agree, so nobody has to do anything")
    case = _start(installation, "address-change", ADDRESS)
    _require_ended(case, "updated")
    _tell("registered address", case["data"]["registered_address"]["address"])
    _show_log(installation, case)


def _play_mismatch(installation: Installation) -> None:
    _title("Address change: the registries disagree, so a caseworker decides")
    case = _start(installation, "address-change", UNKNOWN_ADDRESS)
    _tell("differences", ", ".join(case["data"]["differences"]))
    task = _take(installation, case, "resolve_mismatch", "caseworker")
    print("  Another caseworker tries to complete what is claimed already:")
    refusal = {"code": "occupancy_not_proven", "text": "سکونت در این نشانی از پاسخ مراجع برنمی‌آید."}
    answer = {"decision": "refused", "ground": refusal}
    path = f"/tasks/{task['id']}/complete"
    installation.expect(409, "inspector", "POST", path, {"data": answer})
    installation.expect(200, "caseworker", "POST", path, {"data": answer})
    case = _read(installation, case)
    _require_ended(case, "refused")
    _tell("ground", case["data"]["ground"]["code"])
    _show_log(installation, case)


def _play_licence(installation: Installation) -> None:
    _title("Food-shop licence of high risk: rules choose the route, people inspect and decide")
    case = _start(installation, "food-shop-licence", SHOP)
    for name in ("tax_clear", "zoning_result", "health_clear", "route", "statutory_days"):
        _tell(name, case["data"][name])
    task = _take(installation, case, "inspect_premises", "inspector")
    _complete(installation, task, "inspector", INSPECTION)
    task = _take(installation, case, "decide", "caseworker")
    print("  A refusal without a ground is not accepted:")
    path = f"/tasks/{task['id']}/complete"
    installation.expect(422, "caseworker", "POST", path, {"data": {"decision": "refused"}})
    _complete(installation, task, "caseworker", {"decision": "granted"})
    case = _read(installation, case)
    _require_ended(case, "granted")
    _tell("fee in rials", case["data"]["fee_rials"])
    _require(str(case["data"]["fee_rials"]) == "10250000", "the fee is not 10250000 rials")
    _show_log(installation, case)


def _start(installation: Installation, definition: str, data: Json) -> Json:
    body = {"definition": definition, "applicant": data["national_id"], "data": data}
    case = installation.expect(201, "portal", "POST", "/cases", body)
    _describe(case)
    return case


def _take(installation: Installation, case: Json, element: str, account: str) -> Json:
    """Find the one open task of the case, look at it and claim it."""
    query = urlencode({"case": case["id"], "status": "open"})
    tasks = installation.expect(200, account, "GET", f"/tasks?{query}")["items"]
    found = [task["element"] for task in tasks]
    _require(found == [element], f"the open tasks are {found} instead of {element}")
    task = installation.expect(200, account, "GET", f"/tasks/{tasks[0]['id']}")
    _tell("task", task["name"])
    _tell("lane", task["lane"])
    installation.expect(200, account, "POST", f"/tasks/{task['id']}/claim", {})
    return task


def _complete(installation: Installation, task: Json, account: str, data: Json) -> None:
    installation.expect(200, account, "POST", f"/tasks/{task['id']}/complete", {"data": data})


def _read(installation: Installation, case: Json) -> Json:
    case = installation.expect(200, "caseworker", "GET", f"/cases/{case['id']}")
    _describe(case)
    return case


def _describe(case: Json) -> None:
    _tell("case number", case["case_number"])
    _tell("status", case["status"])
    _tell("outcome", case["outcome"] or "none yet")
    _require(not case["incidents"], f"case {case['case_number']} has incidents: {case['incidents']}")


def _require_ended(case: Json, outcome: str) -> None:
    state = (case["status"], case["outcome"])
    _require(state == ("completed", outcome), f"case {case['case_number']} is {state} instead of {outcome}")


def _show_log(installation: Installation, case: Json) -> None:
    log = list(_events(installation, case))
    _require(bool(log), f"the log of case {case['case_number']} is empty")
    print(f"\n  Log of case {case['case_number']}")
    _print_row("seq", "time", "kind", "element", "actor's role")
    for event in log:
        _print_row(event["seq"], event["at"], event["kind"], event["element"] or "", _role(event))


def _events(installation: Installation, case: Json) -> Iterator[Json]:
    cursor = None
    while True:
        query = f"?cursor={quote(cursor)}" if cursor else ""
        page = installation.expect(200, "caseworker", "GET", f"/cases/{case['id']}/events{query}")
        yield from page["items"]
        cursor = page["next"]
        if not cursor:
            return


def _role(event: Json) -> str:
    return str(event["actor"]["role"])


def _title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _tell(name: str, value: object) -> None:
    print(f"{'':13}{name}: {value}")


def _print_row(*cells: object) -> None:
    seq, at, kind, element, role = map(str, cells)
    print(f"  {seq:>4}  {at:28} {kind:20} {element:22} {role}")


def _problem(document: Json) -> str:
    faults = [f"{fault['pointer'] or '/'}: {fault['detail']}" for fault in document.get("errors") or ()]
    return "; ".join([str(document.get("detail") or document.get("title")), *faults])


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Unexpected(otherwise)


@contextmanager
def _installation(settings: Settings) -> Iterator[Installation]:
    """The one that `var/demo.json` names; if that does not answer, one of our own for the block."""
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
    file = settings.var / "demo.json"
    try:
        kept = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as failure:
        raise Unexpected(f"{file} cannot be read: {failure}") from failure
    return Installation(kept["url"], {account["name"]: account["token"] for account in kept["accounts"]})


@contextmanager
def _child(settings: Settings) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    print(f"Nothing answers yet; starting an installation at {url} for the demo.", flush=True)
    command = [sys.executable, "-m", "engine", "run", "--with-parent", str(os.getpid())]
    chosen = {"PORT": str(port), "PARVANDEH_VAR": str(settings.var)}
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
            raise Unexpected(f"the installation did not start. It said:\n{said}\n")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    try:
        return _send(url, "GET", "/healthz", {}, None).status == http.client.OK
    except NOT_ANSWERING:
        return False


def _send(url: str, method: str, path: str, headers: Mapping[str, str], body: Json | None) -> Answer:
    """One request on a connection of its own; through `http.client`, which minds no proxy settings."""
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
