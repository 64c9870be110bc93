"""Calls through X-Road: who asks for what, in which matter; and what counts as an answer."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.connectors import CallFailed, Connector, Reply, Request, send
from tests import exchanging
from tests.exchanging import PERSON, Playing, Served, a_request, ask, failure, serving

HASH = base64.b64encode(hashlib.sha512(b"what the server saw").digest()).decode()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Playing]:
    with exchanging.playing(tmp_path) as hub:
        yield hub


def tax(folder: Path, port: int) -> Connector:
    """A connector with a service in the Persian script."""
    return exchanging.connector(
        folder,
        f'[it]\nkind = "x-road"\naddress = "http://127.0.0.1:{port}"\nclient = "IR/GOV/1/PARVANDEH"\n'
        'service = "IR/GOV/2/مالیات/clearance"\nerrors = { 404 = "TAXPAYER_UNKNOWN" }\n'
        '[it.operations.check]\npath = "/v1/check"\nrepresents = "GOV/{party}"\n',
    )


def call(folder: Path, request: Request, *headers: str, status: str = "200 OK") -> tuple[Reply, Served]:
    """What comes of an answer with these headers, and what was sent."""

    async def made() -> tuple[Reply, Served]:
        head = "\r\n".join(
            [f"HTTP/1.1 {status}", "Content-Type: application/json", "Content-Length: 2", *headers]
        )
        async with serving(head.encode() + b"\r\n\r\n{}") as server:
            return await send(tax(folder, server.port), request), server

    return asyncio.run(made())


def failed(folder: Path, *headers: str, status: str = "200 OK") -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        call(folder, a_request({"party": "1"}), *headers, status=status)
    return caught.value


def test_path_and_headers_say_who_asks_for_what_in_which_matter(tmp_path: Path) -> None:
    request = a_request({"party": "1234"}, user="سارا")
    _, server = call(tmp_path, request, f"X-Road-Request-Hash: {HASH}")
    head = server.requests[0].decode().partition("\r\n\r\n")[0].split("\r\n")
    assert head[0] == "POST /r1/IR/GOV/2/%D9%85%D8%A7%D9%84%DB%8C%D8%A7%D8%AA/clearance/v1/check HTTP/1.1"
    assert set(head) > {
        "X-Road-Client: IR/GOV/1/PARVANDEH",
        f"X-Road-Id: {request.id}",
        "X-Road-UserId: %D8%B3%D8%A7%D8%B1%D8%A7",
        "X-Road-Issue: 1405-000001",
        "X-Road-Represented-Party: GOV/1234",
    }


def test_request_that_does_not_say_who_is_represented_is_not_sent(tmp_path: Path) -> None:
    assert failure(send(tax(tmp_path, 1), a_request({}))).code == "invalid-request"


def test_nobody_is_represented_unless_the_operation_says_who(hub: Playing) -> None:
    ask(hub.connectors.get("tax-clearance"), a_request({"national_id": "0000004091"}))
    assert "x-road-represented-party" not in hub.received[0]["tries"][0]["headers"]


def test_a_user_cannot_add_a_header(tmp_path: Path) -> None:
    _, server = call(
        tmp_path,
        a_request({"party": "1\r\nX-Evil: 1"}, user="a\r\nX-Evil: 1"),
        f"X-Road-Request-Hash: {HASH}",
    )
    assert b"\r\nX-Evil" not in server.requests[0]


def test_both_hashes_are_kept(hub: Playing) -> None:
    reply = ask(hub.connectors.get("tax-clearance"), a_request({"national_id": "0000004091"}))
    assert reply.body == {"clear": False, "debt_rials": 12_500_000}
    assert hub.received[0]["tries"][0]["sha512"] == reply.request_digest
    assert reply.request_hash is not None
    assert len(base64.b64decode(reply.request_hash)) == 64


def test_the_same_id_goes_out_on_every_try(hub: Playing) -> None:
    request, it = a_request({"national_id": "0000005037"}), hub.connectors.get("tax-clearance")
    assert [failure(send(it, request)).code for _ in range(2)] == ["status", "status"]
    assert ask(it, request).body["clear"]
    (message,) = hub.received
    assert [each["headers"]["x-road-id"] for each in message["tries"]] == [str(request.id)] * 3
    assert message["accepted"] == 1


def test_an_answer_without_the_hash_is_none(hub: Playing) -> None:
    hub.set_behaviour("tax-clearance", "no-hash")
    found = failure(send(hub.connectors.get("tax-clearance"), a_request({"national_id": PERSON})))
    assert (found.code, found.retriable) == ("invalid-reply", False)
    assert found.detail == "answered 200 without the hash of the request"


@pytest.mark.parametrize("wrong", ["", "xyz", "AAAA", HASH[:-4]])
def test_answer_with_a_malformed_hash_is_reported_as_such(tmp_path: Path, wrong: str) -> None:
    found = failed(tmp_path, f"X-Road-Request-Hash: {wrong}")
    assert found.code == "invalid-reply"
    assert found.detail == "answered 200 with a malformed hash of the request"


def test_a_refusal_counts_only_if_x_road_brought_it(tmp_path: Path) -> None:
    assert failed(tmp_path, status="404 Not Found").error_code is None
    brought = failed(tmp_path, f"X-Road-Request-Hash: {HASH}", status="404 Not Found")
    assert (brought.code, brought.error_code) == ("status", "TAXPAYER_UNKNOWN")


def test_a_server_in_between_that_is_out_of_order_may_recover(tmp_path: Path) -> None:
    assert failed(tmp_path, status="502 Bad Gateway").retriable


def test_an_answer_to_another_message_is_none(tmp_path: Path) -> None:
    found = failed(tmp_path, f"X-Road-Request-Hash: {HASH}", "X-Road-Id: other")
    assert (found.code, found.detail) == ("invalid-reply", "the answer is to another message")


@pytest.mark.parametrize(
    ("error", "detail", "retriable"),
    [
        ("Server.ServerProxy.NetworkError", "Server.ServerProxy.NetworkError, with 500", True),
        ("Client.BadRequest", "Client.BadRequest, with 500", False),
        (f"Server.{PERSON}", "unnamed, with 500", True),
    ],
)
def test_a_failure_of_x_road_itself_is_told_by_its_kind(
    tmp_path: Path, error: str, detail: str, retriable: bool
) -> None:
    found = failed(tmp_path, f"X-Road-Error: {error}", status="500 Internal Server Error")
    assert (found.code, found.detail, found.retriable) == ("x-road", detail, retriable)


def test_a_failure_of_x_road_is_never_the_service_s_answer(tmp_path: Path) -> None:
    found = failed(tmp_path, "X-Road-Error: Server.ClientProxy.UnknownMember", status="404 Not Found")
    assert (found.code, found.error_code) == ("x-road", None)


def test_the_hub_fails_as_x_road_does(hub: Playing) -> None:
    hub.set_behaviour("tax-clearance", "x-road-error")
    found = failure(send(hub.connectors.get("tax-clearance"), a_request({"national_id": PERSON})))
    assert found.detail == "Server.ServerProxy.ServiceFailed, with 500"
    assert hub.received[0]["accepted"] == 0
