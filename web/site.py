"""What the pages of an installation stand on; cookies, forms and where a browser may be sent."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, request

from engine.identity import sessions
from engine.identity.oidc import Providers
from engine.identity.sessions import Lasting, Opened
from engine.platform.config import Settings
from engine.platform.db import Database

SITE = "parvandeh.site"
SESSION, BEFORE, LANGUAGE, CALENDAR, NOTICE, BEGUN, LOOKED = (
    "session",
    "before",
    "lang",
    "calendar",
    "notice",
    "begun",
    "looked",
)
BESIDE = 64 << 10  # what a form may have beside its file
LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,1000}")


class Forged(Exception):
    """A form that this browser was not given by this site."""


@dataclass(frozen=True, slots=True)
class Site:
    """`public_url` is the origin under which browsers see it; None: what they ask for.

    `demo` are the accounts of people that anybody may try it out with; none where it is used in earnest.
    """

    settings: Settings
    database: Database
    providers: Providers
    demo: Sequence[str] = ()

    @property
    def lasting(self) -> Lasting:
        """How long sessions last."""
        return Lasting.of(self.settings)

    @property
    def public_url(self) -> str | None:
        """The origin, if it is set."""
        return self.settings.public_url

    @property
    def zone(self) -> tzinfo:
        """In which instants are shown."""
        return self.settings.time_zone


def site() -> Site:
    """The one of this request."""
    return cast(Site, current_app.extensions[SITE])


def demonstration() -> Sequence[str]:
    """The accounts that this request may try out: none but at a loopback name of this machine.

    Another host's name may be made to lead here (DNS rebinding); its pages would then be this site's.
    """
    return site().demo if LOOPBACK.fullmatch(request.host) else ()


def origin() -> str:
    """Under which this request's browser sees the site."""
    return site().public_url or f"{request.scheme}://{request.host}"


def local(target: str | None) -> str:
    """Where to go after a login: a path of this site, else the first page."""
    return target if target and LOCAL.fullmatch(target) else "/"


def current() -> Opened | None:
    """The session that the request's cookie opens."""
    if "opened" not in g:
        here, secret = site(), request.cookies.get(cookie(SESSION), "")
        g.opened = None  # also for the page that says so, if the database does not answer
        g.opened = (
            here.database.run(
                lambda session, now: sessions.find(
                    session, now, secret, here.lasting, prolonged=not g.get("unnoticed")
                ),
                "single",
            )
            if secret
            else None
        )
    return cast(Opened | None, g.opened)


def before() -> str:
    """The secret by which a browser without a session is known; made with its first page."""
    if "before" not in g:
        found = request.cookies.get(cookie(BEFORE), "")
        g.before = found if re.fullmatch(r"[\w-]{43}", found, re.ASCII) else secrets.token_urlsafe(32)
    return cast(str, g.before)


def token() -> str:
    """What a form of this browser carries: it proves that the form came from here."""
    bound = request.cookies.get(cookie(SESSION), "") if current() else before()
    return hmac.new(bound.encode(), b"form", hashlib.sha256).hexdigest()


def comes_from_here() -> bool:
    """Whether the browser says that a page of this site sends the request: only browsers can be asked so."""
    sent = request.headers.get("Origin")
    own = sent is None or sent in {origin(), f"{request.scheme}://{request.host}"}
    return own and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def is_own_form() -> bool:
    """Whether the form is one that this browser got here, in its present session."""
    given = request.form.get("token", "").encode()
    return comes_from_here() and hmac.compare_digest(given, token().encode())


def require_own_form() -> None:
    """Raises Forged unless it is."""
    if not is_own_form():
        raise Forged


def set_session(response: Response, secret: str | None) -> None:
    """Give the browser the cookie of a session, or take it away; that from before goes."""
    _set(response, BEFORE, None)
    _set(response, SESSION, secret)


def remember_before(response: Response) -> None:
    """Let the browser be known again, if a form or a departure has relied on it."""
    if "before" in g:
        _set(response, BEFORE, g.before, seconds=3600)


def keep_choice(response: Response, name: str, chosen: str) -> None:
    """Let the browser remember what somebody prefers: `LANGUAGE`, `CALENDAR`."""
    _set(response, name, chosen, seconds=365 * 86400)


def set_notice(response: Response, notice: str | None) -> None:
    """What the next page shall tell, or nothing more."""
    _set(response, NOTICE, notice, seconds=60)


def set_looked(response: Response, now: datetime) -> Response:
    """Let the browser remember, in microseconds, when somebody last looked at the inbox."""
    _set(response, LOOKED, f"{now.timestamp() * 1e6:.0f}", seconds=30 * 86400)
    return response


def looked() -> datetime | None:
    """When somebody last looked at the inbox in this browser; None if that is not known."""
    found = request.cookies.get(cookie(LOOKED), "")
    return datetime.fromtimestamp(int(found) / 1e6, UTC) if re.fullmatch(r"[0-9]{14,17}", found) else None


def set_secret(response: Response, told: str | None) -> None:
    """The secret of a case that was just begun, for the next page to tell; None: it was told."""
    _set(response, BEGUN, told, seconds=600)


def make_room() -> None:
    """Accept as much as a document may have, but of nobody of whom it is not known who they are."""
    if request.mimetype == "multipart/form-data" and current() is not None:
        most = (site().settings.document_max_mb << 20) + BESIDE
        request.max_content_length = max(request.max_content_length or 0, most)


def _set(response: Response, name: str, value: str | None, seconds: int | None = None) -> None:
    response.set_cookie(
        cookie(name),
        value or "",
        max_age=seconds if value else 0,
        path="/",
        secure=_is_secure(),
        httponly=True,
        samesite="Lax",
    )


def cookie(name: str) -> str:
    """What a cookie of this site is called."""
    # The prefix makes browsers refuse the cookie from anywhere but this very host, over TLS.
    return ("__Host-" if _is_secure() else "") + f"parvandeh-{name}"


def _is_secure() -> bool:
    return urlsplit(origin()).scheme == "https"
