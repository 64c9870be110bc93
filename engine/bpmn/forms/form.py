"""A form, and what judges the answers to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from engine.bpmn.forms.fields import Field, fields_of
from engine.platform.formats import FORMATS as OURS
from engine.platform.formats import stored

# Stands for what was typed: a fault may be shown and logged, the answer itself must not.
MASK = "the value"
# Shown, and not to be sent: JSON Schema's own word is no more than a hint.
READ_ONLY: Mapping[str, Any] = {"readOnly": True, "not": {}}
# Whether a document is named that was uploaded: `engine.cases.staged_documents`. A form knows no database.
_FORMATS = {**{name: stored(name) for name in OURS}, "document": lambda value: bool(value.strip())}
# Those of JSON Schema that are checked, ours, and those that say what to draw.
FORMATS = frozenset({
    *OURS,
    *("duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri", "iri-reference"),
    *("json-pointer", "regex", "relative-json-pointer", "uri", "uri-reference", "uri-template", "uuid"),
    *("data-url", "document"),
})  # fmt: skip

_DATA = frozenset({"default", "const", "enum", "examples", "x-i18n", "x-enum-i18n"})  # hold no schemas


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """A form: the JSON Schema (2020-12) of its answer and, if given, hints for drawing it."""

    schema: Mapping[str, Any]
    ui: Mapping[str, Any] | None

    @property
    def fields(self) -> tuple[Field, ...]:
        """What to draw, in order; whoever draws it needs to know neither schema nor hints."""
        return _fields(self)


@lru_cache(1024)
def _fields(form: Form) -> tuple[Field, ...]:
    return fields_of(form.schema, form.ui)


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """What judges answers to a schema. Raises ValueError, of which jsonschema_rs's errors are kinds, if it is
    none.

    References stay inside the schema, and patterns run in linear time. Texts of our formats must be as they
    are stored: `normalised` sees to that.
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
    """The formats in a schema that nothing checks."""
    parts: list[Any] = [schema]
    found = []
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            named = part.get("format")
            found += [named] if isinstance(named, str) and named not in FORMATS else []
            parts += [inner for name, inner in part.items() if name not in _DATA]
        elif isinstance(part, list):
            parts += part
    return sorted(set(found))


def with_read_only(schema: Any) -> Any:
    """The same schema, in which what is marked as read-only is not to be sent, and so not demanded."""
    if isinstance(schema, list):
        return [with_read_only(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: part if name in _DATA else with_read_only(part) for name, part in schema.items()}
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
