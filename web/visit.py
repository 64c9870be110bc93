"""The pages' side of a request: HTTP in, `engine.requests.serving`, HTTP out.

One request is one transaction, in which the page is also rendered. The session cookie identifies the visitor.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Response, g, make_response, redirect, render_template, request

from engine import access
from engine.access import Permission
from engine.identity import sessions
from engine.oversight.access_log import Opened, Way
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid, NotFound, PurposeMissing, Refusal, Uncertain
from engine.platform.ids import uuid7
from engine.platform.language import Reader
from engine.platform.storage import checksum
from engine.requests import serving
from engine.requests.idempotency import Answer, internal
from engine.requests.serving import Outcome
from web import purpose, texts
from web.site import (
    LOOKING,
    Forged,
    comes_from_here,
    current,
    is_own_form,
    make_room,
    set_notice,
    set_secret,
    site,
)

# Pages on which cases are found, for the access log.
WAYS: Mapping[str, Way] = {"/desk/search": "search", "/desk/cases": "list", "/oversight/cases": "list"}
ANYBODY = Actor(id=uuid7(), name="", role="anybody")  # a visitor whom the policy allows nothing


@dataclass(frozen=True, slots=True)
class Visit:
    """The arguments of a view: the visitor's unit of work, the reader, and the session (None: anonymous)."""

    uow: UnitOfWork
    reader: Reader
    session: sessions.Opened | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page to show. `opened` is what it shows of a case."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    opened: Opened | tuple[Opened, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Away:
    """A redirect to a page, which shows the text of the key `told` (with `count`) once, or a `secret`."""

    url: str
    told: str | None = None
    count: int | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A file, or a function that opens one after the transaction. With `name` it is a download.

    `fresh`: sent only if it differs from the browser's copy.
    """

    body: bytes | Callable[[], Iterable[bytes]]
    media_type: str
    name: str | None = None
    opened: Opened | None = None
    fresh: bool = False
    status: int = 200


Shown = Page | Away | Content
View = Callable[..., Shown]
Prepare = Callable[..., Mapping[str, Any]]


def page(
    route: Callable[[Any], Any],
    *,
    may: Permission | None = None,
    refused: View | None = None,
    anybody: bool = False,
    prepare: Prepare | None = None,
    unnoticed: bool = False,
) -> Callable[[View], View]:
    """Declare a view on a route, such as `blueprint.get("/inbox")`.

    Its arguments are a `Visit` and the path's parts; it runs again from the start when the database requires
    it. Visitors without a session are redirected to the login, except on pages for `anybody`. `may` is what
    the account's role must allow. When the view is refused, its changes are undone, and `refused` is shown: a
    view with the same parts and the refusal, `refusal`; else a page that explains it, as always for what the
    visitor may not see or do at all. `prepare` runs once, before the transaction begins; it returns further
    parts, and can also refuse: then the view has none of these. Its forms may be as large as a document.

    `unnoticed`: a script polls, perhaps without a person. It extends no session and is not logged.

    A form with a hidden field `once` is executed once, however often it is sent. If it could not be confirmed
    that it was executed, the visitor can send it again.
    """

    def declare(view: View) -> View:
        @route
        @wraps(view)
        def endpoint(**parts: Any) -> Response:
            g.unnoticed = unnoticed
            if (away := _admit(anybody, files=prepare is not None)) is not None:
                return away
            try:
                if may is not None:
                    access.require(_visitor(), may)
                _require_storable()
                parts |= prepare(**parts) if prepare else {}
                return _serve(lambda visit: view(visit, **parts))
            except Refusal as refusal:
                g.refusal = refusal
                if (asked := _ask_again(refusal)) is not None:
                    return asked
                if refused is None or type(refusal) in (NotFound, Forbidden, Uncertain):
                    raise
                again = partial(refused, refusal=refusal, **parts)
                return _serve(again, undone=True)

        return view

    return declare


def _ask_again(refusal: Refusal) -> Response | None:
    """Return a page from which the request can be made again as it was, if only something is missing."""
    if isinstance(refusal, PurposeMissing):
        return purpose.ask()
    if isinstance(refusal, Uncertain) and _once() is not None:
        return _kept("unconfirmed.html", HTTPStatus.SERVICE_UNAVAILABLE)
    return None


def _require_text() -> None:
    """Raises NotFound for an address with text that the database can't store: no page has issued it."""
    if any("\0" in value for _, value in request.args.items(multi=True)):
        raise NotFound("The page does not exist.")


def _require_storable() -> None:
    """Raises Invalid for a form with text that the database can't store: no keyboard types it."""
    held = [name for name, value in request.form.items(multi=True) if "\0" in name + value]
    if held:
        faults = [Fault(f"/{name}", "has a character that no text can hold", "characters") for name in held]
        raise Invalid("The form can't be read.", faults)


def _admit(anybody: bool, *, files: bool) -> Response | None:
    """Return a redirect or a page; None if the view can run. `files`: its forms have some."""
    _require_text()
    if files:
        make_room()
    return _recognise(anybody) or _recognise_form()


def _recognise(anybody: bool) -> Response | None:
    """Return a redirect, if this visitor can't see the page yet."""
    opened = current()
    if anybody or (opened is not None and not opened.restricted):
        return None
    if g.unnoticed:
        return Response(status=HTTPStatus.UNAUTHORIZED)
    if opened is not None:
        return _away("/password")
    if request.method not in LOOKING:
        return _kept("ended.html", HTTPStatus.UNAUTHORIZED)
    return _away(f"/login?next={quote(request.full_path.rstrip('?'))}")


def _recognise_form() -> Response | None:
    """Return a page, if a form is of an earlier session. Raises Forged if it comes from another site."""
    if request.method in LOOKING or is_own_form():
        return None
    if not comes_from_here():
        raise Forged
    return _kept("again.html", HTTPStatus.CONFLICT)


def _kept(template: str, status: HTTPStatus) -> Response:
    """Return a page from which the same form can be sent again: nothing that was typed is lost."""
    own = comes_from_here()
    kept = [item for item in request.form.items(multi=True) if own and item[0] != "token"]
    values = {"kept": kept, "target": request.full_path.rstrip("?"), "files": bool(request.files)}
    return make_response(render_template(template, **values), status)


def _visitor() -> Actor:
    """Return the visitor; also for the request's line in the log."""
    opened = current()
    g.actor_id = opened.actor.id if opened else None
    if opened is None:
        return ANYBODY
    why = purpose.stated(opened)
    return opened.actor if why is None else replace(opened.actor, purpose=why)


def _serve(view: Callable[[Visit], Shown], *, undone: bool = False) -> Response:
    """Run a view and render its page. `undone`: a refused one, whose form can be sent again."""
    opened, actor = current(), _visitor()
    key = None if undone or opened is None else _once()

    def run(uow: UnitOfWork) -> Outcome[Response | Content]:
        shown = view(Visit(uow, texts.reader(), opened))
        if isinstance(shown, Content) and not isinstance(shown.body, bytes):
            return Outcome(shown, opened=_come_upon(shown.opened))
        response = _response(shown)
        if isinstance(shown, Away):
            return Outcome(response, _place(response))
        return Outcome(response, opened=_come_upon(shown.opened))

    done = serving.serve(
        site().database,
        serving.Request(lambda _: actor, lambda: key, _fingerprint),
        run,
        "snapshot" if request.method in LOOKING or undone else "write",
    )
    if isinstance(done, Content):  # opened only now: the transaction has ended
        return _response(done)
    return done if isinstance(done, Response) else Response(status=done.status, headers=dict(done.headers))


def _place(response: Response) -> Answer:
    """Return where a form led: that is stored for the same form sent again."""
    headers = {name: value for name, value in response.headers if name in ("Location", "Set-Cookie")}
    return Answer(response.status_code, headers, b"")


def _come_upon(opened: Opened | tuple[Opened, ...] | None) -> Opened | tuple[Opened, ...] | None:
    """Return what is shown, with our page from which the visitor comes, if the browser sends it."""
    if not isinstance(opened, Opened) or opened.way is not None:
        return opened
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:  # this header can contain anything
        return opened
    return replace(opened, way=WAYS.get(before.path) if before.netloc == request.host else None)


def _response(shown: Shown) -> Response:
    if isinstance(shown, Away):
        response = _away(shown.url)
        if shown.secret is not None:
            set_secret(response, shown.secret)
        elif shown.told is not None:
            set_notice(response, shown.told if shown.count is None else f"{shown.told}:{shown.count}")
        return response
    if isinstance(shown, Page):
        response = make_response(render_template(shown.template, **shown.values), shown.status)
        response.headers.extend(shown.headers)
        return response
    body = shown.body if isinstance(shown.body, bytes) else shown.body()
    response = Response(body, shown.status)
    response.headers["Content-Type"] = shown.media_type
    if shown.name is not None:
        response.headers.set("Content-Disposition", "attachment", filename=shown.name)
    if shown.fresh:
        response.add_etag()
        response.make_conditional(request)
    return response


def _away(url: str) -> Response:
    return make_response(redirect(url, HTTPStatus.SEE_OTHER))


def _once() -> str | None:
    sent = request.form.get("once", "") if request.method == "POST" else ""
    return internal("page", sent) if 16 <= len(sent) <= 64 and sent.isascii() and sent.isprintable() else None


def _fingerprint() -> bytes:
    sent = [item for item in request.form.items(multi=True) if item[0] != "token"]
    files = [(name, file.filename, checksum(file.stream)) for name, file in request.files.items(multi=True)]
    return hashlib.sha256(repr((request.path, sent, files)).encode()).digest()
