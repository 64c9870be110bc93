"""Sends requests: headers, idempotency keys, retries; makes errors of problem documents."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from parvandeh_client.answers import Content, Document, Tag, Upload, etag_of
from parvandeh_client.problems import ParvandehError, Unreachable, problem
from parvandeh_client.tokens import Token

FIRST_WAIT = 0.2  # seconds; doubles with each attempt
LONGEST_WAIT = 30.0  # seconds that a call waits before an attempt; a longer `Retry-After` is an error
CONTROL = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f]")
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Connection:
    """An installation, and how requests are sent to it."""

    url: str
    token: Token | None = field(repr=False)
    http: httpx.Client
    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Call:
    """A request: the values in its path, its query, and its body as JSON or as a form."""

    method: str
    path: str
    parts: Sequence[object] = ()
    query: Mapping[str, object] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    form: Mapping[str, Any] | None = field(default=None, repr=False)
    if_match: Tag = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends the requests of the operations, with the same headers for all."""

    connection: Connection
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # name persons

    def having(self, headers: Mapping[str, str | None]) -> "Caller":
        """Return a caller with further headers."""
        added = {name: value for name, value in headers.items() if value is not None}
        return replace(self, headers={**self.headers, **added})

    def json(self, method: str, path: str, parts: Sequence[object] = (), **more: Any) -> Any:
        """Return the JSON of the response; None if it has no body. Raises Problem or Unreachable."""
        response = self.send(Call(method, path, parts, **more), "application/json")
        if not response.content:
            return None
        found = _json(response)
        if found is None and response.content.strip() != b"null":
            raise Unreachable(f"{self.connection.url} answered {response.status_code}, but without JSON.")
        if isinstance(found, dict):
            found = Document(found)
            found.etag = response.headers.get("ETag")
        return found

    def content(self, method: str, path: str, parts: Sequence[object] = (), **more: Any) -> Content:
        """Return the file in the response. Raises Problem or Unreachable."""
        response = self.send(Call(method, path, parts, **more), "*/*")
        media_type = response.headers.get("Content-Type", "application/octet-stream")
        return Content(response.content, media_type, response.headers.get("ETag"))

    def send(self, call: Call, accept: str) -> httpx.Response:
        """Return the response of a request that succeeded; repeats it where that is safe."""
        address = self.connection.url + call.path.format(*map(_part, call.parts))
        headers = {"Accept": accept, **self.headers}
        if call.method == "POST":  # also on each repetition: the server then executes it once
            headers["Idempotency-Key"] = call.idempotency_key or str(uuid4())
        if (tag := etag_of(call.if_match)) is not None:
            headers["If-Match"] = tag
        sent: dict[str, Any] = {"params": _query(call.query)}
        if call.form is not None:
            sent["data"], sent["files"] = _form(call.form)
        elif call.body is not None:
            sent["json"] = call.body
        response = self._repeated(call.method, address, headers, sent)
        if response.is_success:
            return response
        raise problem(response.status_code, _json(response), _retry_after(response))

    def _repeated(
        self, method: str, address: str, headers: Mapping[str, str], sent: Mapping[str, Any]
    ) -> httpx.Response:
        """Send until there is a response that isn't worth another attempt."""
        connection = self.connection
        expired = False
        for attempt in range(1, connection.attempts + 1):
            last = attempt == connection.attempts
            token = connection.token() if callable(connection.token) else connection.token
            signed = {**headers, "Authorization": f"Bearer {token}"} if token else headers
            try:
                response = connection.http.request(
                    method, address, headers=_coded(signed), follow_redirects=False, **sent
                )
            except httpx.RequestError as failure:
                if last or not (method in {"GET", "POST"} or isinstance(failure, NEVER_SENT)):
                    raise Unreachable(f"{connection.url} can't be reached: {failure}") from failure
                wait = _backoff(attempt)
            else:
                expire = getattr(connection.token, "expire", None)
                if response.status_code == httpx.codes.UNAUTHORIZED and expire and not (expired or last):
                    expire(token)
                    expired = True
                    continue
                until = None if last else _wait(method, response, attempt)
                if until is None:
                    return response
                wait = until
            connection.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def pages(read: Callable[..., Any], cursor: str, *parts: Any, **query: Any) -> Iterator[Any]:
    """Yield the items of all pages of a list; `cursor` says whether it is sent in the query or the body."""
    following: str | None = None
    while True:
        if cursor == "query":
            page = read(*parts, **query, cursor=following)
        else:
            *before, body = parts
            sent = {**(body or {}), "cursor": following} if following else body
            page = read(*before, sent, **query)
        yield from page["items"]
        if not page["next"]:
            return
        if page["next"] == following:
            raise ParvandehError("The server returns the same page again.")
        following = page["next"]


def _part(value: object) -> str:
    """Return a value as a part of a path. Raises ValueError for one that would lead to another path."""
    written = str(value)
    if written in {"", ".", ".."}:
        raise ValueError(f"`{written}` can't be a part of an address.")
    return quote(written, safe="")


def _coded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers in UTF-8: values may be Persian. Raises ValueError, which doesn't repeat the value."""
    for name, value in headers.items():
        if CONTROL.search(value):
            raise ValueError(f"The value of the header {name} has a line break or another control character.")
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _wait(method: str, response: httpx.Response, attempt: int) -> float | None:
    """Return the seconds until the next attempt; None if there should be none.

    Nothing was changed by a 429, nor by a 503 with `Retry-After`; without it, only reading is safe.
    """
    if response.status_code not in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
        return None
    after = _retry_after(response)
    if after is None:
        return _backoff(attempt) if method == "GET" else None
    return None if after > LONGEST_WAIT else after + _backoff(1)


def _backoff(attempt: int) -> float:
    """Return a random time below a limit that doubles, so that many callers don't return at once."""
    return SystemRandom().uniform(0, FIRST_WAIT * 2**attempt)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _query(values: Mapping[str, object]) -> dict[str, str]:
    written = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()
    }
    return {name: str(value) for name, value in written.items() if value is not None}


def _form(values: Mapping[str, Any]) -> tuple[dict[str, str], list[tuple[str, tuple[str, bytes, str]]]]:
    """Return the texts and the files of a form."""
    several = [(name, value if isinstance(value, list) else [value]) for name, value in values.items()]
    flat = [(name, one) for name, found in several for one in found if one is not None]
    files = [(name, (one.name, one.content, one.media_type)) for name, one in flat if isinstance(one, Upload)]
    return {name: str(one) for name, one in flat if not isinstance(one, Upload)}, files


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
