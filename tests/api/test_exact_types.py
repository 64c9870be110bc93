"""Each boolean, number, date and instant of each request is exact: anything else is refused at its place."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from tests.api.conftest import Steady
from tests.api.contract import Contract, pointers, resolved
from tests.api.matrix import PERSON

TYPED = {"boolean", "number", "integer"}
FORMATS = {"date", "date-time"}
OTHERS: tuple[Any, ...] = (
    *("yes", "true", "1", "۱۲", "1e3", "2026-13-01", "2026-01-01T00:00:00", "x" * 300),
    *(True, 0, 1, 0.5, -(10**30), 10**400, [], {}),
)
JSON = "application/json"
BEHALF = {"X-On-Behalf-Of": PERSON}


@dataclass(frozen=True)
class Leaf:
    """A typed value in a request: its place, as keys and indexes, and its schema."""

    way: tuple[str | int, ...]
    schema: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """The same place as problems name it."""
        return "".join(f"/{part}" for part in self.way)


def leaves(document: Mapping[str, Any], schema: Any, way: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """The typed values in a schema, but for numbers that may be texts, which the engine reads itself."""
    schema = resolved(document, schema)
    choices = [resolved(document, one) for one in schema.get("anyOf", ())]
    if any(one.get("type") == "string" and "format" not in one for one in choices):
        return
    if any(one.get("type") in TYPED or one.get("format") in FORMATS for one in (schema, *choices)):
        yield Leaf(way, schema)
        return
    for one in (schema, *choices):
        for name, inner in one.get("properties", {}).items():
            yield from leaves(document, inner, (*way, name))
        if "items" in one:
            yield from leaves(document, one["items"], (*way, 0))


def put(body: dict[str, Any], way: tuple[str | int, ...], value: Any) -> None:
    """Put a value at a place; lists have one entry."""
    inside: Any = body
    for part, following in zip(way, (*way[1:], None), strict=True):
        empty: Any = value if following is None else [None] if following == 0 else {}
        if isinstance(part, int):
            inside[part] = empty if inside[part] is None else inside[part]
        else:
            inside.setdefault(part, empty)
        inside = inside[part]


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, an address that its path fits, and what it declares."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            declared = [resolved(document, one) for one in operation.get("parameters", ())]
            address = path
            for one in declared:
                if one["in"] == "path":
                    shown = {"uuid": UUID(int=7), "date": "2026-01-01"}.get(one["schema"].get("format"), 1)
                    address = address.replace(
                        f"{{{one['name']}}}", str(one["schema"].get("enum", [shown])[0])
                    )
            yield method.upper(), address, {**operation, "parameters": declared}


def is_wrong(contract: Contract, leaf: Leaf, value: Any) -> bool:
    """Whether the document forbids a value at a place."""
    return not contract._validator(leaf.schema).is_valid(value)


def test_wrong_types_in_bodies_are_refused_at_their_place(
    steady: Steady, contract: Contract, document: dict[str, Any]
) -> None:
    client, tried, accepted = steady.client("administrator"), 0, []
    for method, address, operation in operations(document):
        content = resolved(document, operation.get("requestBody", {})).get("content", {})
        found = list(leaves(document, content.get(JSON, {}).get("schema", {})))
        for value in OTHERS if found else ():
            wrong = [leaf for leaf in found if is_wrong(contract, leaf, value)]
            body: dict[str, Any] = {}
            for leaf in found:
                put(body, leaf.way, value)
            given: dict[str, Any] = {"data": json.dumps(body), "content_type": JSON}
            answer = client.send(method, address, **given)
            if answer.status_code == 403:  # some look at the permission first
                answer = steady.client("portal").send(method, address, headers=BEHALF, **given)
            assert 400 <= answer.status_code < 500, f"{method} {address} {value!r}: {answer.text}"
            told = pointers(answer.get_json(force=True)) if answer.status_code == 422 else []
            tried += len(wrong)
            left = [leaf.pointer for leaf in wrong if not any(one.startswith(leaf.pointer) for one in told)]
            accepted += [f"{method} {address} {value!r} {left} {told}"] * bool(left)
    assert tried > 500
    assert not accepted, "\n".join(accepted)


def test_wrong_types_in_queries_are_refused_at_their_place(
    steady: Steady, contract: Contract, document: dict[str, Any]
) -> None:
    client, tried, accepted = steady.client("administrator"), 0, []
    for method, address, operation in operations(document):
        asked = [one for one in operation["parameters"] if one["in"] == "query"]
        found = [leaf for one in asked for leaf in leaves(document, one["schema"], (one["name"],))]
        for text in [str(one) for one in OTHERS if isinstance(one, str | int | float)] if found else ():
            wrong = [leaf for leaf in found if not reads_as(contract, leaf, text)]
            query = urlencode({str(leaf.way[0]): text for leaf in found})
            answer = client.send(method, f"{address}?{query}")
            assert answer.status_code < 500, f"{method} {address} {text}: {answer.text}"
            told = pointers(answer.get_json(force=True)) if answer.status_code == 422 else []
            tried += len(wrong)
            left = [leaf.pointer for leaf in wrong if f"/query{leaf.pointer}" not in told]
            accepted += [f"{method} {address} {text} {left} {told}"] * bool(left)
    assert tried > 200
    assert not accepted, "\n".join(accepted)


def reads_as(contract: Contract, leaf: Leaf, text: str) -> bool:
    """Whether a text of a query is a value of this kind, as JSON writes it, or a text that is allowed."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return not (is_wrong(contract, leaf, value) and is_wrong(contract, leaf, text))


def test_length_that_is_declared_of_a_header_is_enforced(steady: Steady, document: dict[str, Any]) -> None:
    client, tried = steady.client("administrator"), set()
    for method, address, operation in operations(document):
        for one in operation["parameters"]:
            if one["in"] == "header" and "maxLength" in one["schema"]:
                sent = {one["name"]: "x" * (one["schema"]["maxLength"] + 1)}
                body: dict[str, Any] = {"json": {}} if "requestBody" in operation else {}
                answer = client.send(method, address, headers=sent, **body)
                assert answer.status_code >= 400, f"{method} {address} {one['name']}"
                tried.add(one["name"])
    assert tried == {"X-On-Behalf-Of", "X-Purpose", "Idempotency-Key"}
