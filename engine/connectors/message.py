"""What goes to another system, what comes back, and how that fails. None of it shows data when printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `id` stays the same however often it is sent, so that the other side does it once.

    `operation` may be None where the connector has only one.
    """

    id: UUID
    operation: str | None
    body: Mapping[str, Any] = field(repr=False)
    case_number: str
    user: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer. `seconds` is how long it took.

    `request_digest` is the SHA-512 (hexadecimal) of the body as it was sent, or of the path and query if none
    was. `request_hash` is what X-Road says that it saw (base64), None for other kinds.
    """

    body: dict[str, Any] = field(repr=False)
    seconds: float
    request_digest: str
    request_hash: str | None = None


class CallFailed(Exception):
    """There is no answer that a case could use.

    `code` is one of those in docs/connectors.md. `detail` says what happened without anything of the request
    or reply. `retriable`: the same call may succeed later. `error_code`: the BPMN error that the connector
    makes of this status.
    """

    def __init__(self, code: str, detail: str, *, retriable: bool, error_code: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retriable = retriable
        self.error_code = error_code
