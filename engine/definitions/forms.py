"""Checks answers against forms.

A form is a JSON Schema; how its fields are displayed is not checked here.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jsonschema_rs

from engine.bpmn import forms, outcomes
from engine.bpmn.forms import MASK, READ_ONLY, Form, for_roles, for_some, named, visible, without
from engine.bpmn.values import Unportable, portable
from engine.platform.errors import Fault, Invalid

__all__ = [
    "MESSAGES",
    "begun",
    "check",
    "check_variable",
    "declared",
    "for_roles",
    "for_some",
    "named",
    "partly",
    "require_ground",
    "visible",
    "without",
]

# The text of a fault by its code: what is wrong, and how to fix it. `{…}` are limits that the form sets,
# never the answer.
MESSAGES: Mapping[str, str] = {
    "additionalProperties": "is not a field of this form",
    "const": "must be {expected_value}",
    "enum": "is not one of {options}",
    "exclusiveMaximum": "must be less than {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "maxItems": "may have {limit} entries at most",
    "maxLength": "may have {limit} characters at most",
    "maximum": "must be {limit} at most",
    "minItems": "must have {limit} entries at least",
    "minLength": "must have {limit} characters at least",
    "minimum": "must be {limit} at least",
    "multipleOf": "must be a multiple of {multiple_of}",
    "oneOf": "is none of the values that this field may have",
    "not-asked": "is not asked, because of another answer: leave it out",
    "pattern": "does not match {pattern}",
    "readOnly": "is only shown",
    "required": "is required",
    "role": "may not be answered in this role: leave it out",
    "uniqueItems": "has an entry twice",
    "format/date": "is not a date: write 2026-11-25, or 1405/09/04 for a Jalali one",
    "format/date-time": "is not a time with offset: write 2026-11-25T08:30Z, or 1405/09/04 08:30+03:30",
    "format/digits": "must have digits only",
    "format/document": "is not an uploaded document: upload the file, and send its id",
    "format/email": "is not an e-mail address: write name@example.org",
    "format/iban": "is not an IBAN: copy it whole, such as IR and 24 digits",
    "format/legal-id": "is not a national ID of a legal person: 11 digits, including a check digit",
    "format/local-date-time": "is not a date with time: write 2026-11-25T08:30, or 1405/09/04 08:30",
    "format/mobile": "is not a mobile number: write 09 and nine digits",
    "format/national-id": "is not a national ID: 10 digits, including a check digit",
    "format/postal-code": "is not a postal code: 10 digits, the first five without 0 and 2, the fifth not 5",
    "format/time": "is not a time of day: write 08:30 or 08:30:00Z",
}

# The name of the limit in the text for a code: counted limits are `count`, by which languages choose a
# plural.
_LIMITS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), ("count", "limit")),
    **dict.fromkeys(("minProperties", "maxProperties"), ("count", "limit")),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), ("limit", "limit")),
    "multipleOf": ("step", "multiple_of"),
}

_FOREIGN = ("additionalProperties", "readOnly", "role")  # faults that do not concern the answer itself


def check(
    form: Form | None,
    data: Mapping[str, Any],
    roles: Collection[str] | None = None,
    *,
    awaited: Collection[str] = (),
) -> dict[str, Any]:
    """Returns the data as the case may store them: numbers and dates in stored form, however they were typed.

    `roles` are those of the person who answers; None: everything may be answered. Fields with the names
    `awaited` need not be answered, although the form requires them. Raises Invalid with every fault and its
    JSON Pointer below `/data`.
    """
    answer = _portable(data)
    if form is None:
        return answer
    answer = forms.normalised(form.schema, answer)
    found = _faults_of(form, answer, roles)
    absent = {_pointer([name]) for name in awaited}
    _require_none([one for one in found if not (one.code == "required" and one.pointer in absent)])
    return answer


def declared(words: Mapping[str, outcomes.Vocabulary], data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the data with outcomes in their declared spelling, however they were typed.

    `words` are the outcomes that a variable may have. Raises Invalid, which lists them, for any other.
    """
    found, faults = dict(data), []
    for name, vocabulary in words.items():
        value = data.get(name)
        if value is None or outcomes.exactly(vocabulary, value) is not None:
            continue
        outcome = outcomes.meant(vocabulary, outcomes.text_of(value))
        if outcome is None:
            known = outcomes.listed(vocabulary)
            detail = f"is not an outcome that the process declares. Allowed: {known}"
            faults.append(Fault(_pointer([name]), detail, "undeclared-outcome", {"outcomes": known}))
        else:
            found[name] = outcome.value
    if faults:
        raise Invalid("The process does not declare this outcome.", faults)
    return found


def require_ground(
    words: Mapping[str, outcomes.Vocabulary], answer: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """Raises Invalid for an answer that refuses without legal grounds."""
    told = ((outcomes.text_of(answer.get(name)), vocabulary) for name, vocabulary in words.items())
    if any(
        outcomes.effect_of(vocabulary, word) == "refuses" for word, vocabulary in told
    ) and not outcomes.grounds(data):
        detail = (
            f"a refusal needs a legal ground: its code, and a text of at least {outcomes.MIN_TEXT} characters"
        )
        fault = Fault("/data/ground", detail, "ground-required", {"count": outcomes.MIN_TEXT})
        raise Invalid("A refusal needs a legal ground.", [fault])


def partly(form: Form | None, data: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Returns the data of an answer whose fields with these names are complete, as `check` returns them.

    Raises Invalid with the faults of these fields only.
    """
    answer = _portable(data)
    if form is None:
        return answer
    answer = forms.normalised(form.schema, answer)
    faults = [fault for fault in _faults(form, answer) if _first(fault.pointer) in names]
    _require_none(faults)
    return answer


def check_variable(declaring: Sequence[Form], name: str, data: Mapping[str, Any]) -> Any:
    """Returns a variable of the data as one of the forms with this field accepts it.

    Any value without such forms; null for a field that none of them requires. Raises Invalid with the faults
    of the first form.
    """
    if data[name] is None and not any(name in form.schema.get("required", ()) for form in declaring):
        return None
    first: Invalid | None = None
    for form in declaring:
        try:
            return partly(form, data, {name})[name]
        except Invalid as refusal:
            first = first or refusal
    if first is not None:
        raise first
    return _portable({name: data[name]})[name]


def _require_none(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid("The data does not match the form.", faults)


def _first(pointer: str) -> str:
    """Returns the name of the field that contains a fault."""
    name = pointer.removeprefix("/data").removeprefix("/").partition("/")[0]
    return name.replace("~1", "/").replace("~0", "~")


def begun(form: Form | None, data: Mapping[str, Any], roles: Collection[str] | None = None) -> dict[str, Any]:
    """Returns the data of an unfinished answer as they were typed.

    Raises Invalid for fields that the form does not have, or that these roles may not answer.
    """
    answer = _portable(data)
    if form is None:
        return answer
    found = _faults_of(form, answer, roles)
    faults = [fault for fault in found if fault.code in _FOREIGN]
    _require_none(faults)
    return answer


def _portable(data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = portable(data, "/data")
    except Unportable as error:
        raise Invalid(
            "The data can't be stored.", [Fault(error.where, error.reason, "unportable")]
        ) from error
    return found


def _faults_of(form: Form, answer: Mapping[str, Any], roles: Collection[str] | None) -> list[Fault]:
    """Returns the faults of an answer by these roles: a hidden field is refused, whatever its value."""
    if roles is None:
        return _faults(form, answer)
    unseen = [_pointer(path) for path in forms.unseen(form, roles, answer)]
    refused = [Fault(pointer, MESSAGES["role"], "role") for pointer in unseen]
    return refused + [
        fault for fault in _faults(for_roles(form, roles), answer) if fault.pointer not in unseen
    ]


@lru_cache(1024)
def _validator(form: Form) -> jsonschema_rs.Validator:
    return forms.validator({"additionalProperties": False, **form.schema})


def _faults(form: Form, answer: Mapping[str, Any]) -> list[Fault]:
    return [fault for error in _validator(form).iter_errors(dict(answer)) for fault in _named(error)]


def _named(error: jsonschema_rs.ValidationError) -> list[Fault]:
    code, told = _code(error), error.kind.as_dict()
    paths: list[list[str | int]] = [error.instance_path]
    if code == "additionalProperties":
        paths = [[*error.instance_path, name] for name in told.get("unexpected", [])]
    elif code == "required":
        paths = [[*error.instance_path, told.get("property", "")]]
    text = MESSAGES.get(code)
    detail = text.format(**told) if text else error.message.removeprefix(MASK).strip()
    values = _values(code, told)
    return [Fault(_pointer(path), detail, code, values) for path in paths]


def _values(code: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the limits that a text for the code mentions, with the type of the field, if it has one."""
    if code in _LIMITS:
        name, limit = _LIMITS[code]
        return {name: told[limit]}
    kinds = [kind for kind in told.get("types", ()) if kind != "null"]
    return {"type": kinds[0]} if len(kinds) == 1 else {}


def _code(error: jsonschema_rs.ValidationError) -> str:
    code = error.kind.name
    if code == "not" and getattr(error.kind, "schema", None) == READ_ONLY["not"]:
        return "readOnly"
    if code == "format":
        return f"format/{getattr(error.kind, 'format', '')}"
    return "not-asked" if code == "falseSchema" else code


def _pointer(path: list[str | int]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "/".join(["/data", *parts])
