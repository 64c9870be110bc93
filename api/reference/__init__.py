"""The API's reference: OpenAPI 3.1 as JSON, and a page to read and try it.

The page's code comes with a package.
"""

import hashlib
from dataclasses import dataclass
from threading import Lock
from typing import cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, request, send_from_directory

from api import language
from api.reference import document, page
from engine.platform.language import Language

blueprint = APIBlueprint("reference", __name__, enable_openapi=False)

DAY = 86_400  # seconds
_DESCRIBED = "parvandeh.described"
_WRITING = Lock()


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI document."""
    found = described(cast(APIFlask, current_app))
    response = Response(found.content, content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"  # cacheable, and revalidated by its tag
    response.set_etag(found.tag)
    response.make_conditional(request)
    return response


@dataclass(frozen=True, slots=True)
class Described:
    """The document and its tag. The same for all installations of a release."""

    content: bytes
    tag: str


def described(app: APIFlask) -> Described:
    """Generate it once per process: it takes longer than most requests, and anybody can request it."""
    with _WRITING:
        if _DESCRIBED not in app.extensions:
            content = app.json.dumps(document.write(app)).encode()
            app.extensions[_DESCRIBED] = Described(content, hashlib.sha256(content).hexdigest()[:32])
        found: Described = app.extensions[_DESCRIBED]
    return found


@blueprint.get("/docs")
def read() -> Response:
    """Return the page, in the language of `lang` or of the reader's browser."""
    wished = request.args.get("lang")
    chosen: Language = "fa" if wished == "fa" else "en" if wished == "en" else language.language()
    response = Response(page.written(chosen), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = page.POLICY
    response.headers["Content-Language"] = chosen
    response.headers["Vary"] = "Accept-Language"
    return response


@blueprint.get("/docs/start.js")
def start() -> Response:
    """Return the script that starts the page: a separate file, since inline scripts are not allowed."""
    return Response(page.START, content_type="text/javascript")


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """Return the page's style, or a file of Swagger UI."""
    if name == "page.css":
        return Response(page.STYLE, content_type="text/css")
    return send_from_directory(page.ASSETS, name if name in page.SERVED else "none", max_age=DAY)
