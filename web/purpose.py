"""The purpose for which an auditor opens cases: asked for once in a session, recorded with each reading."""

from http import HTTPStatus
from urllib.parse import quote, unquote

from flask import Blueprint, Response, make_response, redirect, render_template, request

from engine.access import AUDITOR
from engine.identity.sessions import Opened
from engine.platform import persian
from web import site, texts

blueprint = Blueprint("purpose", __name__)
LONGEST = 200  # characters, as in the API


def stated(opened: Opened | None) -> str | None:
    """Return what the auditor of this session has stated, if anything."""
    if opened is None or opened.actor.role != AUDITOR:
        return None
    session, _, quoted = request.cookies.get(site.cookie(site.PURPOSE), "").partition(".")
    return _line(unquote(quoted)) if session == opened.id.hex else None


def ask(status: HTTPStatus = HTTPStatus.FORBIDDEN, wrong: str | None = None) -> Response:
    """Return the page that asks for it, and then continues with this request's page or that of its form."""
    target = site.local(request.values.get("next") or request.full_path.rstrip("?"))
    values = {"target": target, "wrong": wrong, "present": stated(site.current())}
    return make_response(render_template("purpose.html", **values), status)


@blueprint.get("/purpose")
def show() -> Response:
    """Show the present purpose, to change it."""
    opened = site.current()
    if opened is None:
        return _away(f"/login?next={quote(request.full_path.rstrip('?'))}")
    return ask(HTTPStatus.OK) if opened.actor.role == AUDITOR else _away("/")


@blueprint.post("/purpose")
def state() -> Response:
    """Store it for this session."""
    site.require_own_form()
    opened, typed = site.current(), _line(request.form.get("purpose", ""))
    if opened is None or opened.actor.role != AUDITOR:
        return _away("/")
    if typed is None or len(typed) > LONGEST:
        return ask(HTTPStatus.UNPROCESSABLE_ENTITY, texts.say("frame.purpose.wrong", count=LONGEST))
    response = _away(site.local(request.form.get("next")))
    site.set_purpose(response, f"{opened.id.hex}.{quote(typed)}")
    return response


def _away(url: str) -> Response:
    return make_response(redirect(url, HTTPStatus.SEE_OTHER))


def _line(typed: str) -> str | None:
    return "".join(filter(persian.printable, typed)).strip() or None
