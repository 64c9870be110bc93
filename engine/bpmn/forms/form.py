"""A form, and the validator of its answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from engine.bpmn.forms.fields import Field, fields_of
from engine.platform.formats import FORMATS as OURS
from engine.platform.formats import stored

# Replaces the value in messages: an error may be shown and logged, the answer itself must not.
MASK = "the value"
# Displayed but not accepted in answers: in JSON Schema, the keyword is only a hint.
READ_ONLY: Mapping[str, Any] = {"readOnly": True, "not": {}}
# Whether the named document was uploaded is checked by `engine.cases.staged_documents`. A form has no
# database.
_FORMATS = {**{name: stored(name) for name in OURS}, "document": lambda value: bool(value.strip())}
# JSON Schema's checked formats, the product's own, and those that are drawing hints.
FORMATS = frozenset({
    *OURS,
    *("duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri", "iri-reference"),
    *("json-pointer", "regex", "relative-json-pointer", "uri", "uri-reference", "uri-template", "uuid"),
    *("data-url", "document"),
})  # fmt: skip

DATA = frozenset({"default", "const", "enum", "examples", "x-i18n", "x-enum-i18n"})  # contain no schemas


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """A form: the JSON Schema (2020-12) of its answer and, optionally, hints for drawing it."""

    schema: Mapping[str, Any]
    ui: Mapping[str, Any] | None

    @property
    def fields(self) -> tuple[Field, ...]:
        """Returns the fields to draw, in order, so that callers need neither schema nor hints."""
        return _fields(self)


@lru_cache(1024)
def _fields(form: Form) -> tuple[Field, ...]:
    return fields_of(form.schema, form.ui)


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """Returns the validator of a schema. Raises ValueError if it is not a valid schema.

    References are resolved within the schema only, and patterns run in linear time. Texts of the product's
    formats must be normalised first, by `normalised`. The errors of jsonschema_rs are ValueErrors.
    """
    return jsonschema_rs.validator_for(
        dict(schema),
        formats=_FORMATS,
        validate_formats=True,
        mask=MASK,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def unchecked(schema: Any) -> list[str]:
    """Returns the formats in a schema that are not checked."""
    parts: list[Any] = [schema]
    found = []
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            named = part.get("format")
            found += [named] if isinstance(named, str) and named not in FORMATS else []
            parts += [inner for name, inner in part.items() if name not in DATA]
        elif isinstance(part, list):
            parts += part
    return sorted(set(found))


def with_read_only(schema: Any) -> Any:
    """Returns the schema with read-only properties rejected in answers, and therefore not required."""
    if isinstance(schema, list):
        return [with_read_only(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: part if name in DATA else with_read_only(part) for name, part in schema.items()}
    told = found.get("properties")
    if isinstance(told, Mapping):
        shown = {
            name for name, part in told.items() if isinstance(part, Mapping) and part.get("readOnly") is True
        }
        found["properties"] = {
            name: {**part, **READ_ONLY} if name in shown else part for name, part in told.items()
        }
        if shown and isinstance(found.get("required"), list):
            found["required"] = [name for name in found["required"] if name not in shown]
    return found
