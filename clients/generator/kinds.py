"""The types of both languages for the values of a schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clients.generator.document import Schema, named

COMBINING = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Words:
    """How a language writes types. `anything` is the type of values about which the schema says nothing."""

    simple: Mapping[str, str]
    literals: Callable[[list[Any]], str]
    model: Callable[[str], str]
    array: str
    mapping: str
    anything: str
    upload: str
    both: str | None  # joins the types of `allOf`, if the language can


def kind(schema: Schema, words: Words, where: str = "") -> str:
    """Return the type of the values of a schema; `where` is the module of the models, with a dot."""
    if "$ref" in schema:
        return where + words.model(named(schema))
    for key in COMBINING:
        if key in schema:
            return _combined(key, schema[key], words, where)
    if "enum" in schema or "const" in schema:
        return words.literals(list(schema.get("enum", [schema.get("const")])))
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return words.upload
    types = schema.get("type", ())
    several = [types] if isinstance(types, str) else types
    return " | ".join(_of_type(one, schema, words, where) for one in several) or words.anything


def _combined(key: str, schemas: list[Schema], words: Words, where: str) -> str:
    kinds = list(dict.fromkeys(kind(one, words, where) for one in schemas))
    if key == "allOf" and len(kinds) > 1:
        return words.both.join(kinds) if words.both else words.anything
    return " | ".join(kinds)


def _of_type(name: str, schema: Schema, words: Words, where: str) -> str:
    if name == "array":
        return words.array.format(kind(schema.get("items", {}), words, where))
    if name == "object":
        values = schema.get("additionalProperties")
        return words.mapping.format(kind(values if isinstance(values, Mapping) else {}, words, where))
    return words.simple[name]
