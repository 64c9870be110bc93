"""A client that holds requests and answers against GovStack's own OpenAPI documents."""

import copy
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import orjson
import yaml
from apiflask import APIFlask
from werkzeug.test import TestResponse

from engine.platform.config import ROOT

FOLDER = ROOT.parent / "shared" / "govstack"
DOCUMENTS = {
    "workflow": ("workflow.openapi.yaml",),
    "registration": ("registration.openapi.json", "registration-statistics.openapi.json"),
}
MEDIATOR = {"Information-Mediator-Client": "eGovStack/GOV/90000009/portal"}
PROBLEM = "application/problem+json"

ANY: dict[str, Any] = {}
_ID = {"type": "string", "format": "uuid"}
# Where the documents contradict themselves, their examples, or what a form can have: the place in the
# document, what is assumed instead, and why. docs/govstack.md has the same list.
DEVIATIONS: tuple[tuple[str, str, Any, str], ...] = (
    ("workflow", "components/schemas/ProcessInstance/properties/id", _ID,
     "an integer, though all examples and the answer to a start are UUIDs"),
    ("workflow", "components/schemas/ProcessInstancePayload/required", [],
     "processStartedBy is required, though the token says who calls, and the harness leaves it out"),
    ("workflow", "components/schemas/ProcessInstancePayload/properties/InstanceValues",
     {"type": ["array", "object"]},
     "values are texts in a list, though its own example has numbers by name"),
    ("registration", "components/schemas/formData/properties/data/additionalProperties", ANY,
     "every value is an object, though forms have texts and numbers"),
    ("registration", "components/schemas/additionalData/properties/data/additionalProperties", ANY,
     "the same, in the answer to a task"),
    ("registration", "components/schemas/dataUserTaskResponse/properties/formVariables/additionalProperties",
     ANY, "the same, in what a task shows"),
    ("registration", "components/schemas/dataUserTaskResponse/properties/data/additionalProperties", ANY,
     "the same, in the draft of an answer"),
)  # fmt: skip


@cache
def published(block: str) -> dict[str, Any]:
    """The documents of a building block as one, without the deviations."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for name in DOCUMENTS[block]:
        content = (FOLDER / name).read_text("utf-8")
        if name.endswith("yaml"):  # whose examples have times: as texts, as in JSON
            content = orjson.dumps(yaml.safe_load(content)).decode()
        document = orjson.loads(content)
        paths |= document["paths"]
        schemas |= document["components"]["schemas"]
        parameters |= document["components"]["parameters"]
    return {"paths": paths, "components": {"schemas": schemas, "parameters": parameters}}


@cache
def assumed(block: str) -> dict[str, Any]:
    """The same with the deviations."""
    document = copy.deepcopy(published(block))
    for own, place, instead, _ in DEVIATIONS:
        if own == block:
            *parents, last = place.split("/")
            part = document
            for name in parents:
                part = part[name]
            part[last] = instead
    return document


def faults(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> list[str]:
    """What in a value contradicts a schema of a document."""
    whole = {**schema, "components": document["components"]}
    judge = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in judge.iter_errors(value)]


class Caller:
    """Calls a building block with a token. A request with `valid=False` breaks its document on purpose."""

    def __init__(self, app: APIFlask, block: str, token: str | None) -> None:
        self._app = app
        self._block = block
        self._token = token
        self._document = assumed(block)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        valid: bool = True,
        **options: Any,
    ) -> Any:
        """The JSON of the answer, which must have this status. Refusals are problem documents."""
        template, operation = self._operation(method, urlsplit(path).path)
        given = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers = {**given, **MEDIATOR, **options.pop("headers", {})}
        if body is not None:
            if valid:
                (content,) = operation["requestBody"]["content"].values()
                assert not faults(self._document, content["schema"], body), (template, body)
            options |= {"data": orjson.dumps(body), "content_type": "application/json"}
        response = self._app.test_client().open(
            f"/govstack/{self._block}{path}", method=method, headers=headers, **options
        )
        assert response.status_code == status, response.text
        if status >= 400:
            assert response.mimetype == PROBLEM
        else:
            self._judge(template, operation, response)
        self.last = response
        return orjson.loads(response.data)

    def _judge(self, template: str, operation: Mapping[str, Any], response: TestResponse) -> None:
        described = operation["responses"][str(response.status_code)]
        (content,) = described["content"].values()
        wrong = faults(self._document, content["schema"], orjson.loads(response.data))
        assert not wrong, (template, wrong)
        assert response.mimetype == "application/json"

    def _operation(self, method: str, path: str) -> tuple[str, Mapping[str, Any]]:
        for template, item in self._document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in item:
                return template, item[method.lower()]
        raise AssertionError(f"{method} {path} is in no document of GovStack")

    def get(self, path: str, **options: Any) -> Any:
        """GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST of a JSON body, or of none."""
        return self.send("POST", path, body, **options)
