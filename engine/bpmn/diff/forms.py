"""Compares two forms, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

_FIELDS = ("properties", "required")


def form_differences(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields codes with their parameters."""
    if old is None and new is None:
        return
    if old is None or new is None:
        yield "form-removed" if new is None else "form-added", {}
        return
    before, after = old["schema"], new["schema"]
    yield from _fields(before, after)
    rest = [
        ({name: value for name, value in form["schema"].items() if name not in _FIELDS}, form["ui"])
        for form in (old, new)
    ]
    if rest[0] != rest[1]:
        yield "form-changed", {}


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted({*before, *after}):
        field = {"field": name}
        if name not in after:
            yield "field-removed", field
        elif name not in before:
            yield "field-added", {**field, "required": name in needs}
        elif before[name] != after[name]:
            yield "field-changed", {**field, "before": before[name], "after": after[name]}
        if name in before and name in after and (name in needed) != (name in needs):
            yield "field-required" if name in needs else "field-optional", field
