"""Forms as process files name them, in SpiffArena's and in Camunda's way, read into one shape.

A JSON Schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import orjson

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"

# Stands for what was typed: a fault may be shown and logged, the answer itself must not.
MASK = "the value"

_KEY_PREFIXES = ("embedded:deployment:", "camunda-forms:deployment:", "embedded:app:")
_TYPES: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "long": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "enum": {"type": "string"},
}
# Shown, and not to be sent: JSON Schema's own word is no more than a hint.
READ_ONLY: Mapping[str, Any] = {"readOnly": True, "not": {}}
_LIMITS = {"min": "minimum", "max": "maximum", "minlength": "minLength", "maxlength": "maxLength"}


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """A form: the JSON Schema (2020-12) of its answer and, if given, hints for drawing it."""

    schema: Mapping[str, Any]
    ui: Mapping[str, Any] | None


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """What judges answers to a schema. Raises ValueError, of which jsonschema_rs's errors are kinds, if it is
    none.

    References stay inside the schema, and patterns run in linear time.
    """
    return jsonschema_rs.validator_for(
        dict(schema),
        validate_formats=True,
        mask=MASK,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def names(element: Any) -> tuple[str | None, str | None]:
    """The file names of the schema and of the drawing hints that an element asks for."""
    properties = {
        item.get("name"): item.get("value")
        for item in element.iterfind(f"{BPMN}extensionElements/{SPIFF}properties/{SPIFF}property")
    }
    schema = properties.get("formJsonSchemaFilename")
    key = element.get(f"{CAMUNDA}formKey")
    if schema is None and key is not None:
        for prefix in _KEY_PREFIXES:
            key = key.removeprefix(prefix)
        schema = key.rpartition("/")[2]
    return schema, properties.get("formUiSchemaFilename")


def read(element: Any, files: Mapping[str, bytes]) -> Form | None:
    """The form of a user task or start event; None if it has none. The files were checked before."""
    schema, ui = names(element)
    if schema is not None and schema in files:
        return Form(orjson.loads(files[schema]), orjson.loads(files[ui]) if ui else None)
    fields = element.findall(f"{BPMN}extensionElements/{CAMUNDA}formData/{CAMUNDA}formField")
    if not fields:
        return None
    needed = [field.get("id") for field in fields if required(field)]
    properties = {field.get("id"): _property(field) for field in fields}
    return Form({"type": "object", "properties": properties, "required": needed}, None)


def schema_of(element: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema of an element's form, if it has one that is here."""
    name, _ = names(element)
    if name is not None and name in schemas:
        found: Mapping[str, Any] = schemas[name]
        return found
    form = read(element, {})
    return None if form is None else form.schema


def required(field: Any) -> bool:
    """Whether a field of Camunda's must be filled in."""
    return _constraints(field).get("required") == "true"


def _constraints(field: Any) -> dict[str, str]:
    found = field.iterfind(f"{CAMUNDA}validation/{CAMUNDA}constraint")
    # `required` and `readonly` may stand without a value.
    return {item.get("name"): item.get("config") or "true" for item in found}


def _property(field: Any) -> dict[str, Any]:
    schema = {**_TYPES[field.get("type", "string")], "title": field.get("label") or field.get("id")}
    values = field.findall(f"{CAMUNDA}value")
    if values:
        schema["oneOf"] = [{"const": value.get("id"), "title": value.get("name")} for value in values]
    if field.get("defaultValue"):
        schema["default"] = _default(field.get("defaultValue"), schema["type"])
    limits = _constraints(field)
    if "readonly" in limits:
        schema.update(READ_ONLY)
    schema.update({_LIMITS[name]: int(limits[name]) for name in limits if name in _LIMITS})
    return schema


def _default(text: str, kind: str) -> str | int | bool:
    if kind == "boolean":
        return text == "true"
    return int(text) if kind == "integer" and text.removeprefix("-").isdecimal() else text
