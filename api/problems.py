"""Problem documents (RFC 9457): the one place that turns refusals and HTTP errors into status codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from apiflask import APIFlask
from flask import Response, current_app, g
from gunicorn.http.errors import ParseException
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from engine import errors, logs

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:parvandeh:problem:"
PROVIDERS = "parvandeh.providers"

_KINDS: Mapping[type[errors.Refusal], tuple[HTTPStatus, str]] = {
    errors.NotFound: (HTTPStatus.NOT_FOUND, "not-found"),
    errors.Forbidden: (HTTPStatus.FORBIDDEN, "forbidden"),
    errors.NotRecognised: (HTTPStatus.UNAUTHORIZED, "unauthorized"),
    errors.AssuranceTooLow: (HTTPStatus.FORBIDDEN, "assurance-too-low"),
    errors.Throttled: (HTTPStatus.TOO_MANY_REQUESTS, "throttled"),
    errors.QuotaExceeded: (HTTPStatus.TOO_MANY_REQUESTS, "quota-exceeded"),
    errors.FirstDecider: (HTTPStatus.FORBIDDEN, "first-decider"),
    errors.FieldNotMarked: (HTTPStatus.FORBIDDEN, "field-not-marked"),
    errors.OwnWork: (HTTPStatus.FORBIDDEN, "four-eyes"),
    errors.FourEyes: (HTTPStatus.FORBIDDEN, "four-eyes"),
    errors.FourEyesLate: (HTTPStatus.CONFLICT, "four-eyes"),
    errors.ConflictOfInterest: (HTTPStatus.FORBIDDEN, "conflict-of-interest"),
    errors.Recused: (HTTPStatus.FORBIDDEN, "recused"),
    errors.AssignedNotPicked: (HTTPStatus.FORBIDDEN, "assigned-not-picked"),
    errors.NotNamed: (HTTPStatus.FORBIDDEN, "not-named"),
    errors.PersonUnknown: (HTTPStatus.FORBIDDEN, "person-unknown"),
    errors.Stale: (HTTPStatus.PRECONDITION_FAILED, "stale"),
    errors.OpinionAwaited: (HTTPStatus.CONFLICT, "opinion-awaited"),
    errors.CorrectionAwaited: (HTTPStatus.CONFLICT, "correction-awaited"),
    errors.Conflict: (HTTPStatus.CONFLICT, "conflict"),
    errors.Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    errors.Rejected: (HTTPStatus.UNPROCESSABLE_ENTITY, "rejected"),
    errors.Busy: (HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.ScannerDown: (HTTPStatus.SERVICE_UNAVAILABLE, "scanner-unavailable"),
    errors.StorageDown: (HTTPStatus.SERVICE_UNAVAILABLE, "storage-unavailable"),
    errors.Uncertain: (HTTPStatus.GATEWAY_TIMEOUT, "uncertain"),
}

# Of refusals by HTTP itself. Not `HTTPStatus`'s own names: they differ between versions of Python.
_NAMES: Mapping[int, str] = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    500: "internal",
}

log = structlog.get_logger("api")


class FieldError(BaseModel):
    """One fault.

    Its place as a JSON Pointer (RFC 6901) into the request's body, what is wrong, and a stable code.
    """

    pointer: str
    detail: str
    code: str


class Problem(BaseModel):
    """A problem document (RFC 9457). `state` tells the present state that a conflict is with."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] | None = None
    findings: list[dict[str, Any]] | None = None
    state: dict[str, Any] | None = None


class Malformed(Exception):
    """A part of the request (`body` or `query`) that does not fit its model."""

    def __init__(self, part: str, cause: ValidationError) -> None:
        super().__init__(part)
        self.part = part
        self.cause = cause


class Unauthorized(Exception):
    """No token, or one that is not valid (any more)."""


def problem(status: HTTPStatus, name: str, detail: str, **more: Any) -> Response:
    """The response for a problem. `name` is the stable end of its type."""
    document = _document(status, name, detail, **more)
    return Response(orjson.dumps(document), status=int(status), content_type=MEDIA_TYPE)


def _document(status: HTTPStatus, name: str, detail: str, **more: Any) -> dict[str, Any]:
    return {
        "type": TYPE + name,
        "title": name.replace("-", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "request_id": g.get("request_id", ""),
        **{key: value for key, value in more.items() if value},
    }


def register(app: APIFlask) -> None:
    """Let every error of the application answer with a problem document."""
    app.register_error_handler(errors.Refusal, _refused)
    app.register_error_handler(Malformed, _malformed)
    app.register_error_handler(Unauthorized, _unauthorized)
    app.register_error_handler(errors.NotRecognised, _unauthorized)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _unreadable)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _crashed)


def of(refusal: errors.Refusal) -> Problem:
    """The problem document of a refusal, as a part of an answer."""
    return Problem.model_validate(_document(*_KINDS[type(refusal)], refusal.detail, **_more(refusal)))


def _more(refusal: errors.Refusal) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if isinstance(refusal, errors.Invalid):
        more["errors"] = [
            {"pointer": fault.pointer, "detail": fault.detail, "code": fault.code} for fault in refusal.faults
        ]
    if isinstance(refusal, errors.Rejected):
        more["findings"] = [asdict(finding) for finding in refusal.findings]
    if isinstance(refusal, errors.Conflict):
        more["state"] = refusal.state
    return more


def _refused(refusal: errors.Refusal) -> Response:
    response = problem(*_KINDS[type(refusal)], refusal.detail, **_more(refusal))
    if isinstance(refusal, errors.Busy):
        response.headers["Retry-After"] = "1"
    if isinstance(refusal, errors.Throttled | errors.QuotaExceeded):
        response.headers["Retry-After"] = str(refusal.seconds)
    if isinstance(refusal, errors.AssuranceTooLow):
        values = " ".join(current_app.extensions[PROVIDERS].values(refusal.needed))
        response.headers["WWW-Authenticate"] = (
            f'Bearer error="insufficient_user_authentication", acr_values="{values}"'
        )
    return response


def _malformed(error: Malformed) -> Response:
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "The request has faults.", errors=list(_faults(error))
    )


def _faults(error: Malformed) -> Iterator[dict[str, str]]:
    prefix = "/query" if error.part == "query" else ""
    # Never pydantic's own `input`: it holds what was sent.
    for fault in error.cause.errors(include_input=False, include_url=False, include_context=False):
        yield {"pointer": prefix + pointer(fault["loc"]), "detail": fault["msg"], "code": fault["type"]}


def pointer(path: Sequence[str | int]) -> str:
    """The JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _unauthorized(_: Exception) -> Response:
    response = problem(
        HTTPStatus.UNAUTHORIZED, "unauthorized", "Send a valid token as `Authorization: Bearer <token>`."
    )
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    response = problem(status, _NAMES.get(int(status), "http"), error.description or status.description)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _unreadable(_: ParseException) -> Response:
    return problem(HTTPStatus.BAD_REQUEST, "malformed", "The body cannot be read as it was sent.")


def _busy(error: Exception) -> Response:
    log.error("database.unavailable", error=type(error).__name__)
    response = problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "The database cannot do this just now.")
    response.headers["Retry-After"] = "1"
    return response


def _crashed(error: Exception) -> Response:
    log.error("request.crashed", error=type(error).__name__, where=logs.place(error))
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "Something is wrong on our side. The request id helps to find it.",
    )


def described(*statuses: int) -> dict[int | str, Any]:
    """These statuses as responses in OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
