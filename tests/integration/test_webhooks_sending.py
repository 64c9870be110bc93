"""What a subscriber gets over the wire, and what comes of what it answers."""

import asyncio
import base64
import hmac
import logging
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from engine import tasks
from engine.events import webhooks
from engine.events.webhooks import Outcome, WebhookRequest, sending, subscriptions
from engine.platform.config import ROOT
from tests import factories, receiver
from tests.outbound import LOOPBACK, Hub, event_ids
from tests.receiver import Receiver, verified

# Self-signed for receiver.test; its key guards nothing.
CERTIFICATE = Path(__file__).with_name("receiver.test.pem")
STARTED = ("case.started",)


def a_posting(url: str, **changes: Any) -> WebhookRequest:
    """Something to send, without a database."""
    made = WebhookRequest(
        UUID(int=1),
        UUID(int=2),
        UUID(int=3),
        1,
        f"{UUID(int=3)}/1",
        b'{"id":"x"}',
        url,
        "whsec_" + "c2VjcmV0" * 5,
    )
    return replace(made, **changes)


def send(posting: WebhookRequest, allow: Any = LOOPBACK) -> Outcome:
    return asyncio.run(webhooks.send(posting, allow))


@pytest.fixture
def secure() -> Iterator[Receiver]:
    """A receiver with TLS, whose certificate is for `receiver.test`."""
    with receiver.listening(CERTIFICATE) as listening:
        listening.host = "receiver.test"
        yield listening


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to in this test, and how often they were asked for, under the key `asked`."""
    known: dict[str, list[str]] = {"asked": []}

    def getaddrinfo(host: Any, *_: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        known["asked"].append(name)
        found = known.get(name, [name])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def test_source_is_absolute_where_the_origin_is_known(hub: Hub) -> None:
    hub.subscribe("http://127.0.0.1:9/hook", kinds=["task.created"])
    case = hub.case()
    hub.run(webhooks.fan_out)
    (request,) = hub.run(webhooks.due, 1, "https://parvandeh.example.org")
    assert orjson.loads(request.body)["source"] == f"https://parvandeh.example.org/api/v1/cases/{case.id}"


def test_subscriber_gets_a_cloud_event_that_it_can_verify(hub: Hub, subscriber: Receiver) -> None:
    _, secret = hub.subscribe(subscriber.url, kinds=["task.created"])
    case = hub.case(data={"name": "نام"})
    assert hub.round() == [Outcome("delivered")]
    (request,) = subscriber.received
    assert verified(request, secret, time.time())
    assert request.path == "/hook?from=parvandeh"
    assert request.headers["Content-Type"] == "application/cloudevents+json"
    assert request.headers["Host"] == f"127.0.0.1:{subscriber.port}"
    assert request.headers["Webhook-Id"] == request.event["id"]
    event = request.event
    (event_id,) = [one for one in event_ids(hub.database, case.id) if one == event["id"]]
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/api/v1/cases/{case.id}",
        "type": "parvandeh.task.created",
        "subject": case.number,
        "time": case.started_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }
    assert len(bytes.fromhex(data.pop("hash"))) == 32
    assert data == {
        "case": str(case.id),
        "seq": int(event_id.rpartition("/")[2]),
        "element": "a",
        "task": str(case.tasks[0]["id"]),
        "facts": {"kind": "step", "side": "office"},
        "definition": "p",
        "version": 1,
    }
    assert "نام" not in request.body.decode()


def test_what_is_changed_or_late_or_of_another_does_not_verify(hub: Hub, subscriber: Receiver) -> None:
    _, secret = hub.subscribe(subscriber.url, kinds=STARTED)
    _, other = hub.subscribe(subscriber.url, kinds=["case.cancelled"])
    hub.case()
    hub.round()
    (request,) = subscriber.received
    now = time.time()
    assert verified(request, secret, now)
    assert not verified(request, other, now)
    assert not verified(request, secret, now + 301)
    assert not verified(replace(request, body=request.body + b" "), secret, now)
    for name, value in (("Webhook-Id", "x"), ("Webhook-Timestamp", str(int(now) + 60))):
        assert not verified(replace(request, headers={**request.headers, name: value}), secret, now)


def test_documented_way_to_verify_works(hub: Hub, subscriber: Receiver) -> None:
    _, secret = hub.subscribe(subscriber.url, kinds=STARTED)
    hub.case()
    hub.round()
    (request,) = subscriber.received
    (snippet,) = re.findall(
        r"```python\n(def verified.*?)```", (ROOT / "docs/events.md").read_text(), re.DOTALL
    )
    names: dict[str, Any] = {"base64": base64, "hmac": hmac, "time": time}
    exec(snippet, names)
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert names["verified"](headers, request.body, secret)
    assert not names["verified"](headers, request.body + b" ", secret)
    assert not names["verified"]({**headers, "webhook-timestamp": "1"}, request.body, secret)


def test_signature_is_that_of_the_standards_own_example() -> None:
    body = b'{"test": 2432232314}'
    signature = sending.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_events_of_a_case_come_in_order_though_some_fail(hub: Hub, subscriber: Receiver) -> None:
    hub.subscribe(subscriber.url)
    steady, shaky = hub.case(), hub.case()
    for case in (steady, shaky):
        worker = factories.an_actor(hub.database, "caseworker", str(case.id))
        factories.as_actor(
            hub.database, worker, partial(tasks.complete, task_id=case.tasks[0]["id"], data={})
        )
    hub.case()  # all are settled
    subscriber.refused[f"{shaky.id}/2"] = 500
    hub.rounds()
    assert subscriber.ids.count(f"{shaky.id}/2") == 1
    assert f"{shaky.id}/3" not in subscriber.ids
    assert [one for one in subscriber.ids if one.startswith(str(steady.id))] == event_ids(
        hub.database, steady.id
    )
    subscriber.refused.clear()
    hub.later(seconds=10)
    hub.rounds()
    expected = event_ids(hub.database, shaky.id)
    expected.insert(1, f"{shaky.id}/2")
    assert [one for one in subscriber.ids if one.startswith(str(shaky.id))] == expected


def test_same_event_is_sent_again_with_the_same_id_and_body(hub: Hub, subscriber: Receiver) -> None:
    _, secret = hub.subscribe(subscriber.url, kinds=STARTED)
    hub.case()
    subscriber.answers = [503]
    assert hub.round() == [Outcome("failed", "status 503")]
    hub.later(seconds=10)
    assert hub.round() == [Outcome("delivered")]
    first, second = subscriber.received
    assert (first.body, first.headers["Webhook-Id"]) == (second.body, second.headers["Webhook-Id"])
    assert verified(second, secret, time.time())


def test_process_that_dies_after_sending_sends_the_same_again(hub: Hub, subscriber: Receiver) -> None:
    hub.subscribe(subscriber.url, kinds=STARTED)
    case = hub.case()
    (posting,) = hub.due()
    assert send(posting) == Outcome("delivered")  # and nobody is left to settle it
    hub.later(seconds=61)
    hub.rounds()
    assert subscriber.ids == [f"{case.id}/1"] * 2
    assert [row.status for row in hub.deliveries()] == ["delivered"]


def test_process_that_dies_before_sending_loses_nothing(hub: Hub, subscriber: Receiver) -> None:
    hub.subscribe(subscriber.url, kinds=STARTED)
    case = hub.case()
    hub.due()
    hub.later(seconds=61)
    hub.rounds()
    assert subscriber.ids == [f"{case.id}/1"]


def test_dead_letter_is_kept_and_replayed(hub: Hub, subscriber: Receiver) -> None:
    webhook, _ = hub.subscribe(subscriber.url, kinds=STARTED)
    case = hub.case()
    subscriber.answers = [500] * 7
    for _ in range(7):
        hub.rounds()
        hub.later(days=1)
    (dead,) = hub.run(subscriptions.deliveries_of, webhook, status="dead")
    assert (dead["case"], dead["seq"], dead["kind"]) == (case.id, 1, "case.started")
    assert (dead["attempts"], dead["failure"]) == (7, "status 500")
    hub.rounds()
    assert len(subscriber.received) == 7
    assert hub.run(subscriptions.replay, webhook) == 1
    hub.rounds()
    assert subscriber.ids == [f"{case.id}/1"] * 8
    assert hub.run(subscriptions.deliveries_of, webhook, status="dead") == []


def test_receiver_that_is_gone_is_asked_no_more(hub: Hub, subscriber: Receiver) -> None:
    webhook, _ = hub.subscribe(subscriber.url)
    hub.case()
    subscriber.answers = [410]
    hub.rounds()
    hub.later(days=1)
    hub.rounds()
    assert len(subscriber.received) == 1
    assert hub.run(subscriptions.get, webhook)["disabled_at"] is not None


def test_receiver_that_hangs_delays_no_other(
    hub: Hub, subscriber: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver.listening() as hanging:
        hanging.hanging = True
        hub.subscribe(hanging.url, kinds=STARTED)
        hub.subscribe(subscriber.url, kinds=STARTED)
        for _ in range(10):
            hub.case()
        stuck = [posting for posting in hub.due() if posting.url == hanging.url]
        assert len(stuck) == webhooks.deliveries.AT_ONCE
        hub.later(seconds=1)

        async def with_others_stuck() -> list[Outcome]:
            waiting = [asyncio.create_task(webhooks.send(posting, LOOPBACK)) for posting in stuck]
            while len(hanging.received) < len(stuck):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(hub.later, seconds=60)  # those of the first round come again
            await asyncio.to_thread(_drain, hub, subscriber.url)
            assert not any(task.done() for task in waiting)
            hanging.released.set()
            return list(await asyncio.gather(*waiting))

        assert asyncio.run(with_others_stuck()) == [Outcome("delivered")] * len(stuck)
    assert len(set(subscriber.ids)) == 10


def _drain(hub: Hub, url: str) -> None:
    """Send all that is for this subscriber, and leave the others' as they were taken."""
    while taken := [posting for posting in hub.due() if posting.url == url]:
        for posting in taken:
            hub.run(webhooks.settle, posting, send(posting))


def test_receiver_that_never_answers_is_given_up_in_time(
    subscriber: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT", 0.2)
    subscriber.hanging = True
    assert send(a_posting(subscriber.url)) == Outcome("failed", "timeout")


def test_reply_that_never_ends_is_not_read(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def answer() -> Outcome:
            async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                try:
                    while True:
                        writer.write(b"5\r\nagain\r\n" * 1000)
                        await writer.drain()
                except ConnectionError:
                    writer.close()

            listening = await asyncio.start_server(endless, sock=server)
            outcome = await webhooks.send(a_posting(f"http://127.0.0.1:{server.getsockname()[1]}/"), LOOPBACK)
            listening.close()
            return outcome

        assert asyncio.run(answer()) == Outcome("delivered")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirect_is_not_followed(subscriber: Receiver, status: int) -> None:
    with receiver.listening() as other:
        subscriber.headers["Location"] = other.url
        subscriber.answers = [status]
        assert send(a_posting(subscriber.url)) == Outcome("failed", f"status {status}")
        assert (len(subscriber.received), len(other.received)) == (1, 0)


@pytest.mark.parametrize(("status", "result"), [(201, "delivered"), (204, "delivered"), (404, "failed")])
def test_only_success_is_success(subscriber: Receiver, status: int, result: str) -> None:
    subscriber.answers = [status]
    assert send(a_posting(subscriber.url)).result == result


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert send(a_posting(f"http://127.0.0.1:{port}/")) == Outcome("failed", "connection")


def test_what_does_not_speak_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def answer() -> Outcome:
            async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"{")
                writer.write(b"220 mail.example ESMTP\r\n")
                writer.close()

            listening = await asyncio.start_server(rude, sock=server)
            outcome = await webhooks.send(a_posting(f"http://127.0.0.1:{server.getsockname()[1]}/"), LOOPBACK)
            listening.close()
            return outcome

        assert asyncio.run(answer()) == Outcome("failed", "protocol")


def test_address_is_judged_again_when_it_is_sent_to(subscriber: Receiver) -> None:
    assert send(a_posting(subscriber.url), ()) == Outcome("failed", "address")
    assert send(a_posting(subscriber.url), [ip_network("10.0.0.0/8")]) == Outcome("failed", "address")
    assert subscriber.received == []


def test_name_that_changes_its_address_gains_nothing(
    subscriber: Receiver, names: dict[str, list[str]]
) -> None:
    names["rebound.example"] = ["1.1.1.1", "127.0.0.1"]
    posting = a_posting(f"http://rebound.example:{subscriber.port}/")
    assert send(posting, ()) == Outcome("failed", "address")
    names["rebound.example"] = ["127.0.0.1"]
    assert send(posting) == Outcome("delivered")
    assert names["asked"].count("rebound.example") == 2  # once for each sending: what is judged is used
    assert subscriber.received[0].headers["Host"] == f"rebound.example:{subscriber.port}"


def test_host_is_reached_by_its_other_address_when_one_fails(
    subscriber: Receiver, names: dict[str, list[str]]
) -> None:
    names["two.example"] = ["127.0.0.2", "127.0.0.1"]  # it listens on the second alone
    assert send(a_posting(f"http://two.example:{subscriber.port}/")) == Outcome("delivered")
    assert len(subscriber.received) == 1


def test_certificate_must_be_of_the_name_and_trusted(
    secure: Receiver, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names.update({"receiver.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    posting = a_posting(secure.url)
    assert send(posting) == Outcome("failed", "connection")  # nobody we trust has signed it
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    sending._tls.cache_clear()
    try:
        assert send(posting) == Outcome("delivered")
        secure.host = "other.test"
        assert send(a_posting(secure.url)) == Outcome("failed", "connection")
        secure.host = "127.0.0.1"
        assert send(a_posting(secure.url)) == Outcome("failed", "connection")
    finally:
        sending._tls.cache_clear()
    assert len(secure.received) == 1


def test_no_proxy_of_the_environment_is_used(subscriber: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver.listening() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(a_posting(subscriber.url)) == Outcome("delivered")
        assert proxy.received == []


def test_secrets_and_addresses_stay_out_of_logs_and_reprs(
    hub: Hub, subscriber: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    _, secret = hub.subscribe(subscriber.url, kinds=STARTED)
    hub.case()
    subscriber.answers = [500]
    with caplog.at_level(logging.DEBUG):
        (posting,) = hub.due()
        outcome = send(posting)
        hub.run(webhooks.settle, posting, outcome)
    captured = capfd.readouterr()
    told = caplog.text + captured.out + captured.err + repr(posting) + repr(outcome)
    (delivery,) = hub.deliveries()
    for hidden in (secret.removeprefix("whsec_"), "/hook", "from=parvandeh"):
        assert hidden not in told + str(delivery.failure)
    assert orjson.loads(posting.body)["id"] == posting.event_id
