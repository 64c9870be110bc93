"""Which fields of a form an answer makes apply, and which it makes required: `if`/`then`, conditions of
form-js, dependencies.

Only of fields at the top; a field within a group applies with the group. What isn't decided by such a rule
applies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from engine.bpmn.forms.combining import answer_name, top_fields
from engine.bpmn.forms.form import Form, validator
from engine.bpmn.forms.hiding import hidden
from engine.bpmn.forms.parts import referred

_DEFINITIONS = ("$defs", "definitions")
_DEEP = 20  # levels of nested rules: a schema may refer to itself


@dataclass(frozen=True, slots=True)
class Applying:
    """Whether a field applies now, and whether it has to be answered."""

    applies: bool
    required: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """A part of the schema that applies if its condition is met; None: always."""

    condition: jsonschema_rs.Validator | None
    met: bool  # whether the condition has to be met, or not
    names: frozenset[str]
    refused: frozenset[str]
    required: frozenset[str]
    dependent: Mapping[str, frozenset[str]]
    inner: tuple["_Rule", ...]


def applying(form: Form, answers: Mapping[str, Any]) -> Mapping[str, Applying]:
    """Returns this for each answer at the top of a form, by its name, with these answers so far."""
    given = {name: value for name, value in answers.items() if value is not None}
    named, refused, required = set[str](), set[str](), set[str]()
    for rule in _active(_rules(form), given):
        named |= rule.names
        refused |= rule.refused
        required |= rule.required
        required.update(*(found for name, found in rule.dependent.items() if name in given))
    found = {}
    for field in top_fields(form.fields):
        name = answer_name(field.pointer or "")
        applies = name in named and name not in refused and not hidden(field, given)
        found[name] = Applying(applies, applies and name in required and not field.read_only)
    return found


def _active(rules: tuple[_Rule, ...], answers: Mapping[str, Any]) -> Iterator[_Rule]:
    for rule in rules:
        if rule.condition is None or rule.condition.is_valid(answers) is rule.met:
            yield rule
            yield from _active(rule.inner, answers)


@lru_cache(1024)
def _rules(form: Form) -> tuple[_Rule, ...]:
    return tuple(_read(form.schema, form.schema, None, True, 0))


def _read(
    schema: Any, root: Mapping[str, Any], condition: jsonschema_rs.Validator | None, met: bool, depth: int
) -> Iterator[_Rule]:
    if not isinstance(schema, Mapping) or depth > _DEEP:
        return
    told = schema.get("properties")
    properties: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    refused = frozenset(name for name, one in properties.items() if one is False)
    yield _Rule(
        condition,
        met,
        names=frozenset(properties) - refused,
        refused=refused,
        required=_names(schema.get("required")),
        dependent={name: _names(one) for name, one in _mapping(schema.get("dependentRequired")).items()},
        inner=tuple(_inside(schema, root, depth + 1)),
    )


def _inside(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Iterator[_Rule]:
    """Yields the rules within a part; of alternatives all, since their own parts decide."""
    for part in (referred(str(schema.get("$ref", "")), root), *(schema.get("allOf") or ())):
        yield from _read(part, root, None, True, depth)
    for name in ("anyOf", "oneOf"):
        for part in schema.get(name) or ():
            for rule in _read(part, root, None, True, depth):
                yield _Rule(None, True, rule.names, frozenset(), frozenset(), {}, rule.inner)
    for name, part in _mapping(schema.get("dependentSchemas")).items():
        yield from _read(part, root, _validator({"required": [name]}, root), True, depth)
    if "if" in schema:
        condition = _validator(schema["if"], root)
        for name, met in (("then", True), ("else", False)):
            yield from _read(schema.get(name), root, condition, met, depth)


def _validator(condition: Any, root: Mapping[str, Any]) -> jsonschema_rs.Validator:
    definitions = {name: root[name] for name in _DEFINITIONS if name in root}
    try:
        return validator({**definitions, "allOf": [condition]})
    except ValueError:  # a reference to a part that isn't a definition: as if the condition were met
        return validator({})


def _names(value: Any) -> frozenset[str]:
    names = value if isinstance(value, list) else ()
    return frozenset(name for name in names if isinstance(name, str))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
