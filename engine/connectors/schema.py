"""Checks a request or reply against its JSON Schema; the result contains none of the data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import jsonschema_rs

from engine.bpmn.forms import validator

SHOWN = 5  # the first faults are sufficient


@dataclass(frozen=True, eq=False, slots=True)
class Schema:
    """A JSON Schema (2020-12), ready for validation."""

    _validator: jsonschema_rs.Validator = field(repr=False)
    _names: frozenset[str]  # of the declared fields
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Schema":
        """Raises ValueError if it is not a schema."""
        return cls(validator(document), frozenset(_declared(document)), document)

    def faults(self, data: Mapping[str, Any]) -> str | None:
        """Returns places and violated rules, as in `/fee (type), /bill (required)`; None if there are none.

        `*` is an index, or a name that the schema does not declare: that is data.
        """
        found = islice(self._validator.iter_errors(dict(data)), SHOWN)
        return ", ".join(self._fault(error) for error in found) or None

    def _fault(self, error: jsonschema_rs.ValidationError) -> str:
        rule = str(error.schema_path[-1]) if error.schema_path else "schema"
        path = [part if part in self._names else "*" for part in error.instance_path]
        if rule == "required":
            path.append(getattr(error.kind, "property", "*"))
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
        return f"{pointer or 'the whole'} ({rule if rule.isalpha() else 'schema'})"


def _declared(part: Any) -> Iterator[str]:
    """Returns the names under `properties`, anywhere in a schema."""
    if isinstance(part, dict):
        fields = part.get("properties")
        if isinstance(fields, dict):
            yield from fields
        for inner in part.values():
            yield from _declared(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _declared(inner)
