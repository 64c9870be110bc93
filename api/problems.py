"""Problem documents (RFC 9457): the only place that maps refusals and HTTP errors to status codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from apiflask import APIFlask
from flask import Response, current_app, g, request
from gunicorn.http.errors import ParseException
from pydantic import ConfigDict, ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from api import language
from api.shapes import KEY, LINE, POINTER, WORDS, Body
from engine.platform import errors, logs
from engine.platform.language import Reader, Texts
from engine.platform.messages import faults, findings, messages, refusals

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:parvandeh:problem:"
PROVIDERS = "parvandeh.providers"

_KINDS: Mapping[type[errors.Refusal], tuple[HTTPStatus, str]] = {
    errors.NotFound: (HTTPStatus.NOT_FOUND, "not-found"),
    errors.OtherPerson: (HTTPStatus.NOT_FOUND, "other-person"),
    errors.Forbidden: (HTTPStatus.FORBIDDEN, "forbidden"),
    errors.ScopeMissing: (HTTPStatus.FORBIDDEN, "forbidden"),
    errors.WiderToken: (HTTPStatus.FORBIDDEN, "forbidden"),
    errors.PurposeMissing: (HTTPStatus.FORBIDDEN, "purpose-missing"),
    errors.BehalfMissing: (HTTPStatus.FORBIDDEN, "behalf-missing"),
    errors.NotRecognised: (HTTPStatus.UNAUTHORIZED, "unauthorized"),
    errors.AssuranceTooLow: (HTTPStatus.FORBIDDEN, "assurance-too-low"),
    errors.Throttled: (HTTPStatus.TOO_MANY_REQUESTS, "throttled"),
    errors.QuotaExceeded: (HTTPStatus.TOO_MANY_REQUESTS, "quota-exceeded"),
    errors.FirstDecider: (HTTPStatus.FORBIDDEN, "first-decider"),
    errors.Unmatched: (HTTPStatus.NOT_FOUND, "not-found"),
    errors.PaymentMismatch: (HTTPStatus.CONFLICT, "payment-mismatch"),
    errors.FieldNotMarked: (HTTPStatus.FORBIDDEN, "field-not-marked"),
    errors.OwnWork: (HTTPStatus.FORBIDDEN, "four-eyes"),
    errors.OwnReport: (HTTPStatus.FORBIDDEN, "own-report"),
    errors.FourEyes: (HTTPStatus.FORBIDDEN, "four-eyes"),
    errors.FourEyesLate: (HTTPStatus.CONFLICT, "four-eyes"),
    errors.ConflictOfInterest: (HTTPStatus.FORBIDDEN, "conflict-of-interest"),
    errors.PersonNotProven: (HTTPStatus.FORBIDDEN, "person-not-proven"),
    errors.ConsentRevoked: (HTTPStatus.FORBIDDEN, "consent-revoked"),
    errors.Recused: (HTTPStatus.FORBIDDEN, "recused"),
    errors.AssignedNotPicked: (HTTPStatus.FORBIDDEN, "assigned-not-picked"),
    errors.NotNamed: (HTTPStatus.FORBIDDEN, "not-named"),
    errors.PersonUnknown: (HTTPStatus.FORBIDDEN, "person-unknown"),
    errors.Stale: (HTTPStatus.PRECONDITION_FAILED, "stale"),
    errors.DataChanged: (HTTPStatus.CONFLICT, "data-changed"),
    errors.OpinionAwaited: (HTTPStatus.CONFLICT, "opinion-awaited"),
    errors.CorrectionAwaited: (HTTPStatus.CONFLICT, "correction-awaited"),
    errors.Conflict: (HTTPStatus.CONFLICT, "conflict"),
    errors.Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    errors.Rejected: (HTTPStatus.UNPROCESSABLE_ENTITY, "rejected"),
    errors.Busy: (HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.NoTimeLeft: (HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.ScannerUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "scanner-unavailable"),
    errors.StorageUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "storage-unavailable"),
    errors.NotInstalled: (HTTPStatus.SERVICE_UNAVAILABLE, "pdf-unavailable"),
    errors.TypesettingFailed: (HTTPStatus.SERVICE_UNAVAILABLE, "pdf-unavailable"),
    errors.PdfTooLarge: (HTTPStatus.UNPROCESSABLE_ENTITY, "pdf-too-large"),
    errors.Uncertain: (HTTPStatus.SERVICE_UNAVAILABLE, "outcome-unknown"),
}

# Of refusals by HTTP itself. Not `HTTPStatus`'s own names: they differ between versions of Python.
_NAMES: Mapping[int, str] = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-timeout",
    413: "too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    431: "header-too-large",
    500: "internal",
    501: "not-implemented",
    503: "busy",
    505: "http-version",
}
# Possible responses of the web server itself to any request.
OF_SERVER = (400, 408, 414, 431)

# Why the database can't do something, by the driver's class of the error.
_REASONS: Mapping[str, str] = {
    "Unresponsive": "The database does not answer.",
    "LockNotAvailable": "Another transaction has locked rows that this request needs.",
    "QueryCanceled": "The database took too long.",
    "DiskFull": "The database has no disk space left.",
    "TooManyConnections": "The database accepts no more connections.",
    "TimeoutError": "All database connections are in use.",
}
# The validator's names of limits, and those in texts for a fault.
_LIMITS: Mapping[str, str] = {
    **dict.fromkeys(("min_length", "max_length"), "count"),
    **dict.fromkeys(("ge", "gt", "le", "lt"), "limit"),
    "expected": "expected",
}

# Texts for patterns: nobody reads a regular expression.
_PATTERNS: Mapping[str, str] = {LINE: "line", WORDS: "words", KEY: "key", POINTER: "pointer"}

log = structlog.get_logger("api")


EXAMPLE: dict[str, Any] = {
    "type": "urn:parvandeh:problem:invalid",
    "title": "Invalid input",
    "status": 422,
    "detail": "The data does not fit the form. Correct the fields listed under `errors`.",
    "request_id": "0193a1c2-7d4e-4b56-8f90-718293a4b5c6",
    "code": "invalid",
    "errors": [
        {
            "pointer": "/data/postal_code",
            "detail": "must have 10 digits",
            "code": "pattern",
        }
    ],
}


class FieldError(Body):
    """One error in the input."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    pointer: str
    """Place of the error: a JSON Pointer (RFC 6901) into the body, or into `/query`; empty for the whole
    request.
    """
    detail: str
    """What is wrong, in the language of the response."""
    code: str
    """Stable code of the error, listed in the documentation under *Codes in errors*."""
    values: dict[str, Any] | None = None
    """What `detail` names, such as a limit."""


class Problem(Body):
    """A problem document (RFC 9457). Programs rely on `type` and `code`."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=False, json_schema_extra={"examples": [EXAMPLE]}
    )

    type: str
    """Kind of the problem: `urn:parvandeh:problem:` and a name."""
    title: str
    """The kind in words, in the language of the response."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened and how to fix it, in the language of the response."""
    request_id: str
    """Id of the request, as in `X-Request-ID` and in the log of the server."""
    code: str | None = None
    """Stable code of the refusal, more specific than `type`."""
    errors: list[FieldError] | None = None
    """Each error in the input."""
    findings: list[dict[str, Any]] | None = None
    """The findings of a refused deployment, as in its report."""
    owners: list[dict[str, Any]] | None = None
    """Which scope owns each variable in the files of a refused deployment, as in its report."""
    state: dict[str, Any] | None = None
    """The current state that caused a conflict: what the request contradicts, or the candidates."""


class Malformed(Exception):
    """A part of the request (`body` or `query`) that doesn't fit its model."""

    def __init__(self, part: str, cause: ValidationError) -> None:
        super().__init__(part)
        self.part = part
        self.cause = cause


class Unauthorized(Exception):
    """No token, or an invalid one."""


# What a request may raise. Anything else is a defect of the program.
FORESEEN = (
    errors.Refusal,
    Malformed,
    Unauthorized,
    HTTPException,
    ParseException,
    PoolTimeout,
    OperationalError,
)


def problem(status: HTTPStatus, name: str, detail: str, **more: Any) -> Response:
    """Return the response for a problem: `name` is the end of its type, `detail` in the caller's language."""
    document = _document(status, name, detail, g.get("request_id", ""), **more)
    content = orjson.dumps(document, default=str)
    return Response(content, int(status), language.headers(), content_type=MEDIA_TYPE)


def _in_language(name: str, english: str) -> str:
    """Return the detail of a problem that is no refusal; in English the given one is more exact."""
    texts = language.texts()
    return english if texts.reader.language == "en" else texts.find(f"problems.{name}.detail", english)


def standalone(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    """Return the problem document of a request that never reached the application, as JSON."""
    return orjson.dumps(_document(status, _NAMES[int(status)], detail, request_id))


def _document(status: HTTPStatus, name: str, detail: str, request_id: str, **more: Any) -> dict[str, Any]:
    return {
        "type": TYPE + name,
        "title": language.texts().find(f"problems.{name}.title", name),
        "status": int(status),
        "detail": detail,
        "request_id": request_id,
        **{key: value for key, value in more.items() if value},
    }


def register(app: APIFlask) -> None:
    """Make every error of the application return a problem document."""
    app.register_error_handler(errors.Refusal, _refused)
    app.register_error_handler(errors.Uncertain, _unconfirmed)
    app.register_error_handler(Malformed, _malformed)
    app.register_error_handler(Unauthorized, _unauthorized)
    app.register_error_handler(errors.NotRecognised, _unauthorized)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _unreadable)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _crashed)


def of(error: Exception) -> Problem:
    """Return the problem document of an error, as a part of a response."""
    response = current_app.make_response(current_app.handle_user_exception(error))
    return Problem.model_validate_json(response.get_data())


def _detail(refusal: errors.Refusal) -> str:
    """Return why a command was refused. The engine's own sentence, in English, has the command's values."""
    texts = language.texts()
    return refusal.detail if texts.reader.language == "en" else refusals.explain(refusal, texts)


def _more(refusal: errors.Refusal) -> dict[str, Any]:
    texts = language.texts()
    more: dict[str, Any] = {"code": refusals.code_of(refusal)}
    if isinstance(refusal, errors.Invalid):
        more["errors"] = [_fault(fault, texts) for fault in refusal.faults]
    if isinstance(refusal, errors.Rejected):
        more["findings"] = [findings.readable(finding, texts) for finding in refusal.findings]
        more["owners"] = [asdict(owner) for owner in refusal.owners]
    if isinstance(refusal, errors.Conflict):
        more["state"] = refusal.state
    return more


def fault_body(fault: errors.Fault) -> FieldError:
    """Return an error in the input as a part of a response."""
    return FieldError.model_validate(_fault(fault, language.texts()))


def _fault(fault: errors.Fault, texts: Texts) -> dict[str, Any]:
    english = texts.reader.language == "en"
    detail = fault.detail if english else faults.explain(fault, texts)
    values = {"values": dict(fault.values)} if fault.values else {}
    return {"pointer": fault.pointer, "detail": detail, "code": fault.code, **values}


def _refused(refusal: errors.Refusal) -> Response:
    response = problem(*_KINDS[type(refusal)], _detail(refusal), **_more(refusal))
    if isinstance(refusal, errors.Busy):
        _invite(response)
    if isinstance(refusal, errors.Throttled | errors.QuotaExceeded):
        response.headers["Retry-After"] = str(refusal.seconds)
    if isinstance(refusal, errors.ScopeMissing):
        insufficient = f'Bearer error="insufficient_scope", scope="{refusal.scope}"'  # RFC 6750 §3.1
        response.headers["WWW-Authenticate"] = insufficient
    if isinstance(refusal, errors.AssuranceTooLow):
        values = " ".join(current_app.extensions[PROVIDERS].values(refusal.needed))
        response.headers["WWW-Authenticate"] = (
            f'Bearer error="insufficient_user_authentication", acr_values="{values}"'
        )
    return response


def _malformed(error: Malformed) -> Response:
    detail = _in_language("invalid", "The request has errors. Correct the fields listed under `errors`.")
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=list(_faults(error)))


def _faults(error: Malformed) -> Iterator[dict[str, Any]]:
    prefix = "/query" if error.part == "query" else ""
    # Never pydantic's own `input`: it contains what was sent.
    for fault in error.cause.errors(include_input=False, include_url=False):
        context: Mapping[str, Any] = fault.get("ctx", {})
        limits = {_LIMITS[name]: limit for name, limit in context.items() if name in _LIMITS}
        if "expected" in limits:  # "'a', 'b' or 'c'", in English only
            limits["expected"] = limits["expected"].replace(" or ", ", ").replace("'", "")
        detail = _malformed_detail(fault["type"], fault["msg"], context, limits)
        values = {"values": limits} if limits else {}
        yield {"pointer": prefix + pointer(fault["loc"]), "detail": detail, "code": fault["type"], **values}


def _malformed_detail(kind: str, english: str, context: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    """Return what is wrong, and how to fix it. In English the validator says it."""
    texts, key = language.texts(), f"malformed.{kind}"
    if "pattern" in context:
        known = _PATTERNS.get(context["pattern"])
        return texts.say(key if known is None else f"{key}.{known}")
    if texts.reader.language == "en":
        return texts.say(key, **limits) if "expected" in limits and key in texts else english
    return texts.say(key if key in texts else "malformed.other", **limits)


def pointer(path: Sequence[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _unauthorized(_: Exception) -> Response:
    english = "Send a valid token as `Authorization: Bearer <token>`."
    response = problem(HTTPStatus.UNAUTHORIZED, "unauthorized", _in_language("unauthorized", english))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    name = _NAMES.get(int(status), "http")
    if error.description == type(error).description:  # Werkzeug's own sentence, for browsers
        detail = language.texts().find(f"problems.{name}.detail", status.description)
    else:
        detail = _in_language(name, error.description or status.description)
    response = problem(status, name, detail)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _unreadable(_: ParseException) -> Response:
    detail = _in_language("malformed", "The server can't read the request body.")
    return problem(HTTPStatus.BAD_REQUEST, "malformed", detail)


def _busy(error: Exception) -> Response:
    cause = type(error.orig if isinstance(error, DBAPIError) else error).__name__
    log.error("database.unavailable", error=logs.cause(error))
    reason = _REASONS.get(cause, "The database is not available.")
    detail = _in_language("busy", f"{reason} Nothing was changed.")
    return _invite(problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail))


def _unconfirmed(unknown: errors.Uncertain) -> Response:
    log.error("database.unconfirmed", error=logs.cause(unknown))
    how = "repeat" if _is_repeatable() else "check"
    detail = language.texts().say(f"problems.outcome-unknown.{how}.detail")
    return _invite(problem(*_KINDS[errors.Uncertain], detail))


def _invite(response: Response) -> Response:
    """Add when to send the request again, if that is safe whatever happened to it."""
    if _is_repeatable():
        response.headers["Retry-After"] = "1"
    return response


def _is_repeatable() -> bool:
    """Return whether the request is a read, or a write with a key."""
    keyed = request.method == "POST" and "Idempotency-Key" in request.headers
    return request.method in ("GET", "HEAD") or keyed or g.get("idempotency_key") is not None


def _crashed(error: Exception) -> Response:
    log.error("request.crashed", error=type(error).__name__, where=logs.place(error))
    detail = language.texts().say("problems.internal.detail")
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def types() -> Mapping[int, Mapping[str, str]]:
    """Return the titles of all types of problems, in English, by status and the end of the type."""
    english = messages(Reader.of("en"))
    found: dict[int, dict[str, str]] = {}
    for status, name in (*((int(status), name) for status, name in _KINDS.values()), *_NAMES.items()):
        found.setdefault(status, {})[name] = english.say(f"problems.{name}.title")
    return found
