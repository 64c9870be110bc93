"""The worker, turn by turn: whole requests are served while others are half there or read slowly."""

import errno
import os
import re
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from api.server import Worker, answers, worker
from api.server.limits import Limits
from engine.platform.config import Settings

MOMENT = 0.02  # at most, for the system to deliver what was sent
LIMITS = Limits(head_seconds=10, rate=1000, grace=20, linger=2, body_bytes=200_000)
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BIG = b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
MANY = 12 << 20
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


class Served:
    """A worker on a port of its own, whose clock stops until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seen: list[tuple[str, int]] = []
        self.closed = 0
        self.held: list[bool] = []
        self.work = False  # whether there is what requests to /wait wait for
        self.meanwhile: Callable[[], None] = lambda: None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.clients: list[socket.socket] = []
        config = Config()
        self.worker = Worker(0, os.getppid(), [self.listener], None, 30, config, Logger(config))
        self.worker.PIPE = os.pipe()
        self.worker.wsgi = self._application
        self.limit(LIMITS)

    def limit(self, limits: Limits) -> None:
        self.worker.limits = limits
        self.worker.open(lambda: self.now)

    def _application(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        size = len(environ["wsgi.input"].read())
        self.seen.append((environ["PATH_INFO"], size))
        self.meanwhile()
        if environ["PATH_INFO"] == "/crash":
            raise ArithmeticError("1405-000123")
        if environ["PATH_INFO"] == "/wait" and not self.work:
            self.held.append(environ["gunicorn.socket"].hold(5))
            start("204 No Content", [])
            return []
        length = MANY if environ["PATH_INFO"] == "/big" else 2
        start("200 OK", [("Content-Length", str(length))])
        return Blocks(self) if environ["PATH_INFO"] == "/big" else [b"ok"]

    def client(self, *sent: bytes, room: int | None = None) -> socket.socket:
        """One that sends this; `room` is how many bytes it has for what it doesn't read."""
        made = socket.socket()
        if room:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        made.connect(self.listener.getsockname())
        made.setblocking(False)
        self.clients.append(made)
        for piece in sent:
            made.sendall(piece)
        self.turn()
        return made

    def turn(self, seconds: float = 0) -> None:
        """What the worker does until nothing is left to do, so much later."""
        self.now += seconds
        self.worker.turn(pause=MOMENT)
        for _ in range(3):
            self.worker.turn(pause=0)

    def read(self, client: socket.socket) -> bytes:
        """The whole answer, up to the end of the connection."""
        answer = b""
        for _ in range(20_000):
            try:
                block = client.recv(1 << 20)
            except BlockingIOError:
                self.worker.turn(pause=0.001)
                continue
            if not block:
                return answer
            answer += block
        raise AssertionError("the answer never ends")

    def problem(self, client: socket.socket) -> dict[str, Any]:
        """The answer, which is a problem document."""
        head, _, body = self.read(client).partition(b"\r\n\r\n")
        assert b"Content-Type: application/problem+json" in head
        assert f"Content-Length: {len(body)}".encode() in head
        document: dict[str, Any] = orjson.loads(body)
        assert head.startswith(f"HTTP/1.1 {document['status']} ".encode())
        assert document["request_id"].encode() in head
        return document

    def is_open(self, client: socket.socket) -> bool:
        """Whether the worker has neither answered nor closed it."""
        if not select.select([client], [], [], MOMENT)[0]:
            return True
        client.recv(1)
        return False

    def close(self) -> None:
        self.worker.alive = False
        for client in self.clients:
            client.close()
        self.worker.cfg.set("graceful_timeout", 0)
        self.worker.finish()
        self.worker.tmp.close()
        for number in self.worker.PIPE:
            os.close(number)
        self.listener.close()


class Blocks:
    """A large answer in blocks."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._left = MANY

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            self._left -= 1 << 20
            yield b"x" * (1 << 20)

    def close(self) -> None:
        self._served.closed += 1


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.close()


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nServer: ")
    assert b"\r\nConnection: close" in head
    return body


SLOW = {
    "silent": b"",
    "half a header": GET[:-3],
    "half a body": HEAD % 5000 + b"amount",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFF\r\nabc",
    "slow reader": BIG,
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a_slow_client_does_not_keep_others_from_being_served(served: Served, sent: bytes) -> None:
    slow = [served.client(sent, room=65536) for _ in range(3)]
    assert body_of(served.read(served.client(GET))) == b"ok"
    assert all(served.is_open(client) for client in slow) or sent == BIG


def test_a_request_is_served_as_soon_as_it_is_whole(served: Served) -> None:
    client = served.client(HEAD % 10, b"hello")
    assert served.seen == []
    client.sendall(b"world")
    assert body_of(served.read(client)) == b"ok"
    assert served.seen == [("/", 10)]


def test_requests_are_served_in_the_order_in_which_they_became_whole(served: Served) -> None:
    names = [b"/first", b"/second", b"/third"]
    clients = {name: served.client(b"GET " + name) for name in names}
    for name in reversed(names):
        clients[name].sendall(GET[5:])
        served.turn()
    assert [path for path, _ in served.seen] == ["/third", "/second", "/first"]


FIGURES = b"GET /api/v1/metrics/overview HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGE = b"GET /oversight?unit=a HTTP/1.1\r\nHost: localhost\r\n\r\n"


def at_once(served: Served, *sent: bytes) -> list[socket.socket]:
    """Clients whose requests are all there before the worker looks."""
    made = [socket.create_connection(served.listener.getsockname()) for _ in sent]
    for client, request in zip(made, sent, strict=True):
        client.sendall(request)
        client.setblocking(False)
    served.clients += made
    return made


WAIT = b"POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"


def test_a_request_that_is_held_is_served_again_until_there_is_something(served: Served) -> None:
    waiting = served.client(WAIT)
    assert served.seen == [("/wait", 3)]
    assert served.is_open(waiting)
    assert b"ok" in served.read(served.client(GET)), "others are served meanwhile"
    served.turn(0.5)
    assert len(served.seen) == 2, "not before a second is over"
    served.turn(0.6)
    assert served.seen[2:] == [("/wait", 3)], "with the same body"
    served.work = True
    served.turn(1)
    assert served.read(waiting).endswith(b"ok")
    assert served.worker.waiting == 0


def test_a_request_is_held_no_longer_than_it_wants_and_only_some_are(served: Served) -> None:
    served.limit(replace(LIMITS, held=1))
    first, second = served.client(WAIT), served.client(WAIT)
    assert b" 204 " in served.read(second), "at once"
    served.turn(4.9)
    assert served.is_open(first)
    served.turn(0.1)
    assert b" 204 " in served.read(first)
    assert served.held == [True, False, True, False]


def test_a_held_request_is_forgotten_with_its_client_and_answered_at_the_end(served: Served) -> None:
    gone, other = served.client(WAIT), served.client(WAIT)
    gone.close()
    served.work = True
    served.turn(1.1)
    assert served.seen == [("/wait", 3)] * 3, "work is not given to nobody"
    assert served.read(other).endswith(b"ok")
    served.work = False
    last = served.client(WAIT)
    served.worker.finish()
    assert b" 204 " in served.read(last)


HEALTH = GET.replace(b"/", b"/healthz", 1)


def test_health_checks_are_answered_while_the_application_waits(served: Served) -> None:
    """In the third beat: a connection that waits only for the first is left to idle workers."""
    answered: list[bytes] = []

    def meanwhile() -> None:
        served.meanwhile = lambda: None
        at_once(served, HEALTH, GET)
        health = served.clients[-2]
        served.worker.beat()
        assert served.is_open(health)
        served.worker.beat()
        served.worker.beat()
        answered.append(health.recv(1 << 16))

    served.meanwhile = meanwhile
    client = served.client(GET)
    assert served.read(client).endswith(b"ok")
    assert answered[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert answered[0].endswith(b"\r\n\r\nok\n")
    assert served.read(served.clients[-1]).endswith(b"ok")
    assert [path for path, _ in served.seen] == ["/", "/"], "one after the other, and no health check"


def test_application_knows_for_how_long_a_request_has_queued(served: Served) -> None:
    queued: list[float] = []

    def meanwhile() -> None:
        for _ in range(3):
            served.worker.beat()
        served.now += 3

    served.meanwhile = meanwhile
    application = served.worker.wsgi

    def noting(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        queued.append(environ["gunicorn.socket"].queued)
        return application(environ, start)

    served.worker.wsgi = noting
    at_once(served, GET, GET, GET, FIGURES)
    served.turn(2)
    assert queued[:3] == [0, 3, 6]
    assert queued[3] == 0, "figures may wait"


def test_figures_wait_for_all_other_requests(served: Served) -> None:
    """Those, too, that arrive while figures are read."""

    def meanwhile() -> None:
        if len(served.seen) == 4:
            at_once(served, GET)

    served.meanwhile = meanwhile
    at_once(served, FIGURES, GET, PAGE, GET, GET)
    for _ in range(4):
        served.turn()
    paths = [path for path, _ in served.seen]
    assert paths == ["/"] * 3 + ["/api/v1/metrics/overview", "/", "/oversight"]


def test_figures_wait_until_all_connections_are_accepted(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More managers than the worker accepts in a row, and a caseworker behind them."""
    monkeypatch.setattr(worker, "ACCEPTED", 2)
    at_once(served, *[FIGURES] * 5, GET)
    for _ in range(4):
        served.worker.turn(pause=MOMENT)
    assert [path for path, _ in served.seen][:2] == ["/", "/api/v1/metrics/overview"]


def test_figures_have_their_turn_while_others_never_end(served: Served) -> None:
    def meanwhile() -> None:
        served.now += 0.5
        at_once(served, GET)

    served.meanwhile = meanwhile
    at_once(served, GET, *[FIGURES] * 2)
    for _ in range(10):
        served.worker.turn(pause=MOMENT)
    numbers = [number for number, (path, _) in enumerate(served.seen) if path != "/"]
    # After a second of others, and then after as long as figures took.
    assert numbers == [3, 5]
    served.meanwhile = lambda: None


def test_too_many_who_read_figures_are_asked_to_come_back(served: Served) -> None:
    served.limit(replace(LIMITS, patient=2))
    clients = at_once(served, *[FIGURES] * 4)
    served.worker.turn(pause=MOMENT)
    for _ in range(4):
        served.turn()
    answers_ = [served.read(client) for client in clients]
    assert [answer[9:12] for answer in answers_].count(b"503") == 2
    (first, *_) = [answer for answer in answers_ if b" 503 " in answer]
    assert b"Retry-After: 10" in first
    assert len(served.seen) == 2


def test_a_page_that_is_postponed_tries_again_by_itself(served: Served) -> None:
    served.limit(replace(LIMITS, patient=1))
    _, page = at_once(served, FIGURES, PAGE)
    head, _, body = served.read(page).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Content-Type: text/html; charset=utf-8" in head
    assert b'<meta http-equiv="refresh" content="10">' in body
    for language, text in (("fa", "دوباره تلاش می‌کند"), ("en", "tries again")):
        assert re.search(f'<p lang="{language}" dir="...">[^<]*{text}', body.decode())


def test_figures_that_wait_for_too_long_are_postponed(served: Served) -> None:
    """The proxy would give up a moment later, and they would be computed for nobody."""

    def meanwhile() -> None:
        served.now += 30

    served.meanwhile = meanwhile
    clients = at_once(served, *[FIGURES] * 4)
    for _ in range(4):
        served.turn()
    assert [served.read(client)[9:12] for client in clients] == [b"200", b"200", b"503", b"503"]


def test_figures_are_not_computed_for_who_has_left(served: Served) -> None:
    _, left, _ = at_once(served, FIGURES, PAGE, FIGURES)
    left.close()
    for _ in range(4):
        served.turn()
    assert [path for path, _ in served.seen] == ["/api/v1/metrics/overview"] * 2
    assert served.worker.waiting == 0


def test_at_its_end_figures_that_wait_are_postponed(served: Served) -> None:
    clients = at_once(served, *[FIGURES] * 3)
    served.worker.turn(pause=MOMENT)
    served.worker.finish()
    statuses = [client.recv(1 << 16)[9:12] for client in clients]
    assert sorted(statuses) == [b"200", b"503", b"503"]


@pytest.mark.parametrize("name", ["half a header", "half a body", "half a chunk"])
def test_half_a_request_is_answered_with_408_once_its_time_is_over(served: Served, name: str) -> None:
    client = served.client(SLOW[name])
    served.turn(9)
    assert served.is_open(client)
    served.turn(12)
    assert served.problem(client)["type"] == "urn:parvandeh:problem:request-timeout"
    assert served.seen == []


def test_what_arrives_while_another_request_is_served_is_in_time(served: Served) -> None:
    def meanwhile() -> None:
        served.meanwhile = lambda: None
        head.sendall(GET[20:])
        body.sendall(b"world")
        served.now += 50

    head, body = served.client(GET[:20]), served.client(HEAD % 10, b"hello")
    served.meanwhile = meanwhile
    assert body_of(served.read(served.client(GET))) == b"ok"
    assert body_of(served.read(head)) == b"ok"
    assert body_of(served.read(body)) == b"ok"


def test_a_silent_connection_is_closed_without_an_answer(served: Served) -> None:
    client = served.client()
    served.turn(11)
    assert served.read(client) == b""


def test_a_header_that_comes_byte_by_byte_has_no_more_time_than_another(served: Served) -> None:
    client = served.client(GET[:1])
    for number in range(1, 12):
        client.sendall(GET[number : number + 1])
        served.turn(1)
    assert served.problem(client)["status"] == 408


def test_a_body_at_more_than_the_least_rate_may_take_minutes(served: Served) -> None:
    client = served.client(HEAD % 150_000)
    for _ in range(99):
        client.sendall(bytes(1500))
        served.turn(1.4)
    client.sendall(bytes(1500))
    assert body_of(served.read(client)) == b"ok"
    assert served.seen == [("/", 150_000)]


def test_a_body_that_begins_fast_may_not_stop_for_long(served: Served) -> None:
    client = served.client(HEAD % 150_000, bytes(100_000))
    served.turn(19)
    assert served.is_open(client)
    served.turn(2)
    assert served.problem(client)["status"] == 408


def test_a_body_of_one_byte_a_second_is_given_up(served: Served) -> None:
    client = served.client(HEAD % 150_000)
    for _ in range(22):
        client.sendall(b"x")
        served.turn(1)
    assert served.problem(client)["status"] == 408


def test_a_client_that_expects_100_gets_it_once_and_before_its_body(served: Served) -> None:
    client = served.client(HEAD[:-4] % 5 + b"\r\nExpect: 100-continue\r\n\r\n")
    assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"hello")
    assert body_of(served.read(client)) == b"ok"


def test_a_large_answer_reaches_a_slow_reader_whole_and_is_closed_at_once(served: Served) -> None:
    client = served.client(BIG, room=65536)
    assert served.closed == 1
    assert served.worker.usage.bytes > MANY // 2
    assert body_of(served.read(client)) == b"x" * MANY
    assert served.worker.usage.bytes == 0


def test_a_reader_that_takes_nothing_loses_its_connection(served: Served) -> None:
    client = served.client(BIG, room=65536)
    served.turn(21)
    assert served.worker.usage.bytes == 0
    with pytest.raises(ConnectionResetError):
        served.read(client)


def test_without_room_on_the_disk_bodies_and_answers_are_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    reasons: list[str] = []
    monkeypatch.setattr("api.server.spool.TemporaryFile", full)
    monkeypatch.setattr(answers.log, "warning", lambda _, **more: reasons.append(more["reason"]))
    assert served.problem(served.client(HEAD % 150_000, bytes(100_000)))["status"] == 503
    reader = served.client(BIG, room=65536)
    assert len(served.read(reader)) < MANY
    assert (reasons, served.closed) == (["no-room", "no-room"], 1)
    assert served.worker.usage.bytes == 0
    assert body_of(served.read(served.client(GET))) == b"ok"


def test_of_too_many_connections_the_oldest_silent_one_goes_first(served: Served) -> None:
    served.limit(replace(LIMITS, connections=3))
    upload = served.client(HEAD % 5000 + b"amount")
    silent = []
    for _ in range(4):
        served.now += 1
        silent.append(served.client())
    assert [served.is_open(client) for client in silent] == [False, False, True, True]
    assert served.is_open(upload)


def test_of_too_much_that_is_stored_the_slowest_goes_first(served: Served) -> None:
    served.limit(replace(LIMITS, stored=250_000))
    first = served.client(HEAD % 180_000, bytes(150_000))
    served.now += 1
    second = served.client(HEAD % 180_000, bytes(150_000))
    assert served.problem(first)["status"] == 503
    assert served.is_open(second)


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: \xd9\x85\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, "malformed"),
        (b"hello\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400, "malformed"),
        (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed"),
        (HEAD[:-4] % 5 + b"\r\nTransfer-Encoding: chunked\r\n\r\nhello", 400, "malformed"),
        (HEAD[:-4] % 5 + b"\r\nContent-Length: 6\r\n\r\nhello!", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "malformed"),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri-too-long"),
        (b"GET /" + b"a" * 4090 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri-too-long"),
        (GET[:-2] + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431, "header-too-large"),
        (GET[:-2] + b"X: y\r\n" * 101 + b"\r\n", 431, "header-too-large"),
        (GET[:-2] + b"X: y\r\n" * 20_000, 431, "header-too-large"),
        (HEAD[:-4] % 5 + b"\r\nExpect: 200-maybe\r\n\r\nhello", 417, "expectation-failed"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "not-implemented"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501, "not-implemented"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http-version"),
        (b"GET /crash HTTP/1.1\r\nHost: a\r\n\r\n", 500, "internal"),
    ],
)
def test_what_the_server_refuses_by_itself_is_a_problem_document(
    served: Served, sent: bytes, status: int, name: str
) -> None:
    found = served.problem(served.client(sent))
    assert (found["status"], found["type"]) == (status, f"urn:parvandeh:problem:{name}")
    assert "1405-000123" not in str(found)
    assert served.seen in ([], [("/crash", 0)])
    assert body_of(served.read(served.client(GET))) == b"ok"


@pytest.mark.parametrize("host", ["localhost", "a.example:8000", "my_app", "127.0.0.1:1", "[::1]:8000", "a:"])
def test_valid_hosts_are_served(served: Served, host: str) -> None:
    assert body_of(served.read(served.client(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()))) == b"ok"


def test_http_1_0_needs_no_host(served: Served) -> None:
    assert served.read(served.client(b"GET / HTTP/1.0\r\n\r\n")).endswith(b"\r\n\r\nok")


def test_a_refused_head_request_gets_no_body(served: Served) -> None:
    assert served.read(served.client(b"HEAD / HTTP/1.1\r\n\r\n")).endswith(b"\r\n\r\n")


def test_an_answer_to_a_body_that_is_still_being_sent_can_be_read(served: Served) -> None:
    client = served.client(HEAD % 10_000_000)
    assert served.seen == [("/", 0)]  # the application refuses by the length
    for _ in range(20):
        client.sendall(bytes(60_000))
        served.turn()
    assert body_of(served.read(client)) == b"ok"


def test_what_follows_a_request_is_no_second_one(served: Served) -> None:
    assert served.read(served.client(GET + GET)).count(b"HTTP/1.1") == 1
    assert served.seen == [("/", 0)]


def test_a_client_that_goes_away_in_the_middle_is_forgotten(served: Served) -> None:
    for sent in SLOW.values():
        served.client(sent).close()
    served.turn()
    served.turn()
    assert (served.worker.waiting, served.worker.usage.bytes) == (0, 0)


def test_the_applications_socket_can_be_handed_over(served: Served) -> None:
    """As an event stream needs it: another process gets the socket, and the worker closes its own copy."""
    kept: list[socket.socket] = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        number = environ["gunicorn.socket"].fileno()
        kept.append(socket.socket(fileno=os.dup(number)))
        ours, theirs = socket.socketpair()
        os.dup2(ours.fileno(), number)
        ours.close()
        theirs.close()
        start("200 OK", [])
        return []

    served.worker.wsgi = application
    client = served.client(GET)
    assert served.worker.waiting == 0
    assert served.is_open(client)
    kept[0].sendall(b"data: inbox\n\n")
    assert client.recv(1000) == b"data: inbox\n\n"
    kept[0].close()


def test_when_it_ends_answers_are_finished_and_half_requests_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    half, reader = served.client(GET[:-3]), served.client(BIG)
    received: list[bytes] = []
    turn = served.worker.turn

    def turning(pause: float = 0) -> None:
        turn(pause=0)
        received.append(reader.recv(1 << 20))

    monkeypatch.setattr(served.worker, "turn", turning)
    served.worker.finish()
    while block := reader.recv(1 << 20):
        received.append(block)
    assert body_of(b"".join(received)) == b"x" * MANY
    assert half.recv(1) == b""
    served.limit(LIMITS)


def test_the_log_of_refusals_has_no_more_lines_than_it_may(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(answers.log, "warning", lambda event, **more: lines.append({"event": event, **more}))
    for _ in range(30):
        served.client(b"GET /secret?of=a+person HTTP/1.1\r\n\r\n")
    served.turn(11)
    assert [line["event"] for line in lines] == ["request.refused"] * 10 + ["requests.refused"]
    assert {(line["reason"], line["status"]) for line in lines[:-1]} == {("host", 400)}
    assert lines[-1]["count"] == 20
    assert "secret" not in str(lines)


def test_tls_is_refused_at_the_start() -> None:
    config = Config()
    config.set("certfile", "certificate.pem")
    with pytest.raises(ValueError, match="no TLS"):
        Worker.check_config(config, None)


def test_the_limits_allow_what_the_application_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Limits.of(Settings.read({"DOCUMENT_MAX_MB": "100"}))
    assert large.body_bytes == (100 << 20) + (64 << 10)
    assert large.stored >= 4 * large.body_bytes
    assert Limits.of(Settings.read({"DOCUMENT_MAX_MB": "1"})).body_bytes == 8 << 20
    monkeypatch.setattr("resource.getrlimit", lambda _: (264, 264))
    assert Limits.of(Settings.read({})).connections == 100
