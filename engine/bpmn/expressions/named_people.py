"""People and groups that an expression names literally."""

import ast
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions import juel, syntax

LONGEST = 200  # characters of a person's or group's name


class Unfit(Exception):
    """Raised for an expression whose value doesn't fit."""


@lru_cache(1024)
def literal_names(code: str) -> Any:
    """Returns the value of a literal, such as names of lanes; None for an expression that must be run."""
    try:
        found = syntax.literal(code.strip())
    except SyntaxError:
        return None
    return found if _plain_names(found) else None


def named_groups(code: str) -> tuple[list[str], bool]:
    """Returns the groups that an expression names literally, and whether these are all. Raises Unfit."""
    found = literal_names(code)
    if found is not None:
        return words(found), True
    if juel.is_marked(code):
        return words(juel.texts(code)), False
    try:
        body = syntax.tree(code.strip(), "eval").body
    except SyntaxError:
        return [], False
    parts = body.elts if isinstance(body, ast.List) else [body]
    plain = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return words(plain), False


def _plain_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(_plain_names, value)))


def one_name(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Unfit(f"a person or group is named by a text of at most {LONGEST} characters")
    return value


def words(value: Any) -> list[str]:
    items = [value] if isinstance(value, str) else value or []
    if not isinstance(items, list):
        raise Unfit("persons and groups are texts, or a list of texts")
    names: list[str] = []
    for item in items:
        # Other expressions may have a list of names as their value, or a text with several.
        parts = item if isinstance(item, list) else item.split(",") if isinstance(item, str) else [item]
        if not all(isinstance(part, str) for part in parts):
            raise Unfit("persons and groups are texts, or a list of texts")
        names += [part.strip() for part in parts]
    return [word for name in dict.fromkeys(names) if (word := one_name(name)) is not None]
