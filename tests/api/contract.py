"""A client that holds every answer of the API against its own OpenAPI document."""

import re
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import orjson
from apiflask import APIFlask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
HEADERS = ("ETag", "Location", "Retry-After", "WWW-Authenticate", "Content-Language")


def resolved(document: Mapping[str, Any], part: Any) -> Any:
    """A part of a document, or that to which it refers."""
    if not isinstance(part, dict) or "$ref" not in part:
        return part
    place: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        place = place[name]
    return place


class Contract:
    """An OpenAPI document, ready to judge answers by."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._components = _sealed(document["components"])
        self._validators: dict[bytes, jsonschema_rs.Validator] = {}

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        # What has fewer parameters goes first, then what is longer; a parameter does not reach over a slash.
        paths = sorted(self.document["paths"], key=lambda path: (path.count("{"), -len(path)))
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]

    def template(self, path: str) -> str | None:
        """The path template of the document that a path fits."""
        return next((template for pattern, template in self._templates if pattern.fullmatch(path)), None)

    def check(self, method: str, path: str, response: TestResponse) -> None:
        """Fails unless the document describes this answer."""
        template = self.template(path)
        operation = self.document["paths"][template].get(method.lower()) if template else None
        if operation is None:
            assert response.status_code in (404, 405, 308), f"{method} {path} is documented nowhere"
            self._check_body(response, {"$ref": "#/components/schemas/Problem"}, PROBLEM)
            return
        told = resolved(self.document, operation["responses"].get(str(response.status_code)))
        where = f"{method} {template} → {response.status_code}"
        assert told is not None, f"{where} is not documented: {response.text[:500]}"
        unknown = {name for name in HEADERS if name in response.headers} - {*told.get("headers", {})}
        assert not unknown, f"{where} sends {unknown}: name them in @sends(…) above its view"
        content = told.get("content", {})
        if not content:
            assert response.status_code in (204, 304), where
            assert not response.data
            return
        assert response.mimetype
        assert response.mimetype in content, f"{where} answers undocumented {response.mimetype}"
        self._check_body(response, content[response.mimetype].get("schema", {}), response.mimetype)

    def _check_body(self, response: TestResponse, schema: Mapping[str, Any], mimetype: str) -> None:
        assert response.mimetype == mimetype
        assert response.headers["X-Request-ID"]
        if not mimetype.endswith("json"):
            return
        value = orjson.loads(response.data)
        self.check_value(schema, value)
        if mimetype == PROBLEM:
            assert value["status"] == response.status_code
            assert value["request_id"] == response.headers["X-Request-ID"]

    def check_value(self, schema: Mapping[str, Any], value: Any) -> None:
        """Fails unless the schema describes this value, with all of its fields."""
        faults = [
            f"{error.instance_path}: {error.message}" for error in self._validator(schema).iter_errors(value)
        ]
        assert not faults, faults

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        key = orjson.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]


def _sealed(part: Any) -> Any:
    """The same schemas, allowing no field that they do not name."""
    if isinstance(part, list):
        return [_sealed(item) for item in part]
    if not isinstance(part, dict):
        return part
    sealed = {name: _sealed(value) for name, value in part.items()}
    if part.get("type") == "object" and "properties" in part:
        sealed.setdefault("additionalProperties", False)
    return sealed


class Client:
    """Sends requests as the owner of a token. `path` is relative to /api/v1 unless it begins with it."""

    def __init__(self, app: APIFlask, contract: Contract, token: str | None) -> None:
        self._app = app
        self._contract = contract
        self.token = token

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """The answer, held against the document."""
        url = path if path.startswith("/api/") else PREFIX + path
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        response = self._app.test_client().open(
            url, method=method, headers={**given, **(headers or {})}, **options
        )
        self._contract.check(method, urlsplit(url).path, response)
        return response

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """POST of a JSON body, or of none."""
        if body is not None:
            options["data"] = orjson.dumps(body)
            options["content_type"] = "application/json"
        return self.send("POST", path, **options)

    def deploy(
        self,
        files: Mapping[str, bytes],
        *,
        executable: str | None = None,
        unit: str | None = None,
        **options: Any,
    ) -> TestResponse:
        """POST /deployments with these files."""
        parts: dict[str, Any] = {
            "files": [FileStorage(BytesIO(content), name) for name, content in files.items()]
        }
        if executable is not None:
            parts["executable"] = executable
        if unit is not None:
            parts["unit"] = unit
        boundary, data = encode_multipart(parts)
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.send("POST", "/deployments", data=data, content_type=content_type, **options)

    def upload(
        self,
        path: str,
        content: bytes,
        name: str = "letter.pdf",
        *,
        fields: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> TestResponse:
        """POST of a document to `<path>/documents`."""
        boundary, data = encode_multipart({"file": FileStorage(BytesIO(content), name), **(fields or {})})
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.send("POST", f"{path}/documents", data=data, content_type=content_type, **options)

    def start(
        self, definition: str = "p", data: Mapping[str, Any] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A case, started."""
        response = self.post("/cases", {"definition": definition, "data": data or {}, **fields})
        assert response.status_code == 201, response.text
        return body(response)

    def complete(self, task: str, data: Mapping[str, Any] | None = None, **options: Any) -> TestResponse:
        """POST /tasks/…/complete."""
        return self.post(f"/tasks/{task}/complete", {"data": data or {}}, **options)


def body(response: TestResponse) -> dict[str, Any]:
    """The JSON object of an answer."""
    value = orjson.loads(response.data)
    assert isinstance(value, dict)
    return value


def revision_tag(response: TestResponse) -> str:
    """The tag of an answer, in quotes, without the digest of its content that a read adds."""
    return re.sub(r'\.[\w-]{12}"$', '"', response.headers["ETag"])


def refused(response: TestResponse, status: int, name: str) -> dict[str, Any]:
    """The problem document of an answer that must have this status and this kind."""
    assert response.status_code == status, response.text
    problem = body(response)
    assert problem["type"] == f"urn:parvandeh:problem:{name}"
    return problem


def pointers(problem: Mapping[str, Any]) -> list[str]:
    """The places that a problem document names, in order."""
    return sorted(fault["pointer"] for fault in problem["errors"])
