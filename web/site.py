"""The site of an installation: cookies, own forms, and allowed redirects."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
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
from engine.platform.red_flags import PARTS, USUAL

SITE = "parvandeh.site"
LOOKING = ("GET", "HEAD")  # methods that change nothing
SESSION, BEFORE, LANGUAGE, CALENDAR, NOTICE, BEGUN, LOOKED, PURPOSE = (
    "session",
    "before",
    "lang",
    "calendar",
    "notice",
    "begun",
    "looked",
    "purpose",
)
BESIDE = 64 << 10  # the size of a form without its file
LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,1000}")


class Forged(Exception):
    """A form that this site did not issue to this browser."""


@dataclass(frozen=True, slots=True)
class Site:
    """`public_url` is the origin at which browsers reach it; None: the host of the request.

    `demo` are the accounts that anybody can try; none in production.
    """

    settings: Settings
    database: Database
    providers: Providers
    demo: Sequence[str] = ()

    @property
    def lasting(self) -> Lasting:
        """The lifetime of sessions."""
        return Lasting.of(self.settings)

    @property
    def public_url(self) -> str | None:
        """The origin, if it is configured."""
        return self.settings.public_url

    @property
    def zone(self) -> tzinfo:
        """The zone in which instants are shown."""
        return self.settings.time_zone

    def thresholds(self, pattern: str) -> Mapping[str, int]:
        """Return the thresholds of a pattern of red flags that are whole numbers, to be shown."""
        limits = self.settings.red_flags.get(pattern, USUAL[pattern])
        return {name: int(value) for name, value in limits.items() if name not in PARTS}


def site() -> Site:
    """Return the site of this request."""
    return cast(Site, current_app.extensions[SITE])


def demonstration() -> Sequence[str]:
    """Return the accounts that this request may try: none except at a loopback name of this machine.

    Another host's name may resolve to this machine (DNS rebinding); its pages would then have this site's
    origin.
    """
    return site().demo if LOOPBACK.fullmatch(request.host) else ()


def origin() -> str:
    """Return the origin of the site for this request's browser."""
    return site().public_url or f"{request.scheme}://{request.host}"


def local(target: str | None) -> str:
    """Return where to redirect after a login: a path of this site, else the first page."""
    return target if target and LOCAL.fullmatch(target) else "/"


def current() -> Opened | None:
    """Return the session of the request's cookie."""
    if "opened" not in g:
        here, secret = site(), request.cookies.get(cookie(SESSION), "")
        g.opened = None  # also for the error page, if the database doesn't respond
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
    """Return the secret that identifies a browser without a session; created with its first page."""
    if "before" not in g:
        found = request.cookies.get(cookie(BEFORE), "")
        g.before = found if re.fullmatch(r"[\w-]{43}", found, re.ASCII) else secrets.token_urlsafe(32)
    return cast(str, g.before)


def token() -> str:
    """Return the CSRF token for forms of this browser."""
    bound = request.cookies.get(cookie(SESSION), "") if current() else before()
    return hmac.new(bound.encode(), b"form", hashlib.sha256).hexdigest()


def comes_from_here() -> bool:
    """Return whether the browser says that a page of this site sends the request; only browsers say so."""
    sent = request.headers.get("Origin")
    own = sent is None or sent in {origin(), f"{request.scheme}://{request.host}"}
    return own and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def is_own_form() -> bool:
    """Return whether the form was issued to this browser, in its present session."""
    given = request.form.get("token", "").encode()
    return comes_from_here() and hmac.compare_digest(given, token().encode())


def require_own_form() -> None:
    """Raises Forged unless it was."""
    if not is_own_form():
        raise Forged


def set_session(response: Response, secret: str | None) -> None:
    """Set the cookie of a session, or delete it; the previous one is deleted."""
    _set(response, BEFORE, None)
    _set(response, PURPOSE, None)
    _set(response, SESSION, secret)


def remember_before(response: Response) -> None:
    """Set the cookie of the anonymous secret, if a form or a redirect has used it."""
    if "before" in g:
        _set(response, BEFORE, g.before, seconds=3600)


def keep_choice(response: Response, name: str, chosen: str) -> None:
    """Store a preference in a cookie: `LANGUAGE`, `CALENDAR`."""
    _set(response, name, chosen, seconds=365 * 86400)


def set_notice(response: Response, notice: str | None) -> None:
    """Set what the next page shows, or delete it."""
    _set(response, NOTICE, notice, seconds=60)


def set_purpose(response: Response, stated: str | None) -> None:
    """Store for which purpose an auditor opens cases, until the browser is closed; None: no longer."""
    _set(response, PURPOSE, stated)


def set_looked(response: Response, now: datetime) -> Response:
    """Store, in microseconds, when the visitor last opened the inbox."""
    _set(response, LOOKED, f"{now.timestamp() * 1e6:.0f}", seconds=30 * 86400)
    return response


def looked() -> datetime | None:
    """Return when the visitor last opened the inbox in this browser; None if unknown."""
    found = request.cookies.get(cookie(LOOKED), "")
    return datetime.fromtimestamp(int(found) / 1e6, UTC) if re.fullmatch(r"[0-9]{14,17}", found) else None


def set_secret(response: Response, told: str | None) -> None:
    """Set the secret of a new case, for the next page to show; None: it was shown."""
    _set(response, BEGUN, told, seconds=600)


def make_room() -> None:
    """Accept bodies of the size of a document, but not from anonymous visitors."""
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
    """Return the name of a cookie of this site."""
    # With the prefix, browsers accept the cookie only from this very host, over TLS.
    return ("__Host-" if _is_secure() else "") + f"parvandeh-{name}"


def _is_secure() -> bool:
    return urlsplit(origin()).scheme == "https"
