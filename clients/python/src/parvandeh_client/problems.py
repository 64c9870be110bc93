"""Failures of calls: problem documents (RFC 9457) as typed errors, and a server that can't be reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPE = "urn:parvandeh:problem:"


class ParvandehError(Exception):
    """A call failed."""


class Unreachable(ParvandehError):
    """No response came. A change may have been made or not: repeat a POST with the same idempotency key."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one place of the request; `pointer` is a JSON Pointer, such as `/data/area`."""

    pointer: str
    code: str
    detail: str


class Problem(ParvandehError):
    """The server refused the request.

    Programs rely on `type`, or its last part `kind`, and on `code`; `title` and `detail` are for people.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.document = document
        self.type = str(document.get("type", "about:blank"))
        self.kind = self.type.removeprefix(TYPE)
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.code: str | None = document.get("code")
        self.request_id: str | None = document.get("request_id")
        self.state: Mapping[str, Any] = document.get("state") or {}
        self.retry_after = retry_after
        self.errors = [
            FieldFault(fault.get("pointer", ""), fault.get("code", ""), fault.get("detail", ""))
            for fault in document.get("errors") or ()
        ]
        super().__init__(f"{status} {self.kind}: {self.detail or self.title} (request {self.request_id})")


class Unauthorized(Problem):
    """401: no token, or one that isn't valid."""


class Forbidden(Problem):
    """403: the account or the token may not do this, or another person must."""


class NotFound(Problem):
    """404: it doesn't exist, or the caller may not see it."""


class Conflict(Problem):
    """409: the request contradicts the current state, which is in `state`."""


class Stale(Problem):
    """412: it was changed since it was read."""


class Invalid(Problem):
    """422: the input is invalid; `errors` has every place."""


class Unavailable(Problem):
    """429 or 503, after all retries: try again after `retry_after` seconds, if that is set."""


OF_STATUS: Mapping[int, type[Problem]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: Invalid,
    429: Unavailable,
    503: Unavailable,
}


def problem(status: int, document: Any, retry_after: float | None = None) -> Problem:
    """Return the error for a response."""
    known = document if isinstance(document, Mapping) else {}
    return OF_STATUS.get(status, Problem)(status, known, retry_after)
