"""The API's side of a request: HTTP in, `engine.requests.serving`, HTTP out.

Authentication, decoding, the command and the encoding of its answer happen inside one transaction, so that
what was answered is what was committed. APIFlask writes the documentation from the same declaration.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from apiflask import APIBlueprint
from flask import Response, current_app, g, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api import responses
from api.callers import Callers, is_signed
from api.problems import PROVIDERS, Malformed, Unauthorized, described
from api.quota import Quota
from api.shapes import Request
from engine import access
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.db import View as DatabaseView
from engine.platform.errors import Fault, Forbidden, Invalid
from engine.platform.storage import checksum
from engine.requests import serving
from engine.requests.idempotency import Answer
from engine.requests.serving import Outcome

QUOTA = "parvandeh.quota"
DATABASE = "parvandeh.database"
CALLERS = "parvandeh.callers"
PUBLISHING = "parvandeh.publishing"
OPERATIONS = "parvandeh.operations"  # those of the installation's connectors
MAX_JSON = 2 << 20

# Only its decorators are used, which note on a function what OpenAPI shall say.
_openapi = APIBlueprint("openapi", __name__)

R = TypeVar("R", bound=Request)
T = TypeVar("T")
View = Callable[..., "Reply"]
Stream = Callable[[], Iterable[bytes]]

_WRITING_ONCE: set[View] = set()
_ACCEPTED: dict[View, type[BaseModel]] = {}
_PREPARED: dict[View, Callable[..., Mapping[str, Any]]] = {}


class Reply:
    """What a view answers: a model, bytes or what opens a stream, and headers that belong to it.

    `opened` says what of a case a reader is shown: it goes into the access log before the answer leaves.
    """

    def __init__(
        self,
        body: BaseModel | bytes | Stream,
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
        opened: Opened | None = None,
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers or {}
        self.opened = opened

    def answer(self) -> Answer:
        """The bytes to send."""
        if isinstance(self.body, bytes):
            return Answer(self.status, self.headers, self.body)
        if not isinstance(self.body, BaseModel):
            return Streamed(self.status, self.headers, b"", self.body)
        headers = {"Content-Type": "application/json", **self.headers}
        return Answer(self.status, headers, self.body.model_dump_json(by_alias=True).encode())


@dataclass(frozen=True, slots=True)
class Streamed(Answer):
    """An answer whose body is opened when the transaction has ended."""

    stream: Stream


def command(
    route: Callable[[Any], Any],
    *,
    answer: type[BaseModel] | str | tuple[str, ...],
    body: type[Request] | None = None,
    query: type[Request] | None = None,
    status: int | tuple[int, ...] = 200,
    refusals: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Declare a view on a route, such as `blueprint.get("/cases")`, that answers a model or media types.

    Of several kinds of `status` the first is the usual one. The view gets the unit of work, the path's
    parts, and what it declares of `body` (JSON) and `query`. A body whose fields all have defaults may be
    left out. The view runs again from the start when the database asks for it.
    """

    def declare(view: View) -> View:
        documented: Any = view
        first, *others = (status,) if isinstance(status, int) else status
        if body is not None:
            documented = _openapi.input(body, location="json")(documented)
        if query is not None:
            documented = _openapi.input(query, location="query")(documented)
        if isinstance(answer, type):
            documented = _openapi.output(answer, status_code=first)(documented)
        statuses = {401, 403, 422, 429, 503, *refusals} | ({400, 413, 415} if body else set())
        answers: Any = {**described(*sorted(statuses)), **responses.of_file(answer)}
        answers |= {other: responses.likewise(other, answer) for other in others}
        if view in _ACCEPTED:
            answers[HTTPStatus.ACCEPTED.value] = responses.likewise(HTTPStatus.ACCEPTED, _ACCEPTED[view])
        documented = _openapi.doc(responses=answers, security="bearer")(documented)

        @route
        @wraps(documented)
        def endpoint(**parts: Any) -> Response:
            return _serve(view, parts, {"body": body, "query": query})

        return view

    return declare


def _serve(view: View, parts: dict[str, Any], given: Mapping[str, type[Request] | None]) -> Response:
    database: Database = current_app.extensions[DATABASE]
    parts = _prepare(database, view, parts)
    done = serving.serve(
        database,
        _REQUEST,
        lambda uow: _run(view, uow, parts, given),
        "single" if view in _WRITING_ONCE else _database_view(parts),
    )
    return _response(done)


def _response(done: Answer) -> Response:
    content = done.stream() if isinstance(done, Streamed) else done.body
    return Response(content, status=done.status, headers=dict(done.headers))


def writes_once(view: View) -> View:
    """Declare that a view holds no row and writes by `UnitOfWork.write` alone.

    So its one statement needs no transaction around it.
    """
    _WRITING_ONCE.add(view)
    return view


def accepts(answer: type[BaseModel]) -> Callable[[View], View]:
    """Declare the answer 202 of a view, for what a worker completes."""

    def declare(view: View) -> View:
        _ACCEPTED[view] = answer
        return view

    return declare


def prepared(prepare: Callable[..., Mapping[str, Any]]) -> Callable[[View], View]:
    """Declare what is done before a view's transaction begins, in place of receiving the body: once only.

    It gets the path's parts, and gives further ones; `as_caller` tells it what the caller may.
    """

    def declare(view: View) -> View:
        _PREPARED[view] = prepare
        return view

    return declare


def _prepare(database: Database, view: View, parts: dict[str, Any]) -> dict[str, Any]:
    """What has to be there before the transaction begins, for it takes time.

    Whose a token is that a provider has signed; the body, and what `prepared` makes of it.
    """
    if is_signed(token := _bearer()):
        callers: Callers = current_app.extensions[CALLERS]
        g.vouched = callers.vouched(database, current_app.extensions[PROVIDERS], token)
    if view in _PREPARED:
        return {**parts, **_PREPARED[view](**parts)}
    _receive()
    return parts


def as_caller(look: Callable[[UnitOfWork], T]) -> T:
    """What the caller finds in the database just now, statement by statement."""
    database: Database = current_app.extensions[DATABASE]
    return database.run(lambda session, now: look(UnitOfWork(session, _actor(session), now)), "single")


def _database_view(parts: Mapping[str, Any]) -> DatabaseView:
    """What the request sees of the database.

    One thing is read as of one moment, a list statement by statement.
    """
    if request.method not in ("GET", "HEAD"):
        return "write"
    return "snapshot" if parts else "single"


def _receive() -> None:
    """Have the whole body before a transaction begins: a slow sender must not hold one open."""
    if "Authorization" in request.headers:
        if request.mimetype == "multipart/form-data":
            request.files  # noqa: B018  # parsed and kept when first asked for
        else:
            request.get_data(cache=True)


def _run(
    view: View, uow: UnitOfWork, parts: Mapping[str, Any], given: Mapping[str, type[Request] | None]
) -> Outcome[Answer]:
    arguments = dict(parts)
    query = _valid("query", given["query"] or Request, _query())
    if given["query"] is not None:
        arguments["query"] = query
    if (body := given["body"]) is not None:
        decoded = sent(body)
        g.idempotency_key = decoded.idempotency_key() or _idempotency_key()
        if body.model_fields:  # a view with nothing to say in its body is not given it
            arguments["body"] = decoded
    else:
        g.idempotency_key = _idempotency_key()
    reply = view(uow, **arguments)
    answer = reply.answer()
    return Outcome(answer, answer, reply.opened)


def sent(model: type[R]) -> R:
    """The body of the request. Raises what the caller is to be told."""
    return _valid("body", model, _json(model))


def _valid(part: str, model: type[R], value: Any) -> R:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Malformed(part, error) from error


def _actor(session: Session) -> Actor:
    """The caller, with whom and why they say they act for."""
    token, callers = _bearer(), current_app.extensions[CALLERS]
    actor: Actor | None = g.get("vouched") or callers.find(session, token)
    if actor is None:
        raise Unauthorized
    quota: Quota = current_app.extensions[QUOTA]
    quota.take(token)
    g.actor_id = actor.id
    behalf, purpose = _said("X-On-Behalf-Of"), _said("X-Purpose")
    if behalf is not None:
        access.require(actor, "behalf.act")
    return replace(actor, on_behalf_of=behalf, purpose=purpose) if behalf or purpose else actor


def _bearer() -> str:
    """What the request shows; empty if it shows nothing. A browser's cookie opens nothing here."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _query() -> dict[str, Any]:
    """The query's parameters. One that comes twice stays a list, which no model takes."""
    return {name: values[0] if len(values) == 1 else values for name, values in request.args.lists()}


def _said(header: str) -> str | None:
    """A header's text, in UTF-8 as senders mean it; WSGI hands its bytes over as Latin-1."""
    value = request.headers.get(header)
    try:
        value = value and value.encode("latin-1").decode()
    except UnicodeError:
        value = "\0"  # not printable
    # The zero-width non-joiner belongs to Persian spelling.
    if value is not None and not (value.replace("\u200c", "").isprintable() and 0 < len(value) <= 200):
        raise Invalid(
            f"{header} must have 1 to 200 printable characters.", [Fault("", "is not usable", "header")]
        )
    return value


def _json(model: type[BaseModel]) -> Any:
    optional = not any(field.is_required() for field in model.model_fields.values())
    if optional and not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, as `Content-Type: application/json`.")
    content = request.get_data(cache=True)
    if len(content) > MAX_JSON:
        raise RequestEntityTooLarge(f"The request body is larger than {MAX_JSON >> 20} MiB.")
    try:
        return current_app.json.loads(content)
    except ValueError as error:
        raise BadRequest("The request body is not valid JSON.") from error


def _idempotency_key() -> str | None:
    return _said("Idempotency-Key") if request.method == "POST" else None


def _fingerprint() -> bytes:
    """What must be the same for two requests to be the same."""
    if request.mimetype == "multipart/form-data":
        # Its boundary is chosen anew each time, so the parts count and not the body.
        files = request.files.items(multi=True)
        sums = sorted(repr((name, file.filename, checksum(file.stream))) for name, file in files)
        body: Any = [*sums, *request.form.items(multi=True)]
    else:
        body = request.get_data(cache=True) or b"{}"
    conditions = [request.headers.get(name) for name in ("X-On-Behalf-Of", "If-Match")]
    return repr((request.method, request.full_path, conditions, body)).encode()


# A stored answer tells of a case: it is not for a caller to whom the command is forbidden by now.
_REQUEST = serving.Request(_actor, lambda: g.get("idempotency_key"), _fingerprint, final=(Forbidden,))


def content(upload: FileStorage, limit: int = -1) -> bytes:
    """An uploaded file from its start, for a command may run again; at most `limit` bytes."""
    upload.seek(0)
    found: bytes = upload.read(limit)
    return found


def revisions_seen() -> frozenset[int] | None:
    """The revisions that the caller names in If-Match; None if any will do.

    A tag that was never ours matches nothing, as the standard wants (RFC 9110 §13.1.1).
    """
    tags = request.if_match
    if "If-Match" not in request.headers or tags.star_tag:
        return None
    return frozenset(int(tag) for tag in tags.as_set() if tag and re.fullmatch(r"[0-9]{1,9}", tag))


def etag(revision: int) -> str:
    """The entity tag of a revision."""
    return f'"{revision}"'
