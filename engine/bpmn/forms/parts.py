"""Finds the parts of a JSON Schema that apply to one place of an answer."""

from collections.abc import Iterator, Mapping
from typing import Any

_LISTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("if", "then", "else")


def parts(schema: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns a schema, its references inside `root`, and all its branches, whether or not they apply."""
    found: list[Mapping[str, Any]] = []
    waiting = [schema]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Mapping) and not any(part is known for known in found):
            found.append(part)
            waiting += _inside(part, root)
    return found


def objects_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yields every object in a JSON value, at any depth."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _inside(part: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(part.get("$ref"), str):
        yield referred(part["$ref"], root)
    for name in _LISTS:
        if isinstance(part.get(name), list):
            yield from part[name]
    for name in _BRANCHES:
        yield part.get(name)
    if isinstance(part.get("dependentSchemas"), Mapping):
        yield from part["dependentSchemas"].values()


def referred(reference: str, root: Mapping[str, Any]) -> Any:
    """Resolves a JSON Pointer in a reference; None for references of other kinds."""
    found: Any = root if reference.startswith("#") else None
    for token in reference[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def properties(schema: Any, root: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Returns the definitions of each property in the parts of an object's schema."""
    found: dict[str, list[Any]] = {}
    for part in parts(schema, root):
        inside = part.get("properties")
        if isinstance(inside, Mapping):
            for name, told in inside.items():
                found.setdefault(name, []).append(told)
    return found


def always(schema: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns a schema, its references and its `allOf`: the parts that apply to every answer."""
    found: list[Mapping[str, Any]] = []
    waiting = [schema]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Mapping) and not any(part is known for known in found):
            found.append(part)
            if isinstance(part.get("$ref"), str):
                waiting.append(referred(part["$ref"], root))
            waiting += part.get("allOf") or ()
    return found


def types(schema: Any) -> set[str]:
    """Returns the types that one part requires; empty if it doesn't define any."""
    told = schema.get("type") if isinstance(schema, Mapping) else None
    return {told} if isinstance(told, str) else set(told or ())


def choices(schema: Mapping[str, Any], name: str) -> list[Any] | None:
    """Returns the allowed values of a form's field, besides null; None if any other is allowed."""
    told = [
        one
        for part in always(schema, schema)
        if isinstance(part.get("properties"), Mapping)
        for one in always(part["properties"].get(name), schema)
    ]
    if any(one.get("readOnly") is True for one in told):
        return []  # displayed only, not accepted in answers
    for one in told:
        if (found := _closed(one)) is not None:
            return [value for value in found if value is not None]
    return None


def _closed(part: Mapping[str, Any]) -> list[Any] | None:
    """Returns the allowed values of one part."""
    if isinstance(part.get("enum"), list):
        return list(part["enum"])
    if "const" in part:
        return [part["const"]]
    if types(part) - {"null"} == {"boolean"}:
        return [True, False]
    for name in ("oneOf", "anyOf"):
        listed = part.get(name)
        if isinstance(listed, list) and listed:
            inside = [_closed(one) if isinstance(one, Mapping) else None for one in listed]
            if all(one is not None for one in inside):
                return [value for one in inside for value in one or ()]
    return None
