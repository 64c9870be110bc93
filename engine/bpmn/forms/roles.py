"""Limits the fields of a form that a role may see and answer. Hidden ones never leave the server."""

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from engine.bpmn.forms.fields import EDITABLE_BY, HIDE, VISIBLE_TO, groups_of, names_in
from engine.bpmn.forms.form import READ_ONLY, Form
from engine.bpmn.forms.parts import objects_in, parts, properties

_BRANCHES = {"if", "then", "else", "not"}
_LISTS = {"allOf", "anyOf", "oneOf"}
_DEMANDS = {"required", "dependentRequired"}
_ASKING = ("if", "not", "anyOf", "oneOf")  # keywords that depend on other fields, which must be present


def for_roles(form: Form, roles: Collection[str] | None) -> Form:
    """Returns the form for an actor with these roles.

    Removes the fields that no role of theirs may see from the schema and the hints, and doesn't require them;
    fields that they may only see become read-only.
    """
    return form if roles is None else _for_roles(form, frozenset(roles))


@lru_cache(1024)
def _for_roles(form: Form, roles: frozenset[str]) -> Form:
    if not for_some(form):
        return form
    return Form(_cut(form.schema, roles), _cut_hints(form.ui, form.schema, roles) if form.ui else None)


def visible(form: Form, roles: Collection[str] | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the part of a case's data that the form shows to these roles."""
    schema = for_roles(form, roles).schema
    found: dict[str, Any] = _declared_part(data, [schema], schema)
    return found


def unseen(form: Form, roles: Collection[str], data: Mapping[str, Any]) -> list[list[str | int]]:
    """Returns the paths of answers to fields that these roles may not see."""
    if not for_some(form):
        return []
    return list(_unseen(data, [form.schema], form.schema, frozenset(roles)))


def without(form: Form, roles: Collection[str], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the data without the fields that the form hides from these roles."""
    paths = unseen(form, roles, data)
    found = deepcopy(dict(data)) if paths else data
    for *inner, last in paths:
        home: Any = found
        for name in inner:
            home = home[name]
        del home[last]
    return found


def named(form: Form) -> list[str]:
    """Returns the roles named in the form's fields."""
    parts = objects_in(form.schema)
    return sorted(
        {role for part in parts for name in (VISIBLE_TO, EDITABLE_BY) for role in part.get(name, ())}
    )


@lru_cache(1024)
def for_some(form: Form) -> bool:
    """Whether some of the form's fields are limited to certain roles."""
    return restricted(form.schema)


def restricted(schema: Any) -> bool:
    """Whether any field is limited to certain roles."""
    return any(VISIBLE_TO in part or EDITABLE_BY in part for part in objects_in(schema))


def secret_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Returns the fields of a form that some roles may not see, or only in part."""
    told = properties(schema, {})
    return frozenset(
        name for name, inner in told.items() if any(VISIBLE_TO in one for one in objects_in(inner))
    )


def unenforceable(schema: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
    """Returns why the roles in a schema can't be enforced, a code with values; None if they can."""
    marked = [part for part in objects_in(schema) if VISIBLE_TO in part or EDITABLE_BY in part]
    for part in marked:
        reason = _unfit(part)
        if reason:
            return reason
    reached: list[Any] = []
    for level in _levels(schema):
        names = {name for name, one in level.items() if VISIBLE_TO in one or EDITABLE_BY in one}
        reached += level.values()
        used = names & _asked(level.parts)
        if used:
            return "condition", {"field": sorted(used)[0]}
    if any(not any(part is one for one in reached) for part in marked):
        return "place", {}
    return None


def nested(schema: Mapping[str, Any]) -> bool:
    """Whether a nested field is limited to certain roles: their answer replaces the whole object."""
    top = (schema.get("properties") or {}).values()
    return any(restricted(part) for one in top if isinstance(one, Mapping) for part in one.values())


class _Level(dict[str, Mapping[str, Any]]):
    """The properties of one object, and the parts of the schema that define it."""

    def __init__(self, found: list[Mapping[str, Any]]) -> None:
        super().__init__()
        self.parts = found
        for part in found:
            for name, one in (part.get("properties") or {}).items():
                if isinstance(one, Mapping):
                    self[name] = {**one, **self[name]} if name in self else one


def _levels(schema: Any) -> Iterator[_Level]:
    """Yields all objects reached by properties and items, without references."""
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        level = _Level(parts(part, {}))
        yield level
        waiting += level.values()
        waiting += [one["items"] for one in level.parts if isinstance(one.get("items"), Mapping)]


def _unfit(part: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
    for name in (VISIBLE_TO, EDITABLE_BY):
        roles = part.get(name, [])
        if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
            return "list", {"keyword": name}
    if VISIBLE_TO in part and EDITABLE_BY in part and not set(part[EDITABLE_BY]) <= set(part[VISIBLE_TO]):
        return "invisible", {}
    return None


def _asked(found: list[Mapping[str, Any]]) -> set[str]:
    """Returns the names of fields in conditions."""
    names: set[str] = set()
    for part in found:
        names |= set(part.get("dependentRequired") or ()) | set(part.get("dependentSchemas") or ())
        for inside in objects_in([part.get(name) for name in _ASKING]):
            told, needed = inside.get("properties"), inside.get("required")
            names |= set(told) if isinstance(told, Mapping) else set()
            names |= {name for name in needed if isinstance(name, str)} if isinstance(needed, list) else set()
    return names


def _may(name: str, roles: frozenset[str]) -> Callable[[Any], bool]:
    def may(part: Any) -> bool:
        return not isinstance(part, Mapping) or name not in part or not roles.isdisjoint(part[name])

    return may


def _hidden(told: Mapping[str, list[Any]], roles: frozenset[str]) -> set[str]:
    may = _may(VISIBLE_TO, roles)
    return {name for name, inner in told.items() if not all(map(may, inner))}


def _cut(schema: Any, roles: frozenset[str]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    told = properties(schema, {})
    may = _may(EDITABLE_BY, roles)
    locked = {name for name, inner in told.items() if not all(map(may, inner))}
    return _without(schema, _hidden(told, roles), locked, roles)


def _without(part: Any, hidden: set[str], locked: set[str], roles: frozenset[str]) -> Any:
    """Removes properties from one part of an object's schema; `locked` ones are not required or accepted."""
    if not isinstance(part, Mapping):
        return part
    found = dict(part)
    for name in _BRANCHES & part.keys():
        found[name] = _without(part[name], hidden, locked, roles)
    for name in _LISTS & part.keys():
        found[name] = [_without(one, hidden, locked, roles) for one in part[name]]
    for name in _DEMANDS & part.keys():
        found[name] = _undemanded(part[name], hidden | locked)
    if "dependentSchemas" in part:
        told = part["dependentSchemas"].items()
        found["dependentSchemas"] = {name: _without(one, hidden, locked, roles) for name, one in told}
    if "items" in part:
        found["items"] = _cut(part["items"], roles)
    if "properties" in part:
        kept = {
            name: _unconditional(_cut(one, roles), hidden)
            for name, one in part["properties"].items()
            if name not in hidden
        }
        found["properties"] = {
            name: {**one, **READ_ONLY} if name in locked and isinstance(one, Mapping) else one
            for name, one in kept.items()
        }
    return found


def _unconditional(part: Any, hidden: set[str]) -> Any:
    """Makes a property unconditional if its condition depends on a hidden one."""
    told = part.get(HIDE) if isinstance(part, Mapping) else None
    if isinstance(told, Mapping) and told.get("field") in hidden:
        return {name: one for name, one in part.items() if name != HIDE}
    return part


def _undemanded(demanded: Any, out: set[str]) -> Any:
    if isinstance(demanded, Mapping):
        return {name: _undemanded(one, out) for name, one in demanded.items()}
    return [name for name in demanded if name not in out]


def _cut_hints(ui: Mapping[str, Any], schema: Any, roles: frozenset[str]) -> dict[str, Any]:
    told = properties(schema, {})
    hidden = _hidden(told, roles)
    found: dict[str, Any] = {}
    for name, hint in ui.items():
        if name == "ui:order":
            found[name] = [one for one in names_in(hint) if one not in hidden]
        elif name == "ui:groups":
            found[name] = [
                {**group, "fields": left}
                for group in groups_of(hint)
                if (left := [one for one in group["fields"] if one not in hidden])
            ]
        elif name == "items" and isinstance(hint, Mapping) and isinstance(schema, Mapping):
            found[name] = _cut_hints(hint, schema.get("items"), roles)
        elif name in told and isinstance(hint, Mapping):
            found.update({} if name in hidden else {name: _cut_hints(hint, {"allOf": told[name]}, roles)})
        else:
            found[name] = hint
    return found


def _inner(told: list[Any], root: Mapping[str, Any]) -> tuple[dict[str, list[Any]], list[Any]]:
    """Returns the definitions of a value's properties and items."""
    found = [part for one in told for part in parts(one, root)]
    return properties({"allOf": told}, root), [part["items"] for part in found if "items" in part]


def _declared_part(value: Any, told: list[Any], root: Mapping[str, Any]) -> Any:
    known, item = _inner(told, root)
    if isinstance(value, Mapping) and known:
        return {name: _declared_part(one, known[name], root) for name, one in value.items() if name in known}
    if isinstance(value, list) and item:
        return [_declared_part(one, item, root) for one in value]
    return value


def _unseen(
    value: Any, told: list[Any], root: Mapping[str, Any], roles: frozenset[str]
) -> Iterator[list[str | int]]:
    known, item = _inner(told, root)
    inside: Any = ()
    if isinstance(value, Mapping):
        hidden = _hidden(known, roles)
        yield from ([name] for name in value if name in hidden)
        inside = [(name, one, known[name]) for name, one in value.items() if name in known.keys() - hidden]
    elif isinstance(value, list):
        inside = [(index, one, item) for index, one in enumerate(value)]
    for name, one, inner in inside:
        yield from ([name, *path] for path in _unseen(one, inner, root, roles))
