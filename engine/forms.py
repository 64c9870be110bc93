"""Checking answers against forms.

A form is a JSON Schema; whether a field is drawn well is not decided here.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from engine.bpmn.forms import MASK, READ_ONLY, Form, validator
from engine.bpmn.values import Unportable, portable
from engine.errors import Fault, Invalid


def check(form: Form | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as the case may hold them.

    Raises Invalid with every fault and its JSON Pointer below `/data`.
    """
    try:
        answer: dict[str, Any] = portable(data, "/data")
    except Unportable as error:
        raise Invalid(
            "The data cannot be stored.", [Fault(error.where, error.reason, "unportable")]
        ) from error
    faults = _faults(form, answer) if form else []
    if faults:
        raise Invalid("The data do not fit the form.", faults)
    return answer


@lru_cache(1024)
def _validator(form: Form) -> jsonschema_rs.Validator:
    return validator({"additionalProperties": False, **form.schema})


def _faults(form: Form, answer: Mapping[str, Any]) -> list[Fault]:
    return [fault for error in _validator(form).iter_errors(dict(answer)) for fault in _named(error)]


def _named(error: jsonschema_rs.ValidationError) -> list[Fault]:
    code = str(error.schema_path[-1]) if error.schema_path else "schema"
    if code == "additionalProperties":
        unknown = getattr(error.kind, "unexpected", [])
        return [
            Fault(_pointer([*error.instance_path, name]), "is not a field of this form", code)
            for name in unknown
        ]
    if code == "not" and getattr(error.kind, "schema", None) == READ_ONLY["not"]:
        return [Fault(_pointer(error.instance_path), "is only shown", "readOnly")]
    if code == "required":
        place = [*error.instance_path, getattr(error.kind, "property", "")]
        return [Fault(_pointer(place), "is required", code)]
    return [Fault(_pointer(error.instance_path), error.message.removeprefix(MASK).strip(), code)]


def _pointer(path: list[str | int]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "/".join(["/data", *parts])
