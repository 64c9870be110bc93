"""The API's side of a request: HTTP in, `engine.requests.serving`, HTTP out.

Authentication, decoding, the command and the encoding of its response happen inside one transaction, so that
the response describes what was committed. APIFlask generates the documentation from the same declaration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import Response, current_app, g, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from api import conditional_reads, operations, received, waiting
from api.callers import Callers, is_signed
from api.exact_types import TEXTS
from api.operations import BYTES, JSON, Answered, Operation
from api.problems import PROVIDERS, Malformed, Unauthorized
from api.shapes import Empty, Request
from api.shown_cases import require_still_theirs
from engine import access
from engine.oversight.access_log import Opened
from engine.platform import persian
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.db import View as DatabaseView
from engine.platform.errors import BehalfMissing, Forbidden
from engine.requests import serving
from engine.requests.idempotency import Answer
from engine.requests.serving import Outcome
from engine.tasks import EntityTag

QUOTA = "parvandeh.quota"
DATABASE = "parvandeh.database"
CALLERS = "parvandeh.callers"
PUBLISHING = "parvandeh.publishing"
TEST_INSTALLATION = "parvandeh.test-installation"  # whether time may be moved for its cases
OPERATIONS = "parvandeh.operations"  # those of the installation's connectors

R = TypeVar("R", bound=Request)
T = TypeVar("T")
View = Callable[..., "Reply"]
Stream = Callable[[], Iterable[bytes]]

_WRITING_ONCE: set[View] = set()
_OF_ONE_MOMENT: set[View] = set()
_ACCEPTED: dict[View, type[BaseModel]] = {}
_ALSO_AS: dict[View, str] = {}
_UPLOADED: dict[View, type[Request]] = {}
_SENT: dict[View, tuple[str, ...]] = {}
_PREPARED: dict[View, Callable[..., Mapping[str, Any]]] = {}
_INSTEAD: dict[View, View] = {}
_IN_PARTS: set[View] = set()
# What is about the token itself: there a caller finds out that each request has to say for whom it acts.
_OF_NOBODY = frozenset(
    {"me.read_me", *(f"own_tokens.{name}" for name in ("index", "narrow", "rotate", "revoke"))}
)


class Reply:
    """The response of a view: a model, bytes or a function that opens a stream, and headers.

    `opened` is what a reader is shown of a case: it is written to the access log before the response is sent.
    `stored` is what a repeated request gets instead of the body; None: it runs again.
    """

    def __init__(
        self,
        body: BaseModel | bytes | Stream,
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
        opened: Opened | tuple[Opened, ...] | None = None,
        stored: BaseModel | Literal["body"] | None = "body",
    ) -> None:
        self.body = body
        self.stored = stored
        self.status = status
        self.headers = headers or {}
        self.opened = opened

    def kept(self) -> Answer | None:
        """Return the bytes to store under the idempotency key, for a repeated request."""
        if isinstance(self.stored, BaseModel):
            return Reply(self.stored, self.headers, status=self.status).answer()
        return None if self.stored is None else self.answer()

    def answer(self) -> Answer:
        """Return the bytes to send."""
        if isinstance(self.body, bytes):
            return Answer(self.status, self.headers, self.body)
        if not isinstance(self.body, BaseModel):
            return Streamed(self.status, self.headers, b"", self.body)
        headers = {"Content-Type": JSON, **self.headers}
        return Answer(self.status, headers, self.body.model_dump_json(by_alias=True).encode())


@dataclass(frozen=True, slots=True)
class Streamed(Answer):
    """A response whose body is opened when the transaction has ended."""

    stream: Stream


def command(
    route: Callable[[Any], Any],
    *,
    answer: Answered,
    body: type[Request] | None = None,
    query: type[Request] | None = None,
    status: int | tuple[int, ...] = 200,
    refusals: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Declare a view on a route, such as `blueprint.get("/cases")`, that returns a model or media types.

    Of several values of `status` the first is the usual one. The view's arguments are the unit of work, the
    path's parts, and what it declares of `body` (JSON) and `query`. A body whose fields all have defaults is
    optional. The view runs again from the start when the database requires it.
    """

    def declare(view: View) -> View:
        operation = Operation(
            answer=answer,
            body=Empty if body is Request else body,
            query=query,
            upload=_UPLOADED.get(view),
            statuses=(status,) if isinstance(status, int) else status,
            refusals=refusals,
            accepted=_ACCEPTED.get(view),
            also_as=_ALSO_AS.get(view),
            sends=_SENT.get(view, ()),
            takes=operations.taken(view),
        )

        @route
        @operations.declare(operation)
        @wraps(view)
        def endpoint(**parts: Any) -> Response:
            return _serve(view, parts, {"body": body, "query": query})

        return view

    return declare


def _serve(view: View, parts: dict[str, Any], given: Mapping[str, type[Request] | None]) -> Response:
    database: Database = current_app.extensions[DATABASE]
    if view in _INSTEAD and received.prefers("respond-async"):
        view = _INSTEAD[view]
    parts = _prepare(database, view, parts)
    if view in _IN_PARTS:
        received.idempotency_key()  # ignored, but not a wrong one
        return _response(view(**parts).answer())
    done = serving.serve(
        database,
        REQUEST,
        lambda uow: _run(view, uow, parts, given),
        "single" if view in _WRITING_ONCE else _database_view(view, parts),
    )
    waiting.hold()
    done = conditional_reads.with_content(done)
    return conditional_reads.unless_known(done) or _response(done)


def _response(done: Answer) -> Response:
    content = done.stream() if isinstance(done, Streamed) else done.body
    headers = dict(done.headers)
    if (media_type := headers.get("Content-Type", JSON)) != JSON:
        # Generated clients ask for bytes where they don't know the type.
        headers["Vary"] = "Accept"
        if request.accept_mimetypes.best_match((media_type.partition(";")[0], BYTES)) == BYTES:
            headers["Content-Type"] = BYTES
    return Response(content, status=done.status, headers=headers)


def writes_once(view: View) -> View:
    """Declare that a view locks no row and writes only with `UnitOfWork.write`.

    Then its only statement needs no transaction.
    """
    _WRITING_ONCE.add(view)
    return view


def of_one_moment(view: View) -> View:
    """Declare that all statements of a view see the same state of the database, though it reads a list."""
    _OF_ONE_MOMENT.add(view)
    return view


def accepts(answer: type[BaseModel]) -> Callable[[View], View]:
    """Declare the response 202 of a view, for requests that a worker completes."""

    def declare(view: View) -> View:
        _ACCEPTED[view] = answer
        return view

    return declare


def instead(defer: View) -> Callable[[View], View]:
    """Declare the view for callers who prefer `respond-async`. It has the same arguments."""

    def declare(view: View) -> View:
        _INSTEAD[view] = defer
        return view

    return declare


def in_parts(view: View) -> View:
    """Declare a view without a transaction of its own, nor a unit of work: it runs its parts apart.

    Its `Idempotency-Key` is ignored: each part has a key.
    """
    _IN_PARTS.add(view)
    return view


def also_as(media_type: str) -> Callable[[View], View]:
    """Declare a media type that a view returns instead of JSON if the caller asks for it."""

    def declare(view: View) -> View:
        _ALSO_AS[view] = media_type
        return view

    return declare


def multipart(parts: type[Request]) -> Callable[[View], View]:
    """Declare the parts of a multipart body, which the view or its preparation reads itself."""

    def declare(view: View) -> View:
        _UPLOADED[view] = parts
        return view

    return declare


def sends(*headers: str) -> Callable[[View], View]:
    """Declare headers of a view's successful responses, such as `ETag` or `Location`.

    A read that sends an `ETag` returns 304 if `If-None-Match` has it.
    """

    def declare(view: View) -> View:
        _SENT[view] = headers
        return view

    return declare


def prepared(prepare: Callable[..., Mapping[str, Any]]) -> Callable[[View], View]:
    """Declare a function that runs once, before a view's transaction begins, instead of receiving the body.

    Its arguments are the path's parts, and it returns further ones; `as_caller` gives access to the caller's
    permissions.
    """

    def declare(view: View) -> View:
        _PREPARED[view] = prepare
        return view

    return declare


def _prepare(database: Database, view: View, parts: dict[str, Any]) -> dict[str, Any]:
    """Do the slow work before the transaction begins.

    Identify the caller of a token signed by a provider; receive the body, or run the function of `prepared`.
    """
    if is_signed(token := received.bearer()):
        callers: Callers = current_app.extensions[CALLERS]
        g.signed_in = callers.account_of_token(database, current_app.extensions[PROVIDERS], token)
    if view in _PREPARED:
        return {**parts, **_PREPARED[view](**parts)}
    received.receive()
    return parts


def as_caller(look: Callable[[UnitOfWork], T], view: DatabaseView = "single") -> T:
    """Run commands as the caller: statement by statement, or in a transaction of another view."""
    database: Database = current_app.extensions[DATABASE]
    return database.run(lambda session, now: look(UnitOfWork(session, caller(session), now)), view)


def _database_view(view: View, parts: Mapping[str, Any]) -> DatabaseView:
    """Return what the request sees of the database.

    A single object is read from one snapshot, a list statement by statement.
    """
    if request.method not in ("GET", "HEAD"):
        return "write"
    return "snapshot" if parts or view in _OF_ONE_MOMENT else "single"


def _run(
    view: View, uow: UnitOfWork, parts: Mapping[str, Any], given: Mapping[str, type[Request] | None]
) -> Outcome[Answer]:
    waiting.forget()
    arguments = dict(parts)
    query = asked(given["query"] or Request)
    if given["query"] is not None:
        arguments["query"] = query
    if (body := given["body"]) is not None:
        decoded = sent(body)
        g.idempotency_key = decoded.idempotency_key() or received.idempotency_key()
        if body.model_fields:  # a view without fields in its body has no such argument
            arguments["body"] = decoded
    else:
        g.idempotency_key = received.idempotency_key()
    reply = view(uow, **arguments)
    return Outcome(reply.answer(), reply.kept(), reply.opened)


def sent(model: type[R]) -> R:
    """Return the body of the request. Raises the refusal for the caller."""
    return _valid("body", model, received.json_body(model))


def asked(model: type[R]) -> R:
    """Return the query of the request. Raises the refusal for the caller."""
    return _valid("query", model, received.query())


def _valid(part: str, model: type[R], value: Any) -> R:
    try:
        return model.model_validate(value, context=TEXTS if part == "query" else None)
    except ValidationError as error:
        raise Malformed(part, error) from error


def caller(session: Session) -> Actor:
    """Return the caller, with the person for whom and the purpose for which they act."""
    token, callers = received.bearer(), current_app.extensions[CALLERS]
    actor: Actor | None = g.get("signed_in") or callers.find(session, token)
    if actor is None:
        raise Unauthorized
    if not (waiting.is_again() or g.get("counted")):  # a request has several transactions, and may run again
        current_app.extensions[QUOTA].take(token)
        g.counted = True
    g.actor_id = actor.id
    behalf, purpose = received.header_text("X-On-Behalf-Of"), received.header_text("X-Purpose")
    if behalf is not None:
        access.require(actor, "behalf.act")
        behalf = persian.digits(behalf).strip()
    elif actor.requires_behalf and request.endpoint not in _OF_NOBODY:
        raise BehalfMissing("This token requires the header X-On-Behalf-Of in each request.")
    return replace(actor, on_behalf_of=behalf, purpose=purpose) if behalf or purpose else actor


def _key() -> str | None:
    """Return the idempotency key: in a worker, that of the deferred request."""
    key: str | None = g.get("answer_key") or g.get("idempotency_key")
    return key


# A stored response contains data of a case: not for a caller who may no longer do the command.
REQUEST = serving.Request(
    caller, _key, received.fingerprint, final=(Forbidden,), recheck=require_still_theirs
)


def content(upload: FileStorage, limit: int = -1) -> bytes:
    """Return an uploaded file from its start, since a command may run again; at most `limit` bytes."""
    upload.seek(0)
    found: bytes = upload.read(limit)
    return found


def revisions_seen() -> frozenset[int] | None:
    """Return the revisions in If-Match; None if any will do.

    Tags that aren't ours match nothing, as the standard requires (RFC 9110 §13.1.1).
    """
    tags = tags_seen()
    return None if tags is None else frozenset(tag.revision for tag in tags)


def tags_seen() -> frozenset[EntityTag] | None:
    """Return the tags in If-Match; None if any will do. Those of tasks may cover the values of a form."""
    tags = request.if_match
    if "If-Match" not in request.headers or tags.star_tag:
        return None
    known = (conditional_reads.CONTENT.sub("", tag) for tag in tags.as_set() if tag)
    return frozenset(tag for tag in map(EntityTag.parse, known) if tag is not None)


def etag(tag: EntityTag | int) -> str:
    """Return the entity tag of a task or a revision, as a header."""
    return f'"{tag}"'
