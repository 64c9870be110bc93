"""The API's own description is complete and correct. That answers keep to it, every API test checks."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from flask import Blueprint
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.reference import document as written
from engine import RELEASE, access
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database
from tests import installed
from tests.api.conftest import Steady
from tests.api.contract import resolved
from tests.installed import NOWHERE

IDS = Path(__file__).with_name("operation-ids.txt")
METHODS = {"get", "post", "put", "patch", "delete"}
TOKENLESS = {
    *("/api/v1/status", "/api/v1/status/rating"),
    *("/api/v1/statistics", "/api/v1/statistics/months/{month}", "/api/v1/statistics/services/{key}"),
    *("/api/v1/services", "/api/v1/services/{key}", "/api/v1/services.jsonld"),
}
OPEN = re.compile(r"/api/v1/(openapi\.json|docs.*)")


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                given = [resolved(document, item) for item in operation.get("parameters", [])]
                told = {status: resolved(document, it) for status, it in operation["responses"].items()}
                yield method, path, {**operation, "parameters": given, "responses": told}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_document_fits_the_schema_of_openapi(document: dict[str, Any]) -> None:
    faults = [
        f"{error.instance_path}: {error.message}" for error in OPENAPI_31_VALIDATOR.iter_errors(document)
    ]
    assert not faults, faults


def test_document_is_written_once_and_sent_again_only_if_it_has_changed(
    steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = steady.app.test_client()
    first = client.get("/api/v1/openapi.json")
    monkeypatch.setattr(written, "write", lambda _: pytest.fail("it was written again"))
    assert client.get("/api/v1/openapi.json").data == first.data
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    assert client.get("/api/v1/openapi.json", headers={"If-None-Match": '"another"'}).status_code == 200


def test_page_of_plain_flask_with_a_hook_of_its_own_leaves_the_document_whole(
    document: dict[str, Any],
) -> None:
    app = installed.application(Settings.read({"DATABASE_URL": NOWHERE}), Database(NOWHERE), routes=True)
    pages, inner = Blueprint("pages", __name__), Blueprint("inner", __name__)
    inner.before_request(lambda: None)
    inner.get("/plain")(lambda: "a page")
    pages.register_blueprint(inner)
    app.register_blueprint(pages)
    assert app.test_client().get("/api/v1/openapi.json").get_json() == document


def test_document_says_which_openapi_it_is(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Parvandeh"
    assert document["info"]["version"]


def test_document_says_what_the_metadata_of_the_software_say(document: dict[str, Any]) -> None:
    software = yaml.safe_load((ROOT / "publiccode.yaml").read_text())
    info = document["info"]
    assert info["x-release"] == RELEASE
    assert info["contact"] == software["maintenance"]["contacts"][0]
    assert info["license"]["identifier"] == software["legal"]["license"]


def test_each_tag_has_a_text_and_a_group(document: dict[str, Any]) -> None:
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    where = "api/reference/texts.toml"
    assert {tag["name"] for tag in document["tags"]} == used, f"State each tag once, under [tags] in {where}"
    grouped = sorted(tag for group in document["x-tagGroups"] for tag in group["tags"])
    assert grouped == sorted(used), f"State each tag in one of the [groups] in {where}"
    unsaid = [
        f"{method} {path}: {item['name']}"
        for method, path, operation in operations(document)
        for item in operation["parameters"]
        if item["in"] == "path" and not item["description"]
    ]
    assert not unsaid, f"State what these are under [path] in {where}: {unsaid}"


def test_each_model_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    """Pydantic writes the module into a name that two models have, and doubles a model of two shapes."""
    names = document["components"]["schemas"].keys()
    twice = [name for name in names if "__" in name or "." in name]
    assert not twice, f"Give each of these models a name that no other has: {twice}"
    doubled = [name for name in names if name.removesuffix("Input") + "Output" in names]
    assert not doubled, f"Use one model for requests and another for responses: {doubled}"


def test_each_summary_is_one_plain_line(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        summary = operation["summary"]
        said = f"{method} {path}: begin the docstring with a line like “List the cases”, without a full stop"
        assert re.fullmatch(r"[A-Z].*[^.]", summary), said


def test_every_endpoint_is_documented_and_nothing_else(steady: Steady, document: dict[str, Any]) -> None:
    served = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in steady.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/") and method.lower() in METHODS and not OPEN.fullmatch(rule.rule)
    }
    assert {(method, path) for method, path, _ in operations(document)} == served


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name


def test_every_path_parameter_is_declared(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        told = [*document["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        declared = {item["name"] for item in told if item["in"] == "path" and item["required"] is True}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_no_parameter_is_declared_twice(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        told = [(item["in"], item["name"]) for item in operation.get("parameters", [])]
        assert len(told) == len(set(told)), (method, path)


def test_ids_of_operations_stay(document: dict[str, Any]) -> None:
    """They are the names of methods in clients. A new line may be added; a changed one breaks clients."""
    found = {
        operation["operationId"]: f"{method.upper()} {path}"
        for method, path, operation in operations(document)
    }
    stored = dict(line.split(" ", 1) for line in IDS.read_text().splitlines())
    missing = {name: place for name, place in stored.items() if found.get(name) != place}
    assert not missing, f"Clients call these operations by name: {missing}"
    new = "\n".join(f"{name} {found[name]}" for name in sorted(found.keys() - stored.keys()))
    assert not new, f"Add to {IDS.name}, in order:\n{new}"


def test_every_operation_has_a_summary_and_asks_for_a_token(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    oauth2 = document["components"]["securitySchemes"]["oauth2"]
    scopes = oauth2["flows"]["clientCredentials"]["scopes"]
    assert (oauth2["type"], [*scopes]) == ("oauth2", [*access.PERMISSIONS])
    assert scopes["people.provision"] == "For the roles service."
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        either: list[dict[str, list[str]]] = [{"bearer": []}, {"oauth2": []}]
        asked = [] if path in TOKENLESS else either
        assert operation["security"] == asked, (method, path)


def test_every_operation_tells_its_success_with_a_body(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        successes = {
            status: response for status, response in operation["responses"].items() if status[0] == "2"
        }
        successes.pop("204", None)
        if len(successes) > 1:  # what a worker completes is reported elsewhere
            successes.pop("202", None)
        assert successes, (method, path)
        bodies = [response.get("content") for response in successes.values()]
        assert all(bodies), (method, path)
        schemas = [body["application/json"]["schema"] for body in bodies if "application/json" in body]
        assert all(schema == schemas[0] for schema in schemas), (method, path)


def test_every_write_declares_what_it_takes(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert ("requestBody" in operation) == (method in ("post", "patch", "put")), (method, path)


def test_deployment_declares_its_files(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/v1/deployments"]["post"]["requestBody"]["content"]
    parts = resolved(document, content["multipart/form-data"]["schema"])["properties"]
    assert parts["files"]["items"] == {"type": "string", "format": "binary"}


def test_body_that_may_be_left_out_is_not_required(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if method == "post":
            needed = bool(_required(document, operation["requestBody"]))
            assert operation["requestBody"].get("required", False) is needed, path


def _required(document: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """The fields without which the body is refused."""
    (content,) = body["content"].values()
    schema = content["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    found: list[str] = (document["components"]["schemas"][name] if name else schema).get("required", [])
    return found


def test_headers_are_declared_where_they_are_heeded(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        declared = {item["name"] for item in operation["parameters"] if item["in"] == "header"}
        expected = {"X-On-Behalf-Of", "X-Purpose"} | ({"Idempotency-Key"} if method == "post" else set())
        assert expected <= declared or path in TOKENLESS, (method, path)
    for command in ("cases/{case_id}/cancel", "tasks/{task_id}/claim", "tasks/{task_id}/complete"):
        parameters = document["paths"][f"/api/v1/{command}"]["post"]["parameters"]
        assert {"$ref": "#/components/parameters/IfMatch"} in parameters


def test_bodies_name_every_field_that_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["StartCase"]["required"] == ["definition"]
    for name in ("StartCase", "CancelCase", "CompleteTask"):
        assert schemas[name]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("query", "wished", "title", "direction"),
    [
        ("", "de", "API of Parvandeh", "ltr"),
        ("", "fa-IR", "رابط برنامه‌نویسی پرونده", "rtl"),
        ("?lang=en", "fa", "API of Parvandeh", "ltr"),
    ],
)
def test_page_of_the_document_loads_nothing_from_elsewhere(
    steady: Steady, query: str, wished: str, title: str, direction: str
) -> None:
    client = steady.app.test_client()
    page = client.get(f"/api/v1/docs{query}", headers={"Accept-Language": wished})
    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert f'dir="{direction}">\n<meta' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"(?:src|href)=.(?:https?:)?//", page.text)
    assert '<a href="/">' in page.text, "back to the product"
    for name in re.findall(r'(?:src|href)="(?!data:|/")([^"]+)"', page.text):
        with client.get(f"/api/v1/{name}") as part:
            assert part.status_code == 200


@pytest.mark.parametrize("name", ["index.html", "..%2f__init__.py", "swagger-ui.js.map", "none"])
def test_page_serves_no_other_file(steady: Steady, name: str) -> None:
    assert steady.app.test_client().get(f"/api/v1/docs/{name}").status_code == 404
