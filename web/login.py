"""Login, logout, and changing the password."""

import re
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from engine.access import ASSURANCES
from engine.identity import login, sessions
from engine.identity.oidc import farewell
from engine.identity.sessions import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import (
    AssuranceTooLow,
    Busy,
    Conflict,
    Invalid,
    NotFound,
    NotRecognised,
    Throttled,
)
from engine.portal import catalogue
from engine.portal.catalogue import Service
from web import forms, texts
from web.frame import render_message
from web.site import (
    before,
    current,
    local,
    origin,
    remember_before,
    require_own_form,
    set_session,
    site,
)

APPLYING = re.compile(r"/services/([^/?]+)/apply")  # where a login began that is for an application

blueprint = Blueprint("login", __name__, template_folder="templates")


@blueprint.get("/login")
def show() -> Response:
    """Show the form, and a link for each provider."""
    target = local(request.args.get("next"))
    return _away(target) if current() else _login(target)


@blueprint.post("/login")
def enter() -> Response:
    """Log in by name and password."""
    require_own_form()
    target = local(request.form.get("next"))
    try:
        secret = login.by_password(site().database, _attempt(request.form.get("name", "")), site().lasting)
    except NotRecognised:
        return _login(target, HTTPStatus.UNAUTHORIZED, texts.say("login.wrong"))
    except Throttled as refusal:
        return _throttled(_login(target, HTTPStatus.TOO_MANY_REQUESTS, _too_many(refusal)), refusal)
    return _entered(secret, target)


@blueprint.get("/login/<provider>")
def depart(provider: str) -> Response:
    """Redirect to a provider; with `level` for a login of at least that assurance level."""
    needed = request.args.get("level")
    url = login.depart(
        site().database,
        site().providers.get(provider),
        redirect_uri=_redirect_uri(provider),
        browser=before(),
        target=local(request.args.get("next")),
        needed=needed if needed in ASSURANCES else None,
    )
    response = _away(url)
    remember_before(response)
    return response


@blueprint.get("/login/<provider>/callback")
def back(provider: str) -> Response:
    """Complete the login when the provider redirects back."""
    if "error" in request.args:
        return _login("/", HTTPStatus.FORBIDDEN, texts.say("login.refused"))
    came = login.Return(
        provider, request.args.to_dict(), before(), _redirect_uri(provider), request.user_agent.string
    )
    secret, target = login.by_provider(site().database, site().providers, came, site().lasting)
    return _entered(secret, target)


@blueprint.post("/logout")
def leave() -> Response:
    """End the session here, and at the provider if it supports that."""
    require_own_form()
    opened = current()
    _end(opened)
    response = _away(_farewell(opened.provider if opened else None))
    set_session(response, None)
    return response


@blueprint.get("/password")
def password() -> Response:
    """Show the form for a new password."""
    opened = current()
    if opened is None:
        return _away("/login?next=/password")
    return _page("password.html", opened=opened) if opened.provider is None else _away("/account")


@blueprint.post("/password")
def change() -> Response:
    """Change the password. All sessions end, and a new one begins."""
    require_own_form()
    opened = current()
    if opened is None:
        return _away("/login?next=/password")
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _unchanged(HTTPStatus.UNPROCESSABLE_ENTITY, texts.say("faults.password-unlike"))
    try:
        secret = login.change_password(site().database, _attempt(opened.actor.name), new, site().lasting)
    except NotRecognised:
        return _unchanged(HTTPStatus.FORBIDDEN, texts.say("login.wrong"))
    except Throttled as refusal:
        return _throttled(_unchanged(HTTPStatus.TOO_MANY_REQUESTS, _too_many(refusal)), refusal)
    except Invalid as refusal:
        reasons = " ".join(forms.explain_fault(fault) for fault in refusal.faults)
        return _unchanged(HTTPStatus.UNPROCESSABLE_ENTITY, reasons)
    return _entered(secret, "/account")


@blueprint.errorhandler(NotRecognised)
def unknown(_: NotRecognised) -> Response:
    """Show that the login failed, without the reason."""
    return render_message(HTTPStatus.FORBIDDEN, "login.unknown")


@blueprint.errorhandler(Conflict)
def second(_: Conflict) -> Response:
    """The person already has an account, and gets no second one."""
    return render_message(HTTPStatus.CONFLICT, "refusals.person-taken")


@blueprint.errorhandler(AssuranceTooLow)
def too_low(_: AssuranceTooLow) -> Response:
    """The provider's assurance level is lower than requested."""
    return render_message(HTTPStatus.FORBIDDEN, "login.too-low")


@blueprint.errorhandler(Busy)
def unavailable(_: Busy) -> Response:
    """The provider doesn't respond."""
    response = render_message(HTTPStatus.SERVICE_UNAVAILABLE, "login.unavailable")
    response.headers["Retry-After"] = "5"
    return response


def _farewell(provider: str | None) -> str:
    if provider not in {known.name for known in site().providers}:
        return "/login"
    return farewell(site().providers.get(provider), f"{origin()}/login") or "/login"


def _login(target: str, status: int = HTTPStatus.OK, fault: str = "") -> Response:
    shown = {"fault": fault, "providers": site().providers, "service": _applied_for(target)}
    response = _page("login.html", status, target=target, **shown)
    remember_before(response)
    return response


def _applied_for(target: str) -> Service | None:
    """Return the service for which somebody wants to apply who logs in now."""
    found = APPLYING.match(target)
    if found is None:
        return None
    try:
        return site().database.run(lambda session, _: catalogue.service(session, found[1]), "single")
    except NotFound:
        return None


def _unchanged(status: int, fault: str) -> Response:
    return _page("password.html", status, opened=current(), fault=fault)


def _page(template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
    return make_response(render_template(template, **values), int(status))


def _entered(secret: str, target: str) -> Response:
    _end(current())  # always a new one: a previous cookie of the browser must not become valid
    response = _away(target)
    set_session(response, secret)
    return response


def _end(opened: Opened | None) -> None:
    if opened is not None:
        site().database.run(
            lambda session, now: sessions.revoke(UnitOfWork(session, opened.actor, now), opened.id)
        )


def _away(url: str) -> Response:
    return make_response(redirect(url, HTTPStatus.SEE_OTHER))


def _throttled(response: Response, refusal: Throttled) -> Response:
    response.headers["Retry-After"] = str(refusal.seconds)
    return response


def _too_many(refusal: Throttled) -> str:
    return texts.say("login.throttled", count=refusal.seconds)


def _attempt(name: str) -> login.Attempt:
    return login.Attempt(
        name=name[:200].replace("\0", ""),
        password=request.form.get("password", ""),
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )


def _redirect_uri(provider: str) -> str:
    return f"{origin()}/login/{provider}/callback"
