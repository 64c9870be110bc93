"""Reads an OpenAPI document: its operations and models, as both languages need them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

Schema = Mapping[str, Any]

JSON = "application/json"
MULTIPART = "multipart/form-data"
MODELS = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path or a query."""

    name: str
    schema: Schema
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request."""

    schema: Schema
    required: bool
    multipart: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response: schemas of JSON, or a file if there are none; `empty`: it may lack a body."""

    schemas: tuple[Schema, ...]
    empty: bool

    @property
    def is_file(self) -> bool:
        """Whether it is something else than JSON."""
        return not self.schemas and not self.empty


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path. `group` and `name` are its operationId in two parts, in snake case.

    `page` is the model of the items if it returns a page of a list, and `cursor` where its cursor is sent.
    """

    group: str
    name: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    parts: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    body: Body | None
    answer: Answer
    conditional: bool
    cursor: str = ""
    cursor_schema: Schema | None = None
    page: Schema | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """The operations by group, what each group is, and the models that they use, by name."""

    groups: Mapping[str, tuple[Operation, ...]]
    texts: Mapping[str, str]
    models: Mapping[str, Schema]


def read(of: Mapping[str, Any], modules: Collection[str]) -> Api:
    """Return what the document declares.

    An operationId begins with one of the modules. Raises ValueError for an operation without such an id.
    """
    schemas: Mapping[str, Schema] = of.get("components", {}).get("schemas", {})
    servers = of.get("servers") or [{"url": ""}]
    prefix = urlsplit(servers[0]["url"]).path.rstrip("/")
    groups: dict[str, list[Operation]] = {}
    for path, item in of["paths"].items():
        for method, raw in item.items():
            if method in {"get", "put", "post", "delete", "patch"}:
                if "operationId" not in raw:
                    raise ValueError(f"{method.upper()} {path} has no operationId")
                group, name = split(raw["operationId"], modules)
                shared = [*item.get("parameters", ()), *raw.get("parameters", ())]
                own = {**raw, "parameters": [resolve(one, of) for one in shared]}
                found = _operation((group, name, method.upper(), prefix + path), own, of)
                groups.setdefault(group, []).append(found)
    every = [one for found in groups.values() for one in found]
    used = _used([*of["paths"].values()], schemas)
    described = {tag["name"]: tag.get("description", "") for tag in of.get("tags", ())}
    texts = {one.group: described.get(one.tag, "") for one in every}
    ordered = {group: tuple(sorted(groups[group], key=lambda one: one.name)) for group in sorted(groups)}
    models = {name: schemas[name] for name in used} | {
        form_of(one): one.body.schema for one in every if one.body and has_own_form(one)
    }
    return Api(ordered, texts, {name: models[name] for name in sorted(models)})


def has_own_form(one: Operation) -> bool:
    """Whether its body is declared in place and not as a model."""
    return one.body is not None and "$ref" not in one.body.schema


def form_of(one: Operation) -> str:
    """Return the name that such a body has as a model."""
    return "".join(part.title() for part in f"{one.group}_{one.name}".split("_")) + "Form"


def _operation(
    named_as: tuple[str, str, str, str], raw: Mapping[str, Any], of: Mapping[str, Any]
) -> Operation:
    group, name, method, path = named_as
    parameters = raw["parameters"]
    query = _parameters(parameters, "query")
    answer = _answer(raw["responses"])
    body = _body(raw.get("requestBody"), of)
    sent = {one.name: one.schema for one in query}
    held = resolve(body.schema, of).get("properties", {}) if body else {}
    return Operation(
        group=group,
        name=name,
        tag=raw.get("tags", [""])[0],
        method=method,
        path=path,
        summary=raw.get("summary", "").strip(),
        description=raw.get("description", "").strip(),
        parts=_parameters(parameters, "path"),
        query=query,
        body=body,
        answer=answer,
        conditional=any(one["in"] == "header" and one["name"] == "If-Match" for one in parameters),
        cursor="query" if "cursor" in sent else "body" if "cursor" in held else "",
        cursor_schema=sent.get("cursor") or held.get("cursor"),
        page=_items(answer, of),
    )


def split(operation_id: str, modules: Collection[str]) -> tuple[str, str]:
    """Return group and name of an operation: `desk_send_back` is `send_back` in `desk`."""
    found = [one for one in modules if operation_id.startswith(f"{one}_")]
    if not found:
        raise ValueError(f"The operationId {operation_id!r} doesn't begin with a module of the API")
    group = max(found, key=len)
    return group, operation_id.removeprefix(group).strip("_")


def resolve(schema: Schema, of: Mapping[str, Any]) -> Schema:
    """Return what a schema or parameter refers to in the document, or itself."""
    found: Any = of
    if "$ref" not in schema:
        return schema
    for key in schema["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return cast("Schema", found)


def named(schema: Schema) -> str:
    """Return the name of the model that a schema refers to."""
    return str(schema["$ref"]).removeprefix(MODELS)


def _parameters(raw: list[Mapping[str, Any]], place: str) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(one["name"], one.get("schema", {}), bool(one.get("required")), one.get("description", ""))
        for one in raw
        if one["in"] == place
    )


def _body(raw: Mapping[str, Any] | None, of: Mapping[str, Any]) -> Body | None:
    """Return the body; None also for one that can only be an empty object."""
    if not raw:
        return None
    kind = JSON if JSON in raw["content"] else MULTIPART
    kind = kind if kind in raw["content"] else next(iter(raw["content"]))
    schema = raw["content"][kind].get("schema", {})
    found = resolve(schema, of)
    if not found.get("properties") and found.get("additionalProperties") is False:
        return None
    return Body(schema, bool(raw.get("required")), kind == MULTIPART)


def _answer(responses: Mapping[str, Any]) -> Answer:
    """Return what the operation returns; not what it does for a preference, which the clients don't state."""
    contents = [
        response.get("content", {})
        for status, response in sorted(responses.items())
        if str(status).startswith("2") and "Preference-Applied" not in response.get("headers", {})
    ]
    schemas = [next(iter(_json(content)), None) for content in contents]
    distinct = {repr(schema): schema for schema in schemas if schema is not None}
    empty = not contents or any(not content for content in contents)
    return Answer(tuple(distinct.values()), empty)


def _json(content: Mapping[str, Any]) -> Iterator[Schema]:
    """Yield the schemas of JSON in a response; media types like `application/scim+json` are JSON, too.

    What the document declares as a file is returned as one, also if it is JSON.
    """
    for kind, media in content.items():
        schema = media.get("schema", {})
        if (kind == JSON or kind.endswith("+json")) and schema.get("format") != "binary":
            yield schema


def _items(answer: Answer, of: Mapping[str, Any]) -> Schema | None:
    """Return the schema of the items of a page, which is followed by another one until `next` is null."""
    if len(answer.schemas) != 1:
        return None
    properties = resolve(answer.schemas[0], of).get("properties", {})
    following = properties.get("next", {}).get("anyOf", ())
    ends = {"type": "null"} in following
    found: Schema | None = properties.get("items", {}).get("items") if ends else None
    return found


def _used(of: Any, schemas: Mapping[str, Schema]) -> set[str]:
    """Return the names of all models that are reachable."""
    found: set[str] = set()
    waiting = list(_references(of))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(of: Any) -> Iterator[str]:
    if isinstance(of, Mapping):
        if isinstance(of.get("$ref"), str) and of["$ref"].startswith(MODELS):
            yield named(of)
        for value in of.values():
            yield from _references(value)
    elif isinstance(of, list):
        for value in of:
            yield from _references(value)
