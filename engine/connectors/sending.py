"""Sends one request to another system: validated, guarded by the breaker, with a validated reply."""

import hashlib
import time
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from engine.bpmn.values import Unportable, plain, portable
from engine.connectors import http, mail, x_road
from engine.connectors.connector import Connector, Email, Http, Operation, XRoad
from engine.connectors.message import CallFailed, Reply, Request
from engine.connectors.schema import Schema
from engine.connectors.secret import Unreadable


async def send(connector: Connector, request: Request) -> Reply:
    """Makes one try. Raises CallFailed; the caller decides whether and when to try again.

    Many may run at once in one event loop; none waits for another.
    """
    operation = connector.operation(request.operation)
    _require_consent(operation, request)
    request = _sendable(operation, request)
    try:
        if isinstance(connector.how, Email):
            reply = await _post(connector, connector.how, operation, request)
        else:
            reply = await _ask(connector, connector.how, operation, request)
    except Unreadable as unreadable:
        raise CallFailed("unusable-secret", str(unreadable), retriable=True) from None
    _require(operation.reply, reply.body, "invalid-reply")
    return reply


def _require_consent(operation: Operation, request: Request) -> None:
    if not operation.consent or request.consent == "given":
        return
    if request.consent == "revoked":
        detail = "the person whom it is about has revoked their consent"
        raise CallFailed("consent-revoked", detail, retriable=False)
    detail = "the person whom it is about has not given their consent"
    raise CallFailed("consent-missing", detail, retriable=False)


def _sendable(operation: Operation, request: Request) -> Request:
    """Returns the request with a body of plain JSON that matches its schema."""
    try:
        body = plain(portable(request.body))
    except Unportable as error:
        detail = f"a part of the request {error.reason}"
        raise CallFailed("invalid-request", detail, retriable=False) from None
    _require(operation.request, body, "invalid-request")
    return replace(request, body=body)


def _require(
    schema: Schema | None, body: dict[str, Any], code: Literal["invalid-request", "invalid-reply"]
) -> None:
    if schema is not None and (faults := schema.faults(body)):
        raise CallFailed(code, f"does not fit its schema: {faults}", retriable=False)


async def _ask(connector: Connector, how: Http, operation: Operation, request: Request) -> Reply:
    base, headers = (
        connector.address,
        {**http.identified(request.id), **http.authorized(how, connector.secret)},
    )
    judge = partial(http.judge_status, operation)
    if isinstance(how, XRoad):
        base += x_road.path(how)
        headers |= x_road.headers(how, operation, request)
        judge = partial(x_road.judge, operation, request)
    out = http.outgoing(operation, base, request, headers)
    started = time.monotonic()
    with connector.breaker.guard():
        body, found = await http.ask(connector, how.max_reply_bytes, out, judge)
    seen = x_road.request_hash(found) if isinstance(how, XRoad) else None
    return Reply(body, time.monotonic() - started, out.digest, seen)


async def _post(connector: Connector, how: Email, operation: Operation, request: Request) -> Reply:
    message = mail.letter(how, operation, request)
    digest = hashlib.sha512(message.as_bytes()).hexdigest()
    started = time.monotonic()
    with connector.breaker.guard():
        await mail.post(connector, how, operation, message)
    return Reply({"message_id": message["Message-ID"]}, time.monotonic() - started, digest)
