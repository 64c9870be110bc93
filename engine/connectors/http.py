"""JSON over HTTP. The other side is not trusted to answer, to finish, to be brief, or to send JSON."""

import asyncio
import hashlib
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
import orjson
from pydantic_core import from_json

from engine.bpmn.values import Unportable, portable
from engine.connectors import template
from engine.connectors.connector import Connector, Http, Operation
from engine.connectors.message import CallFailed, Request
from engine.connectors.secret import Secret

# These would log addresses, which may contain data, and headers, including the secret.
for name in ("httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.WARNING)

BODILESS = {"GET", "DELETE"}
MAX_URL = 8000  # characters: a common limit of servers
PASSING = {408, 409, 425, 429}  # 409: the first try with this id is still under way there

Judge = Callable[[httpx.Response], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is sent; `digest` is its SHA-512 in hexadecimal."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    digest: str


def outgoing(operation: Operation, base: str, request: Request, headers: Mapping[str, str]) -> Outgoing:
    """Builds the request. Fields of the body that the path names become part of it.

    Without a body the others form the query.

    Raises CallFailed if it cannot be built.
    """
    asked = template.names(operation.path)
    path = template.fill(operation.path, request.body, _segment)
    rest = {name: value for name, value in request.body.items() if name not in asked}
    content = b""
    if operation.method in BODILESS:
        path += f"?{urlencode(_query(rest))}" if rest else ""
    else:
        content = orjson.dumps(rest)
        headers = {**headers, "Content-Type": "application/json"}
    if len(base + path) > MAX_URL:
        raise CallFailed(
            "invalid-request", f"the address has more than {MAX_URL} characters", retriable=False
        )
    digest = hashlib.sha512(content or path.encode()).hexdigest()
    return Outgoing(operation.method, base + path, headers, content, digest)


def _segment(text: str) -> str:
    if text in {"", ".", ".."}:
        raise CallFailed("invalid-request", "a part of the path is empty or dots", retriable=False)
    return quote(text, safe="")


def _query(fields: Mapping[str, Any]) -> dict[str, str]:
    if any(isinstance(value, dict | list) or value is None for value in fields.values()):
        raise CallFailed(
            "invalid-request", "a field of the query is not a text, number or boolean", retriable=False
        )
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in fields.items()
    }


def identified(message: UUID) -> dict[str, str]:
    """Returns the id of a message in the form that HTTP servers use."""
    return {"Idempotency-Key": str(message), "X-Request-ID": str(message)}


def authorized(how: Http, secret: Secret | None) -> dict[str, str]:
    """Returns the secret in the form that the other side requires."""
    if secret is None:
        return {}
    value = secret.value()
    match how.secret_as:
        case "bearer":
            return {"Authorization": f"Bearer {value}"}
        case "basic":
            return {"Authorization": f"Basic {b64encode(value.encode()).decode()}"}
    return {how.secret_as: value}


async def ask(
    connector: Connector, limit: int, out: Outgoing, judge: Judge
) -> tuple[dict[str, Any], httpx.Headers]:
    """Returns the JSON object of the response, and its headers.

    `judge` checks status and headers before that.

    Raises CallFailed.
    """
    try:
        async with asyncio.timeout(connector.timeout):
            return await _exchange(connector, limit, out, judge)
    except (TimeoutError, httpx.TimeoutException):
        raise CallFailed(
            "timeout", f"no whole answer within {connector.timeout:g} s", retriable=True
        ) from None
    # Their messages may contain the address, and they contain the request itself: `from None`.
    except (httpx.ConnectError, httpx.UnsupportedProtocol):
        raise CallFailed("unreachable", "no connection", retriable=True) from None
    except httpx.TransportError:
        raise CallFailed(
            "interrupted", "the connection ended before the answer did", retriable=True
        ) from None


async def _exchange(
    connector: Connector, limit: int, out: Outgoing, judge: Judge
) -> tuple[dict[str, Any], httpx.Headers]:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **out.headers}
    # A client for each call: calls share no state, and none waits for another's connection. Proxies and
    # .netrc of the environment are not used, because the route of these messages is configured.
    async with (
        httpx.AsyncClient(verify=connector.tls, timeout=connector.timeout, trust_env=False) as client,
        client.stream(out.method, out.url, headers=headers, content=out.content) as response,
    ):
        judge(response)
        return _decode(response, await _body(response, limit)), response.headers


async def _body(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    async for part in response.aiter_raw():
        content += part
        if len(content) > limit:
            raise CallFailed("too-large", f"the answer has more than {limit} bytes", retriable=False)
    return bytes(content)


def _decode(response: httpx.Response, content: bytes) -> dict[str, Any]:
    if response.status_code == httpx.codes.NO_CONTENT or not content:
        return {}
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise _invalid("the answer is not JSON by its Content-Type", retriable=True)
    try:
        body = portable(from_json(content, allow_inf_nan=False))  # preserves every digit of a number
    except Unportable as error:
        raise _invalid(f"a part of the answer {error.reason}", retriable=False) from None
    except ValueError:
        raise _invalid("the answer is not JSON", retriable=True) from None
    if not isinstance(body, dict):
        raise _invalid("the answer is not a JSON object", retriable=False)
    return body


def _invalid(detail: str, *, retriable: bool) -> CallFailed:
    return CallFailed("invalid-reply", detail, retriable=retriable)


def judge_status(operation: Operation, response: httpx.Response) -> None:
    """Raises CallFailed unless it is a success."""
    status = response.status_code
    if response.is_success:
        return
    if status in operation.errors:
        raise CallFailed("status", f"answered {status}", retriable=False, error_code=operation.errors[status])
    if response.is_redirect:
        raise CallFailed("status", f"answered {status}; redirections are not followed", retriable=False)
    raise CallFailed("status", f"answered {status}", retriable=status >= 500 or status in PASSING)
