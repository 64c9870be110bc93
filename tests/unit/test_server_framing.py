"""Requests arrive in pieces of any size; where one ends doesn't depend on it."""

from collections.abc import Iterable
from contextlib import closing
from http import HTTPStatus
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.server.framing import Framing, HttpError
from api.server.limits import Limits
from api.server.spool import IN_MEMORY, Usage

LIMITS = Limits(head_bytes=8000, body_bytes=200_000)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /cases HTTP/1.1\r\nHost: localhost\r\n"
SIZED = POST + b"Content-Length: 11\r\n\r\nhello world"
CHUNKED = POST + (
    b"Transfer-Encoding: chunked\r\n\r\n"
    b'5;name="a value"\r\nhello\r\n0006 \t;x\r\n world\r\n0\r\nX-Checksum: 0\r\n\r\n'
)
# The end of a body is not where it looks like one.
MISLEADING = (
    POST + b"transfer-ENCODING:chunked\r\n\r\n" + b"7\r\n0\r\n\r\n0\r\r\nC\r\nabc\r\n0\r\n\r\nde\r\n0\r\n\r\n"
)
LARGE = POST + b"Content-Length: 100000\r\n\r\n" + bytes(range(250)) * 400
NAMES = ["no body", "length", "chunks", "misleading chunks", "large"]
assert len(LARGE) > IN_MEMORY


def framed(pieces: Iterable[bytes], limits: Limits = LIMITS) -> Framing:
    """What came of these pieces."""
    framing = Framing(limits, Usage())
    for piece in pieces:
        if framing.whole:
            framing.unread = True
            break
        try:
            framing.feed(piece)
        except HttpError:
            framing.close()
            raise
    return framing


def bytes_of(framing: Framing) -> bytes:
    return b"".join(iter(lambda: framing.read(1000), b""))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


@pytest.mark.parametrize("request_", [GET, SIZED, CHUNKED, MISLEADING, LARGE], ids=NAMES)
@given(places=st.lists(st.integers(0, 150_000), max_size=30), more=st.binary(max_size=20))
def test_a_request_is_the_same_however_it_is_cut(request_: bytes, places: list[int], more: bytes) -> None:
    with closing(framed(cut(request_ + more, places))) as framing:
        assert framing.whole
        assert bytes_of(framing) == request_
        assert framing.unread is bool(more)


@pytest.mark.parametrize("request_", [GET, SIZED, CHUNKED, MISLEADING], ids=NAMES[:4])
def test_a_request_is_not_whole_before_its_last_byte(request_: bytes) -> None:
    framing = Framing(LIMITS, Usage())
    for number in range(len(request_) - 1):
        framing.feed(request_[number : number + 1])
        assert not framing.whole
    framing.feed(request_[-1:])
    assert framing.whole


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: -5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length:",
        "Content-Length: 9999999999999999999",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: x",
        "Transfer-Encoding : chunked\r\nContent-Length : 5",
    ],
)
def test_contradictory_lengths_go_to_the_parser_without_any_body(head: str) -> None:
    request = POST + head.encode() + b"\r\n\r\n"
    framing = framed([request + b"hello"])
    assert (framing.whole, framing.unread) == (True, True)
    assert bytes_of(framing) == request


@pytest.mark.parametrize("request_", ["GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost: x\n\r\n"])
def test_bare_line_feeds_go_to_the_parser_at_once(request_: str) -> None:
    assert framed(cut(request_.encode(), [3, 15, 17])).whole


REFUSED = [
    (b"GET /" + b"a" * 5000, HTTPStatus.REQUEST_URI_TOO_LONG),
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", HTTPStatus.REQUEST_URI_TOO_LONG),
    (GET[:-2] + b"X: y\r\n" * 2000, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", HTTPStatus.NOT_IMPLEMENTED),
    *(
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + body, status)
        for body, status in (
            (b"5\r\nhello world", HTTPStatus.BAD_REQUEST),
            (b"5\nhello\r\n0\r\n\r\n", HTTPStatus.BAD_REQUEST),
            (b"-5\r\nhello\r\n", HTTPStatus.BAD_REQUEST),
            (b"0x5\r\nhello\r\n", HTTPStatus.BAD_REQUEST),
            (b"\r\n", HTTPStatus.BAD_REQUEST),
            (b"5;" + b"x" * 10_000, HTTPStatus.BAD_REQUEST),
            (b"30D41\r\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
            (b"FFFFFFFFFFFFFFF\r\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
            (b"1;" + b"x" * 8000 + b"\r\na\r\n", None),
            ((b"1;" + b"x" * 8000 + b"\r\na\r\n") * 200, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
            (b"0\r\n" + b"X: y\r\n" * 200_000, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        )
    ),
]


@pytest.mark.parametrize(("request_", "status"), REFUSED)
@pytest.mark.parametrize("size", [1000, 65536])
def test_what_is_too_long_or_broken_is_refused_as_it_comes(
    request_: bytes, status: HTTPStatus | None, size: int
) -> None:
    pieces = [request_[at : at + size] for at in range(0, len(request_), size)]
    if status is None:
        assert not framed(pieces).whole
        return
    with pytest.raises(HttpError) as refused:
        framed(pieces)
    assert refused.value.status == status


def test_a_body_that_is_too_large_is_not_read_but_left_to_the_application_to_refuse() -> None:
    head = POST + b"Content-Length: 200001\r\nExpect: 100-continue\r\n\r\n"
    framing = framed([head])
    assert (framing.whole, framing.unread, framing.expects_continue) == (True, True, False)
    assert bytes_of(framing) == head


@pytest.mark.parametrize(
    ("version", "more", "expected"),
    [("1.1", "", True), ("1.0", "", False), ("1.1", "hello", False), ("1.1", "he", True)],
)
def test_only_a_client_that_waits_with_its_body_is_asked_for_it(
    version: str, more: str, expected: bool
) -> None:
    head = f"POST / HTTP/{version}\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n{more}"
    assert framed([head.encode()]).expects_continue is expected


def test_what_is_stored_is_counted_and_freed() -> None:
    usage = Usage()
    framing = Framing(LIMITS, usage)
    framing.feed(LARGE)
    assert usage.bytes == 100_000
    framing.close()
    assert usage.bytes == 0


@pytest.mark.parametrize(
    ("line", "patient"),
    [
        (b"GET /api/v1/metrics/overview?unit=a", True),
        (b"GET /govstack/registration/data/statistics", True),
        (b"HEAD /api/v1/metrics/cases", True),
        (b"\r\nGET /oversight", True),
        (b"GET /oversight?unit=a", True),
        (b"GET /oversight/time/time.csv", True),
        (b"GET /metrics", False),  # of the installation, for Prometheus
        (b"GET /api/v1/tasks?next=/oversight", False),
        (b"GET /oversights", False),
        (b"POST /api/v1/cases", False),
    ],
)
def test_requests_for_figures_can_wait(line: bytes, *, patient: bool) -> None:
    assert framed([line + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"]).patient is patient


def test_a_request_with_a_body_does_not_wait() -> None:
    """Its body would be stored meanwhile, and others be dropped to make room."""
    framing = framed([b"GET /oversight HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"])
    assert framing.whole
    assert not framing.patient
