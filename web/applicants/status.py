"""The status of a case by its number and secret: without an account, and with neither in an address."""

from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request

from engine.platform.errors import NotFound, Throttled
from engine.portal import status
from web import texts
from web.applicants.door import blueprint, typed
from web.site import remember_before, require_own_form, site

MOST = 40  # characters of either


@blueprint.get("/status")
def ask_status() -> Response:
    """Show the form."""
    return _answer("applicants/ask.html", number="")


@blueprint.post("/status")
def tell_status() -> Response:
    """Show the status. Wrong input and unknown cases look the same."""
    require_own_form()
    number, secret = typed("number", MOST), typed("secret", MOST)
    attempt = status.Attempt(number, secret, request.remote_addr or "")
    try:
        standing = status.read(site().database, attempt)
    except NotFound:
        return _failed(HTTPStatus.NOT_FOUND, texts.say("applicants.ask.wrong"), number)
    except Throttled as refusal:
        response = _failed(HTTPStatus.TOO_MANY_REQUESTS, texts.explain(refusal), number)
        response.headers["Retry-After"] = str(refusal.seconds)
        return response
    return _answer(
        "applicants/standing.html",
        status=status.explain(standing, texts.reader(), isolated=True),
        standing=standing,
    )


def _failed(code: int, fault: str, number: str) -> Response:
    response = _answer("applicants/ask.html", number=number, fault=fault)
    response.status_code = code
    return response


def _answer(template: str, **values: Any) -> Response:
    response = make_response(render_template(template, **values))
    response.headers["Cache-Control"] = "no-store"
    remember_before(response)
    return response
