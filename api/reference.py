"""The API's reference: OpenAPI 3.1 as JSON, and a page to read and try it.

The page's code comes with a package.
"""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, cast

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, request, send_from_directory
from pydantic import TypeAdapter

from api import problems
from api.problems import OF_SERVER, Problem

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

# Headers of every call, every write and every conditional write.
TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
READS = {
    "X-On-Behalf-Of": "The person or organisation on whose behalf the caller acts.",
    "X-Purpose": "The reason for the request, logged with every event.",
}
WRITES = {"Idempotency-Key": "Makes retries safe: the same key and the same request are executed once."}
CONDITIONAL = {
    "If-Match": (
        "The `ETag` from the last read. Returns 412 if the resource has changed since, 409 (`data-changed`)"
        " if values have changed that the form of a task showed."
    )
}
FILES = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "executable": {"type": "string", "enum": ["marked", "all"], "default": "marked"},
    },
    "required": ["files"],
}
DOCUMENT = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "replaces": {"type": "string", "format": "uuid"},
    },
    "required": ["file"],
}
STAGED = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "field": {"type": "string", "pattern": "^/", "maxLength": 200},
        "definition": {"type": "string"},
        "task": {"type": "string", "format": "uuid"},
        "appeal_of": {"type": "string", "format": "uuid"},
    },
    "required": ["file", "field"],
}
OF_DRAFT = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "field": {"type": "string", "pattern": "^/", "maxLength": 200},
    },
    "required": ["file", "field"],
}
UPLOADS = {
    "/api/v1/drafts/{draft_id}/documents": OF_DRAFT,
    "/api/v1/documents": STAGED,
    "/api/v1/deployments": FILES,
    "/api/v1/cases/{case_id}/documents": DOCUMENT,
    "/api/v1/tasks/{task_id}/documents": DOCUMENT,
}


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
            content = _written(app).encode()
            app.extensions[_DESCRIBED] = Described(content, hashlib.sha256(content).hexdigest()[:32])
        found: Described = app.extensions[_DESCRIBED]
    return found


def _written(app: APIFlask) -> str:
    for named in app.blueprints.values():
        if not isinstance(named, APIBlueprint):
            # APIFlask reads this from every blueprint, and those of pages, which are Flask's own, lack it.
            vars(named)["enable_openapi"] = False
    spec: Any = copy.deepcopy(app.spec)
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas = spec["components"]["schemas"]
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for item in spec["paths"].values():
        for method, operation in item.items():
            _complete(method, operation, schemas)
    for path, schema in UPLOADS.items():
        content = {"multipart/form-data": {"schema": schema}}
        spec["paths"][path]["post"]["requestBody"] = {"required": True, "content": content}
    return app.json.dumps(spec)


def _complete(method: str, operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Add what APIFlask doesn't know: headers, and whether a body is required."""
    headers = READS | (WRITES if method == "post" else {})
    headers |= CONDITIONAL if "412" in operation["responses"] else {}
    operation["parameters"] += [
        {"name": name, "in": "header", "required": False, "description": told, "schema": TEXT}
        for name, told in headers.items()
    ]
    for status, response in problems.described(*OF_SERVER).items():
        operation["responses"].setdefault(str(status), response)
    body = operation.get("requestBody")
    if body:
        reference = body["content"]["application/json"]["schema"]["$ref"]
        body["required"] = bool(schemas[reference.rpartition("/")[2]].get("required"))


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
