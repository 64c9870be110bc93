"""Translates form-js conditions that compare a field with a value into rules of a JSON Schema."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

_COMPARISON = re.compile(
    r"\s*=?\s*(?P<name>\w+)\s*(?P<is>!=|<=|>=|=|<|>)\s*(?P<value>\"[^\"\\]*\"|-?\d+(?:\.\d+)?|true|false|null)\s*"
)
_NAME = re.compile(r"\s*=?\s*(?:(?P<name>\w+)|not\(\s*(?P<not>\w+)\s*\))\s*")
_ORDER = {"<": "exclusiveMaximum", "<=": "maximum", ">": "exclusiveMinimum", ">=": "minimum"}


class Unreadable(ValueError):
    """Raised for a condition that is more than a comparison with a field of the same object."""


def condition(code: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns a condition as `{"field", "is", "value"}` and as a JSON Schema of the object of the fields.

    A field that is not answered is null: it equals nothing else, and is neither more nor less. Raises
    Unreadable.
    """
    name, kind, value = _read(code)
    if not isinstance(fields.get(name), Mapping) or fields[name].get("type") in ("array", "object", None):
        raise Unreadable
    told = {"field": name, "is": kind, "value": value}
    if kind in ("=", "!="):
        rule = _equals(name, value)
        return told, rule if kind == "=" else {"not": rule}
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Unreadable
    return told, {"properties": {name: {"type": "number", _ORDER[kind]: value}}, "required": [name]}


def _read(code: str) -> tuple[str, str, Any]:
    if found := _COMPARISON.fullmatch(code):
        return found["name"], found["is"], orjson.loads(found["value"])
    found = _NAME.fullmatch(code)
    if found is None:
        raise Unreadable
    if found["not"]:
        return found["not"], "=", False
    return found["name"], "=", True


def _equals(name: str, value: Any) -> dict[str, Any]:
    equal = {"properties": {name: {"const": value}}, "required": [name]}
    return {"anyOf": [equal, {"not": {"required": [name]}}]} if value is None else equal
