"""Calls over HTTP to servers that answer well, badly, or not at all."""

import asyncio
import gzip
import hashlib
import json
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.connectors import CallFailed, Connector, Reply, Request, send
from tests import exchanging
from tests.exchanging import CERTIFICATE, JSON_OK, PERSON, Playing, a_request, ask, failure, serving

DATA = "مریم-0012345679"  # must never be reported


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Playing]:
    with exchanging.playing(tmp_path) as hub:
        yield hub


def registry(hub: Playing, tmp_path: Path, *lines: str) -> Connector:
    """The hub's civil registry, by a connector of our own."""
    keys = "\n".join(lines)
    return exchanging.connector(
        tmp_path,
        f'[it]\nkind = "http"\naddress = "http://127.0.0.1:{hub.port}"\n{keys}\n'
        '[it.operations.verify]\npath = "/civil-registry/persons/verify"\n'
        "[it.operations.verify.reply]\nrequired = ['result']\n",
    )


async def answered(tmp_path: Path, answer: bytes, *lines: str, request: Request | None = None) -> object:
    """What a call gives that is answered with these bytes."""
    async with serving(answer) as server:
        return await send(exchanging.plain(tmp_path, server.port, *lines), request or a_request())


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


AS_JSON = "Content-Type: application/json; charset=utf-8"


def test_an_answer_comes_back_with_the_digest_of_what_was_sent(hub: Playing) -> None:
    reply = ask(hub.connectors.get("civil-registry"), a_request({"national_id": PERSON}))
    assert reply.body == {"result": "match"}
    sent = json.dumps({"national_id": PERSON}, separators=(",", ":")).encode()
    assert reply.request_digest == hashlib.sha512(sent).hexdigest()
    assert hub.received[0]["tries"][0]["sha512"] == reply.request_digest


def test_path_and_query_come_from_the_body(tmp_path: Path) -> None:
    async def call() -> tuple[bytes, str]:
        async with serving(JSON_OK) as server:
            content = (
                f'[it]\nkind = "http"\naddress = "http://127.0.0.1:{server.port}/api"\n'
                '[it.operations.find]\nmethod = "GET"\npath = "/persons/{name}"\n'
            )
            body = {"name": "a/b ?#é", "year": 1405, "whole": True, "text": "x&y"}
            reply = await send(exchanging.connector(tmp_path, content), a_request(body))
            return server.requests[0], reply.request_digest

    sent, digest = asyncio.run(call())
    path = b"/persons/a%2Fb%20%3F%23%C3%A9?year=1405&whole=true&text=x%26y"
    assert sent.startswith(b"GET /api" + path + b" HTTP/1.1\r\n")
    assert digest == hashlib.sha512(path).hexdigest()


@pytest.mark.parametrize("name", ["", ".", "..", None, {"a": 1}, True, "x" * 70_000])
def test_a_field_that_cannot_stand_in_a_path_is_not_sent(tmp_path: Path, name: object) -> None:
    it = exchanging.connector(
        tmp_path,
        '[it]\nkind = "http"\naddress = "http://127.0.0.1:9"\n'
        '[it.operations.find]\npath = "/persons/{name}"\n',
    )
    failed = failure(send(it, a_request({"name": name})))
    assert (failed.code, failed.retriable) == ("invalid-request", False)


def test_the_same_id_goes_out_on_every_try(hub: Playing) -> None:
    hub.set_behaviour("civil-registry", "error", times=2)
    request = a_request({"national_id": PERSON})
    it = hub.connectors.get("civil-registry")
    assert [failure(send(it, request)).code for _ in range(2)] == ["status", "status"]
    assert ask(it, request).body == {"result": "match"}
    (message,) = hub.received
    assert (message["id"], message["received"], message["accepted"]) == (str(request.id), 3, 1)
    assert [each["headers"]["x-request-id"] for each in message["tries"]] == [str(request.id)] * 3


def test_what_was_done_before_the_answer_was_lost_is_not_done_twice(hub: Playing) -> None:
    hub.set_behaviour("payments", "half")
    request = a_request({"amount_rials": 5000, "reference": "1405-000001"})
    it = hub.connectors.get("payments")
    assert failure(send(it, request)).code == "interrupted"
    assert ask(it, request).body["status"] == "issued"
    assert hub.received[0]["accepted"] == 1


@pytest.mark.parametrize(
    ("behaviour", "code", "retriable"),
    [
        ("error", "status", True),
        ("html", "invalid-reply", True),
        ("half", "interrupted", True),
        ("refuse", "interrupted", True),
        ("huge", "too-large", False),
        ("redirect", "status", False),
        ("wrong", "invalid-reply", False),
    ],
)
def test_a_bad_answer_is_a_failure(
    hub: Playing, tmp_path: Path, behaviour: str, code: str, retriable: bool
) -> None:
    hub.set_behaviour("civil-registry", behaviour)
    failed = failure(send(registry(hub, tmp_path, "timeout = 60"), a_request({"national_id": PERSON})))
    assert (failed.code, failed.retriable, failed.error_code) == (code, retriable, None)


@pytest.mark.parametrize("behaviour", ["silent", "drip", "slow"])
def test_no_whole_answer_in_time_is_a_failure(hub: Playing, tmp_path: Path, behaviour: str) -> None:
    hub.set_behaviour("civil-registry", behaviour)
    failed = failure(send(registry(hub, tmp_path, "timeout = 0.3"), a_request({"national_id": PERSON})))
    assert (failed.code, failed.detail, failed.retriable) == ("timeout", "no whole answer within 0.3 s", True)


def test_redirections_are_not_followed(hub: Playing, tmp_path: Path) -> None:
    hub.set_behaviour("civil-registry", "redirect")
    failed = failure(send(registry(hub, tmp_path), a_request({"national_id": PERSON})))
    assert failed.detail == "answered 302; redirections are not followed"


def test_a_reply_that_does_not_fit_its_schema_is_told_by_its_place(hub: Playing, tmp_path: Path) -> None:
    hub.set_behaviour("civil-registry", "wrong")
    failed = failure(send(registry(hub, tmp_path), a_request({"national_id": PERSON})))
    assert failed.detail == "does not fit its schema: /result (required)"


def test_a_request_that_does_not_fit_its_schema_is_not_sent(hub: Playing) -> None:
    failed = failure(send(hub.connectors.get("civil-registry"), a_request({"national_id": DATA})))
    assert (failed.code, failed.retriable) == ("invalid-request", False)
    assert failed.detail == "does not fit its schema: /national_id (pattern)"
    assert not hub.received


def test_a_status_can_be_an_error_of_the_process(hub: Playing) -> None:
    failed = failure(send(hub.connectors.get("civil-registry"), a_request({"national_id": "0000004049"})))
    assert (failed.code, failed.detail) == ("status", "answered 404")
    assert (failed.error_code, failed.retriable) == ("PERSON_UNKNOWN", False)


@pytest.mark.parametrize(
    ("status", "retriable"),
    [("400 x", False), ("404 x", False), ("409 x", True), ("429 x", True), ("500 x", True), ("503 x", True)],
)
def test_whether_a_status_may_pass(tmp_path: Path, status: str, retriable: bool) -> None:
    failed = failure(answered(tmp_path, response(b"", status=status)))
    assert (failed.code, failed.retriable) == ("status", retriable)


def test_nobody_there_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    failed = failure(send(exchanging.plain(tmp_path, port), a_request()))
    assert (failed.code, failed.retriable) == ("unreachable", True)


def test_a_name_that_nobody_knows_is_a_failure(tmp_path: Path) -> None:
    content = '[it]\nkind = "http"\naddress = "http://nowhere.invalid"\n[it.operations.ask]\n'
    assert failure(send(exchanging.connector(tmp_path, content), a_request())).code == "unreachable"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (response(b"{}", "Content-Type: text/html"), "the answer is not JSON by its Content-Type"),
        (response(b"{}"), "the answer is not JSON by its Content-Type"),
        (response(b"{" + DATA.encode(), AS_JSON), "the answer is not JSON"),
        (response(b'{"a": NaN}', AS_JSON), "the answer is not JSON"),
        (response(b"[1]", AS_JSON), "the answer is not a JSON object"),
        (
            response(b'{"a":"\\u0000"}', AS_JSON),
            "a part of the answer contains a character that cannot be stored",
        ),
        (response(b'{"a":' + b"9" * 30 + b"}", AS_JSON), "a part of the answer does not fit in 64 bits"),
        (response(b'{"a":"\\ud800"}', AS_JSON), "the answer is not JSON"),
        (response(b'{"a":' + b"[" * 99_999, AS_JSON), "the answer is not JSON"),
        (response(b'{"$":1}', AS_JSON), "a part of the answer has the key “$”, which is reserved"),
        (
            response(b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", AS_JSON),
            "a part of the answer is nested deeper than 32 levels",
        ),
        (
            response(gzip.compress(b'{"a":1}'), AS_JSON, "Content-Encoding: gzip"),
            "the answer is not JSON",
        ),
        (b"HTTP/1.1 200 OK\r\n" + AS_JSON.encode() + b'\r\n\r\n{"a":', "the answer is not JSON"),
    ],
)  # fmt: skip
def test_what_is_no_usable_json_is_a_failure(tmp_path: Path, answer: bytes, detail: str) -> None:
    failed = failure(answered(tmp_path, answer))
    assert (failed.code, failed.detail) == ("invalid-reply", detail)


def test_an_answer_without_a_body_is_empty(tmp_path: Path) -> None:
    reply = asyncio.run(answered(tmp_path, b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert getattr(reply, "body", None) == {}


def test_other_media_types_of_json_will_do(tmp_path: Path) -> None:
    reply = asyncio.run(answered(tmp_path, response(b'{"a":1}', "Content-Type: application/hal+json")))
    assert getattr(reply, "body", None) == {"a": 1}


@pytest.mark.parametrize(
    "garbage", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_http_is_a_failure(tmp_path: Path, garbage: bytes) -> None:
    assert failure(answered(tmp_path, garbage)).code == "interrupted"


def test_a_limit_holds_whatever_length_was_announced(tmp_path: Path) -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + b" " * 1000 + b"\r\n"
    failed = failure(answered(tmp_path, chunks, "max_reply_bytes = 999"))
    assert (failed.code, failed.detail) == ("too-large", "the answer has more than 999 bytes")


@pytest.mark.parametrize(
    ("how", "header"),
    [
        ("bearer", b"Authorization: Bearer s3cr3t"),
        ("basic", b"Authorization: Basic czNjcjN0"),
        ("X-Api-Key", b"X-Api-Key: s3cr3t"),
    ],
)
def test_the_secret_goes_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, header: bytes
) -> None:
    monkeypatch.setenv("IT_TOKEN", "s3cr3t")

    async def call() -> bytes:
        async with serving(JSON_OK) as server:
            lines = ('secret = "env:IT_TOKEN"', f'secret_as = "{how}"')
            await send(exchanging.plain(tmp_path, server.port, *lines), a_request())
            return server.requests[0]

    assert header in asyncio.run(call())


def test_a_secret_that_went_away_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IT_TOKEN", "s3cr3t")
    it = exchanging.plain(tmp_path, 9, 'secret = "env:IT_TOKEN"')
    monkeypatch.delenv("IT_TOKEN")
    failed = failure(send(it, a_request()))
    assert (failed.code, failed.detail) == ("unusable-secret", "there is nothing at env:IT_TOKEN")


@pytest.mark.parametrize(
    "answer",
    [
        response(f'{{"name": "{DATA}"'.encode(), AS_JSON),
        response(f'{{"{DATA}": "\\u0000"}}'.encode(), AS_JSON),
        response(DATA.encode(), f"X-Name: {PERSON}", status=f"500 {PERSON}"),
        response(b"", f"Location: http://127.0.0.1/{PERSON}", status="302 Found"),
        response(DATA.encode(), f"Content-Type: {PERSON}"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + DATA.encode(),
        f"{PERSON}\r\n\r\n".encode(),
    ],
)
def test_neither_data_nor_secret_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    monkeypatch.setenv("IT_TOKEN", "s3cr3t")
    caplog.set_level(logging.DEBUG)
    request = a_request({"name": DATA, PERSON: 1}, user=DATA)
    failed = failure(answered(tmp_path, answer, 'secret = "env:IT_TOKEN"', request=request))
    told = "".join(traceback.format_exception(failed)) + caplog.text + repr(failed) + repr(request)
    assert not [data for data in (DATA, PERSON, "s3cr3t") if data in told]


def test_a_successful_call_logs_no_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def call() -> str:
        async with serving(response(f'{{"name": "{DATA}"}}'.encode(), AS_JSON)) as server:
            content = (
                f'[it]\nkind = "http"\naddress = "http://127.0.0.1:{server.port}"\n'
                '[it.operations.find]\nmethod = "GET"\npath = "/persons/{id}"\n'
            )
            return repr(await send(exchanging.connector(tmp_path, content), a_request({"id": PERSON})))

    told = asyncio.run(call()) + caplog.text
    assert PERSON not in told
    assert DATA not in told


def test_twenty_calls_at_once_do_not_wait_for_one_that_hangs(hub: Playing, tmp_path: Path) -> None:
    hub.set_behaviour("zoning", "silent")
    registry_, zoning = hub.connectors.get("civil-registry"), hub.connectors.get("zoning")

    async def calls() -> tuple[list[dict[str, object]], bool]:
        hanging = asyncio.create_task(send(zoning, a_request({"postal_code": "1345678901"})))
        while not await asyncio.to_thread(lambda: hub.received):
            pass
        others = [send(registry_, a_request({"national_id": PERSON})) for _ in range(19)]
        replies = [reply.body async for reply in _each(others)]
        was_hanging = not hanging.done()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        return replies, was_hanging

    replies, was_hanging = asyncio.run(calls())
    assert replies == [{"result": "match"}] * 19
    assert was_hanging
    assert sum(message["accepted"] for message in hub.received) == 20


async def _each(calls: Iterable[Coroutine[Any, Any, Reply]]) -> AsyncIterator[Reply]:
    for reply in await asyncio.gather(*calls):
        yield reply


def test_a_circuit_opens_and_a_probe_closes_it(hub: Playing, tmp_path: Path) -> None:
    hub.set_behaviour("civil-registry", "error", times=None)
    it = registry(hub, tmp_path, "breaker = { failures = 2, pause = 0 }")

    def code(pause: float) -> str:
        it.breaker.pause = pause
        return failure(send(it, a_request({"national_id": PERSON}))).code

    assert [code(60) for _ in range(3)] == ["status", "status", "circuit-open"]
    assert code(0) == "status"
    assert len(hub.received) == 3
    hub.set_behaviour("civil-registry", None)
    assert code(60) == "circuit-open"
    it.breaker.pause = 0
    assert ask(it, a_request({"national_id": PERSON})).body == {"result": "match"}
    assert ask(it, a_request({"national_id": PERSON})).body == {"result": "match"}


def test_one_connector_s_circuit_is_not_another_s(hub: Playing) -> None:
    hub.set_behaviour("civil-registry", "error", times=None)
    for _ in range(5):
        failure(send(hub.connectors.get("civil-registry"), a_request({"national_id": PERSON})))
    assert failure(send(hub.connectors.get("civil-registry"), a_request({"national_id": PERSON}))).code == (
        "circuit-open"
    )
    assert ask(hub.connectors.get("zoning"), a_request({"postal_code": "1345678902"})).body == {
        "land_use": "commercial"
    }


def over_tls(tmp_path: Path, *lines: str) -> object:
    """A call to a server with the tests' own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    async def call() -> object:
        async with serving(JSON_OK, tls=context) as server:
            keys = "\n".join(lines)
            content = f'[it]\nkind = "http"\naddress = "https://localhost:{server.port}"\n{keys}\n'
            return await send(exchanging.connector(tmp_path, content + "[it.operations.ask]\n"), a_request())

    return asyncio.run(call())


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallFailed, match="unreachable"):
        over_tls(tmp_path)


def test_a_certificate_can_be_vouched_for_by_a_file(tmp_path: Path) -> None:
    reply = over_tls(tmp_path, f'tls = {{ ca = "{CERTIFICATE}", certificate = "{CERTIFICATE}" }}')
    assert getattr(reply, "body", None) == {"ok": True}
