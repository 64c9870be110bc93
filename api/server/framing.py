"""Finds the end of a request that arrives in pieces. Knows no sockets and no clocks.

gunicorn's own parser decides what a request means. It gets exactly the bytes that are collected here, so a
difference between the two can truncate a body, but can't turn one request into two.
"""

import re
from enum import Enum, auto
from http import HTTPStatus

from api.server.limits import Limits
from api.server.spool import Spool, Usage

_BARE_LF = re.compile(rb"(?<!\r)\n")
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r", re.IGNORECASE)
_CODING = re.compile(rb"\ntransfer-encoding[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r", re.IGNORECASE)
_COMPRESSED = re.compile(rb"\b(gzip|compress|deflate)\b", re.IGNORECASE)
_EXPECT = re.compile(rb"\nexpect[ \t]*:[ \t]*100-continue[ \t]*\r", re.IGNORECASE)
_LENGTH_DIGITS = 15
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_OVERHEAD = 1 << 20
# Figures of many cases: who reads them waits for those who work on a case.
_PATIENT = re.compile(
    rb"(?:\r\n)?(?:GET|HEAD) /(?:api/v1/metrics/|govstack/registration/data/|(oversight)[/? ])"
)
_ALIVE = re.compile(rb"(?:\r\n)?(?:GET|HEAD) /healthz[? ]")
_LINE = 8190  # of a chunk's size with its extensions, or of a trailer field, as in gunicorn


class HttpError(Exception):
    """A request that the server itself refuses. `reason` is for logs, `detail` for the client."""

    def __init__(self, status: HTTPStatus, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.detail = detail


class Framing:
    """The bytes of one request. Once it is `whole`, `read` returns them.

    `unread`: the client may still be sending: a body too large, which the application will refuse, a request
    that no parser will accept, or one that is followed by another.
    """

    def __init__(self, limits: Limits, usage: Usage) -> None:
        self._limits = limits
        self._usage = usage
        self._head = bytearray()
        self._body: Spool | None = None
        self._left = 0
        self._chunks: Chunks | None = None
        self._given = 0
        self.in_body = False
        self.whole = False
        self.unread = False

    @property
    def started(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._head)

    @property
    def only_head(self) -> bool:
        """Whether the response may have no body."""
        return self._head.startswith(b"HEAD ")

    @property
    def patient(self) -> bool:
        """Whether it can wait until all others are served: not if its body were stored meanwhile."""
        return self._body is None and _PATIENT.match(self._head) is not None

    @property
    def is_health_check(self) -> bool:
        """Whether it only asks whether this process is alive."""
        return self._body is None and _ALIVE.match(self._head) is not None

    @property
    def is_page(self) -> bool:
        """Whether it asks for figures on a page."""
        found = _PATIENT.match(self._head)
        return found is not None and found[1] is not None

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends its body."""
        if self.whole or not self.in_body or not _EXPECT.search(self._head):
            return False
        return self._head[: self._head.find(b"\r\n", 2)].endswith(b" HTTP/1.1")  # not in HTTP/1.0

    def feed(self, data: bytes) -> None:
        """Add what arrived. Raises HttpError, or OSError if the disk is full."""
        if self.in_body:
            self._feed_body(data)
        else:
            self._feed_head(data)

    def read(self, size: int) -> bytes:
        """Return the next bytes of the whole request; empty at its end."""
        if self._given < len(self._head):
            piece = bytes(self._head[self._given : self._given + size])
            self._given += len(piece)
            return piece
        return self._body.read(size) if self._body else b""

    def rewind(self) -> None:
        """Let the whole request be read again."""
        self._given = 0
        if self._body:
            self._body.rewind()

    def close(self) -> None:
        """Release its storage."""
        if self._body:
            self._body.close()
            self._body = None

    def _feed_head(self, data: bytes) -> None:
        known = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", known)
        self._check_head(end if end >= 0 else len(self._head))
        if end < 0:
            if _BARE_LF.search(self._head, known):
                self._refused_by_parser()
            return
        rest = bytes(self._head[end + 4 :])
        del self._head[end + 4 :]
        self._begin_body()
        if self.whole:
            self.unread |= bool(rest)
        elif rest:
            self._feed_body(rest)

    def _check_head(self, size: int) -> None:
        line = self._head.find(b"\r\n", 2)  # it may begin with an empty line
        if (line if line >= 0 else size) > self._limits.line_bytes + 2:
            raise HttpError(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                "line-too-long",
                f"The request line is longer than {self._limits.line_bytes:,} bytes.",
            )
        if size > self._limits.head_bytes:
            raise HttpError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head-too-large",
                f"The header of the request is larger than {self._limits.head_bytes >> 10} KiB.",
            )

    def _begin_body(self) -> None:
        lengths, codings = _LENGTH.findall(self._head), _CODING.findall(self._head)
        if not lengths and not codings:
            self.whole = True
        elif [coding.lower() for coding in codings] == [b"chunked"] and not lengths:
            self.in_body = True
            self._chunks = Chunks(self._limits.body_bytes)
        elif not lengths and _COMPRESSED.search(b",".join(codings)):
            raise HttpError(
                HTTPStatus.NOT_IMPLEMENTED, "transfer-coding", "Send the body without compression."
            )
        elif codings or len(lengths) > 1 or not (lengths[0].isdigit() and len(lengths[0]) <= _LENGTH_DIGITS):
            self._refused_by_parser()
        else:
            self._left = int(lengths[0])
            self.in_body = 0 < self._left <= self._limits.body_bytes
            self.whole = not self.in_body
            self.unread = self._left > self._limits.body_bytes

    def _feed_body(self, data: bytes) -> None:
        taken = self._chunks.feed(data) if self._chunks else min(self._left, len(data))
        if self._body is None:
            self._body = Spool(self._usage)
        self._body.write(memoryview(data)[:taken])
        if not self._chunks:
            self._left -= taken
        self.whole = self._chunks.ended if self._chunks else not self._left
        self.unread = taken < len(data)

    def _refused_by_parser(self) -> None:
        """Let gunicorn's parser find the error; the client may continue sending."""
        self.whole = True
        self.unread = True


class _Expected(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()


class Chunks:
    """Finds the end of a chunked body (RFC 9112, section 7.1), even if it arrives byte by byte."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._expected = _Expected.SIZE
        self._line = bytearray()
        self._left = 0
        self._size = 0
        self._raw = 0
        self.ended = False

    def feed(self, data: bytes) -> int:
        """Return how many of these bytes belong to the body. Raises HttpError."""
        position = 0
        while position < len(data) and not self.ended:
            if self._expected is _Expected.DATA:
                taken = min(self._left, len(data) - position)
                self._left -= taken
                position += taken
                if not self._left:
                    self._expected = _Expected.DATA_END
            else:
                position = self._read_line(data, position)
        self._raw += position
        if self._raw - self._size > _OVERHEAD + self._size // 2:  # tiny chunks, extensions, trailers
            raise self._too_large()
        return position

    def _read_line(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position) + 1
        self._line += data[position : end or len(data)]
        if len(self._line) > (2 if self._expected is _Expected.DATA_END else _LINE):
            raise _bad_chunk()
        if not end:
            return len(data)
        if not self._line.endswith(b"\r\n"):
            raise _bad_chunk()
        line = bytes(self._line[:-2])
        self._line.clear()
        self._take(line)
        return end

    def _take(self, line: bytes) -> None:
        if self._expected is _Expected.TRAILER:
            self.ended = not line
        elif self._expected is _Expected.DATA_END:
            if line:
                raise _bad_chunk()
            self._expected = _Expected.SIZE
        else:
            size = line.partition(b";")[0].rstrip(b" \t")
            if not _SIZE.fullmatch(size):
                raise _bad_chunk()
            self._left = int(size, 16)
            self._size += self._left
            if self._size > self._most:
                raise self._too_large()
            self._expected = _Expected.DATA if self._left else _Expected.TRAILER

    def _too_large(self) -> HttpError:
        detail = f"The body of the request is larger than {self._most >> 20} MiB."
        return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)


def _bad_chunk() -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, "malformed", "The chunks of the request's body can't be read.")
