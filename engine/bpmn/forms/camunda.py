"""Camunda 7's formData: fields defined in the diagram itself."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn.forms.fields import EDITABLE_BY, VISIBLE_TO
from engine.bpmn.forms.form import READ_ONLY, Form
from engine.bpmn.notation import vocabulary

BPMN, CAMUNDA = (f"{{{space}}}" for space in (vocabulary.BPMN, vocabulary.CAMUNDA))

# Properties of fields in Camunda and form-js, and the keywords for them in a schema.
ROLES = {"visibleTo": VISIBLE_TO, "editableBy": EDITABLE_BY}
_TYPES: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "long": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "enum": {"type": "string"},
}
_LIMITS = {"min": "minimum", "max": "maximum", "minlength": "minLength", "maxlength": "maxLength"}


def form_data(element: Any) -> Form | None:
    """Returns the form in an element, without the parts that the check rejects; None if it has none."""
    fields = element.findall(f"{BPMN}extensionElements/{CAMUNDA}formData/{CAMUNDA}formField")
    if not fields:
        return None
    needed = [field.get("id") for field in fields if required(field)]
    properties = {field.get("id"): _property(field) for field in fields}
    return Form({"type": "object", "properties": properties, "required": needed}, None)


def required(field: Any) -> bool:
    """Whether a Camunda field is required."""
    return _constraints(field).get("required") == "true"


def named(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keywords for a field's properties: roles (names separated by commas) and a format."""
    found: dict[str, Any] = {
        ours: [part.strip() for part in str(properties[name]).split(",")]
        for name, ours in ROLES.items()
        if name in properties
    }
    return found | ({"format": properties["format"]} if "format" in properties else {})


def _constraints(field: Any) -> dict[str, str]:
    found = field.iterfind(f"{CAMUNDA}validation/{CAMUNDA}constraint")
    # `required` and `readonly` may occur without a value.
    return {item.get("name"): item.get("config") or "true" for item in found}


def _property(field: Any) -> dict[str, Any]:
    schema = {
        **_TYPES.get(field.get("type", "string"), _TYPES["string"]),
        "title": field.get("label") or field.get("id"),
    }
    values = field.findall(f"{CAMUNDA}value")
    if values:
        schema["oneOf"] = [{"const": value.get("id"), "title": value.get("name")} for value in values]
    if field.get("defaultValue"):
        schema["default"] = _default(field.get("defaultValue"), schema["type"])
    limits = _constraints(field)
    if "readonly" in limits:
        schema.update(READ_ONLY)
    schema.update(
        {_LIMITS[name]: int(text) for name, text in limits.items() if name in _LIMITS and _is_whole(text)}
    )
    told = field.iterfind(f"{CAMUNDA}properties/{CAMUNDA}property")
    return schema | named({item.get("id"): item.get("value") or "" for item in told})


def _default(text: str, kind: str) -> str | int | bool:
    if kind == "boolean":
        return text == "true"
    return int(text) if kind == "integer" and _is_whole(text) else text


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
