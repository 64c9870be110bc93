"""Functions of contexts (DMN 1.5 table 82)."""

from typing import Any

from engine.dmn.feel.functions.registry import built_in


@built_in("get value", "m: context, key: string", "context: context, keys: list")
def get_value(of: dict[str, Any], key: str | list[str]) -> Any:
    """Returns the value under a key, or nested under several keys."""
    found: Any = of
    for name in [key] if isinstance(key, str) else key:
        if not isinstance(found, dict) or not isinstance(name, str):
            return None
        found = found.get(name)
    return found


@built_in("get entries", "m: context")
def get_entries(of: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns all keys and values."""
    return [{"key": name, "value": value} for name, value in of.items()]


@built_in("context", "entries: list")
def context(entries: list[Any]) -> dict[str, Any] | None:
    """Creates a context from keys and values."""
    found: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            return None
        key = entry["key"]
        if not isinstance(key, str) or key in found:
            return None
        found[key] = entry["value"]
    return found


@built_in(
    "context put",
    "context: context, key: string, value: Any?",
    "context: context, keys: list, value: Any?",
)
def context_put(of: dict[str, Any], key: str | list[Any], value: Any) -> dict[str, Any] | None:
    """Returns the context with a value set under a key, or nested under several keys."""
    first, *rest = [key] if isinstance(key, str) else key or [None]
    if not isinstance(first, str):
        return None
    if rest:
        inner = of.get(first)
        if not isinstance(inner, dict):
            return None
        value = context_put(inner, rest, value)
        if value is None:
            return None
    return {**of, first: value}


@built_in("context merge", "contexts: list")
def context_merge(contexts: list[Any]) -> dict[str, Any] | None:
    """Merges contexts; later ones take precedence."""
    found: dict[str, Any] = {}
    for each in contexts:
        if not isinstance(each, dict):
            return None
        found |= each
    return found
