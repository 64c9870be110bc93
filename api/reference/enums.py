"""The enums of the OpenAPI document: each is one schema with a name, which says what its values mean."""

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from api.reference.schemas import PLACE

EXAMPLES = ("example", "examples")  # whose forms have enums of their own


@cache
def _meanings() -> Mapping[frozenset[str], tuple[str, Mapping[str, Any]]]:
    """Return the name and the table of each enum, by its values."""
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {frozenset(table["values"]): (name, table) for name, table in tables.items()}


def names() -> set[str]:
    """Return the names of all enums that have a meaning."""
    return {name for name, _ in _meanings().values()}


def name_enums(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a schema for each enum whose values have a meaning, and references to it.

    Generators then make one type of each, and not one for each property.
    """
    found: dict[str, Any] = {}
    made: dict[str, Any] = _referring(document, found)
    schemas = made["components"]["schemas"]
    twice = schemas.keys() & found.keys()
    if twice:
        raise ValueError(f"Models and enums have the same names: {', '.join(sorted(twice))}")
    components = {**made["components"], "schemas": dict(sorted({**schemas, **found}.items()))}
    return {**made, "components": components}


def _referring(part: Any, found: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_referring(item, found) for item in part]
    if not isinstance(part, dict):
        return part
    values = part.get("enum")
    if isinstance(values, list) and frozenset(values) in _meanings():
        name, table = _meanings()[frozenset(values)]
        found[name] = _schema(values, table)
        others = {key: value for key, value in part.items() if key not in ("enum", "type", "title")}
        return {"$ref": PLACE + name, **others}
    return {key: value if key in EXAMPLES else _referring(value, found) for key, value in part.items()}


def _schema(values: Collection[str], table: Mapping[str, Any]) -> dict[str, Any]:
    listed = "\n".join(f"- `{value}`: {table['values'][value]}" for value in values)
    return {"type": "string", "enum": list(values), "description": f"{table['about']}\n\n{listed}"}
