"""The status of a case by its number and secret: without an account, and with neither in an address."""

from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request

from engine.cases import VISIT_REASONS
from engine.platform.errors import NotFound, Throttled
from engine.portal import status
from engine.portal.status import Attempt
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
    attempt = Attempt(number, secret, request.remote_addr or "")
    try:
        return show_standing(attempt)
    except NotFound:
        return not_found(number)
    except Throttled as refusal:
        return throttled(refusal, number)


def show_standing(attempt: Attempt, **more: Any) -> Response:
    """Return the page with the status, and with `more`, such as what was refused. Raises as `status.read`."""
    standing = status.read(site().database, attempt)
    return _answer(
        "applicants/standing.html",
        status=status.explain(standing, texts.reader(), isolated=True),
        standing=standing,
        secret=attempt.secret,
        visit_reasons=VISIT_REASONS,
        **more,
    )


def not_found(number: str) -> Response:
    """Return the form again: no case has this number and secret."""
    return _failed(HTTPStatus.NOT_FOUND, texts.say("applicants.ask.wrong"), number)


def throttled(refusal: Throttled, number: str) -> Response:
    """Return the form again: there were too many attempts."""
    response = _failed(HTTPStatus.TOO_MANY_REQUESTS, texts.explain(refusal), number)
    response.headers["Retry-After"] = str(refusal.seconds)
    return response


def _failed(code: int, fault: str, number: str) -> Response:
    response = _answer("applicants/ask.html", number=number, fault=fault)
    response.status_code = code
    return response


def _answer(template: str, **values: Any) -> Response:
    response = make_response(render_template(template, **values))
    response.headers["Cache-Control"] = "no-store"
    remember_before(response)
    return response
