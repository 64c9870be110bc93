"""Requests to other systems, replies, and failures. Their printed form never contains data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

# Whether the person whom a call is about agrees to it; None if they were never asked.
Consent = Literal["given", "revoked"]


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `id` is the same however often it is sent, so that the other side does it once.

    `operation` may be None if the connector has only one.
    """

    id: UUID
    operation: str | None
    body: Mapping[str, Any] = field(repr=False)
    case_number: str
    user: str = field(repr=False)
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply. `seconds` is how long it took.

    `request_digest` is the SHA-512 (hexadecimal) of the body as it was sent, or of the path and query without
    a body. `request_hash` is the hash that X-Road has reported (base64), None for other kinds.
    """

    body: dict[str, Any] = field(repr=False)
    seconds: float
    request_digest: str
    request_hash: str | None = None


class CallFailed(Exception):
    """Raised if there is no reply that a case could use.

    `code` is one of those in docs/connectors.md. `detail` describes what happened without any data of the
    request or reply. `retriable`: the same call may succeed later. `error_code`: the BPMN error to which the
    connector maps this status.
    """

    def __init__(self, code: str, detail: str, *, retriable: bool, error_code: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retriable = retriable
        self.error_code = error_code


class CircuitOpen(CallFailed):
    """Raised instead of a call while the system is left alone; `seconds` until it may be called again."""

    def __init__(self, failures: int, seconds: float) -> None:
        detail = f"not called: it failed {failures} times in a row, and is left alone for a while"
        super().__init__("circuit-open", detail, retriable=True)
        self.seconds = seconds
