"""The OpenAPI document, written from what the views declare."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from inspect import cleandoc
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint, APIFlask
from pydantic import BaseModel
from werkzeug.routing import Rule

from api import operations
from api.operations import BYTES, JSON, Operation
from api.problems import OF_SERVER
from api.reference import examples, parts
from api.reference.enums import name_enums
from api.reference.schemas import Schemas, prose
from engine import RELEASE

HERE = Path(__file__).parent
VERSION = "1"  # of the API: within it, changes only add
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@cache
def texts() -> Mapping[str, Any]:
    """Return what the document says besides the docstrings of views and models."""
    return tomllib.loads((HERE / "texts.toml").read_text("utf-8"))


def write(app: APIFlask) -> dict[str, Any]:
    """Return the document of an application."""
    served = [*_served(app)]
    schemas = Schemas(operation for _, _, operation in served)
    paths: dict[str, Any] = {}
    for rule, method, operation in served:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(app, rule, operation, schemas, method)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": texts()["server"]}],
        "tags": [{"name": name, "description": text} for name, text in texts()["tags"].items()],
        "x-tagGroups": [{"name": name, "tags": tags} for name, tags in texts()["groups"].items()],
        "paths": paths,
        "components": {
            "parameters": parts.parameters(texts()),
            "headers": parts.headers(texts()),
            "responses": parts.responses(
                {*OF_SERVER}.union(*(operation.problems for _, _, operation in served))
            ),
            "securitySchemes": parts.security_schemes(texts()),
        },
    }
    document["components"]["schemas"] = schemas.used(document)
    return name_enums(document)


def _served(app: APIFlask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in app.url_map.iter_rules():
        operation = operations.of(app.view_functions[rule.endpoint])
        if operation is not None and _is_ours(app, rule):
            for method in _METHODS:
                if method in (rule.methods or ()):
                    yield rule, method, operation


def _is_ours(app: APIFlask, rule: Rule) -> bool:
    """Return whether an operation belongs to this API, and not to one with a document of its own."""
    blueprint = app.blueprints[rule.endpoint.rpartition(".")[0]]
    return isinstance(blueprint, APIBlueprint) and blueprint.enable_openapi


def _info() -> dict[str, Any]:
    return {
        "title": "Parvandeh",
        "summary": texts()["summary"],
        "description": (HERE / "overview.md").read_text("utf-8").strip(),
        "version": VERSION,
        "x-release": RELEASE,
        "contact": texts()["contact"],
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }


def _operation(
    app: APIFlask, rule: Rule, operation: Operation, schemas: Schemas, method: str
) -> dict[str, Any]:
    view = app.view_functions[rule.endpoint]
    module = rule.endpoint.rpartition(".")[0]
    blueprint = app.blueprints[module]
    summary, _, description = cleandoc(view.__doc__ or "").partition("\n")
    name = f"{module}_{'list' if view.__name__ == 'index' else view.__name__}"
    made: dict[str, Any] = {
        "operationId": name,
        "tags": [str(blueprint.tag)] if isinstance(blueprint, APIBlueprint) else [],
        "summary": summary,
        "description": prose(description),
        "parameters": [
            *parts.of_path(rule, texts()),
            *_query(operation, schemas),
            *parts.of_headers(operation, method),
        ],
    }
    if method in ("POST", "PUT", "PATCH"):
        made["requestBody"] = _body(name, operation, schemas)
    made["responses"] = {
        **_successes(name, operation, schemas),
        **_not_modified(operation, method),
        **{str(status): parts.response(status) for status in _refusals(operation, method)},
    }
    return {**made, "security": [] if operation.public else [{"bearer": []}, {"oauth2": []}]}


def _refusals(operation: Operation, method: str) -> list[int]:
    """Return the statuses of refusals; one with a key may be another request than the first with this key."""
    keyed = {HTTPStatus.CONFLICT.value} if method == "POST" and not operation.public else set()
    return sorted({*operation.problems, *OF_SERVER, *keyed})


def _query(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    model = schemas.of(operation.query, "validation")
    for name, schema in model.get("properties", {}).items():
        described = {key: value for key, value in schema.items() if key != "description"}
        yield {
            "name": name,
            "in": "query",
            "required": name in model.get("required", ()),
            "description": schema.get("description", ""),
            "schema": _not_null(described),
        }


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query's parameter: it is left out, and never null."""
    if schema.get("default", ...) is None:
        schema = {name: value for name, value in schema.items() if name != "default"}
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, **choices[0]}
    return schema


def _body(name: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    model = operation.body or operation.upload
    if model is None:
        raise ValueError(f"{name} changes something: declare `body`, or @multipart with its parts")
    content = {"schema": schemas.reference(model, "validation"), **examples.request(name)}
    media_type = JSON if operation.body is not None else "multipart/form-data"
    return {
        "required": any(field.is_required() for field in model.model_fields.values()),
        "content": {media_type: content},
    }


def _successes(name: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    answers = {status: operation.answer for status in operation.statuses}
    if operation.accepted is not None:
        answers[HTTPStatus.ACCEPTED.value] = operation.accepted
    return {
        str(status): _success(name, operation, status, schemas, answer)
        for status, answer in sorted(answers.items())
    }


def _not_modified(operation: Operation, method: str) -> dict[str, Any]:
    """Return the response of a read for a caller who has it already."""
    if not parts.is_conditional(operation, method):
        return {}
    headers = parts.headers_of(operation, HTTPStatus.NOT_MODIFIED)
    told = "What you have is still current: `If-None-Match` has its `ETag`."
    return {str(HTTPStatus.NOT_MODIFIED.value): {"description": told, "headers": headers}}


def _success(
    name: str, operation: Operation, status: int, schemas: Schemas, answer: operations.Answered
) -> dict[str, Any]:
    made: dict[str, Any] = {"description": "The file."}
    headers = parts.headers_of(operation, status)
    if headers:
        made["headers"] = headers
    if status == HTTPStatus.NO_CONTENT:
        return {**made, "description": "Nothing."}
    if not isinstance(answer, type):
        media_types = (BYTES, *((answer,) if isinstance(answer, str) else answer))
        return {**made, "content": {media_type: parts.file(media_type) for media_type in media_types}}
    content = {
        JSON: {"schema": schemas.reference(answer, "serialization"), **examples.response(name, status)}
    }
    if operation.also_as is not None:
        content[operation.also_as] = parts.file(operation.also_as)
    return {**made, "description": _first_sentence(answer), "content": content}


def _first_sentence(model: type[BaseModel]) -> str:
    return prose(cleandoc(model.__doc__ or "")).partition("\n")[0]
