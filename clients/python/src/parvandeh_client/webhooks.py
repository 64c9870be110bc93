"""Verifies webhooks (Standard Webhooks) and reads the CloudEvents in them."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvandeh_client.problems import ParvandehError

TOLERANCE = 300.0  # seconds that a request may be old: an older one may be a replay
TYPE = "parvandeh."


class Rejected(ParvandehError):
    """The request doesn't come from the installation, or is too old. Answer 401, and don't use it."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a case. The same one may come again: store the `id`s that you have processed.

    `kind` is the kind of event, such as `task.completed`; `data` has `case`, `seq`, `task`, `definition` …
    """

    id: str
    kind: str
    case_number: str
    time: str
    data: Mapping[str, Any]


class Webhook:
    """Verifies the requests of one subscription.

    While a secret is being replaced, pass both: a request signed with either is accepted.
    """

    def __init__(self, secrets: str | Sequence[str], *, tolerance: float = TOLERANCE) -> None:
        given = [secrets] if isinstance(secrets, str) else list(secrets)
        if not given:
            raise ValueError("At least one secret is needed.")
        self._keys = [_key(secret) for secret in given]
        self._tolerance = tolerance

    def verify(self, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes) -> Event:
        """Return the event of a request. Raises Rejected.

        `headers` with names in any case, `body` exactly as it was received.
        """
        named = {name.lower(): value for name, value in dict(headers).items()}
        try:
            identity, sent = named["webhook-id"], named["webhook-timestamp"]
            given = named["webhook-signature"].split()
            age = abs(time.time() - int(sent))
        except (KeyError, ValueError, OverflowError) as failure:
            raise Rejected("The headers of a webhook are missing or malformed.") from failure
        if age > self._tolerance:
            raise Rejected(f"The webhook is {age:.0f} seconds old.")
        signed = f"{identity}.{sent}.".encode() + body
        expected = [_signature(key, signed) for key in self._keys]
        matches = [hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given]
        if not any(matches):
            raise Rejected("The webhook is not signed with this secret.")
        return parse(body)


def parse(body: bytes) -> Event:
    """Return the event in a verified body. Raises Rejected if it is none."""
    try:
        event = json.loads(body)
        if event["specversion"] != "1.0":
            raise Rejected(f"CloudEvents {event['specversion']} is not supported.")
        kind = str(event["type"]).removeprefix(TYPE)
        return Event(event["id"], kind, event["subject"], event["time"], event["data"])
    except (ValueError, KeyError, TypeError) as failure:
        raise Rejected("The webhook contains no CloudEvent.") from failure


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as failure:
        raise ValueError("The secret of a webhook is Base64 after `whsec_`.") from failure
    if not key:  # such as a setting that is missing: anybody can sign with that
        raise ValueError("The secret of a webhook is empty.")
    return key


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
