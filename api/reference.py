"""The API's description: OpenAPI 3.1 as JSON, and a page to read and try it.

The page's code comes with a package.
"""

from pathlib import Path

import flask_swagger_ui
from apiflask import APIBlueprint
from flask import Response, current_app, send_from_directory
from pydantic import TypeAdapter

from api.problems import Problem

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
SERVED = {"swagger-ui.css", "swagger-ui-bundle.js"}
# Swagger UI draws its icons from data URLs and sets styles on elements; nothing comes from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = APIBlueprint("reference", __name__, enable_openapi=False)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Parvandeh API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true});\n'


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document."""
    spec = dict(current_app.spec)  # type: ignore[attr-defined]  # an APIFlask
    schemas = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components = spec["components"]["schemas"]
    components.update(schemas.pop("$defs", {}))
    components["Problem"] = schemas
    return Response(current_app.json.dumps(spec), content_type="application/json")


@blueprint.get("/docs")
def page() -> Response:
    """The page."""
    response = Response(PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blueprint.get("/docs/start.js")
def start() -> Response:
    """What starts the page: a file of its own, since no script may stand in the page."""
    return Response(START, content_type="text/javascript")


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(ASSETS, name if name in SERVED else "none")
