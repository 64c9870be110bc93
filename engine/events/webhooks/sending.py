"""Sends one event to one subscriber: a CloudEvent in JSON, signed as in Standard Webhooks.

It uses no database, and logs nothing, so addresses and secrets aren't exposed. docs/events.md explains to
receivers what they get and how to verify it.
"""

import asyncio
import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from uuid import UUID

import httpx
import orjson

from engine.bpmn.values import instant
from engine.platform import egress_guard
from engine.platform.egress_guard import Network, Refused

TIMEOUT = 10  # seconds for all of it: DNS, connection, TLS, request, headers of the response
CONNECT = 4  # of these, for connecting to one of several addresses
MEDIA_TYPE = "application/cloudevents+json"
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A delivery that this process has leased. Its address and secret are never shown."""

    delivery_id: UUID
    webhook_id: UUID
    case_id: UUID
    attempt: int
    event_id: str
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request. `gone`: the receiver wants nothing further. `failure`: a word or a status."""

    result: Literal["delivered", "failed", "gone"]
    failure: str | None = None


def build_request(row: Mapping[Any, Any], origin: str = "") -> WebhookRequest:
    """Returns the request of a leased delivery, with its event and its subscription."""
    event = cloud_event(row, origin)
    return WebhookRequest(
        delivery_id=row["delivery_id"],
        webhook_id=row["webhook_id"],
        case_id=row["case_id"],
        attempt=row["attempts"],
        event_id=event["id"],
        body=orjson.dumps(event),
        url=row["url"],
        secret=row["secret"],
    )


def cloud_event(row: Mapping[Any, Any], origin: str = "") -> dict[str, Any]:
    """Returns an event of the log as a CloudEvents 1.0 envelope: the same each time it is sent.

    With the installation's origin, `source` is an absolute URL.
    """
    return {
        "specversion": "1.0",
        "id": f"{row['case_id']}/{row['seq']}",
        "source": f"{origin}/api/v1/cases/{row['case_id']}",
        "type": f"parvandeh.{row['kind']}",
        "subject": row["case_number"],
        "time": instant(row["at"]),
        "datacontenttype": "application/json",
        "data": {
            "case": row["case_id"],
            "seq": row["seq"],
            "element": row["element"],
            "task": row["task_id"],
            "facts": row["facts"],
            "definition": row["definition"],
            "version": row["version"],
            "hash": row["hash"].hex(),
        },
    }


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Returns the value of `Webhook-Signature`.

    It covers the time, so that nobody can send it again later.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


async def send(outgoing: WebhookRequest, allow: Sequence[Network] = ()) -> Outcome:
    """Sends the request. `allow` names networks that are allowed although they are not public."""
    timestamp = int(time.time())
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Webhook-Id": outgoing.event_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature(outgoing.secret, outgoing.event_id, timestamp, outgoing.body),
    }
    return await post(outgoing.url, outgoing.body, headers, allow)


async def post(url: str, body: bytes, headers: Mapping[str, str], allow: Sequence[Network] = ()) -> Outcome:
    """Sends a body to a URL, once, guarded like every webhook."""
    try:
        async with asyncio.timeout(TIMEOUT):
            status = await _post(url, body, headers, allow)
    except (TimeoutError, httpx.TimeoutException):
        return Outcome("failed", "timeout")
    except Refused as refusal:
        return Outcome("failed", refusal.code)
    except (httpx.NetworkError, OSError):
        return Outcome("failed", "connection")
    except httpx.HTTPError:
        return Outcome("failed", "protocol")
    if 200 <= status < 300:
        return Outcome("delivered")
    return Outcome("gone" if status == 410 else "failed", f"status {status}")


async def _post(given: str, body: bytes, headers: Mapping[str, str], allow: Sequence[Network]) -> int:
    """Returns the status of the response, whose body is not read."""
    url = egress_guard.parse(given)
    *others, last = await asyncio.to_thread(egress_guard.resolve, url, allow)
    for address in others:
        try:
            return await _exchange(url, address, body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue  # nothing was sent, and another of its addresses may be reachable
    return await _exchange(url, last, body, headers)


async def _exchange(url: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Sends to this address with the host name of the URL, in `Host` and in the certificate.

    Uses the transport directly: a client would log the URL, follow redirects, and use proxies. One for each
    request: pooled connections are found by address, and two names may share one.
    """
    request = httpx.Request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers={"Host": url.netloc.decode("ascii"), "User-Agent": "Parvandeh", **headers},
        extensions={
            "sni_hostname": url.raw_host.decode("ascii"),
            "timeout": httpx.Timeout(TIMEOUT, connect=CONNECT).as_dict(),
        },
    )
    async with httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        await response.aclose()
    return response.status_code


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are verified against the system's trust store, so an agency's own may be trusted."""
    return ssl.create_default_context()
