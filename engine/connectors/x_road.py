"""X-Road Message Protocol for REST, version 1 (PR-REST): what a client's system sends to its Security Server.

The address of the service is in the path (§4.1), each part of an identifier percent-encoded (§4.2). §4.3
defines the headers, §4.6 distinguishes errors of X-Road itself from those of the service. Redirections are
not followed (§4.4).
"""

import base64
import binascii
import re
from urllib.parse import quote

import httpx

from engine.connectors import template
from engine.connectors.connector import Operation, XRoad
from engine.connectors.http import judge_status
from engine.connectors.message import CallFailed, Request

VERSION = "r1"
HASH_BYTES = 64  # SHA-512
REQUEST_HASH = "X-Road-Request-Hash"


def path(how: XRoad) -> str:
    """Returns `/r1/{serviceId}`, before the operation's own path."""
    return f"/{VERSION}/{how.service}"


def headers(how: XRoad, operation: Operation, request: Request) -> dict[str, str]:
    """Returns the client (X-Road-Client is the only required header), message, case and user as headers.

    Raises CallFailed if the request does not say who is represented.
    """
    found = {
        "X-Road-Client": how.client,
        "X-Road-Id": str(request.id),
        "X-Road-UserId": _visible(request.user),
        "X-Road-Issue": _visible(request.case_number),
    }
    if operation.represents:
        found["X-Road-Represented-Party"] = _visible(template.fill(operation.represents, request.body))
    return found


def _visible(text: str) -> str:
    """Percent-encodes other characters than ASCII, as in identifiers: headers can't contain Persian names."""
    return quote(text, safe="/")


def judge(operation: Operation, request: Request, response: httpx.Response) -> None:
    """Raises CallFailed unless X-Road delivered the service's response and that is a success.

    Checks first for errors of X-Road, then whether the response passed through X-Road, then its status: a
    status is that of the service only if X-Road forwarded it.
    """
    status = response.status_code
    if (error := response.headers.get("X-Road-Error")) is not None:
        kind = error if re.fullmatch(r"[A-Za-z]{1,30}(\.[A-Za-z_]{1,60}){0,4}", error) else "unnamed"
        raise CallFailed("x-road", f"{kind}, with {status}", retriable=not kind.startswith("Client"))
    if request_hash(response.headers) is None:
        malformed = REQUEST_HASH in response.headers
        how = "with a malformed hash" if malformed else "without the hash"
        detail = f"answered {status} {how} of the request"
        raise CallFailed("invalid-reply", detail, retriable=status >= 500)
    if response.headers.get("X-Road-Id", str(request.id)) != str(request.id):
        raise CallFailed("invalid-reply", "the answer is to another message", retriable=False)
    judge_status(operation, response)


def request_hash(found: httpx.Headers) -> str | None:
    """Returns X-Road-Request-Hash if it is valid: base64 of SHA512(SHA512(headers) + SHA512(body)).

    The Security Server verifies it. It covers headers that only it knows, so we store it together with the
    hash of what we sent.
    """
    text = found.get(REQUEST_HASH, "")
    try:
        return text if len(base64.b64decode(text, validate=True)) == HASH_BYTES else None
    except (binascii.Error, ValueError):
        return None
