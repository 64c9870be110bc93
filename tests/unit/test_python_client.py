"""The Python client around the generated calls: retries, keys, tokens, pages, problems, webhooks."""

import json
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from parvandeh_client import (
    Client,
    ClientCredentials,
    Content,
    Invalid,
    ParvandehError,
    Problem,
    Rejected,
    TokenRefused,
    Unavailable,
    Unreachable,
    Upload,
    Webhook,
    etag_of,
)

from engine.events.webhooks.sending import signature

Answers = Callable[[httpx.Request], httpx.Response]
CASE = {"id": "c", "case_number": "1405-000001"}
START: Any = {"definition": "p", "data": {}}
EVENT = {
    **{"specversion": "1.0", "id": "c/4", "type": "parvandeh.task.completed", "subject": "1405-000001"},
    **{"time": "2026-03-21T08:15:00Z", "data": {"case": "c", "seq": 4}},
}


class Server:
    """Answers with these in turn, and stores the requests."""

    def __init__(self, *answers: httpx.Response | Exception, token: Any = "t", attempts: int = 4) -> None:
        self.answers = [*answers]
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        http = transport(self._answer)
        http.follow_redirects = True
        self.client = Client("http://parvandeh.test/", token, http=http, attempts=attempts)
        object.__setattr__(self.client.caller.connection, "sleep", self.waits.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sent(self, header: str) -> list[str | None]:
        return [request.headers.get(header) for request in self.requests]


def transport(answer: Answers) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def busy(status: int = 503, after: str | None = "2") -> httpx.Response:
    headers = {} if after is None else {"Retry-After": after}
    problem = {"type": "urn:parvandeh:problem:busy", "detail": "busy"}
    return httpx.Response(status, json=problem, headers=headers)


def done(status: int = 200, **more: Any) -> httpx.Response:
    return httpx.Response(status, json=CASE, **more)


def test_post_is_repeated_with_its_key_and_the_next_has_another() -> None:
    server = Server(httpx.ReadTimeout("slow"), busy(), done(201), done(201), done(201))
    assert server.client.cases.start(START)["id"] == "c"
    server.client.cases.start(START)
    server.client.cases.start(START, idempotency_key="form 7")
    first, second, third, other, own = server.sent("Idempotency-Key")
    assert first == second == third != other
    assert own == "form 7"
    assert 2 <= server.waits[1] <= 3


@pytest.mark.parametrize("refusal", [busy(503, None), busy(503, "31"), busy(429, None)])
def test_what_may_have_happened_or_takes_too_long_is_not_repeated(refusal: httpx.Response) -> None:
    server = Server(refusal, done())
    with pytest.raises(Unavailable) as raised:
        server.client.account.change({"language": "fa"})
    assert (raised.value.kind, len(server.requests)) == ("busy", 1)


def test_change_without_key_is_repeated_only_if_it_was_not_sent_or_refused() -> None:
    server = Server(httpx.ConnectError("down"), busy(429, "1"), done())
    server.client.account.change({"language": "fa"})
    assert len(server.requests) == 3
    lost = Server(httpx.ReadError("lost"), done())
    with pytest.raises(Unreachable):
        lost.client.account.change({"language": "fa"})


def test_reading_is_repeated_until_the_last_attempt() -> None:
    server = Server(busy(503, None), busy(503, None), attempts=2)
    with pytest.raises(Unavailable):
        server.client.cases.show("c")
    down = Server(httpx.ReadTimeout("slow"), httpx.ConnectError("down"), attempts=2)
    with pytest.raises(Unreachable):
        down.client.cases.show("c")
    assert not down.answers


def test_tag_of_what_was_read_goes_with_the_change() -> None:
    server = Server(done(headers={"ETag": '"7"'}), done(), done())
    case = server.client.cases.show("a/b?c")
    assert server.requests[0].url.raw_path == b"/api/v1/cases/a%2Fb%3Fc"
    server.client.cases.cancel("c", {"reason": "r"}, if_match=case)
    server.client.cases.cancel("c", if_match=etag_of(case))
    assert server.sent("If-Match")[1:] == ['"7"', '"7"']


def test_change_with_an_object_that_lost_its_tag_is_not_sent() -> None:
    server = Server(done(headers={"ETag": '"7"'}), done())
    for lost in (dict(server.client.cases.show("c")), server.client.cases.show("c"), ""):
        with pytest.raises(ValueError, match="read the object again"):
            server.client.cases.cancel("c", if_match=lost)
        with pytest.raises(ValueError, match="read the object again"):
            etag_of(lost)
        server.answers.append(done())
    assert {request.method for request in server.requests} == {"GET"}
    assert etag_of(None) is None


def test_client_waits_longer_than_the_server_holds_a_request() -> None:
    with Client("http://parvandeh.test") as client:
        assert client.caller.connection.http.timeout.read == 45
    with pytest.raises(ValueError, match="attempt"):
        Client("http://parvandeh.test", attempts=0)


def test_redirect_is_not_followed_with_what_was_sent() -> None:
    elsewhere = {"Location": "https://other.test/"}
    server = Server(httpx.Response(307, headers=elsewhere), done())
    with pytest.raises(Problem, match="307"):
        server.client.acting(on_behalf_of="0000004091").cases.start(START)
    assert len(server.requests) == 1
    asked: list[str] = []

    def provider(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers=elsewhere, json={"access_token": "t"})

    http = transport(provider)
    http.follow_redirects = True
    with pytest.raises(TokenRefused, match="307"):
        ClientCredentials("https://p.test/token", "id", "s", http=http)()
    assert asked == ["p.test"]


def test_secrets_and_persons_are_in_no_error_and_no_representation() -> None:
    server = Server(token="pvd_hidden\n")
    with pytest.raises(ValueError, match="Authorization has a line break") as raised:
        server.client.cases.show("c")
    caller = Server(token="pvd_hidden").client.acting(on_behalf_of="0000004091").caller
    shown = f"{raised.value!r} {caller!r} {Content(b'hidden', 'a/b', None)!r} {Upload('a', b'hidden')!r}"
    assert "hidden" not in shown
    assert "4091" not in shown
    assert not server.requests


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_id_that_would_lead_to_another_path_is_refused(part: str) -> None:
    server = Server(done())
    with pytest.raises(ValueError, match="part of an address"):
        server.client.cases.cancel(part)
    assert not server.requests


def test_answer_that_is_no_json_or_unreadable_is_an_error_of_the_client() -> None:
    server = Server(httpx.Response(200, text="<html>"), httpx.DecodingError("gzip"))
    for _ in range(2):
        with pytest.raises(Unreachable):
            server.client.account.change({"language": "fa"})


def test_headers_may_be_persian() -> None:
    server = Server(done())
    client = server.client.acting(on_behalf_of="سارا", purpose="پیگیری", language="fa", person_token="eyJ")
    client.cases.show("c")
    headers = dict(server.requests[0].headers.raw)
    assert headers[b"X-On-Behalf-Of"].decode() == "سارا"
    assert (headers[b"X-Purpose"].decode(), headers[b"X-Person-Token"]) == ("پیگیری", b"eyJ")
    assert (headers[b"Accept-Language"], headers[b"Authorization"]) == (b"fa", b"Bearer t")


def test_problem_has_every_fault() -> None:
    fault = {"pointer": "/data/area", "code": "minimum", "detail": "is less than 1"}
    document = {"type": "urn:parvandeh:problem:invalid", "request_id": "r1", "errors": [fault], "title": "T"}
    server = Server(httpx.Response(422, json=document), httpx.Response(502, text="<html>"))
    with pytest.raises(Invalid) as raised:
        server.client.cases.start(START)
    assert [(one.pointer, one.code) for one in raised.value.errors] == [("/data/area", "minimum")]
    assert (raised.value.type, raised.value.request_id) == ("urn:parvandeh:problem:invalid", "r1")
    with pytest.raises(Exception, match="502") as other:
        server.client.cases.show("c")
    assert getattr(other.value, "type", "") == "about:blank"


def test_all_pages_are_read() -> None:
    pages = [httpx.Response(200, json={"items": [n], "next": n if n < 3 else None}) for n in (1, 2, 3)]
    server = Server(*pages, *pages)
    cases: list[Any] = [*server.client.cases.list_all(status="active")]
    queries = [parse_qs(request.url.query.decode()) for request in server.requests]
    assert queries == [{"status": ["active"]}, *({"status": ["active"], "cursor": [n]} for n in "12")]
    tasks: list[Any] = [*server.client.tasks.search_all({"text": "a"})]
    assert cases == tasks == [1, 2, 3]
    assert json.loads(server.requests[-1].content) == {"text": "a", "cursor": 2}


def test_pages_that_never_end_are_an_error() -> None:
    server = Server(*(httpx.Response(200, json={"items": [1], "next": "a"}) for _ in range(3)))
    with pytest.raises(ParvandehError, match="same page"):
        list(server.client.cases.list_all())


def test_files_are_sent_and_returned() -> None:
    picture = httpx.Response(200, content=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
    server = Server(done(201), picture)
    server.client.staging.upload({"file": Upload("a.pdf", b"%PDF"), "field": "/deed", "definition": "p"})
    body = server.requests[0].content
    assert b'name="file"; filename="a.pdf"' in body
    assert b'name="definition"\r\n\r\np\r\n' in body
    assert server.client.pictures.draw_case("c").data == b"<svg/>"


def test_token_of_a_provider_is_used_until_it_ends_or_is_refused() -> None:
    requests: list[httpx.Request] = []

    def provider(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 3:
            return httpx.Response(400, json={"error": "invalid_client"})
        return httpx.Response(200, json={"access_token": f"t{len(requests)}", "expires_in": 300})

    credentials = ClientCredentials(
        "https://p.test/token", "app:1", "s é", scope="a", http=transport(provider)
    )
    refused = httpx.Response(401, json={"type": "urn:parvandeh:problem:unauthorized"})
    server = Server(done(), done(), refused, done(), refused, done(), token=credentials)
    for _ in range(3):
        server.client.cases.show("c")
    assert server.sent("Authorization") == ["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]
    assert parse_qs(requests[0].content.decode()) == {"grant_type": ["client_credentials"], "scope": ["a"]}
    assert b64decode(requests[0].headers["Authorization"].removeprefix("Basic ")) == b"app%3A1:s+%C3%A9"
    with pytest.raises(TokenRefused):
        server.client.cases.show("c")


SECRETS = ("whsec_c2VjcmV0LW9uZS1zZWNyZXQtb25l", "whsec_c2VjcmV0LXR3by1zZWNyZXQtdHdv")


def signed(body: bytes, secret: str, age: int = 0) -> dict[str, str]:
    sent = int(time.time()) - age
    told = {"webhook-id": "c/4", "webhook-timestamp": str(sent)}
    return {**told, "Webhook-Signature": signature(secret, "c/4", sent, body)}


def test_webhook_of_the_product_is_verified_also_while_its_secret_is_replaced() -> None:
    body = json.dumps(EVENT).encode()
    for secret in SECRETS:
        event = Webhook(SECRETS).verify(signed(body, secret), body)
        assert (event.id, event.kind, event.data["seq"]) == ("c/4", "task.completed", 4)


def test_webhook_that_is_old_or_changed_or_signed_otherwise_is_rejected() -> None:
    body = json.dumps(EVENT).encode()
    webhook = Webhook(SECRETS[0])
    for headers, content, reason in [
        (signed(body, SECRETS[1]), body, "not signed"),
        (signed(body, SECRETS[0]), body + b" ", "not signed"),
        (signed(body, SECRETS[0], age=301), body, "seconds old"),
        (signed(body, SECRETS[0], age=-302), body, "seconds old"),
        ({"webhook-id": "c/4"}, body, "missing"),
        (signed(body, SECRETS[0]) | {"webhook-timestamp": "x"}, body, "malformed"),
        (signed(body, SECRETS[0]) | {"webhook-timestamp": "9" * 400}, body, "malformed"),
        (signed(b"[]", SECRETS[0]), b"[]", "no CloudEvent"),
    ]:
        with pytest.raises(Rejected, match=reason):
            webhook.verify(headers, content)
    with pytest.raises(ValueError, match="Base64"):
        Webhook("whsec_?")
    for missing in ("", "whsec_"):
        with pytest.raises(ValueError, match="empty"):
            Webhook([SECRETS[0], missing])
