"""Sending one event to one subscriber: a CloudEvent in JSON, signed as Standard Webhooks does.

It touches no database, and logs nothing: addresses and secrets stay here. docs/events.md tells receivers
what they get and how to verify it.
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

TIMEOUT = 10  # seconds for all of it: name, connection, TLS, request, the reply's head
CONNECT = 4  # of these, for one of several addresses to let itself be reached
MEDIA_TYPE = "application/cloudevents+json"
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Posting:
    """A delivery that this process has taken. Where it goes and what signs it are never shown."""

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
    """What came of a posting. `gone`: the receiver wants no more. `failure` is a word or a status."""

    result: Literal["delivered", "failed", "gone"]
    failure: str | None = None


def posting(row: Mapping[Any, Any]) -> Posting:
    """The posting of a delivery that was taken, read together with its event and its subscription."""
    event = cloud_event(row)
    return Posting(
        delivery_id=row["delivery_id"],
        webhook_id=row["webhook_id"],
        case_id=row["case_id"],
        attempt=row["attempts"],
        event_id=event["id"],
        body=orjson.dumps(event),
        url=row["url"],
        secret=row["secret"],
    )


def cloud_event(row: Mapping[Any, Any]) -> dict[str, Any]:
    """An event of the log in the envelope of CloudEvents 1.0: the same each time it is sent."""
    return {
        "specversion": "1.0",
        "id": f"{row['case_id']}/{row['seq']}",
        "source": f"/api/v1/cases/{row['case_id']}",
        "type": f"parvandeh.{row['kind']}",
        "subject": row["case_number"],
        "time": instant(row["at"]),
        "datacontenttype": "application/json",
        "data": {
            "case": row["case_id"],
            "seq": row["seq"],
            "element": row["element"],
            "task": row["task_id"],
            "definition": row["definition"],
            "version": row["version"],
            "hash": row["hash"].hex(),
        },
    }


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The value of `Webhook-Signature`. The time is signed too, so that nobody can send it again later."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


async def send(posting: Posting, allow: Sequence[Network] = ()) -> Outcome:
    """Post it. `allow` names networks that are posted to although they are not public."""
    try:
        async with asyncio.timeout(TIMEOUT):
            status = await _post(posting, allow)
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


async def _post(posting: Posting, allow: Sequence[Network]) -> int:
    """The status of the reply, whose body is not read."""
    url = egress_guard.parse(posting.url)
    *others, last = await asyncio.to_thread(egress_guard.resolve, url, allow)
    for address in others:
        try:
            return await _exchange(posting, url, address)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue  # nothing was sent, and it may be reached by another of its addresses
    return await _exchange(posting, url, last)


async def _exchange(posting: Posting, url: httpx.URL, address: str) -> int:
    """Speak to this address under the name that the URL has: in `Host`, and in the certificate.

    By the transport alone: a client would log the URL, follow redirects if asked, and heed proxies. One for
    each posting: kept connections are found by address, and two names may share one.
    """
    timestamp = int(time.time())
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": MEDIA_TYPE,
        "User-Agent": "Parvandeh",
        "Webhook-Id": posting.event_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature(posting.secret, posting.event_id, timestamp, posting.body),
    }
    request = httpx.Request(
        "POST",
        url.copy_with(host=address),
        content=posting.body,
        headers=headers,
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
    """Certificates are verified against those that the system trusts, so an agency's own may count."""
    return ssl.create_default_context()
