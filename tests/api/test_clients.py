"""The committed clients are those of the OpenAPI document; one that they can't express is refused."""

from typing import Any

import pytest

from clients.generator import document, files, kinds, python, typescript
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import installed
from tests.installed import NOWHERE

TEXT = {"type": "string"}
PAGE = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "next": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["items", "next"],
}


def test_committed_clients_are_those_of_the_document() -> None:
    app = installed.application(Settings.read({"DATABASE_URL": NOWHERE}), Database(NOWHERE))
    outdated = [
        str(path.relative_to(files.CLIENTS))
        for path, text in files.generate(app).items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert not outdated, "Run `make clients`: the OpenAPI document has changed"


def api(**operation: Any) -> dict[str, Any]:
    """A document with one operation, on things."""
    found = {"operationId": "odd_things_list", "responses": {"200": {"content": {}}}, **operation}
    schemas = {
        "Page": PAGE,
        "Thing": {"type": "object", "properties": {"class": TEXT, "x-y": {"enum": ["a", 1]}}},
        "Unused": PAGE,
    }
    shared = {"in": "path", "name": "thing_id", "required": True, "schema": TEXT}
    path = {"get": found, "parameters": [{"$ref": "#/components/parameters/thing"}]}
    return {
        "servers": [{"url": "https://example.org/base/"}],
        "paths": {"/things/{thing_id}": path},
        "components": {"schemas": schemas, "parameters": {"thing": shared}},
    }


def answer(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/scim+json": {"schema": schema}}}}}


def test_pages_and_names_that_a_language_reserves() -> None:
    cursor = {"in": "query", "name": "cursor", "schema": {"type": "integer"}}
    kind = {"in": "query", "name": "class", "required": True, "schema": TEXT}
    page = answer({"$ref": "#/components/schemas/Page"})
    read = document.read(api(parameters=[cursor, kind], **page), ["odd", "odd_things"])
    assert set(read.models) == {"Page", "Thing"}
    written = python.operations(read)
    assert "class OddThings:" in written
    assert "def list_all(self, thing_id: str, *, class_: str) -> Iterator[models.Thing]" in written
    assert "'/base/things/{}', (thing_id,)" in written
    assert "TypedDict('Thing', {'class': 'NotRequired[str]'" in python.models(read)
    every = "listAll(thingId: string, options: { class: string }): AsyncGenerator<models.Thing>"
    assert every in typescript.operations(read)
    assert '"x-y"?: "a" | 1;' in typescript.models(read)


def test_file_is_returned_as_it_is_also_if_it_is_json() -> None:
    linked = {"content": {"application/ld+json": {"schema": {"type": "string", "format": "binary"}}}}
    read = document.read(api(responses={"200": linked}), ["odd_things"])
    assert "def list(self, thing_id: str) -> Content:" in python.operations(read)
    assert "): Promise<Content> {" in typescript.operations(read)


def test_operation_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="doesn't begin with a module"):
        document.read(api(), ["things"])
    nameless = api()
    del nameless["paths"]["/things/{thing_id}"]["get"]["operationId"]
    with pytest.raises(ValueError, match=r"GET /things/\{thing_id\} has no operationId"):
        document.read(nameless, ["odd_things"])


@pytest.mark.parametrize(
    ("schema", "in_python", "in_typescript"),
    [
        ({}, "Any", "unknown"),
        ({"type": ["string", "null"]}, "str | None", "string | null"),
        ({"allOf": [TEXT]}, "str", "string"),
        ({"allOf": [TEXT, {"type": "integer"}]}, "Any", "string & number"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "dict[str, bool]", None),
        ({"type": "object", "additionalProperties": True}, "dict[str, Any]", "Record<string, unknown>"),
        ({"type": "array", "items": {"const": "a"}}, "list[Literal['a']]", 'Array<"a">'),
        ({"type": "string", "format": "binary"}, "Upload", "File"),
    ],
)
def test_schema_is_a_type_of_both_languages(schema: Any, in_python: str, in_typescript: str | None) -> None:
    assert kinds.kind(schema, python.WORDS) == in_python
    assert kinds.kind(schema, typescript.WORDS) == (in_typescript or "Record<string, boolean>")
