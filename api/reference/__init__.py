"""The API's reference: OpenAPI 3.1 as JSON, and a page to read and try it.

The page's code comes with a package.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import cast

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, request, send_from_directory

from api.reference import document

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
SERVED = {"swagger-ui.css", "swagger-ui-bundle.js"}
# Swagger UI has its icons in data URLs and sets styles on elements; nothing is loaded from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = APIBlueprint("reference", __name__, enable_openapi=False)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Parvandeh API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true});\n'


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
def page() -> Response:
    """Return the page."""
    response = Response(PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blueprint.get("/docs/start.js")
def start() -> Response:
    """Return the script that starts the page: a separate file, since inline scripts are not allowed."""
    return Response(START, content_type="text/javascript")


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """Return a file of Swagger UI."""
    return send_from_directory(ASSETS, name if name in SERVED else "none")
