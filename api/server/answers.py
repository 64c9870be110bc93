"""The server's own responses: problem documents for requests that never reach the application; their log."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from html import escape
from http import HTTPStatus
from uuid import uuid4

import structlog
from gunicorn.http import errors
from prometheus_client import Counter

from api import problems
from api.server.framing import HttpError
from engine.platform.language import LANGUAGES, Reader
from engine.platform.messages import messages

RETRY = 10  # seconds after which a client is to try again
LINES = 10  # per worker and window; more are only counted, so that a flood doesn't fill the disk
WINDOW = 10.0  # seconds
REFUSED = Counter(
    "parvandeh_refused_requests", "What the web server refused before the application saw it.", ("reason",)
)

log = structlog.get_logger("server")

_MALFORMED = HttpError(HTTPStatus.BAD_REQUEST, "malformed", "This is not a valid HTTP request.")
_BY_CAUSE: Mapping[type[BaseException], HttpError] = {
    errors.InvalidHTTPVersion: HttpError(
        HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "http-version", "Use HTTP/1.1 or HTTP/1.0."
    ),
    errors.LimitRequestLine: HttpError(
        HTTPStatus.REQUEST_URI_TOO_LONG, "line-too-long", "The request line is too long."
    ),
    errors.LimitRequestHeaders: HttpError(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "head-too-large",
        "The request has more than 100 header fields, or one that is longer than 8,190 bytes.",
    ),
    errors.UnsupportedTransferCoding: HttpError(
        HTTPStatus.NOT_IMPLEMENTED,
        "transfer-coding",
        "The only supported transfer coding is chunked.",
    ),
    errors.ExpectationFailed: HttpError(
        HTTPStatus.EXPECTATION_FAILED, "expectation", "The only supported expectation is 100-continue."
    ),
    errors.ConfigurationProblem: HttpError(
        HTTPStatus.INTERNAL_SERVER_ERROR, "configuration", "The server doesn't support this request."
    ),
}
_FAULTS_OF_OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def cause(error: BaseException) -> HttpError | None:
    """Return the response to a request that gunicorn's parser refuses; None for a fault of the server."""
    if isinstance(error, HttpError):
        return error
    if isinstance(error, _FAULTS_OF_OURS) or not isinstance(error, errors.ParseException):
        return None
    return _BY_CAUSE.get(type(error), _MALFORMED)


@cache
def postponed() -> bytes:
    """Return the page that tries again by itself, in all languages: the server doesn't know the reader's."""
    texts = {language: messages(Reader.of(language)) for language in LANGUAGES}
    titles = " · ".join(escape(one.say("server.postponed.title")) for one in texts.values())
    paragraphs = "".join(
        f'<p lang="{language}" dir="{one.reader.direction}">{escape(one.say("server.postponed.text"))}</p>'
        for language, one in texts.items()
    )
    head = f'<meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY}"><title>{titles}</title>'
    html = f'<html lang="fa" dir="rtl"><head>{head}</head><body>{paragraphs}</body></html>'
    return f"<!DOCTYPE html>{html}".encode()


def answer(
    status: HTTPStatus, detail: str, request_id: str, *, only_head: bool = False, page: bytes = b""
) -> bytes:
    """Return a complete HTTP response with a problem document, or with an HTML page instead."""
    body = page or problems.standalone(status, detail, request_id)
    media_type = "text/html; charset=utf-8" if page else problems.MEDIA_TYPE
    again = (f"Retry-After: {RETRY}",) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    return _response(status, media_type, body, f"X-Request-ID: {request_id}", *again, only_head=only_head)


def alive(*, only_head: bool) -> bytes:
    """Return the complete HTTP response to a health check, as the application has it."""
    return _response(HTTPStatus.OK, "text/plain", b"ok\n", only_head=only_head)


def _response(status: HTTPStatus, media_type: str, body: bytes, *more: str, only_head: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Server: parvandeh",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        *more,
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        *("", ""),
    ]
    return "\r\n".join(lines).encode("ascii") + (b"" if only_head else body)


class Refusals:
    """Counts and logs what a worker refuses: never with an address, a path or anything else that was sent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0
        self._lines = 0
        self._unlogged = 0

    def count(self, reason: str) -> None:
        """Count one, only in the metrics."""
        with suppress(OSError):  # no room for it on the disk (`api.counters`)
            REFUSED.labels(reason).inc()

    def note(self, reason: str, status: HTTPStatus | None = None) -> str:
        """Log one, and return its id for the log. Without a status the client gets no response."""
        self.count(reason)
        request_id = str(uuid4())
        self.report()
        structlog.contextvars.clear_contextvars()  # those of the previous request
        if self._lines < LINES:
            self._lines += 1
            log.warning("request.refused", request=request_id, reason=reason, status=status)
        else:
            self._unlogged += 1
        return request_id

    def report(self) -> None:
        """At the end of a window, log how many lines were omitted."""
        now = self._clock()
        if now < self._until:
            return
        if self._unlogged:
            structlog.contextvars.clear_contextvars()
            log.warning("requests.refused", count=self._unlogged)
        self._until, self._lines, self._unlogged = now + WINDOW, 0, 0
