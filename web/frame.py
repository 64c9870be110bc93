"""What all pages share: head, navigation, security policy; pages that show errors."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from flask import Flask, Response, current_app, g, make_response, redirect, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter

from engine import access
from engine.access import Permission
from engine.identity import profiles
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy
from engine.platform.language import CALENDARS, LANGUAGES
from engine.platform.messages import refusals
from web import purpose, texts
from web.assets import asset
from web.browsers import browser_in_words
from web.site import (
    CALENDAR,
    LANGUAGE,
    LOOKING,
    NOTICE,
    Forged,
    comes_from_here,
    cookie,
    current,
    keep_choice,
    local,
    set_notice,
    set_secret,
    site,
    token,
)

PROBLEM = "application/problem+json"
OURS = ("/api/", "/scim/", "/govstack/", "/healthz", "/readyz", "/metrics")  # prefixes of paths for programs
STRANGERS = 256 << 10  # bytes of a form
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the site, for roles that allow `may`; its name is the text `frame.nav.<name>`."""

    name: str
    path: str
    may: Permission | None
    roles: frozenset[str]


ASKED = frozenset(access.roles_with("questions.answer"))
SECTIONS = (
    Section("inbox", "/desk", "inbox.read", frozenset({"caseworker", "manager"})),
    Section(
        "cases", "/desk/cases", "cases.read", frozenset({"caseworker", "administrator", "auditor", "manager"})
    ),
    Section("oversight", "/oversight", "metrics.read", frozenset({"administrator", "auditor", "manager"})),
    Section("funnel", "/funnel", "funnel.read", frozenset({"auditor", "manager"})),
    Section("log", "/administration/log", "administration_log.read", frozenset({"auditor"})),
    Section("processes", "/designer", "definitions.read", frozenset({"designer", "administrator"})),
    Section("administration", "/administration", "jobs.manage", frozenset({"administrator"})),
    Section("audit", "/audit", "audit.run", frozenset({"administrator", "auditor"})),
    Section("questions", "/questions", "questions.answer", ASKED),
    Section("services", "/services", None, frozenset({"applicant", "anybody"})),
    Section("applications", "/my", "cases.start", frozenset({"applicant"})),
    Section("status", "/status", None, frozenset({"applicant", "anybody"})),
)
HOME = {
    "caseworker": "/desk",
    "designer": "/designer",
    "administrator": "/administration",
    "applicant": "/my",
    "auditor": "/desk/cases",
    "manager": "/desk",
}


def sections() -> Sequence[Section]:
    """Return the visitor's sections."""
    opened = current()
    if opened is None:
        return [section for section in SECTIONS if "anybody" in section.roles]
    actor = opened.actor
    return [
        section
        for section in SECTIONS
        if actor.role in section.roles
        and (section.may is None or access.allows(actor, section.may))
        and (section.name != "questions" or opened.questions is not None)  # those who were never asked
    ]


def waits_in(section: Section) -> int:
    """Return how much waits for the visitor in a section, to be shown with its name."""
    opened = current()
    return (opened.questions or 0) if opened and section.name == "questions" else 0


def is_here(section: Section) -> bool:
    """Return whether this request's page is in a section: of several, the one with the longest path."""
    path = request.path
    inside = [one for one in sections() if path == one.path or path.startswith(f"{one.path}/")]
    return bool(inside) and section is max(inside, key=lambda one: len(one.path))


def readable(path: str) -> str:
    """Return the path of a page: this one, or the nearest above it if this one only takes forms."""
    routes = current_app.create_url_adapter(request)
    if routes is None or not isinstance(_unreadable(routes, path), MethodNotAllowed):
        return path
    while path and _unreadable(routes, path):
        path = path.rpartition("/")[0]
    return path or "/"


def _unreadable(routes: MapAdapter, path: str) -> HTTPException | None:
    try:
        routes.match(path, method="GET")
    except HTTPException as refusal:
        return refusal
    return None


def here(**changes: str | int | None) -> str:
    """Return the address of this page with other parameters; those that are None are removed.

    A page that answers a form may have no address of its own: then it is that of the page above it.
    """
    kept = request.args.to_dict(flat=False)
    kept |= {name: [] if value is None else [str(value)] for name, value in changes.items()}
    query = urlencode(kept, doseq=True)
    path = "/" + quote(
        readable(request.path).lstrip("/")
    )  # two slashes, or a backslash, would lead to another site
    return f"{path}?{query}" if query else path


def notice() -> str | None:
    """Return what the last page has left to show, once. Not on a page that caches store."""
    if g.get("public"):
        return None
    found = request.cookies.get(cookie(NOTICE), "")
    key, _, count = found.partition(":")
    if key not in texts.TEXTS:
        return None
    g.told = True
    try:
        return (
            texts.say(key, count=int(count))
            if count.isdecimal() and len(count) < 10
            else texts.find_text(key)
        )
    except KeyError:  # a text with more values than a notice has: the cookie isn't ours
        return None


def install(app: Flask) -> None:
    """Add the context of all templates, and the head of all pages."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        languages=LANGUAGES,
        calendars=tuple(CALENDARS.values()),
        say=texts.say,
        find_text=texts.find_text,
        reader=texts.reader,
        asset=asset,
        sections=sections,
        is_here=is_here,
        waits_in=waits_in,
        here=here,
        notice=notice,
        token=token,
        visitor=current,
        purpose=lambda: purpose.stated(current()),
        browser_in_words=browser_in_words,
        providers=lambda: site().providers,
        thresholds=lambda pattern: site().thresholds(pattern),
        once=lambda: uuid4().hex,
    )
    app.before_request(_limit)
    app.after_request(_finish)
    app.teardown_request(lambda _: request.close())  # uploaded files are in temporary ones
    app.register_error_handler(Forged, lambda _: render_message(403, "frame.forged"))


def _limit() -> None:
    """Limit anonymous requests to the size of a form, since its fields are parsed and shown again."""
    if request.method == "POST" and not request.path.startswith(OURS) and current() is None:
        request.max_content_length = STRANGERS


def render_message(status: int, key: str, **values: Any) -> Response:
    """Return a page with one message."""
    content = render_template(
        "told.html", told=texts.say(key, **values), refusal=g.get("refusal"), before=_before()
    )
    return Response(content, status=status, mimetype="text/html")


def _before() -> str | None:
    """Return our page from which a form was sent that was refused."""
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:  # this header can contain anything
        return None
    ours = request.method == "POST" and before.netloc == request.host
    return local(before.path + (f"?{before.query}" if before.query else "")) if ours else None


def _finish(response: Response) -> Response:
    """Show errors to people as a page; set the security policy, and the reader's choices."""
    if request.path.startswith(OURS):
        return response
    if response.mimetype == PROBLEM:
        response = _problem_page(response)
    # Logging out redirects to the provider, and browsers apply the policy to all redirects.
    elsewhere = sorted({provider.origin for provider in site().providers})
    response.headers["Content-Security-Policy"] = " ".join([POLICY, *elsewhere])
    response.headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        response.headers["Vary"] = "Cookie, Accept-Language"
        _remember(response)
    return response


def _problem_page(problem: Response) -> Response:
    """Return the page for a problem document, with the same status and headers."""
    status = problem.status_code
    if status == HTTPStatus.METHOD_NOT_ALLOWED and request.method in LOOKING:
        return make_response(redirect(here(), HTTPStatus.SEE_OTHER))
    if "refusal" in g:
        key, values = refusals.text_of(g.refusal)
        response = render_message(status, key, **values)
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and (most := (request.max_content_length or 0) >> 20):
        response = render_message(status, "frame.too-large", most=most)
    else:
        key = f"frame.status.{status}"
        response = render_message(status, key if key in texts.TEXTS else "frame.status.other")
    response.headers.extend(
        (name, value)
        for name, value in problem.headers
        if name not in ("Content-Type", "Content-Length", "Content-Language", "Vary")
    )
    return response


def _prefer(chosen: Mapping[str, str]) -> None:
    """Store with the visitor's account what was chosen by a link of ours, for their other browsers."""
    opened = current()
    if opened is None or opened.restricted or not comes_from_here():
        return
    other = {name: value for name, value in chosen.items() if getattr(opened, name) != value}
    if other:
        # This browser has it in a cookie: a busy database must not prevent the page.
        with suppress(DBAPIError, PoolTimeout, Busy):
            site().database.run(
                lambda session, now: profiles.change_own(UnitOfWork(session, opened.actor, now), other)
            )


def _remember(response: Response) -> None:
    chosen = texts.chosen()
    for name, value in chosen.items():
        keep_choice(response, {"language": LANGUAGE, "calendar": CALENDAR}[name], value)
    _prefer(chosen)
    if g.get("told"):
        set_notice(response, None)
    if g.get("secret_told"):
        set_secret(response, None)
